//! Subscription tokens of one operation type.

use super::{SigningKeys, SubscriptionToken, TokenError};
use crate::operation::{LiveOperation, OperationId, UserId};

/// The subscription tokens of one operation type. Implemented for every [`LiveOperation`].
///
/// ```
/// use liveops::{
///     LiveOperation, OperationId, SigningKeys, SubscriptionTokens, UserId, token::TokenError,
/// };
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(app = "demo")]
/// struct ScoreImport;
///
/// let keys = SigningKeys::new(["a secret key of at least 32 bytes"])?;
/// let (ann, bob, id) = (UserId::from("ann"), UserId::from("bob"), OperationId::new());
/// let token = ScoreImport::subscription_token(&keys, &ann, id)?;
/// ScoreImport::verify_subscription_token(&keys, &token, &ann, id)?;
/// let refused = ScoreImport::verify_subscription_token(&keys, &token, &bob, id);
/// assert_eq!(refused, Err(TokenError::Refused));
/// # Ok::<(), TokenError>(())
/// ```
pub trait SubscriptionTokens: LiveOperation {
    /// Signs a token with which only `viewer` may watch the operation `id`.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the token cannot be signed.
    fn subscription_token(
        keys: &SigningKeys,
        viewer: &UserId,
        id: OperationId,
    ) -> Result<SubscriptionToken, TokenError> {
        keys.sign(viewer, &Self::channel(id))
    }

    /// Checks that `token` permits `viewer` to watch the operation `id`.
    ///
    /// # Errors
    ///
    /// [`TokenError::Refused`] if the token does not permit this. The error does not state which part of the
    /// token was wrong.
    fn verify_subscription_token(
        keys: &SigningKeys,
        token: &SubscriptionToken,
        viewer: &UserId,
        id: OperationId,
    ) -> Result<(), TokenError> {
        if keys.verify(token, viewer)? == Self::channel(id) {
            Ok(())
        } else {
            Err(TokenError::Refused)
        }
    }
}

impl<Op: LiveOperation> SubscriptionTokens for Op {}
