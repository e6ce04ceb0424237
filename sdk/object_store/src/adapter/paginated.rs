//! Lists by page.

use async_trait::async_trait;

use super::error::of_object;
use super::list::{LIMIT, ListedObject};
use super::object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use super::object_store::path::Path;
use super::object_store::{ObjectMeta, Result};
use super::results::list_result;
use super::store::QingStorStore;

#[async_trait]
impl PaginatedListStore for QingStorStore {
    /// Requests one page. `page_token` is the marker of the service. `offset` is applied by the client,
    /// so that a page can be empty although there is another one.
    async fn list_paginated(
        &self,
        prefix: Option<&str>,
        options: PaginatedListOptions,
    ) -> Result<PaginatedListResult> {
        let limit = options.max_keys.map_or(LIMIT, |keys| {
            u32::try_from(keys).unwrap_or(LIMIT).min(LIMIT)
        });
        if limit == 0 {
            return Ok(PaginatedListResult {
                result: list_result(Vec::new(), Vec::new()),
                page_token: options.page_token,
            });
        }
        let bucket = self.bucket().await?;
        let mut call = bucket.list_objects().limit(limit);
        let prefix = self.key_prefix(prefix.unwrap_or_default());
        if !prefix.is_empty() {
            call = call.prefix(prefix);
        }
        if let Some(delimiter) = &options.delimiter {
            call = call.delimiter(delimiter.as_ref());
        }
        if let Some(token) = options.page_token {
            call = call.marker(token);
        }
        let mut pages = call.objects_as::<ListedObject>().pages();
        let page = pages.next().await.transpose();
        let page = page.map_err(|error| of_object(&Path::ROOT, error))?;
        let next = pages.next_call();
        let page_token = next.and_then(|call| call.input().list().marker.clone());

        let offset = options.offset.as_deref();
        let is_after = |text: &str| offset.is_none_or(|offset| text > offset);
        let delimiter = options.delimiter.as_deref().unwrap_or_default();
        let mut folders = Vec::new();
        let key_prefixes = page.iter().flat_map(|page| page.common_prefixes());
        for key_prefix in key_prefixes {
            let folder = self.folder(key_prefix)?;
            // A folder that contains the offset may also contain later keys.
            folders.extend(folder.filter(|folder| {
                let text = match delimiter {
                    "/" => format!("{folder}/"),
                    _ => folder.to_string(),
                };
                is_after(&text) || offset.is_some_and(|offset| offset.starts_with(&text))
            }));
        }
        let mut objects: Vec<ObjectMeta> = Vec::new();
        for object in page.into_iter().flat_map(|page| page.keys) {
            let meta = self.meta(object)?;
            objects.extend(meta.filter(|meta| is_after(meta.location.as_ref())));
        }
        Ok(PaginatedListResult {
            result: list_result(objects, folders),
            page_token,
        })
    }
}
