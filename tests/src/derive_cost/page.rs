//! The page in `docs/` that contains the tables.

use std::fs;

use crate::{program::output_of, workspace};

const PAGE: &str = "docs/derive-cost.md";
const BEGIN: &str = "<!-- measured -->\n";
const END: &str = "<!-- end -->\n";

/// Replaces the tables in the page.
pub(super) fn write(tables: &str) -> Result<(), String> {
    let rustc = output_of(workspace::rustc().arg("--version"))?;
    let path = workspace::root().join(PAGE);
    let page =
        fs::read_to_string(&path).map_err(|error| format!("failed to read {PAGE}: {error}"))?;
    let measured = format!("Measured with {rustc}.\n\n{tables}");
    let page = replace(&page, &measured).ok_or_else(|| {
        format!("expected the marks `<!-- measured -->` and `<!-- end -->` in {PAGE}")
    })?;
    fs::write(&path, page).map_err(|error| format!("failed to write {PAGE}: {error}"))
}

fn replace(page: &str, measured: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{measured}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_the_marks_is_replaced() {
        let page = replace("a\n<!-- measured -->\nold\n<!-- end -->\nb\n", "new\n").unwrap();
        assert_eq!(page, "a\n<!-- measured -->\n\nnew\n\n<!-- end -->\nb\n");
        assert_eq!(replace(&page, "new\n").as_deref(), Some(&*page));
        assert_eq!(replace("a page without marks", "new"), None);
    }
}
