//! Sessions in signed cookies.

use std::{fmt, sync::Arc};

use axum::http::HeaderMap;
use axum_extra::extract::{
    SignedCookieJar,
    cookie::{Cookie, Key, SameSite},
};

use super::UserName;
use crate::secrets::Secrets;

const COOKIE: &str = "demo_user";

/// The sessions: a cookie contains the user name, and a signature proves that the demo issued it.
///
/// This is sufficient for a demo. A real application would store sessions that can be ended, and mark the
/// cookie `Secure` behind HTTPS.
#[derive(Clone)]
pub struct Sessions {
    keys: Arc<CookieKeys>,
}

struct CookieKeys {
    newest: Key,
    older: Vec<Key>,
}

impl Sessions {
    /// Creates sessions that are signed with these secrets.
    pub fn new(secrets: &Secrets) -> Self {
        let (newest, older) = secrets.cookie_keys();
        Self { keys: Arc::new(CookieKeys { newest, older }) }
    }

    /// Returns the user of a request with these headers.
    pub fn user(&self, headers: &HeaderMap) -> Option<UserName> {
        let keys = std::iter::once(&self.keys.newest).chain(&self.keys.older);
        let mut jars = keys.map(|key| SignedCookieJar::from_headers(headers, key.clone()));
        jars.find_map(|jar| jar.get(COOKIE))?.value().parse().ok()
    }

    /// Returns the cookies that sign a user in.
    pub fn sign_in(&self, name: &UserName) -> SignedCookieJar {
        let cookie = cookie(name.as_str().to_owned());
        SignedCookieJar::new(self.keys.newest.clone()).add(cookie)
    }

    /// Returns the cookies that sign the user of these headers out.
    pub fn sign_out(&self, headers: &HeaderMap) -> SignedCookieJar {
        let jar = SignedCookieJar::from_headers(headers, self.keys.newest.clone());
        jar.remove(cookie(String::new()))
    }
}

fn cookie(value: String) -> Cookie<'static> {
    Cookie::build((COOKIE, value)).path("/").http_only(true).same_site(SameSite::Lax).build()
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
        let headers = HeaderMap::from_iter([(COOKIE, "demo_user=admin".parse().unwrap())]);
        assert!(user(&sessions(NEW), &headers).is_none());
    }
}
