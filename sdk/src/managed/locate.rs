//! Zone discovery: finds the zone of a bucket when it is not known.

use crate::base::error::{Error, ErrorKind, Result};
use crate::call::Call;
use crate::client::{Bucket, QingStor};
use crate::generated::operations::{HeadBucketInput, ListBucketsInput};
use crate::message::operation::Operation;

/// The most pages that are searched for a bucket. The service limits the buckets of an account to far
/// fewer.
const MAX_PAGES: u32 = 1000;

impl QingStor {
    /// Returns the zone of the bucket `name`.
    ///
    /// The client sends an unsigned request to the host of all zones, which redirects to the zone of
    /// the bucket. If the response is not a redirect (the endpoint of one zone, or a custom endpoint),
    /// the client searches the bucket in the list of the account's buckets.
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
    /// Those of `HeadBucket`, with [`Error::is_not_found`](crate::Error::is_not_found) where there
    /// is no such bucket; those of `ListBuckets`; `Decode` if the list of buckets does not end after
    /// 1,000 pages; `InvalidInput` when the name breaks the rules.
    pub async fn locate_bucket(&self, name: impl AsRef<str>) -> Result<String> {
        let name = name.as_ref();
        let handle = self.anonymous_handle(name)?;
        let refused = match Call::new(handle, HeadBucketInput::default()).send().await {
            Ok(output) => Error::new(
                ErrorKind::Decode,
                format!("the response ({}) does not name a zone", output.status()),
            ),
            Err(error) if error.is_not_found() => return Err(error),
            Err(error) => match error.location().and_then(zone_of) {
                Some(zone) => return Ok(zone),
                // Nothing was answered: the list would fail as well.
                None if error.status().is_none() => return Err(error),
                None => error,
            },
        };
        if self
            .handle()
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
            .with_call(self.handle().unsent(ListBucketsInput::INFO)))
    }

    /// The bucket `name`, in the zone that [`locate_bucket`](Self::locate_bucket) finds.
    ///
    /// # Errors
    ///
    /// Those of [`locate_bucket`](Self::locate_bucket) and [`bucket`](Self::bucket).
    pub async fn bucket_in_its_zone(&self, name: impl AsRef<str>) -> Result<Bucket> {
        let name = name.as_ref();
        let zone = self.locate_bucket(name).await?;
        self.bucket(name, zone)
    }
}

/// The zone that a redirect leads to: the first label of its host.
fn zone_of(location: &str) -> Option<String> {
    let uri: http::Uri = location.parse().ok()?;
    let (zone, rest) = uri.host()?.split_once('.')?;
    let is_zone = !zone.is_empty()
        && zone
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    // An address of numbers has no zone.
    let is_name = !rest.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (is_zone && is_name).then(|| zone.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_names_a_zone_by_its_first_label() {
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
