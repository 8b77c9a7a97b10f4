use super::Cursor;

/// What a client that has come to some place does with a frame.
///
/// Frames may be lost, doubled, late and out of order on their way here: whatever is not plainly
/// the next one ends in catching up, and whatever is plainly old in nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameDecision {
    /// It is the next one: apply it.
    Apply,
    /// The client has seen it, or it is of an attempt that was overtaken.
    Skip,
    /// Something is missing in between, or nobody can tell: ask the channel layer.
    CatchUp,
}

impl FrameDecision {
    /// What a client that has come to `client` does with the frame at `frame`.
    ///
    /// A frame that opens a history holds every region, so a later history is entered right there.
    /// One that says to be earlier may be a frame that was late, or come from a clock that is; and
    /// one of an attempt whose end the row told of opens what the client has seen the end of.
    pub fn for_frame(frame: Cursor, client: Option<Cursor>) -> Self {
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
    fn within_a_history_only_the_next_frame_is_delivered() {
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
    fn a_history_that_seems_earlier_is_looked_up() {
        let client = Cursor { epoch: REOPENED, seq: 1 };
        assert_eq!(decision(client, OLD, 1), FrameDecision::CatchUp);
        assert_eq!(decision(client, OLD, 9), FrameDecision::CatchUp);
    }

    #[test]
    fn what_an_older_attempt_says_is_dropped() {
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
    fn a_client_without_a_place_catches_up() {
        assert_eq!(
            FrameDecision::for_frame(Cursor { epoch: OLD, seq: 1 }, None),
            FrameDecision::CatchUp
        );
    }
}
