use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import;

fn needs_run<T: liveops::Run>() {}

fn main() {
    needs_run::<Import>();
}
