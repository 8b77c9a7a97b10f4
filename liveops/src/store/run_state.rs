//! The attempts and states of many operations, without the rest of their rows.

use std::{collections::HashMap, sync::Arc};

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, prelude::DateTimeUtc};
use uuid::Uuid;

use super::{Column, Entity, Store, StoreError, entity::state_of};
use crate::operation::{Attempt, OperationId, OperationState, UserId};

/// Maximum number of operations in one query. SQLite accepts at most 32,766 parameters.
const IDS_LEN_MAX: usize = 1_000;

type StateColumns =
    (Uuid, i32, Option<DateTimeUtc>, Option<DateTimeUtc>, bool, bool, String, String);

/// The attempt and the state of an operation, and the data for decisions about access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowState {
    pub attempt: Attempt,
    pub state: OperationState,
    pub op_type: Arc<str>,
    pub owner: UserId,
}

impl Store {
    /// Returns the newest attempt, the state, the type and the owner of each of these operations that exists.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn row_states(
        &self,
        ids: &[OperationId],
    ) -> Result<HashMap<OperationId, RowState>, StoreError> {
        let mut states = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(IDS_LEN_MAX) {
            let rows: Vec<StateColumns> = Entity::find()
                .select_only()
                .columns([
                    Column::Id,
                    Column::Attempt,
                    Column::StartedOn,
                    Column::FinishedOn,
                    Column::Cancelled,
                    Column::FinishedSuccessfully,
                    Column::OpType,
                    Column::Owner,
                ])
                .filter(Column::Id.is_in(ids.iter().map(|id| id.as_uuid())))
                .into_tuple()
                .all(self.statements())
                .await
                .map_err(StoreError::of("read the states of operations"))?;
            states.extend(
                rows.into_iter().map(|row| {
                    let (
                        id,
                        attempt,
                        started_on,
                        finished_on,
                        cancelled,
                        successfully,
                        op_type,
                        owner,
                    ) = row;
                    let row = RowState {
                        attempt: Attempt(u32::try_from(attempt).unwrap_or(0)),
                        state: state_of(started_on, finished_on, cancelled, successfully),
                        op_type: op_type.into(),
                        owner: owner.into(),
                    };
                    (id.into(), row)
                }),
            );
        }
        Ok(states)
    }
}
