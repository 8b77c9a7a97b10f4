//! The rows of operations, for tests that do to them what another process, or another version, would.

use liveops::OperationId;
use sea_orm::{entity::prelude::*, sea_query::Expr};

/// The columns that the tests read or write.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "liveops_operation")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) op_type: String,
    pub(crate) created_on: DateTimeUtc,
    pub(crate) started_on: Option<DateTimeUtc>,
    pub(crate) finished_on: Option<DateTimeUtc>,
    pub(crate) cancel_requested: bool,
    pub(crate) stage_states: Json,
    pub(crate) stage_timings: Option<Json>,
    pub(crate) queue: String,
    pub(crate) due_on: DateTimeUtc,
    pub(crate) attempt: i32,
    pub(crate) rescues: i32,
    pub(crate) hand_backs: i32,
    pub(crate) worker: Option<String>,
    pub(crate) lease_until: Option<DateTimeUtc>,
    pub(crate) chained_to: Option<Uuid>,
}

/// There are none.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The update of one row.
pub(crate) fn update(id: OperationId) -> sea_orm::UpdateMany<Entity> {
    Entity::update_many().filter(Column::Id.eq(id.as_uuid()))
}

/// Claims a waiting operation for a worker whose lease has run out already.
pub(crate) async fn claim(db: &DatabaseConnection, id: OperationId, worker: &str) {
    let now = chrono::Utc::now();
    let claimed = update(id)
        .filter(Column::StartedOn.is_null())
        .filter(Column::FinishedOn.is_null())
        .col_expr(Column::StartedOn, Expr::value(now))
        .col_expr(Column::LeaseUntil, Expr::value(now))
        .col_expr(Column::Worker, Expr::value(worker))
        .exec(db)
        .await
        .unwrap();
    assert_eq!(claimed.rows_affected, 1, "it waits");
}
