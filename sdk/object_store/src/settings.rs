//! [`Settings`]: what a builder collects, by methods, by string keys, and from the environment.

use std::fmt;

use percent_encoding::percent_decode_str;
use qingstor_sdk::{Bucket, Config, Credentials, QingStor, Secret};

use crate::bucket_handle::BucketHandle;
use crate::policy::{ConditionalPut, OnUnaddressableKey};

/// The reason why a builder cannot build a store.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The settings of a store.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) bucket: Option<Bucket>,
    /// Settings of the client, without the fields below.
    pub(crate) config: Config,
    /// Whether `config` is the caller's, so that its credentials count.
    pub(crate) has_client_config: bool,
    pub(crate) access_key_id: Option<String>,
    pub(crate) secret_access_key: Option<Secret>,
    pub(crate) skip_signature: bool,
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

/// All settings that have a string key.
const KEYS: &[(&str, Apply)] = &[
    ("access_key_id", |settings, text| {
        let access_key_id = Some(text.to_owned());
        Ok(Settings {
            access_key_id,
            ..settings
        })
    }),
    ("additional_user_agent", |settings, text| {
        Ok(settings.map_config(|config| config.additional_user_agent(text)))
    }),
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
    ("enable_virtual_host_style", |settings, text| {
        let enabled = boolean(text)?;
        Ok(settings.map_config(|config| config.virtual_host_style(enabled)))
    }),
    ("endpoint", |settings, text| {
        Ok(settings.map_config(|config| config.endpoint(text)))
    }),
    ("host", |settings, text| {
        Ok(settings.map_config(|config| config.host(text)))
    }),
    ("on_unaddressable_key", |mut settings, text| {
        settings.options.on_unaddressable_key = text.parse()?;
        Ok(settings)
    }),
    ("port", |settings, text| {
        let port = text
            .parse()
            .map_err(|_| format!("`{text}` is not a valid port"))?;
        Ok(settings.map_config(|config| config.port(port)))
    }),
    ("prefix", |settings, text| {
        let prefix = text.trim_matches('/').to_owned();
        Ok(Settings { prefix, ..settings })
    }),
    ("protocol", |settings, text| {
        Ok(settings.map_config(|config| config.protocol(text)))
    }),
    ("secret_access_key", |settings, text| {
        let secret_access_key = Some(text.into());
        Ok(Settings {
            secret_access_key,
            ..settings
        })
    }),
    ("skip_signature", |settings, text| {
        let skip_signature = boolean(text)?;
        Ok(Settings {
            skip_signature,
            ..settings
        })
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

impl Default for Settings {
    fn default() -> Self {
        Self {
            bucket: None,
            config: Config::anonymous(),
            has_client_config: false,
            access_key_id: None,
            secret_access_key: None,
            skip_signature: false,
            bucket_name: None,
            zone: None,
            prefix: String::new(),
            options: StoreOptions::default(),
            invalid: None,
        }
    }
}

impl Settings {
    /// Reads the environment variables `QINGSTOR_<KEY>`. An empty variable counts as unset.
    pub(crate) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut settings = Self::default();
        for (key, _) in KEYS {
            let name = format!("QINGSTOR_{}", key.to_ascii_uppercase());
            if let Some(text) = variable(&name).filter(|text| !text.is_empty()) {
                settings = settings.apply(&name, &text);
            }
        }
        settings
    }

    /// Returns whether a key names a setting of this store, even if it is misspelled.
    pub(crate) fn is_meant_by(key: &str) -> bool {
        key.to_ascii_lowercase().starts_with(KEY_PREFIX) || find(key).is_some()
    }

    /// Applies a setting by its key, in any case, with or without the prefix `qingstor_`.
    pub(crate) fn apply(self, key: &str, text: &str) -> Self {
        let Some(apply) = find(key) else {
            return self.or_invalid(InvalidSetting::UnknownKey(key.to_owned()));
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

    pub(crate) fn map_config(self, change: impl FnOnce(Config) -> Config) -> Self {
        let config = change(self.config.clone());
        Self { config, ..self }
    }

    fn or_invalid(mut self, invalid: InvalidSetting) -> Self {
        self.invalid.get_or_insert(invalid);
        self
    }

    /// Returns the bucket. Does not send a request.
    pub(crate) fn bucket_handle(&self) -> Result<BucketHandle, BoxError> {
        if let Some(bucket) = &self.bucket {
            let (bucket, client) = (bucket.clone(), None);
            return Ok(BucketHandle::Known { bucket, client });
        }
        let name = match &self.bucket_name {
            Some(name) if !name.is_empty() => name,
            _ => return Err("no bucket: call `with_url` or `with_bucket_name`".into()),
        };
        let client = QingStor::new(self.client_config()?)?;
        match &self.zone {
            Some(zone) if !zone.is_empty() => Ok(BucketHandle::Known {
                bucket: client.bucket(name, zone)?,
                client: Some(client),
            }),
            _ => Ok(BucketHandle::in_unknown_zone(client, name.clone())),
        }
    }

    fn client_config(&self) -> Result<Config, BoxError> {
        let config = self.config.clone();
        if self.skip_signature {
            return Ok(config.credentials(Credentials::anonymous()));
        }
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(id), Some(secret)) => {
                Ok(config.credentials(Credentials::new(id, secret.expose())?))
            }
            (None, None) if self.has_client_config => Ok(config),
            (None, None) => Err("no credentials: call `with_access_key_id` and \
                                 `with_secret_access_key`, or `with_skip_signature` for unsigned \
                                 requests"
                .into()),
            (Some(_), None) => Err("access_key_id is set, but secret_access_key is not".into()),
            (None, Some(_)) => Err("secret_access_key is set, but access_key_id is not".into()),
        }
    }
}

/// Shows neither the secret nor the settings that could contain one.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("bucket", &self.bucket)
            .field("config", &self.config)
            .field("access_key_id", &self.access_key_id)
            .field("skip_signature", &self.skip_signature)
            .field("bucket_name", &self.bucket_name)
            .field("zone", &self.zone)
            .field("prefix", &self.prefix)
            .field("options", &self.options)
            .field("invalid", &self.invalid)
            .finish_non_exhaustive()
    }
}

fn find(key: &str) -> Option<Apply> {
    let key = key.to_ascii_lowercase();
    let key = key.strip_prefix(KEY_PREFIX).unwrap_or(&key);
    let key = match key {
        "bucket_name" => "bucket",
        "virtual_host_style" => "enable_virtual_host_style",
        key => key,
    };
    let position = KEYS.binary_search_by_key(&key, |(name, _)| name).ok()?;
    KEYS.get(position).map(|(_, apply)| *apply)
}

fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("`{text}` is not true or false")),
    }
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

    use super::*;

    #[test]
    fn keys_are_sorted_for_the_search() {
        assert!(KEYS.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn every_key_is_found_in_any_case_and_with_a_prefix() {
        for (key, _) in KEYS {
            assert!(find(key).is_some(), "{key}");
            let variable = format!("QINGSTOR_{}", key.to_ascii_uppercase());
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
        assert_eq!(settings.access_key_id.as_deref(), Some("ID"));
        assert_eq!(settings.bucket_name.as_deref(), Some("my-bucket"));
        assert_eq!(settings.zone, None);
        assert!(settings.invalid.is_none());
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
