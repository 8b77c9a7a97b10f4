use std::sync::Arc;

use tracing::{Event, Subscriber, level_filters::LevelFilter, span::Attributes, span::Id};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::{LayerCount, LogFilter, SpanReport, line, opening};
use crate::{event::Level, progress::Report, span};

/// Shows what an operation logs with `tracing` in its live log, beside what it says with
/// [`Progress::log`](crate::Progress::log).
///
/// ```
/// use liveops::LogLayer;
/// use tracing::level_filters::LevelFilter;
/// use tracing_subscriber::{Registry, prelude::*};
///
/// let log = LogLayer::for_target("my_app").with_target("my_app::secrets", LevelFilter::OFF);
/// let subscriber = Registry::default().with(log.build());
/// # drop(subscriber);
/// ```
///
/// An event becomes a line, its message in front of its fields: `tracing::info!(rows = 3, "loaded")`
/// is `loaded rows=3`. `ERROR` and `WARN` are errors and warnings there, everything else is neither.
///
/// **The owner of an operation reads its log.** So only targets that were named are shown, each from `INFO`
/// on unless another level is given; what a library logs of a database or a key is not meant for them.
///
/// # What belongs to an operation
///
/// What happens in its `run`: in spans that it opens, and in tasks and threads that it starts as far as they
/// are in its span, with [`in_current_span`](tracing::Instrument::in_current_span) for a task. What liveops
/// itself says, and what is said by others on its behalf while it saves or shows a run, belongs to none.
///
/// Around `run` there is one more span while a `LogLayer` exists, `liveops.log` of level `ERROR` and target
/// `liveops`. A filter that is meant for all layers, and one that is put around this layer with
/// [`with_filter`](Layer::with_filter), have to let it through.
///
/// # Costs
///
/// An event that is not wanted is switched off where it stands, unless another layer wants it. One that
/// is, outside of any operation, costs a look for a span; it is not formatted.
///
/// ```
/// # use liveops::LogLayer;
/// # use tracing_subscriber::{Registry, prelude::*};
/// fn costly() -> u32 {
///     unreachable!("nobody wants to know")
/// }
///
/// let _guard = Registry::default().with(LogLayer::for_target("my_app").build()).set_default();
/// tracing::debug!(target: "my_app", number = costly(), "in detail");
/// tracing::error!(target: "somebody_else", number = costly(), "elsewhere");
/// ```
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is built and added to a subscriber"]
pub struct LogLayer {
    filter: LogFilter,
}

impl LogLayer {
    /// Shows events from `INFO` on whose target is `prefix` or begins with it; `my_app` stands for all
    /// modules of the crate `my_app`.
    pub fn for_target(prefix: impl Into<String>) -> Self {
        let nothing = Self { filter: LogFilter::of_all(LevelFilter::OFF) };
        nothing.with_target(prefix, LevelFilter::INFO)
    }

    /// Shows events of all targets from `level` on, also what libraries say that an operation uses. For
    /// applications whose users may read all that.
    pub fn for_all_targets(level: impl Into<LevelFilter>) -> Self {
        Self { filter: LogFilter::of_all(level.into()) }
    }

    /// Shows events of targets that begin with `prefix` from `level` on; none with
    /// [`LevelFilter::OFF`]. The longest prefix counts.
    pub fn with_target(self, prefix: impl Into<String>, level: impl Into<LevelFilter>) -> Self {
        Self { filter: self.filter.with_target(prefix.into(), level.into()) }
    }

    /// The layer, for a subscriber.
    pub fn build<S>(self) -> impl Layer<S> + Send + Sync
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        Lines { _counted: LayerCount::register() }.with_filter(self.filter)
    }
}

/// The layer itself, which shows whatever reaches it.
struct Lines {
    _counted: LayerCount,
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(logged) = opening() else { return };
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(logged);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(report) = report_of(event, &context) else { return };
        report.log(level(*event.metadata().level()), line(event));
    }
}

/// The report of the run that an event is of.
///
/// The innermost span of ours decides: of one that is about a run, its beginning say, what happens in it is
/// not of the run, even where one operation runs another on the spot.
fn report_of<S>(event: &Event<'_>, context: &Context<'_, S>) -> Option<Arc<Report>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let is_ours = |span: &SpanRef<'_, S>| span.metadata().target() == span::TARGET;
    let span = context.event_scope(event)?.find(is_ours)?;
    let logged = span.extensions().get::<SpanReport>().cloned();
    logged?.0.upgrade()
}

fn level(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warning,
        _ => Level::Info,
    }
}
