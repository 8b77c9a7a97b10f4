//! Back into the queue: for the next attempt after a failure, or for another process at shutdown.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{database_backoff::Patience, outcome::Outcome, running_attempt::Run};
use crate::{
    event::{Event, Level, LogLine},
    language::Text,
    metrics::{attempt_handed_back, attempt_retried, lease_lost},
    runner::WakeUp,
    store::{self, Failure},
};

/// What became of a run that failed and may be attempted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// It waits for its next attempt.
    Waits,
    /// It was not this attempt's to put back, or shall be cancelled: then this was the end.
    Refused,
    /// The database did not say, and the process stops. The lease will run out.
    Unknown,
}

impl Run {
    /// Puts the operation back into the queue, and shows that it waits.
    pub(super) async fn hand_back(&self) {
        self.stage_outputs.settled().await;
        let mut patience = Patience::new(&self.engine);
        loop {
            match self.engine.store.hand_back(self.id, self.attempt).await {
                Ok(Some(row)) => {
                    attempt_handed_back(self.op_type());
                    tracing::info!("handed back to the queue");
                    self.engine.publisher.publish_row(&row).await;
                    return self.engine.wake_workers(WakeUp::of(&row)).await;
                }
                Ok(None) => {
                    lease_lost(self.op_type());
                    return tracing::warn!("somebody else has taken this run over");
                }
                Err(error) => {
                    if !patience.is_left_after(&error).await {
                        return;
                    }
                }
            }
        }
    }

    /// How long to wait for another attempt after this outcome, if there is to be one.
    pub(super) fn wait_after(&self, outcome: &Outcome) -> Option<Duration> {
        let attempts = self.row.attempts();
        let is_left = attempts.number < attempts.max && !outcome.is_final;
        is_left.then(|| self.row.backoff().wait(attempts.number))
    }

    /// Puts the operation back into the queue for another attempt, and shows that it waits for it.
    pub(super) async fn retry(
        &self,
        message: &str,
        traceback: Option<String>,
        wait: Duration,
        retry_on: DateTime<Utc>,
    ) -> Retry {
        let attempts = self.row.attempts();
        let (number, max) = (attempts.number, attempts.max);
        let failed = Event::Log(LogLine {
            at: Utc::now(),
            level: Level::Warning,
            text: self.language.say_with(
                Text::AttemptFailed,
                [
                    ("number", number.into()),
                    ("max", max.into()),
                    ("wait", self.language.duration(wait).into()),
                    ("message", message.into()),
                ],
            ),
        });
        // What the run has to say besides is still to be shown if this is refused.
        let mut projection = self.report().projection();
        projection.apply(failed.clone());
        let retry_on = store::later(retry_on, self.observers.head_start());
        let mut patience = Patience::new(&self.engine);
        loop {
            let traceback = traceback.clone();
            let failure = Failure { message, traceback, projection: &projection, retry_on };
            match self.engine.store.retry(self.id, self.attempt, failure).await {
                Ok(Some(row)) => {
                    attempt_retried(self.op_type());
                    tracing::warn!(number, max, ?wait, "failed, and will be tried again");
                    self.report().event(failed);
                    self.engine.publisher.publish_row(&row).await;
                    return Retry::Waits;
                }
                Ok(None) => return Retry::Refused,
                Err(error) => {
                    if !patience.is_left_after(&error).await {
                        return Retry::Unknown;
                    }
                }
            }
        }
    }
}
