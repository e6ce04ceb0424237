//! [`BucketHandle`]: the bucket of a store, whose zone is found when it is needed.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use qingstor_sdk::{Bucket, Error, QingStor};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::Instrument;

/// The bucket of a store.
#[derive(Debug)]
pub(crate) enum BucketHandle {
    /// A bucket in a known zone.
    Known(Bucket),
    /// A bucket whose zone the first request finds.
    InUnknownZone {
        name: String,
        client: QingStor,
        found: OnceLock<Bucket>,
        /// The last search.
        search: Mutex<Option<Search>>,
    },
}

/// Receives the result of a search; `None` while the search runs. Requests that wait for the same
/// search share its result.
type Search = watch::Receiver<Option<Result<Bucket, Arc<Error>>>>;

impl BucketHandle {
    /// Creates a handle for a bucket whose zone is not known.
    pub(crate) fn in_unknown_zone(client: QingStor, name: String) -> Self {
        Self::InUnknownZone {
            name,
            client,
            found: OnceLock::new(),
            search: Mutex::new(None),
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
    pub(crate) async fn get(&self) -> Result<&Bucket, Arc<Error>> {
        let (name, client, found, search) = match self {
            Self::Known(bucket) => return Ok(bucket),
            Self::InUnknownZone {
                name,
                client,
                found,
                search,
            } => (name, client, found, search),
        };
        if let Some(bucket) = found.get() {
            return Ok(bucket);
        }
        let result = match shared_search(search, client, name) {
            Some(mut search) => search
                .wait_for(Option::is_some)
                .await
                .ok()
                .and_then(|result| result.clone()),
            None => None,
        };
        let bucket = match result {
            Some(result) => result?,
            // There is no runtime, or it ended the task.
            None => client.bucket_in_its_zone(name).await?,
        };
        Ok(found.get_or_init(|| bucket))
    }
}

/// Returns the search that is running, or starts one. Returns `None` outside of a Tokio runtime.
///
/// The search runs in a task, so that it finishes even if no request waits for it. The first request
/// must not run it for the others, because its caller may stop polling it.
fn shared_search(search: &Mutex<Option<Search>>, client: &QingStor, name: &str) -> Option<Search> {
    let runtime = Handle::try_current().ok()?;
    let mut search = search.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(search) = search.as_ref().filter(|search| is_usable(search)) {
        return Some(search.clone());
    }
    let (result, started) = watch::channel(None);
    let (client, name) = (client.clone(), name.to_owned());
    let task = async move {
        let found = client.bucket_in_its_zone(name).await;
        result.send_replace(Some(found.map_err(Arc::new)));
    };
    runtime.spawn(task.in_current_span());
    Some(search.insert(started).clone())
}

/// Returns whether a search is running or has found the bucket.
fn is_usable(search: &Search) -> bool {
    match &*search.borrow() {
        Some(result) => result.is_ok(),
        None => search.has_changed().is_ok(),
    }
}
