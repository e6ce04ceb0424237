//! Facts about a request for the explanation.

use std::time::SystemTime;

use http::HeaderMap;
use http::header::HOST;
use http::request::Parts as Head;

use crate::request::host::Host;
use crate::request::request_target::RequestTarget;

/// A request whose signature does not match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnmatchedRequest<'a> {
    pub(crate) head: &'a Head,
    pub(crate) target: &'a RequestTarget,
    pub(crate) host: &'a Host,
    pub(crate) zones: &'a [String],
    pub(crate) now: SystemTime,
    /// The complete body, if it is small.
    pub(crate) body: Option<&'a [u8]>,
}

impl<'a> UnmatchedRequest<'a> {
    pub(super) fn headers(&self) -> &'a HeaderMap {
        &self.head.headers
    }

    /// Returns a header as text, or an empty text if it is absent.
    pub(super) fn header(&self, name: &str) -> String {
        let value = self.head.headers.get(name);
        value.map_or(String::new(), |value| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        })
    }

    /// Returns the query as sent.
    pub(super) fn raw_query(&self) -> &'a str {
        self.head.uri.query().unwrap_or_default()
    }

    /// Returns host and port as sent.
    pub(super) fn authority(&self) -> String {
        match self.head.uri.authority() {
            Some(authority) => authority.to_string(),
            None => self.header(HOST.as_str()),
        }
    }
}
