//! [`DeleteObjects`]: deletes any number of objects, many per request.

use std::collections::HashSet;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

#[cfg(feature = "folders")]
use super::errors::object_call;
use super::request_setters::request_setters;
use super::request_tasks::send;
use super::transfer_options::check_concurrency;
use crate::base::error::{Error, ErrorCode, Result};
#[cfg(feature = "folders")]
use crate::base::error::{ErrorKind, ErrorResponse};
use crate::base::escape::EscapeControls;
use crate::base::future_set::FutureSet;
use crate::base::runtime;
use crate::client::Bucket;
use crate::client::spans::TransferSpan;
use crate::generated::operations::{DeleteMultipleObjectsInput, DeleteMultipleObjectsOutput};
use crate::message::object_key::{self, KeyPlace};
use crate::message::operation::Operation;
use futures_core::Stream;

type KeyStream = Pin<Box<dyn Stream<Item = Result<String>> + Send>>;

impl Bucket {
    /// Deletes any number of objects, with several keys per request and several requests at a time.
    ///
    /// The iterator is advanced only as requests need keys. Deleting a key that does not exist
    /// succeeds. In a bucket with versioning, a deletion adds a delete marker. The outcome contains
    /// an error for each key that could not be deleted; the other keys are deleted.
    ///
    /// All keys except the empty one can be deleted, even keys that a path cannot contain, such as
    /// `a/../b`.
    ///
    /// Related: [`delete_objects_from_stream`](Self::delete_objects_from_stream) takes the keys from a
    /// stream, such as a list. [`delete_object`](Self::delete_object) deletes one object, or one
    /// version. [`delete_multiple_objects`](Self::delete_multiple_objects) sends a single request and
    /// returns its response.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let outcome = bucket.delete_objects(["a.txt", "b.txt"]).await;
    /// for error in &outcome.errors {
    ///     eprintln!("{error}");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn delete_objects<K>(&self, keys: K) -> DeleteObjects
    where
        K: IntoIterator<Item: Into<String>, IntoIter: Send + 'static>,
    {
        let keys = keys.into_iter().map(|key| Ok(key.into()));
        self.delete_objects_from_stream(IterStream(Box::new(keys)))
    }

    /// Deletes the objects whose keys a stream yields, such as a list. If the stream yields an error,
    /// the keys before it are deleted, and the outcome contains the error.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use futures_util::TryStreamExt;
    ///
    /// let logs = bucket.list_objects().prefix("logs/2019/").items();
    /// let outcome = bucket.delete_objects_from_stream(logs.map_ok(|key| key.key)).await;
    /// println!("{} deleted, {} not", outcome.deleted.len(), outcome.errors.len());
    /// # Ok(()) }
    /// ```
    pub fn delete_objects_from_stream(
        &self,
        keys: impl Stream<Item = Result<String>> + Send + 'static,
    ) -> DeleteObjects {
        DeleteObjects {
            bucket: self.clone(),
            keys: Box::pin(keys),
            concurrency: DeleteObjects::DEFAULT_CONCURRENCY,
        }
    }
}

/// A batch deletion, created by [`Bucket::delete_objects`]. It starts when it is awaited.
///
/// Dropping the future cancels the requests in progress; the service may have executed them.
#[must_use = "nothing is deleted until it is awaited"]
pub struct DeleteObjects {
    bucket: Bucket,
    keys: KeyStream,
    concurrency: usize,
}

/// Output of [`DeleteObjects`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct DeleteObjectsOutput {
    /// Keys of deleted objects, in no particular order.
    pub deleted: Vec<String>,
    /// Keys that could not be deleted, with the reasons, in no particular order.
    pub errors: Vec<DeleteError>,
    /// Error that ended the deletion before all keys were read: the error of the stream of keys, or of
    /// [`concurrency`](DeleteObjects::concurrency).
    pub interrupted: Option<Error>,
}

/// Error for one key of [`DeleteObjects`].
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DeleteError {
    /// Key of the object.
    pub key: String,
    /// Error code of the service, if there is one.
    pub code: Option<ErrorCode>,
    /// Error message.
    pub message: String,
    /// Request ID of the deletion. Include it in support requests.
    pub request_id: Option<String>,
    /// Error of the whole request, if it was not only this key that failed.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub cause: Option<Arc<Error>>,
}

impl fmt::Display for DeleteError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, message, .. } = self;
        if let Some(cause) = &self.cause {
            return write!(f, "{key:?}: {cause}");
        }
        let message = EscapeControls(message);
        match &self.code {
            Some(code) => write!(f, "{key:?}: {}: {message}", EscapeControls(code))?,
            None => write!(f, "{key:?}: {message}")?,
        }
        match &self.request_id {
            Some(id) => write!(f, "; request id {}", EscapeControls(id)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DeleteError {
    /// Returns the source of the cause, because the message contains that of the cause.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref()?.source()
    }
}

impl DeleteError {
    /// Converts the error of a key in `bucket`.
    #[cfg(feature = "folders")]
    pub(super) fn into_error(self, bucket: &Bucket) -> Error {
        if let Some(cause) = &self.cause {
            return Error::of_object(cause, self.key);
        }
        let kind = match self.code {
            Some(_) => ErrorKind::Service,
            None => ErrorKind::Decode,
        };
        // The status is that of a success.
        let response = ErrorResponse {
            code: self.code,
            request_id: self.request_id,
            ..ErrorResponse::default()
        };
        let call = object_call(bucket, &self.key, "DeleteMultipleObjects");
        Error::new(kind, self.message)
            .with_call(call)
            .with_response(response)
    }
}

impl DeleteObjects {
    /// The number of keys in one request: the maximum of the API.
    pub const KEYS_PER_REQUEST: usize = 1000;

    /// Default of [`concurrency`](Self::concurrency): 4 requests.
    pub const DEFAULT_CONCURRENCY: usize = 4;

    /// Sets how many requests are sent at the same time: at least 1. Default:
    /// [`DEFAULT_CONCURRENCY`](Self::DEFAULT_CONCURRENCY).
    ///
    /// With 0, nothing is deleted, and [`interrupted`](DeleteObjectsOutput::interrupted) contains an
    /// `InvalidInput` error.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests;
        self
    }

    async fn run(self) -> DeleteObjectsOutput {
        let address = &self.bucket.dispatcher().address;
        let span = TransferSpan::start("DeleteObjects", address, None);
        let outcome = span.run_infallible(pin!(self.delete())).await;
        if let Some(error) = &outcome.interrupted {
            span.failed(error);
        } else if let Some(error) = outcome.errors.first() {
            match &error.cause {
                Some(cause) => span.failed(cause),
                None => span.failed_with_code(error.code.as_ref()),
            }
        }
        outcome
    }

    async fn delete(self) -> DeleteObjectsOutput {
        if let Err(error) = check_concurrency(Some(self.concurrency)) {
            let dispatcher = self.bucket.dispatcher();
            let call = dispatcher.unsent(DeleteMultipleObjectsInput::INFO, "");
            return DeleteObjectsOutput {
                interrupted: Some(error.with_call(call)),
                ..DeleteObjectsOutput::default()
            };
        }
        let mut batches = Batches {
            keys: Some(self.keys),
            batch: Vec::new(),
            requests: FutureSet::new(),
            outcome: DeleteObjectsOutput::default(),
        };
        loop {
            let event = poll_fn(|cx| batches.poll(cx, self.concurrency)).await;
            match event {
                Event::BatchReady(keys) => {
                    batches
                        .requests
                        .push(delete_batch(self.bucket.clone(), keys));
                }
                Event::BatchDone(keys, result) => batches.outcome.add(keys, result),
                Event::AllDone => return batches.outcome,
            }
        }
    }
}

request_setters!(DeleteObjects);

impl IntoFuture for DeleteObjects {
    type Output = DeleteObjectsOutput;
    type IntoFuture = Pin<Box<dyn Future<Output = DeleteObjectsOutput> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for DeleteObjects {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteObjects")
            .field("bucket", &self.bucket)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// The keys of a request, and its result.
type BatchResult = (Vec<String>, Result<DeleteMultipleObjectsOutput>);

/// The state of a batch deletion in progress.
struct Batches {
    /// `None` after its end.
    keys: Option<KeyStream>,
    batch: Vec<String>,
    requests: FutureSet<BatchResult>,
    outcome: DeleteObjectsOutput,
}

enum Event {
    /// The keys of the next request.
    BatchReady(Vec<String>),
    /// A request has ended.
    BatchDone(Vec<String>, Result<DeleteMultipleObjectsOutput>),
    AllDone,
}

impl Batches {
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>, concurrency: usize) -> Poll<Event> {
        if self.requests.len() < concurrency && self.poll_keys(cx) {
            return Poll::Ready(Event::BatchReady(std::mem::take(&mut self.batch)));
        }
        match self.requests.poll_next(cx) {
            Poll::Ready(Some((keys, result))) => Poll::Ready(Event::BatchDone(keys, result)),
            Poll::Ready(None) if self.keys.is_none() => Poll::Ready(Event::AllDone),
            _ => Poll::Pending,
        }
    }

    /// Takes keys from the stream. Returns `true` if they are enough for a request.
    #[inline]
    fn poll_keys(&mut self, cx: &mut Context<'_>) -> bool {
        while self.batch.len() < DeleteObjects::KEYS_PER_REQUEST
            && let Some(keys) = &mut self.keys
        {
            match keys.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(key))) => {
                    match object_key::check("key", &key, KeyPlace::Existing) {
                        Ok(()) => self.batch.push(key),
                        // An invalid key does not affect the other keys of the request.
                        Err(error) => self.outcome.add_failed(vec![key], error),
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    self.outcome.interrupted = Some(error);
                    self.keys = None;
                }
                Poll::Ready(None) => self.keys = None,
                Poll::Pending => return false,
            }
        }
        !self.batch.is_empty()
    }
}

async fn delete_batch(bucket: Bucket, keys: Vec<String>) -> BatchResult {
    if let Err(error) = runtime::current() {
        return (keys, Err(error));
    }
    let input = DeleteMultipleObjectsInput::new(keys.iter().map(String::as_str));
    let result = send(&bucket, None, input).await;
    (keys, result)
}

impl DeleteObjectsOutput {
    /// Returns `true` if all keys were read and deleted.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.errors.is_empty() && self.interrupted.is_none()
    }

    #[inline]
    fn add(&mut self, keys: Vec<String>, result: Result<DeleteMultipleObjectsOutput>) {
        let output = match result {
            Ok(output) => output,
            Err(error) => return self.add_failed(keys, error),
        };
        let request_id = output.request_id().map(str::to_owned);
        let mut missing: HashSet<String> = keys.into_iter().collect();
        for object in output.deleted {
            missing.remove(&object.key);
            self.deleted.push(object.key);
        }
        for error in output.errors {
            missing.remove(&error.key);
            self.errors.push(DeleteError {
                key: error.key,
                code: Some(ErrorCode::from(error.code.as_str())),
                message: error.message,
                request_id: request_id.clone(),
                cause: None,
            });
        }
        // The service must report each key. A missing one may or may not be deleted.
        self.errors
            .extend(missing.into_iter().map(|key| DeleteError {
                key,
                code: None,
                message: "the response does not contain a result for this key".into(),
                request_id: request_id.clone(),
                cause: None,
            }));
    }

    /// Adds the error of a whole request for each of its keys.
    #[inline]
    fn add_failed(&mut self, keys: Vec<String>, error: Error) {
        let cause = Arc::new(error);
        self.errors.extend(keys.into_iter().map(|key| DeleteError {
            key,
            code: cause.code().cloned(),
            message: cause.to_string(),
            request_id: cause.request_id().map(str::to_owned),
            cause: Some(Arc::clone(&cause)),
        }));
    }
}

/// Converts an iterator to a stream that is always ready.
struct IterStream<T>(Box<dyn Iterator<Item = T> + Send>);

impl<T> Stream for IterStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        Poll::Ready(self.0.next())
    }
}

#[cfg(all(test, feature = "folders"))]
mod tests {
    use super::*;
    use crate::client::QingStor;
    use crate::config::Config;

    #[test]
    fn the_error_of_a_key_has_the_code_and_the_request_of_its_deletion() {
        let qingstor = QingStor::new(Config::anonymous()).unwrap();
        let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
        let error = |code: Option<ErrorCode>| {
            let error = DeleteError {
                key: "k".into(),
                code,
                message: "no".into(),
                request_id: Some("ID".into()),
                cause: None,
            };
            error.into_error(&bucket)
        };
        let denied = error(Some(ErrorCode::PermissionDenied));
        assert_eq!(denied.kind(), ErrorKind::Service);
        assert_eq!(denied.code(), Some(&ErrorCode::PermissionDenied));
        assert_eq!(denied.request_id(), Some("ID"));
        assert_eq!(denied.key(), Some("k"));
        assert_eq!(error(None).kind(), ErrorKind::Decode);
    }

    #[test]
    fn the_error_of_a_key_and_its_sources_do_not_repeat_the_cause() {
        let mut outcome = DeleteObjectsOutput::default();
        outcome.add_failed(vec!["k".into()], Error::invalid_input("why"));
        let error = &outcome.errors[0];
        assert_eq!(error.to_string(), "\"k\": why");
        assert!(std::error::Error::source(error).is_none());
    }
}
