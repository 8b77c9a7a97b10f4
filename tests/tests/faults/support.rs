//! What the suite stands on too.

#[path = "../suite/support/database.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod database;
#[path = "../suite/support/layer.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod layer;
#[path = "../suite/support/need.rs"]
pub(crate) mod need;
#[path = "../suite/support/postgres.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod postgres;
#[path = "../suite/support/redis.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod redis;
#[path = "../suite/support/redis_cluster.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod redis_cluster;
#[path = "../suite/support/redis_sentinel.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod redis_sentinel;
#[path = "../suite/support/rows.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod rows;
#[path = "../suite/support/sqlite.rs"]
pub(crate) mod sqlite;
#[path = "../suite/support/until.rs"]
pub(crate) mod until;
