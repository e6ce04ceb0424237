//! Objects: what neither reads nor writes them.

use std::sync::Arc;

use super::Call;
use crate::access::Access;
use crate::acl::Permission;
use crate::answer::{self, Answer};
use crate::api_error::ApiError;
use crate::store::blocking;

/// `DELETE /<bucket>/<key>`: done whether or not there is one.
pub(super) async fn delete(call: &Call<'_>) -> Result<Answer, ApiError> {
    call.bucket(Access::SignedInPermission(Permission::Write))?;
    call.refuse_unimplemented_features()?;
    let address = call.object_address()?;
    let store = Arc::clone(call.store);
    blocking(move || store.delete_object(&address)).await?;
    Ok(answer::empty(call.success()))
}
