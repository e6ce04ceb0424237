//! [`FileCredentials`]: credentials from a file that may change while the program runs.

use std::path::PathBuf;
use std::time::Duration;

use super::{Credentials, ProvideCredentials, ProvideFuture, ProvidedCredentials};
use crate::base::error::{Error, ErrorKind, Result};
use crate::config::file;

/// Credentials from a configuration file that may change while the program runs.
///
/// The provider uses `access_key_id` and `secret_access_key` of the file. It reads the file at most
/// every 30 seconds, and only when credentials are needed. While the file cannot be read, the
/// old credentials stay in use. The file must be a regular file (or a link to one) of at most 1 MiB,
/// as for [`Config::load`](crate::Config::load).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> qingstor_sdk::Result<()> {
/// use std::time::Duration;
///
/// use qingstor_sdk::{Config, FileCredentials, QingStor};
///
/// let file = FileCredentials::new("/run/secrets/qingstor.yaml");
/// let file = file.check_every(Duration::from_secs(5));
/// let qingstor = QingStor::new(Config::anonymous().credentials_provider(file))?;
/// # let _ = qingstor; Ok(()) }
/// ```
#[derive(Debug)]
pub struct FileCredentials {
    /// `None`: the file that [`Config::load`](crate::Config::load) reads.
    path: Option<PathBuf>,
    check_every: Duration,
}

impl FileCredentials {
    /// Creates a provider that reads the YAML file at this path.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: Some(path.into()),
            ..Self::default()
        }
    }

    /// Sets the shortest time between two reads of the file. 30 seconds by default.
    #[must_use]
    pub fn check_every(mut self, time: Duration) -> Self {
        self.check_every = time;
        self
    }

    fn path(&self) -> Result<PathBuf> {
        let named = || std::env::var_os("QINGSTOR_CONFIG_PATH").filter(|path| !path.is_empty());
        let home = || Some(std::env::home_dir()?.join(".qingstor").join("config.yaml"));
        self.path
            .clone()
            .or_else(|| named().map(PathBuf::from))
            .or_else(home)
            .ok_or_else(|| Error::new(ErrorKind::Credentials, "cannot find the home directory"))
    }

    async fn read(&self) -> Result<Credentials> {
        let path = self.path()?;
        let failed = |error: std::io::Error| {
            let text = format!("{}: {error}", path.display());
            Error::new(ErrorKind::Credentials, text).with_source(error)
        };
        let from = path.clone();
        let text = tokio::task::spawn_blocking(move || file::read(&from)).await;
        let text = text.map_err(std::io::Error::other).and_then(|text| text);
        file::credentials(&path, &text.map_err(failed)?)
    }
}

impl Default for FileCredentials {
    /// The file that `QINGSTOR_CONFIG_PATH` names, or `~/.qingstor/config.yaml`.
    fn default() -> Self {
        Self {
            path: None,
            check_every: Duration::from_secs(30),
        }
    }
}

impl ProvideCredentials for FileCredentials {
    #[inline]
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            let provided = ProvidedCredentials::new(self.read().await?);
            Ok(provided.refresh_after(self.check_every))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_changed_file_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        let file = FileCredentials::new(&path).check_every(Duration::from_secs(1));
        let missing = file.read().await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::Credentials);
        assert!(missing.to_string().contains("config.yaml"), "{missing}");
        // New key pairs have the length of the old ones, and some tools set the same time.
        let time = std::time::SystemTime::now();
        for id in ["ID_ONE", "ID_TWO"] {
            let text = format!("access_key_id: '{id}'\nsecret_access_key: 'hush'\nport: 80\n");
            std::fs::write(&path, text).unwrap();
            let written = std::fs::File::options().write(true).open(&path).unwrap();
            written.set_modified(time).unwrap();
            for _ in 0..2 {
                let provided = file.provide().await.unwrap();
                assert_eq!(provided.credentials.access_key_id(), Some(id));
                assert_eq!(provided.refresh_after, Some(Duration::from_secs(1)));
            }
        }
        std::fs::write(&path, "host: example.com\n").unwrap();
        let none = file.read().await.unwrap_err();
        assert_eq!(none.kind(), ErrorKind::Credentials);
        assert!(!format!("{file:?}").contains("hush"));
    }
}
