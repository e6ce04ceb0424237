//! Zone discovery: where a bucket lies whose zone nobody told.

use crate::base::error::{Error, ErrorKind, Result};
use crate::call::Call;
use crate::client::{Bucket, QingStor};
use crate::generated::operations::HeadBucketInput;

impl QingStor {
    /// The zone that the bucket `name` lies in.
    ///
    /// The host of all zones is asked, unsigned, and answers with a redirect to the bucket's zone.
    /// Where it does not (an endpoint of one zone, or of one's own), the zone is looked up among
    /// the buckets of the account.
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
    /// is no such bucket; those of `ListBuckets`; `InvalidInput` when the name breaks the rules.
    pub async fn locate_bucket(&self, name: impl AsRef<str>) -> Result<String> {
        let name = name.as_ref();
        let handle = self.anonymous_handle(name)?;
        let refused = match Call::new(handle, HeadBucketInput::default()).send().await {
            Ok(output) => Error::new(
                ErrorKind::Decode,
                format!("the answer ({}) names no zone", output.status()),
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
        let mut buckets = self.list_buckets().items();
        while let Some(bucket) = buckets.next().await.transpose()? {
            if bucket.name == name {
                return Ok(bucket.location);
            }
        }
        Err(refused)
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
