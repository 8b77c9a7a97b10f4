//! The HTML of values without a template: tables, lists, and texts in the language of the reader.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use maud::{Markup, html};
use serde_json::{Map, Number, Value};

use crate::{
    language::{Language, Text},
    operation::FieldOrder,
    projection::kept,
    render::is_web_address,
};

/// Maximum number of tables and lists inside each other. Deeper values are shown as JSON.
const DEPTH_MAX: usize = 4;

/// Maximum number of columns of a table with one row for each object of a list.
const COLUMNS_MAX: usize = 12;

/// Maximum number of values. The number of further values in a list or an object is shown instead.
const VALUES_MAX: usize = 5_000;

/// Maximum number of bytes of a value that is shown as JSON.
const JSON_BYTES_MAX: usize = 4 << 10;

/// Renders a value: an object as a table of its fields, a list of objects as a table with a row for each, another
/// list as a list, and everything else as text. Nothing for `()`.
///
/// Names of fields become words, and numbers, dates and times have the format of the language. Addresses of the web
/// become links.
pub(crate) fn value(value: &Value, order: &FieldOrder, language: &Language) -> Markup {
    let mut values = Values { order, language, left: VALUES_MAX };
    match value {
        Value::Null => html! {},
        Value::Object(_) | Value::Array(_) => values.nested(value, DEPTH_MAX),
        plain => html! { p { (values.plain(plain, "")) } },
    }
}

/// Renders a value inside of other content. `name` is the name of its field.
pub(in crate::render) fn inside(value: &Value, name: &str, language: &Language) -> Markup {
    Values { order: &FieldOrder::default(), language, left: VALUES_MAX }
        .cell(value, name, DEPTH_MAX)
}

struct Values<'a> {
    order: &'a FieldOrder,
    language: &'a Language,
    /// The number of values that may still be shown.
    left: usize,
}

impl Values<'_> {
    /// Renders a value in a cell. `name` is the name of the field.
    fn cell(&mut self, value: &Value, name: &str, depth: usize) -> Markup {
        match value {
            Value::Object(fields) if !fields.is_empty() => self.nested(value, depth),
            Value::Array(items) if !items.is_empty() => self.nested(value, depth),
            plain => self.plain(plain, name),
        }
    }

    fn nested(&mut self, value: &Value, depth: usize) -> Markup {
        let Some(depth) = depth.checked_sub(1) else {
            let json = value.to_string();
            return html! { code { (kept(&json, JSON_BYTES_MAX)) } };
        };
        match value {
            Value::Object(fields) => self.fields(fields, depth),
            Value::Array(items) => match self.columns(items) {
                Some(columns) => self.rows(items, &columns, depth),
                None => self.items(items, depth),
            },
            plain => self.plain(plain, ""),
        }
    }

    fn fields(&mut self, fields: &Map<String, Value>, depth: usize) -> Markup {
        let sorted = self.order.sorted(fields);
        let shown = self.take(sorted.len());
        html! {
            table class="op-result-table" {
                @for (name, value) in &sorted[..shown] {
                    tr { th scope="row" { (in_words(name)) } td { (self.cell(value, name, depth)) } }
                }
                @if let Some(more) = self.more(sorted.len() - shown) { tr { td colspan="2" { (more) } } }
            }
        }
    }

    /// Renders a table with a row for each object of a list.
    fn rows(&mut self, items: &[Value], columns: &[&str], depth: usize) -> Markup {
        let shown = self.take(items.len() * columns.len()) / columns.len();
        html! {
            table class="op-result-table" {
                thead { tr { @for name in columns { th scope="col" { (in_words(name)) } } } }
                tbody {
                    @for item in &items[..shown] {
                        tr {
                            @for name in columns {
                                td { @if let Some(value) = item.get(name) { (self.cell(value, name, depth)) } }
                            }
                        }
                    }
                    @if let Some(more) = self.more(items.len() - shown) {
                        tr { td colspan=(columns.len()) { (more) } }
                    }
                }
            }
        }
    }

    fn items(&mut self, items: &[Value], depth: usize) -> Markup {
        let shown = self.take(items.len());
        html! {
            ul {
                @for item in &items[..shown] { li { (self.cell(item, "", depth)) } }
                @if let Some(more) = self.more(items.len() - shown) { li { (more) } }
            }
        }
    }

    /// Returns the columns of a table of these items. Returns `None` if they are not all objects, or have no or too
    /// many fields.
    fn columns<'v>(&self, items: &'v [Value]) -> Option<Vec<&'v str>> {
        let mut columns = Map::new();
        let mut names: Vec<&str> = Vec::new();
        for item in items.iter().take(VALUES_MAX) {
            for (name, _) in item.as_object()? {
                if columns.insert(name.clone(), Value::Null).is_none() {
                    names.push(name);
                    if names.len() > COLUMNS_MAX {
                        return None;
                    }
                }
            }
        }
        let sorted = self.order.sorted(&columns);
        let column = |(name, _): (&str, &Value)| names.iter().copied().find(|known| *known == name);
        let sorted: Vec<&str> = sorted.into_iter().filter_map(column).collect();
        (!sorted.is_empty()).then_some(sorted)
    }

    /// Takes at most `len` values of those that may still be shown, and returns their number.
    fn take(&mut self, len: usize) -> usize {
        let taken = len.min(self.left);
        self.left -= taken;
        taken
    }

    /// Returns the text about values that are not shown.
    fn more(&self, count: usize) -> Option<String> {
        (count > 0).then(|| self.language.translate_with(Text::More, [("count", count.into())]))
    }

    fn plain(&self, value: &Value, name: &str) -> Markup {
        let language = self.language;
        match value {
            Value::Null => html! { "–" },
            Value::Bool(true) => html! { (language.translate(Text::Yes)) },
            Value::Bool(false) => html! { (language.translate(Text::No)) },
            Value::Number(number) => html! { (self.number(number, name)) },
            Value::String(text) => self.text(text),
            // An empty list or object.
            Value::Array(_) | Value::Object(_) => html! { "–" },
        }
    }

    fn number(&self, number: &Number, name: &str) -> String {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        match (whole, number.as_f64()) {
            (Some(whole), _) if is_identifier(name) => whole.to_string(),
            (Some(whole), _) => self.language.integer(whole),
            (None, Some(number)) => self.language.number(number),
            (None, None) => number.to_string(),
        }
    }

    fn text(&self, text: &str) -> Markup {
        let language = self.language;
        let time = |on: DateTime<Utc>| {
            html! {
                time datetime=(on.to_rfc3339_opts(SecondsFormat::AutoSi, true)) { (language.date_time(on)) }
            }
        };
        // Only texts of the formats of chrono and of RFC 3339 can be dates.
        if !text.starts_with(|c: char| c.is_ascii_digit()) || text.len() > 35 {
            return if is_link(text) {
                html! { a href=(text) rel="noopener" { (text) } }
            } else {
                html! { (text) }
            };
        }
        if let Ok(on) = DateTime::parse_from_rfc3339(text) {
            return time(on.to_utc());
        }
        match (text.parse::<NaiveDate>(), text.parse::<NaiveDateTime>()) {
            (Ok(on), _) if text.len() == 10 => html! { (language.date(on)) },
            // A time without a zone is no point in time, so the element has no machine-readable time.
            (_, Ok(on)) => html! { (language.date_time(on.and_utc())) },
            _ => html! { (text) },
        }
    }
}

/// Returns `true` for a text that is an address of the web and nothing else.
fn is_link(text: &str) -> bool {
    is_web_address(text)
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\')
}

/// Returns `true` for the name of a field whose number is no amount: separators in a year or an ID are wrong.
fn is_identifier(name: &str) -> bool {
    let last = name.rsplit('_').next().unwrap_or_default();
    matches!(last, "id" | "year" | "code" | "port" | "pk")
}

/// Returns the name of a field as words: `rows_saved` and `rowsSaved` become "Rows saved". A name with other
/// characters than ASCII letters, digits and `_` is a key of a map, and stays as it is.
fn in_words(name: &str) -> Cow<'_, str> {
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Cow::Borrowed(name);
    }
    let mut words: Vec<String> = Vec::new();
    let mut previous = '_';
    for c in name.chars() {
        if previous == '_' || (c.is_ascii_uppercase() && !previous.is_ascii_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.push(c);
        }
        previous = c;
    }
    let words = words.iter().filter(|word| !word.is_empty()).map(|word| match word.as_str() {
        "id" => "ID".to_owned(),
        "url" => "URL".to_owned(),
        acronym if acronym.len() > 1 && !acronym.contains(|c: char| c.is_ascii_lowercase()) => {
            acronym.to_owned()
        }
        word => word.to_ascii_lowercase(),
    });
    let mut words = words.collect::<Vec<_>>().join(" ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Cow::Owned(words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(shown: &Value) -> String {
        value(shown, &FieldOrder::default(), &Language::default()).0
    }

    #[test]
    fn names_become_words() {
        for (name, words) in [
            ("saved", "Saved"),
            ("rows_saved", "Rows saved"),
            ("rowsSaved", "Rows saved"),
            ("courseID", "Course ID"),
            ("exportPDF", "Export PDF"),
            ("course_id", "Course ID"),
            ("id", "ID"),
            ("page_url", "Page URL"),
            ("type_", "Type"),
            ("PL", "PL"),
            ("2026", "2026"),
            ("spring.csv", "spring.csv"),
            ("zażółć", "zażółć"),
            ("two words", "two words"),
            ("_", "_"),
            ("", ""),
        ] {
            assert_eq!(in_words(name), words, "{name}");
        }
    }

    #[test]
    fn values_have_the_format_of_the_language() {
        for (plain, html) in [
            (json!(1_234_567), "<p>1,234,567</p>"),
            (json!(-1_234), "<p>-1,234</p>"),
            (json!(u64::MAX), "<p>18,446,744,073,709,551,615</p>"),
            (json!(1_234.5), "<p>1,234.5</p>"),
            (json!(true), "<p>Yes</p>"),
            (json!("2026-11-29"), "<p>Nov 29, 2026</p>"),
            (
                json!("2026-11-29T10:35:00+02:00"),
                "<p><time datetime=\"2026-11-29T08:35:00Z\">Nov 29, 2026, 8:35\u{202f}AM</time></p>",
            ),
            (json!("2026-11-29T10:35:00"), "<p>Nov 29, 2026, 10:35\u{202f}AM</p>"),
            (json!("2026-13-29"), "<p>2026-13-29</p>"),
            (json!("12 <b>"), "<p>12 &lt;b&gt;</p>"),
            (json!({ "year": 2026, "order_id": 12_345, "rows": 12_345 }), {
                "<table class=\"op-result-table\">\
                 <tr><th scope=\"row\">Order ID</th><td>12345</td></tr>\
                 <tr><th scope=\"row\">Rows</th><td>12,345</td></tr>\
                 <tr><th scope=\"row\">Year</th><td>2026</td></tr></table>"
            }),
            (json!(null), ""),
            (json!({}), "<table class=\"op-result-table\"></table>"),
            (json!([]), "<ul></ul>"),
        ] {
            assert_eq!(shown(&plain), html, "{plain}");
        }
    }

    #[cfg(feature = "i18n")]
    #[test]
    fn another_language_has_its_own_formats() {
        let polish = crate::language::Languages::new().find("pl");
        let plain = json!([1_234_567, 0.5, "2026-11-29", false]);
        let html = value(&plain, &FieldOrder::default(), &polish).0;
        assert_eq!(
            html,
            "<ul><li>1\u{a0}234\u{a0}567</li><li>0,5</li>\
             <li>29 lis 2026</li><li>Nie</li></ul>"
        );
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for address in ["https://example.org/a?b=1&c=\"2\"", "HTTP://[::1]/", "http://żółć.example"]
        {
            let html = shown(&json!(address));
            assert!(
                html.starts_with("<p><a href=\"") && html.contains(" rel=\"noopener\">"),
                "{html}"
            );
            assert_eq!(html.matches('"').count(), 4, "{html}");
        }
        for text in [
            "javascript://example.org/%0aalert(1)",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://example.org",
            "https:/example.org",
            "https://",
            "https:///etc/passwd",
            "https://a b",
            "https://\u{202e} x",
            "https://a\nb",
            "see https://example.org",
            " https://example.org",
        ] {
            assert!(!shown(&json!(text)).contains("<a"), "{text}");
        }
    }

    #[test]
    fn objects_in_lists_are_rows_and_other_values_are_nested() {
        let rows = json!([{ "student": "Ann", "score": 5 }, { "student": "Bob", "note": "late" }]);
        let head = |name| format!("<th scope=\"col\">{name}</th>");
        assert_eq!(
            shown(&rows),
            format!(
                "<table class=\"op-result-table\"><thead><tr>{}{}{}</tr></thead><tbody>\
                 <tr><td></td><td>5</td><td>Ann</td></tr>\
                 <tr><td>late</td><td></td><td>Bob</td></tr></tbody></table>",
                head("Note"),
                head("Score"),
                head("Student"),
            )
        );
        let nested = shown(&json!({ "tags": ["a", ["b"]], "by": { "name": null } }));
        assert!(nested.contains("<ul><li>a</li><li><ul><li>b</li></ul></li></ul>"), "{nested}");
        assert!(nested.contains("<th scope=\"row\">Name</th><td>–</td>"), "{nested}");
    }

    #[test]
    fn depth_width_and_length_are_limited() {
        let deep = (0..100).fold(json!("x"), |inner, _| json!({ "a": [inner] }));
        let html = shown(&deep);
        assert_eq!(
            html.matches("<table").count() + html.matches("<ul").count(),
            DEPTH_MAX,
            "{html}"
        );
        assert!(html.contains("<code>[{&quot;a&quot;:[{"), "{html}");

        let html = shown(&json!((0..100_000).collect::<Vec<_>>()));
        assert_eq!(html.matches("<li>").count(), VALUES_MAX + 1);
        assert!(html.ends_with("<li>95,000 more</li></ul>"), "{}", &html[html.len() - 100..]);

        let row: Map<String, Value> =
            (0..10).map(|field| (format!("f{field}"), json!(1))).collect();
        let html = shown(&json!(vec![row; 1_000]));
        assert_eq!(html.matches("<td>1</td>").count(), VALUES_MAX, "{}", html.len());
        assert!(html.contains("<td colspan=\"10\">500 more</td>"));

        let wide: Map<String, Value> =
            (0..20).map(|field| (format!("f{field}"), json!(1))).collect();
        assert!(!shown(&json!([wide])).contains("<thead>"));

        let long = json!([[[[["x".repeat(1 << 20)]]]]]);
        assert!(shown(&long).len() < 2 * JSON_BYTES_MAX);
    }
}
