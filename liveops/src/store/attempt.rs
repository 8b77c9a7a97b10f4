//! The attempts that are over: the sea-orm entity, and every query on it.
//!
//! The row of an attempt is inserted in the commit that ends the attempt, so claims and heartbeats cost nothing, and
//! an attempt ends once. The process that rescues a lost run inserts the row of the lost attempt. A claim that was put
//! back before its run began is no attempt.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    FromQueryResult, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{OnConflict, Order},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Model as Operation, Store, StoreError, recorded_write::Record, restore::read};
use crate::{
    event::{Bar, Measure, StageState},
    operation::{Attempt, AttemptOutcome, FieldOrder, OperationId, OperationKind, OperationState},
    projection::{PastAttempt, PastAttemptDetails, Projection, StageRecord, StageTiming},
};

/// Maximum number of attempts that [`Store::past_attempts`] returns.
pub(crate) const PAST_ATTEMPTS_LEN_MAX: usize = 50;

/// An attempt that is over. The large columns are the last ones: SQLite reads a row up to the last column of a query.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "liveops_attempt")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) operation: Uuid,
    /// The number of the attempt in the row of the operation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) attempt: i32,
    pub(super) worker: Option<String>,
    pub(super) started_on: DateTimeUtc,
    pub(super) ended_on: DateTimeUtc,
    /// An [`AttemptOutcome`].
    pub(super) outcome: String,
    /// The progress of the whole run at the end, from 0 to 100.
    pub(super) percent: Option<f64>,
    /// The error message for the owner.
    pub(super) error_message: Option<String>,
    /// The position of the bar at the end, a [`BarColumn`].
    pub(super) bar: Option<Json>,
    /// The [`StageRecord`] of each stage, in order.
    pub(super) stages: Option<Json>,
    /// The error details for staff.
    pub(super) traceback: Option<String>,
    /// The output, once a retry has removed it from the row of the operation.
    pub(super) result: Option<Json>,
    /// The order of the fields of the output, a [`FieldOrder`].
    pub(super) result_order: Option<Json>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The position of a bar, as a column holds it.
#[derive(Debug, Serialize, Deserialize)]
struct BarColumn {
    #[serde(flatten)]
    measure: MeasureColumn,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<Arc<str>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum MeasureColumn {
    Count { done: u64, total: Option<u64> },
    Percent { percent: f64 },
}

/// An attempt, as its claim began it.
#[derive(Debug, Clone)]
pub(crate) struct ClaimedAttempt {
    /// The ID of the operation.
    pub id: OperationId,
    /// The number of the attempt.
    pub attempt: Attempt,
    /// The kind of the operation.
    pub kind: OperationKind,
    /// The worker that claimed the operation.
    pub worker: Option<String>,
    /// The time of the claim.
    pub started_on: Option<DateTime<Utc>>,
}

/// The end of an attempt.
#[derive(Debug)]
pub(super) struct AttemptEnd<'a> {
    pub(super) on: DateTime<Utc>,
    pub(super) outcome: AttemptOutcome,
    pub(super) message: Option<&'a str>,
    pub(super) traceback: Option<&'a str>,
    pub(super) projection: &'a Projection,
}

/// The columns of a [`PastAttempt`].
#[derive(Debug, FromQueryResult)]
struct PastAttemptRow {
    number: i64,
    worker: Option<String>,
    started_on: DateTime<Utc>,
    ended_on: DateTime<Utc>,
    outcome: String,
    percent: Option<f64>,
    error_message: Option<String>,
    bar: Option<Value>,
}

const SMALL: [Column; 7] = [
    Column::Worker,
    Column::StartedOn,
    Column::EndedOn,
    Column::Outcome,
    Column::Percent,
    Column::ErrorMessage,
    Column::Bar,
];

impl Operation {
    /// Returns the attempt that this row was claimed for.
    pub(crate) fn claimed(&self, kind: &OperationKind) -> ClaimedAttempt {
        ClaimedAttempt {
            id: self.operation_id(),
            attempt: self.attempt_number(),
            kind: *kind,
            worker: self.worker.clone(),
            started_on: self.started_on,
        }
    }

    /// Returns the newest attempt of an operation that has ended. Returns `None` if no attempt has run since the last
    /// retry.
    fn ended_attempt(&self) -> Option<PastAttempt> {
        let (started_on, ended_on) = self.started_on.zip(self.finished_on)?;
        let outcome = match self.state() {
            OperationState::FinishedOk => AttemptOutcome::Finished,
            OperationState::Cancelled => AttemptOutcome::Cancelled,
            _ => AttemptOutcome::Failed,
        };
        Some(PastAttempt {
            number: 1,
            worker: self.worker.clone(),
            started_on,
            ended_on,
            outcome,
            percent: self.percent,
            error: self.error_message.clone(),
            bar: None,
        })
    }
}

impl ClaimedAttempt {
    /// Returns the record of the attempt with this end.
    pub(super) fn record(&self, end: &AttemptEnd<'_>) -> Record {
        let AttemptEnd { on, outcome, message, traceback, projection } = *end;
        let stages = stage_records(&self.kind, projection);
        Record::of(&ActiveModel {
            operation: Set(self.id.as_uuid()),
            attempt: Set(i32::try_from(self.attempt.0).unwrap_or(i32::MAX)),
            worker: Set(self.worker.clone()),
            started_on: Set(self.started_on.unwrap_or(on)),
            ended_on: Set(on),
            outcome: Set(outcome.as_str().to_owned()),
            percent: Set(projection.percent(self.kind.stage_weights)),
            error_message: Set(message.map(str::to_owned)),
            bar: Set(projection.bar.as_ref().map(bar_column)),
            stages: Set((!stages.is_empty()).then(|| json!(stages))),
            traceback: Set(traceback.map(str::to_owned)),
            result: Set(None),
            result_order: Set(None),
        })
    }
}

impl Store {
    /// Returns the attempts of an operation that are over, the earliest first; only the newest
    /// [`PAST_ATTEMPTS_LEN_MAX`].
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn past_attempts(
        &self,
        operation: &Operation,
    ) -> Result<Vec<PastAttempt>, StoreError> {
        let rows: Vec<PastAttemptRow> = Entity::find()
            .select_only()
            .columns(SMALL)
            .expr_as(Expr::cust("ROW_NUMBER() OVER (ORDER BY attempt)"), "number")
            .filter(Column::Operation.eq(operation.id))
            .order_by(Column::Attempt, Order::Desc)
            .limit(PAST_ATTEMPTS_LEN_MAX as u64)
            .into_model()
            .all(self.statements())
            .await
            .map_err(StoreError::of("read the attempts of an operation"))?;
        let mut attempts: Vec<PastAttempt> =
            rows.into_iter().rev().map(|row| row.into_attempt(operation)).collect();
        // A process of an earlier version records no attempts.
        let is_recorded =
            |on| attempts.iter().any(|attempt: &PastAttempt| attempt.started_on == on);
        let ended = operation.ended_attempt();
        if let Some(ended) = ended.filter(|ended| !is_recorded(ended.started_on)) {
            let number = attempts.last().map_or(1, |last| last.number + 1);
            attempts.push(PastAttempt { number, ..ended });
        }
        Ok(attempts)
    }

    /// Returns the numbers that the attempts which are over have in the row of the operation, in order.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn attempt_numbers(
        &self,
        operation: &Operation,
    ) -> Result<Vec<Attempt>, StoreError> {
        if operation.attempt_number() <= Attempt(1) {
            return Ok(Vec::new());
        }
        let numbers: Vec<i32> = Entity::find()
            .select_only()
            .column(Column::Attempt)
            .filter(Column::Operation.eq(operation.id))
            .order_by(Column::Attempt, Order::Asc)
            .into_tuple()
            .all(self.statements())
            .await
            .map_err(StoreError::of("read the attempts of an operation"))?;
        Ok(numbers.into_iter().map(|number| Attempt(u32::try_from(number).unwrap_or(0))).collect())
    }

    /// Returns an attempt that is over by its number, from 1. Returns `None` if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn past_attempt(
        &self,
        operation: &Operation,
        kind: &OperationKind,
        number: u64,
    ) -> Result<Option<PastAttemptDetails>, StoreError> {
        const ACTION: &str = "read an attempt of an operation";
        let Some(before) = number.checked_sub(1).filter(|before| i64::try_from(*before).is_ok())
        else {
            return Ok(None);
        };
        let row = Entity::find()
            .filter(Column::Operation.eq(operation.id))
            .order_by(Column::Attempt, Order::Asc)
            .offset(before)
            .limit(1)
            .one(self.statements())
            .await
            .map_err(StoreError::of(ACTION))?;
        // The newest output is in the row of the operation.
        let output = |started_on: DateTime<Utc>| {
            let is_newest = operation.started_on == Some(started_on);
            let result = operation.result_context.clone().filter(|_| is_newest)?;
            Some((result, operation.result_order.as_ref()))
        };
        let ordered = |(result, order)| (result, FieldOrder::from_column(order));
        if let Some(row) = row {
            let attempt = Attempt(u32::try_from(row.attempt).unwrap_or(0));
            let stages = row.stages.as_ref();
            let stages = stages.and_then(|json| read(operation, "attempt.stages", json));
            return Ok(Some(PastAttemptDetails {
                log: self.attempt_log_tail(operation, attempt).await?,
                stages: stages.unwrap_or_default(),
                traceback: row.traceback.clone(),
                result: (row.result.clone())
                    .map(|result| (result, row.result_order.as_ref()))
                    .or_else(|| output(row.started_on))
                    .map(ordered),
                attempt: row.into_attempt(operation, number),
            }));
        }
        let newest = self.past_attempts(operation).await?.pop();
        let Some(attempt) = newest.filter(|newest| newest.number == number) else {
            return Ok(None);
        };
        Ok(Some(PastAttemptDetails {
            log: self.attempt_log_tail(operation, operation.attempt_number()).await?,
            stages: stage_records(kind, &operation.projection(kind)),
            traceback: operation.traceback.clone(),
            result: output(attempt.started_on).map(ordered),
            attempt,
        }))
    }

    /// Returns the position of the bar at which an operation stopped, if it failed or was cancelled.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn stopped_bar(
        &self,
        operation: &Operation,
    ) -> Result<Option<Bar>, StoreError> {
        let has_stopped =
            matches!(operation.state(), OperationState::FinishedError | OperationState::Cancelled);
        let Some(started_on) = operation.started_on.filter(|_| has_stopped) else {
            return Ok(None);
        };
        let bar: Option<Option<Json>> = Entity::find()
            .select_only()
            .column(Column::Bar)
            .filter(Column::Operation.eq(operation.id))
            .filter(Column::StartedOn.eq(started_on))
            .into_tuple()
            .one(self.statements())
            .await
            .map_err(StoreError::of("read the end of an operation"))?;
        Ok(bar.flatten().and_then(|bar| bar_of(operation, &bar)))
    }
}

/// Keeps the output of an operation that ended and is about to be retried, over `connection`, and the whole attempt if
/// a process of an earlier version ended it.
pub(super) async fn keep_output(
    connection: &impl ConnectionTrait,
    operation: &Operation,
) -> Result<(), DbErr> {
    let Some(ended) = operation.ended_attempt() else { return Ok(()) };
    let kept = Entity::update_many()
        .filter(Column::Operation.eq(operation.id))
        .filter(Column::StartedOn.eq(ended.started_on))
        .col_expr(Column::Result, Expr::value(operation.result_context.clone()))
        .col_expr(Column::ResultOrder, Expr::value(operation.result_order.clone()))
        .exec(connection)
        .await?;
    if kept.rows_affected > 0 {
        return Ok(());
    }
    let attempt = ActiveModel {
        operation: Set(operation.id),
        attempt: Set(operation.attempt),
        worker: Set(ended.worker),
        started_on: Set(ended.started_on),
        ended_on: Set(ended.ended_on),
        outcome: Set(ended.outcome.as_str().to_owned()),
        percent: Set(ended.percent),
        error_message: Set(ended.error),
        bar: Set(None),
        // The labels of the stages are not in the row.
        stages: Set(None),
        traceback: Set(operation.traceback.clone()),
        result: Set(operation.result_context.clone()),
        result_order: Set(operation.result_order.clone()),
    };
    let insert = Entity::insert(attempt).on_conflict(OnConflict::new().do_nothing().to_owned());
    insert.exec_without_returning(connection).await.map(drop)
}

impl PastAttemptRow {
    fn into_attempt(self, operation: &Operation) -> PastAttempt {
        PastAttempt {
            number: u64::try_from(self.number).unwrap_or(0),
            worker: self.worker,
            started_on: self.started_on,
            ended_on: self.ended_on,
            outcome: AttemptOutcome::named(&self.outcome),
            percent: self.percent,
            error: self.error_message,
            bar: self.bar.as_ref().and_then(|bar| bar_of(operation, bar)),
        }
    }
}

impl Model {
    fn into_attempt(self, operation: &Operation, number: u64) -> PastAttempt {
        let Self { worker, started_on, ended_on, outcome, percent, error_message, bar, .. } = self;
        let number = i64::try_from(number).unwrap_or(0);
        let row = PastAttemptRow {
            number,
            worker,
            started_on,
            ended_on,
            outcome,
            percent,
            error_message,
            bar,
        };
        row.into_attempt(operation)
    }
}

fn stage_records(kind: &OperationKind, projection: &Projection) -> Vec<StageRecord> {
    let stages = kind.stages.iter().zip(&projection.stages).zip(&projection.stage_timings);
    let record = |((stage, state), timing): ((&&'static str, &StageState), &StageTiming)| {
        StageRecord { stage: (*stage).to_owned(), state: *state, timing: *timing }
    };
    stages.map(record).collect()
}

fn bar_column(bar: &Bar) -> Value {
    let measure = match bar.measure {
        Measure::Percent(percent) => MeasureColumn::Percent { percent },
        Measure::Count { done, total } => MeasureColumn::Count { done, total },
    };
    json!(BarColumn { measure, label: bar.label.clone(), unit: bar.unit.clone() })
}

fn bar_of(operation: &Operation, column: &Value) -> Option<Bar> {
    let BarColumn { measure, label, unit } = read(operation, "attempt.bar", column)?;
    let measure = match measure {
        MeasureColumn::Percent { percent } => Measure::Percent(percent),
        MeasureColumn::Count { done, total } => Measure::Count { done, total },
    };
    Some(Bar { measure, label, unit, elapsed: Duration::ZERO })
}
