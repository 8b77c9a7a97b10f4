//! The secret keys that sign cookies and subscription tokens.

use std::fmt;

use axum_extra::extract::cookie::Key;
use liveops::SigningKeys;

/// Minimum length of a secret, sufficient for both uses.
const SECRET_BYTES_MIN: usize = 32;

/// The secrets that sign cookies and subscription tokens, newest first. The first one signs, all of them
/// verify. The list is never empty, and `Debug` output does not show the secrets.
#[derive(Clone)]
pub struct Secrets {
    newest: Vec<u8>,
    older: Vec<Vec<u8>>,
}

/// An error for a text that is not a list of secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected secrets of at least {SECRET_BYTES_MIN} bytes with commas between them, newest first; \
     number {number} has {found}"
)]
pub struct SecretsError {
    number: usize,
    found: usize,
}

/// A key that signs cookies.
#[derive(Clone)]
pub struct CookieKey {
    /// The key itself.
    pub key: Key,
    /// Eight hexadecimal digits that distinguish keys and reveal nothing about them.
    pub id: String,
}

impl CookieKey {
    fn of(secret: &[u8]) -> Self {
        // Derived from another input, and therefore independent of the key.
        let id = Key::derive_from(&[b"name of the cookie ", secret].concat());
        let id = id.master()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { key: Key::derive_from(secret), id }
    }
}

impl fmt::Debug for CookieKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CookieKey({})", self.id)
    }
}

impl Secrets {
    /// Parses secrets that are separated by commas.
    ///
    /// # Errors
    ///
    /// Returns an error if a secret is too short, also for an empty secret after a surplus comma.
    pub fn parse(text: &str) -> Result<Self, SecretsError> {
        let mut secrets =
            text.split(',').map(str::trim).enumerate().map(|(at, secret)| match secret.len() {
                found if found < SECRET_BYTES_MIN => Err(SecretsError { number: at + 1, found }),
                _ => Ok(secret.as_bytes().to_vec()),
            });
        // Splitting yields at least one part.
        let newest = secrets.next().unwrap_or(Err(SecretsError { number: 1, found: 0 }))?;
        Ok(Self { newest, older: secrets.collect::<Result<_, _>>()? })
    }

    /// Creates a random secret, which exists only in this process.
    pub fn random() -> Self {
        Self { newest: Key::generate().master().to_vec(), older: Vec::new() }
    }

    /// Returns the keys that sign cookies, newest first. They are derived from the secrets, so a cookie
    /// reveals nothing about the keys of tokens.
    pub fn cookie_keys(&self) -> (CookieKey, Vec<CookieKey>) {
        let older = self.older.iter().map(|secret| CookieKey::of(secret));
        (CookieKey::of(&self.newest), older.collect())
    }

    /// Returns the keys that sign subscription tokens.
    ///
    /// # Errors
    ///
    /// Does not fail for secrets from [`parse`](Self::parse), which are long enough.
    pub fn signing_keys(&self) -> Result<SigningKeys, liveops::token::TokenError> {
        SigningKeys::new(std::iter::once(&self.newest).chain(&self.older))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", 1 + self.older.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "an old secret of thirty-two bytes";
    const NEW: &str = "a new secret of thirty-two bytes.";

    #[test]
    fn every_secret_is_read() {
        let secrets = Secrets::parse(&format!("{NEW}, {OLD}")).unwrap();
        assert_eq!(format!("{secrets:?}"), "Secrets(2)");
        assert!(secrets.signing_keys().is_ok());
        assert_eq!(secrets.cookie_keys().1.len(), 1);
    }

    #[test]
    fn a_short_secret_is_refused_without_being_shown() {
        for (text, number, found) in [
            ("hunter2".to_owned(), 1, 7),
            (String::new(), 1, 0),
            (format!("{NEW},{}", "x".repeat(31)), 2, 31),
            (format!("{NEW},"), 2, 0),
        ] {
            let error = Secrets::parse(&text).unwrap_err();
            assert_eq!(error, SecretsError { number, found });
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_random_secret_is_long_enough() {
        assert!(Secrets::random().signing_keys().is_ok());
    }
}
