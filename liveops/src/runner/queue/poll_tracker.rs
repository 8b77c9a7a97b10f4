//! Poll requests of this process, and its capacity for further runs.

use tokio::sync::watch;

/// Tracks which poll requests are answered, and whether the process can start another run.
#[derive(Debug)]
pub(in crate::runner) struct PollTracker {
    runs_max: usize,
    state: watch::Sender<PollCounts>,
}

#[derive(Debug, Default)]
struct PollCounts {
    /// Number of poll requests.
    asked: u64,
    /// Number of answered requests. One poll answers all requests made before it began.
    answered: u64,
    runs: usize,
}

impl PollTracker {
    pub(in crate::runner) fn new(runs_max: usize) -> Self {
        Self { runs_max, state: watch::Sender::default() }
    }

    /// Requests a poll, and returns the ticket to wait with.
    pub(in crate::runner) fn request(&self) -> PollTicket {
        self.state.send_modify(|state| state.asked += 1);
        self.asked()
    }

    /// Returns the ticket of the newest request, which a poll that begins now answers.
    pub(in crate::runner) fn asked(&self) -> PollTicket {
        PollTicket(self.state.borrow().asked)
    }

    /// Answers every request up to this ticket.
    pub(in crate::runner) fn answer(&self, ticket: PollTicket) {
        self.state.send_modify(|state| state.answered = ticket.0);
    }

    pub(in crate::runner) fn run_started(&self) {
        self.state.send_modify(|state| state.runs += 1);
    }

    pub(in crate::runner) fn run_ended(&self) {
        self.state.send_modify(|state| state.runs -= 1);
    }

    pub(in crate::runner) async fn wait_until_answered(&self, ticket: PollTicket) {
        self.until(|state| state.answered >= ticket.0).await;
    }

    /// Waits until another run can start. A requested poll may start runs, so waits until no poll is
    /// outstanding.
    pub(in crate::runner) async fn wait_for_capacity(&self) {
        self.until(|state| state.answered == state.asked && state.runs < self.runs_max).await;
    }

    async fn until(&self, holds: impl FnMut(&PollCounts) -> bool) {
        let held = self.state.subscribe().wait_for(holds).await.is_ok();
        debug_assert!(held, "the sender lives as long as `self`");
    }
}

/// The number of a poll request.
#[derive(Debug, Clone, Copy)]
pub(in crate::runner) struct PollTicket(u64);

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_poll_answers_the_requests_made_before_it_began() {
        let polls = PollTracker::new(1);
        let early = [polls.request(), polls.request()];
        let poll = polls.asked();
        let late = polls.request();
        assert!(polls.wait_until_answered(early[0]).now_or_never().is_none());
        polls.answer(poll);
        assert!(
            early.iter().all(|early| polls.wait_until_answered(*early).now_or_never().is_some())
        );
        assert!(polls.wait_until_answered(late).now_or_never().is_none());
        polls.answer(polls.asked());
        assert!(polls.wait_until_answered(late).now_or_never().is_some());
    }

    #[test]
    fn capacity_needs_a_free_slot_and_no_outstanding_poll() {
        let polls = PollTracker::new(1);
        let has_capacity = || polls.wait_for_capacity().now_or_never().is_some();
        assert!(has_capacity());
        polls.request();
        assert!(!has_capacity());
        polls.run_started();
        polls.answer(polls.asked());
        assert!(!has_capacity());
        polls.run_ended();
        assert!(has_capacity());
    }
}
