//! Lists with weights in request headers, such as `Accept` and `Accept-Language`.

use std::cmp::Reverse;

use axum::http::{HeaderMap, HeaderName};

/// One value of a list, without its parameters, and its weight from 0 to 1,000.
type Weighted<'a> = (&'a str, u16);

/// The full weight of a value, which a value without `q` has.
const FULL: u16 = 1_000;

/// Returns the values of a header, the greatest weight first, and values of equal weight in the order of the header.
/// Leaves out values with the weight 0, which the client refuses. Returns `None` if the request lacks the header.
///
/// A value with an invalid weight has the full weight, because the client named the value.
pub(super) fn by_weight(headers: &HeaderMap, name: HeaderName) -> Option<Vec<String>> {
    let mut values: Vec<Weighted<'_>> = Vec::new();
    let mut is_present = false;
    for line in headers.get_all(name) {
        is_present = true;
        // Skips a line that is not ASCII: no value of a server contains such characters.
        values.extend(line.to_str().into_iter().flat_map(weighted));
    }
    values.retain(|(_, weight)| *weight > 0);
    values.sort_by_key(|(_, weight)| Reverse(*weight));
    is_present.then(|| values.into_iter().map(|(value, _)| value.to_owned()).collect())
}

fn weighted(list: &str) -> impl Iterator<Item = Weighted<'_>> {
    list.split(',').filter_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let value = parts.next().filter(|value| !value.is_empty())?;
        let weight = parts.find_map(|part| {
            let (name, weight) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| weight.trim())
        });
        Some((value, weight.map_or(FULL, |weight| parse_weight(weight).unwrap_or(FULL))))
    })
}

fn parse_weight(text: &str) -> Option<u16> {
    let weight: f32 = text.parse().ok()?;
    // Never truncates: the product of a number from 0 to 1 is at most `FULL`.
    (0.0..=1.0).contains(&weight).then(|| (weight * f32::from(FULL)).round() as u16)
}

/// The preference of a client for one media type: the weight, the precision of the range that names the type,
/// and the position of that range. The greater preference wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Preference {
    weight: u16,
    precision: u8,
    position: Reverse<usize>,
}

impl Preference {
    /// Returns `true` if a range of the client names the type or the first part of the type.
    pub(super) fn is_named(self) -> bool {
        self.precision > 0
    }
}

/// Returns the preference of a client for the media type `kind/name` in the header `Accept`. Returns `None` if the
/// client refuses the type or does not name the type.
pub(super) fn preference(headers: &HeaderMap, kind: &str, name: &str) -> Option<Preference> {
    let lines = headers.get_all(axum::http::header::ACCEPT).into_iter();
    let ranges = lines.filter_map(|line| line.to_str().ok()).flat_map(weighted);
    let matching = ranges.enumerate().filter_map(|(position, (range, weight))| {
        let (range_kind, range_name) = range.split_once('/')?;
        let precision = match (range_kind, range_name) {
            ("*", "*") => 0,
            (range_kind, "*") if range_kind.eq_ignore_ascii_case(kind) => 1,
            (range_kind, range_name)
                if range_kind.eq_ignore_ascii_case(kind)
                    && range_name.eq_ignore_ascii_case(name) =>
            {
                2
            }
            _ => return None,
        };
        Some(Preference { weight, precision, position: Reverse(position) })
    });
    // The most precise range has the weight, even if a wider one weighs more.
    let found = matching.max_by_key(|found| (found.precision, found.position));
    found.filter(|found| found.weight > 0)
}

#[cfg(test)]
mod tests {
    use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE};

    use super::*;

    #[test]
    fn values_are_in_the_order_of_their_weights() {
        for (lines, values) in [
            (&["pl;q=0.1, de;q=0.9"][..], &["de", "pl"][..]),
            (&["pl, de"], &["pl", "de"]),
            (&["pl;q=0, de ; Q=0.5"], &["de"]),
            (&["pl;q=0.2", "de;q=0.3"], &["de", "pl"]),
            (&["en;q=0.001,fr;q=0.002"], &["fr", "en"]),
            (&["pl;q=x, de;q=0.5, , ;q=1"], &["pl", "de"]),
            (&["ü", "de"], &["de"]),
            (&[""], &[]),
        ] {
            let headers = lines.iter().map(|line| (ACCEPT_LANGUAGE, line.parse().unwrap()));
            let mut map = HeaderMap::new();
            headers.for_each(|(name, line)| {
                map.append(name, line);
            });
            assert_eq!(by_weight(&map, ACCEPT_LANGUAGE).unwrap(), values, "{lines:?}");
        }
        assert_eq!(by_weight(&HeaderMap::new(), ACCEPT_LANGUAGE), None);
    }

    #[test]
    fn the_most_precise_range_gives_the_weight_of_a_media_type() {
        for (accept, json, html) in [
            ("application/json", Some(1_000), None),
            ("*/*", Some(1_000), Some(1_000)),
            ("application/*;q=0.5, */*", Some(500), Some(1_000)),
            ("*/*, application/json;q=0", None, Some(1_000)),
            ("APPLICATION/Json; charset=utf-8; q=0.25", Some(250), None),
            ("text/html;level=1, application/json;q=0.9", Some(900), Some(1_000)),
            ("application/jsonp, application/problem+json", None, None),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            let weight = |kind, name| preference(&headers, kind, name).map(|found| found.weight);
            assert_eq!(weight("application", "json"), json, "{accept}");
            assert_eq!(weight("text", "html"), html, "{accept}");
        }
    }
}
