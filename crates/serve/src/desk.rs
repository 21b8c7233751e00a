//! The analysts' desk: pages that a browser runs, built from the folder `desk` of the repository and held in the binary.
//! They ask the API for everything that they show, as any other client; nothing of them leads to another host.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::Problem;

/// What a page may do: run and show what this host serves, and ask this host.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                      connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Paths that the one page of the desk answers: it reads the rest of the address itself.
const PAGES: [&str; 5] = ["/", "/alerts/{id}", "/explore", "/health", "/admin"];

/// The page.
const PAGE: &str = "index.html";

/// Compressed forms, the smallest first: the word of `Accept-Encoding`, and what a file's name then ends in.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The built files.
#[derive(RustEmbed)]
#[folder = "desk"]
struct Built;

/// The routes of the desk.
pub(crate) fn desk<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let page = |headers: HeaderMap| async move { file(PAGE, &headers) };
    let routes = Router::new().route(
        "/assets/{name}",
        get(|Path(name): Path<String>, headers: HeaderMap| async move { asset(&name, &headers) }),
    );
    PAGES.iter().fold(routes, |routes, path| routes.route(path, get(page)))
}

fn asset(name: &str, headers: &HeaderMap) -> Response {
    file(&format!("assets/{name}"), headers)
}

/// A built file in the smallest form that the client takes.
fn file(name: &str, asked: &HeaderMap) -> Response {
    // A compressed form is no file of its own: it has no type.
    let Some((media, plain)) = media(name).zip(Built::get(name)) else {
        return Problem::absent("the desk has no such file").into_response();
    };
    let (encoding, file) = encoded(name, asked).unwrap_or((None, plain));
    let tag = tag(&file);
    let mut response = match asked.get(IF_NONE_MATCH) {
        Some(held) if names(held, &tag) => StatusCode::NOT_MODIFIED.into_response(),
        _ => file.data.into_response(),
    };
    let cache = if name == PAGE { "no-cache" } else { "public, max-age=31536000, immutable" };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, media),
        (CACHE_CONTROL, cache),
        (CONTENT_SECURITY_POLICY, POLICY),
        (VARY, "accept-encoding"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

fn media(name: &str) -> Option<&'static str> {
    Some(match name.rsplit('.').next()? {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// The smallest compressed form that the client takes, where there is one.
fn encoded(name: &str, asked: &HeaderMap) -> Option<(Option<&'static str>, EmbeddedFile)> {
    let takes = asked.get(ACCEPT_ENCODING)?.to_str().ok()?;
    ENCODINGS.iter().find_map(|(word, end)| {
        let taken = takes.split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            parts.next() == Some(word) && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        });
        taken.then(|| Built::get(&format!("{name}{end}"))).flatten().map(|file| (Some(*word), file))
    })
}

/// What names a file's bytes.
fn tag(file: &EmbeddedFile) -> String {
    let digest = file.metadata.sha256_hash();
    let letters: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{letters}\"")
}

fn names(held: &HeaderValue, tag: &str) -> bool {
    held.to_str().is_ok_and(|held| held.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn ask(name: &str, pairs: &[(HeaderName, &str)]) -> Response {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        file(name, &headers.collect())
    }

    #[test]
    fn the_page_and_all_that_it_loads_are_there_and_lead_nowhere_else() {
        let page = String::from_utf8(Built::get(PAGE).unwrap().data.into_owned()).unwrap();
        let named: Vec<&str> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
        assert!(named.len() >= 2, "{page}");
        for path in named {
            assert_eq!(ask(path.trim_start_matches('/'), &[]).status(), StatusCode::OK, "{path}");
        }
        assert!(!page.contains("://") && !page.contains("<style") && !page.contains("style="), "{page}");
        assert_eq!(ask("assets/none.js", &[]).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn every_text_is_there_in_both_compressed_forms_and_no_compressed_form_by_its_own_name() {
        let names: BTreeSet<String> = Built::iter().map(|name| name.to_string()).collect();
        for name in names.iter().filter(|name| media(name).is_some()) {
            for (_, end) in ENCODINGS {
                let form = format!("{name}{end}");
                assert!(names.contains(&form), "{form}");
                assert_eq!(ask(&form, &[]).status(), StatusCode::NOT_FOUND, "{form}");
            }
        }
    }

    #[test]
    fn the_smallest_form_that_the_client_takes_is_sent() {
        for (takes, expected) in [
            ("gzip, deflate, br", Some("br")),
            ("gzip", Some("gzip")),
            ("br;q=0, gzip;q=0.5", Some("gzip")),
            ("identity", None),
        ] {
            let response = ask(PAGE, &[(ACCEPT_ENCODING, takes)]);
            let encoding = response.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap());
            assert_eq!(encoding, expected, "{takes}");
        }
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        let first = ask(PAGE, &[]);
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        assert_eq!(ask(PAGE, &[(IF_NONE_MATCH, &tag)]).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(ask(PAGE, &[(IF_NONE_MATCH, "\"other\"")]).status(), StatusCode::OK);
        assert!(!POLICY.contains("unsafe"));
        assert_eq!(first.headers()[CONTENT_SECURITY_POLICY], POLICY);
    }
}
