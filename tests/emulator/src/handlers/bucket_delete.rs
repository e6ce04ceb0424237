//! Deleting many objects at once.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Call;
use crate::access::Access;
use crate::acl::Permission;
use crate::answer::{self, Answer};
use crate::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use crate::names;
use crate::store::{ObjectAddress, Store, blocking};

const MAX_OBJECTS: usize = 1000;

#[derive(Deserialize)]
struct DeleteRequest {
    objects: Vec<ObjectToDelete>,
    #[serde(default)]
    quiet: bool,
}

/// The spec lists whole objects here; only the key matters, and a version must not be overlooked.
#[derive(Deserialize)]
struct ObjectToDelete {
    key: String,
    version_id: Option<String>,
}

#[derive(Serialize)]
struct DeleteResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<Vec<Deleted>>,
    errors: Vec<Failed>,
}

#[derive(Serialize)]
struct Deleted {
    key: String,
}

#[derive(Serialize)]
struct Failed {
    key: String,
    code: &'static str,
    message: String,
}

/// `POST /<bucket>?delete`: a key that is not there counts as deleted.
pub(super) async fn delete_multiple(call: &mut Call<'_>) -> Result<Answer, ApiError> {
    let bucket = call.bucket(Access::SignedInPermission(Permission::Write))?;
    let request = call.body.json::<DeleteRequest>(&call.head.headers).await?;
    if request.objects.len() > MAX_OBJECTS {
        return Err(ApiError::new(
            ErrorCode::TooManyObjects,
            format!("a request deletes at most {MAX_OBJECTS} objects"),
        ));
    }
    let store = Arc::clone(call.store);
    let result =
        blocking(move || Ok::<_, ApiError>(delete_all(&store, &bucket.name, request))).await?;
    answer::json(call.success(), &result)
}

fn delete_all(store: &Store, bucket: &str, request: DeleteRequest) -> DeleteResult {
    let mut deleted = Vec::new();
    let mut errors = Vec::new();
    for object in request.objects {
        match delete_one(store, bucket, &object) {
            Ok(()) => deleted.push(Deleted { key: object.key }),
            Err(error) => errors.push(Failed {
                key: object.key,
                code: error.code(),
                message: error.message().to_owned(),
            }),
        }
    }
    DeleteResult {
        deleted: (!request.quiet).then_some(deleted),
        errors,
    }
}

fn delete_one(store: &Store, bucket: &str, object: &ObjectToDelete) -> Result<(), ApiError> {
    if object.version_id.as_ref().is_some_and(|id| !id.is_empty()) {
        return Err(ApiError::not_implemented(
            "DeleteMultipleObjects with version_id",
        ));
    }
    Ok(store.delete_object(&ObjectAddress {
        bucket: bucket.to_owned(),
        key: names::object_key(object.key.clone().into_bytes())?,
    })?)
}
