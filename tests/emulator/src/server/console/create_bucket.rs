//! Buckets in a zone that the user of the page chooses.
//!
//! The API takes the zone from the host. The page has the host of all zones, and a bucket that does
//! not exist has no CORS rules, so that the page cannot create it on another host.

use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;

use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;
use crate::handlers;
use crate::request::request_body::RequestBody;
use crate::server::state::ServerState;

#[derive(Deserialize)]
struct NewBucket {
    access_key_id: String,
    name: String,
    zone: String,
}

pub(super) async fn respond(
    state: &ServerState,
    head: &Parts,
    body: &mut RequestBody,
) -> Result<ApiResponse, ApiError> {
    let bucket = body.json::<NewBucket>(&head.headers).await?;
    let account = state.accounts.find(&bucket.access_key_id)?;
    if !state.zones.contains(&bucket.zone) {
        let message = format!("unknown zone {:?}", bucket.zone);
        return Err(ApiError::new(ErrorCode::InvalidArgument, message));
    }
    handlers::create_bucket(&state.store, account, &bucket.name, &bucket.zone).await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}
