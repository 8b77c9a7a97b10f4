use tracing::{Metadata, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{
    filter::Targets,
    layer::{Context, Filter},
};

use crate::span;

/// What a [`LogLayer`](super::LogLayer) wants to hear of.
#[derive(Debug, Clone)]
pub(super) struct LogFilter {
    targets: Targets,
    level_max: LevelFilter,
}

impl LogFilter {
    /// Everything of all targets, up to `level`.
    pub(super) fn of_all(level: LevelFilter) -> Self {
        Self { targets: Targets::new().with_default(level), level_max: level }
    }

    /// And of targets that begin with `target`, up to `level`.
    pub(super) fn with_target(self, target: String, level: LevelFilter) -> Self {
        Self {
            targets: self.targets.with_target(target, level),
            level_max: self.level_max.max(level),
        }
    }

    /// Of all spans only ours matter: they say whether something belongs to a run. Of all events only
    /// ours do not: they are about the run and not of it, and to show a line may be one.
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
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
        self.wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Our own spans are of this level.
        Some(self.level_max.max(LevelFilter::INFO))
    }
}
