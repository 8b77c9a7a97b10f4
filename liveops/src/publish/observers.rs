//! Observers of a run inside this process.

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::ChannelSink;
use crate::{
    progress::{Report, Sink},
    projection::{Attempts, Changes, Projection},
    render::Subject,
};

/// Head start of an observed run's process over other workers, for the next attempt.
const HEAD_START: Duration = Duration::from_secs(2);

/// Watches a run inside this process, beside the clients of the channel layer.
pub(crate) trait Observer: Debug + Send + Sync {
    /// Returns the sink that shows one attempt. The report of the attempt keeps an event log.
    fn sink(&self, subject: Subject, attempts: Attempts, report: Arc<Report>) -> Box<dyn Sink>;
}

/// The observer of a run, if it has one. Most runs have none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observers {
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// Cancelled when the observer wants the run to be aborted.
    pub(crate) abort: CancellationToken,
}

impl Observers {
    pub(crate) fn is_empty(&self) -> bool {
        self.observer.is_none()
    }

    /// Returns the head start of this process over other processes, for the next attempt.
    pub(crate) fn head_start(&self) -> Duration {
        if self.is_empty() { Duration::ZERO } else { HEAD_START }
    }

    /// Returns the report of a run, with an event log if the run has an observer.
    pub(crate) fn report(&self, projection: Projection) -> Report {
        match self.observer {
            Some(_) => Report::with_event_log(projection),
            None => Report::new(projection),
        }
    }

    /// Returns the sinks of one attempt: the channel sink, and the observer's sink if the run has an
    /// observer.
    pub(crate) fn sinks(
        &self,
        channel: ChannelSink,
        subject: Subject,
        attempts: Attempts,
        report: &Arc<Report>,
    ) -> RunSinks {
        let observer = self.observer.as_ref();
        let observer = observer.map(|observer| observer.sink(subject, attempts, report.clone()));
        RunSinks { channel, observer }
    }
}

/// The sinks of one attempt.
pub(crate) struct RunSinks {
    pub(crate) channel: ChannelSink,
    observer: Option<Box<dyn Sink>>,
}

impl RunSinks {
    /// Shows the report to the observer only. The clients of the channel layer get this state from the
    /// row.
    pub(crate) async fn show_observer(&mut self, report: &Report) {
        if let Some(observer) = &mut self.observer {
            let (projection, changes) = report.take();
            observer.show(&projection, changes).await;
        }
    }
}

#[async_trait]
impl Sink for RunSinks {
    async fn show(&mut self, projection: &Projection, changes: Changes) {
        if let Some(observer) = &mut self.observer {
            observer.show(projection, changes.clone()).await;
        }
        self.channel.show(projection, changes).await;
    }
}
