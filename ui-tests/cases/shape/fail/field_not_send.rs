use std::rc::Rc;

use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import {
    #[serde(skip)]
    rows: Rc<()>,
}

fn main() {}
