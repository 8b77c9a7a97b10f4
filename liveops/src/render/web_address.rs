//! Addresses of the web.

/// Returns `true` for an address with the scheme `http` or `https` and a host. A browser opens such an address without
/// executing code of it, which it does for other schemes such as `javascript:`. NUL characters are refused, because
/// PostgreSQL cannot store them.
pub(crate) fn is_web_address(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    is_web && !url.contains('\0') && rest.starts_with(|c: char| c.is_alphanumeric() || c == '[')
}
