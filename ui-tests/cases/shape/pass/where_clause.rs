use std::collections::HashMap;

use liveops::LiveOperation;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
#[serde(bound = "")]
struct Import<K, V>
where
    K: Serialize + DeserializeOwned + std::hash::Hash + Eq + Send + Sync + 'static,
    V: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    rows: HashMap<K, V>,
}

fn is_operation<T: LiveOperation>() {}

fn main() {
    is_operation::<Import<String, u8>>();
}
