//! The gauges of waiting operations, and the warnings about operations that no worker here can run.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak},
    time::Duration,
};

use chrono::Utc;
use tokio::time::{self, Instant};

use crate::{
    metrics::{QueueLength, record_queue_length},
    operation::AwaitedVersion,
    runner::engine::Engine,
    store::WaitingOperations,
};

/// Minimum interval between two counts. Long, because a count reads an index entry of every waiting operation.
const INTERVAL: Duration = Duration::from_secs(30);

/// Minimum interval between two counts, as a multiple of the duration of the first count. With many operations, the
/// count is late, but correct.
const INTERVAL_FACTOR: u32 = 200;

impl Engine {
    /// Starts to count the waiting operations at an interval. Stops at the shutdown.
    pub(in crate::runner) fn count_waiting_operations(self: &Arc<Self>) {
        let closing = self.active_runs.closing.clone();
        let count = WaitingCount::new(Arc::downgrade(self));
        tokio::spawn(async move { closing.run_until_cancelled(count.run()).await });
    }
}

struct WaitingCount {
    /// Weak: the count must not keep a dropped application alive.
    engine: Weak<Engine>,
    /// The queues counted so far, because a gauge keeps its value until it is set again.
    queues: BTreeSet<String>,
    /// The queues, types and versions of the warnings so far.
    warned: BTreeSet<(String, String, i32)>,
}

/// The reason for which operations wait.
#[derive(Debug, Clone, Copy)]
enum Reason {
    Slot,
    Version(AwaitedVersion),
    Unregistered,
}

impl Reason {
    fn of(engine: &Engine, waiting: &WaitingOperations) -> Self {
        let Some(operation) = engine.registry.find(&waiting.op_type) else {
            return Self::Unregistered;
        };
        let version = u32::try_from(waiting.payload_version).unwrap_or(0);
        operation.kind.versions.awaited_for(version).map_or(Self::Slot, Self::Version)
    }

    /// Returns the finding for the log, if no worker of this process can run the operations.
    fn finding(self) -> Option<&'static str> {
        match self {
            Self::Slot => None,
            Self::Version(AwaitedVersion::Newer) => Some(
                "operations with an input of a newer version are waiting; start a worker with the newer version of the \
                 application",
            ),
            Self::Version(AwaitedVersion::Earlier) => Some(
                "operations with an input of an earlier version are waiting; name this version with `before` in \
                 `#[liveop(…)]`, or cancel the operations",
            ),
            Self::Unregistered => Some(
                "operations of a type that is not registered here are waiting; register the type in a worker, or \
                 cancel the operations",
            ),
        }
    }
}

impl WaitingCount {
    fn new(engine: Weak<Engine>) -> Self {
        Self { engine, queues: BTreeSet::new(), warned: BTreeSet::new() }
    }

    async fn run(mut self) {
        loop {
            let Some(engine) = self.engine.upgrade() else { return };
            let began_on = Instant::now();
            match engine.store.waiting().await {
                Ok(waiting) => {
                    self.warn(&engine, &waiting);
                    self.record(&engine, &waiting);
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(
                        error,
                        "could not count the waiting operations; trying again later"
                    );
                }
            }
            drop(engine);
            time::sleep(interval_after(began_on.elapsed())).await;
        }
    }

    fn record(&mut self, engine: &Engine, waiting: &[WaitingOperations]) {
        let now = Utc::now();
        let mut lengths: BTreeMap<String, QueueLength> = BTreeMap::new();
        for waiting in waiting {
            let length = lengths.entry(waiting.queue.clone()).or_default();
            let count = u64::try_from(waiting.count).unwrap_or(0);
            *match Reason::of(engine, waiting) {
                Reason::Slot => &mut length.slot,
                Reason::Version(_) => &mut length.version,
                Reason::Unregistered => &mut length.unregistered,
            } += count;
            let age = (now - waiting.oldest_due_on).to_std().unwrap_or_default();
            length.oldest = length.oldest.max(age);
        }
        self.queues.extend(lengths.keys().cloned());
        for queue in &self.queues {
            let length = lengths.get(queue).copied().unwrap_or_default();
            record_queue_length(queue, length);
        }
    }

    /// Warns of the operations that wait in the queues of this worker and that this process cannot run: once for each
    /// type and version.
    fn warn(&mut self, engine: &Engine, waiting: &[WaitingOperations]) {
        let queues = &engine.config.queues;
        let is_served = |queue: &String| queues.is_empty() || queues.contains(queue);
        for waiting in waiting.iter().filter(|waiting| is_served(&waiting.queue)) {
            let WaitingOperations { queue, op_type, payload_version: version, count, .. } = waiting;
            let Some(finding) = Reason::of(engine, waiting).finding() else { continue };
            if self.warned.insert((queue.clone(), op_type.clone(), *version)) {
                tracing::warn!(op_type, version, queue, count, "{finding}");
            }
        }
    }
}

/// Returns the wait after a count that took `duration`.
fn interval_after(duration: Duration) -> Duration {
    INTERVAL.max(duration.saturating_mul(INTERVAL_FACTOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_take_at_most_half_a_percent_of_the_time() {
        for (ms, seconds) in [(1, 30), (150, 30), (1_000, 200)] {
            assert_eq!(interval_after(Duration::from_millis(ms)), Duration::from_secs(seconds));
        }
    }
}
