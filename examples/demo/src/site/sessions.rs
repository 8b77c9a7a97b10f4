//! Sessions in signed cookies.

use std::{fmt, sync::Arc};

use axum::http::{HeaderMap, HeaderValue, header};
use axum_extra::extract::{
    SignedCookieJar,
    cookie::{Cookie, Key, SameSite},
};

use super::UserName;
use crate::secrets::{CookieKey, Secrets};

/// The sessions: a cookie contains the user name, and a signature proves that the demo issued it.
///
/// Cookies ignore ports. The name of the cookie therefore depends on the secret, so that two demos on one host do not
/// share their users. This is sufficient for a demo. A real application would store sessions that can be ended, and
/// mark the cookie `Secure` behind HTTPS.
#[derive(Clone)]
pub struct Sessions {
    keys: Arc<CookieKeys>,
}

struct CookieKeys {
    newest: NamedKey,
    older: Vec<NamedKey>,
}

/// A key with the name of the cookies that it signs.
struct NamedKey {
    name: String,
    key: Key,
}

impl From<CookieKey> for NamedKey {
    fn from(CookieKey { key, id }: CookieKey) -> Self {
        Self { name: format!("demo_user_{id}"), key }
    }
}

impl Sessions {
    /// Creates sessions that are signed with these secrets.
    pub fn new(secrets: &Secrets) -> Self {
        let (newest, older) = secrets.cookie_keys();
        let older = older.into_iter().map(NamedKey::from).collect();
        Self { keys: Arc::new(CookieKeys { newest: newest.into(), older }) }
    }

    /// Returns the user of a request with these headers.
    pub fn user(&self, headers: &HeaderMap) -> Option<UserName> {
        let headers = readable_cookies(headers);
        let cookie = self.keys().find_map(|NamedKey { name, key }| {
            SignedCookieJar::from_headers(&headers, key.clone()).get(name)
        });
        cookie?.value().parse().ok()
    }

    /// Returns the cookies that sign a user in.
    pub fn sign_in(&self, name: &UserName) -> SignedCookieJar {
        let NamedKey { name: cookie_name, key } = &self.keys.newest;
        let cookie = cookie(cookie_name, name.as_str().to_owned());
        SignedCookieJar::new(key.clone()).add(cookie)
    }

    /// Returns the cookies that sign the user of these headers out.
    pub fn sign_out(&self, headers: &HeaderMap) -> SignedCookieJar {
        let headers = readable_cookies(headers);
        let jar = SignedCookieJar::from_headers(&headers, self.keys.newest.key.clone());
        self.keys().fold(jar, |jar, NamedKey { name, .. }| {
            // A jar removes only cookies that it contains, and the jar of the newest key contains no cookie of an older
            // key.
            let mut removal = cookie(name, String::new());
            removal.make_removal();
            jar.add(removal)
        })
    }

    fn keys(&self) -> impl Iterator<Item = &NamedKey> {
        std::iter::once(&self.keys.newest).chain(&self.keys.older)
    }
}

fn cookie(name: &str, value: String) -> Cookie<'static> {
    let cookie = Cookie::build((name.to_owned(), value));
    cookie.path("/").http_only(true).same_site(SameSite::Lax).build()
}

/// Returns the ASCII cookies of these headers. One cookie of another application that is not ASCII would make a jar
/// drop all cookies.
fn readable_cookies(headers: &HeaderMap) -> HeaderMap {
    let values = headers.get_all(header::COOKIE).into_iter();
    let cookies = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    let cookies = cookies.filter(|cookie| cookie.is_ascii());
    cookies
        .filter_map(|cookie| HeaderValue::from_bytes(cookie.trim_ascii()).ok())
        .map(|cookie| (header::COOKIE, cookie))
        .collect()
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        http::header::{COOKIE, SET_COOKIE},
        response::IntoResponse,
    };

    use super::*;

    const OLD: &str = "an old secret of thirty-two bytes";
    const NEW: &str = "a new secret of thirty-two bytes.";

    fn sessions(secrets: &str) -> Sessions {
        Sessions::new(&Secrets::parse(secrets).unwrap())
    }

    fn signed_in(sessions: &Sessions, name: &str) -> HeaderMap {
        let answer = sessions.sign_in(&name.parse().unwrap()).into_response();
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())])
    }

    fn user(sessions: &Sessions, headers: &HeaderMap) -> Option<String> {
        sessions.user(headers).map(|name| name.to_string())
    }

    #[test]
    fn whoever_signs_in_is_known() {
        let sessions = sessions(NEW);
        for name in ["ann", "Łucja", "a;b,c=d"] {
            assert_eq!(user(&sessions, &signed_in(&sessions, name)).as_deref(), Some(name));
        }
    }

    #[test]
    fn a_cookie_of_an_older_secret_still_counts_until_it_is_dropped() {
        let headers = signed_in(&sessions(OLD), "ann");
        assert!(user(&sessions(&format!("{NEW},{OLD}")), &headers).is_some());
        assert!(user(&sessions(NEW), &headers).is_none());
    }

    #[test]
    fn a_forged_cookie_is_nobodys() {
        let sessions = sessions(NEW);
        let forged = format!("{}=admin", sessions.keys.newest.name);
        let headers = HeaderMap::from_iter([(COOKIE, forged.parse().unwrap())]);
        assert!(user(&sessions, &headers).is_none());
    }

    #[test]
    fn cookies_of_other_applications_do_not_sign_a_user_out() {
        let sessions = sessions(NEW);
        let own = signed_in(&sessions, "ann");
        let own = own[COOKIE].as_bytes();
        for other in ["theme=żółty".as_bytes(), b"x=\xe9", b"a=b", b"\xff", b"=", b""] {
            for cookies in [[other, own], [own, other]] {
                let joined = HeaderValue::from_bytes(&cookies.join(&b"; "[..])).unwrap();
                let headers = HeaderMap::from_iter([(COOKIE, joined)]);
                assert_eq!(user(&sessions, &headers).as_deref(), Some("ann"), "{cookies:?}");
            }
        }
    }

    #[test]
    fn two_demos_on_one_host_have_cookies_of_their_own() {
        let (one, other) = (sessions(NEW), sessions(OLD));
        // After a sign-in at each demo, a browser sends both cookies to both demos: cookies ignore ports.
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, signed_in(&one, "ann")[COOKIE].clone());
        headers.append(COOKIE, signed_in(&other, "bob")[COOKIE].clone());
        let names: Vec<_> = headers
            .get_all(COOKIE)
            .iter()
            .map(|it| it.to_str().unwrap().split('=').next())
            .collect();
        assert_ne!(names[0], names[1]);
        assert_eq!(user(&one, &headers).as_deref(), Some("ann"));
        assert_eq!(user(&other, &headers).as_deref(), Some("bob"));
    }

    #[test]
    fn signing_out_removes_the_cookies_of_every_secret() {
        let sessions = sessions(&format!("{NEW},{OLD}"));
        let answer = sessions.sign_out(&HeaderMap::new()).into_response();
        let removed = answer.headers().get_all(SET_COOKIE).iter();
        let removed = removed.filter(|cookie| cookie.to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(removed.count(), 2);
    }
}
