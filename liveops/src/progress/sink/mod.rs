mod live;
mod recorder;
#[cfg(feature = "cli")]
mod text;

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;

pub use live::LiveSink;
pub use recorder::Recorder;
#[cfg(feature = "cli")]
pub(crate) use text::{Telling, Tellings, Told};

use super::Report;
use crate::{
    projection::{Attempts, Changes, Projection},
    render::Subject,
};

/// Where a projection is shown.
#[async_trait]
pub trait Sink: Send {
    /// Shows `projection`, in which `changes` happened since the last call.
    ///
    /// A sink that cannot show something now keeps it for the next call: showing never fails.
    async fn show(&mut self, projection: &Projection, changes: Changes);
}

/// Somebody in this process who is shown a run beside those who watch it through the channel layer.
pub(crate) trait Onlooker: Debug + Send + Sync {
    /// The sink through which one attempt is shown. Its report keeps a journal.
    fn sink(&self, subject: Subject, attempts: Attempts, report: Arc<Report>) -> Box<dyn Sink>;
}
