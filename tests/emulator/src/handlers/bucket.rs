//! Buckets.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use http::header::LOCATION;
use serde::Serialize;

use super::Call;
use crate::auth::account::Account;
use crate::auth::authorization::{self, RequiredAccess};
use crate::base::api_error::ApiError;
use crate::base::resource_names;
use crate::base::response::{self, ApiResponse};
use crate::base::time::Timestamp;
use crate::settings::Settings;
use crate::settings::acl::{self, Permission};
use crate::store::{BucketRecord, Store, blocking};

/// `PUT /<bucket>`: creates a bucket in the zone of the host, or in the first zone.
pub(super) async fn put(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let Some(account) = call.caller.account() else {
        return Err(authorization::denied(call.caller, "create a bucket"));
    };
    let zone = call
        .host
        .zone
        .as_ref()
        .or_else(|| call.zones.first())
        .ok_or_else(ApiError::internal)?;
    create(call.store, account, call.bucket_name()?, zone).await?;
    Ok(response::empty(call.success()))
}

/// Creates a bucket of an account.
pub(crate) async fn create(
    store: &Store,
    account: &Account,
    name: &str,
    zone: &str,
) -> Result<(), ApiError> {
    resource_names::check_bucket_name(name)?;
    let record = BucketRecord {
        name: name.to_owned(),
        zone: zone.to_owned(),
        owner: account.user_id().to_owned(),
        created: Timestamp::now(),
        acl: acl::owner_only(account.user_id()),
        settings: Settings::default(),
    };
    store.create_bucket(record).await?;
    Ok(())
}

/// `HEAD /<bucket>`: without credentials on the host of all zones, returns the zone.
pub(super) fn head(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    if call.caller.is_anonymous() && call.host.is_global() {
        let bucket = call.find_bucket(call.bucket_name()?)?;
        let zone = call.host.zone_address(&bucket.zone);
        let mut response = response::empty(StatusCode::MOVED_PERMANENTLY);
        let location = format!("http://{zone}/{}", bucket.name);
        response::set_header(response.headers_mut(), LOCATION, location)?;
        return Ok(response);
    }
    call.bucket(RequiredAccess::SignedInPermission(Permission::Read))?;
    Ok(response::empty(call.success()))
}

/// `DELETE /<bucket>`.
pub(super) async fn delete(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    call.store.delete_bucket(bucket.name).await?;
    Ok(response::empty(call.success()))
}

#[derive(Serialize)]
struct BucketStatistics<'a> {
    name: &'a str,
    location: &'a str,
    url: String,
    status: &'static str,
    created: String,
    count: u64,
    size: u64,
    storage_classes: BTreeMap<&'static str, ClassStatistics>,
}

#[derive(Serialize)]
struct ClassStatistics {
    count: u64,
    size: u64,
    billing_size: u64,
}

/// `GET /<bucket>?stats`.
pub(super) async fn statistics(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    let (store, name) = (Arc::clone(call.store), bucket.name.clone());
    let statistics = blocking(move || store.statistics(&name)).await?;
    let document = BucketStatistics {
        name: &bucket.name,
        location: &bucket.zone,
        url: call.host.bucket_address(&bucket.name, &bucket.zone),
        status: "active",
        created: bucket.created.iso8601(),
        count: statistics.values().map(|usage| usage.count).sum(),
        size: statistics.values().map(|usage| usage.size).sum(),
        storage_classes: statistics
            .into_iter()
            .map(|(class, usage)| {
                let usage = ClassStatistics {
                    count: usage.count,
                    size: usage.size,
                    billing_size: usage.size,
                };
                (class.as_str(), usage)
            })
            .collect(),
    };
    response::json(call.success(), &document)
}
