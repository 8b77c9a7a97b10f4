use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

macro_rules! operation {
    ($vis:vis $name:ident<$state:ty> in $app:literal { $($field:ident: $type:ty),* } $first:literal $second:ident $third:expr) => {
        #[derive(LiveOperation, Serialize, Deserialize)]
        #[stages($first = 1, $second = $third = 2)]
        #[liveop(app = $app, state = $state, crate = ::liveops)]
        $vis struct $name {
            $($field: $type),*
        }
    };
}

operation!(pub Import<Vec<u8>> in "demo" { file: String, rows: u64 } "Load" Process "Process data");

fn main() {
    assert_eq!(Import::OP_TYPE, "demo.import");
    assert_eq!(Import::STAGES, ["Load", "Process data"]);
    assert_eq!(ImportStage::Process.index(), 1);
}
