use std::{fs, io, path::Path};

use super::{args::Run, error::Failure, words};
use crate::{
    language::Language,
    operation::{NewOperation, Owner},
    runner::{Engine, RawInput, RegisteredOperation},
};

/// The operation that a command line describes.
pub(super) fn read(
    engine: &Engine,
    language: &Language,
    run: &Run,
) -> Result<NewOperation, Failure> {
    let operation = find(engine, &run.op_type)?;
    let owner = Owner { id: run.owner.as_str().into(), languages: language.tag().to_owned() };
    let new = match &run.input {
        Some(path) => operation.read(RawInput::Json(&bytes(path)?), language, &owner),
        None => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(&run.set);
            operation.read(RawInput::Form(form.finish().as_bytes()), language, &owner)
        }
    };
    new.map_err(|error| Failure::usage(error.to_string()))
}

fn find<'a>(engine: &'a Engine, op_type: &str) -> Result<&'a RegisteredOperation, Failure> {
    engine.registry.find(op_type).ok_or_else(|| {
        let mut known: Vec<&str> = engine.registry.iter().map(|it| it.kind.op_type).collect();
        known.sort_unstable();
        Failure::usage(words::unknown_type(op_type, similar(op_type, &known), &known))
    })
}

/// The one of `known` that looks like `found`. They have their apps in common, more or less.
fn similar<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = |op_type: &'_ str| op_type.rsplit('.').next().unwrap_or_default().to_lowercase();
    let likeness = |known: &str| strsim::jaro_winkler(&name(known), &name(found));
    let likely = known.iter().map(|known| (likeness(known), *known));
    let likely = likely.filter(|(likeness, _)| *likeness > 0.8);
    likely.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, known)| known)
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = if path == Path::new("-") {
        let mut text = Vec::new();
        io::Read::read_to_end(&mut io::stdin(), &mut text).map(|_| text)
    } else {
        fs::read(path)
    };
    read.map_err(|error| Failure::usage(format!("failed to read {}: {error}", path.display())))
}
