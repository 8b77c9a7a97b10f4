//! The return into the queue: for the next attempt after a failure, or for another process at shutdown.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{database_backoff::DatabaseBackoff, outcome::Outcome, running_attempt::RunningAttempt};
use crate::{
    event::{Event, Level, LogLine},
    language::Text,
    metrics::{attempt_handed_back, lease_lost, next_attempt_scheduled},
    operation::OperationState,
    runner::WakeUp,
    store::{self, FailedAttempt, Model, Store, StoreError},
};

/// The result of scheduling another attempt for a failed run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScheduleOutcome {
    /// The operation waits for its next attempt.
    Scheduled,
    /// The operation is not this attempt's to put back, or has a cancel request: the failure is its
    /// ending.
    Refused,
    /// The database gave no answer before the shutdown. The lease will expire.
    Unknown,
}

impl RunningAttempt {
    /// Returns `true` if a run that a shutdown has stopped may begin again.
    pub(super) fn may_be_handed_back(&self) -> bool {
        let attempts = self.row.attempts();
        let may_begin_again =
            attempts.number < attempts.max || self.active.kind.policy.requeue_on_shutdown;
        may_begin_again && attempts.hand_backs < self.engine.config.hand_backs_max
    }

    /// Puts the operation back into the queue, and publishes it as waiting. The next run continues the log.
    pub(super) async fn hand_back(&self) {
        let starts_again = Event::Log(LogLine {
            at: Utc::now(),
            level: Level::Warning,
            text: self.language.translate(Text::StartsAgain),
        });
        // A copy: if the store refuses, the report must still hold its unpublished changes.
        let mut last = self.report().with_unwritten_log();
        last.apply(starts_again.clone());
        let (projection, log) = (&last.view, &last.unwritten.chunks());
        let mut backoff = DatabaseBackoff::new(&self.engine);
        let claimed = self.row.claimed(&self.active.kind);
        loop {
            let claimed = &claimed;
            let hand_back = |store: Store| async move {
                match store.hand_back(claimed, projection, log).await {
                    Ok(None) => self.find_put_back(&store, 1).await,
                    answer => answer,
                }
            };
            match backoff.write("hand a run back", hand_back).await {
                Ok(Some(row)) => {
                    attempt_handed_back(self.op_type());
                    tracing::info!(
                        hand_backs = row.hand_backs,
                        "handed the operation back to the queue"
                    );
                    self.report().event(starts_again);
                    self.show_waiting(&row).await;
                    return self.engine.wake_workers(WakeUp::of(&row)).await;
                }
                Ok(None) => {
                    lease_lost(self.op_type());
                    return tracing::warn!(
                        "lost the lease before the hand-back; nothing to hand back"
                    );
                }
                Err(error) => {
                    if !backoff.wait_before_retry(&error).await {
                        return;
                    }
                }
            }
        }
    }

    /// Returns the wait before another attempt; `None` if the outcome allows no other attempt.
    pub(super) fn next_attempt_wait(&self, outcome: &Outcome) -> Option<Duration> {
        let attempts = self.row.attempts();
        let is_left = attempts.number < attempts.max && !outcome.is_final;
        is_left.then(|| self.row.backoff().wait(attempts.number))
    }

    /// Puts the operation back into the queue for another attempt, and publishes it as waiting.
    pub(super) async fn schedule_next_attempt(
        &self,
        message: &str,
        traceback: Option<String>,
        wait: Duration,
        next_attempt_on: DateTime<Utc>,
    ) -> ScheduleOutcome {
        let attempts = self.row.attempts();
        let (number, max) = (attempts.number, attempts.max);
        let failed = Event::Log(LogLine {
            at: Utc::now(),
            level: Level::Warning,
            text: self.language.translate_with(
                Text::AttemptFailed,
                [
                    ("number", number.into()),
                    ("max", max.into()),
                    ("wait", self.language.duration(wait).into()),
                    ("message", message.into()),
                ],
            ),
        });
        // A copy: if the store refuses, the report must still hold its unpublished changes.
        let mut last = self.report().with_unwritten_log();
        last.apply(failed.clone());
        let (projection, log) = (&last.view, &last.unwritten.chunks());
        let next_attempt_on = store::later(next_attempt_on, self.observers.head_start());
        let mut backoff = DatabaseBackoff::new(&self.engine);
        let claimed = self.row.claimed(&self.active.kind);
        loop {
            let traceback = traceback.clone();
            let failure = FailedAttempt { message, traceback, projection, log, next_attempt_on };
            let claimed = &claimed;
            let schedule = |store: Store| async move {
                match store.schedule_next_attempt(claimed, failure).await {
                    Ok(None) => self.find_put_back(&store, 0).await,
                    answer => answer,
                }
            };
            match backoff.write("put a failed run back", schedule).await {
                Ok(Some(row)) => {
                    next_attempt_scheduled(self.op_type());
                    tracing::warn!(
                        number,
                        max,
                        ?wait,
                        "attempt failed; scheduled the next attempt"
                    );
                    self.report().event(failed);
                    self.show_waiting(&row).await;
                    return ScheduleOutcome::Scheduled;
                }
                Ok(None) => return ScheduleOutcome::Refused,
                Err(error) => {
                    if !backoff.wait_before_retry(&error).await {
                        return ScheduleOutcome::Unknown;
                    }
                }
            }
        }
    }

    /// Returns the row if this attempt has put it back into the queue, by a commit whose answer was lost.
    /// `uncounted` is the number of attempts that the write added to those outside of the budget.
    async fn find_put_back(
        &self,
        store: &Store,
        uncounted: i32,
    ) -> Result<Option<Model>, StoreError> {
        let row = store.find(self.id).await?;
        // A rescue by another worker adds to the rescues, and a user's retry sets the attempts outside of the
        // budget to all earlier attempts.
        let is_ours = |row: &Model| {
            row.attempt == self.row.attempt + 1
                && row.attempts_before == self.row.attempts_before + uncounted
                && row.rescues == self.row.rescues
        };
        Ok(row.filter(is_ours))
    }

    /// Publishes an operation that was put back, unless another process has already started it.
    async fn show_waiting(&self, row: &Model) {
        if row.state() != OperationState::Started {
            self.engine.publisher.publish_row(row).await;
        }
    }
}
