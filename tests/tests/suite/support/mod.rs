//! What the tests are made with.

pub(crate) mod app;
pub(crate) mod page;
