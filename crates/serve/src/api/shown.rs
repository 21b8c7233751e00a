//! What an answer shows, and that it is written down before it is shown.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use headwater_model::Marking;
use headwater_people::{AUDIT_DETAIL_BYTES_MAX, AUDIT_OBJECT_BYTES_MAX, Action, By, PeopleError};

use super::table::Format;
use super::{AGAIN_AFTER_S, Api};
use crate::{Problem, Reader};

/// Says the narrowest label of what an answer holds.
pub(super) const MARKING: HeaderName = HeaderName::from_static("headwater-marking");

/// What an answer shows. Every answer of a route under `/api/v1` says it; one that does not is not let out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The narrowest label of the records or alerts that it was made of; none where it was made of none.
    pub marking: Option<Marking>,
    /// That it is a file to be taken away.
    pub file: Option<Format>,
    /// Which alerts, where they are not all said by the path.
    pub which: String,
}

impl Shown {
    /// Something of that label.
    pub fn of(marking: Option<Marking>) -> Shown {
        Shown { marking, ..Shown::default() }
    }

    /// Nothing of records or alerts: reference data, what the caller is, or what they have just done.
    pub fn nothing() -> Shown {
        Shown::default()
    }
}

/// An answer with what it shows.
pub(crate) struct Answer<T>(pub Shown, pub T);

impl<T: IntoResponse> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

/// What viewing something of a label is called, where it has to be written down.
pub(super) fn viewing(marking: Option<Marking>) -> Option<Action> {
    match marking {
        Some(Marking::Red) => Some(Action::ViewedRed),
        Some(Marking::AmberStrict) => Some(Action::ViewedAmberStrict),
        _ => None,
    }
}

/// Writes down what is shown of TLP:RED and TLP:AMBER+STRICT, and every file, before the answer leaves: where that cannot
/// be written down, nothing is shown.
pub(super) async fn write_down(State(api): State<Api>, request: Request, next: Next) -> Response {
    let reader = request.extensions().get::<Reader>().cloned();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let mut response = next.run(request).await;
    if !response.status().is_success() {
        return response;
    }
    let (Some(reader), Some(shown)) = (reader, response.extensions_mut().remove::<Shown>()) else {
        return Problem::internal("a route did not say what it shows").into_response();
    };
    if written(&api, &reader, &shown, &path, &query).await.is_err() {
        let detail = "this has to be written down before it is shown, and it cannot be written down now";
        return Problem::busy(detail, AGAIN_AFTER_S).into_response();
    }
    if let Some(marking) = shown.marking {
        response.headers_mut().insert(MARKING, HeaderValue::from_static(marking.as_str()));
    }
    response
}

async fn written(api: &Api, reader: &Reader, shown: &Shown, path: &str, query: &str) -> Result<(), PeopleError> {
    let by = By { who: &reader.handle, at: api.now() };
    let object = cut(path, AUDIT_OBJECT_BYTES_MAX);
    let label = shown.marking.map_or("nothing marked", Marking::as_str);
    if let Some(format) = shown.file {
        let detail = format!("{} of {label}: {query}", format.as_str());
        api.people.record(Action::Exported, object, cut(&detail, AUDIT_DETAIL_BYTES_MAX), by).await?;
    } else if let Some(action) = viewing(shown.marking) {
        let detail = format!("{query} {}", shown.which);
        api.people.record(action, object, cut(detail.trim(), AUDIT_DETAIL_BYTES_MAX), by).await?;
    }
    Ok(())
}

/// The beginning of a text, of so many bytes at most.
fn cut(text: &str, bytes_max: usize) -> &str {
    let end = (0..=text.len().min(bytes_max)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}
