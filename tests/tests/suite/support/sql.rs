//! Queries of the tests.

use sea_orm::{ConnectionTrait, Statement, TryGetable};

/// Returns the value that a query selects.
pub(crate) async fn value<T: TryGetable>(connection: &impl ConnectionTrait, query: &str) -> T {
    let query = Statement::from_string(connection.get_database_backend(), query);
    connection.query_one_raw(query).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}
