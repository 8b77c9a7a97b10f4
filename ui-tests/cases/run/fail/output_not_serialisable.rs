use liveops::{LiveOperation, Progress, Run, RunResult};

struct Summary {
    rows: u64,
}

#[derive(LiveOperation)]
struct Import;

impl Run for Import {
    type Output = Summary;

    async fn run(&self, _: Progress<Self>) -> RunResult<Summary> {
        Ok(Summary { rows: 1 })
    }
}

// By hand: with a derive in the file, rustc calls serde's traits by one of two names.
impl serde::Serialize for Import {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> serde::Deserialize<'de> for Import {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <() as serde::Deserialize>::deserialize(deserializer).map(|()| Self)
    }
}

fn main() {}
