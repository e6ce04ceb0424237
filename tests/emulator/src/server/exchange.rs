//! The state of one request.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use crate::faults::RequestFaults;
use crate::generated::operations::Operation;

/// A request, and the facts about it that the pipeline has found.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) head: Parts,
    pub(crate) peer: SocketAddr,
    pub(crate) request_id: String,
    pub(crate) started: Instant,
    /// Name of the addressed bucket, which may not exist.
    pub(crate) bucket: Option<String>,
    pub(crate) operation: Option<Operation>,
    pub(crate) user_id: Option<String>,
    /// Code of the error response, if the request has failed.
    pub(crate) code: Option<&'static str>,
    /// Message of the error response, if the request has failed.
    pub(crate) message: Option<String>,
    /// The string to sign, if the console shows it.
    pub(crate) string_to_sign: Option<String>,
    pub(crate) faults: RequestFaults,
}

impl Exchange {
    /// Removes headers with an empty value, which are the same as absent headers. User metadata may
    /// be empty.
    pub(crate) fn remove_empty_headers(&mut self) {
        let headers = &mut self.head.headers;
        if !headers.values().any(HeaderValue::is_empty) {
            return;
        }
        let mut rest = HeaderMap::with_capacity(headers.len());
        for (name, value) in &*headers {
            if !value.is_empty() || name.as_str().starts_with("x-qs-meta-") {
                rest.append(name.clone(), value.clone());
            }
        }
        *headers = rest;
    }

    pub(crate) fn is_head(&self) -> bool {
        self.head.method == Method::HEAD
    }

    pub(crate) fn peer_ip(&self) -> IpAddr {
        self.peer.ip()
    }
}
