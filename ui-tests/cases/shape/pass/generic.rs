use std::marker::PhantomData;

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

trait Format {}

#[derive(Serialize, Deserialize)]
struct Csv;

impl Format for Csv {}

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Import<T: Format = Csv, const N: usize = 3>
where
    T: Sized,
{
    format: T,
    #[serde(skip)]
    seen: PhantomData<fn() -> T>,
}

impl<T: Format + Serialize + DeserializeOwned + Send + Sync + 'static> Run for Import<T> {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(ImportStage::Load, async { Ok(()) }).await
    }
}

fn needs_run<T: Run>() {}

fn main() {
    needs_run::<Import>();
    assert_eq!(<Import<Csv>>::NAME, "import");
}
