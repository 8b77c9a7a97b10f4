use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio::sync::Notify;

use super::{Cancellation, counter::Counter};
use crate::{
    event::{Bar, Event, Level, StageState, Status},
    operation::NewOperation,
    projection::{Changes, Projection},
};

/// What the handles of one run share with its flusher.
///
/// Reports are folded into the projection where they are made; whoever shows them takes the
/// projection and what changed in it. So any number of reports between two looks costs one.
#[derive(Debug)]
pub(crate) struct Report {
    live: Mutex<Live>,
    /// Kept outside the lock: this is the path of tight loops.
    counter: Counter,
    /// Whether there is something to look at; spares loops the notification.
    touched: AtomicBool,
    touch: Notify,
    /// Told when a stage changes, which is saved at once.
    pub(crate) stage_changed: Notify,
    pub(crate) cancellation: Cancellation,
}

#[derive(Debug)]
struct Live {
    projection: Projection,
    changes: Changes,
    /// The newest status, not folded yet: its buffer is used again and again.
    status: String,
    status_level: Option<Level>,
    bar: BarFacts,
    chain: Option<Chain>,
    /// Every event, in order, where somebody wants them all.
    record: Option<Vec<Event>>,
}

/// What an operation hands over to: the next one, or why that did not serialize.
pub(crate) type Chain = Result<NewOperation, serde_json::Error>;

/// What a bar says beside its count.
#[derive(Debug)]
struct BarFacts {
    since: Instant,
    label: Option<Arc<str>>,
    unit: Option<Arc<str>>,
}

impl BarFacts {
    fn new() -> Self {
        Self { since: Instant::now(), label: None, unit: None }
    }
}

impl Report {
    pub(crate) fn new(projection: Projection) -> Self {
        Self {
            live: Mutex::new(Live {
                projection,
                changes: Changes::default(),
                status: String::new(),
                status_level: None,
                bar: BarFacts::new(),
                chain: None,
                record: None,
            }),
            counter: Counter::default(),
            touched: AtomicBool::new(false),
            touch: Notify::new(),
            stage_changed: Notify::new(),
            cancellation: Cancellation::default(),
        }
    }

    /// A report that also keeps every event, for [`events`](Self::events).
    pub(crate) fn recording(projection: Projection) -> Self {
        let report = Self::new(projection);
        report.live().record = Some(Vec::new());
        report
    }

    /// Folds an event in.
    pub(crate) fn event(&self, event: Event) {
        self.live().fold(event);
        self.touch();
    }

    /// Asks the run to stop, and shows that it was asked.
    pub(crate) fn cancel(&self) {
        if !self.cancellation.is_requested() {
            self.cancellation.request();
            self.event(Event::CancelRequested);
        }
    }

    pub(crate) fn status(&self, level: Level, text: &str) {
        let mut live = self.live();
        live.status.clear();
        live.status.push_str(text);
        live.status_level = Some(level);
        if live.record.is_some() {
            live.fold_status();
        }
        drop(live);
        self.touch();
    }

    pub(crate) fn stage(&self, index: usize, state: StageState) {
        let mut live = self.live();
        live.fold_bar(&self.counter);
        if state == StageState::Active {
            self.counter.reset();
            live.bar = BarFacts::new();
        }
        live.fold(Event::Stage { index, state });
        drop(live);
        self.touch();
        self.stage_changed.notify_one();
    }

    /// Starts a new bar.
    pub(crate) fn count(&self, done: u64, total: Option<u64>) {
        let mut live = self.live();
        live.bar = BarFacts::new();
        self.counter.set(done, total);
        drop(live);
        self.touch();
    }

    pub(crate) fn bar_label(&self, label: Arc<str>) {
        self.live().bar.label = Some(label);
    }

    pub(crate) fn bar_unit(&self, unit: Arc<str>) {
        self.live().bar.unit = Some(unit);
    }

    /// The bar's numbers; call [`touch`](Self::touch) after changing them.
    pub(crate) fn counter(&self) -> &Counter {
        &self.counter
    }

    /// Says that there is something to look at.
    pub(crate) fn touch(&self) {
        if !self.touched.load(Ordering::Relaxed) {
            self.touched.store(true, Ordering::Release);
            self.touch.notify_one();
        }
    }

    /// Waits until there is something to look at.
    pub(crate) async fn touched(&self) {
        self.touch.notified().await;
    }

    /// The projection as it is now, and what changed in it since the last look.
    pub(crate) fn take(&self) -> (Projection, Changes) {
        self.touched.swap(false, Ordering::AcqRel);
        let mut live = self.live();
        live.fold_status();
        live.fold_bar(&self.counter);
        let changes = mem::take(&mut live.changes);
        (live.projection.clone(), changes)
    }

    /// The projection as it is now, for somebody who only reads.
    pub(crate) fn projection(&self) -> Projection {
        let mut live = self.live();
        live.fold_status();
        live.fold_bar(&self.counter);
        live.projection.clone()
    }

    /// Every event so far, where this report records them.
    pub(crate) fn events(&self) -> Vec<Event> {
        let mut live = self.live();
        live.fold_status();
        live.fold_bar(&self.counter);
        live.record.clone().unwrap_or_default()
    }

    pub(crate) fn chain_to(&self, next: Chain) {
        self.live().chain = Some(next);
    }

    pub(crate) fn take_chain(&self) -> Option<Chain> {
        self.live().chain.take()
    }

    /// A panic while the lock is held cannot leave a projection half folded that matters more than
    /// the run: whoever comes next goes on with what is there.
    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn fold(&mut self, event: Event) {
        if let Some(record) = &mut self.record {
            record.push(event.clone());
        }
        let changes = self.projection.apply(event);
        self.changes.merge(changes);
    }

    fn fold_status(&mut self) {
        if let Some(level) = self.status_level.take() {
            let status = Status { level, text: self.status.as_str().into() };
            if self.projection.status.as_ref() != Some(&status) {
                self.fold(Event::Status(status));
            }
        }
    }

    fn fold_bar(&mut self, counter: &Counter) {
        let measure = counter.measure();
        if measure != self.projection.bar.as_ref().map(|bar| bar.measure) {
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
