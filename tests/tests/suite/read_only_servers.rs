//! PostgreSQL servers that are read-only for a time, as one that is recovering or was demoted.

use liveops::{LiveOps, store};
use sea_orm::ConnectionTrait;

use crate::support::{
    app::{Greeting, TestApp},
    postgres::PostgresDatabase,
};

#[tokio::test]
async fn a_connection_to_a_server_that_was_read_only_is_not_used_on() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let admin = TestApp::on(&database.url(), |builder| builder).await.db;
    let name: String = {
        let sql = sea_orm::Statement::from_string(
            sea_orm::DbBackend::Postgres,
            "SELECT current_database()::text",
        );
        admin.query_one_raw(sql).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    };
    let set = async |value: &str| {
        // Holds for the connections that begin later.
        let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = {value}");
        admin.execute_unprepared(&format!("SET default_transaction_read_only = off; {set}")).await
    };
    set("on").await.unwrap();

    let db = store::connect(&database.url()).await.unwrap();
    let liveops = LiveOps::builder(db).register::<Greeting>().build().unwrap();
    let greeting = || Greeting { name: "Ann".into() };
    assert_eq!(liveops.count(&Default::default()).await.unwrap(), 0);
    let error = liveops.health().await.database.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(error.to_string().contains("failed to accept writes"), "{error}");
    assert!(source.contains("the server is read-only or in recovery"), "{source}");
    // Opens connections that stay read-only.
    assert_eq!(liveops.count(&Default::default()).await.unwrap(), 0);
    liveops.enqueue(greeting(), "ann").await.unwrap_err();

    set("off").await.unwrap();
    let id = liveops.enqueue(greeting(), "ann").await.unwrap();
    assert!(liveops.find(id).await.unwrap().is_some());
    assert!(liveops.health().await.is_ready());
}
