//! Reads the history of a test and says what must not be in it.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use liveops::{OperationId, OperationState};

use super::history::{
    Author, Event, History, HookCall, LoggedLine, Outcome, PastAttempt, Published, Write,
};

/// Something that happened to an operation and must not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) id: OperationId,
    pub(crate) what: Wrong,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It was enqueued, and there is no trace of it.
    Lost,
    /// It was enqueued, and has not ended.
    Unfinished,
    /// It ended once more.
    EndedTwice,
    /// Its row was written after its end.
    WrittenAfterEnd,
    /// Its attempt went from one number to another that does not come next.
    Attempt { from: u32, to: u32 },
    /// It was attempted more often than it may.
    AttemptedTooOften { made: usize, allowed: u32 },
    /// What its row says was written by somebody who did not run it.
    StaleWrite { by: Author, run_by: Option<Author> },
    /// It was taken from a worker that nothing had happened to.
    TakenFromHealthy(Author),
    /// It went back into the queue without being asked to.
    HandedBackUnasked(Author),
    /// Another attempt was opened although nothing had failed.
    AttemptSpent(Author),
    /// It was given up although it might have been attempted again.
    GivenUpEarly { made: usize, allowed: u32 },
    /// Its row says that it came to its end, and whoever ran it does not.
    EndedUnsaid(Author),
    /// It was run by somebody who had not claimed it.
    RunUnclaimed(Author),
    /// Two healthy workers ran it at once.
    Overlap(Author, Author),
    /// A frame was accepted of somebody whom another had taken the channel over from.
    StalePublish { by: Author, after: Author },
    /// A frame was accepted behind the last one.
    PublishedAfterEnd(Author),
    /// The page was told of another end than the row has.
    OtherEnd { shown: OperationState, committed: OperationState },
    /// The page was never told of the end, by a worker that lived on.
    EndUnshown(Author),
    /// No hook was called for an end.
    Unhooked { key: String },
    /// A hook was called for something that is no end, or for an end that is not the one it was told.
    HookedWrongly { key: String, state: OperationState },
    /// A hook was called before the end was committed.
    HookedEarly { key: String },
    /// A log line is there twice, or after a later one, or another one is missing before it.
    LogDisordered { by: Author, steps: Vec<u32> },
    /// Log lines are gone that were logged long before the fault.
    LogLost { by: Author, kept: usize, logged: usize },
    /// It was cancelled, and nobody had asked for that.
    CancelledUnasked,
    /// The actions that the database keeps are not those that were accepted.
    Acted { kept: Vec<String>, accepted: Vec<&'static str> },
    /// The attempts that the database keeps are not those that ended.
    Recorded { kept: Vec<(Author, String)>, ended: Vec<(Author, String)> },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.id, self.what)
    }
}

/// Everything that is wrong with a history in which no user retried anything.
pub(crate) fn check(history: &History) -> Vec<Violation> {
    let workers = Workers::of(&history.events);
    let mut stories: HashMap<OperationId, Story<'_>> = HashMap::new();
    for id in &history.enqueued {
        stories.entry(*id).or_default().is_enqueued = true;
    }
    for write in &history.writes {
        stories.entry(write.id).or_default().writes.push(write);
    }
    for attempt in &history.attempts {
        stories.entry(attempt.id).or_default().attempts.push(attempt);
    }
    for id in &history.cancelled {
        stories.entry(*id).or_default().accepted.push("cancel");
    }
    for (id, kind) in &history.actions {
        stories.entry(*id).or_default().actions.push(kind);
    }
    for line in &history.log {
        stories.entry(line.id).or_default().log.push(line);
    }
    for event in &history.events {
        if let Some(id) = event.operation() {
            stories.entry(id).or_default().events.push(event);
        } else {
            // What happens to a worker concerns whatever it runs.
            for story in stories.values_mut() {
                story.events.push(event);
            }
        }
    }
    let mut violations: Vec<Violation> = Vec::new();
    for (id, story) in &stories {
        let mut wrong = Vec::new();
        story.check_life(&mut wrong);
        story.check_attempts(&mut wrong);
        story.check_authors(&mut wrong);
        story.check_reasons(&workers, &mut wrong);
        story.check_runs(&workers, &mut wrong);
        story.check_frames(&workers, &mut wrong);
        story.check_recorded(&mut wrong);
        story.check_actions(&mut wrong);
        story.check_hooks(&mut wrong);
        story.check_log(history, &mut wrong);
        violations.extend(wrong.into_iter().map(|what| Violation { id: *id, what }));
    }
    violations
}

/// What happened to the workers.
#[derive(Debug, Default)]
struct Workers {
    /// They may have been silent for as long as a lease.
    silenced: HashSet<u32>,
    killed: HashSet<u32>,
    terminated: HashSet<u32>,
}

impl Workers {
    fn of(events: &[Event]) -> Self {
        let mut workers = Self::default();
        for event in events {
            match event {
                Event::Killed(pid) => {
                    workers.silenced.insert(*pid);
                    workers.killed.insert(*pid);
                }
                Event::Stopped(pid) => drop(workers.silenced.insert(*pid)),
                Event::Terminated(pid) => drop(workers.terminated.insert(*pid)),
                _ => {}
            }
        }
        workers
    }
}

/// What happened to one operation.
#[derive(Debug, Default)]
struct Story<'a> {
    is_enqueued: bool,
    writes: Vec<&'a Write>,
    events: Vec<&'a Event>,
    attempts: Vec<&'a PastAttempt>,
    /// What users asked for, and was accepted.
    accepted: Vec<&'static str>,
    /// The kinds of the actions that the database keeps.
    actions: Vec<&'a String>,
    log: Vec<&'a LoggedLine>,
}

impl Story<'_> {
    /// One end, nothing after it, and nothing lost.
    fn check_life(&self, wrong: &mut Vec<Wrong>) {
        let Some(last) = self.writes.last() else {
            return wrong.extend(self.is_enqueued.then_some(Wrong::Lost));
        };
        if !last.is_end() {
            wrong.push(Wrong::Unfinished);
        }
        for write in &self.writes {
            let was_over = write.before.as_ref().is_some_and(|before| before.state.is_terminal());
            match (was_over, write.is_end()) {
                (true, true) => wrong.push(Wrong::EndedTwice),
                (true, false) => wrong.push(Wrong::WrittenAfterEnd),
                (false, _) => {}
            }
        }
    }

    /// Attempts grow one by one, and there are not more than there may be.
    fn check_attempts(&self, wrong: &mut Vec<Wrong>) {
        for write in &self.writes {
            let Some(before) = &write.before else { continue };
            let (from, to) = (before.attempt, write.after.attempt);
            if to != from && to != from + 1 {
                wrong.push(Wrong::Attempt { from, to });
            }
        }
        let made = self.attempts_made();
        if let Some(write) = self.writes.last() {
            let allowed = write.after.max_attempts;
            if made > allowed as usize {
                wrong.push(Wrong::AttemptedTooOften { made, allowed });
            }
        }
    }

    /// Every claim is an attempt, unless the operation was handed back.
    fn attempts_made(&self) -> usize {
        self.claims().count() - self.writes.iter().filter(|write| write.is_hand_back()).count()
    }

    /// What is written in the name of a run is written by whoever runs it.
    fn check_authors(&self, wrong: &mut Vec<Wrong>) {
        for write in &self.writes {
            let before = write.before.as_ref();
            let run_by = write.author_before();
            let changed = [
                (before.and_then(|row| row.status), write.after.status),
                (before.and_then(|row| row.output), write.after.output),
            ];
            for (old, new) in changed {
                if let Some(by) = new.filter(|_| new != old)
                    && run_by != Some(by)
                {
                    wrong.push(Wrong::StaleWrite { by, run_by });
                }
            }
        }
    }

    /// Whatever ends a run has a reason.
    fn check_reasons(&self, workers: &Workers, wrong: &mut Vec<Wrong>) {
        for write in &self.writes {
            let Some(author) = write.author_before() else { continue };
            if write.is_rescue() {
                if !workers.silenced.contains(&author.pid) {
                    wrong.push(Wrong::TakenFromHealthy(author));
                }
                let (made, allowed) = (self.attempts_made(), write.after.max_attempts);
                let is_failure = write.after.state == OperationState::FinishedError;
                if is_failure && made < allowed as usize {
                    wrong.push(Wrong::GivenUpEarly { made, allowed });
                }
            } else if write.is_hand_back() {
                if !workers.terminated.contains(&author.pid) {
                    wrong.push(Wrong::HandedBackUnasked(author));
                }
            } else if write.is_requeue() {
                // No operation here fails by itself.
                wrong.push(Wrong::AttemptSpent(author));
            } else if write.after.state == OperationState::Cancelled {
                // Somebody asked for it: see `check_actions`.
            } else if write.is_end() && !self.says_it_is_done(author) {
                let is_interrupted = write.after.state == OperationState::FinishedError
                    && workers.terminated.contains(&author.pid);
                let (made, allowed) = (self.attempts_made(), write.after.max_attempts);
                if !is_interrupted {
                    wrong.push(Wrong::EndedUnsaid(author));
                } else if made < allowed as usize {
                    wrong.push(Wrong::GivenUpEarly { made, allowed });
                }
            }
        }
    }

    fn says_it_is_done(&self, author: Author) -> bool {
        self.events
            .iter()
            .any(|event| matches!(event, Event::Ended(_, by, Outcome::Done) if *by == author))
    }

    /// Whoever runs it has claimed it, and among healthy workers only one does at a time.
    fn check_runs(&self, workers: &Workers, wrong: &mut Vec<Wrong>) {
        let mut claims: Vec<Author> = self.claims().collect();
        let mut running: Vec<Author> = Vec::new();
        for event in &self.events {
            match event {
                Event::Began(_, by) => {
                    match claims.iter().position(|claim| claim == by) {
                        Some(claim) => drop(claims.swap_remove(claim)),
                        None => wrong.push(Wrong::RunUnclaimed(*by)),
                    }
                    // Whoever is paused between the claim and the beginning begins when it goes on, and
                    // hears only then that somebody has taken over.
                    if !(workers.silenced.contains(&by.pid) && self.was_rescued_from(*by)) {
                        wrong.extend(running.iter().map(|other| Wrong::Overlap(*other, *by)));
                        running.push(*by);
                    }
                }
                Event::Ended(_, by, _) => running.retain(|other| other != by),
                Event::Stopped(pid) | Event::Killed(pid) => {
                    running.retain(|other| other.pid != *pid);
                }
                _ => {}
            }
        }
    }

    fn was_rescued_from(&self, author: Author) -> bool {
        let mut rescues = self.writes.iter().filter(|write| write.is_rescue());
        rescues.any(|write| write.author_before() == Some(author))
    }

    /// Frames come from whoever holds the operation, and end with the end that was committed.
    fn check_frames(&self, workers: &Workers, wrong: &mut Vec<Wrong>) {
        let mut channel = Channel { claims: self.claims().collect(), ..Channel::default() };
        for event in &self.events {
            if let Event::Published(_, by, published) = event {
                wrong.extend(channel.accept(*by, *published));
            }
        }
        let Some(end) = self.writes.iter().find(|write| write.is_end()) else { return };
        let committed = end.after.state;
        match channel.end {
            Some(shown) if shown == committed => {}
            Some(shown) => wrong.push(Wrong::OtherEnd { shown, committed }),
            None => {
                // Who rescues an operation is not noted, and whoever was killed shows nothing.
                let author = end.author_before().filter(|_| !end.is_rescue());
                let author = author.filter(|author| !workers.killed.contains(&author.pid));
                wrong.extend(author.map(Wrong::EndUnshown));
            }
        }
    }

    /// Each attempt that ended is kept once, with its end, and no other.
    fn check_recorded(&self, wrong: &mut Vec<Wrong>) {
        let fact = |attempt: &PastAttempt| (attempt.by, attempt.outcome.clone());
        let ended = self.writes.iter().filter_map(|write| write.ended_attempt());
        let ended: Vec<_> = ended.map(|attempt| fact(&attempt)).collect();
        let mut kept: Vec<_> = self.attempts.iter().map(|attempt| fact(attempt)).collect();
        kept.sort_by_key(|(by, _)| by.attempt);
        if kept != ended {
            wrong.push(Wrong::Recorded { kept, ended });
        }
    }

    /// Each action that was accepted is kept once, and no other. Nothing is cancelled without one.
    fn check_actions(&self, wrong: &mut Vec<Wrong>) {
        if !self.actions.iter().eq(&self.accepted) {
            let kept = self.actions.iter().copied().cloned().collect();
            wrong.push(Wrong::Acted { kept, accepted: self.accepted.clone() });
        }
        let is_cancelled =
            self.writes.iter().any(|write| write.after.state == OperationState::Cancelled);
        if is_cancelled && self.accepted.is_empty() {
            wrong.push(Wrong::CancelledUnasked);
        }
    }

    /// The hook is called at least once for each end, with the key of the end, and for nothing else.
    fn check_hooks(&self, wrong: &mut Vec<Wrong>) {
        let ends = || {
            let ends = self.writes.iter();
            ends.filter_map(|write| Some((write.key_of_end()?, write.after.state)))
        };
        let calls = || {
            self.events.iter().filter_map(|event| match event {
                Event::Hooked(_, call) => Some(call),
                _ => None,
            })
        };
        for (key, _) in ends() {
            if !calls().any(|call| call.key == key) {
                wrong.push(Wrong::Unhooked { key });
            }
        }
        for HookCall { key, state, is_committed, .. } in calls() {
            if !ends().any(|end| end == (key.clone(), *state)) {
                wrong.push(Wrong::HookedWrongly { key: key.clone(), state: *state });
            } else if !is_committed {
                wrong.push(Wrong::HookedEarly { key: key.clone() });
            }
        }
    }

    /// The lines of each run are there once and in order, without a gap. All are there of a run that ended by itself, and
    /// of another one those from long before the fault.
    fn check_log(&self, history: &History, wrong: &mut Vec<Wrong>) {
        let mut kept: HashMap<Author, Vec<u32>> = HashMap::new();
        for (by, step) in self.log.iter().filter_map(|line| line.step) {
            kept.entry(by).or_default().push(step);
        }
        let is_ascending = self.log.is_sorted_by(|a, b| a.number < b.number);
        for (by, steps) in &kept {
            if !is_ascending || !steps.iter().copied().eq(0..steps.len() as u32) {
                wrong.push(Wrong::LogDisordered { by: *by, steps: steps.clone() });
            }
        }
        let mut expected: HashMap<Author, usize> = HashMap::new();
        for event in &self.events {
            let Event::Stepped(_, by, step, at) = event else { continue };
            let is_kept = match history.kept_after {
                _ if !self.was_rescued_from(*by) => true,
                None => false,
                Some(after) => fault_of(&history.events, by.pid)
                    .is_some_and(|fault| at + after.as_millis() as i64 <= fault),
            };
            if is_kept {
                expected.insert(*by, *step as usize + 1);
            }
        }
        for (by, logged) in expected {
            let kept = kept.get(&by).map_or(0, Vec::len);
            if kept < logged {
                wrong.push(Wrong::LogLost { by, kept, logged });
            }
        }
    }

    /// The runs that the database gave away, in order.
    fn claims(&self) -> impl Iterator<Item = Author> {
        let claims = self.writes.iter().filter(|write| write.is_claim());
        claims.filter_map(|write| {
            Some(Author { attempt: write.after.attempt, pid: write.after.worker? })
        })
    }
}

/// The earliest time, in milliseconds, at which a worker was killed or stopped: the time of the last step before.
fn fault_of(events: &[Event], pid: u32) -> Option<i64> {
    let is_fault =
        |event: &Event| matches!(event, Event::Killed(of) | Event::Stopped(of) if *of == pid);
    let before = &events[..events.iter().position(is_fault)?];
    before.iter().rev().find_map(|event| match event {
        Event::Stepped(.., at) => Some(*at),
        _ => None,
    })
}

/// What the frames of one operation say so far.
#[derive(Debug, Default)]
struct Channel {
    claims: Vec<Author>,
    /// The newest claim that has spoken.
    holder: Option<usize>,
    latest: Option<Author>,
    end: Option<OperationState>,
}

impl Channel {
    /// Takes the next frame that was accepted, and says what is wrong with that.
    fn accept(&mut self, by: Author, published: Published) -> Option<Wrong> {
        let claim = self.claims.iter().position(|claim| *claim == by);
        let holder = self.holder.map(|holder| self.claims[holder]);
        let outranked_by = match (claim, self.holder) {
            (Some(claim), Some(holder)) if claim < holder => Some(self.claims[holder]),
            // Whoever puts an operation back into the queue shows that it waits. That is news until
            // it has been claimed.
            (None, _) => holder.filter(|holder| holder.attempt >= by.attempt),
            _ => self.latest.filter(|latest| latest.attempt > by.attempt),
        };
        let was_over = self.end.is_some();
        self.holder = self.holder.max(claim);
        self.latest = Some(by);
        if let Published::Finished(state) = published {
            self.end = Some(state);
        }
        match outranked_by {
            Some(after) => Some(Wrong::StalePublish { by, after }),
            None => was_over.then_some(Wrong::PublishedAfterEnd(by)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::history::Row, *};

    const FIRST: Author = Author { attempt: 1, pid: 10 };
    const SECOND: Author = Author { attempt: 2, pid: 20 };

    /// A history of one operation, told step by step.
    struct Told {
        id: OperationId,
        row: Option<Row>,
        history: History,
    }

    impl Told {
        fn enqueued() -> Self {
            let id = OperationId::new();
            let history = History { enqueued: vec![id], ..History::default() };
            Self { id, row: None, history }.write(|_| {})
        }

        /// What a worker does from its claim on, up to its end.
        fn begun(self, by: Author) -> Self {
            self.claimed(by).event(|id| Event::Began(id, by)).shown(by, Published::Opening)
        }

        fn claimed(self, by: Author) -> Self {
            self.write(|row| {
                row.state = OperationState::Started;
                row.worker = Some(by.pid);
            })
        }

        fn said_done(self, by: Author) -> Self {
            self.event(|id| Event::Ended(id, by, Outcome::Done))
        }

        fn ended(self) -> Self {
            self.write(|row| row.state = OperationState::FinishedOk)
        }

        fn finished(self, by: Author) -> Self {
            let end = Published::Finished(OperationState::FinishedOk);
            self.said_done(by).ended().shown(by, end)
        }

        fn rescued(self) -> Self {
            self.write(|row| {
                row.state = OperationState::NotStarted;
                row.attempt += 1;
                row.rescues += 1;
                row.worker = None;
            })
        }

        fn killed(self, by: Author) -> Self {
            self.event(|_| Event::Killed(by.pid))
        }

        fn shown(self, by: Author, published: Published) -> Self {
            self.event(|id| Event::Published(id, by, published))
        }

        fn accepted(mut self) -> Self {
            self.history.cancelled.push(self.id);
            self
        }

        fn recorded(mut self, kind: &str) -> Self {
            self.history.actions.push((self.id, kind.to_owned()));
            self
        }

        fn logged(mut self, by: Author, step: u32) -> Self {
            let (id, number) = (self.id, self.history.log.len() as i64);
            self.history.log.push(LoggedLine { id, number, step: Some((by, step)) });
            self
        }

        fn stepped(self, by: Author, step: u32, at: i64) -> Self {
            self.event(|id| Event::Stepped(id, by, step, at))
        }

        fn event(mut self, event: impl FnOnce(OperationId) -> Event) -> Self {
            self.history.events.push(event(self.id));
            self
        }

        fn write(mut self, change: impl FnOnce(&mut Row)) -> Self {
            let before = self.row.clone();
            let mut after = before.clone().unwrap_or(Row {
                state: OperationState::NotStarted,
                attempt: 1,
                attempts_before: 0,
                max_attempts: 2,
                rescues: 0,
                hand_backs: 0,
                worker: None,
                status: None,
                output: None,
            });
            change(&mut after);
            self.row = Some(after.clone());
            let write = Write { id: self.id, before, after };
            self.history.attempts.extend(write.ended_attempt());
            if let Some(key) = write.key_of_end() {
                let state = write.after.state;
                let call = HookCall { pid: SECOND.pid, key, state, is_committed: true };
                self.history.events.push(Event::Hooked(self.id, call));
            }
            self.history.writes.push(write);
            self
        }

        #[track_caller]
        fn is_wrong(&self, expected: &[Wrong]) {
            let found: Vec<Wrong> = check(&self.history).into_iter().map(|v| v.what).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_cancellation_has_one_action_and_an_action_one_cancellation() {
        let cancelled = |by: Author| {
            let end = Published::Finished(OperationState::Cancelled);
            let dropped =
                Told::enqueued().begun(by).event(|id| Event::Ended(id, by, Outcome::Dropped));
            dropped.write(|row| row.state = OperationState::Cancelled).shown(by, end)
        };
        cancelled(FIRST).accepted().recorded("cancel").is_wrong(&[]);
        let kept = |kinds: &[&str]| kinds.iter().map(ToString::to_string).collect();
        let accepted = vec!["cancel"];
        let acted = Wrong::Acted { kept: kept(&[]), accepted: accepted.clone() };
        cancelled(FIRST).accepted().is_wrong(&[acted]);
        let acted = Wrong::Acted { kept: kept(&["cancel", "cancel"]), accepted };
        cancelled(FIRST).accepted().recorded("cancel").recorded("cancel").is_wrong(&[acted]);
        let acted = Wrong::Acted { kept: kept(&["retry"]), accepted: Vec::new() };
        Told::enqueued().begun(FIRST).finished(FIRST).recorded("retry").is_wrong(&[acted]);
        cancelled(FIRST).is_wrong(&[Wrong::CancelledUnasked]);
    }

    #[test]
    fn nothing_is_wrong_with_a_run_that_is_lost_and_made_again() {
        Told::enqueued()
            .begun(FIRST)
            .killed(FIRST)
            .rescued()
            .begun(SECOND)
            .finished(SECOND)
            .is_wrong(&[]);
    }

    #[test]
    fn nothing_is_wrong_with_a_run_that_is_handed_back() {
        let told = Told::enqueued().begun(FIRST).event(|_| Event::Terminated(FIRST.pid));
        let told = told.event(|id| Event::Ended(id, FIRST, Outcome::Dropped)).write(|row| {
            row.state = OperationState::NotStarted;
            row.attempt += 1;
            row.attempts_before += 1;
            row.hand_backs += 1;
            row.max_attempts = 1;
        });
        let told = told.begun(SECOND).finished(SECOND);
        let kept: Vec<_> = told.history.attempts.iter().map(|past| &*past.outcome).collect();
        assert_eq!(kept, ["handed_back", "finished"]);
        told.is_wrong(&[]);
    }

    /// A history of an operation that has finished, with other calls of its hook.
    fn hooked(change: impl FnOnce(&mut Vec<HookCall>)) -> Told {
        let mut told = Told::enqueued().begun(FIRST).finished(FIRST);
        let id = told.id;
        let mut calls = Vec::new();
        told.history.events.retain(|event| match event {
            Event::Hooked(_, call) => {
                calls.push(call.clone());
                false
            }
            _ => true,
        });
        change(&mut calls);
        told.history.events.extend(calls.into_iter().map(|call| Event::Hooked(id, call)));
        told
    }

    #[test]
    fn a_hook_may_be_called_again_with_the_same_key() {
        hooked(|calls| calls.extend(calls.clone())).is_wrong(&[]);
    }

    #[test]
    fn an_end_without_a_hook_is_noticed() {
        let told = hooked(Vec::clear);
        told.is_wrong(&[Wrong::Unhooked { key: format!("{}-1", told.id) }]);
    }

    #[test]
    fn a_hook_with_another_key_or_state_is_noticed() {
        let (key, state) = ("another-1".to_owned(), OperationState::FinishedOk);
        let told = hooked(|calls| calls.push(HookCall { key: key.clone(), ..calls[0].clone() }));
        told.is_wrong(&[Wrong::HookedWrongly { key, state }]);
        let told = hooked(|calls| calls[0].state = OperationState::Cancelled);
        let (key, state) = (format!("{}-1", told.id), OperationState::Cancelled);
        told.is_wrong(&[Wrong::HookedWrongly { key, state }]);
    }

    #[test]
    fn a_hook_before_the_commit_is_noticed() {
        let told = hooked(|calls| calls[0].is_committed = false);
        told.is_wrong(&[Wrong::HookedEarly { key: format!("{}-1", told.id) }]);
    }

    #[test]
    fn an_attempt_that_is_not_kept_is_noticed() {
        let told =
            || Told::enqueued().begun(FIRST).killed(FIRST).rescued().begun(SECOND).finished(SECOND);
        let ended = vec![(FIRST, "lost".to_owned()), (SECOND, "finished".to_owned())];
        for index in 0..2 {
            let mut told = told();
            told.history.attempts.remove(index);
            let kept = vec![ended[1 - index].clone()];
            told.is_wrong(&[Wrong::Recorded { kept, ended: ended.clone() }]);
        }
    }

    #[test]
    fn an_attempt_with_another_end_or_of_somebody_else_is_noticed() {
        let told = || Told::enqueued().begun(FIRST).finished(FIRST);
        let ended = vec![(FIRST, "finished".to_owned())];
        let mut other_end = told();
        other_end.history.attempts[0].outcome = "failed".to_owned();
        let kept = vec![(FIRST, "failed".to_owned())];
        other_end.is_wrong(&[Wrong::Recorded { kept, ended: ended.clone() }]);
        let mut somebody_else = told();
        somebody_else.history.attempts[0].by = SECOND;
        let kept = vec![(SECOND, "finished".to_owned())];
        somebody_else.is_wrong(&[Wrong::Recorded { kept, ended: ended.clone() }]);
        let mut twice = told();
        twice.history.attempts.push(twice.history.attempts[0].clone());
        let kept = vec![ended[0].clone(), ended[0].clone()];
        twice.is_wrong(&[Wrong::Recorded { kept, ended }]);
    }

    #[test]
    fn a_claim_that_was_put_back_is_no_attempt() {
        let told = Told::enqueued().claimed(FIRST).event(|_| Event::Terminated(FIRST.pid));
        let told = told.write(|row| {
            row.state = OperationState::NotStarted;
            row.attempt += 1;
            row.attempts_before += 1;
        });
        let told = told.begun(SECOND).finished(SECOND);
        assert_eq!(told.history.attempts.len(), 1);
        told.is_wrong(&[]);
    }

    #[test]
    fn only_the_last_lines_of_a_killed_worker_may_be_lost() {
        let told = || {
            let told = Told::enqueued().begun(FIRST);
            let told = told.stepped(FIRST, 0, 1_000).stepped(FIRST, 1, 9_000).killed(FIRST);
            let mut told = told.rescued().begun(SECOND).finished(SECOND);
            told.history.kept_after = Some(Duration::from_secs(5));
            told
        };
        told().is_wrong(&[Wrong::LogLost { by: FIRST, kept: 0, logged: 1 }]);
        told().logged(FIRST, 0).is_wrong(&[]);
    }

    #[test]
    fn every_line_of_a_run_that_ends_is_there_once_and_in_order() {
        let told = || {
            let told = Told::enqueued().begun(FIRST).stepped(FIRST, 0, 1).stepped(FIRST, 1, 2);
            told.finished(FIRST).logged(FIRST, 0)
        };
        told().is_wrong(&[Wrong::LogLost { by: FIRST, kept: 1, logged: 2 }]);
        told().logged(FIRST, 1).is_wrong(&[]);
        let twice = vec![0, 1, 1];
        told()
            .logged(FIRST, 1)
            .logged(FIRST, 1)
            .is_wrong(&[Wrong::LogDisordered { by: FIRST, steps: twice }]);
        let mut shifted = told().logged(FIRST, 1);
        shifted.history.log[1].number = 0;
        shifted.is_wrong(&[Wrong::LogDisordered { by: FIRST, steps: vec![0, 1] }]);
    }

    #[test]
    fn an_operation_without_a_trace_is_lost() {
        let mut told = Told::enqueued();
        told.history.writes.clear();
        told.is_wrong(&[Wrong::Lost]);
    }

    #[test]
    fn an_operation_that_does_not_end_is_unfinished() {
        Told::enqueued().begun(FIRST).is_wrong(&[Wrong::Unfinished]);
    }

    #[test]
    fn a_second_end_is_noticed() {
        let told = Told::enqueued().begun(FIRST).finished(FIRST);
        told.write(|row| row.rescues = 0).is_wrong(&[Wrong::EndedTwice]);
    }

    #[test]
    fn a_write_after_the_end_is_noticed() {
        let told = Told::enqueued().begun(FIRST).finished(FIRST);
        let told = told.write(|row| row.state = OperationState::NotStarted);
        told.is_wrong(&[Wrong::Unfinished, Wrong::WrittenAfterEnd]);
    }

    #[test]
    fn an_attempt_that_shrinks_is_noticed() {
        let told = Told::enqueued().begun(FIRST).killed(FIRST).rescued();
        let told = told.write(|row| row.attempt = 1).begun(Author { attempt: 1, pid: 20 });
        let told = told.finished(Author { attempt: 1, pid: 20 });
        told.is_wrong(&[Wrong::Attempt { from: 2, to: 1 }]);
    }

    #[test]
    fn one_attempt_too_many_is_noticed() {
        let told = Told::enqueued().begun(FIRST).killed(FIRST).rescued().begun(SECOND);
        let told = told.write(|row| row.max_attempts = 1).finished(SECOND);
        told.is_wrong(&[Wrong::AttemptedTooOften { made: 2, allowed: 1 }]);
    }

    #[test]
    fn an_attempt_that_is_spent_for_nothing_is_noticed() {
        let told =
            Told::enqueued().begun(FIRST).event(|id| Event::Ended(id, FIRST, Outcome::Dropped));
        let told = told.write(|row| {
            row.state = OperationState::NotStarted;
            row.attempt += 1;
        });
        told.begun(SECOND).finished(SECOND).is_wrong(&[Wrong::AttemptSpent(FIRST)]);
    }

    #[test]
    fn giving_up_early_is_noticed() {
        let told = Told::enqueued().begun(FIRST).killed(FIRST).write(|row| {
            row.state = OperationState::FinishedError;
            row.rescues = 1;
        });
        told.is_wrong(&[Wrong::GivenUpEarly { made: 1, allowed: 2 }]);
    }

    #[test]
    fn what_a_stale_run_writes_is_noticed() {
        let told = Told::enqueued().begun(FIRST).killed(FIRST).rescued().begun(SECOND);
        let told = told.write(|row| row.status = Some(FIRST)).finished(SECOND);
        told.is_wrong(&[Wrong::StaleWrite { by: FIRST, run_by: Some(SECOND) }]);
    }

    #[test]
    fn what_a_stale_run_publishes_is_noticed() {
        let told = Told::enqueued().begun(FIRST).killed(FIRST).rescued().begun(SECOND);
        let told = told.shown(FIRST, Published::Fragments).finished(SECOND);
        told.is_wrong(&[Wrong::StalePublish { by: FIRST, after: SECOND }]);
    }

    #[test]
    fn showing_what_runs_as_waiting_is_noticed() {
        let rescuer = Author { attempt: 2, pid: 30 };
        let told = Told::enqueued().begun(FIRST).killed(FIRST).rescued();
        let told = told.shown(rescuer, Published::Opening).begun(SECOND);
        let told = told.shown(rescuer, Published::Opening).finished(SECOND);
        told.is_wrong(&[Wrong::StalePublish { by: rescuer, after: SECOND }]);
    }

    #[test]
    fn taking_from_a_healthy_worker_is_noticed() {
        let told =
            Told::enqueued().begun(FIRST).event(|id| Event::Ended(id, FIRST, Outcome::Dropped));
        let told = told.rescued().begun(SECOND).finished(SECOND);
        told.is_wrong(&[Wrong::TakenFromHealthy(FIRST)]);
    }

    #[test]
    fn handing_back_unasked_is_noticed() {
        let told =
            Told::enqueued().begun(FIRST).event(|id| Event::Ended(id, FIRST, Outcome::Dropped));
        let told = told.write(|row| {
            row.state = OperationState::NotStarted;
            row.attempt += 1;
            row.attempts_before += 1;
        });
        told.begun(SECOND).finished(SECOND).is_wrong(&[Wrong::HandedBackUnasked(FIRST)]);
    }

    #[test]
    fn two_healthy_workers_at_one_operation_are_noticed() {
        let told = Told::enqueued().begun(FIRST).rescued().begun(SECOND).finished(SECOND);
        told.is_wrong(&[Wrong::TakenFromHealthy(FIRST), Wrong::Overlap(FIRST, SECOND)]);
    }

    #[test]
    fn a_paused_worker_may_overlap_with_whoever_took_over() {
        let told = Told::enqueued().begun(FIRST).event(|_| Event::Stopped(FIRST.pid)).rescued();
        let told = told.begun(SECOND).event(|_| Event::Continued(FIRST.pid));
        let told = told
            .event(|id| Event::Stepped(id, FIRST, 0, 0))
            .logged(FIRST, 0)
            .event(|id| Event::Refused(id, FIRST));
        told.finished(SECOND).is_wrong(&[]);
    }

    #[test]
    fn a_worker_that_claims_while_it_is_being_paused_is_no_healthy_one() {
        let told = Told::enqueued().event(|_| Event::Stopped(FIRST.pid)).begun(FIRST).rescued();
        let told = told.event(|_| Event::Continued(FIRST.pid)).begun(SECOND);
        told.finished(SECOND).is_wrong(&[]);
    }

    #[test]
    fn a_worker_that_was_paused_before_it_began_may_begin_late() {
        let paused = Told::enqueued().claimed(FIRST).event(|_| Event::Stopped(FIRST.pid)).rescued();
        let told = paused.begun(SECOND).event(|_| Event::Continued(FIRST.pid));
        let told = told.event(|id| Event::Began(id, FIRST)).event(|id| Event::Refused(id, FIRST));
        told.finished(SECOND).is_wrong(&[]);
    }

    #[test]
    fn a_run_without_a_claim_is_noticed() {
        let told =
            Told::enqueued().begun(FIRST).event(|id| Event::Ended(id, FIRST, Outcome::Dropped));
        let told = told.event(|id| Event::Began(id, FIRST)).finished(FIRST);
        told.is_wrong(&[Wrong::RunUnclaimed(FIRST)]);
    }

    #[test]
    fn an_end_that_nobody_came_to_is_noticed() {
        let end = Published::Finished(OperationState::FinishedOk);
        let told = Told::enqueued().begun(FIRST).ended().shown(FIRST, end);
        told.is_wrong(&[Wrong::EndedUnsaid(FIRST)]);
    }

    #[test]
    fn a_page_that_is_told_of_another_end_is_noticed() {
        let other = Published::Finished(OperationState::FinishedError);
        let told = Told::enqueued().begun(FIRST).said_done(FIRST).ended().shown(FIRST, other);
        let (shown, committed) = (OperationState::FinishedError, OperationState::FinishedOk);
        told.is_wrong(&[Wrong::OtherEnd { shown, committed }]);
    }

    #[test]
    fn a_page_that_is_not_told_of_the_end_is_noticed() {
        let told = Told::enqueued().begun(FIRST).said_done(FIRST).ended();
        told.is_wrong(&[Wrong::EndUnshown(FIRST)]);
    }

    #[test]
    fn a_frame_behind_the_last_one_is_noticed() {
        let told = Told::enqueued().begun(FIRST).finished(FIRST).shown(FIRST, Published::Fragments);
        told.is_wrong(&[Wrong::PublishedAfterEnd(FIRST)]);
    }
}
