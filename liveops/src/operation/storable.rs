//! The values that the row of an operation can store.

use serde::{Serialize, de::DeserializeOwned};

/// A value that the row of an operation can store: the operation itself or its output.
///
/// Implemented by every type that owns its data and derives serde's `Serialize` and `Deserialize`.
/// [`Run`](crate::Run) has an example of an operation with its output.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in the row of an operation",
    label = "not `Serialize + DeserializeOwned + Send`",
    note = "add `#[derive(Serialize, Deserialize)]` to `{Self}`, and use owned types instead of references",
    note = "if `{Self}` has both derives: every field and type parameter must satisfy these bounds too"
)]
pub trait Storable: Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Storable for T {}
