//! The transitions of a running attempt: save, hand back, schedule the next attempt, and finish.
//!
//! A handover sets `chained_to` of the row that ends. Several operations can hand over to one existing
//! operation, so an open page follows `chained_to`; `chained_from` only records the purpose for which an
//! operation was enqueued.

use std::{iter, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryTrait,
    UpdateMany,
    sea_query::{Expr, ExprTrait, Query},
};
use serde_json::{Value, json};

use super::{
    ClaimedAttempt, Column, Columns, Enqueued, Entity, Model, Repetitions, Store, StoreError,
    Transaction,
    attempt::AttemptEnd,
    log,
    recorded_write::Record,
    stage_output::forget_stage_outputs,
    stage_timings,
    transition::{Fenced, is_in, leased, next_attempt, requeued, transition, unleased},
};
use crate::{
    event::Ending,
    operation::{
        Attempt, AttemptOutcome, NewOperation, OperationId, OperationKind, OperationState,
    },
    projection::{LogChunk, Projection},
};

const END_RUN: &str = "end a run";

/// The end of a run, with the final content of the row.
#[derive(Debug)]
pub(crate) struct RunConclusion<'a> {
    /// The ending.
    pub ending: &'a Ending,
    /// The error details for staff.
    pub traceback: Option<String>,
    /// The final projection.
    pub projection: &'a Projection,
    /// The lines that are not in the database.
    pub log: &'a [Arc<LogChunk>],
}

/// A failed attempt, with the content of the row until the next attempt.
#[derive(Debug)]
pub(crate) struct FailedAttempt<'a> {
    /// The error message for the owner.
    pub message: &'a str,
    /// The error details for staff.
    pub traceback: Option<String>,
    /// The final projection of the attempt.
    pub projection: &'a Projection,
    /// The lines that are not in the database. The next attempt continues the log.
    pub log: &'a [Arc<LogChunk>],
    /// The earliest start of the next attempt.
    pub next_attempt_on: DateTime<Utc>,
}

/// The answer to a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub(crate) struct SaveReply {
    /// `true` if a user requested the cancellation of the operation.
    pub cancel_requested: bool,
}

impl Store {
    /// Saves the progress of a run and renews its lease. Returns `None` if the run no longer belongs to
    /// `attempt`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn save(
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
            .fenced(attempt);
        let save = leased(progress(save, attempt, projection, kind), lease);
        let mut save = save.into_query();
        save.returning(Query::returning().column(Column::CancelRequested));
        let mut saved = self.write(save, "save a run").await?;
        Ok(saved.pop())
    }

    /// Puts a run that a shutdown has stopped back into the queue without spending its attempt, counts the
    /// hand-back, and records the attempt with the rest of its log. Returns `None` if the run no longer belongs to the
    /// attempt.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn hand_back(
        &self,
        claimed: &ClaimedAttempt,
        projection: &Projection,
        log: &[Arc<LogChunk>],
    ) -> Result<Option<Model>, StoreError> {
        let hand_back = put_back(claimed.id, claimed.attempt)
            .col_expr(Column::HandBacks, Expr::col(Column::HandBacks).add(1));
        let record = claimed.record(&AttemptEnd {
            on: Utc::now(),
            outcome: AttemptOutcome::HandedBack,
            message: None,
            traceback: None,
            projection,
        });
        let hand_back = counted(hand_back, log);
        let records = iter::once(record).chain(log::record(claimed, log));
        self.update_one_recorded(hand_back, records, Columns::All, "hand a run back").await
    }

    /// Puts a claimed operation whose run has not begun back into the queue, as if it had not been claimed. Records no
    /// attempt. Returns `None` if the claim no longer belongs to `attempt`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn put_back(
        &self,
        id: OperationId,
        attempt: Attempt,
    ) -> Result<Option<Model>, StoreError> {
        self.update_one(put_back(id, attempt), Columns::All, "put a claimed operation back").await
    }

    /// Puts a failed run back into the queue for another attempt, and records the failed one. Returns `None` if the
    /// run no longer belongs to the attempt, or a user requested cancellation.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn schedule_next_attempt(
        &self,
        claimed: &ClaimedAttempt,
        failure: FailedAttempt<'_>,
    ) -> Result<Option<Model>, StoreError> {
        let FailedAttempt { message, traceback, projection, log, next_attempt_on } = failure;
        let record = claimed.record(&AttemptEnd {
            on: Utc::now(),
            outcome: AttemptOutcome::Failed,
            message: Some(message),
            traceback: traceback.as_deref(),
            projection,
        });
        let schedule_next_attempt =
            requeued(transition(claimed.id, OperationState::NotStarted), next_attempt_on)
                .filter(is_in(OperationState::Started))
                .filter(Column::CancelRequested.eq(false))
                .fenced(claimed.attempt)
                // A new attempt number, so that new frames supersede those of this attempt.
                .col_expr(Column::Attempt, next_attempt())
                .col_expr(Column::RunAfter, Expr::value(next_attempt_on))
                .col_expr(Column::ErrorMessage, Expr::value(message))
                .col_expr(Column::Traceback, Expr::value(traceback));
        let schedule = counted(schedule_next_attempt, log);
        let records = iter::once(record).chain(log::record(claimed, log));
        self.update_one_recorded(schedule, records, Columns::All, "put a failed run back").await
    }

    /// Ends a run, records its attempt, and enqueues the next operation of a chain in the same transaction. Returns
    /// the small columns of the row. Returns `None`, and writes nothing, if the run no longer belongs to the attempt.
    ///
    /// If an unfinished operation has the unique key of `next`, that operation takes over instead:
    /// [`Model::chained_to`] holds its ID.
    ///
    /// With `next`, also returns `None` if a user requested cancellation: the request and the ending have one
    /// order, so no operation follows one with an accepted request.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn finish_run(
        &self,
        claimed: &ClaimedAttempt,
        conclusion: RunConclusion<'_>,
        next: Option<NewOperation>,
    ) -> Result<Option<Model>, StoreError> {
        let state = conclusion.ending.state();
        let on = Utc::now();
        let end = || {
            let end = transition(claimed.id, state)
                .filter(is_in(OperationState::Started))
                .fenced(claimed.attempt);
            conclusion.write(end, on, claimed.attempt, &claimed.kind)
        };
        let mut records = self.outbox_entries(claimed.id, claimed.kind.op_type, state);
        records.extend(conclusion.records(claimed, on, AttemptOutcome::of(conclusion.ending)));
        let finishes = state == OperationState::FinishedOk;
        if next.is_none() {
            // Most operations have no saved stage outputs. The condition checks that in the same query, so
            // they need no transaction.
            let nothing_saved =
                Condition::all().add_option(finishes.then(|| Column::HasStageOutputs.eq(false)));
            let end = end().filter(nothing_saved);
            let ended =
                self.update_one_recorded(end, records.clone(), Columns::Small, END_RUN).await?;
            if ended.is_some() || !finishes {
                return Ok(ended);
            }
        }

        let chained_to = next.as_ref().map(|next| next.id.as_uuid());
        let unless_cancelled = next.as_ref().map(|_| Column::CancelRequested.eq(false));
        let end = end()
            .filter(Condition::all().add_option(unless_cancelled))
            .col_expr(Column::ChainedTo, Expr::value(chained_to));
        let mut repetitions = Repetitions::default();
        loop {
            let transaction = self.begin_read_committed().await?;
            let end = (end.clone(), records.clone());
            let ended = self.write_end(&transaction, end, finishes, next.clone()).await;
            match self.end(transaction, ended).await {
                Err(error) if repetitions.wait_after(&error).await => {}
                ended => return ended,
            }
        }
    }

    async fn write_end(
        &self,
        transaction: &Transaction,
        (end, records): (UpdateMany<Entity>, Vec<Record>),
        finishes: bool,
        next: Option<NewOperation>,
    ) -> Result<Option<Model>, StoreError> {
        let mut end = end.into_query();
        end.returning(Columns::Small.returning(self.backend()));
        let ended = transaction.query_one(&end).await;
        let ended =
            ended.and_then(|row| row.map(|row| Model::from_query_result(&row, "")).transpose());
        let Some(mut ended) = ended.map_err(StoreError::of(END_RUN))? else { return Ok(None) };
        for record in records {
            record.insert(transaction).await.map_err(StoreError::of(END_RUN))?;
        }
        if finishes {
            forget_stage_outputs(transaction, &ended).await?;
        }
        if let Some(next) = next {
            self.chain(transaction, &mut ended, next).await?;
        }
        Ok(Some(ended))
    }

    /// Enqueues the operation that takes over from `ended`, or records an unfinished operation with the
    /// same unique key.
    ///
    /// Runs after the end is written, because an operation may hand over to one with its own unique key.
    async fn chain(
        &self,
        transaction: &Transaction,
        ended: &mut Model,
        next: NewOperation,
    ) -> Result<(), StoreError> {
        if let Enqueued::Existing(next) = self.insert(transaction, next).await? {
            let record_next = Entity::update_many()
                .filter(Column::Id.eq(ended.id))
                .col_expr(Column::ChainedTo, Expr::value(next.id));
            record_next
                .exec(transaction)
                .await
                .map_err(StoreError::of("record the next operation of a chain"))?;
            ended.chained_to = Some(next.id);
        }
        Ok(())
    }
}

impl RunConclusion<'_> {
    /// Adds the columns of the end at `on` to an update. The row then has `attempt` as its newest attempt.
    pub(super) fn write(
        &self,
        update: UpdateMany<Entity>,
        on: DateTime<Utc>,
        attempt: Attempt,
        kind: &OperationKind,
    ) -> UpdateMany<Entity> {
        let Self { ending, traceback, projection, log } = self;
        let (result, order, error) = match ending {
            Ending::Finished(output) => {
                (Some(Value::clone(output)), projection.output_order.to_column(), None)
            }
            Ending::Failed(message) => (None, None, Some(message.to_string())),
            Ending::Cancelled => (None, None, None),
        };
        let state = ending.state();
        let update = unleased(update)
            .col_expr(Column::FinishedOn, Expr::value(on))
            .col_expr(
                Column::FinishedSuccessfully,
                Expr::value(state == OperationState::FinishedOk),
            )
            .col_expr(Column::Cancelled, Expr::value(state == OperationState::Cancelled))
            .col_expr(Column::ResultContext, Expr::value(result))
            .col_expr(Column::ResultOrder, Expr::value(order))
            .col_expr(Column::ErrorMessage, Expr::value(error))
            .col_expr(Column::Traceback, Expr::value(traceback.as_deref()))
            .col_expr(Column::SuccessUrl, Expr::value(projection.success_url.as_deref()));
        counted(progress(update, attempt, projection, kind), log)
    }

    /// Returns the record of the attempt that this end is the end of, and that of its last lines.
    pub(super) fn records(
        &self,
        claimed: &ClaimedAttempt,
        on: DateTime<Utc>,
        outcome: AttemptOutcome,
    ) -> Vec<Record> {
        let Self { ending, traceback, projection, log } = self;
        let message = match ending {
            Ending::Failed(message) => Some(&**message),
            Ending::Finished(_) | Ending::Cancelled => None,
        };
        let attempt = claimed.record(&AttemptEnd {
            on,
            outcome,
            message,
            traceback: traceback.as_deref(),
            projection,
        });
        iter::once(attempt).chain(log::record(claimed, log)).collect()
    }
}

impl AttemptOutcome {
    pub(super) fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Finished(_) => Self::Finished,
            Ending::Failed(_) => Self::Failed,
            Ending::Cancelled => Self::Cancelled,
        }
    }
}

/// Builds an update that puts a run back into the queue without spending its attempt.
fn put_back(id: OperationId, attempt: Attempt) -> UpdateMany<Entity> {
    requeued(transition(id, OperationState::NotStarted), Utc::now())
        .filter(is_in(OperationState::Started))
        .fenced(attempt)
        // A new attempt number: otherwise a late heartbeat or a repeated hand-back of this attempt would
        // apply to the next run. The budget stays the same.
        .col_expr(Column::Attempt, next_attempt())
        .col_expr(Column::AttemptsBefore, Expr::col(Column::AttemptsBefore).add(1))
}

/// Adds the number of lines, if the attempt ends with these last lines.
fn counted(update: UpdateMany<Entity>, log: &[Arc<LogChunk>]) -> UpdateMany<Entity> {
    match log.last() {
        Some(last) => update.col_expr(Column::LogSeq, Expr::value(log::integer(last.end()))),
        None => update,
    }
}

/// Adds the columns of the progress.
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
        .col_expr(
            Column::StageTimings,
            Expr::value(stage_timings::column(attempt, projection, kind)),
        )
}
