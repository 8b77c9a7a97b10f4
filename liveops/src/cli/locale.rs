use crate::{render::Renderer, runner::LiveOps};

/// What speaks the language of whoever started this process, as their system says: on Unix in
/// `LANGUAGE`, `LC_ALL`, `LC_MESSAGES` and `LANG`.
pub(super) fn renderer(liveops: &LiveOps) -> Renderer {
    liveops.renderer().with_language(&sys_locale::get_locale().unwrap_or_default())
}
