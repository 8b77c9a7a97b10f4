use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, UpdateMany,
    sea_query::{Expr, ExprTrait},
};
use serde_json::{Value, json};

use super::{
    Column, Enqueued, Entity, Model, Store, StoreError, Transaction,
    stage_output::forget_stage_outputs,
    stage_timings,
    transition::{Fenced, is_in, later, next_attempt, requeued, transition},
};
use crate::{
    event::{Ending, LogLine},
    operation::{Attempt, NewOperation, OperationId, OperationKind, OperationState},
    projection::Projection,
};

/// How a run ended, with everything the row remembers of it.
#[derive(Debug)]
pub struct RunConclusion<'a> {
    /// How it ended.
    pub ending: &'a Ending,
    /// What went wrong, for staff.
    pub traceback: Option<String>,
    /// What it showed at the end.
    pub projection: &'a Projection,
    /// What kind of operation it was.
    pub kind: &'a OperationKind,
}

/// An attempt that failed, with everything the row remembers of it while it waits for the next one.
#[derive(Debug)]
pub struct FailedAttempt<'a> {
    /// What went wrong, for the owner.
    pub message: &'a str,
    /// What went wrong, for staff.
    pub traceback: Option<String>,
    /// What the attempt showed at its end: its log goes on in the next one.
    pub projection: &'a Projection,
    /// When the next attempt may start.
    pub next_attempt_on: DateTime<Utc>,
}

/// The answer to a run that saved where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaveReply {
    /// Whether somebody asked for the run to be cancelled.
    pub cancel_requested: bool,
}

impl Store {
    /// Saves where a run is and prolongs its lease; `None` when the run is no longer this
    /// attempt's to speak for.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn save(
        &self,
        id: OperationId,
        attempt: Attempt,
        projection: &Projection,
        kind: &OperationKind,
        lease: Duration,
    ) -> Result<Option<SaveReply>, StoreError> {
        let save = Entity::update_many()
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(is_in(OperationState::Started))
            .fenced(attempt)
            .col_expr(Column::LeaseUntil, Expr::value(later(Utc::now(), lease)));
        let saved =
            self.update_one(progress(save, attempt, projection, kind), "save a run").await?;
        Ok(saved.map(|row| SaveReply { cancel_requested: row.cancel_requested }))
    }

    /// Puts a run back into the queue without spending its attempt; `None` when the run is no
    /// longer this attempt's.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn hand_back(
        &self,
        id: OperationId,
        attempt: Attempt,
    ) -> Result<Option<Model>, StoreError> {
        let hand_back = requeued(transition(id, OperationState::NotStarted), Utc::now())
            .filter(is_in(OperationState::Started))
            .fenced(attempt)
            // An attempt of its own: what this one still says, a late heartbeat or a second try to
            // hand back, would else count for whoever runs it next. The budget stays as it was.
            .col_expr(Column::Attempt, next_attempt())
            .col_expr(Column::AttemptsBefore, Expr::col(Column::AttemptsBefore).add(1));
        self.update_one(hand_back, "hand a run back").await
    }

    /// Puts a run that failed back into the queue, for another attempt; `None` when the run was no
    /// longer this attempt's, or somebody asked for it to be cancelled.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn schedule_next_attempt(
        &self,
        id: OperationId,
        attempt: Attempt,
        failure: FailedAttempt<'_>,
    ) -> Result<Option<Model>, StoreError> {
        let FailedAttempt { message, traceback, projection, next_attempt_on } = failure;
        let schedule_next_attempt =
            requeued(transition(id, OperationState::NotStarted), next_attempt_on)
                .filter(is_in(OperationState::Started))
                .filter(Column::CancelRequested.eq(false))
                .fenced(attempt)
                // An attempt of its own, so that what is shown from now on outranks this one.
                .col_expr(Column::Attempt, next_attempt())
                .col_expr(Column::RunAfter, Expr::value(next_attempt_on))
                .col_expr(Column::ErrorMessage, Expr::value(message))
                .col_expr(Column::Traceback, Expr::value(traceback));
        self.update_one(log(schedule_next_attempt, projection), "put a run that failed back").await
    }

    /// Ends a run, and enqueues the operation that takes over in the same transaction; `None` when
    /// the run was no longer this attempt's to end, and then nothing is written.
    ///
    /// Where the operation that takes over counts as the same as one that has not ended, that one
    /// takes over: [`Model::chained_to`] says which it is.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn finish_run(
        &self,
        id: OperationId,
        attempt: Attempt,
        conclusion: RunConclusion<'_>,
        next: Option<NewOperation>,
    ) -> Result<Option<Model>, StoreError> {
        const ACTION: &str = "end a run";
        let state = conclusion.ending.state();
        let end = || {
            let end = transition(id, state).filter(is_in(OperationState::Started)).fenced(attempt);
            conclusion.write(end, attempt)
        };
        let finishes = state == OperationState::FinishedOk;
        if next.is_none() {
            // Most operations have nothing that goes with their ending, which one query tells, too.
            let nothing_saved =
                Condition::all().add_option(finishes.then(|| Column::HasStageOutputs.eq(false)));
            let ended = self.update_one(end().filter(nothing_saved), ACTION).await?;
            if ended.is_some() || !finishes {
                return Ok(ended);
            }
        }

        let transaction = self.begin().await?;
        let chained_to = next.as_ref().map(|next| next.id.as_uuid());
        let end = end().col_expr(Column::ChainedTo, Expr::value(chained_to));
        let mut ended =
            end.exec_with_returning(&transaction).await.map_err(StoreError::of(ACTION))?.pop();
        if let Some(ended) = &mut ended {
            if finishes {
                forget_stage_outputs(&transaction, ended).await?;
            }
            if let Some(next) = next {
                self.chain(&transaction, ended, next).await?;
            }
        }
        self.commit(transaction).await?;
        Ok(ended)
    }

    /// Enqueues the operation that takes over from `ended`, or leads there if one that counts as the
    /// same has not ended.
    ///
    /// Not before the end is written: an operation may hand over to one that counts as the same as
    /// itself.
    async fn chain(
        &self,
        transaction: &Transaction,
        ended: &mut Model,
        next: NewOperation,
    ) -> Result<(), StoreError> {
        if let Enqueued::Existing(next) = self.insert(transaction, next).await? {
            let lead_there = Entity::update_many()
                .filter(Column::Id.eq(ended.id))
                .col_expr(Column::ChainedTo, Expr::value(next.id));
            lead_there.exec(transaction).await.map_err(StoreError::of("lead to an operation"))?;
            ended.chained_to = Some(next.id);
        }
        Ok(())
    }
}

impl RunConclusion<'_> {
    /// Adds the columns that say how a run ended, to a row whose attempt is then `attempt`.
    pub(super) fn write(&self, update: UpdateMany<Entity>, attempt: Attempt) -> UpdateMany<Entity> {
        let Self { ending, traceback, projection, kind } = self;
        let (result, error) = match ending {
            Ending::Finished(output) => (Some(Value::clone(output)), None),
            Ending::Failed(message) => (None, Some(message.to_string())),
            Ending::Cancelled => (None, None),
        };
        let state = ending.state();
        let update = update
            .col_expr(Column::FinishedOn, Expr::value(Utc::now()))
            .col_expr(
                Column::FinishedSuccessfully,
                Expr::value(state == OperationState::FinishedOk),
            )
            .col_expr(Column::Cancelled, Expr::value(state == OperationState::Cancelled))
            .col_expr(Column::ResultContext, Expr::value(result))
            .col_expr(Column::ErrorMessage, Expr::value(error))
            .col_expr(Column::Traceback, Expr::value(traceback.as_deref()))
            .col_expr(Column::SuccessUrl, Expr::value(projection.success_url.as_deref()))
            .col_expr(Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>));
        log(progress(update, attempt, projection, kind), projection)
    }
}

/// Adds the columns that keep the log.
fn log(update: UpdateMany<Entity>, projection: &Projection) -> UpdateMany<Entity> {
    let lines: Vec<&LogLine> = projection.log.iter().map(|(_, line)| &**line).collect();
    let line_count = i64::try_from(projection.log.next_id()).unwrap_or(i64::MAX);
    update
        .col_expr(Column::Log, Expr::value(json!(lines)))
        .col_expr(Column::LogSeq, Expr::value(line_count))
}

/// Adds the columns that say where a run is.
fn progress(
    update: UpdateMany<Entity>,
    attempt: Attempt,
    projection: &Projection,
    kind: &OperationKind,
) -> UpdateMany<Entity> {
    let (text, level) = match &projection.status {
        Some(status) => (&*status.text, status.level.as_str()),
        None => ("", ""),
    };
    let stage = projection.active_stage().and_then(|index| kind.stages.get(index).copied());
    update
        .col_expr(Column::StatusText, Expr::value(text))
        .col_expr(Column::StatusLevel, Expr::value(level))
        .col_expr(Column::Percent, Expr::value(projection.percent(kind.stage_weights)))
        .col_expr(Column::CurrentStage, Expr::value(stage))
        .col_expr(Column::StageStates, Expr::value(json!(projection.stages)))
        .col_expr(Column::StageTimings, Expr::value(stage_timings::column(attempt, projection)))
}
