//! The settings that files, environment variables and serde can contain.

use std::str::FromStr;
use std::time::Duration;

use zeroize::Zeroizing;

use super::credentials::incomplete_credentials;
use super::duration::parse_duration;
use super::proxy_url;
use super::timeouts::NEVER;
use super::transport::ProxySetting;
use super::url::{parse_port, scheme, split_url};
use super::{Config, check_user_agent};
use crate::base::error::{Error, Result as SdkResult};
use crate::config::retry::RetryPolicy;

/// Parses the text of a setting into the configuration. Returns a reason if the text is invalid.
pub(super) type SetFromText = fn(&mut Config, &str) -> Result<(), String>;

/// All settings by their key in a file. The name of an environment variable is `QINGSTOR_` and the
/// key in upper case.
pub(super) const SETTINGS: &[(&str, SetFromText)] = &[
    ("access_key_id", |config, text| {
        config.access_key_id = text.to_owned();
        config.key_pair_source = config.address.source;
        Ok(())
    }),
    ("secret_access_key", |config, text| {
        config.secret_access_key = Zeroizing::new(text.to_owned());
        config.key_pair_source = config.address.source;
        Ok(())
    }),
    ("protocol", |config, text| {
        scheme(text)?;
        config.address.set_protocol(text.to_owned());
        Ok(())
    }),
    ("host", |config, text| {
        config.address.set_host(text.to_owned());
        Ok(())
    }),
    ("port", |config, text| {
        config.address.set_port(parse_port(text)?);
        Ok(())
    }),
    ("endpoint", |config, text| {
        split_url(text)?;
        config.address.set_endpoint(text.to_owned());
        Ok(())
    }),
    ("enable_virtual_host_style", |config, text| {
        config.address.set_virtual_host_style(parse_boolean(text)?);
        Ok(())
    }),
    ("additional_user_agent", |config, text| {
        check_user_agent(text)?;
        config.set_additional_user_agent(text.to_owned());
        Ok(())
    }),
    (CONNECT_TIMEOUT, |config, text| {
        config.set_connect_timeout(parse_timeout(text)?);
        Ok(())
    }),
    (IDLE_TIMEOUT, |config, text| {
        config.set_idle_timeout(parse_timeout(text)?);
        Ok(())
    }),
    (ATTEMPT_TIMEOUT, |config, text| {
        let timeout = parse_timeout(text)?;
        if config.takes(ATTEMPT_TIMEOUT) {
            config.retry = config.retry.clone().attempt_timeout(timeout);
        }
        Ok(())
    }),
    (MAX_ATTEMPTS, |config, text| {
        let attempts = parse_number(text)?;
        if config.takes(MAX_ATTEMPTS) {
            config.retry = config.retry.clone().max_attempts(attempts);
        }
        Ok(())
    }),
    (PROXY, |config, text| {
        proxy_url::check(text)?;
        config.set_proxy(ProxySetting::Url(text.to_owned()));
        Ok(())
    }),
    (POOL_IDLE_TIMEOUT, |config, text| {
        config.set_pool_idle_timeout(parse_duration(text)?);
        Ok(())
    }),
    (POOL_MAX_IDLE_PER_HOST, |config, text| {
        config.set_pool_max_idle_per_host(parse_number(text)?);
        Ok(())
    }),
];

const CONNECT_TIMEOUT: &str = "connect_timeout";
const IDLE_TIMEOUT: &str = "idle_timeout";
const ATTEMPT_TIMEOUT: &str = "attempt_timeout";
const MAX_ATTEMPTS: &str = "max_attempts";
const PROXY: &str = "proxy";
const POOL_IDLE_TIMEOUT: &str = "pool_idle_timeout";
const POOL_MAX_IDLE_PER_HOST: &str = "pool_max_idle_per_host";

/// The two settings of a key pair.
pub(super) const CREDENTIALS: [&str; 2] = ["access_key_id", "secret_access_key"];

pub(super) fn parse_boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("`{text}` is not true or false")),
    }
}

/// Parses the limit of a wait, which is at least a nanosecond.
fn parse_timeout(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("must not be zero".to_owned()),
        timeout => Ok(timeout),
    }
}

/// Parses a number. Unlike the standard library, refuses a sign.
fn parse_number<T: FromStr>(text: &str) -> Result<T, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.ok_or_else(|| format!("`{text}` is not a valid number"))
}

/// Returns the setting with this key.
///
/// # Errors
///
/// Returns a reason that contains all keys if there is none.
#[inline]
pub(super) fn find_setting(key: &str) -> Result<&'static (&'static str, SetFromText), String> {
    SETTINGS
        .iter()
        .find(|(known, _)| *known == key)
        .ok_or_else(|| {
            let keys: Vec<_> = Config::setting_keys().collect();
            format!(
                "unknown setting `{key}`, expected one of {}",
                keys.join(", ")
            )
        })
}

impl Config {
    /// Applies settings by their keys, which are those of the file in [the table in the
    /// guide](crate::guide::configuration), with the priority of methods. An empty text counts as unset.
    /// A key pair replaces other credentials.
    ///
    /// Use it for options that your program takes as text and does not have to know.
    ///
    /// ```
    /// # fn main() -> qingstor_sdk::Result<()> {
    /// let options = [("host", "stor.example.com"), ("port", "8080")];
    /// let config = qingstor_sdk::Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY").settings(options)?;
    /// # let _ = config; Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns `Config` if a key is unknown, if a value is invalid, or if only one half of a key pair is
    /// set; the message names the key.
    pub fn settings<K: AsRef<str>, V: AsRef<str>>(
        mut self,
        settings: impl IntoIterator<Item = (K, V)>,
    ) -> SdkResult<Self> {
        let mut credentials = Vec::new();
        for (key, text) in settings {
            self.apply_setting(key.as_ref(), text.as_ref(), &mut credentials)?;
        }
        self.replace_credentials(&credentials)?;
        Ok(self)
    }

    /// Returns the keys of [`settings`](Self::settings).
    pub fn setting_keys() -> impl Iterator<Item = &'static str> {
        SETTINGS.iter().map(|(key, _)| *key)
    }

    pub(super) fn set_connect_timeout(&mut self, timeout: Duration) {
        if self.takes(CONNECT_TIMEOUT) {
            self.connect_timeout = timeout.min(NEVER);
        }
    }

    pub(super) fn set_idle_timeout(&mut self, timeout: Duration) {
        if self.takes(IDLE_TIMEOUT) {
            self.idle_timeout = timeout.min(NEVER);
        }
    }

    pub(super) fn set_retry(&mut self, policy: RetryPolicy) {
        self.takes(ATTEMPT_TIMEOUT);
        self.takes(MAX_ATTEMPTS);
        self.retry = policy;
    }

    pub(super) fn set_proxy(&mut self, proxy: ProxySetting) {
        if self.takes(PROXY) {
            self.transport.proxy = proxy;
        }
    }

    pub(super) fn set_pool_idle_timeout(&mut self, timeout: Duration) {
        if self.takes(POOL_IDLE_TIMEOUT) {
            self.transport.pool_idle_timeout = Some(timeout.min(NEVER));
        }
    }

    pub(super) fn set_pool_max_idle_per_host(&mut self, connections: usize) {
        if self.takes(POOL_MAX_IDLE_PER_HOST) {
            self.transport.pool_max_idle_per_host = Some(connections);
        }
    }

    /// Returns whether the source whose settings are being applied may set this one: no higher source
    /// has. Records the source.
    fn takes(&mut self, key: &'static str) -> bool {
        let source = self.address.source;
        match self.sources.iter_mut().find(|(set, _)| *set == key) {
            Some((_, present)) if *present > source => return false,
            Some((_, present)) => *present = source,
            None => self.sources.push((key, source)),
        }
        true
    }

    /// Applies the text of a setting, unless it is empty. Adds its key to `credentials` if it is one half
    /// of a key pair.
    #[inline]
    fn apply_setting(
        &mut self,
        key: &str,
        text: &str,
        credentials: &mut Vec<&'static str>,
    ) -> SdkResult<()> {
        let (key, set) = find_setting(key).map_err(Error::config)?;
        if text.is_empty() {
            return Ok(());
        }
        if CREDENTIALS.contains(key) {
            credentials.push(key);
        }
        set(self, text).map_err(|why| Error::config(format!("{key}: {why}")))
    }

    /// Replaces other credentials by the key pair, of which these halves were set.
    #[inline]
    fn replace_credentials(&mut self, set: &[&str]) -> SdkResult<()> {
        let missing = CREDENTIALS.iter().find(|half| !set.contains(half));
        match (set, missing) {
            ([], _) => Ok(()),
            ([set, ..], Some(missing)) => Err(incomplete_credentials(set, missing)),
            (_, None) => {
                self.credentials = None;
                self.provider = None;
                self.check_key_pair(&CREDENTIALS.join(" and "))
            }
        }
    }
}
