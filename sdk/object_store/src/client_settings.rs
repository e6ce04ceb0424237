//! [`ClientSettings`]: the settings of a client, and which of them override which.

use std::fmt;

use qingstor_sdk::{Config, Credentials, Secret};

/// The reason why a builder cannot build a store.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The settings of a client: those of its configuration, and those that have a string key.
#[derive(Clone, Default)]
pub(crate) struct ClientSettings {
    /// The caller's configuration, which `settings` overrides.
    pub(crate) config: Option<Config>,
    /// Variables from the environment, which `config` overrides.
    environment: Vec<(String, Secret)>,
    settings: Vec<TextSetting>,
    /// PEM text.
    pub(crate) proxy_ca_certificate: Option<String>,
    pub(crate) skip_signature: bool,
}

/// A setting that was passed as text.
#[derive(Clone)]
struct TextSetting {
    /// The name that was passed: `key`, or that of `object_store::ClientConfigKey`.
    name: String,
    /// The key of the SDK.
    key: &'static str,
    text: Secret,
}

/// Keys of `object_store::ClientConfigKey` that have no setting in the SDK, each with the value that
/// describes what the client does anyway.
const UNSUPPORTED: &[(&str, Option<bool>)] = &[
    ("allow_http", Some(true)),
    ("allow_invalid_certificates", Some(false)),
    ("default_content_type", None),
    ("disable_system_certificates", Some(false)),
    ("http1_only", Some(true)),
    ("http2_keep_alive_interval", None),
    ("http2_keep_alive_timeout", None),
    ("http2_keep_alive_while_idle", Some(false)),
    ("http2_max_frame_size", None),
    ("http2_only", Some(false)),
    ("proxy_excludes", None),
    ("randomize_addresses", Some(false)),
    ("user_agent", None),
];

impl ClientSettings {
    const CREDENTIALS: [&str; 2] = ["access_key_id", "secret_access_key"];

    /// Returns the key of the SDK for a setting that it knows, also if the name is that of
    /// `object_store::ClientConfigKey`.
    pub(crate) fn key(name: &str) -> Option<&'static str> {
        let name = match name {
            "proxy_url" => "proxy",
            "read_timeout" => "idle_timeout",
            "timeout" => "attempt_timeout",
            "virtual_host_style" => "enable_virtual_host_style",
            name => name,
        };
        Config::setting_keys().find(|key| *key == name)
    }

    /// Sets a setting. An empty text removes it.
    pub(crate) fn set(&mut self, name: String, key: &'static str, text: &str) {
        self.settings.retain(|set| set.key != key);
        if !text.is_empty() {
            let text = text.into();
            self.settings.push(TextSetting { name, key, text });
        }
    }

    /// Reads the variables of the client.
    pub(crate) fn read_variables(&mut self, variable: impl Fn(&str) -> Option<String>) {
        let names = Config::setting_keys().map(variable_name);
        self.environment = names
            .filter_map(|name| {
                let text = variable(&name)?;
                Some((name, text.into()))
            })
            .collect();
    }

    /// Returns the configuration of the client.
    pub(crate) fn config(&self) -> Result<Config, BoxError> {
        let mut config = self.config.clone().unwrap_or_else(Config::anonymous);
        let (renamed, settings): (Vec<_>, Vec<_>) =
            self.settings.iter().partition(|set| set.name != set.key);
        for TextSetting { name, key, text } in renamed {
            config = config
                .settings([(key, text.expose())])
                .map_err(|error| error.to_string().replacen(key, name, 1))?;
        }
        let settings = settings
            .into_iter()
            .filter(|set| !self.skip_signature || !Self::CREDENTIALS.contains(&set.key))
            .map(|set| (set.key, set.text.expose()));
        let mut config = config.settings(settings)?;
        if self.skip_signature {
            config = config.credentials(Credentials::anonymous());
        } else if !self.has_credentials() {
            return Err("no credentials: call `with_access_key_id` and \
                        `with_secret_access_key`, or `with_skip_signature` for unsigned requests"
                .into());
        }
        if let Some(pem) = &self.proxy_ca_certificate {
            config = config.ca_certificate_pem(pem.as_str());
        }
        let variables = self.environment.iter();
        Ok(config.environment(variables.map(|(name, text)| (name, text.expose())))?)
    }

    /// Returns whether a source has credentials. A configuration may be anonymous on purpose.
    fn has_credentials(&self) -> bool {
        let is_set = |key: &&str| {
            let name = variable_name(key);
            self.text(key).is_some() || self.environment.iter().any(|(set, _)| *set == name)
        };
        self.config.is_some() || Self::CREDENTIALS.iter().any(is_set)
    }

    /// Returns the text of a setting.
    fn text(&self, key: &str) -> Option<&Secret> {
        let mut settings = self.settings.iter();
        settings.find_map(|set| (set.key == key).then_some(&set.text))
    }
}

/// Returns whether users of other stores expect an effect of this setting that the client does not have.
pub(crate) fn is_unsupported(key: &str, text: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let unsupported = UNSUPPORTED.iter().find(|(name, _)| *name == key);
    unsupported.is_some_and(|(_, value)| value.is_none() || boolean(text).ok() != *value)
}

/// Parses `true` or `false`.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("`{text}` is not true or false")),
    }
}

/// Returns the environment variable of a setting.
pub(crate) fn variable_name(key: &str) -> String {
    format!("QINGSTOR_{}", key.to_ascii_uppercase())
}

/// Shows neither the secret nor the settings that could contain one.
impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSettings")
            .field("config", &self.config())
            .field(
                "access_key_id",
                &self.text("access_key_id").map(Secret::expose),
            )
            .field("skip_signature", &self.skip_signature)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in `ClientConfigKey` of both versions of `object_store`.
    #[test]
    fn every_option_of_object_store_is_a_setting_or_unsupported() {
        for (key, text, expected) in [
            ("allow_http", "true", false),
            ("allow_http", "false", true),
            ("allow_invalid_certificates", "true", true),
            ("allow_invalid_certificates", "0", false),
            ("connect_timeout", "5s", false),
            ("default_content_type", "text/plain", true),
            ("disable_system_certificates", "true", true),
            ("http1_only", "true", false),
            ("http2_keep_alive_interval", "5s", true),
            ("http2_keep_alive_timeout", "5s", true),
            ("http2_keep_alive_while_idle", "true", true),
            ("http2_max_frame_size", "16384", true),
            ("HTTP2_ONLY", "true", true),
            ("pool_idle_timeout", "5s", false),
            ("pool_max_idle_per_host", "5", false),
            ("proxy_url", "http://proxy.example.com", false),
            ("proxy_excludes", "example.com", true),
            ("randomize_addresses", "true", true),
            ("read_timeout", "5s", false),
            ("timeout", "5s", false),
            ("user_agent", "my-engine/1.0", true),
        ] {
            assert_eq!(is_unsupported(key, text), expected, "{key}");
            let is_listed = UNSUPPORTED
                .iter()
                .any(|(name, _)| key.eq_ignore_ascii_case(name));
            assert_eq!(ClientSettings::key(key).is_none(), is_listed, "{key}");
        }
        assert!(!is_unsupported("aws_region", "x"));
    }
}
