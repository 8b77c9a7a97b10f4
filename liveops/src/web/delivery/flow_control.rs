use tokio::time::{Duration, Instant};

use crate::channel::{Cursor, Verdict};

/// How many frames a client that acknowledges may leave unacknowledged before the rest is held
/// back: what lies in buffers on the way to it can no longer be merged.
const WINDOW: u64 = 64;

/// How far one client has come in one channel, and whether it can take more.
///
/// Pure: what is missing, others find out.
#[derive(Debug, Default)]
pub(in crate::web) struct Place {
    cursor: Option<Cursor>,
    /// From where on what the client was sent counts as unacknowledged, once it has acknowledged
    /// anything.
    acknowledged: Option<Cursor>,
    /// Since when frames are held back from it.
    held_since: Option<Instant>,
}

impl Place {
    /// The place of a client that says to have come to `since`.
    pub(in crate::web) fn at(since: Option<Cursor>) -> Self {
        Self { cursor: since, ..Self::default() }
    }

    pub(in crate::web) fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// The client was sent everything up to `cursor` at once: that is one frame of its window,
    /// however many were merged.
    pub(in crate::web) fn come_to(&mut self, cursor: Cursor) {
        self.cursor = Some(cursor);
        self.acknowledged = self.acknowledged.map(|_| cursor);
    }

    /// What becomes of the frame at `frame`; a client that it is delivered to has come there. One
    /// that is held back is dropped: what it brought is in the catch-up that the client gets when
    /// it can take more.
    pub(in crate::web) fn judge(&mut self, frame: Cursor) -> Verdict {
        let verdict = self.unless_held(Verdict::on(frame, self.cursor));
        if verdict == Verdict::Deliver {
            self.cursor = Some(frame);
        }
        verdict
    }

    /// What is to be done when nobody knows what was lost.
    pub(in crate::web) fn lost(&mut self) -> Verdict {
        self.unless_held(Verdict::CatchUp)
    }

    fn unless_held(&mut self, verdict: Verdict) -> Verdict {
        if verdict != Verdict::Drop && self.is_behind() {
            self.held_since.get_or_insert_with(Instant::now);
        }
        if self.held_since.is_some() { Verdict::Drop } else { verdict }
    }

    /// Hears how far the client says to have come, and whether it can now take what was held back.
    pub(in crate::web) fn acknowledge(&mut self, cursor: Cursor) -> Verdict {
        if !self.is_late(cursor) {
            self.acknowledged = Some(cursor);
        }
        if self.is_behind() || self.held_since.take().is_none() {
            Verdict::Drop
        } else {
            Verdict::CatchUp
        }
    }

    /// Whether more than `cursor` is acknowledged, or made up for.
    fn is_late(&self, cursor: Cursor) -> bool {
        let (Some(sent), Some(acknowledged)) = (self.cursor, self.acknowledged) else {
            return false;
        };
        acknowledged.epoch == sent.epoch
            && (cursor.epoch != sent.epoch || cursor.seq < acknowledged.seq)
    }

    /// For how long frames have been held back.
    pub(in crate::web) fn held_for(&self) -> Duration {
        self.held_since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Whether the client is a window behind what it was sent. One that never acknowledges is not
    /// held back: it does not know how to, and its socket fills up instead.
    fn is_behind(&self) -> bool {
        let (Some(sent), Some(acknowledged)) = (self.cursor, self.acknowledged) else {
            return false;
        };
        let seen = if acknowledged.epoch == sent.epoch { acknowledged.seq } else { 0 };
        sent.seq.saturating_sub(seen) >= WINDOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{channel::Epoch, operation::Attempt};

    fn at(seq: u64) -> Cursor {
        Cursor { epoch: Epoch { attempt: Attempt(1), nonce: 1 }, seq }
    }

    /// A client that acknowledged the first frame and was sent a window more.
    fn behind() -> Place {
        let mut place = Place::at(Some(at(1)));
        assert_eq!(place.acknowledge(at(1)), Verdict::Drop);
        for seq in 2..=1 + WINDOW {
            assert_eq!(place.judge(at(seq)), Verdict::Deliver, "{seq}");
        }
        place
    }

    #[test]
    fn a_client_that_does_not_acknowledge_any_more_is_held_back_and_caught_up_when_it_does() {
        let mut place = behind();
        assert_eq!(place.judge(at(WINDOW + 2)), Verdict::Drop);
        assert_eq!(place.lost(), Verdict::Drop);
        assert_eq!(place.acknowledge(at(1)), Verdict::Drop, "it has not moved");
        assert_eq!(place.acknowledge(at(WINDOW + 1)), Verdict::CatchUp);
        place.come_to(at(WINDOW + 2));
        assert_eq!(place.judge(at(WINDOW + 3)), Verdict::Deliver);
    }

    #[test]
    fn a_client_that_never_acknowledges_is_not_held_back() {
        let mut place = Place::at(None);
        assert_eq!(place.lost(), Verdict::CatchUp);
        place.come_to(at(1));
        for seq in 2..10 * WINDOW {
            assert_eq!(place.judge(at(seq)), Verdict::Deliver);
        }
    }

    #[test]
    fn what_a_client_has_seen_does_not_hold_it_back() {
        let mut place = behind();
        assert_eq!(place.judge(at(WINDOW)), Verdict::Drop);
        assert_eq!(place.acknowledge(at(WINDOW + 1)), Verdict::Drop, "nothing is owed");
    }

    #[test]
    fn a_catch_up_fills_no_window_however_much_it_merges() {
        let mut place = Place::at(Some(at(1)));
        assert_eq!(place.acknowledge(at(1)), Verdict::Drop);
        place.come_to(at(1_000));
        assert_eq!(place.judge(at(1_001)), Verdict::Deliver);
        assert_eq!(place.acknowledge(at(1)), Verdict::Drop, "it crossed the catch-up");
        assert_eq!(place.judge(at(1_002)), Verdict::Deliver);
    }

    #[test]
    fn an_acknowledgement_from_another_history_says_nothing_about_this_one() {
        let mut place = behind();
        assert_eq!(place.acknowledge(at(WINDOW + 1)), Verdict::Drop);
        let reopened = |seq| Cursor { epoch: Epoch { attempt: Attempt(2), nonce: 1 }, seq };
        for seq in 1..=WINDOW {
            assert_eq!(place.judge(reopened(seq)), Verdict::Deliver, "{seq}");
            assert_eq!(place.acknowledge(at(WINDOW + 1)), Verdict::Drop);
        }
        assert_eq!(place.judge(reopened(WINDOW + 1)), Verdict::Drop, "held back");
        assert_eq!(place.acknowledge(reopened(WINDOW)), Verdict::CatchUp);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_known_for_how_long_a_client_takes_nothing() {
        let mut place = behind();
        assert_eq!(place.held_for(), Duration::ZERO);
        assert_eq!(place.judge(at(WINDOW + 2)), Verdict::Drop);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(place.judge(at(WINDOW + 3)), Verdict::Drop);
        assert_eq!(place.held_for(), Duration::from_secs(7));
    }
}
