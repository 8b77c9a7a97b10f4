//! Access to the items of a JSON array.

use std::{iter::Enumerate, vec};

use serde::de::{DeserializeSeed, Error, SeqAccess};
use serde_json::Value;

use super::{Input, InputError};

/// The items of an array.
#[derive(Debug)]
pub(super) struct ItemAccess {
    rest: Enumerate<vec::IntoIter<Value>>,
    len: usize,
}

impl ItemAccess {
    pub(super) fn new(items: Vec<Value>) -> Self {
        Self { len: items.len(), rest: items.into_iter().enumerate() }
    }

    /// Returns an error if an item was not read.
    pub(super) fn end(self) -> Result<(), InputError> {
        match self.rest.len() {
            0 => Ok(()),
            _ => Err(InputError::invalid_length(self.len, &"fewer elements in array")),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut ItemAccess {
    type Error = InputError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, InputError> {
        let Some((index, item)) = self.rest.next() else { return Ok(None) };
        seed.deserialize(Input::Json(item)).map(Some).map_err(|error| error.in_item(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}
