//! Preflight requests of browsers.

use super::Call;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};

/// `OPTIONS /<bucket>/<key>`: browsers cannot sign it, so it is always anonymous. Without a
/// matching rule, the response does not have CORS headers.
pub(super) fn options(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.find_bucket(call.bucket_name()?)?;
    let mut response = response::empty(call.success());
    if let Some(cors) = &bucket.settings.cors {
        let headers = cors.preflight_headers(&call.head.headers)?;
        response.headers_mut().extend(headers);
    }
    Ok(response)
}
