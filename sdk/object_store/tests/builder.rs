//! How a store is created: settings, URLs, and the zone of the bucket.

// A test may panic.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod site;

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

#[cfg(feature = "signer")]
use {
    qingstor_object_store::qingstor_sdk::credentials::{ProvideFuture, ProvidedCredentials},
    qingstor_object_store::qingstor_sdk::{Credentials, ProvideCredentials},
    std::sync::atomic::{AtomicU32, Ordering},
    std::time::Duration,
};

/// Returns `ID1`, `ID2` and so on. Each is due for a refresh after half a second.
#[cfg(feature = "signer")]
#[derive(Default)]
struct ChangingKeyPair(AtomicU32);

#[cfg(feature = "signer")]
impl ProvideCredentials for ChangingKeyPair {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            let credentials = Credentials::new(format!("ID{count}"), "SECRET")?;
            Ok(ProvidedCredentials::new(credentials).refresh_after(Duration::from_millis(500)))
        })
    }
}

/// The output of a log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn new() -> (impl tracing::Subscriber, Self) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().with_ansi(false);
        (subscriber.with_writer(log.clone()).finish(), log)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

macro_rules! tests {
    ($version:ident) => {
        mod $version {
            use std::error::Error as _;
            use std::time::Duration;

            use futures_util::future::join_all;
            use futures_util::{FutureExt, StreamExt, stream};
            use qingstor_object_store::qingstor_sdk::{self, Config, QingStor};
            use qingstor_object_store::$version::QingStorBuilder;
            use qingstor_object_store::$version::object_store::path::Path;
            use qingstor_object_store::$version::object_store::{
                Error, ObjectStore, ObjectStoreExt,
            };
            use tokio::time::timeout;

            use crate::site::Site;

            fn options(site: &Site) -> Vec<(String, String)> {
                [
                    ("access_key_id", site.emulator.access_key_id()),
                    ("SECRET_ACCESS_KEY", site.emulator.secret_access_key()),
                    ("qingstor_endpoint", &site.emulator.endpoint()),
                    ("timeout", "30s"),
                ]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec()
            }

            /// Returns the builder of a store whose zone is not known.
            fn builder(site: &Site) -> QingStorBuilder {
                QingStorBuilder::new()
                    .with_url("qs://store-bucket")
                    .with_options(options(site))
            }

            #[tokio::test]
            async fn storage_options_and_a_url_are_enough() {
                let site = Site::start().await;
                let before = site.served_in_total();
                let store = QingStorBuilder::new()
                    .with_url("qs://store-bucket/ware%20house/")
                    .with_options(options(&site))
                    .build()
                    .unwrap();
                assert_eq!(store.to_string(), "QingStor(qs://store-bucket/ware house)");
                // The zone is not known, but nothing is sent until it is needed.
                assert_eq!(site.served_in_total(), before);
                store.put(&Path::from("a"), "foo".into()).await.unwrap();
                let object = site.bucket.get_object("ware house/a").await.unwrap();
                assert_eq!(object.body.bytes().await.unwrap(), "foo");
                // The zone is found once.
                let listed = site.served("ListBuckets");
                store.head(&Path::from("a")).await.unwrap();
                assert_eq!((listed, site.served("ListBuckets")), (1, 1));
                assert_eq!(store.bucket().await.unwrap().zone(), "pek3a");
            }

            #[tokio::test]
            async fn a_bucket_that_does_not_exist_is_not_found() {
                let site = Site::start().await;
                let store = QingStorBuilder::new()
                    .with_url("qs://missing-bucket")
                    .with_options(options(&site));
                let missing = store.clone().with_zone("pek3a").build().unwrap();
                let error = missing.head(&Path::from("a")).await.unwrap_err();
                assert!(matches!(error, Error::NotFound { .. }), "{error}");
                // The search fails each time, because the bucket may be created later.
                let searching = store.build().unwrap();
                for _ in 0..2 {
                    searching.head(&Path::from("a")).await.unwrap_err();
                }
                // A deletion has a result for each object.
                let paths = ["a", "b", "c"].map(|path| Ok(Path::from(path)));
                let deleted = searching.delete_stream(stream::iter(paths).boxed());
                let deleted: Vec<_> = deleted.collect().await;
                assert_eq!(deleted.len(), 3);
                for (result, path) in deleted.iter().zip(["a", "b", "c"]) {
                    let Err(Error::NotFound { path: found, .. }) = result else {
                        panic!("{result:?}");
                    };
                    assert_eq!(found, path);
                    let error = result.as_ref().unwrap_err();
                    let mut source = error.source();
                    while let Some(error) =
                        source.filter(|error| !error.is::<qingstor_sdk::Error>())
                    {
                        source = error.source();
                    }
                    let of_sdk = source.unwrap().downcast_ref::<qingstor_sdk::Error>();
                    assert!(of_sdk.unwrap().request_id().is_some());
                }
            }

            #[tokio::test]
            async fn requests_that_need_the_zone_at_the_same_time_share_one_search() {
                let site = Site::start().await;
                let store = builder(&site).build().unwrap();
                site.faults(&["operation=ListBuckets,code=permission_denied"]);
                let paths: Vec<_> = (0..100).map(|n| Path::from(format!("{n}"))).collect();
                let results = join_all(paths.iter().map(|path| store.head(path))).await;
                for (result, path) in results.iter().zip(&paths) {
                    let Err(Error::PermissionDenied { path: found, .. }) = result else {
                        panic!("{result:?}");
                    };
                    assert_eq!(found, path.as_ref());
                }
                assert_eq!(site.emulator.faults()[0].hits, 1);
            }

            #[tokio::test]
            async fn a_request_that_is_not_polled_does_not_block_others() {
                let site = Site::start().await;
                let store = builder(&site).build().unwrap();
                let [a, b, c] = ["a", "b", "c"].map(Path::from);
                site.faults(&["operation=ListBuckets,times=1,code=permission_denied"]);
                let mut waiting = [store.get(&a).boxed(), store.get(&b).boxed()];
                for request in &mut waiting {
                    assert!(request.now_or_never().is_none());
                }
                let put = async { while store.put(&c, "foo".into()).await.is_err() {} };
                timeout(Duration::from_secs(10), put).await.unwrap();
                for result in join_all(waiting).await {
                    let is_denied = matches!(result, Err(Error::PermissionDenied { .. }));
                    assert!(is_denied, "{result:?}");
                }
            }

            #[tokio::test]
            async fn settings_of_the_client_are_used() {
                let site = Site::start().await;
                let config = Config::new(
                    site.emulator.access_key_id(),
                    site.emulator.secret_access_key(),
                );
                let store = QingStorBuilder::new()
                    .with_client_config(config.endpoint(site.emulator.endpoint()))
                    .with_bucket_name("store-bucket")
                    .with_zone("pek3a")
                    .build()
                    .unwrap();
                store.put(&Path::from("a"), "foo".into()).await.unwrap();
            }

            #[tokio::test]
            async fn invalid_settings_are_errors_that_name_them() {
                let valid = || {
                    QingStorBuilder::new()
                        .with_url("qs://my-bucket")
                        .with_access_key_id("ID")
                        .with_secret_access_key("SECRET")
                };
                valid().build().unwrap();
                for (builder, says) in [
                    (QingStorBuilder::new(), "no bucket"),
                    (valid().with_bucket_name(""), "no bucket"),
                    (
                        QingStorBuilder::new().with_bucket_name("my-bucket"),
                        "no credentials",
                    ),
                    (
                        QingStorBuilder::new()
                            .with_bucket_name("my-bucket")
                            .with_access_key_id("ID"),
                        "secret_access_key is not",
                    ),
                    (valid().with_url("s3://my-bucket"), "qs://bucket"),
                    (
                        valid().with_url("qs://ID:SECRET@my-bucket"),
                        "without credentials",
                    ),
                    (valid().with_config("zones", "pek3a"), "'zones'"),
                    (valid().with_config("port", "http"), "port: `http`"),
                    (valid().with_config("port", "+80"), "port: `+80`"),
                    (
                        valid().with_config("QINGSTOR_CONDITIONAL_PUT", "etag"),
                        "QINGSTOR_CONDITIONAL_PUT: `etag`",
                    ),
                    (
                        valid().with_config("on_unaddressable_key", "ignore"),
                        "`ignore`",
                    ),
                    (valid().with_endpoint("htp://x"), "htp"),
                    (valid().with_zone("pek3a").with_bucket_name("b"), "bucket"),
                    (valid().with_bucket_name("B_ad"), "invalid bucket name"),
                    (valid().with_zone("a b"), "zone"),
                    (valid().with_prefix("a//b"), "a//b"),
                    (valid().with_prefix(".."), ".."),
                ] {
                    let shown = format!("{builder:?}");
                    assert!(!shown.contains("SECRET"), "{shown}");
                    let error = builder.build().unwrap_err();
                    let details = format!("{error} {error:?}");
                    assert!(!details.contains("SECRET"), "{details}");
                    assert!(error.to_string().contains(says), "{error}");
                }
                let unknown = valid().with_config("region", "x").build().unwrap_err();
                let is_unknown = matches!(unknown, Error::UnknownConfigurationKey { .. });
                assert!(is_unknown, "{unknown}");
                let others = [("region", "x"), ("aws_access_key_id", "x")];
                valid().with_options(others).build().unwrap();
                let misspelled = valid().with_options([("qingstor_zoen", "pek3a")]);
                let misspelled = misspelled.build().unwrap_err();
                let is_unknown = matches!(misspelled, Error::UnknownConfigurationKey { .. });
                assert!(is_unknown, "{misspelled}");
            }

            #[tokio::test]
            async fn options_of_object_store_are_settings_of_the_client() {
                let site = Site::start().await;
                let builder = builder(&site).with_zone("pek3a");
                let path = Path::from("a");
                site.faults(&["operation=GetObject,status=503"]);
                let once = builder.clone().with_options([("max_attempts", "1")]);
                once.build().unwrap().get(&path).await.unwrap_err();
                assert_eq!(site.emulator.faults()[0].hits, 1);

                site.faults(&["operation=GetObject,latency=600s"]);
                let limited = builder
                    .clone()
                    .with_options([("timeout", "1s"), ("max_attempts", "2")]);
                let error = limited.build().unwrap().get(&path).await.unwrap_err();
                assert_eq!(site.emulator.faults()[0].hits, 2);
                let source = error.source().unwrap().to_string();
                let says = "the attempt took longer than 1 s";
                assert!(source.contains(says), "{source}");

                let proxy = [("max_attempts", "1"), ("PROXY_URL", "http://127.0.0.1:1")];
                let proxied = builder.clone().with_options(proxy).build().unwrap();
                let error = proxied.head(&path).await.unwrap_err();
                let mut source = error.source().unwrap();
                while let Some(cause) = source.source() {
                    source = cause;
                }
                assert!(source.to_string().contains("refused"), "{error}");

                for (name, text, says) in [
                    ("read_timeout", "5", "read_timeout: `5` is not a duration"),
                    ("timeout", "abc", "timeout: `abc` is not a duration"),
                    (
                        "attempt_timeout",
                        "abc",
                        "attempt_timeout: `abc` is not a duration",
                    ),
                    ("proxy_url", "::", "proxy_url: it must be a URL"),
                ] {
                    let invalid = builder.clone().with_options([(name, text)]).build();
                    let error = invalid.unwrap_err().to_string();
                    assert!(error.contains(says), "{name}: {error}");
                    assert!(
                        name.starts_with("attempt") || !error.contains("attempt_timeout"),
                        "{error}"
                    );
                }
            }

            #[test]
            fn an_option_without_effect_is_a_warning() {
                let (log, output) = crate::Log::new();
                tracing::subscriber::with_default(log, || {
                    let options = [
                        ("allow_http", "true"),
                        ("http2_only", "true"),
                        ("aws_region", "x"),
                    ];
                    let _ = QingStorBuilder::new().with_options(options);
                });
                let output = output.text();
                assert_eq!(output.lines().count(), 1, "{output}");
                assert!(output.contains("WARN"), "{output}");
                assert!(output.contains(r#"key="http2_only""#), "{output}");
            }

            #[tokio::test]
            async fn a_bucket_of_the_sdk_overrides_the_other_settings() {
                let client = QingStor::new(Config::new("ID", "SECRET")).unwrap();
                let bucket = client.bucket("other-bucket", "pek3a").unwrap();
                let store = QingStorBuilder::new()
                    .with_url("qs://my-bucket/p")
                    .with_client(bucket)
                    .build()
                    .unwrap();
                assert_eq!(store.to_string(), "QingStor(qs://other-bucket/p)");
                let shown = format!("{store:?}");
                assert!(!shown.contains("SECRET"), "{shown}");
            }

            #[cfg(feature = "signer")]
            #[tokio::test]
            async fn presigned_urls_need_no_credentials() {
                use http::Method;
                use qingstor_object_store::$version::object_store::signer::Signer;

                let site = Site::start().await;
                let store = QingStorBuilder::new()
                    .with_url("qs://store-bucket/p")
                    .with_options(options(&site))
                    .build()
                    .unwrap();
                let path = Path::from("a b/中文 +%");
                let minute = Duration::from_secs(60);
                let put = store.signed_url(Method::PUT, &path, minute).await.unwrap();
                // The SDK does not install a provider. This fails if another test was faster.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let client = reqwest::Client::new();
                let sent = client.put(put).body("foo").send().await.unwrap();
                assert_eq!(sent.status().as_u16(), 201);
                let content = store.get(&path).await.unwrap().bytes().await.unwrap();
                assert_eq!(content, "foo");
                let paths = [path.clone()];
                let urls = store
                    .signed_urls(Method::GET, &paths, minute)
                    .await
                    .unwrap();
                let got = client.get(urls[0].clone()).send().await.unwrap();
                assert_eq!(got.bytes().await.unwrap(), "foo");
                let head = store.signed_url(Method::HEAD, &path, minute).await.unwrap();
                let head = client.head(head).send().await.unwrap();
                assert_eq!(head.status().as_u16(), 200);
                let delete = store.signed_url(Method::DELETE, &path, minute).await;
                client.delete(delete.unwrap()).send().await.unwrap();
                let missing = store.head(&path).await;
                assert!(matches!(missing, Err(Error::NotFound { .. })));
                let post = store.signed_url(Method::POST, &path, minute).await;
                assert!(matches!(post, Err(Error::NotImplemented { .. })));
                let never = store.signed_url(Method::GET, &path, Duration::ZERO).await;
                never.unwrap_err();
            }

            #[cfg(feature = "signer")]
            #[tokio::test]
            async fn presigned_urls_use_the_current_credentials_of_a_provider() {
                use http::Method;
                use qingstor_object_store::$version::object_store::signer::Signer;

                let changing = crate::ChangingKeyPair::default();
                let config = Config::anonymous().credentials_provider(changing);
                let bucket = QingStor::new(config).unwrap().bucket("my-bucket", "pek3a");
                let builder = QingStorBuilder::new().with_client(bucket.unwrap());
                let store = builder.build().unwrap();
                for id in ["ID1", "ID2"] {
                    let (path, minute) = (Path::from("a"), Duration::from_secs(60));
                    let get = store.signed_url(Method::GET, &path, minute).await.unwrap();
                    let used = get.query_pairs().find(|(name, _)| name == "access_key_id");
                    assert_eq!(used.unwrap().1, id);
                    tokio::time::sleep(Duration::from_millis(600)).await;
                }
            }
        }
    };
}

#[cfg(feature = "v0_13")]
tests!(v0_13);

#[cfg(feature = "v0_14")]
tests!(v0_14);
