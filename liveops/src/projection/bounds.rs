//! Size limits for everything a run reports. Together with the limits on input and output they bound the size
//! of an operation's row.

use std::borrow::Cow;

/// Maximum number of log lines, and of additions to a custom region.
pub(crate) const TAIL_LEN_MAX: usize = 1_000;

/// Maximum total size of those log lines or additions, in bytes. The newest item is always kept.
pub(crate) const TAIL_BYTES_MAX: usize = 1 << 20;

/// Maximum size of the HTML of one change of a custom region, in bytes.
pub(crate) const REGION_BYTES_MAX: usize = 1 << 20;

/// Maximum number of custom regions.
pub(crate) const REGIONS_LEN_MAX: usize = 100;

/// Maximum size of a log line, in bytes.
pub(crate) const LOG_LINE_BYTES_MAX: usize = 8 << 10;

/// Maximum size of a status, in bytes.
pub(crate) const STATUS_BYTES_MAX: usize = 1 << 10;

/// Maximum size of the label and of the unit of a bar, in bytes.
pub(crate) const BAR_TEXT_BYTES_MAX: usize = 1 << 10;

/// Maximum size of an error message for the owner or in a traceback, in bytes.
pub(crate) const ERROR_BYTES_MAX: usize = 8 << 10;

/// Maximum size of a traceback, in bytes.
pub(crate) const TRACEBACK_BYTES_MAX: usize = 64 << 10;

/// Cuts a text to `bytes_max` bytes and appends the kept and the original length.
///
/// NUL characters, which PostgreSQL cannot store, become U+FFFD.
pub(crate) fn kept(text: &str, bytes_max: usize) -> Cow<'_, str> {
    let head = &text[..text.floor_char_boundary(bytes_max)];
    let is_whole = head.len() == text.len();
    if is_whole && !text.contains('\0') {
        return Cow::Borrowed(text);
    }
    let mut kept = head.replace('\0', "\u{fffd}");
    if !is_whole {
        kept.push_str(&format!("… [cut: {} of {} bytes]", head.len(), text.len()));
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_within_the_limit_is_unchanged() {
        assert!(matches!(kept("żółw", 7), Cow::Borrowed("żółw")));
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_names_both_lengths() {
        assert_eq!(kept("żółw", 5), "żó… [cut: 4 of 7 bytes]");
        assert_eq!(kept("abc", 0), "… [cut: 0 of 3 bytes]");
    }

    #[test]
    fn nul_characters_are_replaced() {
        assert_eq!(kept("a\0b\0cd", 4), "a\u{fffd}b\u{fffd}… [cut: 4 of 6 bytes]");
    }
}
