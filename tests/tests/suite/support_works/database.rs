use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::support::database::{TestDatabase, on_every_database};

on_every_database! {
    async fn what_is_written_is_read(database: TestDatabase) {
        let db = database.connect().await;
        write_number(&db, 7).await;
        assert_eq!(numbers(&db).await, [7]);
    }

    async fn second_connection_sees_the_same_database(database: TestDatabase) {
        write_number(&database.connect().await, 7).await;
        assert_eq!(numbers(&database.connect().await).await, [7]);
    }

    /// Both create the same table.
    async fn two_databases_do_not_meet(database: TestDatabase) {
        let other = match &database {
            TestDatabase::Postgres(_) => TestDatabase::postgres().await.unwrap(),
            _ => TestDatabase::sqlite_file(),
        };
        assert_ne!(database.url(), other.url());
        write_number(&database.connect().await, 7).await;
        write_number(&other.connect().await, 8).await;
        assert_eq!(numbers(&database.connect().await).await, [7]);
    }
}

#[tokio::test]
async fn memory_database_lives_with_its_connection() {
    let database = TestDatabase::sqlite_memory();
    let db = database.connect().await;
    write_number(&db, 7).await;
    assert_eq!(numbers(&db).await, [7]);
}

#[tokio::test]
async fn dropped_postgres_database_is_gone_from_the_server() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let Some(other) = TestDatabase::postgres().await else { return };
    let name = database.url().rsplit('/').next().unwrap().to_owned();
    // A connection that is still open must not keep it.
    let _open = database.connect().await;
    let db = other.connect().await;
    let find = format!("SELECT datname FROM pg_database WHERE datname = '{name}'");
    assert_eq!(rows(&db, &find).await, 1);
    drop(database);
    assert_eq!(rows(&db, &find).await, 0);
}

async fn write_number(db: &DatabaseConnection, number: i32) {
    db.execute_unprepared("CREATE TABLE numbers (number INTEGER NOT NULL)").await.unwrap();
    db.execute_unprepared(&format!("INSERT INTO numbers VALUES ({number})")).await.unwrap();
}

async fn numbers(db: &DatabaseConnection) -> Vec<i32> {
    let select = Statement::from_string(db.get_database_backend(), "SELECT number FROM numbers");
    let rows = db.query_all_raw(select).await.unwrap();
    rows.iter().map(|row| row.try_get("", "number").unwrap()).collect()
}

async fn rows(db: &DatabaseConnection, query: &str) -> usize {
    let select = Statement::from_string(db.get_database_backend(), query);
    db.query_all_raw(select).await.unwrap().len()
}
