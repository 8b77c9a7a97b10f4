use liveops::form::FormField;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, FormField)]
enum Format {
    Csv,
    Other(String),
}

fn main() {}
