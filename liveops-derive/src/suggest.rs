//! What may have been meant, and what is allowed, in the words of a message.

/// The one of `known` that looks like `found`.
pub(crate) fn similar<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let found = found.to_lowercase();
    known
        .iter()
        .map(|known| (strsim::jaro_winkler(known, &found), *known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// `one`, `two` and `three`
pub(crate) fn listed(names: &[&str]) -> String {
    match names {
        [init @ .., last] if !init.is_empty() => format!("`{}` and `{last}`", init.join("`, `")),
        names => format!("`{}`", names.concat()),
    }
}
