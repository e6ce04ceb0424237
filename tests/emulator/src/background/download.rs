//! Downloads from other sites: sources of fetches, and mirrors.

mod client;
mod jobs;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LAST_MODIFIED, LOCATION};
use http::{HeaderValue, StatusCode};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use url::Url;

use crate::base::api_error::ApiError;
use crate::base::limits;
use crate::base::web_url;
use crate::generated::error_codes::ErrorCode;
pub(crate) use client::{Client, RequestError, Response, reason};
pub(crate) use jobs::{DownloadJob, DownloadJobs, JobStart, wait_for_outcome};

/// Largest number of concurrent downloads.
const MAX_JOBS: usize = 64;
const MAX_REDIRECTS: usize = 10;

/// HTTP client and jobs for downloads from other sites.
#[derive(Debug)]
pub(crate) struct Downloader {
    /// Created on first use, because most emulators never fetch.
    client: OnceCell<Client>,
    /// Longest wait for a connection, for a response, and for the next piece of its body.
    timeout: Duration,
    slots: Arc<Semaphore>,
    pub(crate) jobs: DownloadJobs,
}

/// A download in progress.
#[derive(Debug)]
pub(crate) struct Download {
    response: Response,
    /// Limits the number of downloads until this one ends.
    _slot: OwnedSemaphorePermit,
}

impl Downloader {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            client: OnceCell::new(),
            timeout,
            slots: Arc::new(Semaphore::new(MAX_JOBS)),
            jobs: DownloadJobs::default(),
        }
    }

    /// Returns the HTTP client, which does not follow redirects.
    pub(crate) async fn client(&self) -> Result<&Client, ApiError> {
        self.client
            .get_or_try_init(|| async {
                Client::new(self.timeout).map_err(|error| {
                    tracing::error!(%error, "cannot create the HTTP client");
                    ApiError::internal()
                })
            })
            .await
    }

    /// Starts the download of a URL. Follows redirects.
    pub(crate) async fn open(&self, mut url: Url) -> Result<Download, ApiError> {
        let slot = Arc::clone(&self.slots).try_acquire_owned().map_err(|_| {
            ApiError::new(
                ErrorCode::FetchThrottled,
                format!("{MAX_JOBS} fetches are already running; try again later"),
            )
        })?;
        let client = self.client().await?;
        for _ in 0..=MAX_REDIRECTS {
            let response = client
                .get(&url)
                .await
                .map_err(|error| broken("does not respond", &error))?;
            match response.status {
                StatusCode::OK => return Download::new(response, slot),
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::TEMPORARY_REDIRECT => {
                    url = redirected(&url, response.headers.get(LOCATION))?;
                }
                StatusCode::NOT_FOUND => return Err(object_not_found()),
                status => {
                    return Err(failed(format!(
                        "the origin responded with status {}",
                        status.as_u16()
                    )));
                }
            }
        }
        Err(failed(format!(
            "the origin redirects more than {MAX_REDIRECTS} times"
        )))
    }
}

impl Download {
    fn new(response: Response, slot: OwnedSemaphorePermit) -> Result<Self, ApiError> {
        let length = response.content_length().ok_or_else(|| {
            failed("the response of the origin does not have a Content-Length".to_owned())
        })?;
        limits::check_object_length(length)?;
        Ok(Self {
            response,
            _slot: slot,
        })
    }

    pub(crate) fn content_type(&self) -> Option<&HeaderValue> {
        self.response.headers.get(CONTENT_TYPE)
    }

    pub(crate) fn last_modified(&self) -> Option<SystemTime> {
        let text = self.response.headers.get(LAST_MODIFIED)?.to_str().ok()?;
        httpdate::parse_http_date(text).ok()
    }

    /// Returns the next piece, or `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns an error if the origin sends fewer bytes than announced.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        self.response
            .chunk()
            .await
            .map_err(|error| broken("did not send the whole body", &error))
    }
}

/// Parses the URL of a source.
pub(crate) fn source_url(text: &str) -> Result<Url, ApiError> {
    web_url::parse(text).ok_or_else(|| {
        ApiError::new(
            ErrorCode::InvalidArgument,
            "the source must be an http or https URL without user and password",
        )
    })
}

fn redirected(from: &Url, location: Option<&HeaderValue>) -> Result<Url, ApiError> {
    location
        .and_then(|location| from.join(location.to_str().ok()?).ok())
        .filter(web_url::is_valid)
        .ok_or_else(|| failed("the origin redirects to an invalid URL".to_owned()))
}

/// Returns the error for an object that the origin does not have.
pub(crate) fn object_not_found() -> ApiError {
    ApiError::new(
        ErrorCode::ObjectNotExists,
        "the origin does not have the object",
    )
}

/// The message does not contain the address, because readers of a mirror need not know it.
fn broken(what: &str, error: &RequestError) -> ApiError {
    failed(format!("the origin {what}: {}", reason(error)))
}

fn failed(message: String) -> ApiError {
    ApiError::new(ErrorCode::UpstreamFailed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_source_urls() {
        for (text, expected) in [
            ("http://example.com/a?b=c", Some("http://example.com/a?b=c")),
            ("https://example.com", Some("https://example.com/")),
            ("example.com:81/a", Some("http://example.com:81/a")),
            (
                "example.com/?u=http://x/",
                Some("http://example.com/?u=http://x/"),
            ),
            ("[::1]:81/a", Some("http://[::1]:81/a")),
            ("", None),
            ("/a", None),
            ("http://", None),
            ("ftp://example.com/a", None),
            ("http://user:word@example.com/a", None),
            ("user@example.com", None),
            ("http://exa mple.com/", None),
        ] {
            let url = source_url(text).ok();
            assert_eq!(url.as_ref().map(Url::as_str), expected, "{text}");
        }
    }

    #[test]
    fn accepts_redirects_to_http_and_https_urls() {
        let from = Url::parse("http://example.com/a/b").unwrap();
        for (location, expected) in [
            ("c", Some("http://example.com/a/c")),
            ("/c?d", Some("http://example.com/c?d")),
            ("https://other.com/", Some("https://other.com/")),
            ("file:///etc/passwd", None),
            ("http://user:word@other.com/", None),
        ] {
            let url = redirected(&from, Some(&HeaderValue::from_static(location))).ok();
            assert_eq!(url.as_ref().map(Url::as_str), expected, "{location}");
        }
        assert!(redirected(&from, None).is_err());
    }

    #[tokio::test]
    async fn limits_downloads_and_reports_unreachable_origins() {
        let downloader = Downloader::new(Duration::from_secs(5));
        let all = u32::try_from(MAX_JOBS).unwrap();
        let slots = downloader.slots.acquire_many(all).await.unwrap();
        // No server listens on this port.
        let unreachable = source_url("http://127.0.0.1:1/").unwrap();
        let error = downloader.open(unreachable.clone()).await.unwrap_err();
        assert_eq!(error.code(), "fetch_throttled");
        drop(slots);
        let error = downloader.open(unreachable).await.unwrap_err();
        assert_eq!(error.code(), "upstream_failed");
        assert!(!error.message().contains("http:"), "{error}");
    }
}
