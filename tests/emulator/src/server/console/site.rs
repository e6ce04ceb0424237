//! The state of the console, and the hosts where it is served.

use std::net::SocketAddr;

use http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};

use super::access;
use super::request_log::RequestLog;

/// The state of the console.
#[derive(Debug)]
pub(crate) struct Console {
    /// Host names besides those of loopback addresses.
    hosts: Vec<String>,
    /// The address that the emulator listens on.
    address: SocketAddr,
    pub(crate) log: RequestLog,
}

impl Console {
    pub(crate) fn new(hosts: Vec<String>, address: SocketAddr) -> Self {
        Self {
            hosts,
            address,
            log: RequestLog::default(),
        }
    }

    /// Returns whether the page is served at this host.
    pub(crate) fn is_served_at(&self, authority: &str) -> bool {
        access::is_allowed_host(authority, &self.hosts)
    }

    /// Returns the origin of signed URLs for a page at this host.
    pub(super) fn api_origin(&self, authority: &str) -> String {
        access::api_origin(authority, self.address)
    }

    /// Returns whether the page has caused a request for the API.
    pub(crate) fn is_caused_by_page(&self, authority: &str, headers: &HeaderMap) -> bool {
        let site = headers.get("sec-fetch-site");
        self.is_served_at(authority) && site.is_some_and(|site| site == "same-origin")
    }

    /// Makes browsers show contents of objects in a separate origin, because the page has the
    /// same host.
    pub(crate) fn isolate(&self, authority: &str, headers: &mut HeaderMap) {
        if self.is_served_at(authority) && !headers.contains_key(CONTENT_SECURITY_POLICY) {
            let sandbox = HeaderValue::from_static("sandbox");
            headers.insert(CONTENT_SECURITY_POLICY, sandbox);
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        }
    }
}
