//! Lists of the store, for each version.

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
            use futures_util::{StreamExt, TryStreamExt, stream};
            use qingstor_object_store::$version::object_store::list::{
                PaginatedListOptions, PaginatedListStore,
            };
            use qingstor_object_store::$version::object_store::path::Path;
            use qingstor_object_store::$version::object_store::{Error, ObjectMeta, ObjectStore};
            use qingstor_object_store::$version::{QingStorBuilder, QingStorStore};
            use qingstor_object_store::{OnUnaddressableKey, qingstor_sdk};

            use crate::site::{Site, bucket_with_handler};

            fn store_of(bucket: qingstor_sdk::Bucket) -> QingStorStore {
                QingStorBuilder::new().with_client(bucket).build().unwrap()
            }

            async fn store() -> (Site, QingStorStore) {
                let site = Site::start().await;
                let store = store_of(site.bucket.clone());
                (site, store)
            }

            #[tokio::test]
            async fn a_list_with_a_key_outside_of_the_prefix_is_an_error() {
                for list in [
                    r#"{"keys":[{"key":"p/a","modified":1},{"key":"other","modified":1}]}"#,
                    r#"{"keys":[{"key":"p/a","modified":1}],"common_prefixes":["other/"]}"#,
                ] {
                    let (bucket, _) =
                        bucket_with_handler(move |_, _| http::Response::new(list.to_owned()));
                    let (store, folder) = (store_of(bucket), Path::from("p"));
                    let results: Vec<_> = store.list(Some(&folder)).collect().await;
                    assert!(matches!(&results[..], [Err(_)]), "{results:?}");
                    let listed = store.list_with_delimiter(Some(&folder)).await;
                    assert!(listed.is_err(), "{listed:?}");
                }
            }

            /// A list with every kind of key that a path cannot express, unsorted.
            const HOSTILE_LIST: &str = r#"{"keys":[
                {"key":"z","size":1,"etag":"tag","modified":1471878212},
                {"key":"/leading","size":1,"modified":1471878212},
                {"key":"a//b","size":1,"modified":1471878212},
                {"key":"a/./b","size":1,"modified":1471878212},
                {"key":"../b","size":1,"modified":1471878212},
                {"key":"a\nb","size":1,"modified":1471878212},
                {"key":"content/","size":1,"modified":1471878212},
                {"key":"marker/","size":0,"modified":1471878212},
                {"key":"a/%2e/..b","size":2,"etag":"\"tag\"","modified":1471878212}
            ],"common_prefixes":["/","x//","./","d/","c/","d/"],"has_more":false}"#;

            #[tokio::test]
            async fn a_list_omits_keys_that_are_not_paths() {
                let (bucket, _) =
                    bucket_with_handler(|_, _| http::Response::new(HOSTILE_LIST.into()));
                let store = store_of(bucket.clone());
                let all: Vec<_> = store.list(None).try_collect().await.unwrap();
                let found: Vec<_> = all.iter().map(|meta| meta.location.as_ref()).collect();
                assert_eq!(found, ["z", "a/%2e/..b"]);
                let tags: Vec<_> = all.iter().map(|meta| meta.e_tag.as_deref()).collect();
                assert_eq!(tags, [Some("\"tag\""); 2]);
                let after = store.list_with_offset(None, &Path::from("b"));
                let after: Vec<_> = after.try_collect().await.unwrap();
                assert_eq!(after, &all[..1]);
                let folder = store.list_with_delimiter(None).await.unwrap();
                assert_eq!(folder.objects, all[..1]);
                let folders = ["a", "c", "content", "d", "marker"].map(Path::from);
                assert_eq!(folder.common_prefixes, folders);

                let strict = QingStorBuilder::new().with_client(bucket);
                let strict = strict.with_on_unaddressable_key(OnUnaddressableKey::Error);
                let strict = strict.build().unwrap();
                let results: Vec<_> = strict.list(None).collect().await;
                let errors = results
                    .iter()
                    .filter(|result| matches!(result, Err(Error::InvalidPath { .. })));
                // Not the folder marker.
                assert_eq!(errors.count(), 6);
                assert_eq!(results.len(), 8);
                let folder = strict.list_with_delimiter(None).await;
                assert!(matches!(folder, Err(Error::InvalidPath { .. })));
            }

            #[tokio::test]
            async fn a_sorted_list_is_in_the_order_of_paths() {
                let (bucket, received) = bucket_with_handler(|number, _| {
                    http::Response::new(match number % 2 {
                        0 => r#"{"keys":[{"key":"b","size":1,"modified":1},
                                {"key":"a/c","size":1,"modified":1},
                                {"key":"a b","size":1,"modified":1}],
                                "has_more":true,"next_marker":"?"}"#
                            .into(),
                        _ => r#"{"keys":[{"key":"a","size":1,"modified":1}]}"#.into(),
                    })
                });
                let store = QingStorBuilder::new().with_client(bucket);
                let store = store.with_config("sorted_lists", "true").build().unwrap();
                let locations = |metas: Vec<ObjectMeta>| {
                    let locations = metas.into_iter().map(|meta| meta.location.to_string());
                    locations.collect::<Vec<_>>()
                };
                let all = store.list(None).try_collect().await.unwrap();
                assert_eq!(locations(all), ["a", "a b", "a/c", "b"]);
                let after = store.list_with_offset(None, &Path::from("a"));
                let after = after.try_collect().await.unwrap();
                assert_eq!(locations(after), ["a b", "a/c", "b"]);
                let folder = store.list_with_delimiter(None).await.unwrap();
                assert_eq!(locations(folder.objects), ["a", "a b", "b"]);
                assert_eq!(folder.common_prefixes, [Path::from("a")]);
                assert_eq!(received.lock().unwrap().len(), 6);
            }

            #[tokio::test]
            async fn a_list_contains_neither_folder_markers_nor_other_prefixes() {
                let (site, store) = store().await;
                for key in ["f/", "f/a", "f/sub/", "f/sub/b", "f//c", "fa", "f/sub//d"] {
                    let body = if key.ends_with('/') { "" } else { "x" };
                    site.bucket.put_object(key).body(body).await.unwrap();
                }
                let prefix = Path::from("f");
                let all: Vec<_> = store.list(Some(&prefix)).try_collect().await.unwrap();
                let found: Vec<_> = all.iter().map(|meta| meta.location.as_ref()).collect();
                assert_eq!(found, ["f/a", "f/sub/b"]);
                let folder = store.list_with_delimiter(Some(&prefix)).await.unwrap();
                assert_eq!(folder.common_prefixes, [Path::from("f/sub")]);
                assert_eq!(folder.objects.len(), 1);
                assert_eq!(folder.objects[0].location, Path::from("f/a"));
            }

            /// The service caches the folders of a list with a delimiter.
            #[tokio::test]
            async fn a_new_folder_is_listed_at_once() {
                let (bucket, received) = bucket_with_handler(|_, request| {
                    http::Response::new(match request.query.contains("delimiter") {
                        true => r#"{"keys":[],"common_prefixes":["f/old/"]}"#.into(),
                        false => r#"{"keys":[{"key":"f/old/x","size":1,"modified":1},
                                {"key":"f/new/deep/x","size":1,"modified":1},
                                {"key":"f/new/y","size":1,"modified":1}]}"#
                            .into(),
                    })
                });
                let folder = Path::from("f");
                let store = QingStorBuilder::new().with_client(bucket);
                for (cached, folders) in [("false", &["f/new", "f/old"][..]), ("true", &["f/old"])]
                {
                    let store = store.clone().with_config("cached_folders", cached);
                    let store = store.build().unwrap();
                    let list = store.list_with_delimiter(Some(&folder)).await.unwrap();
                    let found = list.common_prefixes.iter().map(|path| path.as_ref());
                    assert_eq!(Vec::from_iter(found), folders);
                    assert!(list.objects.is_empty());
                }
                assert_eq!(received.lock().unwrap().len(), 2);
            }

            #[tokio::test]
            async fn a_page_keeps_other_delimiters_than_slashes() {
                let (site, store) = store().await;
                for key in ["a_1", "a_2", "b/1", "c"] {
                    site.bucket.put_object(key).body("x").await.unwrap();
                }
                for (delimiter, prefixes) in [("_", "a_"), ("/", "b")] {
                    let options = PaginatedListOptions {
                        delimiter: Some(delimiter.into()),
                        ..PaginatedListOptions::default()
                    };
                    let page = store.list_paginated(None, options).await.unwrap();
                    assert_eq!(page.result.common_prefixes, [Path::from(prefixes)]);
                }
                let options = PaginatedListOptions {
                    delimiter: Some("_".into()),
                    offset: Some("a_1".into()),
                    ..PaginatedListOptions::default()
                };
                let page = store.list_paginated(None, options).await.unwrap();
                assert_eq!(page.result.common_prefixes, [Path::from("a_")]);
            }

            #[tokio::test]
            async fn lists_every_page() {
                let (site, store) = store().await;
                let puts = stream::iter(0..1_005).map(|n| {
                    let put = site.bucket.put_object(format!("p/{n}/x"));
                    put.body("x").send()
                });
                let puts: Vec<_> = puts.buffer_unordered(16).try_collect().await.unwrap();
                assert_eq!(store.list(None).count().await, puts.len());
                let folder = store.list_with_delimiter(Some(&Path::from("p"))).await;
                assert_eq!(folder.unwrap().common_prefixes.len(), puts.len());
                assert_eq!(site.served("ListObjects"), 4);
            }
        }
    };
}

#[cfg(feature = "v0_13")]
tests!(v0_13);

#[cfg(feature = "v0_14")]
tests!(v0_14);
