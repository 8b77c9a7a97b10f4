//! The loop that passes the changes of a run to its sink, at a limited rate.

use std::{sync::Arc, time::Duration};

use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use super::{FlushPace, Report, Sink};
use crate::rate_limit::RateLimit;

/// Shows the changes of a run to a sink, at most `throttle_hz` times a second.
pub(crate) struct Flusher<S> {
    report: Arc<Report>,
    sink: S,
    throttle: RateLimit,
    pace: Arc<FlushPace>,
    flushed_on: Instant,
    /// Set if the last flush had changes.
    had_changes: bool,
}

/// Interval between flushes of a run that reports nothing. A flush without changes lets a sink show what it
/// could not show before.
const IDLE_FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// Burst size of the throttle. One flush ahead of the rate lets a regular source pass unmerged although its
/// timing varies.
const FLUSHES_AT_ONCE_MAX: u32 = 2;

impl<S: Sink> Flusher<S> {
    pub(crate) fn new(
        report: Arc<Report>,
        sink: S,
        throttle_hz: f64,
        pace: Arc<FlushPace>,
    ) -> Self {
        let now = Instant::now();
        let throttle = RateLimit::new(throttle_hz, FLUSHES_AT_ONCE_MAX, now);
        Self { report, sink, throttle, pace, flushed_on: now, had_changes: true }
    }

    /// Flushes until `stop`, and returns the sink for the final projection.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> S {
        self.flush().await;
        while stop.run_until_cancelled(self.wait_for_changes()).await.is_some() {
            self.flush().await;
        }
        self.sink
    }

    async fn flush(&mut self) {
        self.flushed_on = Instant::now();
        self.throttle.count(self.flushed_on);
        let (projection, changes) = self.report.take();
        self.had_changes = !changes.is_empty();
        self.sink.show(&projection, changes).await;
    }

    /// Waits for a change, for the throttle, and longer while the runtime is overloaded.
    ///
    /// After a flush with changes, another flush follows after two intervals even without a notification: the
    /// atomics of the bar may have changed just after they were read.
    async fn wait_for_changes(&mut self) {
        let interval = self.throttle.interval();
        if self.had_changes {
            self.pace.measure().await;
            let paced = self.pace.interval(interval);
            if paced > interval {
                // Uses a timer and no notifications: a notification per report costs an overloaded process more than
                // one timer.
                let paced_until = self.flushed_on + paced;
                return time::sleep_until(self.throttle.free_on().max(paced_until)).await;
            }
        }
        let timeout = if self.had_changes { interval * 2 } else { IDLE_FLUSH_INTERVAL };
        let _ = time::timeout(timeout, self.report.touched()).await;
        time::sleep_until(self.throttle.free_on()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Event, Level, LogLine},
        progress::Recorder,
        projection::{Change, Projection, Region},
    };

    struct Fixture {
        report: Arc<Report>,
        recorder: Recorder,
        stop: CancellationToken,
        flusher: tokio::task::JoinHandle<Recorder>,
    }

    impl Fixture {
        fn start(throttle_hz: f64) -> Self {
            let report = Arc::new(Report::new(Projection::new(0)));
            report.event(Event::Started);
            let (recorder, stop) = (Recorder::new(), CancellationToken::new());
            let pace = Arc::new(FlushPace::new());
            let flusher = Flusher::new(report.clone(), recorder.clone(), throttle_hz, pace);
            let flusher = tokio::spawn(flusher.run(stop.clone()));
            Self { report, recorder, stop, flusher }
        }

        /// The statuses shown so far, without flushes that had no changes.
        fn statuses(&self) -> Vec<String> {
            let shown = self.recorder.shown().into_iter();
            shown
                .filter(|(_, changes)| !changes.is_empty())
                .filter_map(|(projection, _)| projection.status)
                .map(|status| status.text.to_string())
                .collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_shown_as_its_newest_state() {
        let run = Fixture::start(10.0);
        time::sleep(Duration::from_secs(1)).await;
        for n in 0..1_000 {
            run.report.status(Level::Info, &n.to_string());
        }
        time::sleep(Duration::from_secs(1)).await;
        assert_eq!(run.statuses(), ["999"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_source_at_the_throttle_rate_loses_no_update() {
        let run = Fixture::start(10.0);
        let mut intervals = [90, 110, 100, 95, 105].into_iter().cycle();
        for n in 0..100 {
            run.report.status(Level::Info, &n.to_string());
            time::sleep(Duration::from_millis(intervals.next().unwrap())).await;
        }
        let all: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        assert_eq!(run.statuses(), all);
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_flushes_than_the_throttle_and_one() {
        let run = Fixture::start(10.0);
        for n in 0..3_000 {
            run.report.status(Level::Info, &n.to_string());
            time::sleep(Duration::from_millis(1)).await;
        }
        let shown = run.statuses().len();
        assert!((29..=31).contains(&shown), "{shown} flushes in three seconds");
    }

    #[tokio::test(start_paused = true)]
    async fn every_log_line_of_a_burst_is_shown() {
        let run = Fixture::start(10.0);
        time::sleep(Duration::from_secs(1)).await;
        for n in 0..50 {
            let line = LogLine { at: chrono::Utc::now(), level: Level::Info, text: n.to_string() };
            run.report.event(Event::Log(line));
        }
        time::sleep(Duration::from_secs(1)).await;
        let shown = run.recorder.shown();
        let (projection, changes) = shown.iter().rfind(|(_, changes)| !changes.is_empty()).unwrap();
        assert_eq!(projection.log.iter().len(), 50);
        let changes: Vec<_> = changes.clone().into_iter().collect();
        assert_eq!(changes, [(Region::Log, Change::Appended { from: 0 })]);
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_returns_the_sink_at_once() {
        let run = Fixture::start(0.1);
        run.stop.cancel();
        let before = Instant::now();
        run.flusher.await.unwrap();
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
}
