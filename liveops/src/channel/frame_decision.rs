//! The decision of a client on each frame it receives. Pure.

use super::Cursor;

/// The decision of a client on a received frame.
///
/// Frames may be lost, duplicated, late or out of order. A client applies a frame only if the frame is
/// clearly the next one, skips a frame that is clearly old, and catches up in every other case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameDecision {
    /// The frame is the next one: apply it.
    Apply,
    /// The client already has the frame, or the frame belongs to an earlier attempt: skip it.
    Skip,
    /// Frames are missing in between, or the order is unknown: call
    /// [`catch_up`](super::ChannelLayer::catch_up).
    CatchUp,
}

impl FrameDecision {
    /// Decides on the frame at `frame` for a client at `client`.
    ///
    /// An opening frame holds every region, so the client applies an opening frame of a later history at
    /// once. The client catches up on an opening frame of a seemingly earlier history of the same attempt,
    /// because the frame may be late or a clock may be wrong. The client also catches up if the operation's
    /// row has already reported the end of that attempt.
    pub(crate) fn for_frame(frame: Cursor, client: Option<Cursor>) -> Self {
        let Some(client) = client else { return Self::CatchUp };
        if frame.epoch == client.epoch {
            return match frame.seq {
                seq if seq <= client.seq => Self::Skip,
                seq if seq == client.seq + 1 => Self::Apply,
                _ => Self::CatchUp,
            };
        }
        let has_ended = client.is_end() && frame.epoch.attempt == client.epoch.attempt;
        if frame.epoch.attempt < client.epoch.attempt {
            Self::Skip
        } else if frame.is_opening() && frame.epoch > client.epoch && !has_ended {
            Self::Apply
        } else {
            Self::CatchUp
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{channel::Epoch, operation::Attempt};

    const OLD: Epoch = Epoch { attempt: Attempt(1), nonce: 1 };
    const REOPENED: Epoch = Epoch { attempt: Attempt(1), nonce: 2 };
    const NEXT: Epoch = Epoch { attempt: Attempt(2), nonce: 1 };

    fn decision(client: Cursor, epoch: Epoch, seq: u64) -> FrameDecision {
        FrameDecision::for_frame(Cursor { epoch, seq }, Some(client))
    }

    #[test]
    fn within_a_history_only_the_next_frame_is_applied() {
        let client = Cursor { epoch: OLD, seq: 5 };
        assert_eq!(decision(client, OLD, 4), FrameDecision::Skip);
        assert_eq!(decision(client, OLD, 5), FrameDecision::Skip);
        assert_eq!(decision(client, OLD, 6), FrameDecision::Apply);
        assert_eq!(decision(client, OLD, 7), FrameDecision::CatchUp);
    }

    #[test]
    fn a_later_history_is_entered_at_its_opening_or_by_catching_up() {
        let client = Cursor { epoch: OLD, seq: 5 };
        for epoch in [REOPENED, NEXT] {
            assert_eq!(decision(client, epoch, 1), FrameDecision::Apply);
            assert_eq!(decision(client, epoch, 2), FrameDecision::CatchUp);
        }
    }

    #[test]
    fn a_history_that_seems_earlier_causes_a_catch_up() {
        let client = Cursor { epoch: REOPENED, seq: 1 };
        assert_eq!(decision(client, OLD, 1), FrameDecision::CatchUp);
        assert_eq!(decision(client, OLD, 9), FrameDecision::CatchUp);
    }

    #[test]
    fn frames_of_an_older_attempt_are_skipped() {
        let client = Cursor { epoch: NEXT, seq: 1 };
        assert_eq!(decision(client, OLD, 1), FrameDecision::Skip);
        assert_eq!(decision(client, OLD, 9), FrameDecision::Skip);
    }

    #[test]
    fn an_attempt_that_ended_is_not_entered_again() {
        let waiting = Cursor::of_row(OLD.attempt, 0);
        assert_eq!(decision(waiting, OLD, 1), FrameDecision::Apply);
        let ended = Cursor::of_row(OLD.attempt, 1);
        assert_eq!(decision(ended, OLD, 1), FrameDecision::CatchUp);
        assert_eq!(decision(ended, NEXT, 1), FrameDecision::Apply);
    }

    #[test]
    fn a_client_without_a_cursor_catches_up() {
        assert_eq!(
            FrameDecision::for_frame(Cursor { epoch: OLD, seq: 1 }, None),
            FrameDecision::CatchUp
        );
    }
}
