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
    /// Settings by their keys.
    settings: Vec<(&'static str, Secret)>,
    pub(crate) skip_signature: bool,
}

impl ClientSettings {
    const CREDENTIALS: [&str; 2] = ["access_key_id", "secret_access_key"];

    /// Returns the key of the SDK for a setting that it knows.
    pub(crate) fn key(name: &str) -> Option<&'static str> {
        Config::setting_keys().find(|key| *key == name)
    }

    /// Sets a setting. An empty text removes it.
    pub(crate) fn set(&mut self, key: &'static str, text: &str) {
        self.settings.retain(|(set, _)| *set != key);
        if !text.is_empty() {
            self.settings.push((key, text.into()));
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
        let config = self.config.clone().unwrap_or_else(Config::anonymous);
        let settings = self.settings.iter();
        let settings = settings
            .filter(|(key, _)| !self.skip_signature || !Self::CREDENTIALS.contains(key))
            .map(|(key, text)| (key, text.expose()));
        let mut config = config.settings(settings)?;
        if self.skip_signature {
            config = config.credentials(Credentials::anonymous());
        } else if !self.has_credentials() {
            return Err("no credentials: call `with_access_key_id` and \
                        `with_secret_access_key`, or `with_skip_signature` for unsigned requests"
                .into());
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
        settings.find_map(|(set, text)| (*set == key).then_some(text))
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
