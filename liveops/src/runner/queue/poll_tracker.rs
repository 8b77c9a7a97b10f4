use tokio::sync::watch;

/// Whether this process has looked at the queue since it was asked to, and could take more out of it.
#[derive(Debug)]
pub(in crate::runner) struct Looks {
    runs_max: usize,
    state: watch::Sender<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How often this process was asked to look.
    asked: u64,
    /// How many of those it has done, all of them by looking once.
    answered: u64,
    runs: usize,
}

impl Looks {
    pub(in crate::runner) fn new(runs_max: usize) -> Self {
        Self { runs_max, state: watch::Sender::default() }
    }

    /// Asks for a look, and gives what to wait for it with.
    pub(in crate::runner) fn ask(&self) -> Asked {
        self.state.send_modify(|state| state.asked += 1);
        self.asked()
    }

    /// What a look that begins now answers.
    pub(in crate::runner) fn asked(&self) -> Asked {
        Asked(self.state.borrow().asked)
    }

    /// This process has looked, for all who had asked by then.
    pub(in crate::runner) fn answer(&self, asked: Asked) {
        self.state.send_modify(|state| state.answered = asked.0);
    }

    pub(in crate::runner) fn began_run(&self) {
        self.state.send_modify(|state| state.runs += 1);
    }

    pub(in crate::runner) fn ended_run(&self) {
        self.state.send_modify(|state| state.runs -= 1);
    }

    pub(in crate::runner) async fn answered(&self, asked: Asked) {
        self.until(|state| state.answered >= asked.0).await;
    }

    /// Waits until one more run could begin, for sure: a look that is due may begin some.
    pub(in crate::runner) async fn has_place(&self) {
        self.until(|state| state.answered == state.asked && state.runs < self.runs_max).await;
    }

    async fn until(&self, holds: impl FnMut(&State) -> bool) {
        let held = self.state.subscribe().wait_for(holds).await.is_ok();
        debug_assert!(held, "what is watched is borrowed");
    }
}

/// How often this process had been asked to look.
#[derive(Debug, Clone, Copy)]
pub(in crate::runner) struct Asked(u64);

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_look_answers_those_who_asked_before_it_began() {
        let looks = Looks::new(1);
        let early = [looks.ask(), looks.ask()];
        let look = looks.asked();
        let late = looks.ask();
        assert!(looks.answered(early[0]).now_or_never().is_none());
        looks.answer(look);
        assert!(early.iter().all(|early| looks.answered(*early).now_or_never().is_some()));
        assert!(looks.answered(late).now_or_never().is_none());
        looks.answer(looks.asked());
        assert!(looks.answered(late).now_or_never().is_some());
    }

    #[test]
    fn there_is_a_place_where_fewer_run_than_may_and_no_look_could_change_that() {
        let looks = Looks::new(1);
        let has_place = || looks.has_place().now_or_never().is_some();
        assert!(has_place());
        looks.ask();
        assert!(!has_place());
        looks.began_run();
        looks.answer(looks.asked());
        assert!(!has_place());
        looks.ended_run();
        assert!(has_place());
    }
}
