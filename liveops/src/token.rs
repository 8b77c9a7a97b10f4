//! Signed subscription tokens: who may watch which channel, until when.
//!
//! JSON Web Tokens, HS256, with the claims `sub` (the viewer), `ch` (the channel) and `exp`, and
//! the key's id in the header so that keys can be rotated without refusing tokens already handed
//! out. A refusal never says why.

mod subscription_tokens;

use std::{fmt, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::operation::{ChannelName, UserId};
pub use subscription_tokens::SubscriptionTokens;

/// How long a token is good for unless the keys say otherwise.
pub const TOKEN_TTL: Duration = Duration::from_secs(300);

/// Permission for one viewer to watch one channel for a short time.
///
/// Its `Debug` output hides the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubscriptionToken(String);

impl SubscriptionToken {
    /// The token as it goes over the wire. Do not log it.
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

/// Why a token was not made or not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token is not a permission for this viewer and channel at this time. Forged, expired,
    /// somebody else's and malformed tokens are all this one answer.
    #[error("token invalid or expired")]
    Refused,
    /// The token could not be signed.
    #[error("failed to sign a token")]
    Sign,
    /// There was no key to sign with, or one was shorter than 32 bytes.
    #[error("expected at least one secret key of at least {SECRET_BYTES_MIN} bytes, found {found}")]
    Keys {
        /// What was found instead.
        found: &'static str,
    },
}

const SECRET_BYTES_MIN: usize = 32;

/// The application's signing keys, newest first.
///
/// The first key signs; every key verifies. Put a new key in front, and drop the old one when the
/// tokens it signed have expired.
#[derive(Clone)]
pub struct SigningKeys {
    keys: Vec<SigningKey>,
    ttl: Duration,
}

#[derive(Clone)]
struct SigningKey {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    ch: String,
    exp: u64,
}

impl SigningKeys {
    /// Takes the secrets, newest first; each is at least 32 bytes.
    ///
    /// # Errors
    ///
    /// [`TokenError::Keys`] when there is none or one is too short.
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

    /// How long the tokens signed from now on are good for; 300 seconds unless set.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Signs a token with which `viewer` may watch `channel`.
    ///
    /// # Errors
    ///
    /// [`TokenError::Sign`] when signing fails.
    pub fn sign(
        &self,
        viewer: &UserId,
        channel: &ChannelName,
    ) -> Result<SubscriptionToken, TokenError> {
        let expiry = jsonwebtoken::get_current_timestamp().saturating_add(self.ttl.as_secs());
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
            sub: viewer.as_str().to_owned(),
            ch: channel.as_str().to_owned(),
            exp: expiry,
        };
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &key.encoding)
            .map(SubscriptionToken)
            .map_err(|_| TokenError::Sign)
    }

    /// The channel that `token` lets `viewer` watch.
    ///
    /// # Errors
    ///
    /// [`TokenError::Refused`] for every token that was not signed by one of the keys, for this
    /// viewer, less than its time to live ago.
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

    fn claims(&self, token: &SubscriptionToken) -> Option<Claims> {
        let kid = jsonwebtoken::decode_header(token.as_str()).ok()?.kid?;
        let key = self.keys.iter().find(|key| key.id == kid)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        // A token is dead from the second of its expiry on.
        validation.reject_tokens_expiring_in_less_than = 1;
        validation.set_required_spec_claims(&["exp", "sub"]);
        jsonwebtoken::decode(token.as_str(), &key.decoding, &validation)
            .ok()
            .map(|token| token.claims)
    }
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
        if secret.len() < SECRET_BYTES_MIN {
            return Err(TokenError::Keys { found: "a shorter one" });
        }
        // The id names the key without giving it away: a few bytes of a hash of it.
        let id = Sha256::digest(secret)[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            id,
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        })
    }
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
        let now = jsonwebtoken::get_current_timestamp();
        for expiry in [now - 1, now] {
            let expired = keys.sign_until(expiry, &ann, &channel()).unwrap();
            assert_eq!(keys.verify(&expired, &ann), Err(TokenError::Refused));
        }
    }

    #[test]
    fn a_tampered_or_malformed_token_is_refused() {
        let ann = UserId::from("ann");
        let keys = keys(&[NEW]);
        let token = keys.sign(&ann, &channel()).unwrap();
        for (at, _) in token.as_str().char_indices() {
            let mut tampered = token.as_str().to_owned();
            let other = if tampered.as_bytes()[at] == b'A' { "B" } else { "A" };
            tampered.replace_range(at..=at, other);
            // The last character of a base64 part may carry bits that decode to nothing.
            if keys.claims(&tampered.clone().into()).is_some() {
                assert!(at + 1 == token.as_str().len(), "tampered at {at}");
            }
        }
        for text in ["", "a.b.c", "…"] {
            assert_eq!(keys.verify(&text.to_owned().into(), &ann), Err(TokenError::Refused));
        }
    }

    #[test]
    fn weak_or_missing_keys_are_refused() {
        assert!(matches!(SigningKeys::new([""; 0]), Err(TokenError::Keys { .. })));
        assert!(matches!(SigningKeys::new(["short"]), Err(TokenError::Keys { .. })));
    }

    #[test]
    fn debug_output_hides_secrets() {
        let keys = keys(&[NEW]);
        let token = keys.sign(&"ann".into(), &channel()).unwrap();
        assert_eq!(format!("{token:?}"), "SubscriptionToken(…)");
        assert!(!format!("{keys:?}").contains("secret of"));
    }
}
