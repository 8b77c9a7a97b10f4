//! The gauges of waiting operations, and the warning about operations that no worker here can run.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak},
    time::Duration,
};

use chrono::Utc;
use tokio::time::{self, Instant};

use crate::{
    metrics::{QueueLength, record_queue_length},
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
        let count = WaitingCount { engine: Arc::downgrade(self), queues: BTreeSet::new() };
        tokio::spawn(async move { closing.run_until_cancelled(count.run()).await });
    }
}

struct WaitingCount {
    /// Weak: the count must not keep a dropped application alive.
    engine: Weak<Engine>,
    /// The queues counted so far, because a gauge keeps its value until it is set again.
    queues: BTreeSet<String>,
}

impl WaitingCount {
    async fn run(mut self) {
        let mut has_warned = false;
        loop {
            let Some(engine) = self.engine.upgrade() else { return };
            let began_on = Instant::now();
            match engine.store.waiting().await {
                Ok(waiting) => {
                    if !has_warned {
                        warn_of_unregistered(&engine, &waiting);
                        has_warned = true;
                    }
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
            length.waiting += count;
            if engine.registry.find(&waiting.op_type).is_none() {
                length.unregistered += count;
            }
            let age = (now - waiting.oldest_due_on).to_std().unwrap_or_default();
            length.oldest = length.oldest.max(age);
        }
        self.queues.extend(lengths.keys().cloned());
        for queue in &self.queues {
            let length = lengths.get(queue).copied().unwrap_or_default();
            record_queue_length(queue, length);
        }
    }
}

/// Returns the wait after a count that took `duration`.
fn interval_after(duration: Duration) -> Duration {
    INTERVAL.max(duration.saturating_mul(INTERVAL_FACTOR))
}

/// Warns of the types that wait in the queues of this worker and that this process does not know.
fn warn_of_unregistered(engine: &Engine, waiting: &[WaitingOperations]) {
    let queues = &engine.config.queues;
    for WaitingOperations { queue, op_type, count, .. } in waiting {
        let is_served = queues.is_empty() || queues.contains(queue);
        if is_served && engine.registry.find(op_type).is_none() {
            tracing::warn!(
                op_type,
                queue,
                count,
                "operations of a type that is not registered here are waiting; register the type in a worker, \
                 or cancel the operations"
            );
        }
    }
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
