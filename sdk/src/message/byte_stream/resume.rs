//! [`Resume`]: goes on with a body where its connection broke.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use http::header::{ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE};
use http::{HeaderValue, StatusCode};

use super::ByteStream;
use crate::base::digest::Digest;
use crate::base::error::{Error, ErrorKind, Result};
use crate::client::dispatch::Again;
use crate::message::content_range::ContentRange;
use crate::message::response::{Origin, ResponseBody, ResponseMeta};

/// What it takes to ask for the rest of a body.
pub(super) struct Resume {
    again: Again,
    /// Pins the object: the rest of another one is no rest.
    etag: HeaderValue,
    /// The part of the object that the response is, unless it is all.
    part: Option<ContentRange>,
    /// How much had come when the body was asked for last.
    received: u64,
}

/// The rest of a body, asked for.
pub(super) struct Resuming(Mutex<Pin<Box<dyn Future<Output = Resumed> + Send>>>);

/// The way to ask again, and the rest.
type Resumed = (Resume, Result<ByteStream>);

impl Resuming {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Resumed> {
        // Behind a lock only so that the stream is `Sync`.
        let future = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        future.as_mut().poll(cx)
    }
}

impl Resume {
    /// `None` where the answer names no version of the object that could be asked for again.
    pub(super) fn new(
        again: Again,
        meta: &ResponseMeta,
        part: Option<ContentRange>,
    ) -> Option<Self> {
        let is_object = meta.status() == StatusCode::OK || part.is_some();
        let etag = meta.headers().get(ETAG).filter(|_| is_object)?;
        (!etag.as_bytes().starts_with(b"W/")).then(|| Self {
            again,
            etag: etag.clone(),
            part,
            received: 0,
        })
    }

    /// The MD5 of the body, where its tag is that.
    pub(super) fn content_md5(&self) -> Option<Digest> {
        let is_whole = self.part.is_none();
        let etag = self.etag.to_str().ok().filter(|_| is_whole)?;
        Digest::from_etag(etag)
    }

    /// Asks for what is missing behind `received` of `announced` bytes, if the call's rules let it.
    /// What broke is `error`; it is given back if it stands.
    pub(super) fn begin(
        mut self,
        received: u64,
        announced: u64,
        mut origin: Origin,
        error: Error,
    ) -> Result<Resuming, Error> {
        if received > self.received {
            // It moves, so the attempts count anew; the budget of all retries still bounds them.
            origin.attempts = 1;
            self.received = received;
        }
        let wanted = self
            .part_of(announced)
            .and_then(|part| part.after(received));
        let Some(wanted) = wanted else {
            return Err(error);
        };
        let Some(pause) = self.again.pause(&error, origin.attempts) else {
            return Err(error);
        };
        let future = async move {
            tokio::time::sleep(pause).await;
            let rest = self.ask(wanted, origin).await;
            (self, rest)
        };
        Ok(Resuming(Mutex::new(Box::pin(future))))
    }

    /// Returns the part of the object that a body of `announced` bytes is.
    fn part_of(&self, announced: u64) -> Option<ContentRange> {
        let whole = announced.checked_sub(1).map(|last| ContentRange {
            first: 0,
            last,
            size: announced,
        });
        self.part.or(whole)
    }

    async fn ask(&self, wanted: ContentRange, origin: Origin) -> Result<ByteStream> {
        let mut headers = self.again.headers().clone();
        // The tag alone says which object it must be.
        for condition in [IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE] {
            headers.remove(condition);
        }
        headers.insert(IF_MATCH, self.etag.clone());
        let range = format!("bytes={}-{}", wanted.first, wanted.last);
        let range = HeaderValue::try_from(range)
            .map_err(|error| Error::invalid_input("the range").with_source(error))?;
        headers.insert(RANGE, range);
        let response = self.again.send(headers, origin.clone()).await?;
        // A response with another part than the requested one was refused already.
        let is_same = response.meta.headers().get(ETAG) == Some(&self.etag);
        match response.body {
            ResponseBody::Stream(stream) if is_same && stream.part() == Some(wanted) => Ok(stream),
            _ => {
                let text = format!(
                    "the rest of the body, bytes {} to {}, came as something else",
                    wanted.first, wanted.last
                );
                Err(Error::new(ErrorKind::Integrity, text).with_call(origin.context()))
            }
        }
    }
}
