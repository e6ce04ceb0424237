//! Zone discovery: finds the zone of a bucket.

use std::pin::pin;

use super::errors::response_error;
use crate::base::error::{Error, ErrorKind, Result};
use crate::call::Call;
use crate::client::spans::TransferSpan;
use crate::client::{Bucket, Dispatcher, QingStor};
use crate::generated::operations::{HeadBucketInput, ListBucketsInput};
use crate::message::operation::Operation;

/// The maximum number of pages that are searched for a bucket. An account has far fewer buckets.
const MAX_PAGES: u32 = 1000;

impl QingStor {
    /// Returns the zone of the bucket `name`. Use it to store the zone; use
    /// [`bucket_in_its_zone`](Self::bucket_in_its_zone) to access the bucket at once.
    ///
    /// The client sends an unsigned request to the global host, which redirects to the zone of the
    /// bucket. If the response is not a redirect (the endpoint of one zone, or a custom endpoint),
    /// the client looks for the bucket in the list of the account's buckets.
    ///
    /// ```no_run
    /// # async fn example(qingstor: qingstor_sdk::QingStor) -> qingstor_sdk::Result<()> {
    /// let zone = qingstor.locate_bucket("my-bucket").await?;
    /// let bucket = qingstor.bucket("my-bucket", zone)?;
    /// # let _ = bucket; Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error for which [`is_not_found`](crate::Error::is_not_found) returns `true` if the
    /// bucket does not exist, `InvalidInput` if the name is invalid, `Decode` if the list of buckets
    /// does not end after 1,000 pages, or an error of `HeadBucket` or `ListBuckets`.
    pub async fn locate_bucket(&self, name: impl AsRef<str>) -> Result<String> {
        let name = name.as_ref();
        let dispatcher = self.anonymous_dispatcher(name)?;
        let span = TransferSpan::start("LocateBucket", &dispatcher.address, None);
        span.run(pin!(self.find_zone(name, dispatcher))).await
    }

    async fn find_zone(&self, name: &str, dispatcher: Dispatcher) -> Result<String> {
        let context = dispatcher.unsent(HeadBucketInput::INFO, "");
        let refused = match Call::new(dispatcher, HeadBucketInput::default())
            .send()
            .await
        {
            Ok(output) => {
                let text = "the response does not name a zone";
                response_error(ErrorKind::Decode, text, &output, context)
            }
            Err(error) if error.is_not_found() => return Err(error),
            Err(error) => match error.location().and_then(zone_of) {
                Some(zone) => return Ok(zone),
                // Without a response, listing the buckets would fail as well.
                None if error.status().is_none() => return Err(error),
                None => error,
            },
        };
        if self
            .dispatcher()
            .shared
            .credentials
            .current()
            .await?
            .is_anonymous()
        {
            return Err(refused);
        }
        let mut pages = self.list_buckets().pages();
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next().await.transpose()? else {
                return Err(refused);
            };
            if let Some(bucket) = page.buckets.into_iter().find(|bucket| bucket.name == name) {
                return Ok(bucket.location);
            }
        }
        let text = format!("the list of buckets does not end after {MAX_PAGES} pages");
        Err(Error::new(ErrorKind::Decode, text)
            .with_call(self.dispatcher().unsent(ListBucketsInput::INFO, "")))
    }

    /// Returns a handle for the bucket `name`, in the zone that
    /// [`locate_bucket`](Self::locate_bucket) finds. If the zone is known, use
    /// [`bucket`](Self::bucket), which does not send a request.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`locate_bucket`](Self::locate_bucket) and [`bucket`](Self::bucket).
    pub async fn bucket_in_its_zone(&self, name: impl AsRef<str>) -> Result<Bucket> {
        let name = name.as_ref();
        let zone = self.locate_bucket(name).await?;
        self.bucket(name, zone)
    }
}

/// Returns the zone in a redirect URL: the first label of the host.
#[inline]
fn zone_of(location: &str) -> Option<String> {
    let uri: http::Uri = location.parse().ok()?;
    let (zone, rest) = uri.host()?.split_once('.')?;
    let is_zone = !zone.is_empty()
        && zone
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    // The first number of an IP address is not a zone.
    let is_name = !rest.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (is_zone && is_name).then(|| zone.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_is_the_first_label_of_the_host() {
        let zone = |location| zone_of(location);
        assert_eq!(
            zone("https://pek3a.qingstor.com/b").as_deref(),
            Some("pek3a")
        );
        assert_eq!(
            zone("http://sh1a.qingstor.com:9000/b").as_deref(),
            Some("sh1a")
        );
        for odd in [
            "",
            "/b",
            "https://localhost/b",
            "http://127.0.0.1/b",
            "http://[::1]/b",
        ] {
            assert_eq!(zone(odd), None, "{odd}");
        }
    }
}
