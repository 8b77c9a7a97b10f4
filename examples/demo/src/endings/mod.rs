//! The ends that the hook of the demo was called for: a table of the application's own. A repeated call is another row.

mod ending;
mod migration;
mod store;

pub(crate) use migration::CreateEndings;
pub use store::Endings;
