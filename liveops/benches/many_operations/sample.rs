//! The figures of one server, as a row of a table.

use std::{fmt, time::Duration};

/// The figures of one server.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) operations: usize,
    pub(crate) hz: u32,
    /// Time from the first connection until every client had a frame.
    pub(crate) connect_time: Duration,
    /// Time from the connection of each client to its first frame.
    pub(crate) first_frames: Times,
    /// Time from each report to its delivery.
    pub(crate) updates: Times,
    pub(crate) window: Duration,
    /// CPU time of the server in the window.
    pub(crate) cpu: Duration,
    pub(crate) resident_bytes: u64,
}

/// Durations in order.
#[derive(Debug)]
pub(crate) struct Times(Vec<Duration>);

impl Sample {
    pub(crate) const HEADER: &str = "| operations | first frame: clients, p50, p99, all (s) | updates/s | of \
         those reported | update p50, p99, max (ms) | server CPU an update (µs), cores | MiB |\n\
         |---:|---|---:|---:|---|---|---:|";
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.updates.0.len() as f64;
        let per_second = count / self.window.as_secs_f64();
        let reported = self.operations as f64 * f64::from(self.hz);
        write!(
            f,
            "| {} | {}, {:.2}, {:.2}, {:.1} | {:.0} | {:.2} | {:.0}, {:.0}, {:.0} | {:.0}, {:.2} | {} |",
            self.operations,
            self.first_frames.0.len(),
            self.first_frames.share(0.5).as_secs_f64(),
            self.first_frames.share(0.99).as_secs_f64(),
            self.connect_time.as_secs_f64(),
            per_second,
            per_second / reported,
            1e3 * self.updates.share(0.5).as_secs_f64(),
            1e3 * self.updates.share(0.99).as_secs_f64(),
            1e3 * self.updates.share(1.0).as_secs_f64(),
            1e6 * self.cpu.as_secs_f64() / count,
            self.cpu.as_secs_f64() / self.window.as_secs_f64(),
            self.resident_bytes >> 20,
        )
    }
}

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// Returns the duration that this share of the durations does not exceed; zero if there are none.
    fn share(&self, share: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
    }
}
