//! The console: a page in the browser for buckets, objects, requests, fault rules and figures.
//!
//! The page calls the real API with signed URLs. Additional endpoints are below
//! `/_console/api/`. Everything that the page shows may come from an attacker: keys, metadata and
//! contents of objects, and headers of requests.

mod access;
mod assets;
mod create_bucket;
mod figures;
mod request_log;
mod sign;
pub(crate) mod site;

use http::header::LOCATION;
use http::request::Parts;
use http::{Method, StatusCode};
use serde::Serialize;

use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;
use crate::request::request_body::RequestBody;
use crate::request::request_target::Query;
use crate::server::admin;
use crate::server::state::ServerState;
use site::Console;

/// Path of the page. It is not a valid bucket name.
const PATH: &str = "/_console/";
const API: &str = "/_console/api/";

/// Returns whether a path belongs to the console.
pub(crate) fn owns(path: &str) -> bool {
    path.starts_with(PATH) || PATH.strip_suffix('/') == Some(path)
}

/// Facts about the emulator for the page.
#[derive(Serialize)]
struct Information<'a> {
    version: &'static str,
    zones: &'a [String],
    access_key_ids: Vec<&'a str>,
    /// Origin of signed URLs, which differs from that of the page if possible.
    api_origin: String,
}

/// Responds to a request for the console.
pub(crate) async fn respond(
    console: &Console,
    state: &ServerState,
    head: &Parts,
    authority: &str,
    body: &mut RequestBody,
) -> Result<ApiResponse, ApiError> {
    if !console.is_served_at(authority) {
        return Err(ApiError::new(
            ErrorCode::PermissionDenied,
            "the console is only served at loopback addresses and the hosts of --console-host",
        ));
    }
    let api_origin = console.api_origin(authority);
    let path = head.uri.path();
    let mut response = if !path.starts_with(PATH) {
        let mut response = response::empty(StatusCode::MOVED_PERMANENTLY);
        response::set_header(response.headers_mut(), LOCATION, PATH)?;
        response
    } else if path.starts_with(API) {
        access::check_api(head, authority)?;
        respond_to_api(console, state, head, &api_origin, body).await?
    } else {
        access::check_page(head, authority)?;
        assets::respond(&head.method, path)?
    };
    assets::secure(response.headers_mut(), &api_origin)?;
    Ok(response)
}

async fn respond_to_api(
    console: &Console,
    state: &ServerState,
    head: &Parts,
    api_origin: &str,
    body: &mut RequestBody,
) -> Result<ApiResponse, ApiError> {
    let name = head.uri.path().strip_prefix(API).unwrap_or_default();
    match (name, &head.method) {
        ("info", &Method::GET) => {
            let information = Information {
                version: env!("CARGO_PKG_VERSION"),
                zones: &state.zones,
                access_key_ids: state.accounts.access_key_ids(),
                api_origin: api_origin.to_owned(),
            };
            response::json(StatusCode::OK, &information)
        }
        ("sign", &Method::POST) => sign::respond(state, api_origin, head, body).await,
        ("buckets", &Method::POST) => create_bucket::respond(state, head, body).await,
        ("requests", &Method::GET) => {
            let query = Query::parse(head.uri.query().unwrap_or_default())?;
            let after = query.get_as::<u64>("after")?.unwrap_or(0);
            response::json(StatusCode::OK, &console.log.after(after))
        }
        ("requests", &Method::DELETE) => {
            console.log.clear();
            Ok(response::empty(StatusCode::NO_CONTENT))
        }
        ("figures", &Method::GET) => response::json(StatusCode::OK, &console.log.figures()),
        ("faults", _) => admin::administer_faults(state, head, body).await,
        _ => respond_with_record(console, name, head),
    }
}

fn respond_with_record(
    console: &Console,
    name: &str,
    head: &Parts,
) -> Result<ApiResponse, ApiError> {
    let number = name
        .strip_prefix("requests/")
        .and_then(|number| number.parse().ok());
    let record = number
        .filter(|_| head.method == Method::GET)
        .and_then(|number| console.log.get(number));
    let not_found = || {
        ApiError::new(
            ErrorCode::InvalidRequest,
            "the console does not have this path",
        )
        .with_status(StatusCode::NOT_FOUND)
    };
    response::json(StatusCode::OK, &*record.ok_or_else(not_found)?)
}
