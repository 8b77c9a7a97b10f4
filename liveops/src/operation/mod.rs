//! What an operation is: its type, its identity, its stages and its life.
//!
//! Owns the names everything else is keyed by. Knows nothing of databases, sockets or HTML.

pub mod keys;

mod channel_name;
mod id;
mod kind;
mod list_sort;
mod live_operation;
mod names;
mod new_operation;
mod owner;
mod policy;
mod region_name;
mod stage;
mod stage_token;
mod state;
mod storable;
mod unique;
mod user_id;

pub use channel_name::ChannelName;
pub use id::{Attempt, OperationId, ParseOperationIdError};
pub use kind::OperationKind;
pub use list_sort::{ListSort, ParseListSortError};
pub use live_operation::{FromState, LiveOperation, NoState};
pub use names::Names;
pub use new_operation::NewOperation;
pub(crate) use new_operation::WorkerClaim;
pub use owner::Owner;
pub use policy::{Backoff, CancelMode, Policy};
pub use region_name::{ParseRegionError, RegionName};
pub use stage::{NoStages, ParseStageError, Stage};
pub use stage_token::StageToken;
pub use state::{OperationState, ParseOperationStateError};
pub use storable::Storable;
pub use unique::Unique;
pub use user_id::UserId;
