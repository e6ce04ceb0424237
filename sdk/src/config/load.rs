//! Loads settings: the environment overrides a file, which overrides the defaults.

use std::collections::HashMap;
use std::ffi::OsString;
#[cfg(feature = "config-file")]
use std::path::Path;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::Config;
use super::address_settings::SettingSource;
#[cfg(feature = "config-file")]
use super::file;
use super::settings::{CREDENTIALS, SETTINGS};
use crate::base::error::{Error, Result};
use crate::config::credentials::{incomplete_credentials, missing_credentials};

impl Config {
    /// Applies environment variables of the table at [`Config`], with the priority of the environment: those
    /// that methods set are not replaced, also not the credentials. Other variables, and those that
    /// are empty, are ignored.
    ///
    /// Use it for variables that the program reads itself, or that it got from elsewhere. A file is not
    /// read.
    ///
    /// ```
    /// # fn main() -> qingstor_sdk::Result<()> {
    /// let config = qingstor_sdk::Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
    ///     .host("stor.example.com")
    ///     .environment([("QINGSTOR_HOST", "ignored.example.com"), ("QINGSTOR_PORT", "8080")])?;
    /// # let _ = config; Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns `Config` if a value is invalid, or if only one of the credentials is set; the message
    /// names the variable.
    pub fn environment<N: AsRef<str>, V: AsRef<str>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self> {
        apply_pairs(&mut self, variables)?;
        Ok(self)
    }

    /// Returns whether the key pair of `source` applies: neither credentials nor a key pair of a
    /// higher source are set.
    fn takes_key_pair_of(&self, source: SettingSource) -> bool {
        self.credentials.is_none() && self.provider.is_none() && source >= self.key_pair_source
    }
}

/// Reads the file, then the environment variables. `variable` returns the value of a variable, so
/// that tests need not change the environment.
pub(super) fn load(
    variable: &dyn Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Result<Config> {
    let mut config = Config::anonymous();
    let in_file = read_file(&mut config, variable, home)?;
    let in_environment = apply_environment(&mut config, variable)?;
    if in_file || in_environment {
        return Ok(config);
    }
    Err(missing_credentials(
        "set QINGSTOR_ACCESS_KEY_ID and QINGSTOR_SECRET_ACCESS_KEY, or write access_key_id and \
         secret_access_key into ~/.qingstor/config.yaml, or use anonymous credentials",
    ))
}

/// Applies the variables that have these names. Empty ones count as unset.
fn apply_pairs<N: AsRef<str>, V: AsRef<str>>(
    config: &mut Config,
    variables: impl IntoIterator<Item = (N, V)>,
) -> Result<()> {
    let mut known = HashMap::new();
    for (name, value) in variables {
        let (name, value) = (name.as_ref(), value.as_ref());
        if name.starts_with(VARIABLE_PREFIX) && !value.is_empty() {
            known.insert(name.to_owned(), Zeroizing::new(value.to_owned()));
        }
    }
    let variable = |name: &str| known.get(name).map(|value| OsString::from(value.as_str()));
    apply_environment(config, &variable).map(|_| ())
}

/// Applies the variables, except those that a higher source sets. Returns whether they contain
/// credentials.
fn apply_environment(
    config: &mut Config,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<bool> {
    let takes_key_pair = config.takes_key_pair_of(SettingSource::Environment);
    let [id, secret] = CREDENTIALS.map(variable_name);
    match (variable(&id).is_some(), variable(&secret).is_some()) {
        _ if !takes_key_pair => {}
        // The other half may be in the file, but belongs to another key pair.
        (true, false) => return Err(half_in_environment(&id, &secret)),
        (false, true) => return Err(half_in_environment(&secret, &id)),
        _ => {}
    }
    let source = std::mem::replace(&mut config.address.source, SettingSource::Environment);
    let mut credentials = false;
    for (key, apply) in SETTINGS {
        let is_credential = CREDENTIALS.contains(key);
        if is_credential && !takes_key_pair {
            continue;
        }
        let name = variable_name(key);
        let Some(value) = variable(&name) else {
            continue;
        };
        let Some(text) = value.to_str() else {
            return Err(Error::config(format!(
                "config: {name} (environment) is not UTF-8"
            )));
        };
        if text.is_empty() && !is_credential {
            continue;
        }
        apply(config, text)
            .map_err(|why| Error::config(format!("config: {name} (environment): {why}")))?;
        credentials |= is_credential;
    }
    config.address.source = source;
    Ok(credentials)
}

/// Reads the settings from one file.
#[cfg(feature = "config-file")]
#[inline]
pub(super) fn from_file(path: &Path) -> Result<Config> {
    let mut config = Config::anonymous();
    let text = file::read(path).map_err(|error| unreadable(path, error))?;
    let found = file::apply(&mut config, &text)
        .map_err(|why| Error::config(format!("config: {}{why}", path.display())))?;
    if found {
        return Ok(config);
    }
    let advice = format!(
        "write access_key_id and secret_access_key into {}",
        path.display()
    );
    Err(missing_credentials(&advice))
}

#[cfg(feature = "config-file")]
fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::config(format!("config: {}: {error}", path.display())).with_source(error)
}

const VARIABLE_PREFIX: &str = "QINGSTOR_";

fn variable_name(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.to_ascii_uppercase())
}

fn half_in_environment(set: &str, missing: &str) -> Error {
    incomplete_credentials(&format!("config: {set} (environment)"), missing)
}

/// Returns whether the file is missing. The home directory of some services is a file, such as
/// `/dev/null`.
#[cfg(feature = "config-file")]
fn is_missing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Reads the file if it exists, and returns whether it contains credentials.
#[cfg(feature = "config-file")]
fn read_file(
    config: &mut Config,
    variable: &dyn Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Result<bool> {
    let (path, named) = match variable("QINGSTOR_CONFIG_PATH").filter(|path| !path.is_empty()) {
        Some(path) => (PathBuf::from(path), true),
        None => match home {
            Some(home) => (home.join(".qingstor").join("config.yaml"), false),
            None => return Ok(false),
        },
    };
    let text = match file::read(&path) {
        Ok(text) => text,
        Err(error) if !named && is_missing(&error) => return Ok(false),
        Err(error) => return Err(unreadable(&path, error)),
    };
    file::apply(config, &text)
        .map_err(|why| Error::config(format!("config: {}{why}", path.display())))
}

#[cfg(not(feature = "config-file"))]
fn read_file(
    _: &mut Config,
    _: &dyn Fn(&str) -> Option<OsString>,
    _: Option<PathBuf>,
) -> Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::ErrorKind;
    use crate::config::credentials::Credentials;

    fn with(variables: &[(&str, &str)], home: Option<PathBuf>) -> Result<Config> {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        load(&|name| variables.get(name).map(OsString::from), home)
    }

    /// Returns scheme, host and port of the service.
    fn service(config: &Config) -> String {
        let endpoint = config.resolve_endpoint().unwrap();
        endpoint.service().unwrap().origin()
    }

    const KEYS: [(&str, &str); 2] = [
        ("QINGSTOR_ACCESS_KEY_ID", "ENV_ID"),
        ("QINGSTOR_SECRET_ACCESS_KEY", "ENV_SECRET"),
    ];

    #[test]
    fn loads_from_the_environment_alone() {
        let config = with(&[&KEYS[..], &[("QINGSTOR_PORT", "8080")]].concat(), None).unwrap();
        assert_eq!(
            (&*config.access_key_id, &*service(&config)),
            ("ENV_ID", "https://qingstor.com:8080")
        );
        let missing = with(&[], None).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::Credentials);
        assert!(missing.to_string().contains("QINGSTOR_ACCESS_KEY_ID"));
        let anonymous = with(
            &[
                ("QINGSTOR_ACCESS_KEY_ID", ""),
                ("QINGSTOR_SECRET_ACCESS_KEY", ""),
            ],
            None,
        )
        .unwrap();
        assert!(anonymous.resolve_credentials().unwrap().is_anonymous());
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        for name in [
            "QINGSTOR_PROTOCOL",
            "QINGSTOR_HOST",
            "QINGSTOR_PORT",
            "QINGSTOR_ENDPOINT",
            "QINGSTOR_ENABLE_VIRTUAL_HOST_STYLE",
            "QINGSTOR_ADDITIONAL_USER_AGENT",
        ] {
            let config = with(&[&KEYS[..], &[(name, "")]].concat(), None).unwrap();
            let origin = config.resolve_endpoint().unwrap().service().unwrap();
            assert_eq!(origin.origin(), "https://qingstor.com", "{name}");
        }
    }

    #[test]
    fn methods_override_variables_that_are_applied_later() {
        let variables = [
            KEYS[0],
            KEYS[1],
            ("QINGSTOR_ENDPOINT", "http://127.0.0.1:9000"),
            ("QINGSTOR_ADDITIONAL_USER_AGENT", "environment/1.0"),
            ("QINGSTOR_PORT", ""),
            ("HOME", "/root"),
        ];
        let carrier = Config::anonymous().connect_timeout(std::time::Duration::from_secs(3));
        let config = carrier.environment(variables).unwrap();
        assert_eq!(config.connect_timeout.as_secs(), 3);
        assert_eq!(
            (&*config.access_key_id, &*service(&config)),
            ("ENV_ID", "http://127.0.0.1:9000")
        );
        assert!(config.user_agent().ends_with(" environment/1.0"));

        let program = Config::new("ID", "SECRET").host("stor.example.com");
        let program = program.additional_user_agent("program/1.0");
        let config = program.environment(variables).unwrap();
        assert_eq!(
            (&*config.access_key_id, &**config.secret_access_key),
            ("ID", "SECRET")
        );
        assert_eq!(service(&config), "https://stor.example.com");
        assert!(config.user_agent().ends_with(" program/1.0"));
        // Half a key pair is an error only if it would be used.
        assert_eq!(
            config
                .environment([KEYS[0]])
                .unwrap()
                .secret_access_key
                .as_str(),
            "SECRET"
        );
        let error = Config::anonymous().environment([KEYS[0]]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);

        let config = Config::anonymous().credentials(Credentials::new("ID", "SECRET").unwrap());
        let config = config.environment(variables).unwrap();
        let credentials = config.resolve_credentials().unwrap();
        assert_eq!(credentials.access_key_id(), Some("ID"));
    }

    #[test]
    fn half_a_key_pair_is_refused() {
        for (set, missing) in [(KEYS[0], KEYS[1].0), (KEYS[1], KEYS[0].0)] {
            let error = with(&[set], None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let says = format!("{} (environment) is set, but {missing} is not", set.0);
            assert!(error.to_string().contains(&says), "{error}");
        }
    }

    #[test]
    fn errors_name_the_invalid_variable() {
        for (name, value, says) in [
            (
                "QINGSTOR_ENDPOINT",
                "htp://x",
                "scheme `htp` is not http or https",
            ),
            ("QINGSTOR_PORT", "http", "`http` is not a valid port"),
            ("QINGSTOR_PROTOCOL", "ftp", "not http or https"),
            (
                "QINGSTOR_ENABLE_VIRTUAL_HOST_STYLE",
                "maybe",
                "not true or false",
            ),
        ] {
            let error = with(&[&KEYS[..], &[(name, value)]].concat(), None)
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(&format!("config: {name} (environment): ")),
                "{error}"
            );
            assert!(error.contains(says), "{error}");
        }
    }

    #[cfg(feature = "config-file")]
    #[test]
    fn the_environment_overrides_the_file() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".qingstor")).unwrap();
        let file = "access_key_id: FILE_ID\nsecret_access_key: 'FILE_SECRET'\nhost: stor.example.com\n\
                    port: 443\nprotocol: https\nconnection_retries: 3\nlog_level: warn\n\
                    enable_virtual_host_style: true\n";
        std::fs::write(home.path().join(".qingstor/config.yaml"), file).unwrap();
        let home = Some(home.path().to_owned());
        let config = with(&[], home.clone()).unwrap();
        assert_eq!(
            (&*config.access_key_id, &*service(&config)),
            ("FILE_ID", "https://stor.example.com")
        );
        let endpoint = config.resolve_endpoint().unwrap();
        assert_eq!(
            endpoint.bucket("my-bucket", "pek3a").unwrap().origin(),
            "https://my-bucket.pek3a.stor.example.com"
        );
        let config = with(&KEYS, home).unwrap();
        assert_eq!(
            (&*config.access_key_id, &*service(&config)),
            ("ENV_ID", "https://stor.example.com")
        );
    }

    #[cfg(feature = "config-file")]
    #[test]
    fn a_host_of_a_higher_source_overrides_the_endpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("qingstor.yaml");
        let file = "access_key_id: FILE_ID\nsecret_access_key: 'FILE_SECRET'\nport: 443\n\
                    endpoint: http://127.0.0.1:9000\n";
        std::fs::write(&path, file).unwrap();
        let path = ("QINGSTOR_CONFIG_PATH", path.to_str().unwrap());
        let load_with = |variable| with(&[path, variable], None).unwrap();

        let config = load_with(("QINGSTOR_HOST", ""));
        assert_eq!(service(&config), "http://127.0.0.1:9000");
        let config = load_with(("QINGSTOR_HOST", "stor.example.com"));
        assert_eq!(service(&config), "https://stor.example.com");
        let config = load_with(("QINGSTOR_HOST", "")).host("stor.example.com");
        assert_eq!(service(&config), "https://stor.example.com");
        let config = load_with(("QINGSTOR_ENDPOINT", "http://127.0.0.1:9001"));
        assert_eq!(service(&config), "http://127.0.0.1:9001");
        let config = load_with(("QINGSTOR_PORT", "80"));
        let error = config.resolve_endpoint().unwrap_err().to_string();
        assert!(error.starts_with("port (environment) does not"), "{error}");

        let config = Config::from_file(path.1).unwrap().host("stor.example.com");
        assert_eq!(service(&config), "https://stor.example.com");
    }

    #[cfg(feature = "config-file")]
    #[test]
    fn errors_name_the_file_and_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("qingstor.yaml");
        let path_text = path.to_str().unwrap();
        let load_with = |text: &str| {
            std::fs::write(&path, text).unwrap();
            with(&[("QINGSTOR_CONFIG_PATH", path_text)], None)
                .unwrap_err()
                .to_string()
        };
        for (text, says) in [
            (
                "access_key_id: a\nport: http\n",
                ":2: `port`: `http` is not a valid port",
            ),
            (
                "access_key_id: [a]\n",
                ":1: `access_key_id` must be a plain value",
            ),
            (
                "secret_access_key: 0123\n",
                ":1: `secret_access_key` must be in quotes",
            ),
            ("- a\n", ": it must be a map of settings"),
            ("a: 'b\n", ":1:4: "),
        ] {
            let error = load_with(text);
            assert!(error.contains(&format!("{path_text}{says}")), "{error}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(
            with(&[("QINGSTOR_CONFIG_PATH", path_text)], None)
                .unwrap_err()
                .to_string()
                .contains(path_text)
        );
    }

    #[cfg(feature = "config-file")]
    #[test]
    fn a_named_file_is_read_without_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive.yaml");
        let missing = Config::from_file(&path).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::Config);
        assert!(missing.to_string().contains("archive.yaml"), "{missing}");
        std::fs::write(&path, "port: 8080\n").unwrap();
        let error = Config::from_file(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        std::fs::write(
            &path,
            "access_key_id: FILE_ID\nsecret_access_key: FILE_SECRET\n",
        )
        .unwrap();
        let config = Config::from_file(&path).unwrap();
        assert_eq!(&*config.access_key_id, "FILE_ID");
        std::fs::write(&path, "port: many\n").unwrap();
        let error = Config::from_file(&path).unwrap_err();
        assert!(error.to_string().contains("archive.yaml:1"), "{error}");
    }
}
