use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Named {
    file: String,
}

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Tuple(String, u32);

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Unit;

#[derive(LiveOperation, Serialize, Deserialize)]
struct r#Raw {}

fn main() {
    assert_eq!(Named::NAME, "named");
    assert_eq!(Tuple::NAME, "tuple");
    assert_eq!(Unit::NAME, "unit");
    assert_eq!(Raw::NAME, "raw");
}
