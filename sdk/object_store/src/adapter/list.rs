//! Lists.

use std::collections::BTreeSet;
use std::future::ready;

use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt, TryStreamExt};
use qingstor_sdk::operations::ListObjectsOutput;
use qingstor_sdk::types::ObjectSummary;

use super::error::{generic, of_object};
use super::get::chrono_time;
use super::object_store::path::{self, Path};
use super::object_store::{Error, ListResult, ObjectMeta, Result};
use super::results::list_result;
use super::store::{QingStorStore, quoted};
use crate::policy::OnUnaddressableKey;

/// Number of objects to request at once. The service may return fewer.
pub(super) const LIMIT: u32 = 1000;

impl QingStorStore {
    pub(super) fn list_all(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let store = self.clone();
        let pages = self.pages(prefix, None);
        pages
            .map_ok(move |page| {
                let objects = page.keys.into_iter();
                let store = store.clone();
                let metas = objects.filter_map(move |object| store.meta(object).transpose());
                stream::iter(metas)
            })
            .try_flatten()
            .boxed()
    }

    pub(super) fn list_after(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let offset = offset.clone();
        self.list_all(prefix)
            .try_filter(move |meta| ready(meta.location > offset))
            .boxed()
    }

    pub(super) async fn list_folder(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut pages = std::pin::pin!(self.pages(prefix, Some("/")));
        let (mut objects, mut folders) = (Vec::new(), BTreeSet::new());
        while let Some(page) = pages.try_next().await? {
            for object in page.keys {
                objects.extend(self.meta(object)?);
            }
            for folder in &page.common_prefixes {
                folders.extend(self.folder(folder, "/")?);
            }
        }
        Ok(list_result(objects, folders.into_iter().collect()))
    }

    /// Requests all pages of a list. `prefix` is a folder.
    fn pages(
        &self,
        prefix: Option<&Path>,
        delimiter: Option<&'static str>,
    ) -> impl Stream<Item = Result<ListObjectsOutput>> + Send + 'static {
        let location = prefix.cloned().unwrap_or_default();
        let key_prefix = match location.as_ref() {
            "" => self.key_prefix(""),
            folder => self.key_prefix(&format!("{folder}/")),
        };
        let store = self.clone();
        let start = async move {
            let bucket = store.bucket_for(&location).await?;
            let mut call = bucket.list_objects().limit(LIMIT);
            if !key_prefix.is_empty() {
                call = call.prefix(key_prefix);
            }
            if let Some(delimiter) = delimiter {
                call = call.delimiter(delimiter);
            }
            let pages = call.pages();
            Ok::<_, Error>(pages.map_err(move |error| of_object(&location, error)))
        };
        stream::once(start).try_flatten()
    }

    /// Converts an object of a list; `None` if it is omitted.
    pub(super) fn meta(&self, object: ObjectSummary) -> Result<Option<ObjectMeta>> {
        // A folder marker: programs store it to show an empty folder.
        if object.key.ends_with('/') && object.size == 0 {
            return Ok(None);
        }
        let location = match self.location(&object.key) {
            Ok(location) => location,
            Err(error) => return self.unaddressable(&object.key, error),
        };
        let time = object.modified.or(object.created);
        let time = time.ok_or_else(|| generic("the list has an object without a time"))?;
        Ok(Some(ObjectMeta {
            location,
            last_modified: chrono_time(time)?,
            size: object.size,
            e_tag: quoted(object.etag),
            version: None,
        }))
    }

    /// Converts a common prefix of a list; `None` if it is omitted.
    pub(super) fn folder(&self, prefix: &str, delimiter: &str) -> Result<Option<Path>> {
        let name = prefix.strip_suffix(delimiter).unwrap_or(prefix);
        match self.location(name) {
            Ok(location) => Ok(Some(location)),
            Err(error) => self.unaddressable(prefix, error),
        }
    }

    /// Handles a key that a path cannot express.
    fn unaddressable<T>(&self, key: &str, error: path::Error) -> Result<Option<T>> {
        match self.options().on_unaddressable_key {
            OnUnaddressableKey::Error => Err(error.into()),
            OnUnaddressableKey::Skip => {
                tracing::warn!(key = ?key, %error, "the list omits a key that is not a valid path");
                Ok(None)
            }
        }
    }
}
