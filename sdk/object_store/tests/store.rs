//! Behavior of the store that the suite of `object_store` does not test, for each version.

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
            use std::error::Error as _;
            use std::sync::Arc;

            use bytes::Bytes;
            use futures_util::{StreamExt, TryStreamExt, stream};
            use qingstor_object_store::$version::object_store::buffered::{BufReader, BufWriter};
            use qingstor_object_store::$version::object_store::path::Path;
            use qingstor_object_store::$version::object_store::{
                Attribute, Attributes, Error, GetOptions, GetRange, ObjectStore,
                ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, UpdateVersion,
                WriteMultipart,
            };
            use qingstor_object_store::$version::{QingStorBuilder, QingStorStore};
            use qingstor_object_store::qingstor_sdk;
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

            use crate::site::{Site, bucket_with_handler};

            fn store_of(bucket: qingstor_sdk::Bucket) -> QingStorStore {
                QingStorBuilder::new().with_client(bucket).build().unwrap()
            }

            async fn store() -> (Site, QingStorStore) {
                let site = Site::start().await;
                let store = store_of(site.bucket.clone());
                (site, store)
            }

            fn attributes() -> Attributes {
                Attributes::from_iter([
                    (Attribute::CacheControl, "max-age=604800"),
                    (
                        Attribute::ContentDisposition,
                        r#"attachment; filename="test.html""#,
                    ),
                    (Attribute::ContentEncoding, "gzip"),
                    (Attribute::ContentType, "text/html; charset=utf-8"),
                    (Attribute::StorageClass, "STANDARD_IA"),
                    (Attribute::Metadata("test_key".into()), "hello   world"),
                ])
            }

            /// They need a feature of `object_store` that users of the re-export cannot enable.
            #[tokio::test]
            async fn buffered_writers_and_readers_work() {
                let (_site, store) = store().await;
                let store = Arc::new(store);
                let path = Path::from("written");
                let mut writer = BufWriter::new(Arc::clone(&store) as _, path.clone());
                writer.write_all(&[7; 100]).await.unwrap();
                writer.shutdown().await.unwrap();
                let meta = store.head(&path).await.unwrap();
                let mut content = Vec::new();
                let mut reader = BufReader::new(Arc::clone(&store) as _, &meta);
                reader.read_to_end(&mut content).await.unwrap();
                assert_eq!(content, [7; 100]);

                let path = Path::from("parts");
                let upload = store.put_multipart(&path).await.unwrap();
                let mut writer = WriteMultipart::new_with_chunk_size(upload, 6 << 20);
                for byte in 0..4 {
                    writer.write(&vec![byte; 3 << 20]);
                }
                writer.finish().await.unwrap();
                assert_eq!(store.head(&path).await.unwrap().size, 12 << 20);
            }

            #[tokio::test]
            async fn all_attributes_of_the_service_are_kept() {
                let (_site, store) = store().await;
                let path = Path::from("a");
                let options = PutOptions::from(attributes());
                store.put_opts(&path, "foo".into(), options).await.unwrap();
                let get = store.get(&path).await.unwrap();
                assert_eq!(get.attributes, attributes());
                let head = GetOptions::new().with_head(true);
                let head = store.get_opts(&path, head).await.unwrap();
                assert_eq!(head.attributes, attributes());
                for target in [Path::from("copy"), Path::from("renamed")] {
                    match target.as_ref() {
                        "copy" => store.copy(&path, &target).await.unwrap(),
                        _ => store.rename(&Path::from("copy"), &target).await.unwrap(),
                    }
                    let get = store.get(&target).await.unwrap();
                    assert_eq!(get.attributes, attributes(), "{target}");
                }

                let path = Path::from("b");
                let options = PutMultipartOptions::from(attributes());
                let mut upload = store.put_multipart_opts(&path, options).await.unwrap();
                // Without parts, the object is empty, but has the attributes.
                upload.complete().await.unwrap();
                let get = store.get(&path).await.unwrap();
                assert_eq!(get.attributes, attributes());
                assert_eq!(get.bytes().await.unwrap(), "");
            }

            #[tokio::test]
            async fn refuses_what_the_service_cannot_do() {
                let (site, store) = store().await;
                let path = Path::from("a");
                let before = site.served_in_total();
                let language = Attributes::from_iter([(Attribute::ContentLanguage, "en")]);
                let version = UpdateVersion {
                    e_tag: Some("\"a\"".into()),
                    version: None,
                };
                for options in [
                    PutOptions::from(PutMode::Create),
                    PutMode::Update(version).into(),
                    language.clone().into(),
                ] {
                    let error = store.put_opts(&path, "a".into(), options).await;
                    let error = error.unwrap_err();
                    assert!(matches!(error, Error::NotImplemented { .. }), "{error}");
                }
                let upload = store.put_multipart_opts(&path, language.into()).await;
                assert!(matches!(upload, Err(Error::NotImplemented { .. })));
                for result in [
                    store.copy_if_not_exists(&path, &Path::from("b")).await,
                    store.rename_if_not_exists(&path, &Path::from("b")).await,
                ] {
                    assert!(matches!(result, Err(Error::NotImplemented { .. })));
                }
                assert_eq!(site.served_in_total(), before);
            }

            #[tokio::test]
            async fn entity_tags_have_quotes_everywhere() {
                let (_site, store) = store().await;
                let path = Path::from("a");
                let put = store.put(&path, "foo".into()).await.unwrap();
                let tag = put.e_tag.unwrap();
                assert_eq!(tag, "\"acbd18db4cc2f85cedef654fccc4a4d8\"");
                let tags = [
                    store.head(&path).await.unwrap().e_tag,
                    store.get(&path).await.unwrap().meta.e_tag,
                    store.list(None).try_next().await.unwrap().unwrap().e_tag,
                ];
                for found in tags {
                    assert_eq!(found.as_ref(), Some(&tag));
                }
                let mut upload = store.put_multipart(&path).await.unwrap();
                upload.put_part("foo".into()).await.unwrap();
                let tag = upload.complete().await.unwrap().e_tag;
                assert!(tag.as_ref().unwrap().ends_with("-1\""), "{tag:?}");
                assert_eq!(store.head(&path).await.unwrap().e_tag, tag);
            }

            #[tokio::test]
            async fn sends_the_chunks_of_a_payload_in_order_and_again() {
                let (site, store) = store().await;
                let path = Path::from("a");
                let chunks = ["one ", "", "object ", "in chunks"].map(Bytes::from);
                let payload = PutPayload::from_iter(chunks);
                site.faults(&["operation=PutObject,times=2,reset=before"]);
                let compute = QingStorBuilder::new().with_client(site.bucket.clone());
                let compute = compute.with_compute_content_md5(true).build().unwrap();
                for store in [store, compute] {
                    store.put(&path, payload.clone()).await.unwrap();
                    let content = store.get(&path).await.unwrap().bytes().await.unwrap();
                    assert_eq!(content, "one object in chunks");
                }
            }

            #[tokio::test]
            async fn a_rename_is_one_request_and_keeps_an_object_that_is_renamed_to_itself() {
                let (site, store) = store().await;
                let (a, b) = (Path::from("a"), Path::from("b"));
                store.put(&a, "foo".into()).await.unwrap();
                let before = site.served_in_total();
                store.rename(&a, &b).await.unwrap();
                assert_eq!(site.served_in_total(), before + 1);
                store.rename(&b, &b).await.unwrap();
                store.copy(&b, &b).await.unwrap();
                assert_eq!(store.head(&b).await.unwrap().size, 3);
                let missing = store.rename(&a, &a).await;
                assert!(matches!(missing, Err(Error::NotFound { .. })));
            }

            #[tokio::test]
            async fn empty_and_suffix_ranges() {
                let (_site, store) = store().await;
                let (empty, full) = (Path::from("empty"), Path::from("full"));
                store.put(&empty, "".into()).await.unwrap();
                store.put(&full, "0123456789".into()).await.unwrap();
                for (path, range, expected) in [
                    (&empty, GetRange::Suffix(5), Some(0..0)),
                    (&empty, GetRange::Suffix(0), Some(0..0)),
                    (&empty, GetRange::Offset(0), None),
                    (&empty, GetRange::Bounded(0..1), None),
                    (&full, GetRange::Suffix(0), Some(10..10)),
                    (&full, GetRange::Suffix(u64::MAX), Some(0..10)),
                    (&full, GetRange::Offset(0), Some(0..10)),
                    (&full, GetRange::Offset(10), None),
                    (&full, GetRange::Bounded(3..3), None),
                    #[allow(clippy::reversed_empty_ranges)]
                    (&full, GetRange::Bounded(4..3), None),
                    (&full, GetRange::Bounded(9..u64::MAX), Some(9..10)),
                ] {
                    let options = GetOptions::new().with_range(Some(range.clone()));
                    let result = store.get_opts(path, options.clone()).await;
                    let head = store.get_opts(path, options.with_head(true)).await;
                    let Some(expected) = expected else {
                        result.unwrap_err();
                        head.unwrap_err();
                        continue;
                    };
                    let result = result.unwrap();
                    assert_eq!(head.unwrap().range, expected);
                    assert_eq!(result.range, expected, "{path} {range:?}");
                    let size = if path == &empty { 0 } else { 10 };
                    assert_eq!(result.meta.size, size);
                    let len = usize::try_from(expected.end - expected.start).unwrap();
                    assert_eq!(result.bytes().await.unwrap().len(), len);
                }
                #[allow(clippy::reversed_empty_ranges)]
                for ranges in [vec![0..4, 200..300], vec![10..11], vec![4..3], vec![3..3]] {
                    store.get_ranges(&full, &ranges).await.unwrap_err();
                }
                assert!(store.get_ranges(&full, &[]).await.unwrap().is_empty());
            }

            #[tokio::test]
            async fn close_ranges_are_one_request() {
                let (site, store) = store().await;
                let path = Path::from("a");
                let content = vec![7; 3 << 20];
                store.put(&path, content.into()).await.unwrap();
                let far = 2 << 20;
                let ranges = [far..far + 5, 0..10, 1000..1010, 5..20];
                let found = store.get_ranges(&path, &ranges).await.unwrap();
                let lengths: Vec<usize> = found.iter().map(Bytes::len).collect();
                assert_eq!(lengths, [5, 10, 10, 15]);
                assert_eq!(site.served("GetObject"), 2);
            }

            #[tokio::test]
            async fn ranges_are_pinned_to_one_object() {
                // A weak tag never matches a condition.
                for (etag, if_match) in [
                    ("\"a\"", Some("\"a\"")),
                    ("W/\"a\"", None),
                    ("w/\"a\"", None),
                ] {
                    let (bucket, received) = bucket_with_handler(move |number, received| {
                        let range = received.range.as_deref().unwrap();
                        let range = range.strip_prefix("bytes=").unwrap();
                        let response = http::Response::builder()
                            .header("etag", etag)
                            .header("last-modified", "Sun, 16 Aug 2015 09:05:00 GMT")
                            .header("content-range", format!("bytes {range}/9000000"));
                        match number {
                            0 => response.status(206).body("abc".into()).unwrap(),
                            _ => response.status(412).body(String::new()).unwrap(),
                        }
                    });
                    let far = [0..3, 4_000_000..4_000_003, 8_000_000..8_000_003];
                    let result = store_of(bucket).get_ranges(&Path::from("k"), &far).await;
                    let error = result.unwrap_err();
                    assert!(matches!(error, Error::Precondition { .. }), "{error}");
                    let received = received.lock().unwrap();
                    assert!(received.len() > 1);
                    assert_eq!(received[0].if_match, None);
                    for other in &received[1..] {
                        assert_eq!(other.if_match.as_deref(), if_match);
                    }
                }
            }

            #[tokio::test]
            async fn a_range_that_the_service_ignores_is_an_error() {
                let (bucket, _) = bucket_with_handler(|_, _| {
                    http::Response::builder()
                        .header("etag", "\"a\"")
                        .header("last-modified", "Sun, 16 Aug 2015 09:05:00 GMT")
                        .header("content-length", "5")
                        .body("01234".into())
                        .unwrap()
                });
                let store = store_of(bucket);
                let path = Path::from("k");
                store.get_range(&path, 1..3).await.unwrap_err();
                assert_eq!(store.get_range(&path, 0..5).await.unwrap(), "01234");
            }

            #[tokio::test]
            async fn deletes_in_batches_with_results_in_order() {
                let (site, store) = store().await;
                let paths: Vec<Path> = (0..2_001).map(|n| Path::from(format!("d/{n}"))).collect();
                store.put(&paths[7], "foo".into()).await.unwrap();
                let failing = Err(Error::NotSupported { source: "later".into() });
                let input = paths.iter().cloned().map(Ok).chain([failing]);
                let input = stream::iter(input.collect::<Vec<_>>()).boxed();
                let output: Vec<_> = store.delete_stream(input).collect().await;
                assert_eq!(output.len(), paths.len() + 1);
                for (path, result) in paths.iter().zip(&output) {
                    assert_eq!(result.as_ref().unwrap(), path);
                }
                assert!(matches!(output[2_001], Err(Error::NotSupported { .. })));
                assert_eq!(site.served("DeleteMultipleObjects"), 3);
                let missing = store.head(&paths[7]).await;
                assert!(matches!(missing, Err(Error::NotFound { .. })));
            }

            #[tokio::test]
            async fn a_deletion_reports_errors_by_key() {
                let (bucket, _) = bucket_with_handler(|_, _| {
                    let body = r#"{"deleted":[{"key":"c"},{"key":"a"}],"errors":[
                        {"key":"b","code":"permission_denied","message":"no"}]}"#;
                    let response = http::Response::builder().header("x-qs-request-id", "3f2c");
                    response.body(body.into()).unwrap()
                });
                let paths = ["a", "b", "c", "lost", ""].map(|path| Ok(Path::from(path)));
                let input = stream::iter(paths).boxed();
                let output: Vec<_> = store_of(bucket).delete_stream(input).collect().await;
                assert_eq!(output.len(), 5);
                assert_eq!(output[0].as_ref().unwrap().as_ref(), "a");
                assert!(matches!(&output[1], Err(Error::PermissionDenied { path, .. }) if path == "b"));
                assert_eq!(output[2].as_ref().unwrap().as_ref(), "c");
                output[3].as_ref().unwrap_err();
                output[4].as_ref().unwrap_err();
                // The request succeeded, so the source is not an error of the SDK, but has its ID.
                for result in &output[1..4] {
                    let Err(error) = result else { continue };
                    let source = error.source().unwrap();
                    let source = source.downcast_ref::<qingstor_sdk::DeleteError>().unwrap();
                    assert_eq!(source.request_id.as_deref(), Some("3f2c"));
                    assert!(error.to_string().contains("request id 3f2c"), "{error}");
                }
            }

            #[tokio::test]
            async fn errors_keep_the_error_of_the_sdk() {
                let (site, store) = store().await;
                let error = store.get(&Path::from("missing")).await.unwrap_err();
                assert!(matches!(&error, Error::NotFound { path, .. } if path == "missing"));
                let source = error.source().unwrap();
                let source = source.downcast_ref::<qingstor_sdk::Error>().unwrap();
                assert!(source.is_not_found() && source.request_id().is_some());

                let builder = QingStorBuilder::new()
                    .with_url("qs://store-bucket")
                    .with_zone("pek3a")
                    .with_endpoint(site.emulator.endpoint());
                let anonymous = builder.clone().with_skip_signature(true).build().unwrap();
                let error = anonymous.get(&Path::from("a")).await.unwrap_err();
                assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
                let id = site.emulator.access_key_id();
                let wrong = builder.with_access_key_id(id).with_secret_access_key("wrong");
                let error = wrong.build().unwrap().list(None).try_next().await;
                let error = error.unwrap_err();
                assert!(matches!(error, Error::Unauthenticated { .. }), "{error}");
            }

            #[tokio::test]
            async fn a_lost_response_to_the_completion_is_not_an_error() {
                let (site, store) = store().await;
                let path = Path::from("a");
                let mut upload = store.put_multipart(&path).await.unwrap();
                let part = upload.put_part("foo".into());
                // A part that was not awaited is missing.
                upload.complete().await.unwrap_err();
                part.await.unwrap();
                site.faults(&["operation=CompleteMultipartUpload,when=after,reset=before"]);
                let put = upload.complete().await.unwrap();
                assert_eq!(store.head(&path).await.unwrap().e_tag, put.e_tag);
            }
        }
    };
}

#[cfg(feature = "v0_13")]
tests!(v0_13);

#[cfg(feature = "v0_14")]
tests!(v0_14);
