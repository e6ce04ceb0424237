//! State that all requests share.

use std::sync::Arc;
use std::time::Duration;

use http::Extensions;

use crate::auth::Accounts;
use crate::background::notifications::Notifier;
use crate::background::origin::Origins;
use crate::faults::Faults;
use crate::server::tally::Tally;
use crate::store::Store;

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
