//! The host of a request, and the cross-site check of unsafe requests and of WebSocket upgrades.

use axum::http::{HeaderMap, HeaderValue, Uri, header};

use crate::config::{Authority, Config};

/// Returns `true` if a request does not come from a page of another site.
///
/// Browsers report the origin of a request in `Sec-Fetch-Site`, older browsers in `Origin`. A request with
/// neither header does not come from a browser, and carries no cookies that its sender did not set.
pub(in crate::web) fn is_from_here(config: &Config, uri: &Uri, headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(b"same-origin" | b"none") => true,
        Some(_) => is_allowed_origin(config, headers),
        None => is_same_origin(uri, headers) || is_allowed_origin(config, headers),
    }
}

/// Returns `true` if a request has no origin or the application's own origin.
fn is_same_origin(uri: &Uri, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let own = authority_of(uri, headers);
    let origin = origin.to_str().ok();
    own.zip(origin).is_some_and(|(own, origin)| own.is_of_origin(origin))
}

fn is_allowed_origin(config: &Config, headers: &HeaderMap) -> bool {
    headers
        .get(header::ORIGIN)
        .is_some_and(|origin| config.allowed_origins.iter().any(|allowed| origin == allowed))
}

/// Returns the authority of a request: that of its target, or else that of `Host`. Returns `None` without an authority,
/// or with more than one `Host`.
pub(in crate::web) fn authority_of(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    if let Some(authority) = uri.authority() {
        return Authority::parse(authority.as_str());
    }
    let mut hosts = headers.get_all(header::HOST).into_iter();
    let host = hosts.next()?;
    if hosts.next().is_some() {
        return None;
    }
    Authority::parse(host.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_with_two_hosts_has_none() {
        let uri = Uri::from_static("/live/");
        let mut headers = HeaderMap::new();
        assert_eq!(authority_of(&uri, &headers), None);
        headers.append(header::HOST, HeaderValue::from_static("a"));
        assert_eq!(authority_of(&uri, &headers), Authority::parse("a"));
        let absolute = Uri::from_static("http://b:80/live/");
        assert_eq!(authority_of(&absolute, &headers), Authority::parse("b:80"));
        headers.append(header::HOST, HeaderValue::from_static("a"));
        assert_eq!(authority_of(&uri, &headers), None);
    }
}
