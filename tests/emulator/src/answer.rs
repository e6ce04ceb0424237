//! Answers to requests.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use serde::Serialize;
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

use crate::api_error::ApiError;

/// The body of an answer.
pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, io::Error>;

/// An answer.
pub(crate) type Answer = Response<AnswerBody>;

/// How much of a file is read at a time.
const CHUNK: usize = 256 << 10;

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    with_body(status, Empty::new().map_err(never).boxed_unsync())
}

/// A JSON document.
pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> Result<Answer, ApiError> {
    let text = serde_json::to_vec(document).map_err(|error| {
        tracing::error!(%error, "an answer can't be written as JSON");
        ApiError::internal()
    })?;
    let mut answer = bytes(status, Bytes::from(text));
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(answer)
}

/// Bytes that stand in memory.
pub(crate) fn bytes(status: StatusCode, bytes: Bytes) -> Answer {
    with_body(status, Full::new(bytes).map_err(never).boxed_unsync())
}

/// A part of a file.
pub(crate) fn file(status: StatusCode, file: File, length: u64) -> Answer {
    let body = FileBody {
        file,
        remaining: length,
        buffer: BytesMut::new(),
    };
    with_body(status, body.boxed_unsync())
}

/// The error document of `error`; an answer to HEAD has no body.
pub(crate) fn error(error: &ApiError, request_id: &str, is_head: bool) -> Answer {
    let mut answer = if is_head {
        empty(error.status())
    } else {
        json(error.status(), &error.document(request_id))
            .unwrap_or_else(|error| empty(error.status()))
    };
    if let Some((name, value)) = error.header() {
        answer.headers_mut().insert(name.clone(), value.clone());
    }
    answer
}

/// Sets a header to a value that is known to be fit for one; any other value is a bug of the
/// emulator.
pub(crate) fn set_header(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: impl AsRef<str>,
) -> Result<(), ApiError> {
    let value = HeaderValue::from_str(value.as_ref()).map_err(|_| {
        tracing::error!(%name, "a value is not fit for its header");
        ApiError::internal()
    })?;
    headers.insert(name, value);
    Ok(())
}

/// Announces the length of a body that is not sent, in an answer to HEAD.
pub(crate) fn announce_length(answer: &mut Answer, length: u64) {
    answer
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(length));
}

fn with_body(status: StatusCode, body: AnswerBody) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer
}

fn never(infallible: Infallible) -> io::Error {
    match infallible {}
}

/// Streams from an open file, which stays what it was however the object changes.
struct FileBody {
    file: File,
    remaining: u64,
    buffer: BytesMut,
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if this.remaining == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(this.remaining).unwrap_or(CHUNK).min(CHUNK);
        this.buffer.resize(wanted, 0);
        let mut buffer = ReadBuf::new(&mut this.buffer);
        ready!(Pin::new(&mut this.file).poll_read(context, &mut buffer))?;
        let read = buffer.filled().len();
        if read == 0 {
            // Rather a broken connection than an object that is silently short.
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        this.remaining -= read as u64;
        this.buffer.truncate(read);
        Poll::Ready(Some(Ok(Frame::data(this.buffer.split().freeze()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    async fn read(content: &[u8], length: u64) -> io::Result<Bytes> {
        let mut named = tempfile::NamedTempFile::new().unwrap();
        named.write_all(content).unwrap();
        let opened = File::from_std(named.reopen().unwrap());
        let answer = file(StatusCode::OK, opened, length);
        Ok(answer.into_body().collect().await?.to_bytes())
    }

    #[tokio::test]
    async fn a_file_is_streamed_whole_in_part_or_not_at_all() {
        let content = vec![7; CHUNK * 2 + 1];
        let size = content.len() as u64;
        assert_eq!(read(&content, size).await.unwrap(), content);
        assert_eq!(read(&content, 5).await.unwrap(), content[..5]);
        assert_eq!(read(&content, 0).await.unwrap(), Bytes::new());
        let error = read(&content, size + 1).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
