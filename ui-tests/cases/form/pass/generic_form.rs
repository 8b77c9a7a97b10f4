#![deny(warnings, missing_docs)]
//! A form of which a parameter is a field.

use liveops::{
    LiveOperation,
    __private::OptionalForm,
    form::{FieldType, FormField},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Imports.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", form)]
pub struct Import<T> {
    /// What.
    pub what: Vec<T>,
}

/// A number of percents.
#[derive(Serialize, Deserialize)]
pub struct Percent(u8);

impl FormField for Percent {
    const FIELD: FieldType = FieldType::whole(0, 100);
}

fn fields<T>() -> usize
where
    T: Serialize + DeserializeOwned + FormField + Send + Sync + 'static,
{
    Import::<T>::FORM.map_or(0, |form| form.fields.len())
}

fn main() {
    assert_eq!(fields::<Percent>(), 1);
}
