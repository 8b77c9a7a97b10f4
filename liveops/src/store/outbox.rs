//! The outbox: the ends of operations that a receiver has not accepted yet, with every query on it.
//!
//! An entry is inserted in the commit of the end, one for each receiver, so that no end is lost and none is received
//! before it is committed. The entry has a copy of the end, because a retry clears the row of the operation and prune
//! deletes it. Receivers are the hooks of the application and its webhooks.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use sea_orm::{
    Condition, FromQueryResult, Iterable, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{CommonTableExpression, ExprTrait, LockBehavior, LockType, Query, WithClause},
};

use super::{
    Column as Row, Entity as Operation, Store, StoreError, Transaction, action,
    recorded_write::Record, transition::later,
};
use crate::operation::{Action, ActionKind, OperationId, OperationState};

/// Time for which an entry is dispatched again and again. Afterwards a failed dispatch is the last one.
pub(crate) const OUTBOX_RETENTION: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The upper bound on the wait after a failed dispatch.
pub(crate) const OUTBOX_WAIT_MAX: Duration = Duration::from_secs(60 * 60);

/// The start of the name of each hook; the op type follows.
const HOOK: &str = "hook:";

/// The start of the name of each webhook; its URL follows.
const WEBHOOK: &str = "webhook:";

/// An entry. The large columns are the last ones: SQLite reads a row up to the last column of a query.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "liveops_outbox")]
pub(crate) struct Model {
    /// The name of the receiver.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) receiver: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) operation: Uuid,
    /// The number of the attempt in the row of the operation when it ended. A retry changes the number, so each end of
    /// an operation has its own.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) attempt: i32,
    pub(crate) op_type: String,
    pub(crate) owner: String,
    /// An [`OperationState`].
    pub(crate) state: String,
    pub(crate) created_on: DateTimeUtc,
    pub(crate) started_on: Option<DateTimeUtc>,
    pub(crate) finished_on: DateTimeUtc,
    /// The time of the next dispatch. During a dispatch, the time at which another process may repeat it.
    pub(crate) due_on: DateTimeUtc,
    /// The number of dispatches that have begun.
    pub(crate) tries: i32,
    /// The version of the shape of the input.
    pub(crate) payload_version: i32,
    pub(crate) error_message: Option<String>,
    pub(crate) input: Json,
    pub(crate) result: Option<Json>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Returns the key of the end. Every dispatch of one end has the same key, and no other end has it.
    pub(crate) fn key(&self) -> String {
        format!("{}-{}", self.operation, self.attempt)
    }

    /// Returns `true` if the application has given the receivers enough time.
    pub(crate) fn is_expired(&self) -> bool {
        later(self.finished_on, OUTBOX_RETENTION) <= Utc::now()
    }

    fn is_this(&self) -> impl Iterator<Item = Expr> + use<> {
        [
            Column::Receiver.eq(&*self.receiver),
            Column::Operation.eq(self.operation),
            Column::Attempt.eq(self.attempt),
            // The fence: another process may have begun a dispatch.
            Column::Tries.eq(self.tries),
        ]
        .into_iter()
    }
}

/// An entry that a write has changed or deleted.
#[derive(Debug, FromQueryResult)]
struct Written {
    #[expect(dead_code, reason = "a write returns at least one column")]
    tries: i32,
}

/// The receivers that the application has declared in this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Receivers(Option<Arc<Declared>>);

#[derive(Debug, Default)]
struct Declared {
    /// The registered op types, with `true` for those with a hook.
    op_types: HashMap<&'static str, bool>,
    /// The name of each webhook, with the op types that it receives; `None` for all of them.
    webhooks: Vec<(String, Option<BTreeSet<String>>)>,
}

impl Receivers {
    /// Creates the receivers of an application with these registered op types, with `true` for those with a hook, and
    /// with these webhooks. A webhook has a [name](Self::webhook) and the op types that it receives; `None` for all of
    /// them.
    pub(crate) fn new(
        op_types: impl IntoIterator<Item = (&'static str, bool)>,
        webhooks: Vec<(String, Option<BTreeSet<String>>)>,
    ) -> Self {
        Self(Some(Arc::new(Declared { op_types: op_types.into_iter().collect(), webhooks })))
    }

    /// Returns the name of the hook of a type.
    pub(crate) fn hook(op_type: &str) -> String {
        format!("{HOOK}{op_type}")
    }

    /// Returns the name of a webhook.
    #[cfg_attr(not(feature = "webhooks"), expect(dead_code, reason = "only webhooks have it"))]
    pub(crate) fn webhook(url: &str) -> String {
        format!("{WEBHOOK}{url}")
    }

    /// Returns the names of the receivers of the ends of a type. Another process may know a type that is not
    /// registered here, and have a hook for it.
    pub(crate) fn of(&self, op_type: &str) -> Vec<String> {
        let Some(declared) = &self.0 else { return Vec::new() };
        let hook = declared.op_types.get(op_type).copied().unwrap_or(true);
        let webhooks = declared.webhooks.iter().filter(|(_, op_types)| {
            op_types.as_ref().is_none_or(|op_types| op_types.contains(op_type))
        });
        let webhooks = webhooks.map(|(name, _)| name.clone());
        hook.then(|| Self::hook(op_type)).into_iter().chain(webhooks).collect()
    }
}

impl Store {
    /// Returns the entries of an end of operation `id`, which becomes `state`, one for each receiver of its type.
    pub(super) fn outbox_entries(
        &self,
        id: OperationId,
        op_type: &str,
        state: OperationState,
    ) -> Vec<Record> {
        let receivers = self.receivers().of(op_type);
        receivers.into_iter().map(|receiver| entry(id, receiver, state)).collect()
    }

    /// Returns the type of an operation; `None` if there is no operation with this ID.
    pub(super) async fn op_type(&self, id: OperationId) -> Result<Option<String>, StoreError> {
        Operation::find()
            .select_only()
            .column(Row::OpType)
            .filter(Row::Id.eq(id.as_uuid()))
            .into_tuple()
            .one(self.statements())
            .await
            .map_err(StoreError::of("read an operation"))
    }

    /// Returns `true` if an entry of one of these receivers is due. Claims last for `lease`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn has_due_entries(
        &self,
        receivers: &[&str],
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let due: Option<i32> = Entity::find()
            .select_only()
            .column(Column::Tries)
            .filter(Column::Receiver.is_in(receivers.iter().copied()))
            .filter(is_due(Utc::now(), lease))
            .limit(1)
            .into_tuple()
            .one(self.statements())
            .await
            .map_err(StoreError::of("read the outbox"))?;
        Ok(due.is_some())
    }

    /// Claims at most `limit` due entries of a receiver for `lease`, the earliest first. Another process may claim them
    /// again afterwards.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn claim_entries(
        &self,
        receiver: &str,
        limit: u64,
        lease: Duration,
    ) -> Result<Vec<Model>, StoreError> {
        let now = Utc::now();
        let due = Entity::find()
            .select_only()
            .columns([Column::Operation, Column::Attempt])
            .filter(Column::Receiver.eq(receiver))
            .filter(is_due(now, lease))
            .order_by_asc(Column::DueOn)
            .limit(limit)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_query();
        // A materialized CTE, as for the claims of operations.
        let mut candidates = CommonTableExpression::new();
        candidates
            .table_name("due")
            .columns([Column::Operation, Column::Attempt])
            .query(due)
            .materialized(true);
        let these =
            Query::select().columns([Column::Operation, Column::Attempt]).from("due").take();
        let this = Expr::tuple([Column::Operation.into_expr(), Column::Attempt.into_expr()]);
        let mut claim = Entity::update_many()
            .filter(Column::Receiver.eq(receiver))
            .filter(this.in_subquery(these))
            .col_expr(Column::DueOn, Expr::value(later(now, lease)))
            .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
            .into_query();
        let mut with = WithClause::new();
        with.cte(candidates);
        claim.returning(Query::returning().columns(Column::iter()));
        self.write(claim.with(with), "claim entries of the outbox").await
    }

    /// Deletes an entry that its receiver has accepted.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn delete_entry(&self, entry: &Model) -> Result<(), StoreError> {
        let mut delete = Entity::delete_many();
        for is_this in entry.is_this() {
            delete = delete.filter(is_this);
        }
        let mut delete = delete.into_query();
        delete.returning(Query::returning().column(Column::Tries));
        self.write::<Written>(delete, "delete an entry of the outbox").await.map(drop)
    }

    /// Makes an entry due again after `wait`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn postpone_entry(
        &self,
        entry: &Model,
        wait: Duration,
    ) -> Result<(), StoreError> {
        let mut postpone =
            Entity::update_many().col_expr(Column::DueOn, Expr::value(later(Utc::now(), wait)));
        for is_this in entry.is_this() {
            postpone = postpone.filter(is_this);
        }
        let mut postpone = postpone.into_query();
        postpone.returning(Query::returning().column(Column::Tries));
        self.write::<Written>(postpone, "postpone an entry of the outbox").await.map(drop)
    }

    /// Deletes an entry that its receiver will not accept, and records the end of the dispatches for staff.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn give_up_entry(&self, entry: &Model) -> Result<(), StoreError> {
        const ACTION: &str = "give an entry of the outbox up";
        let transaction = self.begin_read_committed().await?;
        let given_up = give_up(&transaction, entry).await.map_err(StoreError::of(ACTION));
        self.end(transaction, given_up).await
    }

    /// Deletes the entries of ends before `before` and before the retention of the outbox. No process has their
    /// receivers any more.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn prune_outbox(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        // Twice the retention, so that a receiver that exists has its last dispatch.
        let retained = Utc::now() - 2 * OUTBOX_RETENTION;
        Entity::delete_many()
            .filter(Column::FinishedOn.lt(std::cmp::Ord::min(before, retained)))
            .exec(&self.statements().without_deadline())
            .await
            .map(drop)
            .map_err(StoreError::of("delete entries of the outbox"))
    }
}

/// Returns the condition for an entry that is due. A time that no process can have meant was written by a process whose
/// clock was ahead, or this clock is behind; the entry then counts as due.
fn is_due(now: DateTime<Utc>, lease: Duration) -> Condition {
    let latest = later(now, OUTBOX_WAIT_MAX + lease);
    Condition::any().add(Column::DueOn.lte(now)).add(Column::DueOn.gt(latest))
}

async fn give_up(transaction: &Transaction, entry: &Model) -> Result<(), DbErr> {
    let mut delete = Entity::delete_many();
    for is_this in entry.is_this() {
        delete = delete.filter(is_this);
    }
    if delete.exec(transaction).await?.rows_affected > 0 {
        let action = Action::of_application(ActionKind::GiveUpHook);
        action::record(entry.operation.into(), &action).insert(transaction).await?;
    }
    Ok(())
}

/// Builds the entry of `receiver`: a copy of the row that the write of the end returns.
fn entry(id: OperationId, receiver: String, state: OperationState) -> Record {
    let row = |column: Row| Expr::col(column);
    Record::of_row(
        id,
        Entity,
        [
            (Column::Receiver, Expr::value(receiver)),
            (Column::Operation, row(Row::Id)),
            (Column::Attempt, row(Row::Attempt)),
            (Column::OpType, row(Row::OpType)),
            (Column::Owner, row(Row::Owner)),
            (Column::State, Expr::value(state.as_str())),
            (Column::CreatedOn, row(Row::CreatedOn)),
            (Column::StartedOn, row(Row::StartedOn)),
            (Column::FinishedOn, row(Row::FinishedOn)),
            // A time in the past also by the clock of another machine.
            (Column::DueOn, row(Row::CreatedOn)),
            (Column::Tries, Expr::value(0)),
            (Column::PayloadVersion, row(Row::PayloadVersion)),
            (Column::ErrorMessage, row(Row::ErrorMessage)),
            (Column::Input, row(Row::Input)),
            (Column::Result, row(Row::ResultContext)),
        ],
    )
}
