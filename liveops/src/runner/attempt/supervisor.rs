//! Supervision of an attempt: executes the run in its own task, saves its stages, updates the lists,
//! and stops it.

use std::{future, pin::pin, sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{self, Instant, MissedTickBehavior},
};
use tracing::Instrument;

use super::{
    database_backoff::WRITE_WAIT_MAX,
    outcome::Outcome,
    running_attempt::{RunningAttempt, StopReason},
};
use crate::{
    channel::{ListChange, RowProgress},
    operation::CancelMode,
    progress::{RunContext, log_span},
    store::Store,
};

/// Minimum interval between saves after stage changes, for runs that enter and leave stages in a tight
/// loop.
const SAVE_INTERVAL: Duration = Duration::from_millis(250);

/// Interval between progress updates for lists that show the run.
const LIST_INTERVAL: Duration = Duration::from_secs(1);

impl RunningAttempt {
    /// Executes the run in its own task, so that a panic ends nothing else, and keeps the row and the
    /// lists up to date meanwhile.
    pub(in crate::runner) async fn supervise(&self) -> Result<Outcome, StopReason> {
        let mut task = AbortOnDrop(self.spawn());
        let mut list_ticks = time::interval(LIST_INTERVAL);
        list_ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_row = None;
        let mut save_on = Instant::now();
        let mut stop = pin!(self.stop());
        let stopped = loop {
            tokio::select! {
                joined = &mut task.0 => return Ok(Outcome::of(&self.messages(), joined)),
                stopped = &mut stop => break stopped,
                _ = list_ticks.tick() => {
                    self.announce_progress(&mut last_row).await;
                    continue;
                }
                () = self.stage_changed(save_on) => {}
            }
            // Outside of the select: a query that is dropped half-way loses its database connection.
            if let Err(stopped) = self.save().await {
                break stopped;
            }
            save_on = Instant::now() + SAVE_INTERVAL;
        };
        // The steps after a stop must not overlap with the run.
        task.0.abort();
        match (&mut task.0).await {
            Err(error) if error.is_cancelled() => {
                // Threads started by the run are not aborted with it, but may check for cancellation.
                self.report().cancellation.request();
                Err(stopped)
            }
            // The run ended before the abort took effect.
            joined => Ok(Outcome::of(&self.messages(), joined)),
        }
    }

    fn spawn(&self) -> JoinHandle<Outcome> {
        let context = Arc::new(RunContext {
            id: self.id,
            owner: self.row.owner_id(),
            attempt: self.attempt,
            language: self.language.clone(),
            stage_outputs: self.stage_outputs.clone(),
            web: self.observers.is_empty().then(|| self.engine.renderer().templates().clone()),
        });
        let operation = self.engine.registry.find(&self.row.op_type);
        let operation = operation.expect("the type was registered when the attempt began");
        let run = operation.run(self.row.input.clone(), self.report().clone(), context);
        let bytes_max = self.engine.config.output_bytes_max;
        let run = Outcome::of_run(self.messages(), run, move |messages, result| {
            Outcome::of_result(messages, result, bytes_max)
        });
        tokio::spawn(run.instrument(log_span(self.report())))
    }

    /// Waits until the run has to be stopped, and returns the reason.
    async fn stop(&self) -> StopReason {
        let timed_out = async {
            match self.row.timeout() {
                Some(timeout) => time::sleep(timeout).await,
                None => future::pending().await,
            }
        };
        let aborted = async {
            if self.active.kind.policy.cancel == CancelMode::Cooperative {
                future::pending::<()>().await;
            }
            self.report().cancellation.token().cancelled().await;
            time::sleep(self.engine.config.abort_grace).await;
        };
        tokio::select! {
            () = self.active.lost.cancelled() => StopReason::Lost,
            () = self.engine.active_runs.stop.cancelled() => StopReason::ShuttingDown,
            () = timed_out => StopReason::TimedOut,
            () = aborted => StopReason::Aborted,
            () = self.observers.abort.cancelled() => StopReason::Aborted,
        }
    }

    /// Waits until a stage has changed, but at least until `save_on`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the notification is received last, so a dropped future loses none.
    async fn stage_changed(&self, save_on: Instant) {
        time::sleep_until(save_on).await;
        self.report().stage_changed.notified().await;
    }

    /// Sends the run's progress to the lists, unless it is unchanged.
    async fn announce_progress(&self, last_row: &mut Option<Arc<str>>) {
        let renderer = self.engine.renderer();
        let projection = self.report().projection();
        let row = self.engine.presenter.list_row(&self.row, Some(&projection), renderer.language());
        let html: Arc<str> = renderer.row_out_of_band(&row).into();
        if last_row.as_ref() != Some(&html) {
            *last_row = Some(html.clone());
            let progress = ListChange::Progress(RowProgress { id: self.id, html });
            self.engine.publisher.announce(&row.owner, progress).await;
        }
    }

    /// Saves the state of the run, and reads cancel requests. Returns an error if the lease was lost.
    async fn save(&self) -> Result<(), StopReason> {
        let projection = self.report().projection();
        let (kind, lease) = (&self.active.kind, self.engine.config.lease);
        let (id, attempt, projection) = (self.id, self.attempt, &projection);
        let save =
            |store: Store| async move { store.save(id, attempt, projection, kind, lease).await };
        match self.engine.store.run_within(WRITE_WAIT_MAX, "save a run", save).await {
            Ok(Some(saved)) => {
                if saved.cancel_requested {
                    self.report().cancel();
                }
                Ok(())
            }
            Ok(None) => Err(StopReason::Lost),
            // The heartbeat detects it if the lease cannot be renewed either.
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "could not save the run; retrying at the next stage change");
                Ok(())
            }
        }
    }
}

/// A task that is aborted when dropped.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
