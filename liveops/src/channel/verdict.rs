use super::Cursor;

/// What a client that has come to some place does with a frame.
///
/// Frames may be lost, doubled, late and out of order on their way here: whatever is not plainly
/// the next one ends in catching up, and whatever is plainly old in nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next one: apply it.
    Deliver,
    /// The client has seen it, or it is of an attempt that was overtaken.
    Drop,
    /// Something is missing in between, or nobody can tell: ask the channel layer.
    CatchUp,
}

impl Verdict {
    /// What a client that has come to `place` does with the frame at `frame`.
    ///
    /// A frame that opens a history holds every region, so a later history is entered right there.
    /// One that says to be earlier may be a frame that was late, or come from a clock that is; and
    /// one of an attempt whose end the row told of opens what the client has seen the end of.
    pub fn on(frame: Cursor, place: Option<Cursor>) -> Self {
        let Some(place) = place else { return Self::CatchUp };
        if frame.epoch == place.epoch {
            return match frame.seq {
                seq if seq <= place.seq => Self::Drop,
                seq if seq == place.seq + 1 => Self::Deliver,
                _ => Self::CatchUp,
            };
        }
        let has_ended = place.is_end() && frame.epoch.attempt == place.epoch.attempt;
        if frame.epoch.attempt < place.epoch.attempt {
            Self::Drop
        } else if frame.is_opening() && frame.epoch > place.epoch && !has_ended {
            Self::Deliver
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

    fn verdict(place: Cursor, epoch: Epoch, seq: u64) -> Verdict {
        Verdict::on(Cursor { epoch, seq }, Some(place))
    }

    #[test]
    fn within_a_history_only_the_next_frame_is_delivered() {
        let place = Cursor { epoch: OLD, seq: 5 };
        assert_eq!(verdict(place, OLD, 4), Verdict::Drop);
        assert_eq!(verdict(place, OLD, 5), Verdict::Drop);
        assert_eq!(verdict(place, OLD, 6), Verdict::Deliver);
        assert_eq!(verdict(place, OLD, 7), Verdict::CatchUp);
    }

    #[test]
    fn a_later_history_is_entered_at_its_opening_or_by_catching_up() {
        let place = Cursor { epoch: OLD, seq: 5 };
        for epoch in [REOPENED, NEXT] {
            assert_eq!(verdict(place, epoch, 1), Verdict::Deliver);
            assert_eq!(verdict(place, epoch, 2), Verdict::CatchUp);
        }
    }

    #[test]
    fn a_history_that_seems_earlier_is_looked_up() {
        let place = Cursor { epoch: REOPENED, seq: 1 };
        assert_eq!(verdict(place, OLD, 1), Verdict::CatchUp);
        assert_eq!(verdict(place, OLD, 9), Verdict::CatchUp);
    }

    #[test]
    fn what_an_older_attempt_says_is_dropped() {
        let place = Cursor { epoch: NEXT, seq: 1 };
        assert_eq!(verdict(place, OLD, 1), Verdict::Drop);
        assert_eq!(verdict(place, OLD, 9), Verdict::Drop);
    }

    #[test]
    fn an_attempt_that_ended_is_not_entered_again() {
        let waiting = Cursor::of_row(OLD.attempt, 0);
        assert_eq!(verdict(waiting, OLD, 1), Verdict::Deliver);
        let ended = Cursor::of_row(OLD.attempt, 1);
        assert_eq!(verdict(ended, OLD, 1), Verdict::CatchUp);
        assert_eq!(verdict(ended, NEXT, 1), Verdict::Deliver);
    }

    #[test]
    fn a_client_without_a_place_catches_up() {
        assert_eq!(Verdict::on(Cursor { epoch: OLD, seq: 1 }, None), Verdict::CatchUp);
    }
}
