//! What a process does that is told of an operation which waits.

use crate::runner::LiveOps;

impl LiveOps {
    /// Has this process look at the queue now, and waits until it has: what waited is running, as far
    /// as there were places. Whether it has, which it does not any more once it is
    /// [shut down](Self::shutdown).
    ///
    /// For whoever takes a [`WakeUp`](super::WakeUp) out of a queue. It tells nobody else, unlike
    /// [`wake`](Self::wake). Where all places are taken it waits until one is free, and while the
    /// database fails until it works. Starts the worker where it was not
    /// [started](Self::start_worker).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way, the process looks all the same.
    pub async fn poll_now(&self) -> bool {
        self.start_worker();
        let active_runs = &self.engine().active_runs;
        let asked = active_runs.polls.request();
        active_runs.wake.notify_one();
        let answered = active_runs.polls.wait_until_answered(asked);
        let has_polled = active_runs.closing.run_until_cancelled(answered).await.is_some();
        // Told to stop while it looked, it puts back what it found.
        has_polled && !active_runs.closing.is_cancelled()
    }

    /// Waits until this process could run [one more](crate::Config::concurrency_max) operation than
    /// it does. Whether it could, which it cannot any more once it is [shut down](Self::shutdown).
    ///
    /// For whoever shares a queue of [`WakeUp`](super::WakeUp)s with other processes: one that has no
    /// place leaves them to the others. While the process [polls](Self::poll_now) it is not known whether
    /// there is a place, so this waits for that as well.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped at any time. Nothing is reserved.
    pub async fn wait_for_capacity(&self) -> bool {
        let active_runs = &self.engine().active_runs;
        active_runs
            .closing
            .run_until_cancelled(active_runs.polls.wait_for_capacity())
            .await
            .is_some()
    }
}
