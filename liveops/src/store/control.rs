use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Column, Entity, Model, Store, StoreError,
    insert::is_unique_violation,
    transition::{is_in, next_attempt, requeued, transition},
};
use crate::operation::{OperationId, OperationState};

/// What became of a request to cancel.
#[derive(Debug, Clone, PartialEq)]
pub enum CancelTransition {
    /// The operation was waiting and is cancelled.
    Cancelled(Box<Model>),
    /// The operation is running and was asked to stop.
    Requested(Box<Model>),
    /// The operation had ended already.
    Ended(Box<Model>),
    /// There is no such operation.
    Unknown,
}

/// What became of a request to start over.
#[derive(Debug, Clone, PartialEq)]
pub enum RetryTransition {
    /// The operation had ended and waits for its next run.
    Retried(Box<Model>),
    /// One that counts as the same has not ended; [`Store::find_same`] says which. On PostgreSQL the
    /// transaction in which this was found out can only be rolled back.
    Duplicate,
    /// The operation had not ended, or there is none.
    Unfinished,
}

impl Store {
    /// Cancels a waiting operation, or asks a running one to stop.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn cancel(&self, id: OperationId) -> Result<CancelTransition, StoreError> {
        const ACTION: &str = "cancel an operation";
        loop {
            let waiting = transition(id, OperationState::Cancelled)
                .filter(is_in(OperationState::NotStarted))
                .col_expr(Column::FinishedOn, Expr::value(Utc::now()))
                .col_expr(Column::CancelRequested, Expr::value(true))
                .col_expr(Column::Cancelled, Expr::value(true));
            if let Some(row) = self.update_one(waiting, ACTION).await? {
                return Ok(CancelTransition::Cancelled(Box::new(row)));
            }
            let running = Entity::update_many()
                .filter(Column::Id.eq(id.as_uuid()))
                .filter(is_in(OperationState::Started))
                .col_expr(Column::CancelRequested, Expr::value(true));
            if let Some(row) = self.update_one(running, ACTION).await? {
                return Ok(CancelTransition::Requested(Box::new(row)));
            }
            match self.find(id).await? {
                None => return Ok(CancelTransition::Unknown),
                Some(row) if row.state().is_terminal() => {
                    return Ok(CancelTransition::Ended(Box::new(row)));
                }
                // It went back to the queue between the two: ask again.
                Some(_) => {}
            }
        }
    }

    /// Puts an operation that has ended back into the queue over `connection`, as if it had never
    /// run.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn retry(
        &self,
        connection: &impl ConnectionTrait,
        id: OperationId,
    ) -> Result<RetryTransition, StoreError> {
        let retry = requeued(transition(id, OperationState::NotStarted), Utc::now())
            .filter(Column::FinishedOn.is_not_null())
            .col_expr(Column::FinishedOn, Expr::value(None::<DateTime<Utc>>))
            .col_expr(Column::FinishedSuccessfully, Expr::value(false))
            .col_expr(Column::CancelRequested, Expr::value(false))
            .col_expr(Column::Cancelled, Expr::value(false))
            .col_expr(Column::ResultContext, Expr::value(None::<Value>))
            .col_expr(Column::ErrorMessage, Expr::value(None::<String>))
            .col_expr(Column::Traceback, Expr::value(None::<String>))
            .col_expr(Column::SuccessUrl, Expr::value(None::<String>))
            .col_expr(Column::ChainedTo, Expr::value(None::<Uuid>))
            .col_expr(Column::Log, Expr::value(json!([])))
            .col_expr(Column::LogSeq, Expr::value(0))
            .col_expr(Column::RunAfter, Expr::value(None::<DateTime<Utc>>))
            // An attempt of its own, so that what is shown from now on outranks the run before.
            .col_expr(Column::Attempt, next_attempt())
            .col_expr(Column::AttemptsBefore, Expr::col(Column::Attempt))
            .col_expr(Column::Rescues, Expr::value(0));
        match retry.exec_with_returning(connection).await {
            Ok(mut rows) => Ok(match rows.pop() {
                Some(row) => RetryTransition::Retried(Box::new(row)),
                None => RetryTransition::Unfinished,
            }),
            Err(error) if is_unique_violation(&error) => Ok(RetryTransition::Duplicate),
            Err(error) => Err(StoreError::of("restart an operation")(error)),
        }
    }
}
