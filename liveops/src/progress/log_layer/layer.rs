//! The `tracing` layer that copies the events of a run into its live log.

use std::sync::Arc;

use tracing::{Event, Subscriber, level_filters::LevelFilter, span::Attributes, span::Id};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::{LayerCount, LogFilter, SpanReport, line, opening};
use crate::{event::Level, progress::Report, span};

/// A `tracing` layer that shows the events of an operation in its live log, beside the lines of
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
/// An event becomes a line with the message in front of the fields: `tracing::info!(rows = 3, "loaded")`
/// gives `loaded rows=3`. `ERROR` and `WARN` give lines with these levels; all other levels give plain lines.
///
/// **The owner of an operation reads its log.** So the layer shows only named targets, from `INFO` on unless
/// another level is given. A library may log queries or keys that the owner must not read.
///
/// # Events of an operation
///
/// Events inside `run` belong to the operation: in spans that `run` opens, and in tasks and threads inside
/// its span. Start a task with [`in_current_span`](tracing::Instrument::in_current_span) for this. Events of
/// liveops itself, and of libraries that liveops calls to save or show a run, belong to no operation.
///
/// While a `LogLayer` exists, one more span surrounds `run`: `liveops.log`, of level `ERROR` and target
/// `liveops`. A filter for all layers, and a filter around this layer with
/// [`with_filter`](Layer::with_filter), must let this span through.
///
/// # Costs
///
/// An event outside the selected targets is disabled at its callsite, unless another layer enables the event.
/// A selected event outside any operation costs a search for a span and is not formatted.
///
/// ```
/// # use liveops::LogLayer;
/// # use tracing_subscriber::{Registry, prelude::*};
/// fn costly() -> u32 {
///     unreachable!("the event is not selected")
/// }
///
/// let _guard = Registry::default().with(LogLayer::for_target("my_app").build()).set_default();
/// tracing::debug!(target: "my_app", number = costly(), "in detail");
/// tracing::error!(target: "another_app", number = costly(), "elsewhere");
/// ```
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is built and added to a subscriber"]
pub struct LogLayer {
    filter: LogFilter,
}

impl LogLayer {
    /// Shows events from `INFO` on whose target begins with `prefix`; `my_app` selects all modules of the
    /// crate `my_app`.
    pub fn for_target(prefix: impl Into<String>) -> Self {
        let nothing = Self { filter: LogFilter::of_all(LevelFilter::OFF) };
        nothing.with_target(prefix, LevelFilter::INFO)
    }

    /// Shows events of all targets from `level` on, including events of the libraries that an operation uses.
    /// Use this only if the application's users may read all of these events.
    pub fn for_all_targets(level: impl Into<LevelFilter>) -> Self {
        Self { filter: LogFilter::of_all(level.into()) }
    }

    /// Shows events of targets that begin with `prefix` from `level` on; none with [`LevelFilter::OFF`]. The
    /// longest matching prefix wins.
    pub fn with_target(self, prefix: impl Into<String>, level: impl Into<LevelFilter>) -> Self {
        Self { filter: self.filter.with_target(prefix.into(), level.into()) }
    }

    /// Builds the layer, for a subscriber.
    pub fn build<S>(self) -> impl Layer<S> + Send + Sync
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        Lines { _counted: LayerCount::register() }.with_filter(self.filter)
    }
}

/// The built layer: shows every event that passes the filter.
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

/// Returns the report of the run that an event belongs to.
///
/// The innermost span of liveops decides. Only `liveops.log` holds a report: events inside any other span of
/// liveops do not belong to a run, even if one operation runs another one inside itself.
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
