//! The migrations of all tables: those of liveops, of the scores, of the executions and of
//! the calls of the hook.

use liveops::store;
use sea_orm_migration::{prelude::*, schema::*};

use super::{draft, score};
use crate::{endings::CreateEndings, executions::CreateExecutions};

/// The migrator of all tables: those of liveops and the application's own, in one list.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations = store::migrations();
        migrations.push(Box::new(CreateScores));
        migrations.push(Box::new(CreateExecutions));
        migrations.push(Box::new(CreateEndings));
        migrations
    }
}

struct CreateScores;

impl MigrationName for CreateScores {
    fn name(&self) -> &str {
        "demo_0001_create_scores"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait::async_trait]
impl MigrationTrait for CreateScores {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(scores()).await?;
        manager.create_index(scores_by_operation()).await?;
        manager.create_table(drafts()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(draft::Entity).take()).await?;
        manager.drop_table(Table::drop().table(score::Entity).take()).await
    }
}

fn scores() -> TableCreateStatement {
    use score::Column;

    Table::create()
        .table(score::Entity)
        .col(big_pk_auto(Column::Id))
        .col(uuid(Column::Operation))
        .col(text(Column::Student))
        .col(text(Column::Course))
        .col(double(Column::Score))
        .take()
}

fn scores_by_operation() -> IndexCreateStatement {
    Index::create()
        .name("scores_operation")
        .table(score::Entity)
        .col(score::Column::Operation)
        .take()
}

fn drafts() -> TableCreateStatement {
    use draft::Column;

    Table::create()
        .table(draft::Entity)
        .col(uuid(Column::Operation))
        .col(integer(Column::Attempt))
        .col(big_integer(Column::Line))
        .col(text(Column::Student))
        .col(text(Column::Course))
        .col(double(Column::Score))
        .primary_key(Index::create().col(Column::Operation).col(Column::Attempt).col(Column::Line))
        .take()
}
