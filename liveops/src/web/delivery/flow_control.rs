//! Flow control for one client in one channel.

use tokio::time::{Duration, Instant};

use crate::channel::{Cursor, FrameDecision};

/// Maximum number of unacknowledged frames of a client that acknowledges. Further frames are held back,
/// because frames in network buffers can no longer be merged.
const WINDOW: u64 = 64;

/// The cursor of one client in one channel, and its unacknowledged frames.
///
/// Performs no I/O: the caller loads what a catch-up needs.
#[derive(Debug, Default)]
pub(in crate::web) struct DeliveryWindow {
    cursor: Option<Cursor>,
    /// The cursor after which sent frames count as unacknowledged. `None` until the client acknowledges a
    /// frame.
    acknowledged: Option<Cursor>,
    /// The time since which frames are held back.
    held_since: Option<Instant>,
}

impl DeliveryWindow {
    /// Creates the window of a client that is at `since`.
    pub(in crate::web) fn starting_at(since: Option<Cursor>) -> Self {
        Self { cursor: since, ..Self::default() }
    }

    pub(in crate::web) fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// Advances the client to `cursor` after a catch-up. A catch-up does not fill the window, however many
    /// frames it merges.
    pub(in crate::web) fn advance_to(&mut self, cursor: Cursor) {
        self.cursor = Some(cursor);
        self.acknowledged = self.acknowledged.map(|_| cursor);
    }

    /// Decides about the frame at `frame`. A client to which the frame is delivered advances to `frame`. A
    /// frame that is held back is dropped: the catch-up that follows contains its content.
    pub(in crate::web) fn decide(&mut self, frame: Cursor) -> FrameDecision {
        let decision = self.hold_if_behind(FrameDecision::for_frame(frame, self.cursor));
        if decision == FrameDecision::Apply {
            self.cursor = Some(frame);
        }
        decision
    }

    /// Decides after the loss of an unknown number of frames.
    pub(in crate::web) fn decide_after_loss(&mut self) -> FrameDecision {
        self.hold_if_behind(FrameDecision::CatchUp)
    }

    fn hold_if_behind(&mut self, decision: FrameDecision) -> FrameDecision {
        if decision != FrameDecision::Skip && self.is_behind() {
            self.held_since.get_or_insert_with(Instant::now);
        }
        if self.held_since.is_some() { FrameDecision::Skip } else { decision }
    }

    /// Records an acknowledgement. Returns [`FrameDecision::CatchUp`] if frames were held back and the client
    /// can now receive them.
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

    /// Returns `true` if the client has acknowledged more than `cursor`, or a catch-up went beyond `cursor`.
    fn is_superseded(&self, cursor: Cursor) -> bool {
        let (Some(sent), Some(acknowledged)) = (self.cursor, self.acknowledged) else {
            return false;
        };
        acknowledged.epoch == sent.epoch
            && (cursor.epoch != sent.epoch || cursor.seq < acknowledged.seq)
    }

    /// Returns the time for which frames have been held back.
    pub(in crate::web) fn held_for(&self) -> Duration {
        self.held_since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Returns `true` if the client has a full window of unacknowledged frames. A client that never
    /// acknowledges is not held back: it does not implement acknowledgements, and a full socket limits it
    /// instead.
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

    /// Returns the window of a client that acknowledged the first frame and was then sent a full window.
    fn behind() -> DeliveryWindow {
        let mut window = DeliveryWindow::starting_at(Some(at(1)));
        assert_eq!(window.acknowledge(at(1)), FrameDecision::Skip);
        for seq in 2..=1 + WINDOW {
            assert_eq!(window.decide(at(seq)), FrameDecision::Apply, "{seq}");
        }
        window
    }

    #[test]
    fn a_client_that_stops_acknowledging_is_held_back_and_catches_up_when_it_resumes() {
        let mut window = behind();
        assert_eq!(window.decide(at(WINDOW + 2)), FrameDecision::Skip);
        assert_eq!(window.decide_after_loss(), FrameDecision::Skip);
        assert_eq!(window.acknowledge(at(1)), FrameDecision::Skip, "the client has not advanced");
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
    fn a_frame_that_the_client_has_seen_does_not_hold_it_back() {
        let mut window = behind();
        assert_eq!(window.decide(at(WINDOW)), FrameDecision::Skip);
        assert_eq!(
            window.acknowledge(at(WINDOW + 1)),
            FrameDecision::Skip,
            "nothing was held back"
        );
    }

    #[test]
    fn a_catch_up_does_not_fill_the_window() {
        let mut window = DeliveryWindow::starting_at(Some(at(1)));
        assert_eq!(window.acknowledge(at(1)), FrameDecision::Skip);
        window.advance_to(at(1_000));
        assert_eq!(window.decide(at(1_001)), FrameDecision::Apply);
        assert_eq!(
            window.acknowledge(at(1)),
            FrameDecision::Skip,
            "sent before the catch-up arrived"
        );
        assert_eq!(window.decide(at(1_002)), FrameDecision::Apply);
    }

    #[test]
    fn an_acknowledgement_of_another_epoch_is_ignored() {
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
    async fn the_time_since_frames_are_held_back_is_measured() {
        let mut window = behind();
        assert_eq!(window.held_for(), Duration::ZERO);
        assert_eq!(window.decide(at(WINDOW + 2)), FrameDecision::Skip);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(window.decide(at(WINDOW + 3)), FrameDecision::Skip);
        assert_eq!(window.held_for(), Duration::from_secs(7));
    }
}
