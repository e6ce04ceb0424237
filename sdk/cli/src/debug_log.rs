//! [`DebugLog`]: the lines of `--debug`.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use qingstor_sdk::{
    BodyEvent, DroppedEvent, Error, Observer, RequestEvent, ResponseEvent, RetryEvent,
};

use crate::messages;
use crate::open_uploads::OpenUploads;
use crate::output::{Output, printable};
use crate::service_clock::ServiceClock;

/// The observer of the client: tracks unfinished uploads and the time of the service, and prints the
/// lines of `--debug`.
pub(crate) struct ClientObserver {
    pub(crate) clock: ServiceClock,
    pub(crate) uploads: OpenUploads,
    pub(crate) output: Arc<Output>,
    pub(crate) log: Option<DebugLog>,
}

/// Prints lines on standard error for each attempt, at its start and its end, and for each retry. The
/// lines are for support requests, so they are English in every locale. They contain no signature,
/// header or body.
pub(crate) struct DebugLog(Arc<Output>);

impl DebugLog {
    /// Creates a log that is printed above the progress display.
    pub(crate) fn new(output: Arc<Output>) -> Self {
        Self(output)
    }

    fn line(&self, operation: &str, attempt: Option<u32>, text: impl Display) {
        let time = humantime::format_rfc3339_millis(SystemTime::now());
        let attempt = attempt.map(|number| format!(" attempt {number}"));
        let attempt = attempt.unwrap_or_default();
        let line = format!("debug: {time} {operation}{attempt}: {text}");
        self.0.stderr(&printable(&line));
    }

    fn request(&self, event: &RequestEvent<'_>) {
        let (method, uri, length) = (event.method, event.uri, event.body_len);
        let text = format!("{method} {uri}, {length} bytes");
        self.line(event.operation, Some(event.attempt), text);
    }

    fn response(&self, event: &ResponseEvent<'_>) {
        let status = match event.status {
            Some(status) => status.as_u16().to_string(),
            None => "no response".to_owned(),
        };
        let id = event.request_id.map(|id| format!(", request id {id}"));
        let text = format!(
            "{} {} -> {status}, {}{}{}",
            event.method,
            event.uri,
            seconds(event.elapsed),
            id.unwrap_or_default(),
            reason(event.error)
        );
        self.line(event.operation, Some(event.attempt), text);
    }

    fn retry(&self, event: &RetryEvent<'_>) {
        let delay = seconds(event.delay);
        let text = format!("retry after {delay}{}", reason(Some(event.error)));
        self.line(event.operation, Some(event.attempt), text);
    }

    fn dropped(&self, event: &DroppedEvent<'_>) {
        let elapsed = seconds(event.elapsed);
        let text = format!("{} {} -> canceled, {elapsed}", event.method, event.uri);
        self.line(event.operation, Some(event.attempt), text);
    }

    fn body(&self, event: &BodyEvent<'_>) {
        let end = match event.is_complete {
            true => "complete",
            false => "incomplete",
        };
        let (bytes, elapsed) = (event.bytes_received, seconds(event.elapsed));
        let (uri, reason) = (event.uri, reason(event.error));
        let text = format!("{uri} -> body {end}, {bytes} bytes, {elapsed}{reason}");
        self.line(event.operation, None, text);
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

fn reason(error: Option<&Error>) -> String {
    error.map_or_else(String::new, |error| format!(", {}", error.message()))
}

impl Observer for ClientObserver {
    fn request(&self, event: &RequestEvent<'_>) {
        self.uploads.request(event);
        if let Some(log) = &self.log {
            log.request(event);
        }
    }

    fn response(&self, event: &ResponseEvent<'_>) {
        self.clock.response(event);
        if let Some(target) = self.uploads.response(event) {
            self.output
                .warning(&messages::started_again(printable(&target)));
        }
        if let Some(log) = &self.log {
            log.response(event);
        }
    }

    fn dropped(&self, event: &DroppedEvent<'_>) {
        self.uploads.dropped(event);
        if let Some(log) = &self.log {
            log.dropped(event);
        }
    }

    fn retry(&self, event: &RetryEvent<'_>) {
        if let Some(log) = &self.log {
            log.retry(event);
        }
    }

    fn body(&self, event: &BodyEvent<'_>) {
        if let Some(log) = &self.log {
            log.body(event);
        }
    }
}
