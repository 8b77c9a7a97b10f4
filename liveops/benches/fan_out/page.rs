use std::{fs, path::Path};

use crate::Outcome;

const PAGE: &str = "docs/fan-out.md";
const BEGIN: &str = "<!-- measured -->\n";
const END: &str = "<!-- end -->\n";

/// Replaces the measurements of the page with new ones.
pub(crate) fn write(measured: &str) -> Outcome<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGE);
    let page = fs::read_to_string(&path)?;
    let page = replace(&page, measured).ok_or_else(|| format!("{PAGE} has lost its marks"))?;
    Ok(fs::write(&path, page)?)
}

fn replace(page: &str, measured: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{measured}\n{END}{after}"))
}
