//! The identity of a request: the application's viewer, its host and origin, and new subscription tokens.

pub(super) mod origin;
pub(super) mod token;
pub(super) mod viewer;
