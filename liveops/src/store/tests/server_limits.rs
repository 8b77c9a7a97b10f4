//! Limits of single statements on a connection that keeps no settings.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, SqlxPostgresConnector, Statement};
use tokio::time::timeout;

use super::database::{TestDatabase, value};
use crate::store::{Store, StoreError, server::StatementLimits};

const LIMITS: &str =
    "SELECT current_setting('statement_timeout') || current_setting('lock_timeout')";

/// A store on one connection to PostgreSQL with limits for this deadline.
async fn limited(db: &TestDatabase, deadline: Duration) -> (Store, DatabaseConnection) {
    let options = db.connect().await.get_postgres_connection_pool().connect_options();
    let pool = sea_orm::sqlx::postgres::PgPoolOptions::new().max_connections(1);
    let pool = pool.connect_lazy_with((*options).clone());
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    let limits = Some(StatementLimits::within(deadline));
    (Store::on_own_connection(connection.clone(), limits), connection)
}

#[tokio::test]
async fn limits_hold_for_one_statement_and_do_not_stay_on_the_connection() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let (store, connection) = limited(&db, Duration::from_secs(10)).await;
    assert_eq!(value::<String>(store.statements(), LIMITS).await, "7500ms5s");
    assert_eq!(value::<String>(&connection, LIMITS).await, "00");
    store.statements().execute_unprepared("SELECT nothing").await.unwrap_err();
    let wrong = Statement::from_string(DbBackend::Postgres, "SELECT nothing");
    store.statements().query_all_raw(wrong).await.unwrap_err();
    assert_eq!(value::<String>(&connection, LIMITS).await, "00");
    let transaction = store.begin_read_committed().await.unwrap();
    assert_eq!(value::<String>(&transaction, LIMITS).await, "7500ms5s");
    store.commit(transaction).await.unwrap();
    assert_eq!(value::<String>(&connection, LIMITS).await, "00");
}

#[tokio::test]
async fn the_server_gives_up_a_statement_before_the_client_does() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let (store, connection) = limited(&db, Duration::from_millis(400)).await;
    let endless = Statement::from_string(DbBackend::Postgres, "SELECT pg_sleep(600)");
    let error = store.statements().query_all_raw(endless).await.unwrap_err();
    assert!(StoreError::of("sleep")(error).is_busy());
    assert_eq!(value::<String>(&connection, LIMITS).await, "00");
}

#[tokio::test]
async fn a_connection_whose_user_has_gone_returns_without_limits_and_transaction() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let (store, connection) = limited(&db, Duration::from_secs(4)).await;
    let slow = Statement::from_string(DbBackend::Postgres, "SELECT pg_sleep(0.5)");
    let dropped = timeout(Duration::from_millis(100), store.statements().query_all_raw(slow));
    dropped.await.unwrap_err();
    assert_eq!(value::<String>(&connection, LIMITS).await, "00");
    let in_transaction = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    assert_eq!(value::<i64>(&db.connect().await, in_transaction).await, 0);
}
