//! The access control list of a bucket.

use serde::{Deserialize, Serialize};

use super::{Call, Owner};
use crate::auth::authorization::RequiredAccess;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::settings::acl::{self, Grant};
use crate::settings::json::{self, Object};

#[derive(Deserialize)]
struct PutAcl {
    #[serde(deserialize_with = "json::objects")]
    acl: Vec<Grant>,
}

#[derive(Serialize)]
struct GetAcl<'a> {
    owner: Owner<'a>,
    acl: Vec<Grant>,
}

/// `PUT /<bucket>?acl`: replaces the list. An empty one makes the bucket private.
pub(super) async fn put(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    let Object(PutAcl { acl }) = call.body.json(&call.head.headers).await?;
    acl::check(&acl)?;
    call.store
        .update_bucket(&bucket.name, |record, _| {
            record.acl = acl;
            Ok::<_, ApiError>(())
        })
        .await?;
    Ok(response::empty(call.success()))
}

/// `GET /<bucket>?acl`.
pub(super) fn get(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    let document = GetAcl {
        owner: Owner::new(&bucket.owner),
        acl: bucket.acl.iter().map(Grant::with_name).collect(),
    };
    response::json(call.success(), &document)
}
