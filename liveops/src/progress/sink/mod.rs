//! Where a projection is shown: the trait, and a recorder for tests.

mod recorder;

use async_trait::async_trait;

pub use recorder::Recorder;

use crate::projection::{Changes, Projection};

/// Where a projection is shown.
#[async_trait]
pub trait Sink: Send {
    /// Shows `projection`, in which `changes` happened since the last call.
    ///
    /// A sink that cannot show something now keeps it for the next call: showing never fails.
    async fn show(&mut self, projection: &Projection, changes: Changes);
}
