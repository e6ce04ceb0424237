//! Operations of the service: buckets and zones.

use serde::Serialize;

use super::Call;
use crate::auth::authorization;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;

const DEFAULT_LIMIT: usize = 200;

#[derive(Serialize)]
struct BucketList {
    /// Number of all matching buckets, not of this page.
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

#[derive(Serialize)]
struct LocationList<'a> {
    locations: Vec<LocationEntry<'a>>,
}

#[derive(Serialize)]
struct LocationEntry<'a> {
    id: &'a str,
    name: &'a str,
    endpoint: String,
}

/// Languages of zone names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    English,
    Chinese,
}

/// Zones with names: ID, English, Chinese. Any other zone has its ID as its name.
const ZONE_NAMES: [(&str, &str, &str); 5] = [
    ("ap3", "Jakarta", "\u{96c5}\u{52a0}\u{8fbe}"),
    ("gd2", "Guangdong 2", "\u{5e7f}\u{4e1c}2\u{533a}"),
    ("pek3a", "Beijing 3-A", "\u{5317}\u{4eac}3\u{533a}-A"),
    ("pek3b", "Beijing 3-B", "\u{5317}\u{4eac}3\u{533a}-B"),
    ("sh1a", "Shanghai 1-A", "\u{4e0a}\u{6d77}1\u{533a}-A"),
];

/// `GET /?location`: lists the zones for every caller, on the host of all zones.
pub(super) fn list_locations(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    if let Some(zone) = &call.host.zone {
        return Err(ApiError::new(
            ErrorCode::InvalidRequest,
            format!("the host of zone {zone} cannot list the zones; use the host without a zone"),
        ));
    }
    let language = language(call.target.query.get("lang").unwrap_or_default())?;
    let locations = call
        .zones
        .iter()
        .map(|zone| LocationEntry {
            id: zone,
            name: zone_name(zone, language),
            endpoint: call.host.zone_address(zone),
        })
        .collect();
    response::json(call.success(), &LocationList { locations })
}

/// Parses `zh-cn` and its variants.
fn language(text: &str) -> Result<Language, ApiError> {
    match text.to_ascii_lowercase().replace('_', "-").as_str() {
        "" | "en-us" => Ok(Language::English),
        "zh-cn" => Ok(Language::Chinese),
        _ => Err(ApiError::new(
            ErrorCode::InvalidArgument,
            format!("unknown lang {text:?}; expected en-us or zh-cn"),
        )),
    }
}

fn zone_name(zone: &str, language: Language) -> &str {
    ZONE_NAMES
        .iter()
        .find(|(id, ..)| *id == zone)
        .map_or(zone, |(_, english, chinese)| match language {
            Language::English => english,
            Language::Chinese => chinese,
        })
}

/// `GET /`: lists the caller's buckets by name. The host or `Location` limits the list to a zone.
pub(super) fn list_buckets(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let Some(account) = call.caller.account() else {
        return Err(authorization::denied(call.caller, "list buckets"));
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
                    format!(
                        "unknown zone {:?}; expected one of {}",
                        String::from_utf8_lossy(value.as_bytes()),
                        call.zones.join(", ")
                    ),
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
            created: bucket.created.iso8601(),
        })
        .collect();
    response::json(
        call.success(),
        &BucketList {
            count: buckets.len(),
            buckets: page,
        },
    )
}
