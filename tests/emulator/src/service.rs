//! State that all requests share.

use std::sync::Arc;
use std::time::Duration;

use http::Extensions;

use crate::auth::Accounts;
use crate::faults::Faults;
use crate::notify::Notifier;
use crate::origin::Origins;
use crate::store::Store;
use crate::tally::Tally;

/// State that all requests share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) store: Arc<Store>,
    pub(crate) accounts: Accounts,
    pub(crate) zones: Vec<String>,
    /// Longest wait for the next piece of a request body.
    pub(crate) idle_timeout: Duration,
    pub(crate) origins: Arc<Origins>,
    pub(crate) notifier: Notifier,
    pub(crate) faults: Arc<Faults>,
    pub(crate) tally: Arc<Tally>,
    /// Whether the admin API is enabled.
    pub(crate) has_admin: bool,
    /// Extensions that set the spelling of header names in responses.
    pub(crate) header_names: Extensions,
}
