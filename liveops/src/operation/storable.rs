use serde::{Serialize, de::DeserializeOwned};

/// What can be kept in an operation's row: the operation itself, and its output.
///
/// Implemented by every type that owns its data and has serde's two derives.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in an operation's row",
    label = "not `Serialize + DeserializeOwned + Send`",
    note = "add `#[derive(Serialize, Deserialize)]` to `{Self}`, and let it own its data",
    note = "if it has them already: every field and type parameter must be such a type too"
)]
pub trait Storable: Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Storable for T {}
