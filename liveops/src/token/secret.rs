//! The strength of the secrets of an application. liveops refuses secrets that are short or easy to guess.

use std::collections::BTreeSet;

/// Minimum length of a secret.
pub(super) const SECRET_BYTES_MIN: usize = 32;

/// Minimum number of different bytes in a secret, and of different distances between neighbouring bytes. A random text
/// of 32 hexadecimal digits has fewer of either in less than one in a million cases.
const SECRET_VARIETY_MIN: usize = 8;

/// Words of secrets in examples and templates of configurations, in lower case.
const PLACEHOLDERS: [&str; 6] =
    ["change-me", "change_me", "changeme", "change this", "replace-me", "your-secret"];

/// Returns the reason for which a secret is refused. The reason does not contain the secret.
pub(super) fn flaw_of(secret: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(secret).to_lowercase();
    let distances = secret.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let repeats_itself =
        (1..=secret.len() / 2).any(|period| secret[period..] == secret[..secret.len() - period]);
    if secret.len() < SECRET_BYTES_MIN {
        Some("a shorter one")
    } else if PLACEHOLDERS.iter().any(|placeholder| text.contains(placeholder)) {
        Some("a placeholder from an example")
    } else if repeats_itself {
        Some("a repeated text")
    } else if variety(secret.iter().copied()) < SECRET_VARIETY_MIN
        || variety(distances) < SECRET_VARIETY_MIN
    {
        Some("one that can be guessed")
    } else {
        None
    }
}

/// Returns the number of different bytes.
fn variety(bytes: impl Iterator<Item = u8>) -> usize {
    bytes.collect::<BTreeSet<u8>>().len()
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

    use super::{super::derived, *};

    #[test]
    fn secrets_that_can_be_guessed_are_refused() {
        for (weak, flaw) in [
            ("short", "a shorter one"),
            ("0f3a9c5e7b1d248660f3a9c5e7b1d24", "a shorter one"),
            ("change-me-change-me-change-me-change-me", "a placeholder from an example"),
            ("prod-CHANGEME-0f3a9c5e7b1d24866a", "a placeholder from an example"),
            (&"a".repeat(32), "a repeated text"),
            (&"ab".repeat(16), "a repeated text"),
            ("0123456789abcdef0123456789abcdef", "a repeated text"),
            ("correct horse battery staple corcorrect horse battery staple cor", "a repeated text"),
            ("abcdefghijklmnopqrstuvwxyz{|}~ !", "one that can be guessed"),
            ("11111111111111111111111222222222", "one that can be guessed"),
            ("0000000000000000000000000000001a", "one that can be guessed"),
        ] {
            assert_eq!(flaw_of(weak.as_bytes()), Some(flaw), "{weak}");
        }
    }

    #[test]
    fn random_secrets_of_every_spelling_are_accepted() {
        for seed in 0..2_000_u64 {
            let random = derived(&seed.to_le_bytes(), b"test");
            let hex: String = random[..16].iter().map(|byte| format!("{byte:02x}")).collect();
            for secret in
                [random.to_vec(), hex.into_bytes(), BASE64_URL_SAFE_NO_PAD.encode(random).into()]
            {
                assert_eq!(flaw_of(&secret), None, "{seed}: {secret:?}");
            }
        }
    }
}
