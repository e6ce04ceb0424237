//! [`BucketHandle`]: the bucket of a store, whose zone is found when it is needed.

use qingstor_sdk::{Bucket, QingStor, Result};
use tokio::sync::OnceCell;

/// The bucket of a store.
#[derive(Debug)]
pub(crate) enum BucketHandle {
    /// A bucket in a known zone.
    Known(Bucket),
    /// A bucket whose zone the first request finds.
    InUnknownZone {
        name: String,
        client: QingStor,
        found: OnceCell<Bucket>,
    },
}

impl BucketHandle {
    /// Creates a handle for a bucket whose zone is not known.
    pub(crate) fn in_unknown_zone(client: QingStor, name: String) -> Self {
        let found = OnceCell::new();
        Self::InUnknownZone {
            name,
            client,
            found,
        }
    }

    /// Returns the name of the bucket.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Known(bucket) => bucket.name(),
            Self::InUnknownZone { name, .. } => name,
        }
    }

    /// Returns the bucket. Finds its zone if necessary; the next call repeats a search that failed.
    pub(crate) async fn get(&self) -> Result<&Bucket> {
        match self {
            Self::Known(bucket) => Ok(bucket),
            Self::InUnknownZone {
                name,
                client,
                found,
            } => {
                found
                    .get_or_try_init(|| client.bucket_in_its_zone(name))
                    .await
            }
        }
    }
}
