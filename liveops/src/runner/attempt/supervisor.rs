//! What happens beside an attempt while it runs.

use std::{future, pin::pin, sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{self, Instant, MissedTickBehavior},
};
use tracing::Instrument;

use super::{
    outcome::Outcome,
    running_attempt::{RunningAttempt, StopReason},
};
use crate::{
    channel::{ListChange, RowProgress},
    operation::CancelMode,
    progress::{RunContext, log_span},
};

/// How far apart the saves are that stages which change ask for: a run that goes in and out of
/// stages in a tight loop must not write as often.
const SAVE_INTERVAL: Duration = Duration::from_millis(250);

/// How far apart the looks are that the lists with a run in them get of it.
const LIST_INTERVAL: Duration = Duration::from_secs(1);

impl RunningAttempt {
    /// Runs the operation in a task of its own, so that a panic ends nothing else, and keeps its
    /// row and the lists up to date meanwhile.
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
            // Not inside the select: a query that is dropped half-way takes its connection along.
            if let Err(stopped) = self.save().await {
                break stopped;
            }
            save_on = Instant::now() + SAVE_INTERVAL;
        };
        // What comes next must not happen beside what the run still does.
        task.0.abort();
        match (&mut task.0).await {
            Err(error) if error.is_cancelled() => {
                // Threads that it started are not aborted with it, but may look whether to go on.
                self.report().cancellation.request();
                Err(stopped)
            }
            // It ended before it could be stopped.
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
        let operation = operation.expect("it was found when the run began");
        let run = operation.run(self.row.input.clone(), self.report().clone(), context);
        let bytes_max = self.engine.config.output_bytes_max;
        let run = Outcome::of_run(self.messages(), run, move |messages, result| {
            Outcome::of_result(messages, result, bytes_max)
        });
        tokio::spawn(run.instrument(log_span(self.report())))
    }

    /// Waits until the run has to be stopped, and tells why.
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

    /// Waits until a stage has changed, and not less than until `save_on`.
    async fn stage_changed(&self, save_on: Instant) {
        self.report().stage_changed.notified().await;
        time::sleep_until(save_on).await;
    }

    /// Tells the lists how far the run is, unless that is what they show.
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

    /// Saves where the run is, and hears whether it shall stop.
    async fn save(&self) -> Result<(), StopReason> {
        let projection = self.report().projection();
        let (kind, lease) = (&self.active.kind, self.engine.config.lease);
        match self.engine.store.save(self.id, self.attempt, &projection, kind, lease).await {
            Ok(Some(saved)) => {
                if saved.cancel_requested {
                    self.report().cancel();
                }
                Ok(())
            }
            Ok(None) => Err(StopReason::Lost),
            // A lease that cannot be kept either is noticed by whoever keeps it.
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "failed to save a run");
                Ok(())
            }
        }
    }
}

/// A task that does not outlive whoever waits for it.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
