//! What a run talks to, and how what it says reaches whoever watches.
//!
//! [`Progress`] folds the run's reports into a projection; the flusher shows what
//! changed to a [`Sink`], a bounded number of times a second. Knows nothing of sockets, and of rows
//! only what durable stages keep in them.

mod cancellation;
mod clock;
mod counter;
mod durable_stage;
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
mod track;
mod web_progress;

use cancellation::Cancellation;
pub(crate) use clock::Clock;
pub(crate) use flusher::Flusher;
pub use handle::Progress;
pub(crate) use handle::RunContext;
#[cfg(feature = "log-layer")]
pub use log_layer::LogLayer;
pub(crate) use log_span::log_span;
pub(crate) use report::{NextOperation, Report};
pub use retry_context::RetryContext;
pub use run::Run;
pub use sink::{Recorder, Sink};
pub(crate) use stage_outputs::StageOutputs;
pub use track::{Track, TrackStream};
pub use web_progress::WebProgress;
