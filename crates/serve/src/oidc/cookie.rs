//! What a browser keeps: a session's secret, and which sign-in it is at.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// Names of the cookies, and how they are set. No script reads them and no other site's page makes a browser send them
/// with more than a link (RFC 6265bis: HttpOnly, SameSite=Lax). By https they are bound to this host and this alone by
/// the prefix `__Host-`; by http, which is of this machine alone, no browser takes that prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cookies {
    secure: bool,
}

impl Cookies {
    /// Where browsers reach this program.
    pub fn of(url: &str) -> Cookies {
        Cookies { secure: url.starts_with("https://") }
    }

    fn name(self, of: &str) -> String {
        format!("{}headwater_{of}", if self.secure { "__Host-" } else { "" })
    }

    /// What a request brings as a session's secret.
    pub fn session(self, headers: &HeaderMap) -> Option<&str> {
        cookie(headers, &self.name("session"))
    }

    /// The `state` of the sign-in that a browser is at.
    pub fn login(self, headers: &HeaderMap) -> Option<&str> {
        cookie(headers, &self.name("login"))
    }

    /// Keeps a session's secret until the browser ends.
    pub fn set_session(self, secret: &str) -> Option<HeaderValue> {
        self.set("session", secret, "")
    }

    /// Keeps a sign-in's `state` as long as it may take.
    pub fn set_login(self, state: &str) -> Option<HeaderValue> {
        self.set("login", state, &format!("; Max-Age={}", headwater_people::LOGIN_MS / 1_000))
    }

    /// Forgets both.
    pub fn forget(self) -> [Option<HeaderValue>; 2] {
        ["session", "login"].map(|of| self.set(of, "", "; Max-Age=0"))
    }

    fn set(self, of: &str, value: &str, more: &str) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let set = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}", self.name(of));
        HeaderValue::from_str(&set).ok()
    }
}

/// The value of a cookie; none where it comes twice: one of them is somebody else's.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut found = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('=').filter(|(given, _)| *given == name))
        .map(|(_, value)| value);
    let value = found.next().filter(|value| !value.is_empty());
    if found.next().is_some() { None } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_https_a_cookie_is_of_this_host_alone() {
        let (https, http) = (Cookies::of("https://h"), Cookies::of("http://127.0.0.1:1"));
        assert_eq!(
            https.set_session("s").unwrap(),
            "__Host-headwater_session=s; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(http.set_login("s").unwrap(), "headwater_login=s; Path=/; HttpOnly; SameSite=Lax; Max-Age=600");
        assert!(https.forget().iter().flatten().all(|set| set.to_str().unwrap().ends_with("; Secure; Max-Age=0")));
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=b; __Host-headwater_session=one; headwater_session=two"));
        assert_eq!((https.session(&headers), http.session(&headers)), (Some("one"), Some("two")));
        assert_eq!(https.login(&headers), None);
        headers.append(COOKIE, HeaderValue::from_static("headwater_session=three"));
        assert_eq!((https.session(&headers), http.session(&headers)), (Some("one"), None));
    }
}
