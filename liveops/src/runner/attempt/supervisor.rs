//! Supervision of an attempt: starts the run, saves its stages, updates the lists, warns about a run that
//! holds its thread, and stops the run.

use std::{future, pin::pin, sync::Arc, time::Duration};

use tokio::time::{self, Instant, MissedTickBehavior};
use tracing::Instrument;

use super::{
    database_backoff::write_wait,
    execution::Execution,
    outcome::Outcome,
    poll_clock::HELD_AFTER,
    running_attempt::{RunningAttempt, StopReason, Stopped},
};
use crate::{
    channel::{ListChange, RowProgress},
    event::Ending,
    metrics::thread_held,
    operation::CancelMode,
    progress::{BlockingTasks, RunContext, log_span},
    runner::StoredInput,
    store::Store,
};

/// Minimum interval between saves after stage changes, for runs that enter and leave stages in a tight
/// loop.
const SAVE_INTERVAL: Duration = Duration::from_millis(250);

/// Interval between progress updates for lists that show the run.
const LIST_INTERVAL: Duration = Duration::from_secs(1);

/// Time after a stop in which a run only loses its future. After this time the run is also asked to cancel,
/// because a run that holds its thread notices nothing else.
const DROP_TIMEOUT: Duration = Duration::from_secs(1);

impl RunningAttempt {
    /// Executes the run, and keeps the row and the lists up to date meanwhile. The run is over when its
    /// future and its closures have ended.
    pub(in crate::runner) async fn supervise(&self) -> Result<Outcome, Stopped> {
        let mut execution = self.start();
        let polls = execution.polls();
        let mut list_ticks = time::interval(LIST_INTERVAL);
        list_ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_row = None;
        let mut save_on = Instant::now();
        let mut stop = pin!(self.stop());
        let stopped = loop {
            tokio::select! {
                outcome = execution.ended() => {
                    return Ok(outcome.unwrap_or_else(|| Outcome::lost(&self.messages())));
                }
                stopped = &mut stop => break stopped,
                _ = list_ticks.tick() => {
                    self.announce_progress(&mut last_row).await;
                    continue;
                }
                () = polls.held() => {
                    self.warn_of_held_thread();
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
        self.stop_execution(execution, stopped).await
    }

    /// Stops the run, and waits until its code no longer executes: the steps after a stop must not overlap
    /// with the run.
    async fn stop_execution(
        &self,
        mut execution: Execution,
        reason: StopReason,
    ) -> Result<Outcome, Stopped> {
        let stop_timeout = self.engine.config.stop_timeout;
        let drop_timeout = DROP_TIMEOUT.min(stop_timeout / 4);
        execution.stop();
        let _ = time::timeout(drop_timeout, execution.future_ended()).await;
        // Closures and a future that holds its thread are not dropped, but may check for cancellation.
        self.report().cancellation.request();
        let bound = async {
            match reason {
                // A run that still executes is not given to another process: the lease of this process
                // holds until the run has ended or this process has.
                StopReason::ShuttingDown => self.active.lost.cancelled().await,
                _ => time::sleep(stop_timeout.saturating_sub(drop_timeout)).await,
            }
        };
        let outcome = tokio::select! {
            biased;
            outcome = execution.ended() => outcome,
            () = bound => {
                let reason = if self.active.lost.is_cancelled() { StopReason::Lost } else { reason };
                return Err(Stopped { reason, still_executes: true });
            }
        };
        match outcome {
            // The run ended before the stop took effect. A run that ends as cancelled without a user's
            // request was cancelled by the stop.
            Some(outcome) if !matches!(outcome.ending, Ending::Cancelled) => Ok(outcome),
            Some(outcome) if self.report().projection().cancel_requested => Ok(outcome),
            _ => Err(Stopped { reason, still_executes: false }),
        }
    }

    fn start(&self) -> Execution {
        let context = Arc::new(RunContext {
            id: self.id,
            owner: self.row.owner_id(),
            attempt: self.attempt,
            language: self.language.clone(),
            stage_outputs: self.stage_outputs.clone(),
            blocking_tasks: BlockingTasks::of_attempt(&self.active),
            web: self.observers.is_empty().then(|| self.engine.renderer().templates().clone()),
        });
        let operation = self.engine.registry.find(&self.row.op_type);
        let operation = operation.expect("the type was registered when the attempt began");
        let run = operation.run(StoredInput::of(&self.row), self.report().clone(), context.clone());
        let bytes_max = self.engine.config.output_bytes_max;
        let run = Outcome::of_run(self.messages(), run, move |messages, result| {
            Outcome::of_result(messages, result, bytes_max)
        });
        let run = run.instrument(log_span(self.report()));
        Execution::start(self.executor, context, self.active.clone(), run)
    }

    fn warn_of_held_thread(&self) {
        thread_held(self.op_type());
        tracing::warn!(
            op_type = self.op_type(),
            id = %self.id,
            attempt = %self.attempt,
            "run has held its thread for {HELD_AFTER:?} without an `.await`, and cannot be stopped \
             meanwhile; move blocking code to `p.spawn_blocking`, or add an `.await`"
        );
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
            let (op_type, owner) = (self.active.kind.op_type.into(), Some(row.owner.clone()));
            let progress = RowProgress { id: self.id, op_type, owner, html };
            let progress = ListChange::Progress(progress);
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
        let wait = write_wait(&self.engine);
        match self.engine.store.run_within(wait, "save a run", save).await {
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
