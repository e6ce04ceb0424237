//! Preflights of browsers.

use super::Call;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};

/// `OPTIONS /<bucket>/<key>`: browsers can't sign it, so anybody may ask. What no rule allows is
/// refused by saying nothing.
pub(super) fn options(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.find_bucket(call.bucket_name()?)?;
    let mut response = response::empty(call.success());
    if let Some(cors) = &bucket.settings.cors {
        let headers = cors.preflight_headers(&call.head.headers)?;
        response.headers_mut().extend(headers);
    }
    Ok(response)
}
