//! Limits that apply to several operations.

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// Largest object or part, in bytes, that one request can create.
const MAX_OBJECT_LENGTH: u64 = 5 << 30;

/// Returns an error if an object or a part is too large for one request.
pub(crate) fn check_object_length(length: u64) -> Result<(), ApiError> {
    if length > MAX_OBJECT_LENGTH {
        return Err(ApiError::new(
            ErrorCode::EntityTooLarge,
            "the body must have at most 5 GiB",
        ));
    }
    Ok(())
}
