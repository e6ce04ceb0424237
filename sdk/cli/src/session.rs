//! The client and the printer that the commands of one process share.

use std::collections::HashMap;
use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, Result};
use qingstor_sdk::{Bucket, Config, Error, ErrorCode, ErrorKind, QingStor, SseKey};
use tokio::sync::Mutex;

use crate::debug_log::{ClientObserver, DebugLog};
use crate::exit::{UsageError, usage};
use crate::global_options::GlobalOptions;
use crate::kept_downloads::KeptDownloads;
use crate::location::Location;
use crate::messages;
use crate::open_uploads::OpenUploads;
use crate::output::Output;
use crate::service_clock::ServiceClock;

/// Name of the folder with settings in the home directory.
const SETTINGS_FOLDER: &str = ".qingstor";

/// The settings contain no access key.
#[derive(Debug)]
pub(crate) struct NoCredentials;

impl fmt::Display for NoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&messages::no_credentials())
    }
}

impl std::error::Error for NoCredentials {}

/// State of a command, most of which the commands of one process share.
pub(crate) struct Session {
    options: GlobalOptions,
    client: Arc<OnceLock<QingStor>>,
    /// Buckets whose zones were looked up.
    buckets: Arc<Mutex<HashMap<String, Bucket>>>,
    /// State of this command only: what other commands copy does not change the zones of its buckets.
    copied: Mutex<CopiedBuckets>,
    open_uploads: OpenUploads,
    kept_downloads: KeptDownloads,
    clock: ServiceClock,
    output: Arc<Output>,
}

/// The buckets of the copies of a command.
#[derive(Default)]
struct CopiedBuckets {
    handles: HashMap<String, Bucket>,
    /// Whether no host that knows the zones of buckets has responded.
    is_unreachable: bool,
}

impl Session {
    /// Creates a session. Reads no settings yet, because some commands need none.
    pub(crate) fn new(options: GlobalOptions) -> Self {
        Self {
            output: Arc::new(Output::new(options.json, options.quiet)),
            options,
            client: Arc::default(),
            buckets: Arc::default(),
            copied: Mutex::default(),
            open_uploads: OpenUploads::default(),
            kept_downloads: KeptDownloads::default(),
            clock: ServiceClock::default(),
        }
    }

    /// Creates the session of another command in the same process.
    pub(crate) fn of_next_command(&self) -> Self {
        Self {
            options: self.options.clone(),
            client: Arc::clone(&self.client),
            buckets: Arc::clone(&self.buckets),
            copied: Mutex::default(),
            open_uploads: self.open_uploads.clone(),
            kept_downloads: self.kept_downloads.clone(),
            clock: self.clock.clone(),
            output: self.output(),
        }
    }

    /// Returns the global options.
    pub(crate) fn options(&self) -> &GlobalOptions {
        &self.options
    }

    /// Returns the unfinished multipart uploads of the client.
    pub(crate) fn open_uploads(&self) -> &OpenUploads {
        &self.open_uploads
    }

    /// Returns the downloads that keep their bytes.
    pub(crate) fn kept_downloads(&self) -> &KeptDownloads {
        &self.kept_downloads
    }

    /// Returns the clock of the service.
    pub(crate) fn clock(&self) -> &ServiceClock {
        &self.clock
    }

    /// Returns the printer of the process.
    pub(crate) fn output(&self) -> Arc<Output> {
        Arc::clone(&self.output)
    }

    /// Returns the client. Loads the settings at the first call.
    ///
    /// # Errors
    ///
    /// Returns an error if the settings are invalid, or if credentials are missing.
    pub(crate) fn client(&self) -> Result<&QingStor> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let observer = ClientObserver {
            clock: self.clock.clone(),
            uploads: self.open_uploads.clone(),
            output: self.output(),
            log: self.options.debug.then(|| DebugLog::new(self.output())),
        };
        let client = QingStor::new(self.config()?.observer(observer))?;
        if let Some(zone) = self.zone().filter(|_| has_zones(&client)) {
            self.output.set_zone(zone);
        }
        Ok(self.client.get_or_init(|| client))
    }

    /// Returns the settings from the file, the environment and the options.
    ///
    /// # Errors
    ///
    /// Returns an error if the settings are invalid, or if credentials are missing.
    pub(crate) fn config(&self) -> Result<Config> {
        let file = self.settings_file()?;
        let loaded = match (&file, self.options.anonymous) {
            (Some(path), true) => Config::from_file_anonymous(path),
            (Some(path), false) => Config::from_file(path),
            (None, true) => Config::load_anonymous(),
            (None, false) => Config::load(),
        };
        let mut config = match loaded {
            Err(error) if error.kind() == ErrorKind::Credentials && file.is_none() => {
                return Err(NoCredentials.into());
            }
            loaded => loaded?,
        };
        if let Some(endpoint) = &self.options.endpoint {
            config = config.endpoint(endpoint);
        }
        Ok(config.additional_user_agent(concat!("qingstor-cli/", env!("CARGO_PKG_VERSION"))))
    }

    /// Returns the file that `--config`, `--profile` or `QINGSTOR_PROFILE` names.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the profile is not a file name.
    pub(crate) fn settings_file(&self) -> Result<Option<PathBuf>> {
        if let Some(path) = &self.options.config {
            return Ok(Some(path.clone()));
        }
        let variable = std::env::var("QINGSTOR_PROFILE").ok();
        let profile = self
            .options
            .profile
            .clone()
            .or(variable.filter(|name| !name.is_empty()));
        let Some(name) = profile else {
            return Ok(None);
        };
        if name.starts_with('.') || name.contains(['/', '\\']) || name.is_empty() {
            return Err(usage(messages::invalid_profile(name)));
        }
        let home = std::env::home_dir().ok_or_else(|| usage(messages::no_home()))?;
        Ok(Some(
            home.join(SETTINGS_FOLDER).join(format!("{name}.yaml")),
        ))
    }

    /// Returns the file with the settings, unless the home directory is not known. The file need not
    /// exist.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the profile is not a file name.
    pub(crate) fn settings_path(&self) -> Result<Option<PathBuf>> {
        if let Some(path) = self.settings_file()? {
            return Ok(Some(path));
        }
        let variable = std::env::var_os("QINGSTOR_CONFIG_PATH");
        let named = variable.filter(|path| !path.is_empty()).map(PathBuf::from);
        let home = || {
            Some(
                std::env::home_dir()?
                    .join(SETTINGS_FOLDER)
                    .join("config.yaml"),
            )
        };
        Ok(named.or_else(home))
    }

    /// Returns the zone of all buckets: that of `--zone`, or else of `QINGSTOR_ZONE`, unless an option
    /// names the file with the settings, which then come from there only.
    pub(crate) fn zone(&self) -> Option<String> {
        let has_environment = matches!(self.settings_file(), Ok(None));
        let variable = zone_of_environment().filter(|_| has_environment);
        self.options.zone.clone().or(variable)
    }

    /// Returns what sets the [zone](Self::zone), which is not set.
    pub(crate) fn how_to_set_zone(&self) -> String {
        match zone_of_environment() {
            Some(_) => messages::zone_ignored(),
            None => messages::needs_zone(),
        }
    }

    /// Returns the handle of a bucket. Looks up its zone at the first call, unless the
    /// [zone](Self::zone) is set, or has no effect, because an endpoint is set. The handles of
    /// [copies](Self::buckets_of_copy) have precedence.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the name is invalid, or an error if the zone cannot be found.
    pub(crate) async fn bucket(&self, name: &str) -> Result<Bucket> {
        if let Some(bucket) = self.copied.lock().await.handles.get(name) {
            return Ok(bucket.clone());
        }
        match self.known_bucket(self.client()?, name) {
            Some(bucket) => bucket.map_err(usage_or_error),
            None => self.look_up(name).await,
        }
    }

    /// Returns the handle of a bucket, if its zone need not be looked up.
    pub(crate) fn known_bucket(
        &self,
        client: &QingStor,
        name: &str,
    ) -> Option<Result<Bucket, Error>> {
        match self.zone() {
            None if has_zones(client) => None,
            zone => Some(client.bucket(name, zone.unwrap_or_default())),
        }
    }

    /// Returns the handles of the buckets of a copy. They have their zones also if an endpoint is set,
    /// because the service only copies within a zone. `--zone` is the zone of both, but `QINGSTOR_ZONE`
    /// only that of buckets whose zone cannot be looked up: the caller may have no right to, or the
    /// network may allow only the host of the zone.
    ///
    /// # Errors
    ///
    /// See [`bucket`](Self::bucket).
    pub(crate) async fn buckets_of_copy(
        &self,
        source: &str,
        target: &str,
    ) -> Result<(Bucket, Bucket)> {
        if source == target || self.options.zone.is_some() {
            return Ok((self.bucket(source).await?, self.bucket(target).await?));
        }
        Ok((
            self.bucket_of_copy(source).await?,
            self.bucket_of_copy(target).await?,
        ))
    }

    async fn bucket_of_copy(&self, name: &str) -> Result<Bucket> {
        let mut copied = self.copied.lock().await;
        if let Some(bucket) = copied.handles.get(name) {
            return Ok(bucket.clone());
        }
        let found = match copied.is_unreachable {
            true => None,
            false => match self.look_up(name).await {
                Err(error)
                    if self.zone().is_some()
                        && !error.is::<UsageError>()
                        && !is_not_found(&error) =>
                {
                    copied.is_unreachable = !has_response(&error);
                    None
                }
                found => Some(found?),
            },
        };
        let bucket = match found {
            Some(bucket) => bucket,
            None => {
                let zone = self.zone().unwrap_or_default();
                self.client()?.bucket(name, zone).map_err(usage_or_error)?
            }
        };
        copied.handles.insert(name.to_owned(), bucket.clone());
        Ok(bucket)
    }

    /// Looks up the buckets of a copy before their objects are listed, if `QINGSTOR_ZONE` would be the
    /// zone of both in host names. The copy reports errors.
    pub(crate) async fn prepare_copy(&self, source: &Location, target: &Location) {
        if let (Location::Remote(source), Location::Remote(target)) = (source, target)
            && self.zone().is_some()
            && self.client().is_ok_and(has_zones)
        {
            let _ = self.buckets_of_copy(&source.bucket, &target.bucket).await;
        }
    }

    /// Returns the handle of a bucket in the zone in which it is. Looks up the zone at the first call.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the name is invalid, or an error if the zone cannot be found.
    pub(crate) async fn look_up(&self, name: &str) -> Result<Bucket> {
        let mut buckets = self.buckets.lock().await;
        if let Some(bucket) = buckets.get(name) {
            return Ok(bucket.clone());
        }
        let client = self.client()?;
        let bucket = match client.bucket_in_its_zone(name).await {
            Err(error) if error.is_not_found() => {
                return Err(anyhow::Error::new(error).context(messages::no_such_bucket(name)));
            }
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                return Err(usage_or_error(error));
            }
            // An endpoint is also the host of the zone.
            Err(error)
                if error.status().is_some_and(|status| status.as_u16() == 403)
                    || error.status().is_none() && has_zones(client) =>
            {
                return Err(anyhow::Error::new(error).context(messages::zone_not_found(name)));
            }
            found => found?,
        };
        buckets.insert(name.to_owned(), bucket.clone());
        Ok(bucket)
    }

    /// Returns whether a [look-up](Self::look_up) has shown that a bucket exists in the zone of its
    /// handle.
    pub(crate) async fn has_looked_up(&self, bucket: &Bucket) -> bool {
        let buckets = self.buckets.lock().await;
        let found = buckets.get(bucket.name());
        found.is_some_and(|found| found.zone() == bucket.zone())
    }

    /// Returns the handle of a bucket that does not exist yet, in the [zone](Self::zone) that is set.
    ///
    /// # Errors
    ///
    /// Returns a usage error if no zone is set, or if the name is invalid.
    pub(crate) fn new_bucket(&self, name: &str) -> Result<Bucket> {
        let zone = self.zone().ok_or_else(|| usage(self.how_to_set_zone()))?;
        self.client()?.bucket(name, zone).map_err(usage_or_error)
    }

    /// Waits until the uploads that dropped commands left are aborted, at most `max_wait`. The uploads
    /// that are left are [open](Self::open_uploads).
    pub(crate) async fn wait_for_aborts(&self, max_wait: Duration) {
        if let Some(client) = self.client.get() {
            let _ = client.wait_for_aborts(max_wait).await;
        }
    }
}

/// Returns the value of `QINGSTOR_ZONE`.
fn zone_of_environment() -> Option<String> {
    let variable = std::env::var("QINGSTOR_ZONE").ok();
    variable.filter(|zone| !zone.is_empty())
}

/// Returns whether the error of a request has a response.
fn has_response(error: &anyhow::Error) -> bool {
    let mut requests = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<Error>());
    requests.any(|error| error.status().is_some())
}

/// Returns whether the zone of a bucket is a part of the host of its requests: not with an endpoint,
/// which accepts a handle without a zone.
pub(crate) fn has_zones(client: &QingStor) -> bool {
    client.bucket("any-bucket", "").is_err()
}

/// Converts an error of a bucket's handle: an invalid name is a mistake in the command line.
pub(crate) fn usage_or_error(error: Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::InvalidInput => usage(error.to_string()),
        _ => error.into(),
    }
}

/// Asks a question on the terminal. Returns whether the answer is yes.
///
/// # Errors
///
/// Returns a usage error if standard input or standard error is not a terminal: the command then
/// needs `--yes`.
pub(crate) async fn confirm(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(usage(messages::needs_yes(question)));
    }
    let prompt = messages::ask(question);
    let answer = tokio::task::spawn_blocking(move || -> std::io::Result<String> {
        let mut stderr = std::io::stderr();
        stderr.write_all(prompt.as_bytes())?;
        stderr.flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        Ok(answer)
    });
    let answer = answer.await?.context("standard input")?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "是" => Ok(()),
        _ => Err(anyhow::anyhow!(messages::not_confirmed())),
    }
}

/// Reads a customer-provided encryption key: 32 bytes, or their Base64.
///
/// # Errors
///
/// Returns an error if the file cannot be read, or is not a key.
pub(crate) async fn read_sse_key(path: &std::path::Path) -> Result<SseKey> {
    let bytes = tokio::fs::read(path)
        .await
        .with_context(|| path.display().to_string())?;
    if let Ok(bytes) = <[u8; 32]>::try_from(bytes.as_slice()) {
        return Ok(SseKey::new(bytes));
    }
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    SseKey::from_base64(text).with_context(|| path.display().to_string())
}

/// Reads the key of the option `--sse-key`, if it is set. See [`read_sse_key`].
pub(crate) async fn read_optional_sse_key(
    path: Option<&std::path::Path>,
) -> Result<Option<SseKey>> {
    match path {
        Some(path) => read_sse_key(path).await.map(Some),
        None => Ok(None),
    }
}

/// Returns whether an error means that the bucket does not exist.
pub(crate) fn is_missing_bucket(error: &anyhow::Error) -> bool {
    let mut requests = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<Error>());
    requests.any(|error| error.code() == Some(&ErrorCode::BucketNotExists))
}

/// Returns whether an error means that the bucket, the object or the upload does not exist.
pub(crate) fn is_not_found(error: &anyhow::Error) -> bool {
    let mut causes = error.chain();
    causes.any(|cause| {
        let error = cause.downcast_ref::<qingstor_sdk::Error>();
        error.is_some_and(qingstor_sdk::Error::is_not_found)
    })
}
