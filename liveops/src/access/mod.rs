//! Access to operations: the viewer, and the policy that decides which viewer may create, see and change an
//! operation.
//!
//! Every route, message and list asks `Access`, and nothing else decides about access. The module knows
//! neither requests nor connections.

mod decisions;
mod policy;
mod viewer;

pub(crate) use decisions::Access;
use policy::OwnerPolicy;
pub use policy::{AccessPolicy, AccessedOperation};
pub use viewer::Viewer;
