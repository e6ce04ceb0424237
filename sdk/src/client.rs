//! [`QingStor`] and [`Bucket`]: the handles of the service and of a bucket.

pub(crate) mod dispatch;
mod retry;
#[allow(dead_code, reason = "managed transfers will use it")]
pub(crate) mod transfer_budget;

use std::fmt;
use std::sync::Arc;

use crate::base::error::Result;
use crate::base::md5_pool::Md5Pool;
use crate::config::Config;
use crate::config::clock::Clock;
use crate::config::credentials::{Credentials, Source};
use crate::config::endpoint::Endpoint;
use crate::config::observe::Observer;
use crate::config::request_options::{DEFAULT_OPTIONS, RequestOptions};
use crate::config::retry::{RetryBudget, RetryPolicy};
use crate::message::address::Address;
use crate::message::operation::{ClientHandle, sealed};
use crate::transport::Transport;

/// The service: calls that belong to no bucket, and the way to buckets.
///
/// A clone is cheap and shares connections, credentials and settings; make one client and clone it
/// wherever it is needed. Its calls must be awaited inside a Tokio runtime that has time and IO
/// enabled; elsewhere they fail with a `Config` error.
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
    handle: Handle,
}

/// One bucket: calls on it and on its objects.
///
/// A clone is cheap. Making one sends nothing: the bucket need not exist yet.
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
    handle: Handle,
}

/// Where calls go and what they are sent with.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) address: Arc<Address>,
    /// What calls are sent with; `None` means [`DEFAULT_OPTIONS`].
    pub(crate) options: Option<Arc<RequestOptions>>,
}

impl Handle {
    /// What calls are sent with.
    pub(crate) fn options(&self) -> &RequestOptions {
        self.options.as_deref().unwrap_or(&DEFAULT_OPTIONS)
    }

    /// The same, to be changed for this handle alone.
    pub(crate) fn options_mut(&mut self) -> &mut RequestOptions {
        Arc::make_mut(self.options.get_or_insert_default())
    }
}

/// State that all clones of a client share.
pub(crate) struct Shared {
    endpoint: Endpoint,
    pub(crate) credentials: Source,
    pub(crate) transport: Transport,
    pub(crate) clock: Clock,
    pub(crate) retry: RetryPolicy,
    pub(crate) retry_budget: RetryBudget,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) md5_pool: Md5Pool,
}

impl QingStor {
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// A client with these settings. Nothing is sent.
    ///
    /// # Errors
    ///
    /// `Config` or `Credentials` when a setting is wrong; the message names it.
    pub fn new(config: Config) -> Result<Self> {
        config.check()?;
        let endpoint = config.resolve_endpoint()?;
        let address = Arc::new(endpoint.service()?);
        let shared = Shared {
            transport: Transport::new(&config, endpoint.is_https())?,
            credentials: config.credentials_source()?,
            endpoint,
            clock: Clock::default(),
            observer: config.observer,
            retry: config.retry,
            retry_budget: config.retry_budget.unwrap_or_default(),
            md5_pool: Md5Pool::default(),
        };
        Ok(Self {
            handle: Handle {
                shared: Arc::new(shared),
                address,
                options: None,
            },
        })
    }

    /// The bucket `name` in `zone` (such as `pek3a`). Nothing is sent.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the name breaks the rules of the document *Overview* (6 to 63
    /// lower-case letters, digits and hyphens), or the zone is no zone id.
    pub fn bucket(&self, name: impl AsRef<str>, zone: impl AsRef<str>) -> Result<Bucket> {
        let address = self
            .handle
            .shared
            .endpoint
            .bucket(name.as_ref(), zone.as_ref())?;
        Ok(Bucket {
            handle: Handle {
                shared: Arc::clone(&self.handle.shared),
                address: Arc::new(address),
                options: None,
            },
        })
    }

    /// Asks the provider for credentials now, whatever is known. Without a
    /// [provider](Config::credentials_provider) it does nothing.
    ///
    /// Calls that are sent do this by themselves. [`Call::build`](crate::Call::build) and
    /// [`Call::presign`](crate::Call::presign) do not: they send nothing, and use the credentials
    /// that were fetched last.
    ///
    /// # Errors
    ///
    /// `Credentials` when the provider has none.
    pub async fn refresh_credentials(&self) -> Result<()> {
        self.handle.shared.credentials.refresh().await
    }

    /// The bucket `name` at the host of all zones, without credentials.
    pub(crate) fn anonymous_handle(&self, name: &str) -> Result<Handle> {
        let shared = &self.handle.shared;
        Ok(Handle {
            address: Arc::new(shared.endpoint.bucket_of_all_zones(name)?),
            options: None,
            shared: Arc::new(Shared {
                endpoint: shared.endpoint.clone(),
                credentials: Source::Fixed(Credentials::anonymous()),
                transport: shared.transport.clone(),
                clock: Clock::default(),
                retry: shared.retry.clone(),
                retry_budget: shared.retry_budget.clone(),
                observer: shared.observer.clone(),
                md5_pool: shared.md5_pool.clone(),
            }),
        })
    }
}

impl Bucket {
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Returns a handle for another bucket in the same zone, with the same options.
    pub(crate) fn sibling_bucket(&self, name: &str) -> Result<Self> {
        let address = self.handle.shared.endpoint.bucket(name, self.zone())?;
        Ok(Self {
            handle: Handle {
                address: Arc::new(address),
                ..self.handle.clone()
            },
        })
    }

    /// Returns the options of every request of this handle.
    pub(crate) fn options_mut(&mut self) -> &mut RequestOptions {
        self.handle.options_mut()
    }

    /// The bucket's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.handle.address.bucket.as_deref().unwrap_or_default()
    }

    /// The zone that the bucket lies in, in lower case.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.handle.address.zone.as_deref().unwrap_or_default()
    }
}

impl ClientHandle for QingStor {}

impl ClientHandle for Bucket {}

impl sealed::Sealed for QingStor {}

impl sealed::Sealed for Bucket {}

impl fmt::Debug for QingStor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QingStor")
            .field("endpoint", &self.handle.address.origin())
            .field("credentials", &self.handle.shared.credentials)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.name())
            .field("zone", &self.zone())
            .field("endpoint", &self.handle.address.origin())
            .finish_non_exhaustive()
    }
}
