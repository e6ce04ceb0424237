//! [`ClientSettings`]: the settings of a client, and which of them override which.

use std::fmt;

use qingstor_sdk::{Config, Credentials, Secret};

/// The reason why a builder cannot build a store.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The settings of a client: those of its configuration, and those that have a string key.
#[derive(Clone, Default)]
pub(crate) struct ClientSettings {
    /// The caller's configuration, which the other fields override, except the environment.
    pub(crate) config: Option<Config>,
    /// Variables from the environment, which `config` overrides.
    environment: Vec<(&'static str, Secret)>,
    pub(crate) access_key_id: Option<String>,
    pub(crate) secret_access_key: Option<Secret>,
    pub(crate) skip_signature: bool,
    pub(crate) protocol: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) endpoint: Option<String>,
    pub(crate) virtual_host_style: Option<bool>,
    pub(crate) additional_user_agent: Option<String>,
}

impl ClientSettings {
    /// Environment variables that the client reads.
    pub(crate) const VARIABLES: &[&str] = &[
        "QINGSTOR_ACCESS_KEY_ID",
        "QINGSTOR_SECRET_ACCESS_KEY",
        "QINGSTOR_PROTOCOL",
        "QINGSTOR_HOST",
        "QINGSTOR_PORT",
        "QINGSTOR_ENDPOINT",
        "QINGSTOR_ENABLE_VIRTUAL_HOST_STYLE",
        "QINGSTOR_ADDITIONAL_USER_AGENT",
    ];

    const CREDENTIALS: [&str; 2] = ["QINGSTOR_ACCESS_KEY_ID", "QINGSTOR_SECRET_ACCESS_KEY"];

    /// Reads the variables of the client.
    pub(crate) fn read_variables(&mut self, variable: impl Fn(&str) -> Option<String>) {
        let known = Self::VARIABLES.iter().copied();
        self.environment = known
            .filter_map(|name| Some((name, Secret::from(variable(name)?))))
            .collect();
    }

    /// Applies the settings for the address and the `User-Agent`.
    fn apply(&self, mut config: Config) -> Config {
        if let Some(protocol) = &self.protocol {
            config = config.protocol(protocol);
        }
        if let Some(host) = &self.host {
            config = config.host(host);
        }
        if let Some(port) = self.port {
            config = config.port(port);
        }
        if let Some(endpoint) = &self.endpoint {
            config = config.endpoint(endpoint);
        }
        if let Some(enabled) = self.virtual_host_style {
            config = config.virtual_host_style(enabled);
        }
        if let Some(text) = &self.additional_user_agent {
            config = config.additional_user_agent(text);
        }
        config
    }

    /// Returns the configuration of the client.
    pub(crate) fn config(&self) -> Result<Config, BoxError> {
        let config = self.config.clone().unwrap_or_else(Config::anonymous);
        let mut config = self.apply(config);
        if let Some(credentials) = self.credentials()? {
            config = config.credentials(credentials);
        }
        let variables = self.environment.iter();
        Ok(config.environment(variables.map(|(name, text)| (name, text.expose())))?)
    }

    /// Returns the credentials that replace those of the client; `None` if none are set.
    fn credentials(&self) -> Result<Option<Credentials>, BoxError> {
        if self.skip_signature {
            return Ok(Some(Credentials::anonymous()));
        }
        let in_environment = |(name, _): &(&str, Secret)| Self::CREDENTIALS.contains(name);
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(id), Some(secret)) => Ok(Some(Credentials::new(id, secret.expose())?)),
            (None, None)
                if self.config.is_some() || self.environment.iter().any(in_environment) =>
            {
                Ok(None)
            }
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
impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSettings")
            .field("config", &self.config())
            .field("access_key_id", &self.access_key_id)
            .field("skip_signature", &self.skip_signature)
            .finish_non_exhaustive()
    }
}
