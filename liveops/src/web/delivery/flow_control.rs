use tokio::time::{Duration, Instant};

use crate::channel::{Cursor, FrameDecision};

/// How many frames a client that acknowledges may leave unacknowledged before the rest is held
/// back: what lies in buffers on the way to it can no longer be merged.
const WINDOW: u64 = 64;

/// How far one client has come in one channel, and whether it can take more.
///
/// Pure: what is missing, others find out.
#[derive(Debug, Default)]
pub(in crate::web) struct DeliveryWindow {
    cursor: Option<Cursor>,
    /// From where on what the client was sent counts as unacknowledged, once it has acknowledged
    /// anything.
    acknowledged: Option<Cursor>,
    /// Since when frames are held back from it.
    held_since: Option<Instant>,
}

impl DeliveryWindow {
    /// The place of a client that says to have come to `since`.
    pub(in crate::web) fn starting_at(since: Option<Cursor>) -> Self {
        Self { cursor: since, ..Self::default() }
    }

    pub(in crate::web) fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// The client was sent everything up to `cursor` at once: that is one frame of its window,
    /// however many were merged.
    pub(in crate::web) fn advance_to(&mut self, cursor: Cursor) {
        self.cursor = Some(cursor);
        self.acknowledged = self.acknowledged.map(|_| cursor);
    }

    /// What becomes of the frame at `frame`; a client that it is delivered to has come there. One
    /// that is held back is dropped: what it brought is in the catch-up that the client gets when
    /// it can take more.
    pub(in crate::web) fn decide(&mut self, frame: Cursor) -> FrameDecision {
        let decision = self.hold_if_behind(FrameDecision::for_frame(frame, self.cursor));
        if decision == FrameDecision::Apply {
            self.cursor = Some(frame);
        }
        decision
    }

    /// What is to be done when nobody knows what was lost.
    pub(in crate::web) fn decide_after_loss(&mut self) -> FrameDecision {
        self.hold_if_behind(FrameDecision::CatchUp)
    }

    fn hold_if_behind(&mut self, decision: FrameDecision) -> FrameDecision {
        if decision != FrameDecision::Skip && self.is_behind() {
            self.held_since.get_or_insert_with(Instant::now);
        }
        if self.held_since.is_some() { FrameDecision::Skip } else { decision }
    }

    /// Hears how far the client says to have come, and whether it can now take what was held back.
    pub(in crate::web) fn acknowledge(&mut self, cursor: Cursor) -> FrameDecision {
        if !self.is_superseded(cursor) {
            self.acknowledged = Some(cursor);
        }
        if self.is_behind() || self.held_since.take().is_none() {
            FrameDecision::Skip
        } else {
            FrameDecision::CatchUp
        }
    }

    /// Whether more than `cursor` is acknowledged, or made up for.
    fn is_superseded(&self, cursor: Cursor) -> bool {
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
    fn behind() -> DeliveryWindow {
        let mut window = DeliveryWindow::starting_at(Some(at(1)));
        assert_eq!(window.acknowledge(at(1)), FrameDecision::Skip);
        for seq in 2..=1 + WINDOW {
            assert_eq!(window.decide(at(seq)), FrameDecision::Apply, "{seq}");
        }
        window
    }

    #[test]
    fn a_client_that_does_not_acknowledge_any_more_is_held_back_and_caught_up_when_it_does() {
        let mut window = behind();
        assert_eq!(window.decide(at(WINDOW + 2)), FrameDecision::Skip);
        assert_eq!(window.decide_after_loss(), FrameDecision::Skip);
        assert_eq!(window.acknowledge(at(1)), FrameDecision::Skip, "it has not moved");
        assert_eq!(window.acknowledge(at(WINDOW + 1)), FrameDecision::CatchUp);
        window.advance_to(at(WINDOW + 2));
        assert_eq!(window.decide(at(WINDOW + 3)), FrameDecision::Apply);
    }

    #[test]
    fn a_client_that_never_acknowledges_is_not_held_back() {
        let mut window = DeliveryWindow::starting_at(None);
        assert_eq!(window.decide_after_loss(), FrameDecision::CatchUp);
        window.advance_to(at(1));
        for seq in 2..10 * WINDOW {
            assert_eq!(window.decide(at(seq)), FrameDecision::Apply);
        }
    }

    #[test]
    fn what_a_client_has_seen_does_not_hold_it_back() {
        let mut window = behind();
        assert_eq!(window.decide(at(WINDOW)), FrameDecision::Skip);
        assert_eq!(window.acknowledge(at(WINDOW + 1)), FrameDecision::Skip, "nothing is owed");
    }

    #[test]
    fn a_catch_up_fills_no_window_however_much_it_merges() {
        let mut window = DeliveryWindow::starting_at(Some(at(1)));
        assert_eq!(window.acknowledge(at(1)), FrameDecision::Skip);
        window.advance_to(at(1_000));
        assert_eq!(window.decide(at(1_001)), FrameDecision::Apply);
        assert_eq!(window.acknowledge(at(1)), FrameDecision::Skip, "it crossed the catch-up");
        assert_eq!(window.decide(at(1_002)), FrameDecision::Apply);
    }

    #[test]
    fn an_acknowledgement_from_another_history_says_nothing_about_this_one() {
        let mut window = behind();
        assert_eq!(window.acknowledge(at(WINDOW + 1)), FrameDecision::Skip);
        let reopened = |seq| Cursor { epoch: Epoch { attempt: Attempt(2), nonce: 1 }, seq };
        for seq in 1..=WINDOW {
            assert_eq!(window.decide(reopened(seq)), FrameDecision::Apply, "{seq}");
            assert_eq!(window.acknowledge(at(WINDOW + 1)), FrameDecision::Skip);
        }
        assert_eq!(window.decide(reopened(WINDOW + 1)), FrameDecision::Skip, "held back");
        assert_eq!(window.acknowledge(reopened(WINDOW)), FrameDecision::CatchUp);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_known_for_how_long_a_client_takes_nothing() {
        let mut window = behind();
        assert_eq!(window.held_for(), Duration::ZERO);
        assert_eq!(window.decide(at(WINDOW + 2)), FrameDecision::Skip);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(window.decide(at(WINDOW + 3)), FrameDecision::Skip);
        assert_eq!(window.held_for(), Duration::from_secs(7));
    }
}
