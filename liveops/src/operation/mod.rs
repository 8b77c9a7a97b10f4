//! The type, the identity, the stages and the life cycle of an operation.
//!
//! Owns the names by which all other modules refer to operations. Knows nothing of databases, sockets or
//! HTML.

pub mod keys;

mod action;
mod attempt_outcome;
mod channel_name;
pub(crate) mod description;
pub(crate) mod earlier_input;
mod field_order;
mod id;
mod kind;
mod list_sort;
mod live_operation;
pub(crate) mod names;
mod new_operation;
mod owner;
mod policy;
mod region_name;
#[cfg(feature = "testing")]
mod shape;
mod stage;
mod stage_token;
mod state;
mod storable;
mod unique;
mod user_id;
mod versions;

pub(crate) use action::{Action, ActionKind, PastAction};
pub(crate) use attempt_outcome::AttemptOutcome;
pub use channel_name::ChannelName;
pub(crate) use earlier_input::Earlier;
pub use earlier_input::EarlierInput;
#[cfg(feature = "testing")]
pub(crate) use earlier_input::input_shapes;
pub(crate) use field_order::FieldOrder;
pub use id::{Attempt, OperationId};
pub(crate) use kind::OperationKind;
pub use list_sort::ListSort;
pub use live_operation::{FromState, LiveOperation, NoState};
pub(crate) use names::Names;
pub use new_operation::NewOperation;
pub(crate) use new_operation::{OutOfBounds, WorkerClaim};
pub use owner::Owner;
pub use policy::{Backoff, CancelMode, Policy};
pub use region_name::RegionName;
#[cfg(feature = "testing")]
pub(crate) use shape::Shape;
pub use stage::{NoStages, Stage};
pub use stage_token::StageToken;
pub use state::OperationState;
pub use storable::Storable;
pub(crate) use storable::json_len;
pub use unique::Unique;
pub use user_id::UserId;
pub(crate) use versions::{AwaitedVersion, Versions};
