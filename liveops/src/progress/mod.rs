//! The interface of a run, and the path from its reports to a sink.
//!
//! [`Progress`] folds the reports of a run into a projection; the flusher passes changes to a `Sink`, a
//! limited number of times a second. The module knows nothing of sockets, and of rows only the outputs of
//! durable stages.

mod blocking_tasks;
mod cancellation;
mod clock;
mod counter;
mod durable_stage;
mod flush_pace;
mod flusher;
mod handle;
#[cfg(feature = "log-layer")]
mod log_layer;
mod log_span;
mod report;
mod retry_context;
mod run;
mod sink;
mod stage_guard;
mod stage_outputs;
mod templates;
mod track;
mod web_progress;

pub(crate) use blocking_tasks::BlockingTasks;
use cancellation::Cancellation;
pub(crate) use clock::Clock;
pub(crate) use flush_pace::FlushPace;
pub(crate) use flusher::Flusher;
pub use handle::Progress;
pub(crate) use handle::RunContext;
#[cfg(feature = "log-layer")]
pub use log_layer::LogLayer;
pub(crate) use log_span::log_span;
pub(crate) use report::{NextOperation, Report};
pub use retry_context::RetryContext;
pub use run::Run;
#[cfg(test)]
use sink::Recorder;
pub(crate) use sink::Sink;
pub(crate) use stage_outputs::StageOutputs;
pub use track::{Track, TrackStream};
pub use web_progress::WebProgress;
