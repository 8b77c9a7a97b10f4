use liveops::{EarlierInput, LiveOperation};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(version = 5, before = ImportV4)]
struct Import {
    file: String,
}

#[derive(EarlierInput, Deserialize)]
#[liveop(version = 4, before = ImportV2, gap)]
struct ImportV4(String);

#[derive(EarlierInput, Deserialize)]
#[liveop(version = 2, before = ImportV1)]
enum ImportV2 {
    Csv(String),
}

#[derive(EarlierInput, Deserialize)]
#[liveop(version = 1)]
struct ImportV1;

impl From<ImportV4> for Import {
    fn from(ImportV4(file): ImportV4) -> Self {
        Self { file }
    }
}

impl From<ImportV2> for ImportV4 {
    fn from(ImportV2::Csv(file): ImportV2) -> Self {
        Self(file)
    }
}

impl From<ImportV1> for ImportV2 {
    fn from(ImportV1: ImportV1) -> Self {
        Self::Csv(String::new())
    }
}

/// A generic operation, whose earlier input is generic too.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(version = 2, before = ExportV1<T>)]
struct Export<T> {
    value: T,
}

#[derive(EarlierInput, Deserialize)]
#[liveop(version = 1)]
struct ExportV1<T>(T);

impl<T> From<ExportV1<T>> for Export<T> {
    fn from(ExportV1(value): ExportV1<T>) -> Self {
        Self { value }
    }
}

fn is_operation<Op: LiveOperation>() {}

const _: fn() = is_operation::<Export<u32>>;

fn main() {}
