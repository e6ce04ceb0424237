//! [`AddressSettings`]: the settings for the address of the service, and where they come from.

use std::fmt;

use super::url::{scheme, split_url, without_user};
use crate::base::error::{Error, Result};
use crate::config::endpoint::Endpoint;

/// Where a setting comes from. A higher source overrides a lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SettingSource {
    Default,
    /// The configuration file, or the configuration of a program that contains these settings.
    #[cfg(any(test, feature = "config-file", feature = "serde"))]
    File,
    Environment,
    /// A method of `Config`.
    Method,
}

impl fmt::Display for SettingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            #[cfg(any(test, feature = "config-file", feature = "serde"))]
            Self::File => "configuration file",
            Self::Environment => "environment",
            Self::Method => "program",
        })
    }
}

/// A setting, and where it comes from.
#[derive(Clone)]
pub(super) struct Setting<T> {
    pub(super) value: T,
    pub(super) source: SettingSource,
}

impl<T> Setting<T> {
    pub(super) fn default(value: T) -> Self {
        Self {
            value,
            source: SettingSource::Default,
        }
    }

    /// Sets the value, unless the present one comes from a higher source.
    pub(super) fn set(&mut self, value: T, source: SettingSource) {
        if source >= self.source {
            *self = Self { value, source };
        }
    }
}

/// The settings for the address of the service.
///
/// The endpoint contains protocol, host and port. It overrides those of the same source and of lower
/// ones, and a host of a higher source overrides the endpoint.
#[derive(Clone)]
pub(super) struct AddressSettings {
    /// The source of the settings that are being applied.
    pub(super) source: SettingSource,
    protocol: Setting<String>,
    host: Setting<String>,
    port: Setting<Option<u16>>,
    endpoint: Setting<Option<String>>,
    virtual_host_style: Setting<bool>,
}

impl Default for AddressSettings {
    fn default() -> Self {
        Self {
            source: SettingSource::Method,
            protocol: Setting::default("https".into()),
            host: Setting::default("qingstor.com".into()),
            port: Setting::default(None),
            endpoint: Setting::default(None),
            virtual_host_style: Setting::default(false),
        }
    }
}

impl AddressSettings {
    pub(super) fn set_protocol(&mut self, value: String) {
        self.protocol.set(value, self.source);
    }

    pub(super) fn set_host(&mut self, value: String) {
        self.host.set(value, self.source);
    }

    pub(super) fn set_port(&mut self, port: u16) {
        self.port.set(Some(port), self.source);
    }

    pub(super) fn set_endpoint(&mut self, url: String) {
        self.endpoint.set(Some(url), self.source);
    }

    pub(super) fn set_virtual_host_style(&mut self, enabled: bool) {
        self.virtual_host_style.set(enabled, self.source);
    }

    /// Returns the address of the service.
    ///
    /// # Errors
    ///
    /// Returns `Config` if a setting is invalid, or if a protocol or a port has no effect because the
    /// endpoint comes from a lower source.
    pub(super) fn resolve(&self) -> Result<Endpoint> {
        let virtual_host = self.virtual_host_style.value;
        match self.endpoint()? {
            Some(url) => {
                let (scheme, host, port) = split_url(url).map_err(|why| {
                    Error::config(format!("endpoint `{}`: {why}", without_user(url)))
                })?;
                Endpoint::new(scheme, host, port, false, virtual_host)
            }
            None => {
                let scheme = scheme(&self.protocol.value)
                    .map_err(|why| Error::config(format!("protocol: {why}")))?;
                let (host, port) = (&self.host.value, self.port.value);
                Endpoint::new(scheme, host, port, true, virtual_host)
            }
        }
    }

    /// Returns the endpoint, unless there is none or a host overrides it.
    fn endpoint(&self) -> Result<Option<&str>> {
        let Setting { value, source } = &self.endpoint;
        let url = value.as_deref().filter(|_| self.host.source <= *source);
        let Some(url) = url else {
            return Ok(None);
        };
        for (name, from) in [
            ("protocol", self.protocol.source),
            ("port", self.port.source),
        ] {
            // Neither possible meaning is what every user expects, and one of them sends requests to
            // another host.
            if from > *source {
                let url = without_user(url);
                return Err(Error::config(format!(
                    "{name} ({from}) does not apply to the endpoint `{url}` ({source}): set \
                     `endpoint` instead, or `host` as well"
                )));
            }
        }
        Ok(Some(url))
    }
}

/// Shows the endpoint without user name and password.
impl fmt::Debug for AddressSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressSettings")
            .field("protocol", &self.protocol.value)
            .field("host", &self.host.value)
            .field("port", &self.port.value)
            .field(
                "endpoint",
                &self.endpoint.value.as_deref().map(without_user),
            )
            .field("virtual_host_style", &self.virtual_host_style.value)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Apply = fn(&mut AddressSettings);

    const PROTOCOL: Apply = |settings| settings.set_protocol("http".into());
    const HOST: Apply = |settings| settings.set_host("stor.example.com".into());
    const PORT: Apply = |settings| settings.set_port(8080);
    const ENDPOINT: Apply = |settings| settings.set_endpoint("http://127.0.0.1:9000".into());

    fn origin(all: &[(SettingSource, Apply)]) -> Result<String> {
        let mut settings = AddressSettings::default();
        for (source, apply) in all {
            settings.source = *source;
            apply(&mut settings);
        }
        Ok(settings.resolve()?.service()?.origin())
    }

    #[test]
    fn a_higher_source_overrides_a_lower_one() {
        use SettingSource::{Environment, File, Method};
        const LOCAL: &str = "http://127.0.0.1:9000";
        for (low, high) in [(File, Environment), (File, Method), (Environment, Method)] {
            for part in [PROTOCOL, HOST, PORT] {
                assert_eq!(origin(&[(low, part), (high, ENDPOINT)]).unwrap(), LOCAL);
                // The files of other SDKs contain all settings.
                assert_eq!(origin(&[(low, part), (low, ENDPOINT)]).unwrap(), LOCAL);
                assert_eq!(origin(&[(low, ENDPOINT), (low, part)]).unwrap(), LOCAL);
            }
            for (settings, expected) in [
                (
                    &[(low, ENDPOINT), (high, HOST)][..],
                    "https://stor.example.com",
                ),
                (
                    &[(low, ENDPOINT), (high, HOST), (high, PORT)],
                    "https://stor.example.com:8080",
                ),
                (
                    &[(low, PORT), (low, ENDPOINT), (high, HOST)],
                    "https://stor.example.com:8080",
                ),
                (
                    &[(low, PORT), (high, HOST), (high, PROTOCOL)],
                    "http://stor.example.com:8080",
                ),
            ] {
                assert_eq!(origin(settings).unwrap(), expected);
            }
        }
        let all = [(File, ENDPOINT), (Environment, HOST), (Method, PORT)];
        assert_eq!(origin(&all).unwrap(), "https://stor.example.com:8080");
    }

    #[test]
    fn a_setting_without_effect_is_an_error() {
        use SettingSource::{Environment, File, Method};
        for (settings, says) in [
            (
                &[(File, ENDPOINT), (Environment, PORT)][..],
                "port (environment) does not apply to the endpoint `http://127.0.0.1:9000` \
                 (configuration file): set `endpoint` instead, or `host` as well",
            ),
            (
                &[(Environment, ENDPOINT), (Method, PROTOCOL)],
                "protocol (program) does not apply to the endpoint `http://127.0.0.1:9000` \
                 (environment)",
            ),
            (
                &[(File, HOST), (Environment, ENDPOINT), (Method, PORT)],
                "port (program) does not apply",
            ),
        ] {
            let error = origin(settings).unwrap_err().to_string();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
