//! [`QingStor`] and [`Bucket`]: the handles of the service and of a bucket.

pub(crate) mod dispatch;
mod retry;
pub(crate) mod spans;
pub(crate) mod transfer_budget;
pub(crate) mod unfinished_uploads;

use std::fmt;
use std::sync::Arc;

use qingstor_md5::Md5Pool;

use crate::base::error::Result;
use crate::config::Config;
use crate::config::clock::Clock;
use crate::config::credentials::{CredentialSource, Credentials};
use crate::config::endpoint::Endpoint;
use crate::config::interceptor::Intercept;
use crate::config::observer::Observer;
use crate::config::request_options::{DEFAULT_OPTIONS, RequestOptions};
use crate::config::retry::{RetryBudget, RetryPolicy};
use crate::message::address::Address;
use crate::message::operation::{ClientHandle, sealed};
use crate::transport::Transport;
use transfer_budget::TransferBudget;
use unfinished_uploads::UnfinishedUploads;

/// The client for the service: operations that do not belong to a bucket, and handles for buckets.
///
/// A clone is cheap and shares connections, credentials and settings, so create one client and
/// clone it where it is needed. Its calls must be awaited inside a Tokio runtime with time and IO
/// enabled. Outside of a runtime, they fail with a `Config` error.
///
/// ```no_run
/// # async fn example() -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::{Config, QingStor};
///
/// let qingstor = QingStor::new(Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))?;
/// for bucket in qingstor.list_buckets().await?.buckets {
///     println!("{} in {}", bucket.name, bucket.location);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct QingStor {
    dispatcher: Dispatcher,
}

/// A handle for one bucket: operations on the bucket and its objects.
///
/// A clone is cheap. Creating a handle does not send a request, so the bucket need not exist yet.
///
/// ```no_run
/// # async fn example(qingstor: qingstor_sdk::QingStor) -> qingstor_sdk::Result<()> {
/// let bucket = qingstor.bucket("my-bucket", "pek3a")?;
/// bucket.put_object("hello.txt").body("hello").await?;
/// let content = bucket.get_object("hello.txt").await?.body.bytes().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Bucket {
    dispatcher: Dispatcher,
}

/// Sends requests to one address, with the options of a handle. Every handle and every call has
/// one.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    pub(crate) shared: Arc<Shared>,
    pub(crate) address: Arc<Address>,
    /// Options of the requests. `None` means [`DEFAULT_OPTIONS`].
    pub(crate) options: Option<Arc<RequestOptions>>,
}

impl Dispatcher {
    /// Returns the options of the requests.
    pub(crate) fn options(&self) -> &RequestOptions {
        self.options.as_deref().unwrap_or(&DEFAULT_OPTIONS)
    }

    /// Returns the options for changes that apply to this dispatcher only, not to its clones.
    #[inline]
    pub(crate) fn options_mut(&mut self) -> &mut RequestOptions {
        Arc::make_mut(self.options.get_or_insert_default())
    }
}

/// State that all clones of a client share.
pub(crate) struct Shared {
    endpoint: Endpoint,
    pub(crate) credentials: CredentialSource,
    pub(crate) transport: Transport,
    pub(crate) clock: Clock,
    pub(crate) retry: RetryPolicy,
    pub(crate) retry_budget: RetryBudget,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) interceptors: Vec<Arc<dyn Intercept>>,
    pub(crate) md5_pool: Md5Pool,
    /// Requests and memory of managed transfers.
    pub(crate) transfers: TransferBudget,
    pub(crate) unfinished_uploads: UnfinishedUploads,
}

impl QingStor {
    pub(crate) fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// Creates a client with these settings. Does not send a request.
    ///
    /// # Errors
    ///
    /// Returns `Config` or `Credentials` if a setting is invalid; the message names it.
    pub fn new(config: Config) -> Result<Self> {
        config.check()?;
        let endpoint = config.resolve_endpoint()?;
        let address = Arc::new(endpoint.service()?);
        let transfers = TransferBudget::new(config.transfer_requests, config.transfer_memory);
        let shared = Shared {
            transport: Transport::new(&config, &address)?,
            credentials: config.credentials_source()?,
            endpoint,
            clock: Clock::default(),
            observer: config.observer,
            interceptors: config.interceptors,
            retry: config.retry,
            retry_budget: config.retry_budget.unwrap_or_default(),
            md5_pool: Md5Pool::with_max_inputs(transfers.hashed_files),
            transfers,
            unfinished_uploads: UnfinishedUploads::default(),
        };
        Ok(Self {
            dispatcher: Dispatcher {
                shared: Arc::new(shared),
                address,
                options: None,
            },
        })
    }

    /// Returns a handle for the bucket `name` in `zone` (such as `pek3a`). Does not send a request.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the name is not 6 to 63 lower-case letters, digits and hyphens, with a
    /// letter or digit at both ends, or if the zone is not a valid zone ID.
    pub fn bucket(&self, name: impl AsRef<str>, zone: impl AsRef<str>) -> Result<Bucket> {
        let address = self
            .dispatcher
            .shared
            .endpoint
            .bucket(name.as_ref(), zone.as_ref())?;
        Ok(Bucket {
            dispatcher: Dispatcher {
                shared: Arc::clone(&self.dispatcher.shared),
                address: Arc::new(address),
                options: None,
            },
        })
    }

    /// Fetches new credentials from the [provider](Config::credentials_provider), even if the known
    /// ones are still valid. Does nothing without a provider.
    ///
    /// Calls that are sent fetch credentials automatically. Before [`Call::build`](crate::Call::build),
    /// [`Call::presign`](crate::Call::presign) and [`FormPolicy::sign`](crate::FormPolicy::sign), await
    /// [`fetch_credentials_if_due`](Self::fetch_credentials_if_due) instead, which does not call the
    /// provider each time.
    ///
    /// # Errors
    ///
    /// Returns `Credentials` if the provider has none, and `Config` outside of a Tokio runtime.
    pub async fn refresh_credentials(&self) -> Result<()> {
        self.dispatcher.shared.credentials.refresh().await
    }

    /// Fetches credentials from the [provider](Config::credentials_provider) if they have not been
    /// fetched yet or are due for a refresh. Does nothing otherwise.
    ///
    /// Calls that are sent fetch credentials automatically. [`Call::build`](crate::Call::build),
    /// [`Call::presign`](crate::Call::presign) and [`FormPolicy::sign`](crate::FormPolicy::sign) use
    /// the credentials that were fetched last, so await this method before each of them. While the
    /// credentials are valid, it waits at most 2 seconds for the provider, and a provider that fails
    /// is not an error.
    ///
    /// # Errors
    ///
    /// Returns `Credentials` if there are no valid credentials, and `Config` outside of a Tokio
    /// runtime.
    pub async fn fetch_credentials_if_due(&self) -> Result<()> {
        self.dispatcher.shared.credentials.fetch_if_due().await
    }

    /// Returns a dispatcher for the bucket `name` at the global host, without credentials.
    #[inline]
    pub(crate) fn anonymous_dispatcher(&self, name: &str) -> Result<Dispatcher> {
        let shared = &self.dispatcher.shared;
        Ok(Dispatcher {
            address: Arc::new(shared.endpoint.bucket_of_all_zones(name)?),
            options: None,
            shared: Arc::new(Shared {
                endpoint: shared.endpoint.clone(),
                credentials: CredentialSource::Fixed(Credentials::anonymous()),
                transport: shared.transport.clone(),
                clock: Clock::default(),
                retry: shared.retry.clone(),
                retry_budget: shared.retry_budget.clone(),
                observer: shared.observer.clone(),
                interceptors: shared.interceptors.clone(),
                transfers: shared.transfers.clone(),
                md5_pool: shared.md5_pool.clone(),
                unfinished_uploads: shared.unfinished_uploads.clone(),
            }),
        })
    }
}

impl Bucket {
    pub(crate) fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// Returns the pool that hashes contents for this client.
    pub(crate) fn md5_pool(&self) -> &Md5Pool {
        &self.dispatcher().shared.md5_pool
    }

    /// Returns a handle for another bucket in the same zone, with the same options.
    #[inline]
    pub(crate) fn sibling_bucket(&self, name: &str) -> Result<Self> {
        let address = self.dispatcher.shared.endpoint.bucket(name, self.zone())?;
        Ok(Self {
            dispatcher: Dispatcher {
                address: Arc::new(address),
                ..self.dispatcher.clone()
            },
        })
    }

    /// Returns whether the bucket of another client belongs to the same service. Another service can
    /// have the same zones and bucket names.
    #[inline]
    pub(crate) fn is_of_same_service(&self, other: &Self) -> bool {
        let [ours, theirs] = [self, other].map(|bucket| &bucket.dispatcher.shared);
        let zones = [self.zone(), other.zone()];
        Arc::ptr_eq(ours, theirs) || ours.endpoint.is_same_service(&theirs.endpoint, zones)
    }

    /// Returns the options of every request of this handle.
    #[inline]
    pub(crate) fn options_mut(&mut self) -> &mut RequestOptions {
        self.dispatcher.options_mut()
    }

    /// Returns the name of the bucket.
    #[must_use]
    pub fn name(&self) -> &str {
        self.dispatcher
            .address
            .bucket
            .as_deref()
            .unwrap_or_default()
    }

    /// Fetches credentials from the provider if they have not been fetched yet or are due for a
    /// refresh. See [`QingStor::fetch_credentials_if_due`].
    ///
    /// # Errors
    ///
    /// Returns `Credentials` if there are no valid credentials, and `Config` outside of a Tokio
    /// runtime.
    pub async fn fetch_credentials_if_due(&self) -> Result<()> {
        self.dispatcher.shared.credentials.fetch_if_due().await
    }

    /// Returns the zone of the bucket, in lower case.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.dispatcher.address.zone.as_deref().unwrap_or_default()
    }
}

impl ClientHandle for QingStor {}

impl ClientHandle for Bucket {}

impl sealed::Sealed for QingStor {}

impl sealed::Sealed for Bucket {}

impl fmt::Debug for QingStor {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QingStor")
            .field("endpoint", &self.dispatcher.address.origin())
            .field("credentials", &self.dispatcher.shared.credentials)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.name())
            .field("zone", &self.zone())
            .field("endpoint", &self.dispatcher.address.origin())
            .finish_non_exhaustive()
    }
}
