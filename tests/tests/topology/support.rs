//! What the suite stands on too.

#[path = "../suite/support/events.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod events;
#[path = "../suite/support/need.rs"]
pub(crate) mod need;
#[path = "../suite/support/postgres.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod postgres;
#[path = "../suite/support/rows.rs"]
#[expect(dead_code, reason = "the suite needs more of it")]
pub(crate) mod rows;
