//! The test suite of `object_store`, for each version, against the emulator.

// A test may panic.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod site;

/// Runs each function of the suite that applies to QingStor. Each test has its own bucket.
macro_rules! suite {
    ($version:ident) => {
        mod $version {
            use qingstor_object_store::ConditionalPut;
            use qingstor_object_store::$version::object_store::{
                Error, ObjectStoreExt, integration,
            };
            use qingstor_object_store::$version::{QingStorBuilder, QingStorStore};

            use crate::site::Site;

            async fn store() -> (Site, QingStorStore) {
                let site = Site::start().await;
                let store = QingStorBuilder::new().with_client(site.bucket.clone());
                let store = store.build().unwrap();
                (site, store)
            }

            /// A store of a prefix must behave like that of a whole bucket.
            async fn store_with_prefix() -> (Site, QingStorStore) {
                let site = Site::start().await;
                // Keys that must not appear in the store.
                for key in ["outside", "root", "root2/a", "root/a b2/x"] {
                    site.bucket.put_object(key).body("outside").await.unwrap();
                }
                let store = QingStorBuilder::new().with_client(site.bucket.clone());
                let store = store.with_prefix("root/a b").build().unwrap();
                (site, store)
            }

            async fn conditional_store() -> (Site, QingStorStore) {
                let site = Site::start().await;
                let store = QingStorBuilder::new().with_client(site.bucket.clone());
                let store = store.with_conditional_put(ConditionalPut::Append);
                let store = store.build().unwrap();
                (site, store)
            }

            #[tokio::test]
            async fn put_get_delete_list() {
                let (_site, store) = store().await;
                integration::put_get_delete_list(&store).await;
            }

            #[tokio::test]
            async fn put_get_delete_list_with_prefix() {
                let (_site, store) = store_with_prefix().await;
                integration::put_get_delete_list(&store).await;
            }

            #[tokio::test]
            async fn put_get_attributes() {
                let (_site, store) = store().await;
                integration::put_get_attributes(&store).await;
            }

            #[tokio::test]
            async fn get_opts() {
                let (site, store) = store().await;
                integration::get_opts(&store).await;
                // The suite reads an old version only if objects have versions.
                site.enable_versioning().await;
                integration::get_opts(&store).await;
                let head = store.head(&"test".into()).await.unwrap();
                assert!(head.version.is_some());
            }

            #[tokio::test]
            async fn put_opts() {
                let (_site, store) = conditional_store().await;
                integration::put_opts(&store, false).await;
            }

            #[tokio::test]
            async fn stream_get() {
                let (_site, store) = store().await;
                integration::stream_get(&store).await;
            }

            #[tokio::test]
            async fn list_uses_directories_correctly() {
                let (_site, store) = store().await;
                integration::list_uses_directories_correctly(&store).await;
            }

            #[tokio::test]
            async fn list_with_delimiter() {
                let (_site, store) = store().await;
                integration::list_with_delimiter(&store).await;
            }

            #[tokio::test]
            async fn list_with_delimiter_and_prefix() {
                let (_site, store) = store_with_prefix().await;
                integration::list_with_delimiter(&store).await;
            }

            #[tokio::test]
            async fn list_with_offset_exclusivity() {
                let (_site, store) = store().await;
                integration::list_with_offset_exclusivity(&store).await;
            }

            #[tokio::test]
            async fn get_nonexistent_object() {
                let (_site, store) = store().await;
                let result = integration::get_nonexistent_object(&store, None).await;
                let error = result.unwrap_err();
                assert!(matches!(error, Error::NotFound { .. }), "{error}");
            }

            #[tokio::test]
            async fn rename_and_copy() {
                let (_site, store) = store().await;
                integration::rename_and_copy(&store).await;
            }

            #[tokio::test]
            async fn copy_if_not_exists() {
                let (_site, store) = conditional_store().await;
                integration::copy_if_not_exists(&store).await;
            }

            #[tokio::test]
            async fn copy_rename_nonexistent_object() {
                let (_site, store) = conditional_store().await;
                integration::copy_rename_nonexistent_object(&store).await;
            }

            #[tokio::test]
            async fn multipart() {
                let (_site, store) = store().await;
                integration::multipart(&store, &store).await;
            }

            #[tokio::test]
            async fn multipart_race_condition() {
                let (_site, store) = store().await;
                integration::multipart_race_condition(&store, true).await;
            }

            #[tokio::test]
            async fn multipart_out_of_order() {
                let (_site, store) = store().await;
                integration::multipart_out_of_order(&store).await;
            }

            #[tokio::test]
            async fn list_paginated() {
                let (_site, store) = store().await;
                integration::list_paginated(&store, &store).await;
            }
        }
    };
}

#[cfg(feature = "v0_13")]
suite!(v0_13);

#[cfg(feature = "v0_14")]
suite!(v0_14);

/// Functions that only the suite of 0.14 has.
#[cfg(feature = "v0_14")]
mod only_v0_14 {
    use qingstor_object_store::v0_14::QingStorBuilder;
    use qingstor_object_store::v0_14::object_store::integration;

    use crate::site::Site;

    #[tokio::test]
    async fn multipart_with_opts() {
        let site = Site::start().await;
        let store = QingStorBuilder::new().with_client(site.bucket.clone());
        let store = store.build().unwrap();
        integration::multipart_with_opts(&store, &store).await;
    }

    #[tokio::test]
    async fn multipart_put_part_out_of_order() {
        let site = Site::start().await;
        let store = QingStorBuilder::new().with_client(site.bucket.clone());
        let store = store.build().unwrap();
        integration::multipart_put_part_out_of_order(&store, &store).await;
    }
}
