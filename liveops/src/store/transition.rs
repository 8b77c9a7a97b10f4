//! Building blocks of state changes: conditions on the current state, the fence, and the return to the
//! queue.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, UpdateMany,
    sea_query::{Expr, ExprTrait},
};
use serde_json::{Value, json};

use super::{Column, Entity};
use crate::operation::{Attempt, OperationId, OperationState};

/// Selects the rows in `state`. The counterpart of [`Model::state`](super::Model::state).
pub(super) fn is_in(state: OperationState) -> Condition {
    let ended = || Condition::all().add(Column::FinishedOn.is_not_null());
    match state {
        OperationState::NotStarted => {
            Condition::all().add(Column::StartedOn.is_null()).add(Column::FinishedOn.is_null())
        }
        OperationState::Started => {
            Condition::all().add(Column::StartedOn.is_not_null()).add(Column::FinishedOn.is_null())
        }
        OperationState::FinishedOk => {
            ended().add(Column::Cancelled.eq(false)).add(Column::FinishedSuccessfully.eq(true))
        }
        OperationState::FinishedError => {
            ended().add(Column::Cancelled.eq(false)).add(Column::FinishedSuccessfully.eq(false))
        }
        OperationState::Cancelled => ended().add(Column::Cancelled.eq(true)),
    }
}

/// Builds an update of operation `id` that applies only if the current state may change to `to`.
pub(super) fn transition(id: OperationId, to: OperationState) -> UpdateMany<Entity> {
    let sources = OperationState::ALL.into_iter().filter(|from| from.may_become(to));
    let legal = sources.fold(Condition::any(), |any, from| any.add(is_in(from)));
    Entity::update_many().filter(Column::Id.eq(id.as_uuid())).filter(legal)
}

/// The fence on updates: only the newest attempt may write.
pub(super) trait Fenced {
    fn fenced(self, attempt: Attempt) -> Self;
}

impl Fenced for UpdateMany<Entity> {
    fn fenced(self, attempt: Attempt) -> Self {
        self.filter(Column::Attempt.eq(attempt.0))
    }
}

/// Begins or renews a lease of this duration.
pub(super) fn leased(update: UpdateMany<Entity>, lease: Duration) -> UpdateMany<Entity> {
    update
        .col_expr(Column::LeaseUntil, Expr::value(later(Utc::now(), lease)))
        .col_expr(Column::LeaseMs, Expr::value(milliseconds(lease)))
}

/// Ends the lease.
pub(super) fn unleased(update: UpdateMany<Entity>) -> UpdateMany<Entity> {
    update
        .col_expr(Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
        .col_expr(Column::LeaseMs, Expr::value(None::<i64>))
}

/// Returns `duration` as a column holds it.
pub(super) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Returns the number of the row's next attempt.
pub(super) fn next_attempt() -> Expr {
    Expr::col(Column::Attempt).add(1)
}

/// Resets a run to waiting, due at `due_on`, without worker, lease and progress.
pub(super) fn requeued(update: UpdateMany<Entity>, due_on: DateTime<Utc>) -> UpdateMany<Entity> {
    unleased(update)
        .col_expr(Column::StartedOn, Expr::value(None::<DateTime<Utc>>))
        .col_expr(Column::DueOn, Expr::value(due_on))
        .col_expr(Column::Worker, Expr::value(None::<String>))
        .col_expr(Column::CurrentStage, Expr::value(None::<String>))
        .col_expr(Column::StageStates, Expr::value(json!([])))
        .col_expr(Column::StageTimings, Expr::value(None::<Value>))
        .col_expr(Column::StatusText, Expr::value(""))
        .col_expr(Column::StatusLevel, Expr::value(""))
        .col_expr(Column::Percent, Expr::value(None::<f64>))
}

/// Returns `now` plus `by`; `now` on overflow.
pub(crate) fn later(now: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| now.checked_add_signed(by)).unwrap_or(now)
}
