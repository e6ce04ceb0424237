//! Objects that come from other sites: because a request says so, or because a bucket has a mirror.

use std::time::SystemTime;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use url::Url;

use super::Call;
use super::new_object::attributes_of;
use crate::background::download::{self, Download, DownloadJob, JobStart};
use crate::background::notifications::EventObject;
use crate::base::api_error::ApiError;
use crate::base::encryption::CustomerKey;
use crate::generated::error_codes::ErrorCode;
use crate::request::conditions;
use crate::settings::notification::Event;
use crate::store::{
    Attributes, BucketRecord, NewObject, NewSegment, ObjectAddress, ObjectRecord, Store, StoreError,
};

const SOURCE: &str = "x-qs-fetch-source";
const IF_UNMODIFIED_SINCE: &str = "x-qs-fetch-if-unmodified-since";

/// The source of a fetch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fetch {
    url: Url,
    if_unmodified_since: Option<SystemTime>,
}

impl Fetch {
    /// Returns `None` if the request is not a fetch.
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let Some(source) = headers.get(SOURCE) else {
            return Ok(None);
        };
        if headers.contains_key("x-qs-copy-source") || headers.contains_key("x-qs-move-source") {
            return Err(ApiError::new(
                ErrorCode::InvalidArgument,
                "the request can only fetch, copy or move an object",
            ));
        }
        Ok(Some(Self {
            // A value that is not UTF-8 is not a URL.
            url: download::source_url(std::str::from_utf8(source.as_bytes()).unwrap_or_default())?,
            if_unmodified_since: headers.get(IF_UNMODIFIED_SINCE).map(date).transpose()?,
        }))
    }

    /// Checks the condition. As in HTTP, it is ignored if the origin does not send `Last-Modified`.
    fn check(&self, download: &Download) -> Result<(), ApiError> {
        match (self.if_unmodified_since, download.last_modified()) {
            (Some(since), Some(modified)) if modified > since => {
                Err(conditions::failed(IF_UNMODIFIED_SINCE))
            }
            _ => Ok(()),
        }
    }
}

fn date(value: &HeaderValue) -> Result<SystemTime, ApiError> {
    let date = value.to_str().ok();
    date.and_then(|date| httpdate::parse_http_date(date).ok())
        .ok_or_else(|| {
            ApiError::new(
                ErrorCode::InvalidArgument,
                format!("{IF_UNMODIFIED_SINCE} is not an HTTP date"),
            )
        })
}

/// Fetches an object. The caller has checked the access to the target.
pub(super) async fn fetch(
    call: &mut Call<'_>,
    bucket: &BucketRecord,
    fetch: Fetch,
    target: ObjectAddress,
    requested: Attributes,
    key: Option<CustomerKey>,
) -> Result<ObjectRecord, ApiError> {
    call.body.expect_empty().await?;
    let JobStart::Started(job) = call
        .downloader
        .jobs
        .begin(DownloadJob::new(&target, &fetch.url))
    else {
        return Err(ApiError::new(
            ErrorCode::FetchInProcess,
            "the same fetch is already running",
        ));
    };
    let fetched = async {
        let download = call.downloader.open(fetch.url.clone()).await?;
        fetch.check(&download)?;
        let attributes = match download.content_type() {
            Some(content_type) if !call.head.headers.contains_key(CONTENT_TYPE) => {
                with_content_type(requested, content_type)
            }
            _ => requested,
        };
        let new = NewObject {
            content: store_download(call.store, download, key.as_ref()).await?,
            attributes,
            encryption: key.as_ref().map(CustomerKey::encryption),
        };
        call.check_is_same(bucket)?;
        Ok(call.store.put_object(target, new).await?)
    };
    let fetched = fetched.await;
    job.finish(fetched.as_ref().map(|_| ()).map_err(ApiError::clone));
    fetched
}

/// Stores downloaded content. The store removes it unless an object takes it.
async fn store_download(
    store: &Store,
    mut download: Download,
    key: Option<&CustomerKey>,
) -> Result<NewSegment, ApiError> {
    let mut writer = store.writer(key)?;
    while let Some(piece) = download.next().await? {
        writer.write(piece).await.map_err(StoreError::from)?;
    }
    Ok(writer.finish().await.map_err(StoreError::from)?)
}

/// Sets the content type of the origin if it is valid.
fn with_content_type(mut attributes: Attributes, content_type: &HeaderValue) -> Attributes {
    attributes.metadata.set_content_type(content_type);
    attributes
}

/// Fetches an absent object if the bucket has a mirror. Concurrent readers wait for the same job.
pub(super) async fn fetch_absent(call: &Call<'_>, bucket: &BucketRecord) -> Result<(), ApiError> {
    let Some(mirror) = &bucket.settings.mirror else {
        return Ok(());
    };
    let address = call.object_address()?;
    if call.version()?.is_some() || object_exists(call, &address)? {
        return Ok(());
    }
    let url = mirror
        .url_of(&address.key)
        .ok_or_else(download::object_not_found)?;
    loop {
        match call.downloader.jobs.begin(DownloadJob::new(&address, &url)) {
            JobStart::Started(job) => {
                // Another job may have finished in the meantime.
                if object_exists(call, &address)? {
                    return Ok(());
                }
                let fetched = from_mirror(call, bucket, address, url).await;
                job.finish(fetched.clone());
                return fetched;
            }
            JobStart::Joined(job) => {
                // The client of the other job has disconnected, so the job starts again.
                if let Some(outcome) = download::wait_for_outcome(job).await {
                    return outcome;
                }
            }
        }
    }
}

/// Returns whether an object exists. A deleted object does not, even if it has older versions.
fn object_exists(call: &Call<'_>, address: &ObjectAddress) -> Result<bool, ApiError> {
    match call.store.object(address, None) {
        Ok(_) => Ok(true),
        Err(StoreError::NoObject(_) | StoreError::DeleteMarker { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Fetches an object from the mirror. The service writes it with its own permissions.
async fn from_mirror(
    call: &Call<'_>,
    bucket: &BucketRecord,
    address: ObjectAddress,
    url: Url,
) -> Result<(), ApiError> {
    let download = call.downloader.open(url).await?;
    let attributes = attributes_of(&HeaderMap::new(), call.caller)?;
    let attributes = match download.content_type() {
        Some(content_type) => with_content_type(attributes, content_type),
        None => attributes,
    };
    let new = NewObject {
        content: store_download(call.store, download, None).await?,
        attributes,
        encryption: None,
    };
    call.check_is_same(bucket)?;
    // An object that a client has put in the meantime is newer.
    if let Some(object) = call.store.put_if_absent(address, new).await? {
        call.notify(bucket, Event::CreateObject, EventObject::of(&object));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&'static str, &'static str)]) -> Result<Option<String>, u16> {
        let headers = pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        Fetch::from_headers(&headers)
            .map(|fetch| fetch.map(|fetch| fetch.url.to_string()))
            .map_err(|error| error.status().as_u16())
    }

    #[test]
    fn parses_fetch_headers() {
        let source = (SOURCE, "example.com/a");
        assert_eq!(parse(&[]), Ok(None));
        assert_eq!(
            parse(&[source]),
            Ok(Some("http://example.com/a".to_owned()))
        );
        assert_eq!(parse(&[(SOURCE, "ftp://example.com")]), Err(400));
        assert_eq!(parse(&[(SOURCE, "")]), Err(400));
        assert_eq!(parse(&[source, ("x-qs-copy-source", "/a/b")]), Err(400));
        assert_eq!(parse(&[source, ("x-qs-move-source", "/a/b")]), Err(400));
        assert_eq!(
            parse(&[source, (IF_UNMODIFIED_SINCE, "yesterday")]),
            Err(400)
        );
    }
}
