//! The actions of users: the sea-orm entity, and every query on it.
//!
//! An action is inserted in the commit that it describes. The creation of an operation by the application has no
//! record: it would cost every enqueue a second insert, and follows from the absence of another creation.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*};

use super::{Model as Operation, Store, StoreError, recorded_write::Record};
use crate::operation::{Action, ActionKind, OperationId, PastAction};

/// Maximum number of actions that [`Store::actions`] returns.
const ACTIONS_LEN_MAX: u64 = 50;

/// An action.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "liveops_action")]
pub(super) struct Model {
    /// A UUIDv7, so that actions sort by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) id: Uuid,
    /// `NULL` for an action on many operations, which are gone.
    pub(super) operation: Option<Uuid>,
    pub(super) at: DateTimeUtc,
    /// An [`ActionKind`].
    pub(super) kind: String,
    /// `NULL` for the application.
    pub(super) actor: Option<String>,
    /// The number of operations, for an action on many.
    pub(super) count: Option<i64>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Store {
    /// Returns the actions on an operation, the earliest first: its creation, and only the newest
    /// [`ACTIONS_LEN_MAX`] others.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn actions(
        &self,
        operation: &Operation,
    ) -> Result<Vec<PastAction>, StoreError> {
        let rows = Entity::find()
            .filter(Column::Operation.eq(operation.id))
            .order_by_desc(Column::Id)
            .limit(ACTIONS_LEN_MAX)
            .all(self.statements())
            .await
            .map_err(StoreError::of("read the actions on an operation"))?;
        let is_complete = (rows.len() as u64) < ACTIONS_LEN_MAX;
        let mut actions: Vec<PastAction> =
            rows.into_iter().rev().filter_map(Model::into_action).collect();
        let is_creation = |past: &PastAction| past.action.kind == ActionKind::Create;
        if !actions.first().is_some_and(is_creation) {
            let recorded = if is_complete { None } else { self.creation(operation).await? };
            let by_application = || PastAction {
                at: operation.created_on,
                action: Action::of_application(ActionKind::Create),
                count: None,
            };
            actions.insert(0, recorded.unwrap_or_else(by_application));
        }
        Ok(actions)
    }

    /// Returns the creation of an operation, if it is recorded.
    async fn creation(&self, operation: &Operation) -> Result<Option<PastAction>, StoreError> {
        let first = Entity::find()
            .filter(Column::Operation.eq(operation.id))
            .order_by_asc(Column::Id)
            .one(self.statements())
            .await
            .map_err(StoreError::of("read the creation of an operation"))?;
        let created = first.filter(|row| row.kind == ActionKind::Create.as_str());
        Ok(created.and_then(Model::into_action))
    }

    /// Returns the newest deletion of old operations.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn last_prune(&self) -> Result<Option<PastAction>, StoreError> {
        let newest = Entity::find()
            .filter(Column::Operation.is_null())
            .order_by_desc(Column::Id)
            .one(self.statements())
            .await
            .map_err(StoreError::of("read the deletions of operations"))?;
        Ok(newest.and_then(Model::into_action))
    }

    /// Records that the application has deleted `count` operations, and deletes the records of deletions before
    /// `before`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn record_prune(
        &self,
        count: u64,
        before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const ACTION: &str = "record a deletion of operations";
        let prune = Action::of_application(ActionKind::Prune);
        let count = Some(i64::try_from(count).unwrap_or(i64::MAX));
        let row = ActiveModel { count: Set(count), ..row(None, &prune) };
        let inserted = Entity::insert(row).exec_without_returning(self.statements()).await;
        inserted.map_err(StoreError::of(ACTION))?;
        Entity::delete_many()
            .filter(Column::Operation.is_null())
            .filter(Column::At.lt(before))
            .exec(self.statements())
            .await
            .map_err(StoreError::of(ACTION))?;
        Ok(())
    }
}

/// Returns the record of an action on an operation.
pub(super) fn record(operation: OperationId, action: &Action) -> Record {
    Record::of(&row(Some(operation), action))
}

fn row(operation: Option<OperationId>, Action { kind, actor }: &Action) -> ActiveModel {
    ActiveModel {
        id: Set(Uuid::now_v7()),
        operation: Set(operation.map(OperationId::as_uuid)),
        at: Set(Utc::now()),
        kind: Set(kind.as_str().to_owned()),
        actor: Set(actor.as_ref().map(ToString::to_string)),
        count: Set(None),
    }
}

impl Model {
    /// Returns `None` for a kind of a later version.
    fn into_action(self) -> Option<PastAction> {
        let Self { at, kind, actor, count, .. } = self;
        let action = Action { kind: ActionKind::named(&kind)?, actor: actor.map(Into::into) };
        Some(PastAction { at, action, count: count.and_then(|count| u64::try_from(count).ok()) })
    }
}
