//! Polls on demand, for applications that receive wake-ups themselves.

use crate::runner::LiveOps;

impl LiveOps {
    /// Polls the queue now, and waits until every waiting operation that fits into a free worker slot
    /// has started. Returns `false` if the process [shuts down](Self::shutdown) before that.
    ///
    /// For applications that receive a [`WakeUp`](crate::runner::WakeUp) from a message queue. Does not
    /// notify other processes, unlike [`wake`](Self::wake). Waits for a free slot if all slots are
    /// taken, and for the database while it fails. Starts the worker if it was not
    /// [started](Self::start_worker).
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the process polls even if the future is dropped.
    pub async fn poll_now(&self) -> bool {
        self.start_worker();
        let active_runs = &self.engine().active_runs;
        let ticket = active_runs.polls.request();
        active_runs.wake.notify_one();
        let answered = active_runs.polls.wait_until_answered(ticket);
        let has_polled = active_runs.closing.run_until_cancelled(answered).await.is_some();
        // A poll that is interrupted by the shutdown puts its operations back into the queue.
        has_polled && !active_runs.closing.is_cancelled()
    }

    /// Waits until this process has a free [worker slot](crate::Config::concurrency_max). Returns
    /// `false` if the process is [shut down](Self::shutdown) before that.
    ///
    /// For processes that share a message queue of [`WakeUp`](crate::runner::WakeUp)s: a process
    /// without a free slot leaves the messages to the others. A [poll](Self::poll_now) in progress may
    /// take the free slots, so the method waits for its end too.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. No slot is reserved.
    pub async fn wait_for_capacity(&self) -> bool {
        let active_runs = &self.engine().active_runs;
        active_runs
            .closing
            .run_until_cancelled(active_runs.polls.wait_for_capacity())
            .await
            .is_some()
    }
}
