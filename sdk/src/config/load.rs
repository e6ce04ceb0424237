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
#[cfg(feature = "config-file")]
use super::unknown_setting::UnknownSetting;
use crate::base::error::{Error, Result};
use crate::config::credentials::{Credentials, incomplete_credentials, missing_credentials};

impl Config {
    /// Loads the settings for anonymous requests from the environment and the configuration file, as
    /// [`load`](Self::load) does. Their credentials are ignored, and may be missing or incomplete.
    ///
    /// # Errors
    ///
    /// Returns `Config` if the file cannot be read, or if a value is invalid.
    #[inline]
    pub fn load_anonymous() -> Result<Self> {
        load_anonymous(&|name| std::env::var_os(name), std::env::home_dir())
    }

    /// Reads the settings for anonymous requests from the file at `path` only, as
    /// [`from_file`](Self::from_file) does. Its credentials are ignored, and may be missing or
    /// incomplete.
    ///
    /// # Errors
    ///
    /// Returns `Config` if the file cannot be read, or if a value is invalid.
    #[cfg(feature = "config-file")]
    pub fn from_file_anonymous(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut config = Self::anonymous().credentials(Credentials::anonymous());
        let text = file::read(path).map_err(|error| unreadable(path, error))?;
        apply_file(&mut config, path, &text)?;
        Ok(config)
    }

    /// Applies environment variables of [the table in the guide](crate::guide::configuration), with the
    /// priority of the environment: settings and credentials that methods have set are not replaced.
    /// Other variables, and those that are empty, are ignored.
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

    /// Returns the keys in the file at `path` that are not settings. [`load`](Self::load) ignores them,
    /// because they may belong to other SDKs, but they can also be spelling mistakes.
    ///
    /// # Errors
    ///
    /// Returns `Config` if the file cannot be read, or is not a map of settings.
    #[cfg(feature = "config-file")]
    pub fn unknown_settings(path: impl AsRef<Path>) -> Result<Vec<UnknownSetting>> {
        let path = path.as_ref();
        let text = file::read(path).map_err(|error| unreadable(path, error))?;
        Ok(apply_file(&mut Self::anonymous(), path, &text)?.unknown)
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
    let variable = &not_empty(variable);
    let [has_id, has_secret] = CREDENTIALS.map(|name| variable(&variable_name(name)).is_some());
    let in_file = read_file(&mut config, variable, home, !has_id && !has_secret)?;
    let in_environment = apply_environment(&mut config, variable)?;
    if in_file || in_environment {
        return Ok(config);
    }
    Err(missing_credentials(
        "set QINGSTOR_ACCESS_KEY_ID and QINGSTOR_SECRET_ACCESS_KEY, or write access_key_id and \
         secret_access_key into ~/.qingstor/config.yaml, or use anonymous credentials",
    ))
}

/// Reads the file, then the environment variables, without their credentials.
#[inline]
fn load_anonymous(
    variable: &dyn Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Result<Config> {
    let mut config = Config::anonymous().credentials(Credentials::anonymous());
    let variable = &not_empty(variable);
    read_file(&mut config, variable, home, false)?;
    apply_environment(&mut config, variable)?;
    Ok(config)
}

/// Returns the function that reads variables, for which an empty variable is unset.
fn not_empty(
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> impl Fn(&str) -> Option<OsString> + '_ {
    |name| variable(name).filter(|value| !value.is_empty())
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

/// Applies the variables, none of which is empty, except those that a higher source sets. Returns
/// whether they contain credentials.
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
        apply(config, text)
            .map_err(|why| Error::config(format!("config: {name} (environment): {why}")))?;
        credentials |= is_credential;
    }
    config.address.source = source;
    if credentials {
        config.check_key_pair(&format!("config: {id} and {secret} (environment)"))?;
    }
    Ok(credentials)
}

/// Reads the settings from one file.
#[cfg(feature = "config-file")]
#[inline]
pub(super) fn from_file(path: &Path) -> Result<Config> {
    let mut config = Config::anonymous();
    let text = file::read(path).map_err(|error| unreadable(path, error))?;
    if apply_file(&mut config, path, &text)?.check_credentials(&config, &place(path))? {
        return Ok(config);
    }
    let advice = format!(
        "write access_key_id and secret_access_key into {}",
        path.display()
    );
    Err(missing_credentials(&advice))
}

/// Applies the settings in the text of a file.
#[cfg(feature = "config-file")]
fn apply_file(config: &mut Config, path: &Path, text: &str) -> Result<file::FileKeys> {
    file::apply(config, text).map_err(|why| Error::config(format!("{}{why}", place(path))))
}

/// Returns the start of messages about a file.
#[cfg(feature = "config-file")]
fn place(path: &Path) -> String {
    format!("config: {}", path.display())
}

#[cfg(feature = "config-file")]
fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::config(format!("{}: {error}", place(path))).with_source(error)
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

/// Reads the file if it exists, and returns whether it contains credentials. They are only checked if
/// `uses_credentials` is set.
#[cfg(feature = "config-file")]
fn read_file(
    config: &mut Config,
    variable: &dyn Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
    uses_credentials: bool,
) -> Result<bool> {
    let (path, named) = match variable("QINGSTOR_CONFIG_PATH") {
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
    let keys = apply_file(config, &path, &text)?;
    Ok(uses_credentials && keys.check_credentials(config, &place(&path))?)
}

#[cfg(not(feature = "config-file"))]
fn read_file(
    _: &mut Config,
    _: &dyn Fn(&str) -> Option<OsString>,
    _: Option<PathBuf>,
    _: bool,
) -> Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests;
