use tokio::sync::watch;

/// Whether this process has looked at the queue since it was asked to, and could take more out of it.
#[derive(Debug)]
pub(in crate::runner) struct PollTracker {
    runs_max: usize,
    state: watch::Sender<PollCounts>,
}

#[derive(Debug, Default)]
struct PollCounts {
    /// How often this process was asked to look.
    asked: u64,
    /// How many of those it has done, all of them by looking once.
    answered: u64,
    runs: usize,
}

impl PollTracker {
    pub(in crate::runner) fn new(runs_max: usize) -> Self {
        Self { runs_max, state: watch::Sender::default() }
    }

    /// Asks for a look, and gives what to wait for it with.
    pub(in crate::runner) fn request(&self) -> PollTicket {
        self.state.send_modify(|state| state.asked += 1);
        self.asked()
    }

    /// What a look that begins now answers.
    pub(in crate::runner) fn asked(&self) -> PollTicket {
        PollTicket(self.state.borrow().asked)
    }

    /// This process has looked, for all who had asked by then.
    pub(in crate::runner) fn answer(&self, asked: PollTicket) {
        self.state.send_modify(|state| state.answered = asked.0);
    }

    pub(in crate::runner) fn run_started(&self) {
        self.state.send_modify(|state| state.runs += 1);
    }

    pub(in crate::runner) fn run_ended(&self) {
        self.state.send_modify(|state| state.runs -= 1);
    }

    pub(in crate::runner) async fn wait_until_answered(&self, asked: PollTicket) {
        self.until(|state| state.answered >= asked.0).await;
    }

    /// Waits until one more run could begin, for sure: a look that is due may begin some.
    pub(in crate::runner) async fn wait_for_capacity(&self) {
        self.until(|state| state.answered == state.asked && state.runs < self.runs_max).await;
    }

    async fn until(&self, holds: impl FnMut(&PollCounts) -> bool) {
        let held = self.state.subscribe().wait_for(holds).await.is_ok();
        debug_assert!(held, "what is watched is borrowed");
    }
}

/// How often this process had been asked to look.
#[derive(Debug, Clone, Copy)]
pub(in crate::runner) struct PollTicket(u64);

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_look_answers_those_who_asked_before_it_began() {
        let polls = PollTracker::new(1);
        let early = [polls.request(), polls.request()];
        let look = polls.asked();
        let late = polls.request();
        assert!(polls.wait_until_answered(early[0]).now_or_never().is_none());
        polls.answer(look);
        assert!(
            early.iter().all(|early| polls.wait_until_answered(*early).now_or_never().is_some())
        );
        assert!(polls.wait_until_answered(late).now_or_never().is_none());
        polls.answer(polls.asked());
        assert!(polls.wait_until_answered(late).now_or_never().is_some());
    }

    #[test]
    fn there_is_a_place_where_fewer_run_than_may_and_no_look_could_change_that() {
        let polls = PollTracker::new(1);
        let wait_for_capacity = || polls.wait_for_capacity().now_or_never().is_some();
        assert!(wait_for_capacity());
        polls.request();
        assert!(!wait_for_capacity());
        polls.run_started();
        polls.answer(polls.asked());
        assert!(!wait_for_capacity());
        polls.run_ended();
        assert!(wait_for_capacity());
    }
}
