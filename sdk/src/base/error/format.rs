//! `Display` and `Debug` of [`Error`].

use std::error::Error as StdError;
use std::fmt;
use std::iter;

use http::StatusCode;

use super::{ContentPart, Error};
use crate::base::escape::EscapeControls;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_reason(f)?;
        self.write_request(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f
                .debug_struct("Error")
                .field("kind", &self.0.kind)
                .field("message", &self.0.message)
                .field("call", &self.0.call)
                .field("response", &self.0.response)
                .field("source", &self.0.source)
                .finish();
        }
        self.write_reason(f)?;
        for source in self.unmentioned_sources() {
            write!(f, ": {source}")?;
        }
        self.write_request(f)
    }
}

impl Error {
    /// Writes the operation, the object and the message.
    fn write_reason(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(call) = &inner.call {
            f.write_str(call.operation)?;
            match (&call.bucket, &call.key) {
                (Some(bucket), Some(key)) => {
                    write!(f, " {}/{}", EscapeControls(bucket), EscapeControls(key))?;
                }
                (Some(bucket), None) => write!(f, " {}", EscapeControls(bucket))?,
                _ => {}
            }
            match &call.part {
                Some(ContentPart::Number(number)) => write!(f, ", part {number}")?,
                Some(ContentPart::Bytes(range)) => {
                    write!(f, ", bytes {}-{}", range.start, range.end.saturating_sub(1))?;
                }
                None => {}
            }
            f.write_str(": ")?;
        }
        let message = EscapeControls(&inner.message);
        match &inner.response {
            None => write!(f, "{message}"),
            Some(response) => match &response.code {
                Some(code) => {
                    let status = response.status.as_u16();
                    write!(f, "{} ({status}): {message}", EscapeControls(code))
                }
                // The status line already contains this message.
                None if inner.message == reason(response.status) => {
                    f.write_str(&status_line(response.status))
                }
                None => write!(f, "{}: {message}", status_line(response.status)),
            },
        }
    }

    /// Writes the request ID, the number of attempts and the elapsed time.
    fn write_request(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = self.request_id() {
            write!(f, "; request id {}", EscapeControls(id))?;
        }
        match &self.0.call {
            Some(call) if call.attempts > 0 => {
                let plural = if call.attempts == 1 { "" } else { "s" };
                write!(f, "; {} attempt{plural}", call.attempts)?;
                if !call.elapsed.is_zero() {
                    write!(f, ", {} ms", call.elapsed.as_millis())?;
                }
            }
            _ => {}
        }
        match self.0.is_budget_used_up {
            true => f.write_str("; the retry budget of the client is used up"),
            false => Ok(()),
        }
    }

    /// Returns the texts of the sources that the message does not contain.
    ///
    /// If it contains a source, the ones that lead to it are left out, because they only say where
    /// it happened, such as `client error (Connect)`.
    fn unmentioned_sources(&self) -> Vec<String> {
        let mut sources: Vec<_> = iter::successors(self.source(), |&source| source.source())
            .map(|source| EscapeControls(source).to_string())
            .filter(|text| !text.is_empty())
            .collect();
        let message = EscapeControls(&self.0.message).to_string();
        if let Some(last) = sources.iter().rposition(|text| message.contains(text)) {
            sources.drain(..=last);
        }
        // Some errors repeat their source.
        let mut texts: Vec<String> = Vec::new();
        for text in sources {
            if !texts.iter().any(|earlier| earlier.contains(&text)) {
                texts.push(text);
            }
        }
        texts
    }
}

/// Returns the status and its reason, such as `404 Not Found`.
pub(crate) fn status_line(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// Returns the reason of a status as a message, such as `not found`.
pub(crate) fn reason(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("unknown status");
    reason.to_ascii_lowercase()
}
