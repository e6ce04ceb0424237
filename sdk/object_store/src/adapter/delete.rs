//! Deletions.

use std::collections::HashMap;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use qingstor_sdk::{DeleteError, DeleteObjects};

use super::error::{of_deletion, of_shared};
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
        let locations = batch.iter().filter_map(|location| location.as_ref().ok());
        let keys: Vec<String> = locations.map(|location| self.key(location)).collect();
        if keys.is_empty() {
            return batch;
        }
        let outcome = match self.handle().get().await {
            Ok(bucket) => Ok(bucket.delete_objects(keys).await),
            Err(error) => Err(error),
        };
        let errors = outcome.map(|outcome| {
            let errors = outcome.errors.into_iter();
            let errors = errors.map(|error| (error.key.clone(), error));
            errors.collect::<HashMap<String, DeleteError>>()
        });
        let result = |location: Path| match &errors {
            Ok(errors) => match errors.get(&self.key(&location)) {
                Some(error) => Err(of_deletion(&location, error.clone())),
                None => Ok(location),
            },
            Err(error) => Err(of_shared(&location, error)),
        };
        batch
            .into_iter()
            .map(|location| location.and_then(result))
            .collect()
    }
}
