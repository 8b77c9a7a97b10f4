//! What the suite stands on too.

#[path = "../suite/support/database.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod database;
#[path = "../suite/support/need.rs"]
pub(crate) mod need;
#[path = "../suite/support/postgres.rs"]
pub(crate) mod postgres;
#[path = "../suite/support/rows.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod rows;
#[path = "../suite/support/sqlite.rs"]
pub(crate) mod sqlite;
