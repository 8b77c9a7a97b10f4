//! Who sends a request: the application's viewer, the origin of the request, and fresh subscription tokens.

pub(super) mod origin;
pub(super) mod token;
pub(super) mod viewer;
