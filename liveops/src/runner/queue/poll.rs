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
    pub async fn look(&self) -> bool {
        self.start_worker();
        let running = &self.engine().running;
        let asked = running.looks.ask();
        running.wake.notify_one();
        let answered = running.looks.answered(asked);
        let has_looked = running.closing.run_until_cancelled(answered).await.is_some();
        // Told to stop while it looked, it puts back what it found.
        has_looked && !running.closing.is_cancelled()
    }

    /// Waits until this process could run [one more](crate::Config::concurrency_max) operation than
    /// it does. Whether it could, which it cannot any more once it is [shut down](Self::shutdown).
    ///
    /// For whoever shares a queue of [`WakeUp`](super::WakeUp)s with other processes: one that has no
    /// place leaves them to the others. While the process [looks](Self::look) it is not known whether
    /// there is a place, so this waits for that as well.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped at any time. Nothing is reserved.
    pub async fn has_place(&self) -> bool {
        let running = &self.engine().running;
        running.closing.run_until_cancelled(running.looks.has_place()).await.is_some()
    }
}
