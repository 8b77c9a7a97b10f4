use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save")]
pub struct Import;

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save")]
pub struct Export;

fn main() {
    assert_eq!(Import::STAGES, Export::STAGES);
}
