//! How much is kept of what a run says: with the bound on its output and the one on its input, this
//! is how large its row can get.

use std::borrow::Cow;

/// How many lines of log, and how many additions to a custom region, are kept.
pub(crate) const TAIL_LEN_MAX: usize = 1_000;

/// How many bytes those lines, or those additions, have together; the newest is kept in any case.
pub(crate) const TAIL_BYTES_MAX: usize = 1 << 20;

/// How many bytes of a line of log are kept.
pub(crate) const LOG_LINE_BYTES_MAX: usize = 8 << 10;

/// How many bytes of a status are kept.
pub(crate) const STATUS_BYTES_MAX: usize = 1 << 10;

/// How many bytes are kept of the message of an error, for its owner or in a traceback.
pub(crate) const ERROR_BYTES_MAX: usize = 8 << 10;

/// How many bytes of a traceback are kept.
pub(crate) const TRACEBACK_BYTES_MAX: usize = 64 << 10;

/// A text as it is kept: its first `bytes_max` bytes, and behind them how many there were.
///
/// NUL characters, which PostgreSQL cannot keep, become U+FFFD.
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
    fn a_text_that_fits_is_left_alone() {
        assert!(matches!(kept("żółw", 7), Cow::Borrowed("żółw")));
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(kept("żółw", 5), "żó… [cut: 4 of 7 bytes]");
        assert_eq!(kept("abc", 0), "… [cut: 0 of 3 bytes]");
    }

    #[test]
    fn what_not_every_database_can_keep_is_replaced() {
        assert_eq!(kept("a\0b\0cd", 4), "a\u{fffd}b\u{fffd}… [cut: 4 of 6 bytes]");
    }
}
