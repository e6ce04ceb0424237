//! Bodies of requests: collected when small, streamed to a file when they become an object.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use md5::{Digest, Md5};
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt as _;

use crate::account::hex;
use crate::api_error::ApiError;
use crate::digest;
use crate::generated::error_codes::ErrorCode;
use crate::store::{Store, StoreError, Upload, blocking};

/// Of a JSON body: enough for 1000 keys of 1023 bytes, each byte escaped.
const MAX_JSON_LENGTH: u64 = 8 << 20;
/// Of an object that comes in one request.
const MAX_OBJECT_LENGTH: u64 = 5 << 30;
/// How much of a body that nobody wants is still read, so that its sender gets to read the answer.
const MAX_DRAINED: u64 = 64 << 20;

/// The body of a request.
#[derive(Debug)]
pub(crate) struct RequestBody {
    incoming: Incoming,
    /// The longest wait for the next piece.
    idle_timeout: Duration,
    /// Nothing more will come.
    is_broken: bool,
    /// How many bytes have come.
    received: u64,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, idle_timeout: Duration) -> Self {
        Self {
            incoming,
            idle_timeout,
            is_broken: false,
            received: 0,
        }
    }

    /// How many bytes have come so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Reads half of what is announced, and drops it.
    pub(crate) async fn drain_half(&mut self) {
        self.drain_up_to(self.incoming.size_hint().lower() / 2)
            .await;
    }

    /// Reads a JSON document, and checks its digest if one is announced.
    pub(crate) async fn json<T: DeserializeOwned>(
        &mut self,
        headers: &HeaderMap,
    ) -> Result<T, ApiError> {
        let announced = digest::announced(headers)?;
        let mut text = Vec::new();
        while let Some(piece) = self.next().await? {
            if (text.len() + piece.len()) as u64 > MAX_JSON_LENGTH {
                return Err(ApiError::new(
                    ErrorCode::EntityTooLarge,
                    format!("a JSON body has at most {MAX_JSON_LENGTH} bytes"),
                ));
            }
            text.extend_from_slice(&piece);
        }
        digest::check(announced, Md5::digest(&text).into())?;
        // Two steps, since the API tells apart what is no JSON and what is JSON of another shape.
        let value = serde_json::from_slice::<serde_json::Value>(&text).map_err(|error| {
            ApiError::new(
                ErrorCode::InvalidJson,
                format!("the body is not JSON: {error}"),
            )
        })?;
        serde_json::from_value(value).map_err(|error| {
            ApiError::new(
                ErrorCode::InvalidRequest,
                format!("the body does not have the expected form: {error}"),
            )
        })
    }

    /// Writes the body to a file of the store. The file disappears if anything fails, and with the
    /// request.
    pub(crate) async fn upload(
        &mut self,
        store: &Arc<Store>,
        headers: &HeaderMap,
    ) -> Result<Upload, ApiError> {
        let announced = digest::announced(headers)?;
        let too_large = || {
            ApiError::new(
                ErrorCode::EntityTooLarge,
                "an object of one request has at most 5 GiB",
            )
        };
        if self.incoming.size_hint().lower() > MAX_OBJECT_LENGTH {
            return Err(too_large());
        }
        let store = Arc::clone(store);
        let (file, writer) = blocking(move || {
            let file = store.new_upload()?;
            let writer = file.as_file().try_clone()?;
            Ok::<_, StoreError>((file, writer))
        })
        .await?;
        let mut writer = tokio::fs::File::from_std(writer);
        let mut md5 = Md5::new();
        let mut size = 0;
        while let Some(piece) = self.next().await? {
            size += piece.len() as u64;
            if size > MAX_OBJECT_LENGTH {
                return Err(too_large());
            }
            md5.update(&piece);
            writer.write_all(&piece).await.map_err(StoreError::from)?;
        }
        // A write may still be on its way in the file's own task.
        writer.flush().await.map_err(StoreError::from)?;
        let md5 = digest::Md5Digest::from(md5.finalize());
        digest::check(announced, md5)?;
        Ok(Upload {
            file,
            size,
            etag: hex(&md5),
        })
    }

    /// Refuses a body where none belongs.
    pub(crate) async fn expect_empty(&mut self) -> Result<(), ApiError> {
        while let Some(piece) = self.next().await? {
            if !piece.is_empty() {
                return Err(ApiError::new(
                    ErrorCode::InvalidRequest,
                    "a copy or a move has no body",
                ));
            }
        }
        Ok(())
    }

    /// Reads what is left of a body and drops it: a client that is cut off while it sends can't
    /// read why.
    pub(crate) async fn drain(&mut self) {
        self.drain_up_to(MAX_DRAINED).await;
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

    /// The next piece; an error when the body ends too early or stalls.
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            let frame = tokio::time::timeout(self.idle_timeout, self.incoming.frame());
            let message = match frame.await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        self.received += data.len() as u64;
                        return Ok(Some(data));
                    }
                    // Trailers say nothing that the API knows.
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
