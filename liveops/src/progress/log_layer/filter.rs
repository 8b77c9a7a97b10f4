//! The selection of spans and events that a [`LogLayer`](super::LogLayer) receives.

use tracing::{Metadata, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{
    filter::Targets,
    layer::{Context, Filter},
};

use crate::span;

/// The filter of a [`LogLayer`](super::LogLayer).
#[derive(Debug, Clone)]
pub(super) struct LogFilter {
    targets: Targets,
    level_max: LevelFilter,
}

impl LogFilter {
    /// Creates a filter for events of all targets up to `level`.
    pub(super) fn of_all(level: LevelFilter) -> Self {
        Self { targets: Targets::new().with_default(level), level_max: level }
    }

    /// Adds events of targets that begin with `target`, up to `level`.
    pub(super) fn with_target(self, target: String, level: LevelFilter) -> Self {
        Self {
            targets: self.targets.with_target(target, level),
            level_max: self.level_max.max(level),
        }
    }

    /// Returns `true` for the spans of liveops, and for selected events outside liveops.
    ///
    /// The spans connect an event to a run. Events of liveops are about the run and do not belong to it;
    /// showing a log line may itself emit such an event.
    fn selects(&self, metadata: &Metadata<'_>) -> bool {
        let is_ours = is_ours(metadata.target());
        if metadata.is_span() {
            is_ours
        } else {
            !is_ours && self.targets.would_enable(metadata.target(), metadata.level())
        }
    }
}

fn is_ours(target: &str) -> bool {
    let rest = target.strip_prefix(span::TARGET);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl<S> Filter<S> for LogFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.selects(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.selects(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // `liveops.enqueue`, `liveops.claim` and `liveops.run` have this level.
        Some(self.level_max.max(LevelFilter::INFO))
    }
}
