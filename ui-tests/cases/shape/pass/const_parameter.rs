use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Import<const N: usize> {
    file: String,
}

fn is_operation<T: LiveOperation>() {}

fn main() {
    is_operation::<Import<3>>();
    assert_eq!(<Import<3>>::OP_TYPE, <Import<4>>::OP_TYPE);
}
