mod my_app {
    pub mod deps {
        pub use ::liveops as operations;
    }
}

// What `::liveops` means where the crate is renamed.
mod liveops {}

use serde::{Deserialize, Serialize};

#[derive(my_app::deps::operations::LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
#[liveop(crate = my_app::deps::operations)]
struct Import;

#[derive(my_app::deps::operations::LiveOperation, Serialize, Deserialize)]
#[liveop(crate = crate::my_app::deps::operations)]
struct Export<T>(T);

fn main() {
    assert_eq!(ImportStage::Load.to_string(), "Load");
}
