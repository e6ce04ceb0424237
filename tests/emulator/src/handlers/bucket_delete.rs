//! Deleting many objects at once.

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::{Call, parse_version};
use crate::auth::authorization::{self, RequiredAccess};
use crate::background::notifications::EventObject;
use crate::base::api_error::ApiError;
use crate::base::resource_names;
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;
use crate::settings::acl::Permission;
use crate::settings::json::{self, Object};
use crate::settings::notification::Event;
use crate::settings::policy::Action;
use crate::store::{BucketRecord, ObjectAddress};

const MAX_OBJECTS: usize = 1000;

#[derive(Deserialize)]
struct DeleteRequest {
    #[serde(deserialize_with = "json::objects")]
    objects: Vec<ObjectToDelete>,
    #[serde(default, deserialize_with = "json::or_default")]
    quiet: bool,
}

/// An object to delete. The specification lists whole objects here, but only the key and the
/// version matter.
#[derive(Deserialize)]
struct ObjectToDelete {
    key: String,
    version_id: Option<String>,
}

#[derive(Serialize)]
struct DeleteResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<Vec<DeletedEntry>>,
    errors: Vec<FailedEntry>,
}

#[derive(Serialize)]
struct DeletedEntry {
    key: String,
}

#[derive(Serialize)]
struct FailedEntry {
    key: String,
    code: &'static str,
    message: String,
}

/// `POST /<bucket>?delete`: a key that does not exist counts as deleted.
pub(super) async fn delete_multiple(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.find_bucket(call.bucket_name()?)?;
    if call.caller.is_anonymous() {
        return Err(authorization::denied(call.caller, "delete several objects"));
    }
    let Object(request) = call
        .body
        .json::<Object<DeleteRequest>>(&call.head.headers)
        .await?;
    if request.objects.len() > MAX_OBJECTS {
        return Err(ApiError::new(
            ErrorCode::TooManyObjects,
            format!("a request can delete at most {MAX_OBJECTS} objects"),
        ));
    }
    // Concurrent deletions share the flushes to disk.
    let outcomes = join_all(
        request
            .objects
            .iter()
            .map(|object| delete_one(call, &bucket, object)),
    )
    .await;
    let mut deleted = Vec::new();
    let mut errors = Vec::new();
    for (object, outcome) in request.objects.into_iter().zip(outcomes) {
        match outcome {
            Ok(()) => deleted.push(DeletedEntry { key: object.key }),
            Err(error) => errors.push(FailedEntry {
                key: object.key,
                code: error.code(),
                message: error.message().to_owned(),
            }),
        }
    }
    let result = DeleteResult {
        deleted: (!request.quiet).then_some(deleted),
        errors,
    };
    response::json(call.success(), &result)
}

async fn delete_one(
    call: &Call<'_>,
    bucket: &BucketRecord,
    object: &ObjectToDelete,
) -> Result<(), ApiError> {
    let version = match object.version_id.as_deref() {
        None | Some("") => None,
        Some(version) => Some(parse_version(version)?),
    };
    let address = ObjectAddress {
        bucket: bucket.name.clone(),
        key: resource_names::object_key(object.key.clone().into_bytes())?,
    };
    let write = RequiredAccess::SignedInPermission(Permission::Write);
    call.authorize_on(bucket, write, Action::DeleteObject, &address.key)?;
    let deleted = call.store.delete_object(address, version).await?;
    if let Some(object) = &deleted.object {
        call.notify(bucket, Event::DeleteObject, EventObject::of(object));
    }
    Ok(())
}
