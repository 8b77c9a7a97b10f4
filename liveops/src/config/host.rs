//! The host of a request or of an origin, and the hosts that the application serves.

use std::net::IpAddr;

/// A host with a port, from `Host`, from the target of a request or from an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    /// The host in lower case. An IPv6 address keeps its brackets.
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Parses a host with an optional port. Returns `None` for an empty host, for a name with a user, and for a
    /// path.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let end = if text.starts_with('[') {
            text.find(']')? + 1
        } else {
            text.find(':').unwrap_or(text.len())
        };
        let (host, port) = text.split_at(end);
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            // RFC 3986 permits a colon without a port.
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().ok()?)
            }
            _ => return None,
        };
        let is_host = |byte: u8| byte.is_ascii_graphic() && !b"/\\?#@,\"<>*".contains(&byte);
        let is_valid = !host.is_empty() && host.bytes().all(is_host);
        is_valid.then(|| Self { host: host.to_ascii_lowercase(), port })
    }

    /// Returns `true` if a page at `origin` is a page of this authority. The default port of the origin's scheme equals
    /// no port. The comparison ignores the scheme, because a proxy may end TLS.
    pub(crate) fn is_of_origin(&self, origin: &str) -> bool {
        let Some((scheme, rest)) = origin.split_once("://") else { return false };
        let default = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        let port = |authority: &Self| authority.port.unwrap_or(default);
        Self::parse(rest).is_some_and(|found| found.host == self.host && port(&found) == port(self))
    }

    /// Returns `true` if an entry of `Config::allowed_hosts` covers this authority.
    pub(crate) fn is_allowed_by(&self, allowed: &str) -> bool {
        if allowed == "*" {
            return true;
        }
        let host = self.name();
        let domain = allowed.strip_prefix('.');
        let Some(allowed) = Self::parse(domain.unwrap_or(allowed)) else { return false };
        if domain.is_some() {
            let sub = host.strip_suffix(allowed.name());
            return sub.is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
        }
        host == allowed.name() && (allowed.port.is_none() || allowed.port == self.port)
    }

    /// Returns the host without the dot that may end a complete name.
    fn name(&self) -> &str {
        self.host.strip_suffix('.').unwrap_or(&self.host)
    }

    /// Returns `true` for a name or an address of the machine itself.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        self.name() == "localhost"
            || self.name().ends_with(".localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// Returns `true` if an entry of `Config::allowed_hosts` can cover a host.
pub(super) fn is_allowed_entry(entry: &str) -> bool {
    match entry.strip_prefix('.') {
        _ if entry == "*" => true,
        Some(domain) => Authority::parse(domain).is_some_and(|domain| domain.port.is_none()),
        None => Authority::parse(entry).is_some(),
    }
}

impl std::fmt::Display for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_compared_with_the_default_port_of_its_scheme() {
        for (host, origin, is_own) in [
            ("app.example", "https://app.example", true),
            ("app.example", "http://app.example", true),
            ("app.example:443", "https://app.example", true),
            ("app.example:80", "http://app.example", true),
            ("app.example:80", "https://app.example", false),
            ("app.example:443", "http://app.example", false),
            ("app.example", "https://app.example:8443", false),
            ("app.example:8443", "https://app.example:8443", true),
            ("App.Example", "https://app.example", true),
            ("[::1]:3000", "http://[::1]:3000", true),
            ("[::1]", "http://[::1]", true),
            ("app.example", "ftp://app.example", false),
            ("app.example", "null", false),
            ("app.example", "http://", false),
            ("app.example", "http://user@app.example", false),
            ("app.example", "http://app.example/", false),
            ("app.example", "http://app.example.evil.example", false),
        ] {
            let found = Authority::parse(host).unwrap().is_of_origin(origin);
            assert_eq!(found, is_own, "{host} {origin}");
        }
    }

    #[test]
    fn a_host_is_allowed_by_its_name_with_any_port_or_with_one() {
        for (host, allowed, is_allowed) in [
            ("app.example", "app.example", true),
            ("app.example.", "app.example", true),
            ("APP.example:8443", "app.example", true),
            ("app.example:8443", "app.example:8443", true),
            ("app.example", "app.example:8443", false),
            ("evil.example", "app.example", false),
            ("app.example.evil.example", "app.example", false),
            ("a.app.example", "app.example", false),
            ("a.app.example", ".app.example", true),
            ("app.example", ".app.example", true),
            ("a.app.example.", ".App.example.", true),
            ("evilapp.example", ".app.example", false),
            ("127.0.0.1:3000", "127.0.0.1", true),
            ("[::1]:3000", "[::1]", true),
            ("app.example", "app.example.", true),
            ("evil.example", "*", true),
        ] {
            let found = Authority::parse(host).unwrap().is_allowed_by(allowed);
            assert_eq!(found, is_allowed, "{host} {allowed}");
        }
    }

    #[test]
    fn names_and_addresses_of_the_machine_itself_are_loopback() {
        for host in ["localhost", "app.localhost:3000", "127.0.0.1", "127.8.0.1:1", "[::1]:3000"] {
            assert!(Authority::parse(host).unwrap().is_loopback(), "{host}");
        }
        for host in ["localhost.evil.example", "10.0.0.1", "[::2]", "127.0.0.1.evil.example"] {
            assert!(!Authority::parse(host).unwrap().is_loopback(), "{host}");
        }
    }

    #[test]
    fn what_is_no_host_is_not_read_as_one() {
        for text in
            ["", ":80", "a@b", "a/b", "a b", "a:b", "a:99999", "a:80:80", "[::1", "a,b", "ä", "*.a"]
        {
            assert_eq!(Authority::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_entry_that_covers_no_host_is_known() {
        for entry in ["app.example", "app.example:8443", ".app.example", "127.0.0.1", "[::1]", "*"]
        {
            assert!(is_allowed_entry(entry), "{entry}");
        }
        for entry in
            ["", ".", "*.app.example", ".app.example:8443", "a:b", "app.example:99999", "ä"]
        {
            assert!(!is_allowed_entry(entry), "{entry}");
        }
    }
}
