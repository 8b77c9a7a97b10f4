//! The sea-orm entity of an order, its table, and sample data.

use sea_orm::{Statement, entity::prelude::*};
use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait, prelude::Table,
    schema,
};
use serde::Serialize;

/// An order, which is also a line of an export.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "orders")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i32,
    pub(crate) year: i32,
    pub(crate) customer: String,
    pub(crate) cents: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The migrator of all tables: those of liveops and the application's own.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations = liveops::store::migrations();
        migrations.push(Box::new(CreateOrders));
        migrations
    }
}

struct CreateOrders;

impl MigrationName for CreateOrders {
    fn name(&self) -> &str {
        "m0001_create_orders"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait::async_trait]
impl MigrationTrait for CreateOrders {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let orders = Table::create()
            .table(Entity)
            .col(schema::pk_auto(Column::Id))
            .col(schema::integer(Column::Year))
            .col(schema::text(Column::Customer))
            .col(schema::big_integer(Column::Cents))
            .take();
        manager.create_table(orders).await
    }
}

/// Returns a sample order. Half of the orders are of 2025, half of 2026. Some names of customers need quotes
/// in CSV.
const MAKE_UP: &str = "
    INSERT INTO orders (id, year, customer, cents)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
    SELECT n, 2025 + n % 2, 'Customer \"' || (n % 997) || '\", Ltd.', 100 + n * 7919 % 90000
    FROM numbers";

/// Inserts `count` sample orders, at least one, if the table is empty.
pub(crate) async fn make_up(db: &DatabaseConnection, count: u32) -> Result<(), DbErr> {
    if Entity::find().one(db).await?.is_none() {
        let backend = db.get_database_backend();
        db.execute_raw(Statement::from_sql_and_values(backend, MAKE_UP, [count.into()])).await?;
    }
    Ok(())
}
