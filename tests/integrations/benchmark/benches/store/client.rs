//! The clients, with the same operations.

use std::sync::LazyLock;

use futures_util::future::{BoxFuture, try_join_all};
use futures_util::{FutureExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use qingstor_object_store::qingstor_sdk::Body;
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{Bucket, Result};

use crate::server::{PARTS, SMALL};

/// The key of the object, as `object_store` has it. Programs have it from a list, or keep it.
static PATH: LazyLock<Path> = LazyLock::new(|| Path::from("logs/object"));

/// A part of an upload.
static PART: LazyLock<PutPayload> = LazyLock::new(|| vec![b'x'; 8 << 20].into());

/// A measured operation.
pub(crate) trait Client {
    /// Reads an object, and returns its size.
    fn get(&self) -> BoxFuture<'_, usize>;
    fn put(&self) -> BoxFuture<'_, ()>;
    /// Returns the number of listed keys.
    fn list(&self) -> BoxFuture<'_, usize>;
    fn multipart(&self) -> BoxFuture<'_, ()>;
}

/// The SDK without an adapter.
pub(crate) struct Sdk(pub(crate) Bucket);

impl Client for Sdk {
    fn get(&self) -> BoxFuture<'_, usize> {
        async {
            let output = self.0.get_object("logs/object").await.expect("a response");
            output.body.bytes().await.expect("content").len()
        }
        .boxed()
    }

    fn put(&self) -> BoxFuture<'_, ()> {
        async {
            let put = self.0.put_object("logs/object").body(vec![b'x'; SMALL]);
            assert!(!put.await.expect("a response").etag.is_empty());
        }
        .boxed()
    }

    fn list(&self) -> BoxFuture<'_, usize> {
        async {
            let list = self.0.list_objects().prefix("logs/").limit(1000);
            let objects: Vec<_> = list.items().try_collect().await.expect("a list");
            objects.len()
        }
        .boxed()
    }

    fn multipart(&self) -> BoxFuture<'_, ()> {
        async {
            let upload = async {
                let (bucket, key) = (&self.0, "logs/object");
                let id = bucket.initiate_multipart_upload(key).await?.upload_id;
                let parts = (1..=PARTS).map(|number| {
                    let id = &id;
                    async move {
                        let [chunk] = PART.as_ref() else {
                            unreachable!("a payload of one chunk")
                        };
                        let body = Body::from(chunk.clone());
                        let output = bucket.upload_multipart(key, id, number).body(body).await?;
                        Result::Ok(ObjectPart::new(number).etag(output.etag))
                    }
                });
                let parts = try_join_all(parts).await?;
                bucket.complete_upload(key, &id, parts).await
            };
            assert!(!upload.await.expect("an object").etag.is_empty());
        }
        .boxed()
    }
}

/// A store of the crate `object_store`.
pub(crate) struct ObjectStoreClient(pub(crate) Box<dyn ObjectStore>);

impl Client for ObjectStoreClient {
    fn get(&self) -> BoxFuture<'_, usize> {
        async {
            let result = self.0.get(&PATH).await;
            let content = result.expect("a response").bytes().await;
            content.expect("content").len()
        }
        .boxed()
    }

    fn put(&self) -> BoxFuture<'_, ()> {
        async {
            let payload = vec![b'x'; SMALL].into();
            let put = self.0.put(&PATH, payload).await;
            assert!(put.expect("a response").e_tag.is_some());
        }
        .boxed()
    }

    fn list(&self) -> BoxFuture<'_, usize> {
        async {
            let list = self.0.list(Some(&Path::from("logs")));
            let objects: Vec<_> = list.try_collect().await.expect("a list");
            objects.len()
        }
        .boxed()
    }

    fn multipart(&self) -> BoxFuture<'_, ()> {
        async {
            let upload = self.0.put_multipart(&PATH).await;
            let mut upload = upload.expect("an upload");
            let parts = (1..=PARTS).map(|_| upload.put_part(PART.clone()));
            let parts: Vec<_> = parts.collect();
            try_join_all(parts).await.expect("parts");
            let object = upload.complete().await.expect("an object");
            assert!(object.e_tag.is_some());
        }
        .boxed()
    }
}
