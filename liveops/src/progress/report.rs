//! The state that the handles of one run share with its flusher: the projection and its changes.

use std::{
    borrow::Cow,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::{sync::Notify, time::Instant};

use super::{Cancellation, Clock, cancellation::Check, counter::Counter};
use crate::{
    error::Cancelled,
    event::{Bar, Event, Level, LogLine, StageState, Status},
    operation::{NewOperation, RegionName},
    plain_text::without_sequences,
    projection::{
        BAR_TEXT_BYTES_MAX, Changes, LOG_LINE_BYTES_MAX, LogQueue, LoggedProjection, Projection,
        STATUS_BYTES_MAX, Tail, kept,
    },
};

/// The state that the handles of one run share with its flusher.
///
/// A report is folded into the projection by the caller; the flusher takes the projection and its changes. So
/// any number of reports between two flushes costs one message.
#[derive(Debug)]
pub(crate) struct Report {
    live: Mutex<ReportState>,
    /// Outside the lock, because tight loops update the counter.
    counter: Counter,
    /// Set while a notification is pending, so that tight loops do not notify again.
    touched: AtomicBool,
    touch: Notify,
    /// Notified when a stage changes, because stage states are saved at once.
    pub(crate) stage_changed: Notify,
    pub(crate) cancellation: Cancellation,
    clock: Clock,
    /// Set if every movement of the bar is recorded, and not only its position at a flush.
    is_recorded: bool,
}

#[derive(Debug)]
struct ReportState {
    run: LoggedProjection,
    changes: Changes,
    /// The newest status, not folded yet. The buffer is reused.
    status: String,
    status_level: Option<Level>,
    bar: BarDetails,
    chain: Option<NextOperation>,
    /// `true` while the ending is written: other events are ignored.
    is_sealed: bool,
    /// The recorded events, if this report records events.
    record: Option<Record>,
}

/// The recorded events of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// Every event, in order.
    pub(crate) events: Vec<Event>,
    /// The positions of the events that a panic caused while it unwound.
    pub(crate) while_panicking: Vec<usize>,
}

/// The operation that a run hands over to, or the error of its serialization.
pub(crate) type NextOperation = Result<NewOperation, serde_json::Error>;

/// The details of a bar beside its position.
#[derive(Debug)]
struct BarDetails {
    since: Instant,
    label: Option<Arc<str>>,
    unit: Option<Arc<str>>,
}

impl BarDetails {
    fn new() -> Self {
        Self { since: Instant::now(), label: None, unit: None }
    }
}

impl Report {
    pub(crate) fn new(projection: Projection) -> Self {
        Self {
            live: Mutex::new(ReportState {
                run: projection.into(),
                changes: Changes::default(),
                status: String::new(),
                status_level: None,
                bar: BarDetails::new(),
                chain: None,
                is_sealed: false,
                record: None,
            }),
            counter: Counter::default(),
            touched: AtomicBool::new(false),
            touch: Notify::new(),
            stage_changed: Notify::new(),
            cancellation: Cancellation::default(),
            clock: Clock::default(),
            is_recorded: false,
        }
    }

    /// Creates a report that records every event for [`take_record`](Self::take_record), with log lines dated
    /// by `clock`.
    pub(crate) fn recording(projection: Projection, clock: Clock) -> Self {
        let report = Self { clock, is_recorded: true, ..Self::new(projection) };
        report.live().record = Some(Record::default());
        report
    }

    /// Creates a report that records the events for [`take_events`](Self::take_events). An update that is
    /// replaced before it is folded is not recorded.
    pub(crate) fn with_event_log(projection: Projection) -> Self {
        let report = Self::new(projection);
        report.live().record = Some(Record::default());
        report
    }

    /// Folds an event, after everything that was reported before it.
    pub(crate) fn event(&self, event: Event) {
        self.events([event]);
    }

    /// Folds events, after everything that was reported before them and with nothing in between.
    pub(crate) fn events(&self, events: impl IntoIterator<Item = Event>) {
        let mut live = self.live();
        live.fold_pending(&self.counter);
        for event in events {
            live.fold(event);
        }
        drop(live);
        self.touch();
    }

    /// Returns `true` if the custom region exists, or if the run may have another one.
    pub(super) fn has_room_for(&self, region: &RegionName) -> bool {
        self.live().run.view.has_room_for(region)
    }

    /// Requests cancellation and shows the request.
    pub(crate) fn cancel(&self) {
        if self.cancellation.try_begin_request() {
            // The event comes first because the run may log as soon as the request is made.
            self.event(Event::CancelRequested);
            self.cancellation.request();
        }
    }

    /// Requests cancellation after this many checks.
    pub(crate) fn cancel_after(&self, checks: u64) {
        match checks {
            0 => self.cancel(),
            checks => self.cancellation.count_checks(checks),
        }
    }

    /// Returns an error after a cancellation request.
    pub(crate) fn check_cancelled(&self) -> Result<(), Cancelled> {
        match self.cancellation.check() {
            Check::Passed => Ok(()),
            Check::PassedLast => {
                self.cancel();
                Ok(())
            }
            Check::Refused => Err(Cancelled),
        }
    }

    /// Adds a line to the log.
    pub(crate) fn log(&self, level: Level, text: String) {
        let cut = match kept(&text, LOG_LINE_BYTES_MAX) {
            Cow::Borrowed(_) => None,
            Cow::Owned(cut) => Some(cut),
        };
        let text = cut.unwrap_or(text);
        self.event(Event::Log(LogLine { at: self.clock.now(), level, text }));
    }

    pub(crate) fn status(&self, level: Level, text: &str) {
        let mut live = self.live();
        live.status.clear();
        live.status.push_str(&kept(&without_sequences(text), STATUS_BYTES_MAX));
        live.status_level = Some(level);
        if self.is_recorded {
            live.fold_status();
        }
        drop(live);
        self.touch();
    }

    pub(crate) fn stage(&self, index: usize, state: StageState) {
        let mut live = self.live();
        live.fold_pending(&self.counter);
        if state == StageState::Active {
            self.counter.reset();
            live.bar = BarDetails::new();
        }
        live.fold(Event::Stage { index, state, at: self.clock.now() });
        drop(live);
        self.touch();
        self.stage_changed.notify_one();
    }

    /// Starts a new bar with this count.
    pub(crate) fn count(&self, done: u64, total: Option<u64>) {
        let mut live = self.live();
        live.bar = BarDetails::new();
        self.counter.set(done, total);
        drop(live);
        // A recording report waits for the label and the unit, which are set after this call.
        if !self.is_recorded {
            self.touch();
        }
    }

    pub(crate) fn bar_label(&self, label: Arc<str>) {
        self.live().bar.label = Some(short(label));
        self.touch_bar();
    }

    pub(crate) fn bar_unit(&self, unit: Arc<str>) {
        self.live().bar.unit = Some(short(unit));
        self.touch_bar();
    }

    /// Publishes the label or the unit, in case the frame for the start of the bar did not contain it.
    fn touch_bar(&self) {
        // A recording report records both with the next count.
        if !self.is_recorded {
            self.touch();
        }
    }

    /// The position of the bar. Call [`touch`](Self::touch) after a change.
    pub(crate) fn counter(&self) -> &Counter {
        &self.counter
    }

    /// Notifies the flusher of a change.
    pub(crate) fn touch(&self) {
        if !self.touched.load(Ordering::Relaxed) {
            self.notify();
        }
    }

    /// Kept out of the fast path of `touch`. A recording report never sets `touched`, so every call of
    /// `touch` reaches this function.
    fn notify(&self) {
        if self.is_recorded {
            self.live().fold_pending(&self.counter);
        } else {
            self.touched.store(true, Ordering::Release);
            self.touch.notify_one();
        }
    }

    /// Waits for a change.
    pub(crate) async fn touched(&self) {
        self.touch.notified().await;
    }

    /// Returns the current projection and its changes since the last call.
    pub(crate) fn take(&self) -> (Projection, Changes) {
        self.touched.swap(false, Ordering::AcqRel);
        let mut live = self.live();
        live.fold_pending(&self.counter);
        let changes = mem::take(&mut live.changes);
        (live.run.view.clone(), changes)
    }

    /// Returns the current projection and leaves the changes for [`take`](Self::take).
    pub(crate) fn projection(&self) -> Projection {
        let mut live = self.live();
        live.fold_pending(&self.counter);
        live.run.view.clone()
    }

    /// Returns the result of `read` on the current projection, without a copy of the projection. `read` must be
    /// short: reports wait meanwhile.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Projection) -> T) -> T {
        let mut live = self.live();
        live.fold_pending(&self.counter);
        read(&live.run.view)
    }

    /// Continues a log: `tail` has its newest lines, and `unwritten` receives the lines for the database. Call before
    /// the run starts.
    pub(crate) fn continue_log(&self, tail: Tail<Arc<LogLine>>, unwritten: LogQueue) {
        let mut live = self.live();
        live.run.view.log = tail;
        live.run.unwritten = unwritten;
    }

    /// Returns the current projection, with the lines that are not in the database.
    pub(crate) fn with_unwritten_log(&self) -> LoggedProjection {
        let mut live = self.live();
        live.fold_pending(&self.counter);
        live.run.unwritten.chunks();
        live.run.clone()
    }

    /// Returns the result of `change` on the lines that are not in the database.
    pub(crate) fn log_queue<T>(&self, change: impl FnOnce(&mut LogQueue) -> T) -> T {
        change(&mut self.live().run.unwritten)
    }

    /// Returns the final projection before the ending. Later reports, for example of a thread that the run left
    /// behind, change nothing, so that the ending is written and shown with this projection.
    pub(crate) fn seal(&self) -> LoggedProjection {
        let mut live = self.live();
        live.fold_pending(&self.counter);
        live.is_sealed = true;
        live.run.unwritten.chunks();
        live.run.clone()
    }

    /// Folds the events of the ending into a sealed report. Returns the projection and its changes, as
    /// [`take`](Self::take) does.
    pub(crate) fn conclude(
        &self,
        events: impl IntoIterator<Item = Event>,
    ) -> (Projection, Changes) {
        let mut live = self.live();
        live.is_sealed = false;
        events.into_iter().for_each(|event| live.fold(event));
        let changes = mem::take(&mut live.changes);
        (live.run.view.clone(), changes)
    }

    /// Returns the recorded events and ends the recording. Empty if this report does not record.
    pub(crate) fn take_record(&self) -> Record {
        let mut live = self.live();
        live.fold_pending(&self.counter);
        live.record.take().unwrap_or_default()
    }

    /// Returns the events recorded since the last call, in order. Empty if this report does not record.
    #[cfg(feature = "cli")]
    pub(crate) fn take_events(&self) -> Vec<Event> {
        let mut live = self.live();
        live.fold_pending(&self.counter);
        live.record.as_mut().map(mem::take).unwrap_or_default().events
    }

    pub(crate) fn chain_to(&self, next: NextOperation) {
        self.live().chain = Some(next);
    }

    pub(crate) fn take_chain(&self) -> Option<NextOperation> {
        self.live().chain.take()
    }

    /// Locks the state and ignores poisoning: a projection that a panic left half folded is better than the
    /// loss of the whole run.
    fn live(&self) -> MutexGuard<'_, ReportState> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the label or the unit of a bar for the projection: without ANSI sequences, and cut, because every update of
/// the bar contains it.
fn short(text: Arc<str>) -> Arc<str> {
    let shown = without_sequences(&text);
    match kept(&shown, BAR_TEXT_BYTES_MAX) {
        Cow::Borrowed(same) if same.len() == text.len() => text,
        changed => changed.into(),
    }
}

impl ReportState {
    fn fold(&mut self, event: Event) {
        if self.is_sealed {
            return;
        }
        // Events after the end change nothing, so they are not recorded.
        if let Some(record) = self.record.as_mut().filter(|_| !self.run.view.state.is_terminal()) {
            if thread::panicking() {
                record.while_panicking.push(record.events.len());
            }
            record.events.push(event.clone());
        }
        let changes = self.run.apply(event);
        self.changes.merge(changes);
    }

    /// Folds the pending updates: the newest status and the position of the bar.
    fn fold_pending(&mut self, counter: &Counter) {
        self.fold_status();
        self.fold_bar(counter);
    }

    fn fold_status(&mut self) {
        if let Some(level) = self.status_level.take() {
            let status = Status { level, text: self.status.as_str().into() };
            if self.run.view.status.as_ref() != Some(&status) {
                self.fold(Event::Status(status));
            }
        }
    }

    fn fold_bar(&mut self, counter: &Counter) {
        let measure = counter.measure();
        let shown = self.run.view.bar.as_ref().map(|bar| (bar.measure, &bar.label, &bar.unit));
        if measure.map(|measure| (measure, &self.bar.label, &self.bar.unit)) != shown {
            let bar = measure.map(|measure| Bar {
                measure,
                label: self.bar.label.clone(),
                unit: self.bar.unit.clone(),
                elapsed: self.bar.since.elapsed(),
            });
            self.fold(Event::Bar(bar));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Wake, Waker},
    };

    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Ending, LogLine};

    /// A call on a report by a run or its runner.
    #[derive(Debug, Clone)]
    enum Call {
        Event(Event),
        Status(Level, String),
        Stage(usize, StageState),
        Percent(f64),
        Set(u64, u64),
        Inc(u64),
        Take,
    }

    fn call() -> impl Strategy<Value = Call> {
        let level = prop_oneof![Just(Level::Info), Just(Level::Warning), Just(Level::Error)];
        let stage = prop_oneof![
            Just(StageState::Active),
            Just(StageState::Done),
            Just(StageState::Reused),
            Just(StageState::Failed),
            Just(StageState::Cancelled),
        ];
        let event = prop_oneof![
            8 => ".{0,8}".prop_map(|text| Event::Log(LogLine {
                at: chrono::DateTime::UNIX_EPOCH,
                level: Level::Info,
                text,
            })),
            4 => "[ab]".prop_map(|name| Event::Swap {
                region: name.parse().unwrap(),
                html: "<b>".into(),
            }),
            4 => "[ab]".prop_map(|name| Event::Append {
                region: name.parse().unwrap(),
                html: "<i>".into(),
            }),
            1 => Just(Event::CancelRequested),
            1 => Just(Event::Redirect("/".into())),
            1 => Just(Event::Ended(Ending::Cancelled)),
        ];
        prop_oneof![
            event.prop_map(Call::Event),
            (level, ".{0,8}").prop_map(|(level, text)| Call::Status(level, text)),
            (0usize..4, stage).prop_map(|(index, state)| Call::Stage(index, state)),
            any::<f64>().prop_map(Call::Percent),
            (0u64..100, 0u64..100).prop_map(|(done, total)| Call::Set(done, total)),
            (0u64..9).prop_map(Call::Inc),
            Just(Call::Take),
        ]
    }

    proptest! {
        #[test]
        fn the_snapshot_is_the_fold_of_the_events(calls in prop::collection::vec(call(), 0..60)) {
            let empty = Projection::new(3);
            let report = Report::recording(empty.clone(), Clock::System);
            let seen = make(&report, calls.clone());
            let snapshot = report.projection();

            let mut folded = empty;
            let mut changes = Changes::default();
            for event in report.take_record().events {
                changes.merge(folded.apply(event));
            }
            prop_assert_eq!(&folded, &snapshot);
            // The changes taken by the flusher are complete.
            prop_assert_eq!(changes, seen);

            // Recording makes no difference to the projection.
            let unrecorded = Report::new(Projection::new(3));
            make(&unrecorded, calls);
            prop_assert_eq!(without_time(unrecorded.projection()), without_time(snapshot));
        }
    }

    /// Makes the calls and returns the merged changes of all `take` calls, including a last one.
    fn make(report: &Report, calls: Vec<Call>) -> Changes {
        let mut seen = Changes::default();
        for call in calls {
            match call {
                Call::Event(event) => report.event(event),
                Call::Status(level, text) => report.status(level, &text),
                Call::Stage(index, state) => report.stage(index, state),
                Call::Percent(percent) => report.counter().percent(percent),
                Call::Set(done, total) => report.counter().set(done, Some(total)),
                Call::Inc(by) => report.counter().inc(by),
                Call::Take => seen.merge(report.take().1),
            }
        }
        seen.merge(report.take().1);
        seen
    }

    fn without_time(mut projection: Projection) -> Projection {
        if let Some(bar) = &mut projection.bar {
            bar.elapsed = std::time::Duration::ZERO;
        }
        projection.stage_timings.clear();
        projection
    }

    #[test]
    fn the_label_and_the_unit_of_a_bar_are_cut() {
        let report = Report::new(Projection::new(0));
        report.counter().set(5, Some(10));
        report.bar_label("ü".repeat(4 << 20).into());
        report.bar_unit("b".repeat(8 << 20).into());
        let bar = report.projection().bar.unwrap();
        let (label, unit) = (bar.label.unwrap(), bar.unit.unwrap());
        for text in [label, unit] {
            assert!(text.len() < 1_100, "{}", text.len());
            assert!(text.ends_with("… [cut: 1024 of 8388608 bytes]"), "{text}");
        }
        report.bar_label("rows".into());
        assert_eq!(report.projection().bar.unwrap().label.as_deref(), Some("rows"));
    }

    #[test]
    fn a_label_and_a_unit_behind_the_first_frame_of_a_bar_are_published() {
        let report = Report::new(Projection::new(0));
        report.count(5, Some(10));
        assert!(report.touched().now_or_never().is_some());
        report.take();
        let changes: [fn(&Report); 2] =
            [|report| report.bar_label("rows".into()), |report| report.bar_unit("rows".into())];
        for change in changes {
            change(&report);
            assert!(report.touched().now_or_never().is_some());
            assert!(!report.take().1.is_empty());
        }
    }

    #[test]
    fn the_bar_of_a_stage_does_not_leak_into_the_next() {
        let report = Report::new(Projection::new(2));
        report.stage(0, StageState::Active);
        report.counter().set(5, Some(10));
        report.stage(0, StageState::Done);
        report.stage(1, StageState::Active);
        assert_eq!(report.projection().bar, None);
    }

    #[test]
    fn a_repeated_status_changes_nothing() {
        let report = Report::new(Projection::new(0));
        report.status(Level::Info, "working");
        assert!(!report.take().1.is_empty());
        report.status(Level::Info, "working");
        assert!(report.take().1.is_empty());
    }

    /// A run that logs a line in the moment of the cancellation request.
    struct LogsOnCancel(Arc<Report>);

    impl Wake for LogsOnCancel {
        fn wake(self: Arc<Self>) {
            assert!(self.0.check_cancelled().is_err());
            self.0.log(Level::Info, "stopping".to_owned());
        }
    }

    #[test]
    fn a_line_logged_on_cancellation_comes_after_the_request() {
        let report = Arc::new(Report::recording(Projection::new(0), Clock::System));
        let waker = Waker::from(Arc::new(LogsOnCancel(report.clone())));
        let mut cancelled = pin!(report.cancellation.token().cancelled());
        assert!(cancelled.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        report.cancel();
        report.cancel();
        let events = report.take_record().events;
        assert!(matches!(events[..], [Event::CancelRequested, Event::Log(_)]), "{events:?}");
    }
}
