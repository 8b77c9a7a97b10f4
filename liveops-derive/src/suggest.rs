//! Suggestions and lists of allowed words for error messages.

/// Returns the word of `known` that is most similar to `found`, if one is similar enough.
pub(crate) fn similar<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let found = found.to_lowercase();
    known
        .iter()
        .map(|known| (strsim::jaro_winkler(known, &found), *known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// Formats the names as "`one`, `two` and `three`".
pub(crate) fn listed(names: &[&str]) -> String {
    match names {
        [init @ .., last] if !init.is_empty() => format!("`{}` and `{last}`", init.join("`, `")),
        names => format!("`{}`", names.concat()),
    }
}
