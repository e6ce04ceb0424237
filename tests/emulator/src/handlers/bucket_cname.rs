//! The domains of a bucket.

use serde::{Deserialize, Serialize};

use super::{Call, bucket_settings};
use crate::auth::authorization::RequiredAccess;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::settings::cname::{self, CnameKind};
use crate::settings::json::{self, Object};

#[derive(Deserialize)]
struct PutCname {
    domain: String,
    #[serde(default, rename = "type", deserialize_with = "json::or_default")]
    kind: CnameKind,
}

#[derive(Deserialize)]
struct DeleteCname {
    domain: String,
}

#[derive(Serialize)]
struct CnameList<'a> {
    cname_records: Vec<CnameEntry<'a>>,
    count: usize,
}

#[derive(Serialize)]
struct CnameEntry<'a> {
    domain: &'a str,
    #[serde(rename = "type")]
    kind: CnameKind,
    created: String,
}

/// `PUT /<bucket>?cname`: binds one more domain. The emulator does not check the DNS.
pub(super) async fn put(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    let Object(PutCname { domain, kind }) = call.body.json(&call.head.headers).await?;
    bucket_settings::update(call, &bucket, move |record, buckets| {
        // Checked inside the change, so that no other request can bind the domain in between.
        let others = buckets.all()?.into_iter();
        let others = others
            .filter(|other| other.name != record.name)
            .flat_map(|other| other.settings.cname);
        let domains = &mut record.settings.cname;
        cname::bind(domains, others, &domain, kind)
    })
    .await?;
    Ok(response::empty(call.success()))
}

/// `GET /<bucket>?cname`: returns the domains of one type.
pub(super) fn get(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    let wanted = call
        .target
        .query
        .get_as::<CnameKind>("type")?
        .unwrap_or_default();
    let cname_records = bucket
        .settings
        .cname
        .iter()
        .filter(|record| record.kind == wanted)
        .map(|record| CnameEntry {
            domain: &record.domain,
            kind: record.kind,
            created: record.created.iso8601(),
        })
        .collect::<Vec<_>>();
    let document = CnameList {
        count: cname_records.len(),
        cname_records,
    };
    response::json(call.success(), &document)
}

/// `DELETE /<bucket>?cname`: releases the domain in the body.
pub(super) async fn delete(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    let Object(DeleteCname { domain }) = call.body.json(&call.head.headers).await?;
    bucket_settings::update(call, &bucket, move |record, _| {
        cname::release(&mut record.settings.cname, &domain)
    })
    .await?;
    Ok(response::empty(call.success()))
}
