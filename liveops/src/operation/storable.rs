//! The values that the row of an operation can store.

use std::io;

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

/// Returns the length of `value` as JSON text, in bytes.
pub(crate) fn json_len(value: &serde_json::Value) -> usize {
    let mut length = ByteCounter(0);
    // The keys of a JSON object are strings, so the value serializes.
    let _ = serde_json::to_writer(&mut length, value);
    length.0
}

/// A writer that counts bytes.
struct ByteCounter(usize);

impl io::Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
