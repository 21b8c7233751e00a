//! Asking a sign-in service.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use serde_json::Value;

/// How long a connection may take to come about.
const CONNECT_AT_MOST: Duration = Duration::from_secs(3);
/// How long a whole question may take.
const ANSWER_AT_MOST: Duration = Duration::from_secs(8);
/// Bytes of an answer: key sets and descriptions have some kilobytes.
const ANSWER_BYTES_MAX: usize = 512 << 10;

/// Asks for documents of JSON, by https with the system's roots (`SSL_CERT_FILE` names others), or by http on this
/// machine alone. No redirection is followed: what is asked goes where the configuration says.
#[derive(Clone, Debug)]
pub struct Http(Client);

impl Http {
    /// A client.
    ///
    /// # Errors
    /// A sentence, where the system has no roots to trust.
    pub fn new() -> Result<Http, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // Another of the process's rooms may have done so already, with the same.
        let _ = rustls::crypto::CryptoProvider::install_default((*provider).clone());
        let client = Client::builder()
            .connect_timeout(CONNECT_AT_MOST)
            .timeout(ANSWER_AT_MOST)
            .redirect(Policy::none())
            .user_agent("headwater")
            .build();
        client.map(Http).map_err(|error| told(&error))
    }

    /// Whether an address may be asked: by https, or by http on this machine.
    pub fn may_ask(url: &str) -> bool {
        let Ok(url) = Url::parse(url) else { return false };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        bare && (url.scheme() == "https" || url.scheme() == "http" && is_here)
    }

    /// The document at an address.
    ///
    /// # Errors
    /// A sentence that names what failed, and nothing that was answered.
    pub(crate) async fn get(&self, url: &str) -> Result<Value, String> {
        if !Http::may_ask(url) {
            return Err(format!("{url}: neither https nor an address of this machine"));
        }
        let (status, answer) = document(self.0.get(url)).await.map_err(|error| format!("{url}: {error}"))?;
        if status == 200 { Ok(answer) } else { Err(format!("{url}: status {status}")) }
    }

    /// What a form is answered by: the status, and the document.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub(crate) async fn post(
        &self,
        url: &str,
        form: &[(&str, &str)],
        authorization: Option<String>,
    ) -> Result<(u16, Value), String> {
        if !Http::may_ask(url) {
            return Err(format!("{url}: neither https nor an address of this machine"));
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = self.0.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        document(request).await.map_err(|error| format!("{url}: {error}"))
    }
}

async fn document(request: RequestBuilder) -> Result<(u16, Value), String> {
    let mut answer = request.header(ACCEPT, "application/json").send().await.map_err(|error| told(&error))?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| told(&error))? {
        if body.len() + part.len() > ANSWER_BYTES_MAX {
            return Err(format!("the answer has more than {ANSWER_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&part);
    }
    let status = answer.status().as_u16();
    let read = serde_json::from_slice(&body).map_err(|_| format!("status {status}, and the answer is no JSON"))?;
    Ok((status, read))
}

/// What failed, with its causes and without the address, which may carry what is nobody's business.
fn told(error: &reqwest::Error) -> String {
    let mut words = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "cannot connect".to_owned()
    } else {
        "the answer broke off".to_owned()
    };
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        words.push_str(&format!(": {next}"));
        cause = next.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_asked() {
        for url in ["https://id.example.org/keys", "http://127.0.0.1:1/keys", "http://[::1]/", "http://localhost:9/x"] {
            assert!(Http::may_ask(url), "{url}");
        }
        for url in [
            "http://id.example.org/",
            "http://localhost.example.org/",
            "ftp://127.0.0.1/",
            "https://a:b@id.example.org/",
            "https://id.example.org/#x",
            "id.example.org",
            "",
        ] {
            assert!(!Http::may_ask(url), "{url}");
        }
    }
}
