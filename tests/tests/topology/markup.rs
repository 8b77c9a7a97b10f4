//! Elements in HTML that liveops made: every element is closed, and `<` and `"` are escaped wherever
//! they are not markup.

/// An element, where it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    start_tag: &'a str,
    /// The whole element.
    pub(crate) outer: &'a str,
    /// What is inside.
    pub(crate) inner: &'a str,
}

const VOID: [&str; 6] = ["br", "hr", "img", "input", "link", "meta"];

impl Element<'_> {
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let (_, rest) = self.start_tag.split_once(&format!(" {name}=\""))?;
        let (value, _) = rest.split_once('"')?;
        Some(unescape(value))
    }
}

/// The elements of a text that stand in no other one.
pub(crate) fn elements(html: &str) -> Vec<Element<'_>> {
    let mut elements = Vec::new();
    let mut rest = html;
    while let Some(element) = first(rest) {
        let end = element.outer.as_ptr() as usize - rest.as_ptr() as usize + element.outer.len();
        rest = &rest[end..];
        elements.push(element);
    }
    elements
}

/// The element with this id, wherever it stands.
pub(crate) fn by_id<'a>(html: &'a str, id: &str) -> Option<Element<'a>> {
    let at = html.find(&format!(" id=\"{id}\""))?;
    first(&html[html[..at].rfind('<')?..])
}

/// The first element that begins in the text.
fn first(html: &str) -> Option<Element<'_>> {
    let mut start_tag = None;
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(begin) = html[at..].find('<').map(|offset| at + offset) {
        let end = begin + html[begin..].find('>')? + 1;
        let tag = &html[begin..end];
        at = end;
        if tag.starts_with("<!") {
            continue;
        }
        let (start, start_end) = *start_tag.get_or_insert((begin, end));
        if tag.starts_with("</") {
            depth = depth.checked_sub(1)?;
        } else if !is_void(tag) {
            depth += 1;
        }
        if depth == 0 {
            let inner = if start == begin { "" } else { &html[start_end..begin] };
            return Some(Element {
                start_tag: &html[start..start_end],
                outer: &html[start..end],
                inner,
            });
        }
    }
    None
}

fn is_void(tag: &str) -> bool {
    let name = tag[1..].split([' ', '>', '/', '\n']).next().unwrap_or_default();
    VOID.contains(&name)
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn elements_are_found_with_all_that_is_inside() {
    let html =
        r#"<!DOCTYPE html>text<p id="a" class="x &amp; y">one <b>two</b><br></p><i id="b"></i>"#;
    let found = elements(html);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].inner, "one <b>two</b><br>");
    assert_eq!(found[0].attribute("class").as_deref(), Some("x & y"));
    assert_eq!(by_id(html, "b").unwrap().outer, r#"<i id="b"></i>"#);
    assert!(by_id(html, "c").is_none());
}
