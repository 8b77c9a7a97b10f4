//! The handlers that answer at once: pages, lists, forms, uploads and actions, as HTML and as JSON.

pub(super) mod actions;
pub(super) mod assets;
pub(super) mod attempts;
mod body;
pub(super) mod bulk;
pub(super) mod create;
pub(super) mod details;
pub(super) mod embed;
pub(super) mod form;
pub(super) mod json;
pub(super) mod linked;
pub(super) mod list;
pub(super) mod list_query;
pub(super) mod log;
mod multipart;
pub(super) mod page;
pub(super) mod slashes;
pub(super) mod staff;
pub(super) mod upload;
