use std::{sync::Arc, time::Duration};

use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use super::{Report, Sink};

/// Shows what changed in a run to a sink, at most `throttle_hz` times a second.
pub(crate) struct Flusher<S> {
    report: Arc<Report>,
    sink: S,
    throttle: Throttle,
    /// Whether the last look saw something new.
    lively: bool,
}

/// How often a run that reports nothing is looked at all the same: it gives a sink that could not
/// show something another chance.
const IDLE_LOOK: Duration = Duration::from_secs(1);

impl<S: Sink> Flusher<S> {
    pub(crate) fn new(report: Arc<Report>, sink: S, throttle_hz: f64) -> Self {
        Self { report, sink, throttle: Throttle::new(throttle_hz), lively: true }
    }

    /// Flushes until `stop`, and gives the sink back for what comes at the end.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> S {
        self.flush().await;
        while stop.run_until_cancelled(self.something_new()).await.is_some() {
            self.flush().await;
        }
        self.sink
    }

    async fn flush(&mut self) {
        self.throttle.passed();
        let (projection, changes) = self.report.take();
        self.lively = !changes.is_empty();
        self.sink.show(&projection, changes).await;
    }

    /// Waits until there is something to show and it may be shown.
    ///
    /// Soon after something new one more look is taken even if nothing was heard of: the atomics
    /// of the bar may have moved just after they were read.
    async fn something_new(&mut self) {
        let patience = if self.lively { self.throttle.interval * 2 } else { IDLE_LOOK };
        let _ = time::timeout(patience, self.report.touched()).await;
        time::sleep_until(self.throttle.free_on()).await;
    }
}

/// Lets things pass at an even rate: never more than one ahead of it.
///
/// The one ahead lets a regular source pass unmerged although its timing wavers. The generic cell
/// rate algorithm with a tolerance of one cell.
#[derive(Debug)]
struct Throttle {
    interval: Duration,
    due_on: Instant,
}

impl Throttle {
    fn new(hz: f64) -> Self {
        Self { interval: Duration::from_secs_f64(1.0 / hz), due_on: Instant::now() }
    }

    fn free_on(&self) -> Instant {
        self.due_on.checked_sub(self.interval).unwrap_or(self.due_on)
    }

    fn passed(&mut self) {
        self.due_on = self.due_on.max(Instant::now()) + self.interval;
    }
}
