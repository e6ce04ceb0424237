//! [`Resume`]: goes on with a body where its connection broke.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use http::header::{
    CONTENT_RANGE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::ByteStream;
use crate::digest::Digest;
use crate::dispatch::Again;
use crate::error::{Error, ErrorKind, Result};
use crate::response::{Origin, Response, ResponseBody, ResponseMeta};

/// What it takes to ask for the rest of a body.
pub(super) struct Resume {
    again: Again,
    /// Pins the object: the rest of another one is no rest.
    etag: HeaderValue,
    /// Of an answer that is a part itself.
    content_range: Option<HeaderValue>,
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
    pub(super) fn new(again: Again, meta: &ResponseMeta) -> Option<Self> {
        let headers = meta.headers();
        let content_range = match meta.status() {
            StatusCode::OK => None,
            StatusCode::PARTIAL_CONTENT => Some(headers.get(CONTENT_RANGE)?.clone()),
            _ => return None,
        };
        let etag = headers.get(ETAG)?;
        (!etag.as_bytes().starts_with(b"W/")).then(|| Self {
            again,
            etag: etag.clone(),
            content_range,
            received: 0,
        })
    }

    /// The length of an answer that is a part.
    pub(super) fn len(&self) -> Option<u64> {
        let Span { first, last, .. } = Span::parse(self.content_range.as_ref()?)?;
        last.checked_sub(first)?.checked_add(1)
    }

    /// The MD5 of the body, where its tag is that.
    pub(super) fn content_md5(&self) -> Option<Digest> {
        let is_whole = self.content_range.is_none();
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
            .range(announced)
            .and_then(|range| range.behind(received));
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

    /// Where the bytes of the answer stand in the object.
    fn range(&self, announced: u64) -> Option<Span> {
        match &self.content_range {
            None => Some(Span {
                first: 0,
                last: announced.checked_sub(1)?,
                size: announced,
            }),
            Some(value) => Span::parse(value).filter(|span| {
                span.last
                    .checked_sub(span.first)
                    .is_some_and(|length| length.checked_add(1) == Some(announced))
            }),
        }
    }

    async fn ask(&self, wanted: Span, origin: Origin) -> Result<ByteStream> {
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
        let is_rest = is_rest(&response, &self.etag, wanted);
        match response.body {
            ResponseBody::Stream(stream) if is_rest => Ok(stream),
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

/// Whether an answer is the part that was asked for, of the same object.
fn is_rest(response: &Response, etag: &HeaderValue, wanted: Span) -> bool {
    let headers: &HeaderMap = response.meta.headers();
    response.meta.status() == StatusCode::PARTIAL_CONTENT
        && headers.get(ETAG) == Some(etag)
        && headers.get(CONTENT_RANGE).and_then(Span::parse) == Some(wanted)
}

/// Bytes of an object: the first and the last, and how many the object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: u64,
    last: u64,
    size: u64,
}

impl Span {
    /// Reads `bytes 0-9/100`.
    fn parse(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?.trim().strip_prefix("bytes ")?;
        let (range, size) = text.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        Some(Self {
            first: first.trim().parse().ok()?,
            last: last.trim().parse().ok()?,
            size: size.trim().parse().ok()?,
        })
    }

    /// What is left behind so many bytes.
    fn behind(self, received: u64) -> Option<Self> {
        let first = self.first.checked_add(received)?;
        (first <= self.last).then_some(Self { first, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> Option<(u64, u64, u64)> {
        let span = Span::parse(&HeaderValue::from_str(text).unwrap())?;
        Some((span.first, span.last, span.size))
    }

    #[test]
    fn spans() {
        assert_eq!(span("bytes 0-9/100"), Some((0, 9, 100)));
        assert_eq!(span("bytes 5-5/6"), Some((5, 5, 6)));
        for bad in ["", "bytes */100", "bytes 0-9/*", "0-9/100", "bytes -1-9/10"] {
            assert_eq!(span(bad), None, "{bad}");
        }
        let span = Span::parse(&HeaderValue::from_static("bytes 10-19/100")).unwrap();
        assert_eq!(span.behind(0), Some(span));
        assert_eq!(span.behind(9).map(|rest| rest.first), Some(19));
        assert_eq!(span.behind(10), None);
        assert_eq!(span.behind(u64::MAX), None);
    }
}
