//! [`DeleteObjects`]: any number of keys, many to a call.

use std::collections::HashSet;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::each_call::each_call;
use crate::base::concurrent::Concurrent;
use crate::base::error::{Error, ErrorCode, Result};
use crate::base::printable::Printable;
use crate::client::Bucket;
use crate::generated::operations::DeleteMultipleObjectsOutput;
use crate::message::object_key::{self, KeyPlace};
use futures_core::Stream;

/// How many keys the API takes in one call.
const KEYS_PER_CALL: usize = 1000;
/// How many calls are under way at once, unless the caller says otherwise.
const CONCURRENCY: usize = 4;

type Source = Pin<Box<dyn Stream<Item = Result<String>> + Send>>;

impl Bucket {
    /// Deletes any number of objects, 1,000 by call, 4 calls at a time.
    ///
    /// Keys are taken as they are needed. Deleting a key that does not exist succeeds. In a bucket
    /// with versioning, this adds delete markers. The outcome has an error for each key that could
    /// not be deleted; the other keys are deleted.
    ///
    /// Every key except the empty one can be deleted this way, also one that a path cannot contain,
    /// such as `a/../b`. See [`delete_object`](Self::delete_object) for a single object.
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
        self.delete_objects_of(Iter(Box::new(keys)))
    }

    /// Deletes the objects whose keys a stream gives, such as a list. An error of the stream ends
    /// it; the keys before it are deleted.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use futures_util::TryStreamExt;
    ///
    /// let logs = bucket.list_objects().prefix("logs/2019/").items();
    /// let outcome = bucket.delete_objects_of(logs.map_ok(|key| key.key)).await;
    /// println!("{} deleted, {} not", outcome.deleted.len(), outcome.errors.len());
    /// # Ok(()) }
    /// ```
    pub fn delete_objects_of(
        &self,
        keys: impl Stream<Item = Result<String>> + Send + 'static,
    ) -> DeleteObjects {
        DeleteObjects {
            bucket: self.clone(),
            keys: Box::pin(keys),
            concurrency: CONCURRENCY,
        }
    }
}

/// Many deletions, made by [`Bucket::delete_objects`]; `.await` does them.
///
/// Dropping the future stops it: calls under way are broken off, and it is unknown whether the
/// service carried them out.
#[must_use = "nothing is deleted until it is awaited"]
pub struct DeleteObjects {
    bucket: Bucket,
    keys: Source,
    concurrency: usize,
}

/// What became of many deletions.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct DeletedObjects {
    /// The keys that are gone, in no order.
    pub deleted: Vec<String>,
    /// The keys that could not be deleted, and why, in no order.
    pub errors: Vec<DeleteError>,
    /// Why the stream of keys broke off, if it did.
    pub interrupted: Option<Error>,
}

/// Why an object could not be deleted.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DeleteError {
    /// The object's key.
    pub key: String,
    /// The service's error code, if it gave one.
    pub code: Option<ErrorCode>,
    /// What went wrong, for people to read.
    pub message: String,
    /// The error of the whole call, where it was not this key alone that failed.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub cause: Option<Arc<Error>>,
}

impl fmt::Display for DeleteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, message, .. } = self;
        let message = Printable(message);
        match &self.code {
            Some(code) => write!(f, "{key:?}: {}: {message}", Printable(code)),
            None => write!(f, "{key:?}: {message}"),
        }
    }
}

impl std::error::Error for DeleteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.cause.as_deref()?)
    }
}

impl DeleteObjects {
    /// How many calls are under way at once: at least 1. Default 4.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    async fn run(self) -> DeletedObjects {
        let mut run = Run {
            keys: Some(self.keys),
            batch: Vec::new(),
            calls: Concurrent::new(),
            outcome: DeletedObjects::default(),
        };
        loop {
            let done = poll_fn(|cx| run.poll(cx, self.concurrency)).await;
            match done {
                Event::Batch(keys) => run.calls.push(delete(self.bucket.clone(), keys)),
                Event::Called(keys, result) => run.outcome.add(keys, result),
                Event::Done => return run.outcome,
            }
        }
    }
}

each_call!(DeleteObjects);

impl IntoFuture for DeleteObjects {
    type Output = DeletedObjects;
    type IntoFuture = Pin<Box<dyn Future<Output = DeletedObjects> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for DeleteObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteObjects")
            .field("bucket", &self.bucket)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

type Called = (Vec<String>, Result<DeleteMultipleObjectsOutput>);

/// Deletions under way.
struct Run {
    /// Where keys come from, until it ends.
    keys: Option<Source>,
    batch: Vec<String>,
    calls: Concurrent<Called>,
    outcome: DeletedObjects,
}

enum Event {
    /// Enough keys for a call.
    Batch(Vec<String>),
    /// A call ended.
    Called(Vec<String>, Result<DeleteMultipleObjectsOutput>),
    Done,
}

impl Run {
    fn poll(&mut self, cx: &mut Context<'_>, concurrency: usize) -> Poll<Event> {
        if self.calls.len() < concurrency && self.poll_keys(cx) {
            return Poll::Ready(Event::Batch(std::mem::take(&mut self.batch)));
        }
        match self.calls.poll_next(cx) {
            Poll::Ready(Some((keys, result))) => Poll::Ready(Event::Called(keys, result)),
            Poll::Ready(None) if self.keys.is_none() => Poll::Ready(Event::Done),
            _ => Poll::Pending,
        }
    }

    /// Takes keys; says whether there are enough for a call.
    fn poll_keys(&mut self, cx: &mut Context<'_>) -> bool {
        while self.batch.len() < KEYS_PER_CALL
            && let Some(keys) = &mut self.keys
        {
            match keys.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(key))) => {
                    match object_key::check("key", &key, KeyPlace::Existing) {
                        Ok(()) => self.batch.push(key),
                        // The other keys of the request are deleted all the same.
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

async fn delete(bucket: Bucket, keys: Vec<String>) -> Called {
    let result = bucket.delete_multiple_objects(keys.iter().map(String::as_str));
    let result = result.send().await;
    (keys, result)
}

impl DeletedObjects {
    /// Whether all keys were given, and are gone.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.errors.is_empty() && self.interrupted.is_none()
    }

    fn add(&mut self, keys: Vec<String>, result: Result<DeleteMultipleObjectsOutput>) {
        let output = match result {
            Ok(output) => output,
            Err(error) => return self.add_failed(keys, error),
        };
        let mut missing: HashSet<String> = keys.into_iter().collect();
        for one in output.deleted {
            missing.remove(&one.key);
            self.deleted.push(one.key);
        }
        for one in output.errors {
            missing.remove(&one.key);
            self.errors.push(DeleteError {
                key: one.key,
                code: Some(ErrorCode::from(one.code.as_str())),
                message: one.message,
                cause: None,
            });
        }
        // No key may be lost without a word.
        self.errors
            .extend(missing.into_iter().map(|key| DeleteError {
                key,
                code: None,
                message: "the service does not say what became of it".into(),
                cause: None,
            }));
    }

    /// The call failed as a whole.
    fn add_failed(&mut self, keys: Vec<String>, error: Error) {
        let cause = Arc::new(error);
        self.errors.extend(keys.into_iter().map(|key| DeleteError {
            key,
            code: cause.code().cloned(),
            message: cause.to_string(),
            cause: Some(Arc::clone(&cause)),
        }));
    }
}

/// An iterator as a stream.
struct Iter<T>(Box<dyn Iterator<Item = T> + Send>);

impl<T> Stream for Iter<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        Poll::Ready(self.0.next())
    }
}
