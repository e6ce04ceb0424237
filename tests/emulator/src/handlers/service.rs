//! The service itself.

use serde::Serialize;

use super::Call;
use crate::access;
use crate::answer::{self, Answer};
use crate::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

const DEFAULT_LIMIT: usize = 200;

#[derive(Serialize)]
struct BucketList {
    /// Of all buckets that fit, not of this page.
    count: usize,
    buckets: Vec<BucketEntry>,
}

#[derive(Serialize)]
struct BucketEntry {
    name: String,
    location: String,
    url: String,
    created: String,
}

/// `GET /`: the caller's buckets by name; those of the zone that the host or `Location` names.
pub(super) fn list_buckets(call: &Call<'_>) -> Result<Answer, ApiError> {
    let Some(account) = call.caller.account() else {
        return Err(access::denied(call.caller));
    };
    let query = &call.target.query;
    let offset = query.get_as::<usize>("offset")?.unwrap_or(0);
    let limit = query.get_as::<usize>("limit")?.unwrap_or(DEFAULT_LIMIT);
    let location = call.head.headers.get("location").map(|value| {
        call.zones
            .iter()
            .find(|zone| zone.as_bytes() == value.as_bytes())
            .ok_or_else(|| {
                ApiError::new(
                    ErrorCode::InvalidLocation,
                    format!("the zones are {}", call.zones.join(", ")),
                )
            })
    });
    let location = location.transpose()?;
    let is_in = |zone: &str, wanted: Option<&String>| wanted.is_none_or(|wanted| wanted == zone);
    let buckets = call
        .store
        .buckets()?
        .into_iter()
        .filter(|bucket| bucket.owner == account.user_id())
        .filter(|bucket| {
            is_in(&bucket.zone, location) && is_in(&bucket.zone, call.host.zone.as_ref())
        })
        .collect::<Vec<_>>();
    let page = buckets
        .iter()
        .skip(offset)
        .take(limit)
        .map(|bucket| BucketEntry {
            name: bucket.name.clone(),
            location: bucket.zone.clone(),
            url: format!(
                "http://{}",
                call.host.bucket_address(&bucket.name, &bucket.zone)
            ),
            created: bucket.created.iso8601_seconds(),
        })
        .collect();
    answer::json(
        call.success(),
        &BucketList {
            count: buckets.len(),
            buckets: page,
        },
    )
}
