use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, UpdateMany,
    sea_query::{Expr, ExprTrait},
};
use serde_json::{Value, json};

use super::{Column, Entity};
use crate::operation::{Attempt, OperationId, OperationState};

/// The rows that are in `state`: the other side of [`Model::state`](super::Model::state).
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

/// An update of the operation `id` that happens only if it may legally become `to` from where it
/// is.
pub(super) fn transition(id: OperationId, to: OperationState) -> UpdateMany<Entity> {
    let sources = OperationState::ALL.into_iter().filter(|from| from.may_become(to));
    let legal = sources.fold(Condition::any(), |any, from| any.add(is_in(from)));
    Entity::update_many().filter(Column::Id.eq(id.as_uuid())).filter(legal)
}

/// Narrows an update to the one attempt that may make it.
pub(super) trait Fenced {
    fn fenced(self, attempt: Attempt) -> Self;
}

impl Fenced for UpdateMany<Entity> {
    fn fenced(self, attempt: Attempt) -> Self {
        self.filter(Column::Attempt.eq(attempt.0))
    }
}

/// One attempt more than the row has had.
pub(super) fn next_attempt() -> Expr {
    Expr::col(Column::Attempt).add(1)
}

/// Puts a run back to where it waits, from `due_on` on: as if nobody had claimed it.
pub(super) fn requeued(update: UpdateMany<Entity>, due_on: DateTime<Utc>) -> UpdateMany<Entity> {
    update
        .col_expr(Column::StartedOn, Expr::value(None::<DateTime<Utc>>))
        .col_expr(Column::DueOn, Expr::value(due_on))
        .col_expr(Column::Worker, Expr::value(None::<String>))
        .col_expr(Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
        .col_expr(Column::CurrentStage, Expr::value(None::<String>))
        .col_expr(Column::StageStates, Expr::value(json!([])))
        .col_expr(Column::StageTimings, Expr::value(None::<Value>))
        .col_expr(Column::StatusText, Expr::value(""))
        .col_expr(Column::StatusLevel, Expr::value(""))
        .col_expr(Column::Percent, Expr::value(None::<f64>))
}

/// The moment that is `by` after `now`; `now` where there is none that late.
pub(crate) fn later(now: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| now.checked_add_signed(by)).unwrap_or(now)
}
