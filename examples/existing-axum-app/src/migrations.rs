//! The migrations of all tables, including those of liveops.

use sea_orm_migration::{prelude::*, schema::*};

use crate::models::{customer, invoice, user};

/// The list of all migrations, in order.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations: Vec<Box<dyn MigrationTrait>> = vec![Box::new(CreateTables)];
        migrations.extend(liveops::store::migrations()); // live:
        migrations
    }
}

struct CreateTables;

impl MigrationName for CreateTables {
    fn name(&self) -> &str {
        "m0001_create_tables"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait::async_trait]
impl MigrationTrait for CreateTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let users = Table::create()
            .table(user::Entity)
            .col(pk_auto(user::Column::Id))
            .col(text_uniq(user::Column::Name))
            .col(text(user::Column::PasswordHash))
            .col(text(user::Column::Role))
            .take();
        let customers = Table::create()
            .table(customer::Entity)
            .col(pk_auto(customer::Column::Id))
            .col(text(customer::Column::Name))
            .col(big_integer(customer::Column::MonthlyCents))
            .take();
        let once = [invoice::Column::CustomerId, invoice::Column::DueOn];
        let invoices = Table::create()
            .table(invoice::Entity)
            .col(pk_auto(invoice::Column::Id))
            .col(integer(invoice::Column::CustomerId))
            .col(date(invoice::Column::DueOn))
            .col(big_integer(invoice::Column::Cents))
            .col(boolean(invoice::Column::Sent))
            .index(Index::create().unique().col(once[0]).col(once[1]))
            .take();
        for table in [users, customers, invoices] {
            manager.create_table(table).await?;
        }
        Ok(())
    }
}
