#![deny(warnings, clippy::pedantic)]
#![no_implicit_prelude]

//! Descriptions of every shape of a struct, without names in scope.

use ::std::{assert_eq, path::PathBuf, string::String, string::ToString};

use ::liveops::{LiveOperation, form::Upload};
use ::serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(describe = "{{{file}}} of {upload}, {year}, {type}{none}")]
struct Import {
    file: PathBuf,
    upload: Upload,
    year: u16,
    r#type: ::std::option::Option<char>,
    none: ::std::option::Option<PathBuf>,
}

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(describe = "{1} of {0}")]
struct Pair<T>(T, ::std::option::Option<T>);

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(describe = Audit::line)]
struct Audit;

impl Audit {
    #[allow(clippy::unused_self)]
    fn line(&self) -> String {
        "all".to_string()
    }
}

#[derive(LiveOperation, Serialize, Deserialize)]
struct Plain;

fn main() {
    let import = Import {
        file: ::std::convert::From::from("/srv/a.csv"),
        upload: ::std::convert::From::from("/srv/b.csv"),
        year: 2026,
        r#type: ::std::option::Option::Some('x'),
        none: ::std::option::Option::None,
    };
    assert_eq!(import.describe().unwrap(), "{a.csv} of b.csv, 2026, x");
    assert_eq!(Pair(1, ::std::option::Option::Some(2)).describe().unwrap(), "2 of 1");
    assert_eq!(Audit.describe().unwrap(), "all");
    assert_eq!(Plain.describe(), ::std::option::Option::None);
}
