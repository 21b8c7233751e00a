//! The operations endpoint: metrics, liveness, readiness.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use headwater_log::OperationsFailed;

/// What a process says of itself. Every answer must come at once, whatever the process is doing.
pub trait Operations: Send + Sync + 'static {
    /// The page of metrics, and what it is as a media type.
    ///
    /// # Errors
    /// A sentence.
    fn metrics(&self) -> Result<(Vec<u8>, &'static str), String>;

    /// Whether the process is alive.
    fn health(&self) -> Report;

    /// Whether it is ready.
    fn readiness(&self) -> Report;
}

/// An answer with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether it is so.
    pub good: bool,
    /// Why, as JSON.
    pub json: String,
}

/// The routes `/metrics`, `/healthz` and `/readyz`. A report that is not good is status 503.
pub fn operations(of: Arc<dyn Operations>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|State(of): State<Arc<dyn Operations>>| async move { report(of.health()) }))
        .route("/readyz", get(|State(of): State<Arc<dyn Operations>>| async move { report(of.readiness()) }))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there are /metrics, /healthz and /readyz\n") })
        .with_state(of)
}

async fn metrics(State(of): State<Arc<dyn Operations>>) -> Response {
    match of.metrics() {
        Ok((page, media)) => ([(CONTENT_TYPE, media), (CACHE_CONTROL, "no-store")], page).into_response(),
        Err(words) => {
            OperationsFailed { error: &format_args!("no metrics: {words}") }.log();
            (StatusCode::INTERNAL_SERVER_ERROR, format!("no metrics: {words}\n")).into_response()
        }
    }
}

fn report(report: Report) -> Response {
    let status = if report.good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (status, headers, report.json + "\n").into_response()
}
