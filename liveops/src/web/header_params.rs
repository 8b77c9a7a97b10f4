//! A header value such as `form-data; name="file"`: the media type at its start, and its parameters.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};

/// Returns the media type of the body of a request, as [`essence`] does. Empty if the request names none.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    essence(value.unwrap_or_default())
}

/// Returns a media type in lower case, without its parameters.
pub(super) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The parameters of a header value, by their names in lower case.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct HeaderParams(BTreeMap<String, Vec<u8>>);

impl HeaderParams {
    /// Reads the parameters behind the first `;`. Returns `None` if a parameter is malformed or repeated.
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        let mut params = Self::default();
        let mut rest = &value[value.iter().position(|byte| *byte == b';').unwrap_or(value.len())..];
        loop {
            rest = rest.trim_ascii_start();
            let Some((b';', behind)) = rest.split_first() else { break };
            rest = behind.trim_ascii_start();
            // A `;` at the end is common.
            if rest.is_empty() || rest.starts_with(b";") {
                continue;
            }
            let equals = rest.iter().position(|byte| *byte == b'=')?;
            let name = std::str::from_utf8(&rest[..equals]).ok()?.trim().to_ascii_lowercase();
            let (value, behind) = value_at_start(rest[equals + 1..].trim_ascii_start())?;
            rest = behind;
            if params.0.insert(name, value).is_some() {
                return None;
            }
        }
        rest.is_empty().then_some(params)
    }

    /// Takes the value of a parameter.
    pub(super) fn remove(&mut self, name: &str) -> Option<Vec<u8>> {
        self.0.remove(name)
    }

    /// Takes the value of a parameter in the format of RFC 5987, such as `filename*=UTF-8''%E2%82%AC`. The inner `None`
    /// is a value that cannot be decoded.
    pub(super) fn remove_extended(&mut self, name: &str) -> Option<Option<String>> {
        let value = self.remove(&format!("{name}*"))?;
        Some(decoded(&value))
    }
}

/// Reads a token or a quoted text. Returns the value, and the bytes after it.
fn value_at_start(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some((b'"', quoted)) = text.split_first() else {
        let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
        return Some((text[..end].trim_ascii_end().to_vec(), &text[end..]));
    };
    let mut value = Vec::new();
    let mut bytes = quoted.iter().enumerate().peekable();
    while let Some((index, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((value, &quoted[index + 1..])),
            // Only these two characters have escapes: some browsers sent the backslashes of a path without escapes.
            b'\\' if bytes.peek().is_some_and(|(_, next)| matches!(next, b'"' | b'\\')) => {
                value.extend(bytes.next().map(|(_, escaped)| *escaped));
            }
            byte => value.push(*byte),
        }
    }
    None
}

fn decoded(value: &[u8]) -> Option<String> {
    let mut parts = std::str::from_utf8(value).ok()?.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    let is_utf8 = charset.eq_ignore_ascii_case("utf-8");
    let bytes = percent_decoded(text.as_bytes())?;
    if is_utf8 { String::from_utf8(bytes).ok() } else { None }
}

/// Decodes `%E2%82%AC`. Returns `None` if two hexadecimal digits do not follow a `%`.
fn percent_decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |digit: Option<&u8>| char::from(*digit?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high << 4 | low).ok()?
            }
            byte => *byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(value: &str) -> Option<Vec<(String, String)>> {
        let HeaderParams(params) = HeaderParams::parse(value.as_bytes())?;
        let text = |value| String::from_utf8(value).unwrap();
        Some(params.into_iter().map(|(name, value)| (name, text(value))).collect())
    }

    #[test]
    fn tokens_and_quoted_values_are_read() {
        for (value, expected) in [
            ("form-data", &[][..]),
            ("form-data;", &[]),
            ("form-data; name=a", &[("name", "a")]),
            (
                "form-data; name=\"a; b\" ;FileName = \"c.csv\"",
                &[("filename", "c.csv"), ("name", "a; b")],
            ),
            ("form-data; name=\"a\\\"b\\\\c\"", &[("name", "a\"b\\c")]),
            ("form-data; filename=\"C:\\dir\\zażółć.csv\"", &[("filename", "C:\\dir\\zażółć.csv")]),
            ("form-data; name=\"\"; x", &[("", "malformed")]),
            ("form-data; name=\"a", &[("", "malformed")]),
            ("form-data; name=\"a\"b", &[("", "malformed")]),
            ("form-data; name=a; name=b", &[("", "malformed")]),
        ] {
            let found = params(value);
            let expected =
                expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let expected: Vec<_> = expected.collect();
            let is_malformed = expected.first().is_some_and(|(name, _)| name.is_empty());
            assert_eq!(found, (!is_malformed).then_some(expected), "{value}");
        }
    }

    #[test]
    fn an_extended_value_is_decoded_or_refused() {
        for (value, expected) in [
            ("f; filename*=UTF-8''na%C3%AFve.csv", Some(Some("naïve.csv"))),
            ("f; filename*=utf-8'de'a.csv", Some(Some("a.csv"))),
            ("f; filename*=UTF-8''%C3.csv", Some(None)),
            ("f; filename*=UTF-8''%zz", Some(None)),
            ("f; filename*=ISO-8859-1''%FC", Some(None)),
            ("f; filename*=a.csv", Some(None)),
            ("f; filename=a.csv", None),
        ] {
            let mut params = HeaderParams::parse(value.as_bytes()).unwrap();
            let found = params.remove_extended("filename");
            assert_eq!(found.as_ref().map(Option::as_deref), expected, "{value}");
        }
    }
}
