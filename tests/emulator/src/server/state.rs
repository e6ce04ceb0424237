//! State that all requests share.

use std::sync::Arc;
use std::time::Duration;

use http::Extensions;

use crate::auth::Accounts;
use crate::background::download::Downloader;
use crate::background::notifications::Notifier;
use crate::faults::Faults;
use crate::server::console::site::Console;
use crate::server::operation_counts::OperationCounts;
use crate::store::Store;

/// State that all requests share.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(crate) store: Arc<Store>,
    pub(crate) accounts: Accounts,
    pub(crate) zones: Vec<String>,
    /// Longest wait for the next piece of a request body.
    pub(crate) idle_timeout: Duration,
    pub(crate) downloader: Arc<Downloader>,
    pub(crate) notifier: Notifier,
    pub(crate) faults: Arc<Faults>,
    pub(crate) operation_counts: Arc<OperationCounts>,
    /// `None` if the console is not enabled.
    pub(crate) console: Option<Console>,
    /// Whether the admin API is enabled.
    pub(crate) has_admin: bool,
    /// Extensions that set the spelling of header names in responses.
    pub(crate) header_names: Extensions,
}
