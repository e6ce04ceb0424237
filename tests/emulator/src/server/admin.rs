//! The health check, and the optional admin API for fault rules and lifecycle rules.

use http::header::ORIGIN;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::background::lifecycle_schedule;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::base::time::Timestamp;
use crate::faults::{FaultReport, rules_from_json};
use crate::generated::error_codes::ErrorCode;
use crate::generated::operations::Operation;
use crate::request::request_body::RequestBody;
use crate::request::request_target::Query;
use crate::server::state::ServerState;

const HEALTH: &str = "/_health";
/// Prefix of the admin API. It is not a valid bucket name.
const ADMIN: &str = "/_emulator/";
const FAULTS: &str = "/_emulator/faults";
const LIFECYCLE: &str = "/_emulator/lifecycle";

#[derive(Serialize)]
struct Health {
    status: &'static str,
    /// Why the database cannot be read or written.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    version: &'static str,
    /// Number of operations in the API.
    operations: usize,
}

#[derive(Serialize)]
struct FaultList {
    seed: u64,
    faults: Vec<FaultReport>,
}

/// Responds to a request for the emulator itself. Returns `None` if the request is for the API.
pub(crate) async fn respond(
    state: &ServerState,
    head: &Parts,
    body: &mut RequestBody,
) -> Option<Result<ApiResponse, ApiError>> {
    match head.uri.path() {
        HEALTH if matches!(head.method, Method::GET | Method::HEAD) => Some(health(state).await),
        path if state.has_admin && path.starts_with(ADMIN) => {
            Some(match refuse_web_pages(&head.headers) {
                Ok(()) => administer(state, head, body).await,
                Err(error) => Err(error),
            })
        }
        _ => None,
    }
}

async fn health(state: &ServerState) -> Result<ApiResponse, ApiError> {
    let error = state.store.check().await.err();
    let health = Health {
        status: if error.is_none() { "ok" } else { "failed" },
        error: error.as_ref().map(ToString::to_string),
        version: env!("CARGO_PKG_VERSION"),
        operations: Operation::ALL.len(),
    };
    let status = match error {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    response::json(status, &health)
}

/// Refuses requests that a web page has caused, because any page that a developer visits could
/// reach the emulator. Browsers add these headers, and pages cannot prevent it.
fn refuse_web_pages(headers: &HeaderMap) -> Result<(), ApiError> {
    let is_from_a_page = headers.contains_key(ORIGIN)
        || headers
            .get("sec-fetch-site")
            .is_some_and(|site| site != "none");
    if is_from_a_page {
        return Err(ApiError::new(
            ErrorCode::PermissionDenied,
            "web pages cannot administer the emulator",
        ));
    }
    Ok(())
}

async fn administer(
    state: &ServerState,
    head: &Parts,
    body: &mut RequestBody,
) -> Result<ApiResponse, ApiError> {
    match head.uri.path() {
        FAULTS => administer_faults(state, head, body).await,
        LIFECYCLE => administer_lifecycle(state, head).await,
        path => Err(ApiError::new(
            ErrorCode::InvalidRequest,
            format!("unknown path {path}; expected {FAULTS} or {LIFECYCLE}"),
        )
        .with_status(StatusCode::NOT_FOUND)),
    }
}

pub(crate) async fn administer_faults(
    state: &ServerState,
    head: &Parts,
    body: &mut RequestBody,
) -> Result<ApiResponse, ApiError> {
    match head.method {
        Method::GET => {}
        Method::PUT => {
            let rules = body.json::<Vec<Value>>(&head.headers).await?;
            let refused = |error| ApiError::new(ErrorCode::InvalidRequest, format!("{error}"));
            let rules = rules_from_json(&rules).map_err(refused)?;
            state.faults.replace(rules).map_err(refused)?;
        }
        Method::DELETE => state.faults.clear(),
        _ => {
            return Err(ApiError::new(
                ErrorCode::MethodNotAllowed,
                format!(
                    "{} is not allowed on {FAULTS}; use GET, PUT or DELETE",
                    head.method
                ),
            ));
        }
    }
    let list = FaultList {
        seed: state.faults.seed(),
        faults: state.faults.reports(),
    };
    response::json(StatusCode::OK, &list)
}

/// Applies the lifecycle rules as if `days` days had passed.
async fn administer_lifecycle(state: &ServerState, head: &Parts) -> Result<ApiResponse, ApiError> {
    if head.method != Method::POST {
        return Err(ApiError::new(
            ErrorCode::MethodNotAllowed,
            format!("{} is not allowed on {LIFECYCLE}; use POST", head.method),
        ));
    }
    let query = Query::parse(head.uri.query().unwrap_or_default())?;
    let days = query.get_as::<u32>("days")?.unwrap_or(0);
    let now = Timestamp::now().plus_days(days);
    let report = lifecycle_schedule::apply(&state.store, now).await?;
    response::json(StatusCode::OK, &report)
}
