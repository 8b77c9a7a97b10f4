//! Signed subscription tokens. Each one permits one viewer to watch one channel for a short time.
//!
//! A token is a JSON Web Token, signed with HS256, with the claims `aud` (always `liveops.subscription`), `ch` (the
//! channel), `exp` and `sub` (the viewer). Verification also checks `nbf` if a token has this claim. The header
//! contains the ID of the key, so that keys can be rotated without refusing tokens that were signed before. A refusal
//! does not state its reason.
//!
//! The signing key is derived from a secret of the application with HKDF-SHA256 and a label for the purpose.
//! So the application may use the secret elsewhere: a signature made elsewhere is not a token, and a token
//! reveals nothing about the secret.
//!
//! Verification interprets only authenticated data. The header of a token is compared byte for byte with the
//! headers that the keys write, so a client cannot choose the algorithm. The claims are parsed only after the
//! signature is verified.

mod secret;
mod subscription_tokens;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::operation::{ChannelName, UserId};
use secret::{SECRET_BYTES_MIN, flaw_of};
pub use subscription_tokens::SubscriptionTokens;

/// The default time to live of a token.
pub const TOKEN_TTL: Duration = Duration::from_secs(300);

/// A permission for one viewer to watch one channel for a short time. [`SubscriptionTokens`] has an example.
///
/// The `Debug` output hides the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubscriptionToken(String);

impl SubscriptionToken {
    /// Returns the token as it goes over the wire. Do not log it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for SubscriptionToken {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for SubscriptionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubscriptionToken(…)")
    }
}

/// The reason that a token was not signed or not accepted. [`SubscriptionTokens`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token does not permit this viewer to watch this channel at this time. The error is the same for a
    /// token that is forged, expired, malformed or signed for another viewer.
    #[error("token invalid or expired")]
    Refused,
    /// The token could not be signed: the clock is set before 1970, or the ID of the viewer makes the token
    /// longer than 8 KiB.
    #[error("failed to sign a token")]
    Sign,
    /// No secret was given, or one secret was too short or can be guessed.
    #[error(
        "expected at least one random secret key of at least {SECRET_BYTES_MIN} bytes, found {found}; \
         `openssl rand -hex 32` makes one"
    )]
    Keys {
        /// The mistake that was found: no secret, a short one, a placeholder from an example, or one of a few
        /// repeated characters.
        found: &'static str,
    },
}

/// The maximum length of a token. A longer token is refused before any part of the token is decoded.
const TOKEN_BYTES_MAX: usize = 8 << 10;

/// The claim `aud` of every subscription token.
const AUDIENCE: &str = "liveops.subscription";

/// The HKDF labels, one for each key derived from a secret. A key derived for one label reveals nothing about
/// the key for another label.
const TOKEN_KEY: &[u8] = b"liveops subscription token v1";
const KEY_ID: &[u8] = b"liveops subscription token key id v1";

/// The signing keys of the application, newest first.
///
/// The first key signs, and every key verifies. To rotate, put a new key first, and remove the old key when
/// the tokens that it signed have expired. [`Builder::signing_keys`](crate::runner::Builder::signing_keys)
/// sets the keys of an application.
///
/// ```
/// use liveops::{ChannelName, SigningKeys, UserId};
///
/// let (ann, new) = (UserId::from("ann"), "a new secret of at least 32 bytes");
/// let old = "an old secret of at least 32 bytes";
/// let channel = ChannelName::owner(&ann);
/// let token = SigningKeys::new([old])?.sign(&ann, &channel)?;
///
/// let rotated = SigningKeys::new([new, old])?;
/// assert_eq!(rotated.verify(&token, &ann)?, channel);
/// # Ok::<(), liveops::token::TokenError>(())
/// ```
///
/// Each key is derived from a secret by HKDF-SHA256, for subscription tokens alone. The application may use
/// the same secret for other purposes, if it derives a separate key for each.
#[derive(Clone)]
pub struct SigningKeys {
    keys: Vec<SigningKey>,
    ttl: Duration,
}

#[derive(Clone)]
struct SigningKey {
    /// The encoded header: the first part of every token that this key signs.
    header: String,
    mac: Hmac<Sha256>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    ch: String,
    exp: u64,
    /// The second from which the token is valid. liveops signs tokens without this claim, but verifies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    sub: String,
}

impl SigningKeys {
    /// Creates the keys from secrets of at least 32 bytes, newest first.
    ///
    /// # Errors
    ///
    /// [`TokenError::Keys`] without a secret, or with a weak secret: a short one, one that contains a placeholder such
    /// as `change-me`, a repeated text, fewer than 8 different bytes, or a sequence such as `abcdef…`.
    pub fn new<K: AsRef<[u8]>>(secrets: impl IntoIterator<Item = K>) -> Result<Self, TokenError> {
        let keys = secrets
            .into_iter()
            .map(|secret| SigningKey::new(secret.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(TokenError::Keys { found: "none" });
        }
        Ok(Self { keys, ttl: TOKEN_TTL })
    }

    /// Sets the time to live of the tokens signed from now on. Default: 300 seconds.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Signs a token that permits `viewer` to watch `channel`.
    ///
    /// # Errors
    ///
    /// [`TokenError::Sign`] if the clock is set before 1970, or if the ID of the viewer makes the token
    /// longer than 8 KiB.
    pub fn sign(
        &self,
        viewer: &UserId,
        channel: &ChannelName,
    ) -> Result<SubscriptionToken, TokenError> {
        let expiry = now().ok_or(TokenError::Sign)?.saturating_add(self.ttl.as_secs());
        self.sign_until(expiry, viewer, channel)
    }

    fn sign_until(
        &self,
        expiry: u64,
        viewer: &UserId,
        channel: &ChannelName,
    ) -> Result<SubscriptionToken, TokenError> {
        let key = self.keys.first().ok_or(TokenError::Sign)?;
        let claims = Claims {
            aud: AUDIENCE.to_owned(),
            ch: channel.as_str().to_owned(),
            exp: expiry,
            nbf: None,
            sub: viewer.as_str().to_owned(),
        };
        let claims = serde_json::to_vec(&claims).map_err(|_| TokenError::Sign)?;
        let token = key.sign(&claims);
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Sign);
        }
        Ok(SubscriptionToken(token))
    }

    /// Returns the channel that `token` permits `viewer` to watch.
    ///
    /// # Errors
    ///
    /// [`TokenError::Refused`] for a token that is expired, for another viewer, or not signed by one of the
    /// keys.
    pub fn verify(
        &self,
        token: &SubscriptionToken,
        viewer: &UserId,
    ) -> Result<ChannelName, TokenError> {
        let claims = self.claims(token).ok_or(TokenError::Refused)?;
        if claims.sub != viewer.as_str() {
            return Err(TokenError::Refused);
        }
        claims.ch.parse().map_err(|_| TokenError::Refused)
    }

    /// Returns the claims of a token that one of the keys signed, if the token is for subscriptions and has
    /// not expired.
    fn claims(&self, token: &SubscriptionToken) -> Option<Claims> {
        let token = token.as_str();
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        // The decoder refuses padding, other alphabets and non-zero trailing bits. So every token has one
        // spelling, and no character of a token can be changed.
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let is_signed =
            self.keys.iter().any(|key| key.header == header && key.verifies(message, &signature));
        if !is_signed {
            return None;
        }
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
        let claims: Claims = serde_json::from_slice(&claims).ok()?;
        let now = now()?;
        // A token is expired from the second of its expiry on.
        let is_valid_now = claims.exp > now && claims.nbf.is_none_or(|from| from <= now);
        (claims.aud == AUDIENCE && is_valid_now).then_some(claims)
    }
}

/// Returns the seconds since 1970, or `None` if the clock is set before 1970.
fn now() -> Option<u64> {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(since_1970.as_secs())
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys")
            .field("keys", &self.keys.len())
            .field("ttl", &self.ttl)
            .finish()
    }
}

impl SigningKey {
    fn new(secret: &[u8]) -> Result<Self, TokenError> {
        if let Some(found) = flaw_of(secret) {
            return Err(TokenError::Keys { found });
        }
        // Four bytes of a key derived for this purpose only identify the key and reveal nothing about the
        // secret.
        let id: String =
            derived(secret, KEY_ID)[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        let header = format!(r#"{{"alg":"HS256","kid":"{id}","typ":"JWT"}}"#);
        let mac = Hmac::new_from_slice(&derived(secret, TOKEN_KEY));
        Ok(Self {
            header: BASE64_URL_SAFE_NO_PAD.encode(header),
            mac: mac.expect("HMAC takes keys of every length"),
        })
    }

    fn sign(&self, claims: &[u8]) -> String {
        let message = format!("{}.{}", self.header, BASE64_URL_SAFE_NO_PAD.encode(claims));
        let signature = self.mac.clone().chain_update(&message).finalize().into_bytes();
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// Verifies the signature in constant time.
    fn verifies(&self, message: &str, signature: &[u8]) -> bool {
        self.mac.clone().chain_update(message).verify_slice(signature).is_ok()
    }
}

/// Derives the key for the purpose that the label names.
fn derived(secret: &[u8], label: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let expanded = Hkdf::<Sha256>::new(None, secret).expand(label, &mut key);
    expanded.expect("HKDF-SHA256 gives up to 8,160 bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::OperationId;

    const OLD: &str = "an old secret of thirty-two bytes";
    const NEW: &str = "a new secret of thirty-two bytes.";

    fn keys(secrets: &[&str]) -> SigningKeys {
        SigningKeys::new(secrets).unwrap()
    }

    fn channel() -> ChannelName {
        ChannelName::operation(OperationId::new())
    }

    #[test]
    fn a_token_opens_its_channel_to_its_viewer_only() {
        let (ann, bob, channel) = (UserId::from("ann"), UserId::from("bob"), channel());
        let keys = keys(&[NEW]);
        let token = keys.sign(&ann, &channel).unwrap();
        assert_eq!(keys.verify(&token, &ann), Ok(channel));
        assert_eq!(keys.verify(&token, &bob), Err(TokenError::Refused));
    }

    #[test]
    fn a_rotated_key_still_verifies_until_it_is_dropped() {
        let ann = UserId::from("ann");
        let token = keys(&[OLD]).sign(&ann, &channel()).unwrap();
        assert!(keys(&[NEW, OLD]).verify(&token, &ann).is_ok());
        assert_eq!(keys(&[NEW]).verify(&token, &ann), Err(TokenError::Refused));
    }

    #[test]
    fn an_expired_token_is_refused() {
        let ann = UserId::from("ann");
        let keys = keys(&[NEW]);
        let now = now().unwrap();
        for expiry in [now - 1, now] {
            let expired = keys.sign_until(expiry, &ann, &channel()).unwrap();
            assert_eq!(keys.verify(&expired, &ann), Err(TokenError::Refused));
        }
    }

    /// The expected token comes from another implementation of HKDF and HMAC, written from the documentation
    /// of this module.
    #[test]
    fn a_token_equals_that_of_another_implementation() {
        let (ann, list) = (UserId::from("ann"), ChannelName::owner(&"ann".into()));
        let token = keys(&[NEW]).sign_until(4_102_444_800, &ann, &list).unwrap();
        let expected = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjMxYjNkNjEyIiwidHlwIjoiSldUIn0.\
            eyJhdWQiOiJsaXZlb3BzLnN1YnNjcmlwdGlvbiIsImNoIjoibGl2ZW9wcy5vd25lci5hbm4iLCJleHAiOjQxMDI0NDQ4\
            MDAsInN1YiI6ImFubiJ9.DULMz0ft0spmuRv5xYTY69xoR9kwsnGp3Z8bFjyhyE0";
        assert_eq!(token.as_str(), expected);
        assert_eq!(keys(&[NEW]).verify(&token, &ann), Ok(list));
    }

    #[test]
    fn a_token_with_any_character_changed_is_refused() {
        let ann = UserId::from("ann");
        let keys = keys(&[NEW]);
        let token = keys.sign(&ann, &channel()).unwrap();
        for at in 0..token.as_str().len() {
            for other in (' '..='~').map(String::from).chain([String::new(), "ż".to_owned()]) {
                let mut tampered = token.as_str().to_owned();
                tampered.replace_range(at..=at, &other);
                let is_changed = tampered != token.as_str();
                let answer = keys.verify(&tampered.into(), &ann);
                assert_eq!(answer.is_err(), is_changed, "{other:?} at {at}");
            }
        }
    }

    #[test]
    fn a_malformed_token_is_refused() {
        let ann = UserId::from("ann");
        let keys = keys(&[NEW]);
        let good = keys.sign(&ann, &channel()).unwrap();
        let good = good.as_str();
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (header, claims) = message.split_once('.').unwrap();
        for text in [
            String::new(),
            "a.b.c".to_owned(),
            "…".to_owned(),
            "..".to_owned(),
            header.to_owned(),
            message.to_owned(),
            format!("{message}."),
            format!("{header}..{signature}"),
            format!(".{claims}.{signature}"),
            format!("{good}="),
            format!("{header}=.{claims}.{signature}"),
            format!("{header}.{claims}=.{signature}"),
            format!("{good}."),
            format!(".{good}"),
            format!("{good}.{signature}"),
            format!("{header}.{good}"),
            format!("{good} "),
            format!("{good}\n"),
            format!("{good}\0"),
            good.repeat(1_000),
            ".".repeat(1 << 20),
            format!("{message}.{}", "A".repeat(1 << 20)),
        ] {
            let begin: String = text.chars().take(400).collect();
            assert_eq!(keys.verify(&text.into(), &ann), Err(TokenError::Refused), "{begin}");
        }
    }

    /// The signatures of these tokens are valid; only the claims are wrong.
    #[test]
    fn claims_that_are_not_those_of_a_token_are_refused() {
        let ann = UserId::from("ann");
        let keys = keys(&[NEW]);
        let verify = |claims: &str| {
            keys.verify(&keys.keys[0].sign(claims.as_bytes()).into(), &ann).map(|_| ())
        };
        let aud = r#""aud":"liveops.subscription""#;
        let rest = r#""ch":"liveops.owner.ann","sub":"ann""#;
        let exp = r#""exp":4102444800"#;
        assert_eq!(verify(&format!("{{{aud},{rest},{exp}}}")), Ok(()), "the others differ from it");
        for claims in [
            // Not UTF-8, not JSON, or text behind the JSON.
            String::new(),
            "{".to_owned(),
            "null".to_owned(),
            "[]".to_owned(),
            format!("{{{aud},{rest},{exp}}}{{}}"),
            format!("{{{aud},{rest},{exp}"),
            // The audience.
            format!("{{{rest},{exp}}}"),
            format!(r#"{{"aud":"liveops",{rest},{exp}}}"#),
            format!(r#"{{"aud":"",{rest},{exp}}}"#),
            format!(r#"{{"aud":null,{rest},{exp}}}"#),
            format!(r#"{{"aud":["liveops.subscription"],{rest},{exp}}}"#),
            // The expiry.
            format!("{{{aud},{rest}}}"),
            format!(r#"{{{aud},{rest},"exp":null}}"#),
            format!(r#"{{{aud},{rest},"exp":0}}"#),
            format!(r#"{{{aud},{rest},"exp":-1}}"#),
            format!(r#"{{{aud},{rest},"exp":4102444800.0}}"#),
            format!(r#"{{{aud},{rest},"exp":4102444800.5}}"#),
            format!(r#"{{{aud},{rest},"exp":1e300}}"#),
            format!(r#"{{{aud},{rest},"exp":1e999}}"#),
            format!(r#"{{{aud},{rest},"exp":18446744073709551616}}"#),
            format!(r#"{{{aud},{rest},"exp":"4102444800"}}"#),
            format!(r#"{{{aud},{rest},"exp":[4102444800]}}"#),
            // A duplicate claim, with the valid value first and last.
            format!(r#"{{{aud},{rest},{exp},"sub":"bob"}}"#),
            format!(r#"{{"sub":"bob",{aud},{rest},{exp}}}"#),
            format!(r#"{{{aud},{rest},{exp},"exp":1}}"#),
            format!(r#"{{{aud},{rest},{exp},{exp}}}"#),
            format!(r#"{{{aud},{rest},{exp},"ch":"liveops.all"}}"#),
            format!(r#"{{{aud},{rest},{exp},"aud":"liveops"}}"#),
            format!(r#"{{{aud},{rest},{exp},"\u0073ub":"bob"}}"#),
            // The viewer and the channel.
            format!(r#"{{{aud},"ch":"liveops.owner.ann",{exp}}}"#),
            format!(r#"{{{aud},"sub":"ann",{exp}}}"#),
            format!(r#"{{{aud},"ch":"liveops.owner.ann","sub":"Ann",{exp}}}"#),
            format!(r#"{{{aud},"ch":"liveops.owner.ann","sub":"ann\u0000",{exp}}}"#),
            format!(r#"{{{aud},"ch":"liveops.workers","sub":"ann",{exp}}}"#),
        ] {
            assert_eq!(verify(&claims), Err(TokenError::Refused), "{claims}");
        }
        let not_in_unicode = keys.keys[0].sign(b"{\"aud\":\"\xFF\"}");
        assert_eq!(keys.verify(&not_in_unicode.into(), &ann), Err(TokenError::Refused));
    }

    /// Only the key or the header of these tokens is wrong.
    #[test]
    fn a_key_or_header_that_is_not_of_a_token_is_refused() {
        let ann = UserId::from("ann");
        let (newest, old) =
            (SigningKey::new(NEW.as_ref()).unwrap(), SigningKey::new(OLD.as_ref()).unwrap());
        let keys = keys(&[NEW, OLD]);
        let claims = br#"{"aud":"liveops.subscription","ch":"liveops.owner.ann","exp":4102444800,"sub":"ann"}"#;
        for good in [&newest, &old] {
            assert!(keys.verify(&good.sign(claims).into(), &ann).is_ok());
        }
        let header = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let mac = |key: &[u8]| Hmac::<Sha256>::new_from_slice(key).unwrap();
        let of = |header: &str, mac: &Hmac<Sha256>| SigningKey {
            header: header.to_owned(),
            mac: mac.clone(),
        };
        for (what, key) in [
            ("the secret itself", of(&newest.header, &mac(NEW.as_ref()))),
            ("no key", of(&newest.header, &mac(b""))),
            ("a key for another purpose", of(&newest.header, &mac(&derived(NEW.as_ref(), KEY_ID)))),
            ("the key of another ID", of(&newest.header, &old.mac)),
            ("the ID of another key", of(&old.header, &newest.mac)),
            ("no header", of("", &newest.mac)),
            ("an empty header", of(&header("{}"), &newest.mac)),
            ("no key ID", of(&header(r#"{"alg":"HS256","typ":"JWT"}"#), &newest.mac)),
            (
                "no algorithm",
                of(&header(r#"{"alg":"none","kid":"31b3d612","typ":"JWT"}"#), &newest.mac),
            ),
            (
                "another algorithm",
                of(&header(r#"{"alg":"HS512","kid":"31b3d612","typ":"JWT"}"#), &newest.mac),
            ),
            (
                "two algorithms",
                of(
                    &header(r#"{"alg":"HS256","alg":"none","kid":"31b3d612","typ":"JWT"}"#),
                    &newest.mac,
                ),
            ),
            (
                "a critical extension",
                of(
                    &header(r#"{"alg":"HS256","crit":["b64"],"kid":"31b3d612","typ":"JWT"}"#),
                    &newest.mac,
                ),
            ),
        ] {
            let forged = key.sign(claims).into();
            assert_eq!(keys.verify(&forged, &ann), Err(TokenError::Refused), "{what}");
        }
    }

    #[test]
    fn a_token_that_would_be_refused_for_its_length_is_not_signed() {
        let keys = keys(&[NEW]);
        let [long, too_long] = [5_000, 7_000].map(|length| UserId::from("x".repeat(length)));
        let token = keys.sign(&long, &channel()).unwrap();
        assert!(keys.verify(&token, &long).is_ok());
        assert_eq!(keys.sign(&too_long, &channel()), Err(TokenError::Sign));
    }

    #[test]
    fn weak_or_missing_secrets_are_refused() {
        assert_eq!(SigningKeys::new([""; 0]).unwrap_err(), TokenError::Keys { found: "none" });
        let weak = "a".repeat(32);
        for secrets in [vec![weak.as_str()], vec![NEW, &weak]] {
            let error = SigningKeys::new(secrets).unwrap_err();
            assert_eq!(error, TokenError::Keys { found: "a repeated text" });
            assert!(!error.to_string().contains(&weak));
        }
    }

    #[test]
    fn a_token_is_not_valid_before_its_time() {
        let ann = UserId::from("ann");
        let keys = keys(&[NEW]);
        let now = now().unwrap();
        let verify = |nbf: &str| {
            let claims = format!(
                r#"{{"aud":"liveops.subscription","ch":"liveops.all","exp":4102444800,"nbf":{nbf},"sub":"ann"}}"#
            );
            keys.verify(&keys.keys[0].sign(claims.as_bytes()).into(), &ann).is_ok()
        };
        assert!(verify(&now.to_string()) && verify("0"));
        for later in [
            (now + 60).to_string(),
            u64::MAX.to_string(),
            "-1".into(),
            "\"0\"".into(),
            "1.5".into(),
        ] {
            assert!(!verify(&later), "{later}");
        }
    }

    #[test]
    fn debug_output_hides_secrets() {
        let keys = keys(&[NEW]);
        let token = keys.sign(&"ann".into(), &channel()).unwrap();
        assert_eq!(format!("{token:?}"), "SubscriptionToken(…)");
        assert!(!format!("{keys:?}").contains("secret of"));
    }
}
