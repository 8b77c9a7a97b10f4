//! The source code of the generated packages.

use super::variant::Variant;

/// Returns the source of a package: `size` structs of `variant`.
pub(super) fn source(variant: Variant, size: usize) -> String {
    let operations = (0..size).map(|number| operation(variant, number));
    let parts = [PREAMBLE.to_owned()].into_iter().chain(operations).chain([end(variant, size)]);
    parts.collect()
}

/// The imports, equal in all packages, so that the cost of loading these crates cancels out.
const PREAMBLE: &str = "\
#![allow(unused_imports)]
use std::path::PathBuf;
use liveops::{LiveOperation, NoState, Progress, Run, RunResult, runner::Builder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
";

fn operation(variant: Variant, number: usize) -> String {
    let name = name(number);
    let stages = "#[stages(\"Load\", \"Process rows\", \"Save\")]\n";
    let keys = format!("#[liveop(app = \"cost\", title = \"Score import {number}\")]\n");
    let attributes = match variant {
        Variant::Plain => String::new(),
        Variant::Std => "#[derive(Clone, Debug)]\n".to_owned(),
        Variant::Debug => "#[derive(Debug)]\n".to_owned(),
        Variant::Thiserror => {
            "#[derive(Debug, Error)]\n#[error(\"{course} has no row {rows_max}\")]\n".to_owned()
        }
        Variant::Serialize => "#[derive(Serialize)]\n".to_owned(),
        Variant::Serde | Variant::SerdeUsed => "#[derive(Serialize, Deserialize)]\n".to_owned(),
        Variant::DeriveWithoutStages => {
            format!("#[derive(Serialize, Deserialize, LiveOperation)]\n{keys}")
        }
        Variant::Derive | Variant::Registered | Variant::Working => {
            format!("#[derive(Serialize, Deserialize, LiveOperation)]\n{stages}{keys}")
        }
    };
    let run = match variant {
        Variant::Registered => run(&name, "Ok(0)"),
        Variant::Working => run(&name, &WORK.replace("Stage", &format!("{name}Stage"))),
        _ => String::new(),
    };
    format!(
        "
{attributes}pub struct {name} {{
    pub course: String,
    pub rows_max: u32,
    pub note: Option<String>,
    pub files: Vec<PathBuf>,
}}
{run}"
    )
}

fn run(name: &str, body: &str) -> String {
    format!(
        "
impl Run for {name} {{
    type Output = usize;

    async fn run(&self, p: Progress<Self>) -> RunResult<usize> {{
        {body}
    }}
}}
"
    )
}

const WORK: &str = "\
use Stage::*;
        let files = p.stage(Load, async { Ok(self.files.clone()) }).await?;
        let rows = p.stage(ProcessRows, async {
            let mut rows = 0;
            for file in p.track(files) {
                rows += file?.as_os_str().len();
            }
            Ok(rows)
        }).await?;
        p.stage(Save, async {
            p.log(format!(\"{rows} rows of {}\", self.course));
            Ok(rows)
        }).await";

/// Returns the code that uses the structs. Without a use, a library has no machine code for them.
fn end(variant: Variant, size: usize) -> String {
    let names: Vec<String> = (0..size).map(name).collect();
    match variant {
        Variant::SerdeUsed => uses(&names),
        // Applications register a few operations in one place, not hundreds.
        Variant::Registered | Variant::Working => {
            names.chunks(10).zip(0..).map(|(names, number)| registration(names, number)).collect()
        }
        _ => String::new(),
    }
}

fn uses(names: &[String]) -> String {
    let size = names.len();
    let uses: String = names
        .iter()
        .map(|name| {
            format!("    |value| serde_json::to_value(serde_json::from_value::<{name}>(value)?),\n")
        })
        .collect();
    format!("\npub static USES: [fn(Value) -> serde_json::Result<Value>; {size}] = [\n{uses}];\n")
}

fn registration(names: &[String], number: usize) -> String {
    let calls: String =
        names.iter().map(|name| format!("\n        .register::<{name}>()")).collect();
    format!(
        "
pub fn register_{number}(builder: Builder<NoState>) -> Builder<NoState> {{
    builder{calls}
}}
"
    )
}

fn name(number: usize) -> String {
    format!("ScoreImport{number}")
}
