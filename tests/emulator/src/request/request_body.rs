//! Bodies of requests.

use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::HeaderMap;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use md5::{Digest, Md5};
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::base::api_error::ApiError;
use crate::base::digest;
use crate::generated::error_codes::ErrorCode;

/// Largest JSON body, in bytes: enough for 1000 keys of 1023 bytes, each byte escaped.
const MAX_JSON_LENGTH: u64 = 8 << 20;
/// Number of bytes of an unused body that are read, so that its sender can read the response.
const MAX_DRAINED: u64 = 64 << 20;

/// The longest pause of a client that sends the body of a refused request, before the response.
const MAX_PAUSE: Duration = Duration::from_millis(200);
/// Longest wait for the rest of the body of a refused request, before the response.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// The body of a request.
#[derive(Debug)]
pub(crate) struct RequestBody {
    /// `None` after [`take`](Self::take).
    incoming: Option<Incoming>,
    /// Longest wait for the next piece.
    idle_timeout: Duration,
    /// Whether reading has failed, so that no more bytes follow.
    is_broken: bool,
    /// Number of received bytes.
    received: u64,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, idle_timeout: Duration) -> Self {
        Self {
            incoming: Some(incoming),
            idle_timeout,
            is_broken: false,
            received: 0,
        }
    }

    /// Returns the number of announced bytes that have not been received, or 0 if it is not known.
    pub(crate) fn announced_length(&self) -> u64 {
        self.incoming
            .as_ref()
            .map_or(0, |incoming| incoming.size_hint().lower())
    }

    /// Takes the body, and leaves an empty one.
    pub(crate) fn take(&mut self) -> Self {
        Self {
            incoming: self.incoming.take(),
            ..*self
        }
    }

    /// Returns the pieces of the body as a stream.
    pub(crate) fn pieces(&mut self) -> impl Stream<Item = Result<Bytes, ApiError>> + Send {
        futures_util::stream::unfold(self, |body| async move {
            // The form parser buffers everything that is ready, without a limit.
            tokio::task::yield_now().await;
            let piece = body.next().await.transpose()?;
            Some((piece, body))
        })
    }

    /// Returns the number of bytes received so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Reads half of the announced body and drops it.
    pub(crate) async fn drain_half(&mut self) {
        self.drain_up_to(self.announced_length() / 2).await;
    }

    /// Reads a JSON document, and checks `Content-MD5` if it is present.
    pub(crate) async fn json<T: DeserializeOwned>(
        &mut self,
        headers: &HeaderMap,
    ) -> Result<T, ApiError> {
        parse_json(&self.text(headers).await?)
    }

    /// Reads an optional JSON document. Returns `None` if the body is empty.
    pub(crate) async fn optional_json<T: DeserializeOwned>(
        &mut self,
        headers: &HeaderMap,
    ) -> Result<Option<T>, ApiError> {
        match self.text(headers).await?.as_slice() {
            [] => Ok(None),
            text => parse_json(text).map(Some),
        }
    }

    /// Reads a small body, and checks `Content-MD5` if it is present.
    async fn text(&mut self, headers: &HeaderMap) -> Result<Vec<u8>, ApiError> {
        let announced = digest::announced(headers)?;
        let check_length = |length: u64| match length {
            0..=MAX_JSON_LENGTH => Ok(()),
            _ => Err(ApiError::new(
                ErrorCode::EntityTooLarge,
                format!("a JSON body must have at most {MAX_JSON_LENGTH} bytes"),
            )),
        };
        check_length(self.announced_length())?;
        let mut text = Vec::new();
        while let Some(piece) = self.next().await? {
            check_length((text.len() + piece.len()) as u64)?;
            text.extend_from_slice(&piece);
        }
        digest::check(announced, Md5::digest(&text).into())?;
        Ok(text)
    }

    /// Returns an error if the body is not empty.
    pub(crate) async fn expect_empty(&mut self) -> Result<(), ApiError> {
        let mut is_empty = self.announced_length() == 0;
        while is_empty && let Some(piece) = self.next().await? {
            is_empty = piece.is_empty();
        }
        if is_empty {
            return Ok(());
        }
        Err(ApiError::new(
            ErrorCode::InvalidRequest,
            "a copy, move or fetch must not have a body",
        ))
    }

    /// Reads and drops what is left of the body: a client that is cut off while it sends cannot
    /// read the response.
    ///
    /// A client that pauses, is slow, or announces more than is dropped, may wait for the response.
    /// For such a client this returns soon, and reads the rest in the background.
    pub(crate) async fn drain(&mut self) {
        let is_done = self.announced_length() <= MAX_DRAINED
            && tokio::time::timeout(MAX_WAIT, self.drain_without_pause()).await == Ok(true);
        if !is_done {
            let mut rest = self.take();
            tokio::spawn(async move { rest.drain_up_to(MAX_DRAINED).await });
        }
    }

    /// Returns `false` as soon as the client pauses.
    async fn drain_without_pause(&mut self) -> bool {
        let mut drained = 0;
        while drained < MAX_DRAINED && !self.is_broken {
            match tokio::time::timeout(MAX_PAUSE, self.next()).await {
                Ok(Ok(Some(piece))) => drained += piece.len() as u64,
                Ok(Ok(None) | Err(_)) => break,
                Err(_) => return false,
            }
        }
        true
    }

    async fn drain_up_to(&mut self, limit: u64) {
        let mut drained = 0;
        while drained < limit && !self.is_broken {
            match self.next().await {
                Ok(Some(piece)) => drained += piece.len() as u64,
                Ok(None) | Err(_) => break,
            }
        }
    }

    /// Returns the next piece, or `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns an error if the body ends early or stalls.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let Some(incoming) = &mut self.incoming else {
            return Ok(None);
        };
        loop {
            let frame = tokio::time::timeout(self.idle_timeout, incoming.frame());
            let message = match frame.await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        self.received += data.len() as u64;
                        return Ok(Some(data));
                    }
                    // The API does not use trailers.
                    Err(_) => continue,
                },
                Ok(Some(Err(_))) => "the body ended too early",
                Err(_) => "the body stalled",
            };
            self.is_broken = true;
            return Err(ApiError::new(ErrorCode::IncompleteBody, message));
        }
    }
}

/// Parses a JSON document. The API has different error codes for invalid JSON and for JSON of the
/// wrong form.
fn parse_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, ApiError> {
    let refuse = |code, what: &str, error| ApiError::new(code, format!("{what}: {error}"));
    serde_json::from_slice(text).map_err(|error| {
        // The parser stops at a value of the wrong type, and the rest may be invalid JSON.
        match serde_json::from_slice::<IgnoredAny>(text) {
            Ok(_) => refuse(
                ErrorCode::InvalidRequest,
                "the body does not have the expected form",
                error,
            ),
            Err(error) => refuse(ErrorCode::InvalidJson, "the body is not JSON", error),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_invalid_json_from_an_unexpected_form() {
        let code = |text: &str| {
            parse_json::<Vec<u8>>(text.as_bytes())
                .map_err(|error| error.code())
                .err()
        };
        assert_eq!(code("[1, 2]"), None);
        for text in ["[256]", "{}", "null", "[1, {\"a\": [\"b\"]}]"] {
            assert_eq!(code(text), Some("invalid_request"), "{text}");
        }
        for text in ["", "[1", "[1] 2", "[256", "{} x", "[1,]", "\u{feff}[]"] {
            assert_eq!(code(text), Some("invalid_json"), "{text}");
        }
        // However deep it is: nothing of it is kept.
        assert_eq!(code(&"[".repeat(100_000)), Some("invalid_json"));
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(code(&deep), Some("invalid_request"));
    }
}
