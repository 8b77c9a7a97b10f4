use std::marker::PhantomData;

use liveops::{LiveOperation, Progress, Run, RunResult};

#[derive(LiveOperation)]
struct Import<T> {
    format: PhantomData<T>,
}

impl<T> Run for Import<T> {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

// By hand: with a derive in the file, rustc calls serde's traits by one of two names.
impl<T> serde::Serialize for Import<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de, T> serde::Deserialize<'de> for Import<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <() as serde::Deserialize>::deserialize(deserializer).map(|()| Self { format: PhantomData })
    }
}

fn main() {}
