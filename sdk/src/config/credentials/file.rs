//! [`FileCredentials`]: credentials from a file that may change while the program runs.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};

use super::{Credentials, ProvideCredentials, ProvideFuture, ProvidedCredentials};
use crate::base::error::{Error, ErrorKind, Result};
use crate::config::file;

/// Credentials from a configuration file that may change while the program runs.
///
/// The provider uses `access_key_id` and `secret_access_key` of the file. It reads the file at most
/// every 30 seconds, and only when credentials are needed. While the file cannot be read, the
/// old credentials stay in use. A read that does not end, for example of a network file system, is not
/// repeated: later calls wait for it. The file must be a regular file (or a link to one) of at most 1 MiB,
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
    pending_read: PendingRead,
}

/// The last read, if the call that waited for it was dropped. A read of a file system that does not
/// respond blocks a thread, and each further one would block another.
type PendingRead = Mutex<Option<JoinHandle<Result<Credentials>>>>;

/// Waits for a read. If it is dropped before, the next call waits for the read.
struct ReadWait<'a> {
    /// `None` after the end.
    read: Option<JoinHandle<Result<Credentials>>>,
    pending_read: &'a PendingRead,
}

impl Future for ReadWait<'_> {
    type Output = Result<Result<Credentials>, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(read) = &mut self.read else {
            return Poll::Pending;
        };
        let result = ready!(Pin::new(read).poll(cx));
        self.read = None;
        Poll::Ready(result)
    }
}

impl Drop for ReadWait<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(read) = self.read.take() {
            let pending_read = self.pending_read.lock();
            *pending_read.unwrap_or_else(PoisonError::into_inner) = Some(read);
        }
    }
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

    #[inline]
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
        let pending_read = self.pending_read.lock();
        let pending_read = pending_read.unwrap_or_else(PoisonError::into_inner).take();
        // The result of a read that ended some time ago may be out of date.
        let read = match pending_read.filter(|read| !read.is_finished()) {
            Some(read) => read,
            None => {
                let path = self.path()?;
                tokio::task::spawn_blocking(move || read(&path))
            }
        };
        let wait = ReadWait {
            read: Some(read),
            pending_read: &self.pending_read,
        };
        wait.await.unwrap_or_else(|error| {
            let text = "the read of the credentials file was aborted";
            Err(Error::new(ErrorKind::Credentials, text).with_source(error))
        })
    }
}

#[inline]
fn read(path: &Path) -> Result<Credentials> {
    let text = file::read(path).map_err(|error| {
        let text = format!("{}: {error}", path.display());
        Error::new(ErrorKind::Credentials, text).with_source(error)
    })?;
    file::credentials(path, &text)
}

impl Default for FileCredentials {
    /// The file that `QINGSTOR_CONFIG_PATH` names, or `~/.qingstor/config.yaml`.
    fn default() -> Self {
        Self {
            path: None,
            check_every: Duration::from_secs(30),
            pending_read: PendingRead::default(),
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

    /// Otherwise, each call would block another thread.
    #[tokio::test]
    async fn a_read_that_does_not_end_is_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        let text = "access_key_id: 'STORED'\nsecret_access_key: 'hush'\n";
        std::fs::write(&path, text).unwrap();
        let file = FileCredentials::new(&path);
        let hang = || {
            let (end, ended) = std::sync::mpsc::channel::<()>();
            let read = tokio::task::spawn_blocking(move || {
                ended.recv().unwrap();
                Credentials::new("PENDING", "hush")
            });
            *file.pending_read.lock().unwrap() = Some(read);
            end
        };
        let id = async || {
            file.read()
                .await
                .unwrap()
                .access_key_id()
                .unwrap()
                .to_owned()
        };
        let end = hang();
        for _ in 0..3 {
            let read = tokio::time::timeout(Duration::from_millis(20), file.read());
            assert!(read.await.is_err());
        }
        // The call waits before the read ends.
        let (found, ()) = tokio::join!(id(), async { end.send(()).unwrap() });
        assert_eq!(found, "PENDING");
        assert_eq!(id().await, "STORED");
        // A read that ended while no call waited for it.
        hang().send(()).unwrap();
        let is_pending = || {
            let read = file.pending_read.lock().unwrap();
            read.as_ref().is_some_and(|read| !read.is_finished())
        };
        while is_pending() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(id().await, "STORED");
    }
}
