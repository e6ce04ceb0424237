//! Stores request bodies.

use http::HeaderMap;

use crate::base::api_error::ApiError;
use crate::base::digest;
use crate::base::encryption::CustomerKey;
use crate::base::limits::check_object_length;
use crate::request::request_body::RequestBody;
use crate::store::{NewSegment, Store, StoreError};

/// Stores a request body, encrypted if there is a key.
///
/// The store removes the content unless an object or a part takes it.
///
/// # Errors
///
/// Returns an error if the body is too large, ends early, or does not match `Content-MD5`.
pub(super) async fn store_body(
    store: &Store,
    body: &mut RequestBody,
    headers: &HeaderMap,
    key: Option<&CustomerKey>,
) -> Result<NewSegment, ApiError> {
    let announced = digest::announced(headers)?;
    check_object_length(body.announced_length())?;
    let mut writer = store.writer(key)?;
    while let Some(piece) = body.next().await? {
        check_object_length(writer.size() + piece.len() as u64)?;
        writer.write(piece).await.map_err(StoreError::from)?;
    }
    let content = writer.finish().await.map_err(StoreError::from)?;
    digest::check(announced, content.md5())?;
    Ok(content)
}
