//! Conditional writes by appends, for each version.

// A test may panic.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod site;

macro_rules! tests {
    ($version:ident) => {
        mod $version {
            use futures_util::future::join_all;
            use qingstor_object_store::ConditionalPut;
            use qingstor_object_store::$version::object_store::path::Path;
            use qingstor_object_store::$version::object_store::{
                Attribute, Attributes, Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
                PutResult, Result,
            };
            use qingstor_object_store::$version::{QingStorBuilder, QingStorStore};

            use crate::site::Site;

            async fn store() -> (Site, QingStorStore) {
                let site = Site::start().await;
                let store = QingStorBuilder::new()
                    .with_client(site.bucket.clone())
                    .with_conditional_put(ConditionalPut::Append)
                    .build()
                    .unwrap();
                (site, store)
            }

            async fn create(store: &QingStorStore, path: &str, text: &str) -> Result<PutResult> {
                let payload = text.to_owned().into();
                let options = PutMode::Create.into();
                store.put_opts(&Path::from(path), payload, options).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn one_of_many_writers_wins() {
                let (_site, store) = store().await;
                let texts: Vec<String> = (0..64).map(|n| format!("writer {n}")).collect();
                let writers = texts.iter().cloned().map(|text| {
                    let store = store.clone();
                    tokio::spawn(async move { create(&store, "k", &text).await })
                });
                let results = join_all(writers).await;
                let mut winners = Vec::new();
                for (text, result) in texts.iter().zip(results) {
                    match result.unwrap() {
                        Ok(put) => winners.push((text, put)),
                        Err(error) => {
                            assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
                        }
                    }
                }
                let [(text, put)] = winners.as_slice() else {
                    panic!("{} winners", winners.len());
                };
                let get = store.get(&Path::from("k")).await.unwrap();
                assert_eq!(get.meta.e_tag, put.e_tag);
                // The token is not an attribute.
                let metadata = |attribute: &Attribute| matches!(attribute, Attribute::Metadata(_));
                assert!(!get.attributes.iter().any(|(name, _)| metadata(name)));
                assert_eq!(get.bytes().await.unwrap(), text.as_str());
            }

            #[tokio::test]
            async fn a_lost_response_is_recognized() {
                let (site, store) = store().await;
                for fault in ["reset=before", "status=504"] {
                    site.faults(&[&format!("operation=AppendObject,when=after,{fault}")]);
                    create(&store, fault, "mine").await.unwrap();
                    // Another writer with the same content.
                    let error = create(&store, fault, "mine").await.unwrap_err();
                    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
                }
            }

            #[tokio::test]
            async fn a_failed_append_that_was_not_executed_is_an_error() {
                let (site, store) = store().await;
                site.faults(&["operation=AppendObject,status=504"]);
                let error = create(&store, "k", "mine").await.unwrap_err();
                assert!(matches!(error, Error::Generic { .. }), "{error}");
                // The service has refused it, so that the state of the object does not matter.
                site.faults(&[
                    "operation=AppendObject,code=fetch_throttled",
                    "operation=HeadObject,status=404",
                ]);
                let error = create(&store, "k", "mine").await.unwrap_err();
                assert!(matches!(error, Error::Generic { .. }), "{error}");
                assert_eq!(site.emulator.faults()[1].hits, 0);
                site.faults(&["operation=AppendObject,status=403"]);
                let error = create(&store, "k", "mine").await.unwrap_err();
                assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
            }

            #[tokio::test]
            async fn objects_that_were_put_exist() {
                let (_site, store) = store().await;
                for text in ["", "mine"] {
                    store.put(&Path::from("k"), text.into()).await.unwrap();
                    let error = create(&store, "k", "mine").await.unwrap_err();
                    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
                }
            }

            #[tokio::test]
            async fn refuses_what_an_append_cannot_store() {
                let (site, store) = store().await;
                let before = site.served_in_total();
                let error = create(&store, "k", "").await.unwrap_err();
                assert!(matches!(error, Error::NotImplemented { .. }), "{error}");
                for attribute in [
                    Attribute::CacheControl,
                    Attribute::ContentEncoding,
                    Attribute::Metadata("a".into()),
                ] {
                    let options = PutOptions {
                        mode: PutMode::Create,
                        attributes: Attributes::from_iter([(attribute, "x")]),
                        ..Default::default()
                    };
                    let error = store.put_opts(&Path::from("k"), "x".into(), options).await;
                    assert!(matches!(error, Err(Error::NotImplemented { .. })));
                }
                assert_eq!(site.served_in_total(), before);
                let options = PutOptions {
                    mode: PutMode::Create,
                    attributes: Attributes::from_iter([(Attribute::ContentType, "text/plain")]),
                    ..Default::default()
                };
                let path = Path::from("k");
                store.put_opts(&path, "x".into(), options).await.unwrap();
                let get = store.get(&path).await.unwrap();
                let content_type = get.attributes.get(&Attribute::ContentType);
                assert_eq!(content_type.unwrap().as_ref(), "text/plain");
            }

            #[tokio::test]
            async fn a_rename_does_not_replace_the_target() {
                let (_site, store) = store().await;
                let (a, b, c) = (Path::from("a"), Path::from("b"), Path::from("c"));
                store.put(&a, "a".into()).await.unwrap();
                store.put(&b, "b".into()).await.unwrap();
                let error = store.rename_if_not_exists(&a, &b).await.unwrap_err();
                assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
                assert_eq!(store.get(&b).await.unwrap().bytes().await.unwrap(), "b");
                store.rename_if_not_exists(&a, &c).await.unwrap();
                assert_eq!(store.get(&c).await.unwrap().bytes().await.unwrap(), "a");
                let missing = store.head(&a).await;
                assert!(matches!(missing, Err(Error::NotFound { .. })));
            }
        }
    };
}

#[cfg(feature = "v0_13")]
tests!(v0_13);

#[cfg(feature = "v0_14")]
tests!(v0_14);
