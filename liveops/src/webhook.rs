//! Webhooks: their declaration, and the signature of their requests.
//!
//! [`Builder::webhook`](crate::runner::Builder::webhook) sends the end of operations to a URL. Each request is a `POST`
//! with a JSON object:
//!
//! | field | value |
//! |---|---|
//! | `key` | the key of the end; each repetition of the request has the same key, and no other end has it |
//! | `id` | the ID of the operation |
//! | `type` | its op type, `app.name` |
//! | `owner` | the ID of its owner |
//! | `state` | `FINISHED_OK`, `FINISHED_ERROR` or `CANCELLED` |
//! | `output` | the output of a finished operation, or `null` |
//! | `error` | the error message for the owner of a failed operation, or `null` |
//! | `created_on`, `started_on`, `finished_on` | times in RFC 3339; `started_on` is `null` for an operation that was cancelled while it waited |
//!
//! A later version may add fields. The header `liveops-signature` is `t=…,v1=…`: the time of the request in seconds
//! since 1970, and the HMAC-SHA256 of that time, a dot and the body, with the secret, in hexadecimal digits. [`verify`]
//! checks the header.

use std::{collections::BTreeSet, fmt, time::Duration};

use chrono::Utc;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::operation::LiveOperation;

/// The name of the header with the signature.
pub const SIGNATURE_HEADER: &str = "liveops-signature";

/// Minimum length of a secret, in bytes.
pub(crate) const SECRET_BYTES_MIN: usize = 32;

/// A URL that gets the ends of operations. [`Builder::webhook`](crate::runner::Builder::webhook) has an example.
#[derive(Clone)]
pub struct Webhook {
    pub(crate) url: String,
    pub(crate) secret: Vec<u8>,
    pub(crate) op_types: Option<BTreeSet<String>>,
}

impl Webhook {
    /// Creates a webhook that gets the ends of all types. The URL begins with `https://` or `http://`. The secret signs
    /// the requests and has at least 32 bytes. [`Builder::build`](crate::runner::Builder::build) checks both.
    pub fn new(url: impl Into<String>, secret: impl AsRef<[u8]>) -> Self {
        Self { url: url.into(), secret: secret.as_ref().to_owned(), op_types: None }
    }

    /// Restricts the webhook to the type `Op`, and to the types of other calls.
    #[must_use]
    pub fn for_type<Op: LiveOperation>(mut self) -> Self {
        self.op_types.get_or_insert_default().insert(Op::OP_TYPE.to_owned());
        self
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret is never logged.
        f.debug_struct("Webhook")
            .field("url", &self.url)
            .field("op_types", &self.op_types)
            .finish_non_exhaustive()
    }
}

/// An error from [`verify`], which has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The header does not have the form `t=…,v1=…`.
    #[error("the signature is not of the form `t=…,v1=…`")]
    Malformed,
    /// The time of the request is too far from the time of this machine.
    #[error("the signature is too old, or from the future")]
    Expired,
    /// The request was not signed with this secret, or was changed.
    #[error("the signature does not belong to the body and the secret")]
    Mismatch,
}

/// Checks the signature of a request that [`Builder::webhook`](crate::runner::Builder::webhook) has sent: its header
/// [`SIGNATURE_HEADER`] and its body, byte for byte. The time of the request may differ from the time of this machine
/// by `tolerance`; five minutes are usual.
///
/// ```
/// use std::time::Duration;
///
/// use axum::{body::Bytes, http::{HeaderMap, StatusCode}};
/// use liveops::webhook::{self, SIGNATURE_HEADER};
///
/// const SECRET: &[u8] = b"a secret of at least 32 bytes, from the environment";
///
/// async fn receive(headers: HeaderMap, body: Bytes) -> StatusCode {
///     let signature = headers.get(SIGNATURE_HEADER).and_then(|it| it.to_str().ok()).unwrap_or("");
///     match webhook::verify(SECRET, signature, &body, Duration::from_secs(300)) {
///         Ok(()) => StatusCode::NO_CONTENT, // after the end was stored, with its key
///         Err(_) => StatusCode::UNAUTHORIZED,
///     }
/// }
/// ```
///
/// # Errors
///
/// Returns a [`SignatureError`] for a request that must not be trusted.
pub fn verify(
    secret: &[u8],
    signature: &str,
    body: &[u8],
    tolerance: Duration,
) -> Result<(), SignatureError> {
    let parts = || signature.split(',').filter_map(|part| part.trim().split_once('='));
    let time = parts().find(|(name, _)| *name == "t").map(|(_, time)| time);
    let time: i64 = time.and_then(|time| time.parse().ok()).ok_or(SignatureError::Malformed)?;
    let mut signatures = parts().filter(|(name, _)| *name == "v1").peekable();
    if signatures.peek().is_none() {
        return Err(SignatureError::Malformed);
    }
    if Utc::now().timestamp().abs_diff(time) > tolerance.as_secs() {
        return Err(SignatureError::Expired);
    }
    let is_valid = |signature: &str| {
        bytes_of_hex(signature)
            .is_some_and(|bytes| mac(secret, time, body).verify_slice(&bytes).is_ok())
    };
    // A sender that changes its secret may send a signature with each of them.
    if signatures.any(|(_, signature)| is_valid(signature)) {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// Returns the value of the header for a request at `time`, in seconds since 1970.
pub(crate) fn sign(secret: &[u8], time: i64, body: &[u8]) -> String {
    let mac = mac(secret, time, body).finalize().into_bytes();
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={time},v1={hex}")
}

fn mac(secret: &[u8], time: i64, body: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.chain_update(format!("{time}.")).chain_update(body)
}

fn bytes_of_hex(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = hex.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |[high, low]: &[u32; 2]| u8::try_from(high * 16 + low).ok();
    rest.is_empty().then(|| pairs.iter().filter_map(byte).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"a secret of at least 32 bytes, as it is required";
    const MINUTE: Duration = Duration::from_secs(60);

    /// Computed with `openssl dgst -sha256 -hmac`.
    #[test]
    fn the_signature_is_the_documented_one() {
        assert_eq!(
            sign(b"key", 1_700_000_000, b"{}"),
            "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
        );
    }

    #[test]
    fn a_signed_body_is_accepted() {
        let header = sign(SECRET, Utc::now().timestamp(), b"body");
        assert_eq!(verify(SECRET, &header, b"body", MINUTE), Ok(()));
        let rotated = header.replace(",v1=", ",v1=00,v1=");
        assert_eq!(verify(SECRET, &rotated, b"body", MINUTE), Ok(()));
    }

    #[test]
    fn another_body_secret_or_time_is_refused() {
        let now = Utc::now().timestamp();
        let header = sign(SECRET, now, b"body");
        assert_eq!(verify(SECRET, &header, b"Body", MINUTE), Err(SignatureError::Mismatch));
        assert_eq!(verify(b"other", &header, b"body", MINUTE), Err(SignatureError::Mismatch));
        let moved = header.replace(&format!("t={now}"), &format!("t={}", now + 1));
        assert_eq!(verify(SECRET, &moved, b"body", MINUTE), Err(SignatureError::Mismatch));
        for time in [now - 70, now + 70, i64::MIN, i64::MAX] {
            let header = sign(SECRET, time, b"body");
            assert_eq!(verify(SECRET, &header, b"body", MINUTE), Err(SignatureError::Expired));
        }
    }

    #[test]
    fn a_header_of_another_form_is_refused() {
        for header in ["", "t=1", "v1=00", "t=x,v1=00", "t=,v1=", "é"] {
            let refused = verify(SECRET, header, b"body", MINUTE);
            assert_eq!(refused, Err(SignatureError::Malformed), "{header}");
        }
        let now = Utc::now().timestamp();
        for signature in ["", "0", "0g", "é", "+1"] {
            let header = format!("t={now},v1={signature}");
            let refused = verify(SECRET, &header, b"body", MINUTE);
            assert_eq!(refused, Err(SignatureError::Mismatch), "{header}");
        }
    }

    #[test]
    fn a_secret_is_not_logged() {
        let webhook = format!("{:?}", Webhook::new("https://example.org/", SECRET));
        assert!(webhook.contains("example.org") && !webhook.contains("secret"), "{webhook}");
    }
}
