//! The list of migrations of liveops, and the first migration.

use async_trait::async_trait;
use sea_orm::{
    DbBackend,
    sea_query::{ConditionalStatement, IndexOrder, IntoIden},
};
use sea_orm_migration::{prelude::*, schema::*};

use super::{
    Column, Entity,
    migration_actions::CreateActions,
    migration_attempts::CreateAttempts,
    migration_description::AddDescription,
    migration_hand_backs::CountHandBacks,
    migration_indexes::{
        ADD_RUNNING, INDEX_ENDS, INDEX_LARGE_TABLES, INDEX_OWNERS, INDEX_STATES, INDEX_TYPES,
        INDEX_VERSIONS,
    },
    migration_layout::MoveColumn,
    migration_lease::AddLeaseDuration,
    migration_log::{AddLogFrom, CreateLogs, MoveLogs},
    migration_outbox::CreateOutbox,
    migration_result_order::AddResultOrder,
    migration_space::LeaveSpaceForUpdates,
    migration_staff::AddStaffView,
    stage_output,
};

/// The migrations of liveops, recorded in a separate migration table.
///
/// ```
/// use liveops::{
///     sea_orm_migration::MigratorTrait,
///     store::{self, Migrator},
/// };
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = store::connect("sqlite::memory:").await?;
/// // `LiveOps::migrate` does the same.
/// store::migrate::<Migrator>(&db).await?;
/// assert!(Migrator::get_pending_migrations(&db).await?.is_empty());
/// # Ok(())
/// # }
/// ```
///
/// An application that keeps one list of migrations adds [`migrations`] to its own list instead.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        migrations()
    }

    fn migration_table_name() -> DynIden {
        "liveops_migration".into_iden()
    }
}

/// Returns the migrations of liveops, oldest first.
///
/// ```
/// use liveops::{
///     sea_orm_migration::{MigrationTrait, MigratorTrait},
///     store,
/// };
///
/// struct AppMigrator;
///
/// impl MigratorTrait for AppMigrator {
///     fn migrations() -> Vec<Box<dyn MigrationTrait>> {
///         let mut migrations: Vec<Box<dyn MigrationTrait>> = vec![/* of the application */];
///         migrations.extend(store::migrations());
///         migrations
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = store::connect("sqlite::memory:").await?;
/// store::migrate::<AppMigrator>(&db).await?;
/// # Ok(())
/// # }
/// ```
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut migrations: Vec<Box<dyn MigrationTrait>> = vec![
        Box::new(CreateTables),
        Box::new(AddStaffView),
        Box::new(AddLeaseDuration),
        Box::new(CountHandBacks),
        Box::new(ADD_RUNNING),
        Box::new(INDEX_LARGE_TABLES),
        Box::new(LeaveSpaceForUpdates),
        // Before the next ones, which move the large columns behind all columns of lists.
        Box::new(AddDescription),
        Box::new(AddResultOrder),
        Box::new(AddLogFrom),
    ];
    migrations.extend(MoveColumn::ALL.map(|column| Box::new(column) as Box<dyn MigrationTrait>));
    migrations.push(Box::new(INDEX_STATES));
    migrations.push(Box::new(INDEX_TYPES));
    migrations.push(Box::new(INDEX_ENDS));
    migrations.push(Box::new(INDEX_OWNERS));
    migrations.push(Box::new(CreateAttempts));
    migrations.push(Box::new(CreateActions));
    migrations.push(Box::new(CreateLogs));
    migrations.push(Box::new(MoveLogs));
    migrations.push(Box::new(INDEX_VERSIONS));
    migrations.push(Box::new(CreateOutbox));
    migrations
}

struct CreateTables;

/// The tables of the PostgreSQL channel layer. The statements belong to the channel layer and run here,
/// because an application has one list of migrations.
const CREATE_CHANNELS: &str = include_str!("../channel/postgres/tables.sql");
const DROP_CHANNELS: &str = include_str!("../channel/postgres/drop_tables.sql");

impl MigrationName for CreateTables {
    fn name(&self) -> &str {
        "liveops_0001_create_tables"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for CreateTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(operation_table()).await?;
        for index in operation_indexes() {
            manager.create_index(index).await?;
        }
        manager.create_table(stage_output_table()).await?;
        run_on_postgres(manager, CREATE_CHANNELS).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_on_postgres(manager, DROP_CHANNELS).await?;
        manager.drop_table(Table::drop().table(stage_output::Entity).take()).await?;
        manager.drop_table(Table::drop().table(Entity).take()).await
    }
}

pub(super) async fn run_on_postgres(
    manager: &SchemaManager<'_>,
    statements: &str,
) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(statements).await?;
    }
    Ok(())
}

fn operation_table() -> TableCreateStatement {
    Table::create()
        .table(Entity)
        .col(pk_uuid(Column::Id))
        .col(text(Column::OpType))
        .col(text(Column::Owner))
        .col(json_binary(Column::Input))
        .col(integer(Column::PayloadVersion))
        .col(text(Column::Language))
        .col(timestamp_with_time_zone(Column::CreatedOn))
        .col(timestamp_with_time_zone_null(Column::StartedOn))
        .col(timestamp_with_time_zone_null(Column::FinishedOn))
        .col(boolean(Column::FinishedSuccessfully))
        .col(boolean(Column::CancelRequested))
        .col(boolean(Column::Cancelled))
        .col(text_null(Column::Traceback))
        .col(text_null(Column::ErrorMessage))
        .col(json_binary_null(Column::ResultContext))
        .col(text_null(Column::SuccessUrl))
        .col(text_null(Column::CurrentStage))
        .col(json_binary(Column::StageStates))
        .col(boolean(Column::HasStageOutputs))
        .col(text(Column::StatusText))
        .col(text(Column::StatusLevel))
        .col(double_null(Column::Percent))
        .col(json_binary("log"))
        .col(big_integer(Column::LogSeq))
        .col(text(Column::Queue))
        .col(integer(Column::Priority))
        .col(timestamp_with_time_zone_null(Column::RunAfter))
        .col(timestamp_with_time_zone(Column::DueOn))
        .col(integer(Column::Attempt))
        .col(integer(Column::AttemptsBefore))
        .col(integer(Column::MaxAttempts))
        .col(integer(Column::Rescues))
        .col(big_integer(Column::BackoffFirstMs))
        .col(big_integer(Column::BackoffLongestMs))
        .col(big_integer_null(Column::TimeoutMs))
        .col(text_null(Column::Worker))
        .col(timestamp_with_time_zone_null(Column::LeaseUntil))
        .col(text_null(Column::UniqueKey))
        .col(uuid_null(Column::ChainedFrom))
        .col(uuid_null(Column::ChainedTo))
        .take()
}

fn operation_indexes() -> [IndexCreateStatement; 5] {
    let index = |name: &str| Index::create().name(name).table(Entity).take();
    let is_unfinished = Expr::col(Column::FinishedOn).is_null();
    [
        // Next operations to claim. IDs sort by time.
        index("liveops_operation_waiting")
            .col((Column::Priority, IndexOrder::Desc))
            .col(Column::Id)
            .col(Column::Queue)
            .and_where(Expr::col(Column::StartedOn).is_null())
            .and_where(is_unfinished.clone())
            .take(),
        // Expired leases.
        index("liveops_operation_lease")
            .col(Column::LeaseUntil)
            .and_where(is_unfinished.clone())
            .take(),
        // An owner's list. IDs sort by time.
        index("liveops_operation_owner").col(Column::Owner).col(Column::Id).take(),
        // Operations to prune.
        index("liveops_operation_ended")
            .col(Column::FinishedOn)
            .and_where(Expr::col(Column::FinishedOn).is_not_null())
            .take(),
        index("liveops_operation_unique")
            .unique()
            .col(Column::UniqueKey)
            .and_where(is_unfinished)
            .take(),
    ]
}

fn stage_output_table() -> TableCreateStatement {
    use stage_output::Column as Output;

    Table::create()
        .table(stage_output::Entity)
        .col(uuid(Output::Operation))
        .col(text(Output::Stage))
        .col(text(Output::Output))
        .primary_key(Index::create().col(Output::Operation).col(Output::Stage))
        .foreign_key(
            ForeignKey::create()
                .from(stage_output::Entity, Output::Operation)
                .to(Entity, Column::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}
