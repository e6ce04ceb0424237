//! [`Settings`]: what a builder collects, by methods, by string keys, and from the environment.

use std::fmt;

use percent_encoding::percent_decode_str;
use qingstor_sdk::{Bucket, QingStor};

use crate::bucket_handle::BucketHandle;
use crate::client_settings::{BoxError, ClientSettings, boolean, variable_name};
use crate::policy::{ConditionalPut, OnUnaddressableKey};

/// The settings of a store.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) bucket: Option<Bucket>,
    pub(crate) client: ClientSettings,
    pub(crate) bucket_name: Option<String>,
    pub(crate) zone: Option<String>,
    /// Prefix of all keys, without slashes at its ends.
    pub(crate) prefix: String,
    pub(crate) options: StoreOptions,
    /// The first setting that is invalid.
    pub(crate) invalid: Option<InvalidSetting>,
}

/// Settings of the store itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StoreOptions {
    pub(crate) compute_content_md5: bool,
    pub(crate) conditional_put: ConditionalPut,
    pub(crate) on_unaddressable_key: OnUnaddressableKey,
    pub(crate) sorted_lists: bool,
    pub(crate) cached_folders: bool,
}

/// A setting that cannot be applied.
#[derive(Clone, Debug)]
pub(crate) enum InvalidSetting {
    UnknownKey(String),
    InvalidValue(String),
}

/// Applies the text of a setting. Returns a reason if the text is invalid.
type Apply = fn(Settings, &str) -> Result<Settings, String>;

/// Optional prefix of a key.
const KEY_PREFIX: &str = "qingstor_";

/// A valid zone, to check the name of a bucket whose zone is not known.
const ANY_ZONE: &str = "zone";

/// All settings of the store that have a string key, without those of the client.
const KEYS: &[(&str, Apply)] = &[
    ("bucket", |settings, text| {
        let bucket_name = Some(text.to_owned());
        Ok(Settings {
            bucket_name,
            ..settings
        })
    }),
    ("cached_folders", |mut settings, text| {
        settings.options.cached_folders = boolean(text)?;
        Ok(settings)
    }),
    ("compute_content_md5", |mut settings, text| {
        settings.options.compute_content_md5 = boolean(text)?;
        Ok(settings)
    }),
    ("conditional_put", |mut settings, text| {
        settings.options.conditional_put = text.parse()?;
        Ok(settings)
    }),
    ("on_unaddressable_key", |mut settings, text| {
        settings.options.on_unaddressable_key = text.parse()?;
        Ok(settings)
    }),
    ("prefix", |settings, text| {
        let prefix = text.trim_matches('/').to_owned();
        Ok(Settings { prefix, ..settings })
    }),
    ("proxy_ca_certificate", |mut settings, text| {
        settings.client.proxy_ca_certificate =
            Some(text.to_owned()).filter(|text| !text.is_empty());
        Ok(settings)
    }),
    ("skip_signature", |mut settings, text| {
        settings.client.skip_signature = boolean(text)?;
        Ok(settings)
    }),
    ("sorted_lists", |mut settings, text| {
        settings.options.sorted_lists = boolean(text)?;
        Ok(settings)
    }),
    ("zone", |settings, text| {
        let zone = Some(text.to_owned());
        Ok(Settings { zone, ..settings })
    }),
];

impl Settings {
    /// Reads the environment variables `QINGSTOR_<KEY>`. An empty variable counts as unset.
    pub(crate) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|text| !text.is_empty());
        let mut settings = Self::default();
        for (key, _) in KEYS {
            let name = variable_name(key);
            if let Some(text) = variable(&name) {
                settings = settings.apply(&name, &text);
            }
        }
        settings.client.read_variables(variable);
        settings
    }

    /// Returns whether a key names a setting of this store, even if it is misspelled.
    pub(crate) fn is_meant_by(key: &str) -> bool {
        key.to_ascii_lowercase().starts_with(KEY_PREFIX) || find(key).is_some()
    }

    /// Applies a setting by its key, in any case, with or without the prefix `qingstor_`.
    pub(crate) fn apply(mut self, key: &str, text: &str) -> Self {
        let apply = match find(key) {
            Some(Setting::Client { name, key }) => {
                self.client.set(name, key, text);
                return self;
            }
            Some(Setting::Store(apply)) => apply,
            None => return self.or_invalid(InvalidSetting::UnknownKey(key.to_owned())),
        };
        // A copy, because the function takes the settings also if it fails.
        match apply(self.clone(), text) {
            Ok(settings) => settings,
            Err(why) => self.or_invalid(InvalidSetting::InvalidValue(format!("{key}: {why}"))),
        }
    }

    /// Applies `qs://bucket/prefix`.
    pub(crate) fn apply_url(self, url: &str) -> Self {
        match split_url(url) {
            Ok((bucket, prefix)) => Self {
                bucket_name: Some(bucket),
                prefix,
                ..self
            },
            Err(why) => {
                let url = without_credentials(url);
                self.or_invalid(InvalidSetting::InvalidValue(format!("URL `{url}`: {why}")))
            }
        }
    }

    fn or_invalid(mut self, invalid: InvalidSetting) -> Self {
        self.invalid.get_or_insert(invalid);
        self
    }

    /// Returns the bucket. Does not send a request.
    pub(crate) fn bucket_handle(&self) -> Result<BucketHandle, BoxError> {
        if let Some(bucket) = &self.bucket {
            return Ok(BucketHandle::Known(bucket.clone()));
        }
        let name = match &self.bucket_name {
            Some(name) if !name.is_empty() => name,
            _ => return Err("no bucket: call `with_url` or `with_bucket_name`".into()),
        };
        let client = QingStor::new(self.client.config()?)?;
        match &self.zone {
            Some(zone) if !zone.is_empty() => Ok(BucketHandle::Known(client.bucket(name, zone)?)),
            _ => {
                // The name is checked before a request is sent.
                client.bucket(name, ANY_ZONE)?;
                Ok(BucketHandle::in_unknown_zone(client, name.clone()))
            }
        }
    }
}

/// Shows neither the secret nor the settings that could contain one.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("bucket", &self.bucket)
            .field("client", &self.client)
            .field("bucket_name", &self.bucket_name)
            .field("zone", &self.zone)
            .field("prefix", &self.prefix)
            .field("options", &self.options)
            .field("invalid", &self.invalid)
            .finish_non_exhaustive()
    }
}

/// A setting that has a string key.
enum Setting {
    /// A setting of the client.
    Client {
        /// The name that was passed.
        name: String,
        /// The key of the SDK.
        key: &'static str,
    },
    Store(Apply),
}

fn find(key: &str) -> Option<Setting> {
    let key = key.to_ascii_lowercase();
    let key = key.strip_prefix(KEY_PREFIX).unwrap_or(&key);
    let key = match key {
        "bucket_name" => "bucket",
        key => key,
    };
    if let Some(sdk_key) = ClientSettings::key(key) {
        return Some(Setting::Client {
            name: key.to_owned(),
            key: sdk_key,
        });
    }
    let (_, apply) = KEYS.iter().find(|(name, _)| *name == key)?;
    Some(Setting::Store(*apply))
}

/// Returns an invalid URL for a message, without what may be a key pair: the text before `@`, even if
/// it contains slashes, and the query.
fn without_credentials(url: &str) -> String {
    let (url, query) = match url.find(['?', '#']) {
        Some(at) => (url.get(..at).unwrap_or_default(), ".."),
        None => (url, ""),
    };
    match url.rsplit_once('@') {
        Some((_, rest)) => format!("..@{rest}{query}"),
        None => format!("{url}{query}"),
    }
}

/// Splits `qs://bucket/prefix` into the bucket and the decoded prefix.
fn split_url(url: &str) -> Result<(String, String), &'static str> {
    let form = "must be `qs://bucket` or `qs://bucket/prefix`, without credentials";
    let (scheme, rest) = url.split_once("://").ok_or(form)?;
    if !matches!(scheme.to_ascii_lowercase().as_str(), "qs" | "qingstor") {
        return Err(form);
    }
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() || rest.contains(['?', '#']) || bucket.contains(['@', ':']) {
        return Err(form);
    }
    let prefix = percent_decode_str(prefix.trim_matches('/')).decode_utf8();
    let prefix = prefix.map_err(|_| "the prefix is not UTF-8")?;
    Ok((bucket.to_owned(), prefix.into_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use qingstor_sdk::Config;

    use super::*;

    #[test]
    fn no_setting_of_the_store_has_the_key_of_one_of_the_client() {
        for (key, _) in KEYS {
            assert!(ClientSettings::key(key).is_none(), "{key}");
        }
    }

    #[test]
    fn every_key_is_found_in_any_case_and_with_a_prefix() {
        let keys = KEYS.iter().map(|(key, _)| *key);
        for key in keys.chain(Config::setting_keys()) {
            assert!(find(key).is_some(), "{key}");
            let variable = variable_name(key);
            assert!(find(&variable).is_some(), "{variable}");
        }
        for unknown in ["", "region", "aws_access_key_id", "qingstor_", "zones"] {
            assert!(find(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn a_misspelled_key_with_the_prefix_is_meant_for_this_store() {
        for (key, expected) in [
            ("zone", true),
            ("QingStor_Zoen", true),
            ("qingstor_", true),
            ("zoen", false),
            ("aws_region", false),
            ("", false),
        ] {
            assert_eq!(Settings::is_meant_by(key), expected, "{key}");
        }
    }

    #[test]
    fn splits_urls() {
        for (url, bucket, prefix) in [
            ("qs://my-bucket", "my-bucket", ""),
            ("qs://my-bucket/", "my-bucket", ""),
            ("qs://my-bucket/a/b/", "my-bucket", "a/b"),
            ("QingStor://my-bucket/a%20b", "my-bucket", "a b"),
        ] {
            let split = split_url(url).unwrap();
            assert_eq!(split, (bucket.to_owned(), prefix.to_owned()), "{url}");
        }
        for url in [
            "",
            "my-bucket",
            "qs:my-bucket",
            "qs://",
            "qs:///a",
            "s3://my-bucket",
            "qs://user@my-bucket",
            "qs://ID:SECRET@my-bucket",
            "qs://my-bucket:80",
            "qs://my-bucket?a=b",
            "qs://my-bucket/%ff",
        ] {
            assert!(split_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn messages_about_urls_do_not_contain_credentials() {
        for (url, shown) in [
            ("qs://ID:SECRET@my-bucket/p", "..@my-bucket/p"),
            ("ID:SEC/RET@my-bucket", "..@my-bucket"),
            ("qs://my-bucket?secret=SECRET@x", "qs://my-bucket.."),
            ("qs://ID:SECRET@my-bucket#SECRET", "..@my-bucket.."),
            ("s3://my-bucket", "s3://my-bucket"),
        ] {
            assert_eq!(without_credentials(url), shown, "{url}");
        }
    }

    #[test]
    fn reads_variables_and_ignores_empty_ones() {
        let settings = Settings::from_variables(|name| match name {
            "QINGSTOR_ACCESS_KEY_ID" => Some("ID".into()),
            "QINGSTOR_BUCKET" => Some("my-bucket".into()),
            "QINGSTOR_ZONE" => Some(String::new()),
            _ => None,
        });
        assert_eq!(settings.bucket_name.as_deref(), Some("my-bucket"));
        assert_eq!(settings.zone, None);
        let shown = format!("{:?}", settings.client.config());
        assert!(
            shown.contains("QINGSTOR_SECRET_ACCESS_KEY is not"),
            "{shown}"
        );
        assert!(settings.invalid.is_none());
    }

    /// Returns the settings of the client: its endpoint and its credentials as `Debug` shows them.
    fn client_config(settings: Settings) -> String {
        format!("{:?}", settings.client.config().unwrap())
    }

    #[test]
    fn the_environment_is_below_the_client_config_and_both_are_below_the_builder() {
        let environment = || {
            Settings::from_variables(|name| match name {
                "QINGSTOR_ACCESS_KEY_ID" => Some("ENVIRONMENT_ID".into()),
                "QINGSTOR_SECRET_ACCESS_KEY" => Some("HIDDEN".into()),
                "QINGSTOR_ENDPOINT" => Some("http://127.0.0.1:9000".into()),
                "QINGSTOR_ADDITIONAL_USER_AGENT" => Some("environment/1.0".into()),
                _ => None,
            })
        };
        let minute = std::time::Duration::from_secs(61);
        // A configuration without an endpoint does not replace that of the environment.
        let mut carrier = environment();
        carrier.client.config = Some(Config::anonymous().idle_timeout(minute));
        let shown = client_config(carrier);
        for expected in ["61s", "http://127.0.0.1:9000", "ENVI..", "environment/1.0"] {
            assert!(shown.contains(expected), "{expected} in {shown}");
        }
        // Settings of the program override the environment.
        let config = Config::new("CONFIGURED_ID", "HIDDEN").endpoint("http://127.0.0.1:9001");
        let mut with_config = environment();
        with_config.client.config = Some(config);
        let shown = client_config(with_config.clone());
        for expected in ["http://127.0.0.1:9001", "CONF..", "environment/1.0"] {
            assert!(shown.contains(expected), "{expected} in {shown}");
        }
        let builder = with_config
            .apply("access_key_id", "BUILDER_S_OWN_ID")
            .apply("secret_access_key", "HIDDEN")
            .apply("endpoint", "http://127.0.0.1:9002");
        let shown = client_config(builder);
        for expected in ["http://127.0.0.1:9002", "BUIL.."] {
            assert!(shown.contains(expected), "{expected} in {shown}");
        }
        // A host of the program overrides the endpoint of the environment; a port alone is ambiguous.
        let client = |settings: Settings| QingStor::new(settings.client.config().unwrap());
        client(environment().apply("host", "stor.example.com")).unwrap();
        let error = client(environment().apply("port", "80")).unwrap_err();
        assert!(error.to_string().starts_with("port (program)"), "{error}");
        // Half a key pair is not combined with the half of another source.
        let half = environment().apply("access_key_id", "ID");
        half.client.config().unwrap_err();
    }

    #[test]
    fn debug_output_does_not_contain_the_secret() {
        let settings = Settings::default()
            .apply("access_key_id", "SHOWN")
            .apply("secret_access_key", "HIDDEN");
        let text = format!("{settings:?}");
        assert!(text.contains("SHOWN") && !text.contains("HIDDEN"), "{text}");
    }
}
