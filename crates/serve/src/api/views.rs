//! Saved views: a reader's own, and those that are shared with an organisation for which they read.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use headwater_model::Marking;
use headwater_people::{By, Filters, View};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::body::Sent;
use super::openapi::{ProblemAnswer, any_object};
use super::page::{Page, PageQuery};
use super::shown::{Answer, Shown};
use crate::params::{Params, is_id};
use crate::{Problem, Reader};

/// A saved view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ViewRow {
    view_id: String,
    /// Whose it is: a handle, no person's name.
    owner: String,
    name: String,
    /// What it shows: an object that means something to whoever saved it.
    #[schema(schema_with = any_object)]
    filters: Value,
    /// The organisation whose readers see it too; absent: its owner alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation: Option<String>,
    /// The label of what name and filters say.
    marking: &'static str,
    /// How often it was saved.
    version: u64,
    /// When it was last saved, in UTC.
    changed_at: String,
}

impl ViewRow {
    pub(crate) fn of(view: View) -> ViewRow {
        ViewRow {
            view_id: view.id,
            owner: view.owner,
            name: view.of.name,
            filters: serde_json::from_str(&view.of.filters).unwrap_or_default(),
            organisation: view.of.organisation,
            marking: view.of.marking.as_str(),
            version: view.version,
            changed_at: view.changed.to_string(),
        }
    }
}

/// Views.
#[derive(Serialize, ToSchema)]
pub(crate) struct ViewList {
    /// By id.
    views: Vec<ViewRow>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The caller's views, and those that others share with an organisation for which the caller reads: each up to the
/// caller's label.
#[utoipa::path(
    get, path = "/api/v1/views", tag = "people", params(PageQuery),
    responses((status = 200, body = ViewList), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<ViewList>>, Problem> {
    let page = Page::by_id(query.as_deref())?;
    let views = api.people.views(&reader.handle, &reader.clearance, page.after_id(), page.rows).await?;
    let next_cursor = page.next(&views, |view| view.id.clone());
    let marking = views.iter().map(|view| view.of.marking).max();
    let list = ViewList { views: views.into_iter().map(ViewRow::of).collect(), next_cursor };
    Ok(Answer(Shown::of(marking), Json(list)))
}

/// A view that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/views/{id}", tag = "people", params(("id" = String, Path, description = "`view_id`")),
    responses((status = 200, body = ViewRow), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn one(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<ViewRow>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    let view = if is_id(&id) { api.people.view(&id, &reader.handle, &reader.clearance).await? } else { None };
    let view = view.ok_or_else(nothing)?;
    Ok(Answer(Shown::of(Some(view.of.marking)), Json(ViewRow::of(view))))
}

/// A view to be saved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewView {
    /// One of a kind among the caller's views.
    name: String,
    /// What it shows: an object of at most 16,384 bytes.
    #[schema(schema_with = any_object)]
    filters: Map<String, Value>,
    /// The organisation whose readers see it too: one for which the caller reads. Without it the caller alone.
    #[serde(default)]
    organisation: Option<String>,
    /// The label of what name and filters say: none that the caller may not see. Without it the narrowest that they may.
    #[serde(default)]
    marking: Option<String>,
}

impl NewView {
    fn filters(self, reader: &Reader) -> Result<Filters, Problem> {
        let labels = Marking::ALL.map(Marking::as_str).join(", ");
        let marking = match &self.marking {
            None => reader.clearance.marking(),
            Some(label) => {
                Marking::parse(label).ok_or_else(|| Problem::field("marking", label, format!("one of {labels}")))?
            }
        };
        let readers = self.organisation.as_ref().map(|organisation| [organisation]);
        if marking > reader.clearance.marking()
            || readers.is_some_and(|with| !reader.clearance.may_see(Marking::Clear, &with))
        {
            let detail =
                "a view is shared with an organisation for which you read, and up to the label that you may see";
            return Err(Problem::forbidden(detail));
        }
        let filters = Value::Object(self.filters).to_string();
        Ok(Filters { name: self.name, filters, organisation: self.organisation, marking })
    }
}

/// Saves a new view.
#[utoipa::path(
    post, path = "/api/v1/views", tag = "people", request_body = NewView,
    responses((status = 200, body = ViewRow), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    reader: Reader,
    RawQuery(query): RawQuery,
    Sent(new): Sent<NewView>,
) -> Result<Answer<Json<ViewRow>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    let by = By { who: &reader.handle, at: api.now() };
    let view = api.people.create_view(&new.filters(&reader)?, by).await?;
    Ok(Answer(Shown::nothing(), Json(ViewRow::of(view))))
}

/// A view to be saved in place of the version that was seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedView {
    /// The version that was seen.
    version: u64,
    /// As of a new view; what is left out is not kept.
    view: NewView,
}

/// Saves a view of the caller's in place of the version that they saw. A stale `version` is answered by 409 with what
/// stands now in `current_view`.
#[utoipa::path(
    put, path = "/api/v1/views/{id}", tag = "people", params(("id" = String, Path, description = "`view_id`")),
    request_body = ChangedView,
    responses((status = 200, body = ViewRow), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    Sent(changed): Sent<ChangedView>,
) -> Result<Answer<Json<ViewRow>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    let filters = changed.view.filters(&reader)?;
    let by = By { who: &reader.handle, at: api.now() };
    let view = if is_id(&id) {
        api.people.change_view(&id, changed.version, &filters, by, &reader.clearance).await?
    } else {
        None
    };
    Ok(Answer(Shown::nothing(), Json(ViewRow::of(view.ok_or_else(nothing)?))))
}

/// Parameters of forgetting a view.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct ForgetQuery {
    /// The version that was seen.
    version: u64,
}

/// That a view was forgotten.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForgottenView {
    view_id: String,
}

/// Forgets a view of the caller's in the version that they saw.
#[utoipa::path(
    delete, path = "/api/v1/views/{id}", tag = "people",
    params(("id" = String, Path, description = "`view_id`"), ForgetQuery),
    responses((status = 200, body = ForgottenView), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn forget(
    State(api): State<Api>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<ForgottenView>>, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let allowed = "the view's version, a whole number";
    let seen = params.one("version", allowed, |version| version.parse().ok())?;
    params.finish()?;
    let seen = seen.ok_or_else(|| Problem::field("version", "", allowed))?;
    if !is_id(&id) || !api.people.delete_view(&id, seen, &reader.handle, &reader.clearance).await? {
        return Err(nothing());
    }
    Ok(Answer(Shown::nothing(), Json(ForgottenView { view_id: id })))
}

/// Unknown, somebody else's and above the caller are not told apart.
fn nothing() -> Problem {
    Problem::absent("no such view that you may see, or change")
}
