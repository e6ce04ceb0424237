//! The last requests, for the console.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use http::HeaderMap;
use serde::Serialize;

use super::figures::Figures;
use crate::auth::Accounts;
use crate::base::locks;
use crate::base::response::ApiResponse;
use crate::base::time::Timestamp;
use crate::server::access_log;
use crate::server::exchange::Exchange;

/// Number of requests that are kept.
const CAPACITY: usize = 1000;
/// Largest number of headers that are kept of a request.
const MAX_HEADERS: usize = 64;
/// Largest length of a kept text, in characters.
const MAX_TEXT: usize = 2048;
/// Headers whose values are secret.
const SECRET_HEADERS: [&str; 4] = [
    "authorization",
    "cookie",
    "x-qs-encryption-customer-key",
    "x-qs-copy-source-encryption-customer-key",
];

/// A request, as a list shows it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RequestSummary {
    /// Starts at 1, and increases by 1 with each request.
    number: u64,
    /// Time of the response, in milliseconds since 1970.
    time: u64,
    method: String,
    /// The target without its signature.
    target: String,
    operation: Option<&'static str>,
    /// `None` if a fault rule has reset the connection.
    status: Option<u16>,
    code: Option<&'static str>,
    duration_us: u64,
    bytes_in: u64,
    bytes_out: Option<u64>,
    request_id: String,
    fault: Option<String>,
    /// Whether the page of the console has sent the request.
    is_from_console: bool,
}

/// A request with all details.
#[derive(Debug, Serialize)]
pub(super) struct RequestRecord {
    #[serde(flatten)]
    summary: RequestSummary,
    client: String,
    user_id: Option<String>,
    /// Message of the error response, which may explain a wrong signature.
    message: Option<String>,
    string_to_sign: Option<String>,
    request_headers: Vec<(String, String)>,
    response_headers: Vec<(String, String)>,
}

/// Summaries of new requests.
#[derive(Debug, Serialize)]
pub(super) struct NewRequests {
    requests: Vec<RequestSummary>,
    /// Number of the last request, for the next call.
    last: u64,
}

/// The last requests, and the figures of all.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
    records: VecDeque<Arc<RequestRecord>>,
    last: u64,
    figures: Figures,
}

impl RequestLog {
    /// Adds a request and its response, which is `None` if the connection is reset.
    pub(crate) fn add(
        &self,
        exchange: &Exchange,
        response: Option<&ApiResponse>,
        bytes: (u64, Option<u64>),
        is_from_console: bool,
        accounts: &Accounts,
    ) {
        // A client may send a secret by mistake.
        let shown = |text: &str| cut(&accounts.redact(text.to_owned()));
        let headers = |headers| shown_headers(headers, shown);
        let duration = exchange.started.elapsed().as_micros();
        let rules = &exchange.faults.rules;
        let mut record = RequestRecord {
            summary: RequestSummary {
                number: 0,
                time: Timestamp::now().unix_micros() / 1000,
                method: cut(exchange.head.method.as_str()),
                target: shown(&access_log::redact(&exchange.head.uri)),
                operation: exchange.operation.map(|operation| operation.facts().id),
                status: response.map(|response| response.status().as_u16()),
                code: exchange.code,
                duration_us: u64::try_from(duration).unwrap_or(u64::MAX),
                bytes_in: bytes.0,
                bytes_out: bytes.1,
                request_id: exchange.request_id.clone(),
                fault: Some(rules.clone()).filter(|rules| !rules.is_empty()),
                is_from_console,
            },
            client: exchange.peer.to_string(),
            user_id: exchange.user_id.clone(),
            message: exchange.message.clone(),
            string_to_sign: exchange.string_to_sign.clone(),
            request_headers: headers(&exchange.head.headers),
            response_headers: response.map_or(Vec::new(), |response| headers(response.headers())),
        };
        let mut log = locks::lock(&self.0);
        log.last += 1;
        record.summary.number = log.last;
        if !is_from_console {
            let RequestSummary {
                operation,
                status,
                duration_us,
                ..
            } = record.summary;
            let bytes = (bytes.0, bytes.1.unwrap_or(0));
            log.figures.add(operation, status, duration_us, bytes);
        }
        if log.records.len() == CAPACITY {
            log.records.pop_front();
        }
        log.records.push_back(Arc::new(record));
    }

    /// Returns the requests after a number.
    pub(super) fn after(&self, number: u64) -> NewRequests {
        let log = locks::lock(&self.0);
        let requests = log.records.iter().map(|record| &record.summary);
        NewRequests {
            requests: requests
                .filter(|summary| summary.number > number)
                .cloned()
                .collect(),
            last: log.last,
        }
    }

    pub(super) fn get(&self, number: u64) -> Option<Arc<RequestRecord>> {
        let log = locks::lock(&self.0);
        let mut records = log.records.iter();
        records
            .find(|record| record.summary.number == number)
            .cloned()
    }

    pub(super) fn figures(&self) -> Figures {
        locks::lock(&self.0).figures.clone()
    }

    /// Removes all requests. Their numbers are not used again.
    pub(super) fn clear(&self) {
        locks::lock(&self.0).records.clear();
    }
}

fn shown_headers(headers: &HeaderMap, shown: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let pairs = headers.iter().take(MAX_HEADERS).map(|(name, value)| {
        let is_secret = SECRET_HEADERS.contains(&name.as_str());
        let text = match is_secret {
            true => "***".to_owned(),
            false => shown(&String::from_utf8_lossy(value.as_bytes())),
        };
        (name.as_str().to_owned(), text)
    });
    pairs.collect()
}

fn cut(text: &str) -> String {
    let mut characters = text.chars();
    let mut start = characters.by_ref().take(MAX_TEXT).collect::<String>();
    if characters.next().is_some() {
        start.push_str("...");
    }
    start
}
