//! Starting and stopping an emulator.

mod builder_check;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::auth::Accounts;
use crate::auth::account::Account;
use crate::background::download::Downloader;
use crate::background::lifecycle_schedule;
use crate::background::notifications::Notifier;
use crate::base::error::{Error, FaultRuleError, Result};
use crate::base::time::Timestamp;
use crate::faults::{FaultReport, FaultRule, Faults};
use crate::server::connections::{self, Timeouts};
use crate::server::console::site::Console;
use crate::server::header_names;
use crate::server::operation_counts::OperationCounts;
use crate::server::state::ServerState;
use crate::store::{LifecycleReport, Storage, Store};

/// Access key ID of an emulator without a configured account.
pub const DEFAULT_ACCESS_KEY_ID: &str = "EMULATORACCESSKEYID";
/// Secret access key of an emulator without a configured account.
pub const DEFAULT_SECRET_ACCESS_KEY: &str = "emulator-secret-access-key";

const DEFAULT_ADDRESS: &str = "127.0.0.1:0";
const DEFAULT_ZONES: [&str; 5] = ["pek3a", "pek3b", "sh1a", "gd2", "ap3"];
const DEFAULT_CLIENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Container engines wait for this time before they kill a process.
const DEFAULT_GRACE: Duration = Duration::from_secs(10);
/// Time for the queued notifications at shutdown.
const NOTIFICATION_GRACE: Duration = Duration::from_secs(2);

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
    has_console: bool,
    faults: Arc<Faults>,
    operation_counts: Arc<OperationCounts>,
    store: Arc<Store>,
    server: BackgroundTask,
    notifications: BackgroundTask,
    lifecycle_task: JoinHandle<()>,
}

impl Emulator {
    /// Returns the builder of an emulator.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the address that the emulator listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the address as a URL, such as `http://127.0.0.1:9000`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Returns the URL of the [console](Builder::console), or `None` if it is not enabled. The host
    /// is `localhost` if the emulator listens on all addresses.
    pub fn console_url(&self) -> Option<String> {
        let host = match self.addr.ip().is_loopback() {
            true => self.addr.to_string(),
            false => format!("localhost:{}", self.addr.port()),
        };
        self.has_console.then(|| format!("http://{host}/_console/"))
    }

    /// Returns all accounts, in the order of the builder.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Returns the access key ID of the first account.
    pub fn access_key_id(&self) -> &str {
        self.accounts
            .first()
            .map_or(DEFAULT_ACCESS_KEY_ID, Account::access_key_id)
    }

    /// Returns the secret access key of the first account.
    pub fn secret_access_key(&self) -> &str {
        self.accounts
            .first()
            .map_or(DEFAULT_SECRET_ACCESS_KEY, Account::secret_access_key)
    }

    /// Replaces all fault rules, and resets their counters.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use qingstor_emulator::{Emulator, FaultRule};
    ///
    /// let emulator = Emulator::builder().start().await?;
    /// emulator.set_faults([FaultRule::on("GetObject").code("internal_error").times(2)])?;
    /// // ... what is tested ...
    /// assert_eq!(emulator.faults()[0].hits, 0);
    /// emulator.clear_faults();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a rule is not valid. The previous rules stay active then.
    pub fn set_faults(
        &self,
        rules: impl IntoIterator<Item = FaultRule>,
    ) -> Result<(), FaultRuleError> {
        self.faults.replace(rules)
    }

    /// Removes all fault rules.
    pub fn clear_faults(&self) {
        self.faults.clear();
    }

    /// Returns the active fault rules and their counters.
    pub fn faults(&self) -> Vec<FaultReport> {
        self.faults.reports()
    }

    /// Returns the seed of the random decisions. The same seed, rules and requests have the same
    /// faults.
    pub fn fault_seed(&self) -> u64 {
        self.faults.seed()
    }

    /// Returns the number of successful requests per operation ID. Contains every operation of the
    /// API.
    pub fn operations_served(&self) -> BTreeMap<&'static str, u64> {
        self.operation_counts.snapshot()
    }

    /// Applies the lifecycle rules of all buckets, as if `days_ahead` days had passed.
    ///
    /// A rule takes effect one day after it was put. The emulator applies the rules itself once per
    /// minute, without any days ahead.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> qingstor_emulator::Result<()> {
    /// use qingstor_emulator::Emulator;
    ///
    /// let emulator = Emulator::builder().start().await?;
    /// let report = emulator.apply_lifecycle(30).await?;
    /// assert_eq!(report.expired, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if reading or writing the store fails.
    pub async fn apply_lifecycle(&self, days_ahead: u32) -> Result<LifecycleReport> {
        let now = Timestamp::now().plus_days(days_ahead);
        lifecycle_schedule::apply(&self.store, now)
            .await
            .map_err(|error| Error::Store(error.to_string()))
    }

    /// Stops accepting connections, and waits for requests in flight until the [grace
    /// period](Builder::grace) ends. Then waits up to two seconds for queued notifications.
    pub async fn shutdown(mut self) {
        self.lifecycle_task.abort();
        self.server.stop().await;
        // There are no more requests that could cause notifications.
        let delivered = tokio::time::timeout(NOTIFICATION_GRACE, self.notifications.stop()).await;
        if delivered.is_err() {
            tracing::warn!("some notifications were not delivered in time");
            self.notifications.task.abort();
        }
        // The task holds the store, which locks the data directory.
        let _ = (&mut self.lifecycle_task).await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.task.abort();
        self.notifications.task.abort();
        self.lifecycle_task.abort();
    }
}

/// A task that can be stopped.
#[derive(Debug)]
struct BackgroundTask {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl BackgroundTask {
    fn spawn(stop: oneshot::Sender<()>, task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self {
            stop: Some(stop),
            task: tokio::spawn(task),
        }
    }

    /// Stops the task and waits for its end. Sending fails if the task has already ended.
    async fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = (&mut self.task).await;
    }
}

/// Builder of an [`Emulator`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    address: String,
    storage: Storage,
    accounts: Vec<Account>,
    zones: Vec<String>,
    timeouts: Timeouts,
    faults: Vec<FaultRule>,
    fault_seed: Option<u64>,
    has_admin: bool,
    has_console: bool,
    console_hosts: Vec<String>,
    explains_signatures: Option<bool>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: DEFAULT_ADDRESS.to_owned(),
            storage: Storage::default(),
            accounts: Vec::new(),
            zones: DEFAULT_ZONES.map(str::to_owned).into(),
            timeouts: Timeouts {
                client: DEFAULT_CLIENT_TIMEOUT,
                grace: DEFAULT_GRACE,
            },
            faults: Vec::new(),
            fault_seed: None,
            has_admin: false,
            has_console: false,
            console_hosts: Vec::new(),
            explains_signatures: None,
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

    /// Keeps buckets and objects in this directory, which is created if it does not exist. The
    /// default is a temporary directory that is removed with the emulator.
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.storage = Storage::Directory(directory.into());
        self
    }

    /// Keeps buckets and objects in memory, instead of a directory.
    pub fn in_memory(mut self) -> Self {
        self.storage = Storage::Memory;
        self
    }

    /// Adds an account: a user with one access key, whose ID consists of letters, digits,
    /// underscores and hyphens. The default is one account with [`DEFAULT_ACCESS_KEY_ID`] and
    /// [`DEFAULT_SECRET_ACCESS_KEY`].
    pub fn account(
        mut self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Self {
        self.accounts
            .push(Account::new(access_key_id, secret_access_key));
        self
    }

    /// Sets the zones. The first zone is the default for requests whose host does not name a zone.
    /// The default is the zones of the service, starting with `pek3a`.
    pub fn zones(mut self, zones: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.zones = zones.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the longest wait for the head of a request, for each piece of its body, and for a
    /// client to read a piece of the response. The default is 30 seconds.
    pub fn client_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.client = timeout;
        self
    }

    /// Sets the longest wait for requests in flight at shutdown. The default is 10 seconds.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.timeouts.grace = grace;
        self
    }

    /// Adds a fault rule. If several rules with the same kind of fault match a request, the first
    /// one applies. An invalid rule is an error of [`start`](Self::start).
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.faults.push(rule);
        self
    }

    /// Sets the seed of the random decisions. Whether a rule affects a request only depends on the
    /// seed, the position of the rule and the number of requests that it has matched, so the same
    /// requests in the same order have the same faults. The default is a random seed.
    pub fn fault_seed(mut self, seed: u64) -> Self {
        self.fault_seed = Some(seed);
        self
    }

    /// Enables the admin API below `/_emulator/`, which changes fault rules and applies lifecycle
    /// rules. It does not require credentials, but refuses requests of web pages. It is disabled by
    /// default.
    pub fn admin(mut self, has_admin: bool) -> Self {
        self.has_admin = has_admin;
        self
    }

    /// Enables the console, a page in the browser at `/_console/` for buckets, objects, requests and
    /// fault rules. It does not require credentials, but is only served at loopback names, and
    /// refuses requests of other web pages. It is disabled by default.
    pub fn console(mut self, has_console: bool) -> Self {
        self.has_console = has_console;
        self
    }

    /// Adds a host name, without a port, at which the console is served besides loopback names.
    pub fn console_host(mut self, host: impl Into<String>) -> Self {
        self.console_hosts.push(host.into());
        self
    }

    /// Sets whether the error document of a wrong signature explains which mistake leads to it. The
    /// default is whether the emulator listens on a loopback address, because other clients should
    /// not learn anything about a refused request.
    pub fn explain_signatures(mut self, explains: bool) -> Self {
        self.explains_signatures = Some(explains);
        self
    }

    /// Starts the emulator on the current Tokio runtime. It accepts requests when this returns.
    ///
    /// # Errors
    ///
    /// Returns an error if the address or the data directory cannot be used, or if a setting or a
    /// fault rule is not valid.
    pub async fn start(mut self) -> Result<Emulator> {
        if self.accounts.is_empty() {
            self = self.account(DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY);
        }
        builder_check::check(&self.accounts, &self.zones)?;
        let seed = self.fault_seed.unwrap_or_else(|| fastrand::u64(..));
        let faults = Arc::new(Faults::new(seed, self.faults)?);
        let failed = |source| Error::Listen {
            address: self.address.clone(),
            source,
        };
        let listener = connections::listen(&self.address).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let storage = self.storage;
        let store = tokio::task::spawn_blocking(move || Store::open(&storage))
            .await
            .map_err(|error| Error::Setting(error.to_string()))??;
        let header_names = header_names::spelling().await.map_err(failed)?;
        let operation_counts = Arc::new(OperationCounts::new());
        let store = Arc::new(store);
        let downloader = Arc::new(Downloader::new(self.timeouts.client));
        let (stop_notifications, stopped) = oneshot::channel();
        let (notifier, deliveries) = Notifier::new(Arc::clone(&downloader), stopped);
        let state = Arc::new(ServerState {
            store: Arc::clone(&store),
            accounts: Accounts::new(self.accounts.clone()).explaining(
                self.explains_signatures
                    .unwrap_or_else(|| addr.ip().is_loopback()),
            ),
            zones: self.zones,
            idle_timeout: self.timeouts.client,
            downloader,
            notifier,
            faults: Arc::clone(&faults),
            operation_counts: Arc::clone(&operation_counts),
            console: self
                .has_console
                .then(|| Console::new(self.console_hosts, addr)),
            has_admin: self.has_admin,
            header_names,
        });
        if !faults.reports().is_empty() {
            tracing::info!(fault_seed = seed, "fault rules are active");
        }
        let (stop, stopped) = oneshot::channel();
        Ok(Emulator {
            addr,
            accounts: self.accounts,
            has_console: self.has_console,
            faults,
            operation_counts,
            lifecycle_task: tokio::spawn(lifecycle_schedule::run(Arc::clone(&store))),
            store,
            server: BackgroundTask::spawn(
                stop,
                connections::serve(listener, state, self.timeouts, stopped),
            ),
            notifications: BackgroundTask::spawn(stop_notifications, deliveries),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn start_checks_the_settings() {
        for (builder, expected) in [
            (Emulator::builder().account("", "S"), "access key ID"),
            (Emulator::builder().account("A:B", "S"), "access key ID"),
            (Emulator::builder().account("A", ""), "secret"),
            (
                Emulator::builder().account("A", "S").account("A", "T"),
                "duplicate",
            ),
            (Emulator::builder().zones(Vec::<String>::new()), "one zone"),
            (
                Emulator::builder()
                    .account("ID1700", "S")
                    .account("ID17941", "S"),
                "the same user ID",
            ),
            (Emulator::builder().zones(["Pek3a"]), "zone"),
            (Emulator::builder().zones(["a", "a"]), "duplicate"),
            (Emulator::builder().listen("nonsense"), "cannot listen"),
            (
                Emulator::builder().fault(FaultRule::on("GetObjekt").status(503)),
                "operation=\"GetObjekt\" is unknown",
            ),
        ] {
            let error = builder.start().await.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
