//! Starting and stopping an emulator.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::account::Account;
use crate::auth::Accounts;
use crate::error::{Error, Result};
use crate::server;
use crate::service::Service;
use crate::store::{Storage, Store};

/// The access key id of an emulator that was given no account.
pub const DEFAULT_ACCESS_KEY_ID: &str = "EMULATORACCESSKEYID";
/// The secret access key of an emulator that was given no account.
pub const DEFAULT_SECRET_ACCESS_KEY: &str = "emulator-secret-access-key";

const DEFAULT_ADDRESS: &str = "127.0.0.1:0";
const DEFAULT_ZONES: [&str; 5] = ["pek3a", "pek3b", "sh1a", "gd2", "ap3"];
const DEFAULT_CLIENT_TIMEOUT: Duration = Duration::from_secs(30);

/// A running emulator. It stops when it is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> qingstor_emulator::Result<()> {
/// use qingstor_emulator::Emulator;
///
/// let emulator = Emulator::builder().account("ID", "SECRET").start().await?;
/// assert_eq!(emulator.endpoint(), format!("http://{}", emulator.addr()));
/// assert_eq!(emulator.access_key_id(), "ID");
/// emulator.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Emulator {
    addr: SocketAddr,
    accounts: Vec<Account>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Emulator {
    /// Settings for a new emulator.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The address that the emulator listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address as a URL, such as `http://127.0.0.1:9000`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// All accounts, in the order in which they were given.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The access key id of the first account.
    pub fn access_key_id(&self) -> &str {
        self.accounts
            .first()
            .map_or(DEFAULT_ACCESS_KEY_ID, Account::access_key_id)
    }

    /// The secret access key of the first account.
    pub fn secret_access_key(&self) -> &str {
        self.accounts
            .first()
            .map_or(DEFAULT_SECRET_ACCESS_KEY, Account::secret_access_key)
    }

    /// Takes no more connections, and waits a few seconds for requests in flight.
    pub async fn shutdown(mut self) {
        // The server may have ended by itself; then there is nobody to tell, and nothing to wait
        // for.
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = (&mut self.server).await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Settings for an [`Emulator`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    address: String,
    data_dir: Option<PathBuf>,
    accounts: Vec<Account>,
    zones: Vec<String>,
    client_timeout: Duration,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: DEFAULT_ADDRESS.to_owned(),
            data_dir: None,
            accounts: Vec::new(),
            zones: DEFAULT_ZONES.map(str::to_owned).into(),
            client_timeout: DEFAULT_CLIENT_TIMEOUT,
        }
    }
}

impl Builder {
    /// Listens on this address, such as `127.0.0.1:9000`. The default is a free port of
    /// `127.0.0.1`.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// Keeps buckets and objects in this directory, which is made if it is not there. The default
    /// is a temporary directory that goes away with the emulator.
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(directory.into());
        self
    }

    /// Adds an account: a user of their own with one access key. Without any, there is one with
    /// [`DEFAULT_ACCESS_KEY_ID`] and [`DEFAULT_SECRET_ACCESS_KEY`].
    pub fn account(
        mut self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Self {
        self.accounts
            .push(Account::new(access_key_id, secret_access_key));
        self
    }

    /// Has these zones; the first one is that of requests whose host names none. The default is the
    /// zones of the service, `pek3a` first.
    pub fn zones(mut self, zones: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.zones = zones.into_iter().map(Into::into).collect();
        self
    }

    /// Waits this long for the head of a request and for each piece of its body; 30 seconds by
    /// default.
    pub fn client_timeout(mut self, timeout: Duration) -> Self {
        self.client_timeout = timeout;
        self
    }

    /// Starts the emulator on the current Tokio runtime; it takes requests when this returns.
    ///
    /// # Errors
    ///
    /// The address or the data directory can't be used, or a setting makes no sense.
    pub async fn start(mut self) -> Result<Emulator> {
        if self.accounts.is_empty() {
            self = self.account(DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY);
        }
        self.check()?;
        let failed = |source| Error::Listen {
            address: self.address.clone(),
            source,
        };
        let listener = TcpListener::bind(&self.address).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let storage = match self.data_dir.clone() {
            Some(directory) => Storage::Directory(directory),
            None => Storage::Temporary,
        };
        let store = tokio::task::spawn_blocking(move || Store::open(&storage))
            .await
            .map_err(|error| Error::Setting(error.to_string()))??;
        let service = Arc::new(Service {
            store: Arc::new(store),
            accounts: Accounts::new(self.accounts.clone()),
            zones: self.zones,
            idle_timeout: self.client_timeout,
        });
        let (stop, stopped) = oneshot::channel();
        Ok(Emulator {
            addr,
            accounts: self.accounts,
            stop: Some(stop),
            server: tokio::spawn(server::serve(
                listener,
                service,
                self.client_timeout,
                stopped,
            )),
        })
    }

    fn check(&self) -> Result<()> {
        let refuse = |message: String| Err(Error::Setting(message));
        let mut ids = HashSet::new();
        for account in &self.accounts {
            let id = account.access_key_id();
            if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return refuse(format!("access key id {id:?} is not letters and digits"));
            }
            if account.secret_access_key().is_empty() {
                return refuse(format!("the secret access key of {id} is empty"));
            }
            if !ids.insert(id) {
                return refuse(format!("access key id {id} is given twice"));
            }
        }
        if self.zones.is_empty() {
            return refuse("there is no zone".to_owned());
        }
        for zone in &self.zones {
            let is_label = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
            if zone.is_empty() || !zone.bytes().all(is_label) {
                return refuse(format!(
                    "zone {zone:?} is not lower-case letters, digits and hyphens"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn settings_are_checked() {
        for (builder, expected) in [
            (Emulator::builder().account("", "S"), "access key id"),
            (Emulator::builder().account("A:B", "S"), "access key id"),
            (Emulator::builder().account("A", ""), "secret"),
            (
                Emulator::builder().account("A", "S").account("A", "T"),
                "twice",
            ),
            (Emulator::builder().zones(Vec::<String>::new()), "no zone"),
            (Emulator::builder().zones(["Pek3a"]), "zone"),
            (Emulator::builder().listen("nonsense"), "cannot listen"),
        ] {
            let error = builder.start().await.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
