//! What is logged on this thread, down to the last detail.

use std::{
    cell::RefCell,
    fmt::{Debug, Write},
    sync::{Arc, LazyLock, Mutex, Once},
};

use tracing::{
    Dispatch, Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{Layer, Registry, layer::Context, prelude::*};

/// Keeps the process from having one subscriber alone: then the thread that gets to a line of code
/// first decides for all whether anybody listens there, and other tests' threads have no subscriber.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Registry::default()));

/// Has this thread log into `subscriber` while the guard lives.
pub(crate) fn log_into(subscriber: impl Into<Dispatch>) -> DefaultGuard {
    LazyLock::force(&ANOTHER);
    tracing::dispatcher::set_default(&subscriber.into())
}

/// Collects what this thread logs while it lives, with `tracing` or with `log`. Tests that use it
/// run on one thread, as `#[tokio::test]` does.
pub(crate) struct Log {
    lines: Lines,
    _guard: DefaultGuard,
}

/// A line, or a span, with all of its fields.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) target: String,
    pub(crate) text: String,
}

type Lines = Arc<Mutex<Vec<Line>>>;

thread_local! {
    /// Where the records of `log` go, which has one logger for all threads.
    static LINES: RefCell<Option<Lines>> = const { RefCell::new(None) };
}

impl Log {
    pub(crate) fn begin() -> Self {
        let lines = Lines::default();
        static LOGGER: Once = Once::new();
        LOGGER.call_once(|| {
            log::set_logger(&ForThreads).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
        });
        LINES.set(Some(lines.clone()));
        let subscriber = Registry::default().with(Collector(lines.clone()));
        Self { lines, _guard: log_into(subscriber) }
    }

    /// Everything so far.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lines.lock().unwrap().clone()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LINES.set(None);
    }
}

struct ForThreads;

impl log::Log for ForThreads {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        LINES.with_borrow(Option::is_some)
    }

    fn log(&self, record: &log::Record<'_>) {
        let Some(lines) = LINES.with_borrow(Clone::clone) else { return };
        let level = match record.level() {
            log::Level::Error => Level::ERROR,
            log::Level::Warn => Level::WARN,
            log::Level::Info => Level::INFO,
            log::Level::Debug => Level::DEBUG,
            log::Level::Trace => Level::TRACE,
        };
        let (target, text) = (record.target().to_owned(), record.args().to_string());
        lines.lock().unwrap().push(Line { level, target, text });
    }

    fn flush(&self) {}
}

struct Collector(Lines);

impl Collector {
    fn push(&self, metadata: &tracing::Metadata<'_>, write: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(metadata.name().to_owned());
        write(&mut fields);
        let line =
            Line { level: *metadata.level(), target: metadata.target().to_owned(), text: fields.0 };
        self.0.lock().unwrap().push(line);
    }
}

impl<S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.push(attributes.metadata(), |fields| attributes.record(fields));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            self.push(span.metadata(), |fields| record.record(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.push(event.metadata(), |fields| event.record(fields));
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}
