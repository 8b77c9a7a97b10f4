//! The transitions that users request: cancel and retry.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, LockType},
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Column, Columns, Entity, Model, Store, StoreError, action,
    attempt::keep_output,
    insert::is_unique_violation,
    log::line_count,
    transition::{is_in, next_attempt, requeued, transition},
};
use crate::operation::{Action, OperationId, OperationState};

/// The outcome of a cancel request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CancelTransition {
    /// The operation was waiting and is now cancelled.
    Cancelled(Box<Model>),
    /// The operation is running, and its run was asked to stop. With the small columns.
    Requested(Box<Model>),
    /// The operation had already ended. With the small columns.
    Ended(Box<Model>),
    /// No operation has this ID.
    Unknown,
}

/// The outcome of a retry request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RetryTransition {
    /// The operation had ended and now waits for its next run.
    Retried(Box<Model>),
    /// An unfinished operation has the same unique key; [`Store::find_duplicate`] returns it. On PostgreSQL
    /// the transaction that failed this way can only be rolled back.
    Duplicate,
    /// The operation has not ended, or does not exist.
    Unfinished,
}

impl Store {
    /// Cancels a waiting operation, or asks the run of a running operation to stop, and records the action.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails, if a server does not answer in ten seconds, or if another transaction
    /// locks the row for five seconds. After a lost answer, the operation may be cancelled.
    pub(crate) async fn cancel(
        &self,
        id: OperationId,
        action: &Action,
    ) -> Result<CancelTransition, StoreError> {
        const ACTION: &str = "cancel an operation";
        let store = self.for_request();
        let Some(op_type) = self.op_type(id).await? else { return Ok(CancelTransition::Unknown) };
        let entries = self.outbox_entries(id, &op_type, OperationState::Cancelled);
        loop {
            let waiting = transition(id, OperationState::Cancelled)
                .filter(is_in(OperationState::NotStarted))
                .col_expr(Column::FinishedOn, Expr::value(Utc::now()))
                .col_expr(Column::CancelRequested, Expr::value(true))
                .col_expr(Column::Cancelled, Expr::value(true));
            let record = action::record(id, action);
            let records = entries.iter().chain([&record]).cloned();
            let waiting = store.update_one_recorded(waiting, records, Columns::All, ACTION).await?;
            if let Some(row) = waiting {
                return Ok(CancelTransition::Cancelled(Box::new(row)));
            }
            let running = Entity::update_many()
                .filter(Column::Id.eq(id.as_uuid()))
                .filter(is_in(OperationState::Started))
                // The first request is recorded.
                .filter(Column::CancelRequested.eq(false))
                .col_expr(Column::CancelRequested, Expr::value(true));
            let running =
                store.update_one_recorded(running, [record], Columns::Small, ACTION).await?;
            if let Some(row) = running {
                return Ok(CancelTransition::Requested(Box::new(row)));
            }
            match self.find_small(id).await? {
                None => return Ok(CancelTransition::Unknown),
                Some(row) if row.state().is_terminal() => {
                    return Ok(CancelTransition::Ended(Box::new(row)));
                }
                Some(row) if row.state() == OperationState::Started && row.cancel_requested => {
                    return Ok(CancelTransition::Requested(Box::new(row)));
                }
                // The operation returned to the queue between the two updates: try again.
                Some(_) => {}
            }
        }
    }

    /// Puts an operation that has ended back into the queue over `connection`, a transaction, with its results cleared.
    /// The saved outputs of durable stages remain. The earlier output stays with its attempt, and the
    /// action is recorded.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn retry(
        &self,
        connection: &impl ConnectionTrait,
        id: OperationId,
        action: &Action,
    ) -> Result<RetryTransition, StoreError> {
        const ACTION: &str = "retry an operation";
        let ended = Columns::Json
            .select(self.backend())
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(Column::FinishedOn.is_not_null())
            .lock(LockType::NoKeyUpdate);
        let ended = self.wait_for(ended.one(connection)).await.map_err(StoreError::of(ACTION))?;
        let Some(ended) = ended else { return Ok(RetryTransition::Unfinished) };
        let kept = self.wait_for(keep_output(connection, &ended)).await;
        kept.map_err(StoreError::of(ACTION))?;
        let retry = requeued(transition(id, OperationState::NotStarted), Utc::now())
            .filter(Column::FinishedOn.is_not_null())
            .col_expr(Column::FinishedOn, Expr::value(None::<DateTime<Utc>>))
            .col_expr(Column::FinishedSuccessfully, Expr::value(false))
            .col_expr(Column::CancelRequested, Expr::value(false))
            .col_expr(Column::Cancelled, Expr::value(false))
            .col_expr(Column::ResultContext, Expr::value(None::<Value>))
            .col_expr(Column::ResultOrder, Expr::value(None::<Value>))
            .col_expr(Column::ErrorMessage, Expr::value(None::<String>))
            .col_expr(Column::Traceback, Expr::value(None::<String>))
            .col_expr(Column::SuccessUrl, Expr::value(None::<String>))
            .col_expr(Column::ChainedTo, Expr::value(None::<Uuid>))
            .col_expr(Column::LogFrom, line_count(id))
            .col_expr(Column::RunAfter, Expr::value(None::<DateTime<Utc>>))
            // A new attempt number, so that new frames supersede those of the previous run.
            .col_expr(Column::Attempt, next_attempt())
            .col_expr(Column::AttemptsBefore, Expr::col(Column::Attempt))
            .col_expr(Column::Rescues, Expr::value(0))
            .col_expr(Column::HandBacks, Expr::value(0));
        match self.wait_for(retry.exec_with_returning(connection)).await {
            Ok(mut rows) => {
                let Some(row) = rows.pop() else { return Ok(RetryTransition::Unfinished) };
                let recorded = self.wait_for(action::record(id, action).insert(connection)).await;
                recorded.map_err(StoreError::of(ACTION))?;
                Ok(RetryTransition::Retried(Box::new(row)))
            }
            Err(error) if is_unique_violation(&error) => Ok(RetryTransition::Duplicate),
            Err(error) => Err(StoreError::of(ACTION)(error)),
        }
    }
}
