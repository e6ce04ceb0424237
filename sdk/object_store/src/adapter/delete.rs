//! Deletions.

use std::collections::HashMap;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use qingstor_sdk::{DeleteError, DeleteObjects};

use super::error::of_deletion;
use super::object_store::Result;
use super::object_store::path::Path;
use super::store::QingStorStore;

impl QingStorStore {
    /// Deletes objects in batches. Yields a result for each location, in the same order. An error of
    /// the stream of locations is yielded in its place.
    pub(super) fn delete_batches(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .chunks(DeleteObjects::KEYS_PER_REQUEST)
            .map(move |batch| {
                let store = store.clone();
                async move { stream::iter(store.delete_batch(batch).await) }
            })
            .buffered(DeleteObjects::DEFAULT_CONCURRENCY)
            .flatten()
            .boxed()
    }

    async fn delete_batch(&self, batch: Vec<Result<Path>>) -> Vec<Result<Path>> {
        let Some(first) = batch.iter().find_map(|location| location.as_ref().ok()) else {
            return batch;
        };
        let bucket = match self.bucket_for(first).await {
            Ok(bucket) => bucket,
            Err(error) => return vec![Err(error)],
        };
        let locations = batch.iter().filter_map(|location| location.as_ref().ok());
        let keys: Vec<String> = locations.map(|location| self.key(location)).collect();
        let outcome = bucket.delete_objects(keys).await;
        let errors = outcome.errors.into_iter();
        let errors: HashMap<String, DeleteError> =
            errors.map(|error| (error.key.clone(), error)).collect();
        let result = |location: Path| match errors.get(&self.key(&location)) {
            Some(error) => Err(of_deletion(&location, error.clone())),
            None => Ok(location),
        };
        batch
            .into_iter()
            .map(|location| location.and_then(result))
            .collect()
    }
}
