//! Publishing: every update that clients receive passes through this module.
//!
//! Owns the publisher, the sink that renders a projection into frames, the observers of a run, the
//! queue of failed publications, and the enqueues that may be uncommitted. Holds the channel layer, the
//! store and the renderer itself; knows nothing of workers, leases and attempts.

mod channel_sink;
mod observers;
mod presenter;
mod publisher;
mod retry_queue;
#[cfg(feature = "cli")]
mod text_sink;
mod uncommitted_enqueues;

pub(crate) use channel_sink::ChannelSink;
#[cfg(feature = "cli")]
pub(crate) use observers::Observer;
pub(crate) use observers::{Observers, RunSinks};
pub(crate) use presenter::{LinkedRow, Presenter};
pub(crate) use publisher::Publisher;
#[cfg(feature = "cli")]
pub(crate) use text_sink::{EventSender, ObservedEvent, RunEvent};
pub(crate) use uncommitted_enqueues::{UncommittedEnqueue, UncommittedEnqueues};
