//! Faults of the service and the network beneath the store, for each version.

// A test may panic.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod site;

macro_rules! tests {
    ($version:ident) => {
        mod $version {
            use bytes::Bytes;
            use futures_util::{StreamExt, TryStreamExt, stream};
            use qingstor_object_store::$version::object_store::path::Path;
            use qingstor_object_store::$version::object_store::{
                Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload,
                WriteMultipart,
            };
            use qingstor_object_store::$version::{QingStorBuilder, QingStorStore};

            use crate::site::Site;

            /// More objects than one page of a list has.
            const OBJECTS: usize = 1_005;
            /// The smallest size of a part that is not the last one.
            const PART: usize = 4 << 20;

            async fn store() -> (Site, QingStorStore) {
                let site = Site::start().await;
                let store = QingStorBuilder::new().with_client(site.bucket.clone());
                let store = store.build().unwrap();
                (site, store)
            }

            async fn store_with_objects() -> (Site, QingStorStore) {
                let (site, store) = store().await;
                let puts = stream::iter(0..OBJECTS).map(|n| {
                    let put = site.bucket.put_object(format!("d/{n:04}"));
                    put.body("x").send()
                });
                let _: Vec<_> = puts.buffer_unordered(16).try_collect().await.unwrap();
                (site, store)
            }

            /// Content in which each byte differs from those at the same place of other parts.
            fn content(len: usize) -> Bytes {
                (0..len).map(|n| (n / 255 + n) as u8).collect()
            }

            #[tokio::test]
            async fn a_page_of_a_list_is_requested_again() {
                let (site, store) = store_with_objects().await;
                for fault in ["status=503", "reset=before", "reset=mid", "truncate=500"] {
                    let rule = format!("operation=ListObjects,after=1,times=1,{fault}");
                    site.faults(&[&rule]);
                    let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
                    let listed: Vec<_> = listed.iter().map(|meta| meta.location.as_ref()).collect();
                    let all: Vec<_> = (0..OBJECTS).map(|n| format!("d/{n:04}")).collect();
                    assert_eq!(listed, all, "{fault}");
                    assert_eq!(site.emulator.faults()[0].hits, 1, "{fault}");
                }
            }

            #[tokio::test]
            async fn a_list_whose_second_page_fails_is_an_error_after_the_first_page() {
                let (site, store) = store_with_objects().await;
                site.faults(&["operation=ListObjects,after=1,code=permission_denied"]);
                let mut results: Vec<_> = store.list(None).collect().await;
                let error = results.pop().unwrap().unwrap_err();
                assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
                assert_eq!(results.len(), 1_000);
                assert!(results.iter().all(Result::is_ok));

                site.faults(&["operation=ListObjects,after=1,code=permission_denied"]);
                let error = store.list_with_delimiter(Some(&Path::from("d"))).await;
                let error = error.unwrap_err();
                assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
            }

            #[tokio::test]
            async fn a_download_is_resumed_where_it_was_interrupted() {
                let (site, store) = store().await;
                let (path, content) = (Path::from("a"), content(3 << 20));
                store.put(&path, content.clone().into()).await.unwrap();
                for fault in ["reset=before", "reset=mid", "truncate=100000", "status=503"] {
                    site.faults(&[&format!("operation=GetObject,times=2,{fault}")]);
                    let found = store.get(&path).await.unwrap().bytes().await.unwrap();
                    assert!(found == content, "{fault}");
                    site.faults(&[&format!("operation=GetObject,times=2,{fault}")]);
                    let range = store.get_range(&path, 100..2_000_000).await.unwrap();
                    assert!(range == content[100..2_000_000], "{fault}");
                    site.faults(&[&format!("operation=GetObject,times=2,{fault}")]);
                    let far = [0..10, 2_500_000..3_000_000];
                    let ranges = store.get_ranges(&path, &far).await.unwrap();
                    assert!(ranges[0] == content[..10], "{fault}");
                    assert!(ranges[1] == content[2_500_000..3_000_000], "{fault}");
                }
            }

            #[tokio::test]
            async fn a_download_that_never_completes_is_an_error_and_not_shorter() {
                let (site, store) = store().await;
                let (path, content) = (Path::from("a"), content(1 << 20));
                store.put(&path, content.clone().into()).await.unwrap();
                site.faults(&["operation=GetObject,truncate=0"]);
                let result = store.get(&path).await.unwrap();
                result.bytes().await.unwrap_err();
                store.get_range(&path, 0..1000).await.unwrap_err();
                store.get_ranges(&path, &[0..1000]).await.unwrap_err();
            }

            #[tokio::test]
            async fn a_download_does_not_mix_two_objects() {
                let (site, store) = store().await;
                let (path, old) = (Path::from("a"), content(4 << 20));
                store.put(&path, old.clone().into()).await.unwrap();
                site.faults(&["operation=GetObject,times=1,reset=mid"]);
                let mut stream = store.get(&path).await.unwrap().into_stream();
                let first = stream.try_next().await.unwrap().unwrap();
                assert!(old.starts_with(&first));
                store.put(&path, vec![1; 4 << 20].into()).await.unwrap();
                let mut received = first.len();
                let error = loop {
                    match stream.try_next().await {
                        Ok(Some(chunk)) => {
                            assert!(old[received..].starts_with(&chunk));
                            received += chunk.len();
                        }
                        Ok(None) => panic!("the download succeeded"),
                        Err(error) => break error,
                    }
                };
                assert!(matches!(error, Error::Precondition { .. }), "{error}");
            }

            #[tokio::test]
            async fn parts_of_an_upload_are_sent_again() {
                let (site, store) = store().await;
                let content = content(2 * PART + 1000);
                for fault in [
                    "reset=before",
                    "reset=body",
                    "status=503",
                    "when=after,reset=before",
                ] {
                    let path = Path::from(fault.replace(['=', ','], "-"));
                    site.faults(&[
                        &format!("operation=UploadMultipart,after=1,times=2,{fault}"),
                        &format!("operation=CompleteMultipartUpload,times=1,{fault}"),
                        "operation=InitiateMultipartUpload,times=1,code=service_unavailable",
                    ]);
                    let upload = store.put_multipart(&path).await.unwrap();
                    let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
                    upload.put(content.clone());
                    upload.finish().await.unwrap();
                    let found = store.get(&path).await.unwrap().bytes().await.unwrap();
                    assert!(found == content, "{fault}");
                    let hits: u64 = site.emulator.faults()[0].hits;
                    assert_eq!(hits, 2, "{fault}");
                }
            }

            #[tokio::test]
            async fn an_upload_with_a_part_that_failed_cannot_be_completed() {
                let (site, store) = store().await;
                let path = Path::from("a");
                let mut upload = store.put_multipart(&path).await.unwrap();
                upload.put_part(content(PART).into()).await.unwrap();
                site.faults(&["operation=UploadMultipart,code=permission_denied"]);
                let error = upload.put_part("last".into()).await.unwrap_err();
                assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
                site.faults(&[]);
                upload.complete().await.unwrap_err();
                let missing = store.head(&path).await;
                assert!(matches!(missing, Err(Error::NotFound { .. })));
                upload.abort().await.unwrap();
                let uploads = site.bucket.list_multipart_uploads().await.unwrap();
                assert!(uploads.uploads.is_empty());
            }

            #[tokio::test]
            async fn a_damaged_upload_is_recognized_by_its_entity_tag() {
                let site = Site::start().await;
                let store = QingStorBuilder::new()
                    .with_client(site.bucket.clone())
                    .with_compute_content_md5(true)
                    .build()
                    .unwrap();
                let path = Path::from("a");
                site.faults(&["operation=PutObject,etag=wrong"]);
                store.put(&path, "foo".into()).await.unwrap_err();
                site.faults(&["operation=UploadMultipart,etag=wrong"]);
                let mut upload = store.put_multipart(&path).await.unwrap();
                upload.put_part("foo".into()).await.unwrap_err();
            }

            #[tokio::test]
            async fn writes_whose_response_is_lost_are_repeated_if_that_is_safe() {
                let (site, store) = store().await;
                let (a, b, c) = (Path::from("a"), Path::from("b"), Path::from("c"));
                let lost = |operation: &str| {
                    site.faults(&[&format!(
                        "operation={operation},times=1,when=after,reset=before"
                    )]);
                };
                lost("PutObject");
                store.put(&a, "foo".into()).await.unwrap();
                lost("PutObject");
                store.copy(&a, &b).await.unwrap();
                lost("DeleteMultipleObjects");
                store.delete(&b).await.unwrap();
                // A second move would not find the source.
                lost("PutObject");
                let error = store.rename(&a, &c).await.unwrap_err();
                assert!(matches!(error, Error::Generic { .. }), "{error}");
                let moved = store.get(&c).await.unwrap().bytes().await.unwrap();
                assert_eq!(moved, "foo");
            }

            #[tokio::test]
            async fn a_batch_of_deletions_that_fails_is_an_error_of_each_of_its_keys() {
                let (site, store) = store_with_objects().await;
                let paths: Vec<_> = (0..OBJECTS)
                    .map(|n| Path::from(format!("d/{n:04}")))
                    .collect();
                site.faults(&["operation=DeleteMultipleObjects,times=1,code=permission_denied"]);
                let input = stream::iter(paths.into_iter().map(Ok)).boxed();
                let results: Vec<_> = store.delete_stream(input).collect().await;
                assert_eq!(results.len(), OBJECTS);
                let failed = results
                    .iter()
                    .filter(|result| matches!(result, Err(Error::PermissionDenied { .. })));
                let failed = failed.count();
                assert!(failed == 1_000 || failed == 5, "{failed}");
                assert_eq!(store.list(None).count().await, failed);
            }

            #[tokio::test]
            async fn conditions_and_ranges_are_kept_by_a_repeated_request() {
                let (site, store) = store().await;
                let path = Path::from("a");
                let payload = PutPayload::from("0123456789");
                let tag = store.put(&path, payload).await.unwrap().e_tag;
                site.faults(&["operation=GetObject,times=2,status=503"]);
                let options = GetOptions::new()
                    .with_if_match(tag.clone())
                    .with_range(Some(GetRange::Suffix(3)));
                let result = store.get_opts(&path, options).await.unwrap();
                assert_eq!((result.range.clone(), result.meta.size), (7..10, 10));
                assert_eq!(result.bytes().await.unwrap(), "789");
                site.faults(&["operation=GetObject,times=2,status=503"]);
                let options = GetOptions::new().with_if_none_match(tag);
                let error = store.get_opts(&path, options).await.unwrap_err();
                assert!(matches!(error, Error::NotModified { .. }), "{error}");
            }
        }
    };
}

#[cfg(feature = "v0_13")]
tests!(v0_13);

#[cfg(feature = "v0_14")]
tests!(v0_14);
