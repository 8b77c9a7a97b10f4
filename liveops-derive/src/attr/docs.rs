//! Texts for users from documentation comments.

use syn::{Attribute, Expr, Lit, Meta};

/// The documentation of an item: paragraphs, each on one line, without links.
pub(crate) struct Docs {
    paragraphs: Vec<String>,
}

impl Docs {
    pub(crate) fn read(attrs: &[Attribute]) -> Self {
        let lines: Vec<String> = attrs.iter().filter_map(line).collect();
        let text = lines.join("\n");
        let paragraphs = text.lines().collect::<Vec<_>>();
        let paragraphs = paragraphs.split(|line| line.trim().is_empty()).map(|lines| {
            let words = lines.iter().flat_map(|line| line.split_whitespace());
            without_links(&words.collect::<Vec<_>>().join(" "))
        });
        Self { paragraphs: paragraphs.filter(|paragraph| !paragraph.is_empty()).collect() }
    }

    pub(crate) fn first_paragraph(&self) -> &str {
        self.paragraphs.first().map_or("", String::as_str)
    }

    /// Returns the first sentence without its full stop, and the rest.
    pub(crate) fn label_and_help(&self) -> (String, String) {
        let (first, rest) = self.paragraphs.split_first().map_or(("", &[][..]), |(f, r)| (f, r));
        let (label, more) = first.split_once(". ").unwrap_or((first, ""));
        let help: Vec<&str> = [more]
            .into_iter()
            .chain(rest.iter().map(String::as_str))
            .filter(|t| !t.is_empty())
            .collect();
        (label.trim_end_matches('.').to_owned(), help.join(" "))
    }
}

fn line(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attr.meta else { return None };
    match &meta.value {
        Expr::Lit(text) if meta.path.is_ident("doc") => match &text.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Replaces `[text](target)`, `[text][target]` and `[text]` with `text`. Code between backticks that is not a
/// link stays unchanged.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_code = false;
    while let Some(at) = rest.find(['`', '[']) {
        plain.push_str(&rest[..at]);
        let (mark, behind) = rest[at..].split_at(1);
        rest = behind;
        match behind.find(']').filter(|_| mark == "[" && !is_code) {
            Some(end) => {
                plain.push_str(&behind[..end]);
                rest = behind_target(&behind[end + 1..]);
            }
            None => {
                is_code ^= mark == "`";
                plain.push_str(mark);
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn behind_target(rest: &str) -> &str {
    for (open, close) in [('(', ')'), ('[', ']')] {
        if let Some(target) = rest.strip_prefix(open)
            && let Some((_, behind)) = target.split_once(close)
        {
            return behind;
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[track_caller]
    fn says(attrs: &[Attribute], label: &str, help: &str) {
        assert_eq!(Docs::read(attrs).label_and_help(), (label.to_owned(), help.to_owned()));
    }

    #[test]
    fn the_first_sentence_is_the_label_and_the_rest_is_help() {
        says(&[], "", "");
        says(&[parse_quote!(#[doc = " A file."])], "A file", "");
        says(
            &[parse_quote!(#[doc = " A file. With a"]), parse_quote!(#[doc = " header."])],
            "A file",
            "With a header.",
        );
        says(
            &[
                parse_quote!(#[doc = " Version 1.2 of it"]),
                parse_quote!(#[doc = ""]),
                parse_quote!(#[doc = " More."]),
            ],
            "Version 1.2 of it",
            "More.",
        );
        says(
            &[parse_quote!(#[doc = "\n Over\n two lines. And\n\n more.\n"])],
            "Over two lines",
            "And more.",
        );
    }

    #[test]
    fn links_are_replaced_by_their_text() {
        assert_eq!(
            without_links("see [`A`](crate::A) and [b][c], [D] `e[0]` [f"),
            "see `A` and b, D `e[0]` [f"
        );
    }
}
