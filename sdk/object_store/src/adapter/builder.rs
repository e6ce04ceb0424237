//! [`QingStorBuilder`]: creates a store.

use qingstor_sdk::{Bucket, Config};

use super::error::{STORE, generic};
use super::object_store::path::Path;
use super::object_store::{Error, Result};
use super::store::QingStorStore;
use crate::client_settings::is_unsupported;
use crate::policy::{ConditionalPut, OnUnaddressableKey};
use crate::settings::{InvalidSetting, Settings};

/// Creates a [`QingStorStore`].
///
/// ```
/// use qingstor_object_store::QingStorBuilder;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = QingStorBuilder::new()
///     .with_url("qs://my-bucket/warehouse")
///     .with_access_key_id("ACCESS_KEY_ID")
///     .with_secret_access_key("SECRET_ACCESS_KEY")
///     .build()?;
/// assert_eq!(store.to_string(), "QingStor(qs://my-bucket/warehouse)");
/// # Ok(()) }
/// ```
///
/// # Settings as text
///
/// [`with_config`](Self::with_config) takes the settings as text, and [`from_env`](Self::from_env)
/// reads them from environment variables. The key is accepted in any case, with or without the prefix
/// `qingstor_`.
///
/// | key | variable | method |
/// | --- | --- | --- |
/// | `access_key_id` | `QINGSTOR_ACCESS_KEY_ID` | [`with_access_key_id`](Self::with_access_key_id) |
/// | `secret_access_key` | `QINGSTOR_SECRET_ACCESS_KEY` | [`with_secret_access_key`](Self::with_secret_access_key) |
/// | `skip_signature` | `QINGSTOR_SKIP_SIGNATURE` | [`with_skip_signature`](Self::with_skip_signature) |
/// | `bucket`, `bucket_name` | `QINGSTOR_BUCKET` | [`with_bucket_name`](Self::with_bucket_name) |
/// | `prefix` | `QINGSTOR_PREFIX` | [`with_prefix`](Self::with_prefix) |
/// | `zone` | `QINGSTOR_ZONE` | [`with_zone`](Self::with_zone) |
/// | `endpoint` | `QINGSTOR_ENDPOINT` | [`with_endpoint`](Self::with_endpoint) |
/// | `protocol`, `host`, `port`, `enable_virtual_host_style`, `additional_user_agent` | `QINGSTOR_PROTOCOL`, .. | those of [`Config`], with [`with_client_config`](Self::with_client_config) |
/// | `connect_timeout`, `idle_timeout`, `attempt_timeout`, `max_attempts`, `proxy`, `pool_idle_timeout`, `pool_max_idle_per_host` | `QINGSTOR_CONNECT_TIMEOUT`, .. | those of [`Config`] and [`RetryPolicy`](qingstor_sdk::RetryPolicy), with [`with_client_config`](Self::with_client_config) |
/// | `proxy_ca_certificate` | `QINGSTOR_PROXY_CA_CERTIFICATE` | [`Config::ca_certificate_pem`] |
/// | `compute_content_md5` | `QINGSTOR_COMPUTE_CONTENT_MD5` | [`with_compute_content_md5`](Self::with_compute_content_md5) |
/// | `conditional_put`: `disabled`, `append` | `QINGSTOR_CONDITIONAL_PUT` | [`with_conditional_put`](Self::with_conditional_put) |
/// | `on_unaddressable_key`: `skip`, `error` | `QINGSTOR_ON_UNADDRESSABLE_KEY` | [`with_on_unaddressable_key`](Self::with_on_unaddressable_key) |
/// | `cached_folders` | `QINGSTOR_CACHED_FOLDERS` | [`with_cached_folders`](Self::with_cached_folders) |
/// | `sorted_lists` | `QINGSTOR_SORTED_LISTS` | [`with_sorted_lists`](Self::with_sorted_lists) |
///
/// The README of this crate explains the values. Keys that `object_store` has for its own HTTP client
/// are accepted, too: `read_timeout` for `idle_timeout`, `timeout` for `attempt_timeout`, and `proxy_url`
/// for `proxy`.
///
/// If a setting is set more than once, the last value counts.
#[derive(Clone, Debug, Default)]
pub struct QingStorBuilder {
    settings: Settings,
}

impl QingStorBuilder {
    /// Creates a builder without settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a builder with the settings from the environment variables in the table above, which
    /// methods and string keys override. A variable that is empty or not UTF-8 counts as unset.
    ///
    /// An endpoint overrides protocol, host and port of the same source and of lower ones, and a host of
    /// the program overrides the endpoint of the environment: see [`Config`]. The access key ID and the
    /// secret access key must come from the same source.
    #[must_use]
    pub fn from_env() -> Self {
        Self {
            settings: Settings::from_variables(|name| std::env::var(name).ok()),
        }
    }

    /// Sets the bucket and the prefix from a URL: `qs://bucket` or `qs://bucket/prefix`, also with the
    /// scheme `qingstor`. A URL with credentials is an error.
    ///
    /// With a prefix, the store contains only the keys below it, and paths do not include it. For an
    /// engine whose paths start at the root of the bucket, such as DataFusion, use a URL without a
    /// prefix.
    #[must_use]
    pub fn with_url(self, url: impl AsRef<str>) -> Self {
        self.map(|settings| settings.apply_url(url.as_ref()))
    }

    /// Applies a setting by its key in the table above.
    ///
    /// An unknown key, or an invalid value, is an error of [`build`](Self::build).
    #[must_use]
    pub fn with_config(self, key: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.map(|settings| settings.apply(key.as_ref(), value.as_ref()))
    }

    /// Applies all settings whose keys are in the table above. Engines pass their `storage_options` to
    /// all stores, so other keys are ignored, unless they start with `qingstor_`: those are errors of
    /// [`build`](Self::build), as with [`with_config`](Self::with_config). An option of the HTTP client of
    /// `object_store` (its `ClientConfigKey`) that this store does not have is also ignored, with a
    /// warning in the log.
    #[must_use]
    pub fn with_options<K: AsRef<str>, V: AsRef<str>>(
        self,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        options.into_iter().fold(self, |builder, (key, value)| {
            let (key, value) = (key.as_ref(), value.as_ref());
            if Settings::is_meant_by(key) {
                return builder.with_config(key, value);
            }
            if is_unsupported(key, value) {
                tracing::warn!(key, "the store does not have this option, and ignores it");
            }
            builder
        })
    }

    /// Sets the access key ID.
    #[must_use]
    pub fn with_access_key_id(self, access_key_id: impl AsRef<str>) -> Self {
        self.with_config("access_key_id", access_key_id)
    }

    /// Sets the secret access key.
    #[must_use]
    pub fn with_secret_access_key(self, secret_access_key: impl AsRef<str>) -> Self {
        self.with_config("secret_access_key", secret_access_key)
    }

    /// Sets whether requests are sent without a signature. The policy and the ACL of the bucket must
    /// then allow the operations to everyone. `false` by default.
    #[must_use]
    pub fn with_skip_signature(self, skip_signature: bool) -> Self {
        self.map(|mut settings| {
            settings.client.skip_signature = skip_signature;
            settings
        })
    }

    /// Sets the name of the bucket.
    #[must_use]
    pub fn with_bucket_name(self, name: impl AsRef<str>) -> Self {
        self.with_config("bucket", name)
    }

    /// Sets the prefix of all keys. See [`with_url`](Self::with_url).
    #[must_use]
    pub fn with_prefix(self, prefix: impl AsRef<str>) -> Self {
        self.with_config("prefix", prefix)
    }

    /// Sets the zone of the bucket, such as `pek3a`. By default, the first request finds the zone with
    /// one or two more requests. The second one needs the permission to list buckets.
    #[must_use]
    pub fn with_zone(self, zone: impl AsRef<str>) -> Self {
        self.with_config("zone", zone)
    }

    /// Sets scheme, host and port: `https://store.example.com`. By default, `https` and the host of the
    /// bucket's zone.
    #[must_use]
    pub fn with_endpoint(self, endpoint: impl AsRef<str>) -> Self {
        self.with_config("endpoint", endpoint)
    }

    /// Sets the settings of the client, also those that have no key: a credential provider, an
    /// observer. Other methods and string keys of the builder override those of `config`, which override
    /// [`from_env`](Self::from_env). The order of the calls does not matter. The keys `host`, `protocol`
    /// and `port` do not apply to an endpoint of `config`, and a `config` without credentials leaves those
    /// of `from_env`; see [`with_skip_signature`](Self::with_skip_signature).
    ///
    /// [`Config::load`] reads the configuration file of the official SDKs.
    #[must_use]
    pub fn with_client_config(self, config: Config) -> Self {
        self.map(|mut settings| {
            settings.client.config = Some(config);
            settings
        })
    }

    /// Sets the bucket by a handle of the SDK, with its client, zone and options. Overrides all settings
    /// of the client and the bucket.
    #[must_use]
    pub fn with_client(self, bucket: Bucket) -> Self {
        self.map(|settings| Settings {
            bucket: Some(bucket),
            ..settings
        })
    }

    /// Sets whether each put and each part of an upload has a `Content-MD5`, so that the service refuses
    /// content that was damaged in transit, and the ETag of the response is compared with it.
    /// `false` by default. Conditional writes do not have it.
    #[must_use]
    pub fn with_compute_content_md5(self, compute_content_md5: bool) -> Self {
        self.map(|mut settings| {
            settings.options.compute_content_md5 = compute_content_md5;
            settings
        })
    }

    /// Sets how an object is created only if it does not exist. By default, such operations are
    /// `NotImplemented`.
    #[must_use]
    pub fn with_conditional_put(self, conditional_put: ConditionalPut) -> Self {
        self.map(|mut settings| {
            settings.options.conditional_put = conditional_put;
            settings
        })
    }

    /// Sets what a list does with a key that a path cannot express. By default, the key is omitted and
    /// logged.
    #[must_use]
    pub fn with_on_unaddressable_key(self, on_unaddressable_key: OnUnaddressableKey) -> Self {
        self.map(|mut settings| {
            settings.options.on_unaddressable_key = on_unaddressable_key;
            settings
        })
    }

    /// Sets whether `list`, `list_with_offset` and `list_with_delimiter` return objects in the order of
    /// their paths. `false` by default: the order of QingStor is not defined.
    ///
    /// For programs that rely on the order although `object_store` does not promise one, such as
    /// delta-rs. The store then requests all pages of a list, and keeps them in memory, before it
    /// returns the first object. If a page fails, the error is the only item of the list.
    #[must_use]
    pub fn with_sorted_lists(self, sorted_lists: bool) -> Self {
        self.map(|mut settings| {
            settings.options.sorted_lists = sorted_lists;
            settings
        })
    }

    /// Sets whether `list_with_delimiter` returns the folders that the service has cached. `false` by
    /// default: the store requests all objects below the prefix, also those in deeper folders, and
    /// returns every folder that contains one.
    ///
    /// With `true`, the service groups the objects, which takes fewer requests if the folders contain
    /// many objects. New folders may be missing for a while: the documents of the API do not say for
    /// how long.
    #[must_use]
    pub fn with_cached_folders(self, cached_folders: bool) -> Self {
        self.map(|mut settings| {
            settings.options.cached_folders = cached_folders;
            settings
        })
    }

    /// Creates the store. Does not send a request.
    ///
    /// # Errors
    ///
    /// Returns `UnknownConfigurationKey` for an unknown key, `InvalidPath` if a path cannot express the
    /// prefix, and `Generic` if a setting is invalid or missing.
    pub fn build(self) -> Result<QingStorStore> {
        let Self { settings } = self;
        match settings.invalid {
            Some(InvalidSetting::UnknownKey(key)) => {
                return Err(Error::UnknownConfigurationKey { store: STORE, key });
            }
            Some(InvalidSetting::InvalidValue(text)) => return Err(generic(text)),
            None => {}
        }
        let prefix = Path::parse(&settings.prefix)?;
        let bucket = settings.bucket_handle().map_err(generic)?;
        Ok(QingStorStore::new(bucket, &prefix, settings.options))
    }

    fn map(self, change: impl FnOnce(Settings) -> Settings) -> Self {
        let settings = change(self.settings);
        Self { settings }
    }
}
