//! Lists.

use std::collections::BTreeSet;
use std::future::ready;

use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt, TryStreamExt};
use qingstor_sdk::ListObjectsAsOutput;
use serde::Deserialize;

use super::error::{generic, of_object};
use super::get::chrono_time;
use super::object_store::path::{self, Path};
use super::object_store::{Error, ListResult, ObjectMeta, Result};
use super::results::list_result;
use super::store::{QingStorStore, quoted};
use crate::policy::OnUnaddressableKey;

/// Number of objects to request at once. The service may return fewer.
pub(super) const LIMIT: u32 = 1000;

/// A page of a list.
type Page = ListObjectsAsOutput<ListedObject>;

/// The fields of a listed object that the store needs. Decoding the others would take a quarter of the
/// time of a list.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ListedObject {
    key: String,
    size: u64,
    etag: String,
    /// Unix seconds.
    modified: Option<i64>,
}

impl QingStorStore {
    pub(super) fn list_all(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.in_order(self.list_unsorted(prefix))
    }

    fn list_unsorted(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
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
        let list = self.list_unsorted(prefix);
        let list = list.try_filter(move |meta| ready(meta.location > offset));
        self.in_order(list.boxed())
    }

    /// Sorts a list, if that is set.
    fn in_order(
        &self,
        list: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        if !self.options().sorted_lists {
            return list;
        }
        let sorted = async move {
            let mut objects: Vec<_> = list.try_collect().await?;
            sort(&mut objects);
            Ok::<_, Error>(stream::iter(objects.into_iter().map(Ok)))
        };
        stream::once(sorted).try_flatten().boxed()
    }

    pub(super) async fn list_folder(&self, prefix: Option<&Path>) -> Result<ListResult> {
        // The service caches the folders of a list with a delimiter, so new ones may be missing.
        let delimiter = self.options().cached_folders.then_some("/");
        let key_prefix = self.folder_prefix(prefix);
        let mut pages = std::pin::pin!(self.pages(prefix, delimiter));
        let (mut objects, mut key_prefixes) = (Vec::new(), BTreeSet::new());
        while let Some(page) = pages.try_next().await? {
            key_prefixes.extend(page.common_prefixes().iter().cloned());
            for object in page.keys {
                match first_folder(&object.key, &key_prefix) {
                    Some(folder) if !key_prefixes.contains(folder) => {
                        key_prefixes.insert(folder.to_owned());
                    }
                    Some(_) => {}
                    None => objects.extend(self.meta(object)?),
                }
            }
        }
        if self.options().sorted_lists {
            sort(&mut objects);
        }
        let mut folders = BTreeSet::new();
        for key_prefix in key_prefixes {
            folders.extend(self.folder(&key_prefix)?);
        }
        Ok(list_result(objects, folders.into_iter().collect()))
    }

    /// Returns the prefix of the keys in a folder.
    fn folder_prefix(&self, folder: Option<&Path>) -> String {
        match folder.map_or("", |folder| folder.as_ref()) {
            "" => self.key_prefix(""),
            folder => self.key_prefix(&format!("{folder}/")),
        }
    }

    /// Requests all pages of a list. `prefix` is a folder.
    fn pages(
        &self,
        prefix: Option<&Path>,
        delimiter: Option<&'static str>,
    ) -> impl Stream<Item = Result<Page>> + Send + 'static {
        let location = prefix.cloned().unwrap_or_default();
        let key_prefix = self.folder_prefix(prefix);
        let store = self.clone();
        let start = async move {
            let bucket = store.bucket_for(&location).await?;
            let mut call = bucket.list_objects().limit(LIMIT);
            if !key_prefix.is_empty() {
                call = call.prefix(&*key_prefix);
            }
            if let Some(delimiter) = delimiter {
                call = call.delimiter(delimiter);
            }
            let pages = call.objects_as::<ListedObject>().pages();
            let pages = pages.map_err(move |error| of_object(&location, error));
            Ok::<_, Error>(pages.and_then(move |page| ready(check_prefix(page, &key_prefix))))
        };
        stream::once(start).try_flatten()
    }

    /// Converts an object of a list; `None` if it is omitted.
    pub(super) fn meta(&self, object: ListedObject) -> Result<Option<ObjectMeta>> {
        // A folder marker: programs store it to show an empty folder.
        if object.key.ends_with('/') && object.size == 0 {
            return Ok(None);
        }
        let location = match self.location(&object.key) {
            Ok(location) => location,
            Err(error) => return self.unaddressable(&object.key, error),
        };
        let no_time = || generic(format!("listed object `{}` has no time", object.key));
        let modified = object.modified.ok_or_else(no_time)?;
        Ok(Some(ObjectMeta {
            location,
            last_modified: chrono_time(modified)?,
            size: object.size,
            e_tag: quoted(object.etag),
            version: None,
        }))
    }

    /// Converts a common prefix of a list; `None` if it is omitted. A `/` at its end separates names,
    /// but any other delimiter is a part of the last name.
    pub(super) fn folder(&self, prefix: &str) -> Result<Option<Path>> {
        let name = prefix.strip_suffix('/').unwrap_or(prefix);
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

/// Returns the page, or an error if a key does not have the prefix of the list. The SDK checks the common
/// prefixes.
fn check_prefix(page: Page, prefix: &str) -> Result<Page> {
    match page
        .keys
        .iter()
        .find(|object| !object.key.starts_with(prefix))
    {
        Some(ListedObject { key, .. }) => {
            let text = format!("the list contains {key:?}, which does not have the prefix");
            Err(generic(text))
        }
        None => Ok(page),
    }
}

/// Returns the prefix of the folder below `prefix` that contains the key, with `/` at its end; `None` if
/// there is none.
fn first_folder<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    let slash = key.strip_prefix(prefix)?.find('/')?;
    key.get(..=prefix.len() + slash)
}

/// Sorts objects by the bytes of their paths.
fn sort(objects: &mut [ObjectMeta]) {
    objects.sort_unstable_by(|a, b| a.location.cmp(&b.location));
}
