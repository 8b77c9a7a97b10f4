//! The trait for the destinations of a projection, and a recorder for tests.

#[cfg(test)]
mod recorder;

use async_trait::async_trait;

use crate::projection::{Changes, Projection};
#[cfg(test)]
pub(crate) use recorder::Recorder;

/// A destination that shows a projection.
#[async_trait]
pub(crate) trait Sink: Send {
    /// Shows `projection` with the `changes` since the last call.
    ///
    /// A sink that cannot show a change now keeps the change for the next call, so this method never fails.
    async fn show(&mut self, projection: &Projection, changes: Changes);
}
