//! Long-running operations for Rust web applications, watched live.

// The house, ground floor first: a module uses only what stands above it here.
pub mod config;
pub mod error;
pub mod event;
pub mod operation;
pub mod projection;
pub mod token;

pub mod render;

pub mod channel;
pub mod store;

pub mod progress;

pub mod runner;

pub mod web;

// Beside the house.
pub mod testing;

pub use config::Config;
pub use error::{Cancelled, RunError, RunResult};
pub use liveops_derive::LiveOperation;
pub use operation::{
    Attempt, ChannelName, FromState, LiveOperation, NoStages, NoState, OperationId, OperationState,
    ParseStageError, Stage, UserId,
};
pub use progress::{Progress, Run, WebProgress};
pub use projection::Projection;
pub use render::Templates;
pub use runner::{LiveOps, RunnerKind};
pub use token::{SigningKeys, SubscriptionToken};
pub use web::Viewer;
