//! The language of the terminal.

use crate::{render::Renderer, runner::LiveOps};

/// Returns a renderer for the language of the system's locale: on Unix, that of the variables
/// `LANGUAGE`, `LC_ALL`, `LC_MESSAGES` and `LANG`.
pub(super) fn renderer(liveops: &LiveOps) -> Renderer {
    liveops.renderer().with_language(&sys_locale::get_locale().unwrap_or_default())
}
