//! The store for `object_store` 0.13.

pub use object_store_0_13 as object_store;

#[path = "adapter/attributes.rs"]
mod attributes;
#[path = "adapter/builder.rs"]
mod builder;
#[path = "adapter/conditional.rs"]
mod conditional;
#[path = "adapter/delete.rs"]
mod delete;
#[path = "adapter/error.rs"]
mod error;
#[path = "adapter/get.rs"]
mod get;
#[path = "adapter/list.rs"]
mod list;
#[path = "adapter/multipart.rs"]
mod multipart;
#[path = "adapter/paginated.rs"]
mod paginated;
#[cfg(feature = "signer")]
#[path = "adapter/signer.rs"]
mod signer;
#[path = "adapter/store.rs"]
mod store;

pub use builder::QingStorBuilder;
pub use store::QingStorStore;

/// Constructors for results whose fields depend on the version.
mod results {
    use std::ops::Range;

    use super::object_store::{
        Attributes, GetResult, GetResultPayload, ListResult, ObjectMeta, PutResult, path::Path,
    };

    pub(super) fn put_result(e_tag: Option<String>, version: Option<String>) -> PutResult {
        PutResult { e_tag, version }
    }

    pub(super) fn get_result(
        payload: GetResultPayload,
        meta: ObjectMeta,
        range: Range<u64>,
        attributes: Attributes,
    ) -> GetResult {
        GetResult {
            payload,
            meta,
            range,
            attributes,
        }
    }

    pub(super) fn list_result(objects: Vec<ObjectMeta>, common_prefixes: Vec<Path>) -> ListResult {
        ListResult {
            common_prefixes,
            objects,
        }
    }
}

mod multipart_store {
    use async_trait::async_trait;

    use super::QingStorStore;
    use super::object_store::multipart::{MultipartStore, PartId};
    use super::object_store::path::Path;
    use super::object_store::{MultipartId, PutMultipartOptions, PutPayload, PutResult, Result};

    #[async_trait]
    impl MultipartStore for QingStorStore {
        async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
            self.initiate_upload(path, PutMultipartOptions::default())
                .await
        }

        async fn put_part(
            &self,
            path: &Path,
            id: &MultipartId,
            part_idx: usize,
            data: PutPayload,
        ) -> Result<PartId> {
            self.upload_part(path, id, part_idx, data).await
        }

        async fn complete_multipart(
            &self,
            path: &Path,
            id: &MultipartId,
            parts: Vec<PartId>,
        ) -> Result<PutResult> {
            self.complete_upload(path, id, parts).await
        }

        async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
            self.abort_upload(path, id).await
        }
    }
}
