use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::engine::Engine;
use crate::{
    operation::{Claimant, NewOperation},
    progress::{LiveSink, Onlooker, Report, Sink},
    projection::{Attempts, Changes, Projection},
    render::Subject,
};

/// How long a process that is looked on at has to go on with what it runs, after a failed attempt.
const HEAD_START: Duration = Duration::from_secs(2);

/// To whom a run is shown beside those who watch it through the channel layer: nobody, most of the
/// time.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    pub(super) onlooker: Option<Arc<dyn Onlooker>>,
    /// Whoever looks on does not want to wait until the run stops by itself.
    pub(super) abort: CancellationToken,
}

impl Shown {
    pub(super) fn in_browsers_only(&self) -> bool {
        self.onlooker.is_none()
    }

    /// How much later others may make another attempt than this process, which somebody looks on at.
    pub(super) fn head_start(&self) -> Duration {
        if self.in_browsers_only() { Duration::ZERO } else { HEAD_START }
    }

    /// The report of a run that is shown like this.
    pub(super) fn report(&self, projection: Projection) -> Report {
        match self.onlooker {
            Some(_) => Report::journaling(projection),
            None => Report::new(projection),
        }
    }

    pub(super) fn beside(
        &self,
        live: LiveSink,
        subject: Subject,
        attempts: Attempts,
        report: &Arc<Report>,
    ) -> Sinks {
        let onlooker = self.onlooker.as_ref();
        let onlooker = onlooker.map(|onlooker| onlooker.sink(subject, attempts, report.clone()));
        Sinks { live, onlooker }
    }

    /// What follows on a run that somebody looks on at is run in this process as well.
    pub(super) fn claim(&self, next: NewOperation, engine: &Engine) -> NewOperation {
        let claimed_by = self.onlooker.as_ref().map(|_| engine.claimant());
        NewOperation { claimed_by, ..next }
    }
}

impl Engine {
    /// This process, as it claims what it enqueues.
    pub(super) fn claimant(&self) -> Claimant {
        Claimant { worker: self.running.worker.clone(), lease: self.config.lease }
    }
}

/// Where a run is shown.
pub(super) struct Sinks {
    pub(super) live: LiveSink,
    onlooker: Option<Box<dyn Sink>>,
}

impl Sinks {
    /// Shows the onlooker what those who watch through the channel layer read off the row.
    pub(super) async fn show_onlooker(&mut self, report: &Report) {
        if let Some(onlooker) = &mut self.onlooker {
            let (projection, changes) = report.take();
            onlooker.show(&projection, changes).await;
        }
    }
}

#[async_trait]
impl Sink for Sinks {
    async fn show(&mut self, projection: &Projection, changes: Changes) {
        if let Some(onlooker) = &mut self.onlooker {
            onlooker.show(projection, changes.clone()).await;
        }
        self.live.show(projection, changes).await;
    }
}
