//! A body on its way: the frames that the HTTP library asks for.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::task::{JoinHandle, spawn_blocking};

use super::monitor::AttemptMonitor;
use super::progress::Progress;
use super::{Body, BoxStream, Source, StreamSlot, has_stream, take_stream};
use crate::base::error::{Error, ErrorKind};

/// How much of a file is read at once, in bytes.
const FILE_CHUNK: u64 = 256 * 1024;
/// How much of a body in memory goes into one frame, so that its progress can be seen.
const BYTES_CHUNK: usize = 256 * 1024;

/// A body that is being sent.
pub(crate) struct WireBody {
    head: Bytes,
    content: Content,
    tail: Bytes,
    /// How much is still to come, in bytes.
    remaining: u64,
    /// How much of the content is still to come.
    content_remaining: u64,
    /// The last announced bytes, kept back until the source has shown that it ends there: the
    /// HTTP library asks for no more once the announced length is out.
    last: Option<Bytes>,
    /// Offset of the content if it is a part of a file.
    offset: Option<u64>,
    monitor: Option<AttemptMonitor>,
    progress: Arc<Progress>,
}

enum Content {
    Done,
    Bytes(Bytes),
    /// Not opened yet.
    Path(PathBuf),
    File(File),
    Reading(JoinHandle<io::Result<(File, Bytes)>>),
    /// Not begun: if no connection is made, the stream is still whole.
    Waiting(StreamSlot),
    /// Behind a lock only so that the body is `Sync`.
    Stream(Mutex<BoxStream>),
}

impl Body {
    /// Begins to send the body. A stream can be sent once only.
    pub(crate) fn start(&self) -> Result<(WireBody, Arc<Progress>), Error> {
        let content = match &self.source {
            Source::Bytes(bytes) if bytes.is_empty() => Content::Done,
            Source::Bytes(bytes) => Content::Bytes(bytes.clone()),
            Source::File(path) => Content::Path(path.clone()),
            Source::Stream(slot) if has_stream(slot) => Content::Waiting(Arc::clone(slot)),
            Source::Stream(_) => return Err(sent_already()),
        };
        let progress = self.more.as_ref().and_then(|more| more.progress.clone());
        let progress = progress.unwrap_or_default();
        let (head, tail) = match &self.more {
            Some(more) => (more.head.clone(), more.tail.clone()),
            None => Default::default(),
        };
        let wire = WireBody {
            head,
            content,
            tail,
            remaining: self.len(),
            content_remaining: self.len,
            last: None,
            offset: self.more.as_ref().and_then(|more| more.offset),
            monitor: self
                .more
                .as_ref()
                .and_then(|more| more.monitor.as_ref())
                .map(AttemptMonitor::start),
            progress: Arc::clone(&progress),
        };
        Ok((wire, progress))
    }

    /// Makes sure that a stream which is announced as empty is: the HTTP library would not ask.
    pub(crate) async fn check_empty(&self) -> Result<(), Error> {
        let (mut wire, _) = self.start()?;
        match std::future::poll_fn(|cx| wire.poll_checked(cx)).await {
            Some(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }
}

impl WireBody {
    /// The next bytes of the content, checked against the announced length; `None` at its end.
    fn poll_checked(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        loop {
            let in_memory = matches!(self.content, Content::Bytes(_));
            match ready!(self.poll_content(cx)) {
                Some(Ok(bytes)) if bytes.is_empty() => {}
                Some(Ok(bytes)) => {
                    let len = bytes.len() as u64;
                    if len > self.content_remaining {
                        let error = Error::new(ErrorKind::Io, "the body is longer than announced");
                        return Poll::Ready(Some(Err(error)));
                    }
                    self.content_remaining -= len;
                    if in_memory || self.content_remaining > 0 {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                    self.last = Some(bytes);
                }
                Some(Err(error)) => {
                    let text = format!("the body can't be read: {error}");
                    return Poll::Ready(Some(Err(
                        Error::new(ErrorKind::Io, text).with_source(error)
                    )));
                }
                None if self.content_remaining > 0 => {
                    let text = format!(
                        "the body ended {} bytes before its announced end",
                        self.content_remaining
                    );
                    return Poll::Ready(Some(Err(Error::new(ErrorKind::Io, text))));
                }
                None => return Poll::Ready(self.last.take().map(Ok)),
            }
        }
    }

    /// The next bytes of the content, paced and counted if the body has a monitor.
    fn poll_monitored(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let Some(mut monitor) = self.monitor.take() else {
            return self.poll_checked(cx);
        };
        let polled = monitor.poll_next(cx, |cx| self.poll_checked(cx));
        self.monitor = Some(monitor);
        polled
    }

    /// The next bytes of the content; `None` at its end.
    fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            match &mut self.content {
                Content::Done => return Poll::Ready(None),
                Content::Bytes(bytes) => {
                    let chunk = bytes.split_to(bytes.len().min(BYTES_CHUNK));
                    if bytes.is_empty() {
                        self.content = Content::Done;
                    }
                    return Poll::Ready(Some(Ok(chunk)));
                }
                Content::Waiting(slot) => {
                    self.content = match take_stream(slot) {
                        Some(stream) => Content::Stream(Mutex::new(stream)),
                        None => {
                            let error = io::Error::other(sent_already());
                            self.content = Content::Done;
                            return Poll::Ready(Some(Err(error)));
                        }
                    };
                }
                Content::Stream(stream) => {
                    let stream = stream.get_mut().unwrap_or_else(PoisonError::into_inner);
                    let item = ready!(stream.as_mut().poll_next(cx));
                    if item.is_none() {
                        self.content = Content::Done;
                    }
                    return Poll::Ready(item);
                }
                Content::Reading(reading) => {
                    let read = ready!(Pin::new(reading).poll(cx));
                    self.content = Content::Done;
                    let (file, bytes) = match read.map_err(io::Error::other) {
                        Ok(Ok(read)) => read,
                        Ok(Err(error)) | Err(error) => return Poll::Ready(Some(Err(error))),
                    };
                    if bytes.is_empty() {
                        return Poll::Ready(None);
                    }
                    self.content = Content::File(file);
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Content::Path(_) | Content::File(_) => self.begin_reading(),
            }
        }
    }

    /// Has the next piece of a file read on a thread that may block.
    fn begin_reading(&mut self) {
        // One byte more than announced is asked for, so that a file that grew is seen.
        let more = u64::from(self.offset.is_none());
        let wanted = self.content_remaining.saturating_add(more).min(FILE_CHUNK);
        let offset = self.offset.unwrap_or(0);
        self.content = match std::mem::replace(&mut self.content, Content::Done) {
            Content::Path(path) => Content::Reading(spawn_blocking(move || {
                let file = open_at(&path, offset).map_err(|error| {
                    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
                })?;
                read(file, wanted)
            })),
            Content::File(file) => Content::Reading(spawn_blocking(move || read(file, wanted))),
            other => other,
        };
    }

    fn fail(&mut self, error: Error) -> io::Error {
        // Nothing comes after an error.
        self.content = Content::Done;
        (self.content_remaining, self.last, self.tail) = (0, None, Bytes::new());
        let text = error.to_string();
        self.progress.fail(error);
        io::Error::other(text)
    }

    fn took(&mut self, len: usize) {
        self.remaining = self.remaining.saturating_sub(len as u64);
        self.progress.add_taken(len as u64);
    }

    /// Returns the next frame of the head, the content or the tail.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.progress.is_abandoned() {
            let text = "the response arrived before the whole request body was sent";
            return Poll::Ready(Some(Err(io::Error::other(text))));
        }
        if !self.head.is_empty() {
            let head = std::mem::take(&mut self.head);
            self.took(head.len());
            return Poll::Ready(Some(Ok(Frame::data(head))));
        }
        match ready!(self.poll_monitored(cx)) {
            Some(Ok(bytes)) => {
                self.took(bytes.len());
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(self.fail(error)))),
            None if !self.tail.is_empty() => {
                let tail = std::mem::take(&mut self.tail);
                self.took(tail.len());
                Poll::Ready(Some(Ok(Frame::data(tail))))
            }
            None => Poll::Ready(None),
        }
    }
}

fn sent_already() -> Error {
    Error::invalid_input("the body stream was already consumed")
}

fn open_at(path: &Path, offset: u64) -> io::Result<File> {
    let mut file = File::open(path)?;
    if offset > 0 {
        file.seek(SeekFrom::Start(offset))?;
    }
    Ok(file)
}

fn read(mut file: File, wanted: u64) -> io::Result<(File, Bytes)> {
    let mut buffer = Vec::with_capacity(usize::try_from(wanted).unwrap_or(0));
    file.by_ref().take(wanted).read_to_end(&mut buffer)?;
    Ok((file, buffer.into()))
}

impl Drop for WireBody {
    fn drop(&mut self) {
        // Nothing waits for the source any more.
        self.progress.polled(None);
    }
}

impl http_body::Body for WireBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let polled = this.poll_part(cx);
        // A source that has nothing to send now is not a service that is silent.
        this.progress
            .polled(polled.is_pending().then(|| cx.waker()));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

impl Stream for WireBody {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let frame = ready!(http_body::Body::poll_frame(self, cx));
        // There are no trailers.
        let data = |frame: Frame<Bytes>| frame.into_data().unwrap_or_default();
        Poll::Ready(frame.map(|frame| frame.map(data)))
    }
}

/// A reader as a stream of its bytes.
pub(crate) struct ReaderStream<R> {
    reader: Pin<Box<R>>,
    buffer: BytesMut,
}

impl<R> ReaderStream<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader: Box::pin(reader),
            buffer: BytesMut::new(),
        }
    }
}

impl<R: AsyncRead> Stream for ReaderStream<R> {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        const CHUNK: usize = 64 * 1024;
        let this = self.get_mut();
        if this.buffer.len() < CHUNK {
            this.buffer.resize(CHUNK, 0);
        }
        let mut target = ReadBuf::new(&mut this.buffer);
        ready!(this.reader.as_mut().poll_read(cx, &mut target))?;
        let filled = target.filled().len();
        if filled == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(this.buffer.split_to(filled).freeze())))
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;

    use super::*;

    async fn collect(body: &Body) -> Result<Vec<u8>, Error> {
        let (mut wire, progress) = body.start()?;
        let mut all = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut wire).poll_frame(cx)).await
        {
            match frame {
                Ok(frame) => all.extend_from_slice(&frame.into_data().unwrap()),
                Err(_) => return Err(progress.failure().unwrap()),
            }
        }
        assert_eq!(progress.taken(), body.len());
        Ok(all)
    }

    fn stream(chunks: &'static [&'static str], len: u64) -> Body {
        let items = chunks
            .iter()
            .map(|chunk| Ok::<_, io::Error>(Bytes::from_static(chunk.as_bytes())));
        Body::from_stream(futures_util::stream::iter(items), len)
    }

    #[tokio::test]
    async fn every_source_gives_its_bytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let content = vec![7_u8; FILE_CHUNK as usize + 3];
        std::fs::write(file.path(), &content).unwrap();
        let body = Body::from_path(file.path()).await.unwrap();
        assert_eq!(collect(&body).await.unwrap(), content);
        assert_eq!(
            collect(&body).await.unwrap(),
            content,
            "a file can be sent again"
        );
        assert_eq!(collect(&stream(&["a", "", "bc"], 3)).await.unwrap(), b"abc");
        let reader = Body::from_reader(&b"abc"[..], 3);
        assert_eq!(collect(&reader).await.unwrap(), b"abc");
        let framed = Body::from("b").framed(Bytes::from_static(b"a"), Bytes::from_static(b"c"));
        assert_eq!(collect(&framed).await.unwrap(), b"abc");
    }

    #[tokio::test]
    async fn a_body_of_another_length_fails() {
        for (body, says) in [
            (stream(&["ab"], 3), "1 bytes before"),
            (stream(&["ab", "cd"], 3), "longer than announced"),
            (Body::from_reader(&b"abcd"[..], 3), "longer than announced"),
        ] {
            let error = collect(&body).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io);
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[tokio::test]
    async fn a_file_that_changes_fails() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "four").unwrap();
        let body = Body::from_path(file.path()).await.unwrap();
        std::fs::write(file.path(), "longer").unwrap();
        assert!(
            collect(&body)
                .await
                .unwrap_err()
                .to_string()
                .contains("longer than")
        );
        std::fs::write(file.path(), "x").unwrap();
        assert!(
            collect(&body)
                .await
                .unwrap_err()
                .to_string()
                .contains("3 bytes before")
        );
        let path = file.path().to_owned();
        drop(file);
        let error = collect(&body).await.unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
    }

    #[tokio::test]
    async fn a_range_of_a_file_is_sent_and_sent_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0123456789").unwrap();
        for (offset, len, expected) in [(0, 4, "0123"), (4, 4, "4567"), (8, 2, "89"), (10, 0, "")] {
            let body = Body::from_file_range(file.path(), offset, len);
            for _ in 0..2 {
                assert_eq!(collect(&body).await.unwrap(), expected.as_bytes());
            }
        }
        let error = collect(&Body::from_file_range(file.path(), 8, 4)).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("2 bytes before"), "{error}");
    }

    #[tokio::test]
    async fn an_empty_stream_must_be_empty() {
        assert!(stream(&[], 0).check_empty().await.is_ok());
        let error = stream(&["a"], 0).check_empty().await.unwrap_err();
        assert!(error.to_string().contains("longer than"), "{error}");
    }

    #[tokio::test]
    async fn a_body_can_be_read_elsewhere() {
        use futures_util::TryStreamExt;

        let framed =
            stream(&["b", "c"], 2).framed(Bytes::from_static(b"a"), Bytes::from_static(b"d"));
        let chunks: Vec<_> = framed.into_stream().unwrap().try_collect().await.unwrap();
        assert_eq!(chunks.concat(), b"abcd");
        let mut short = stream(&["b"], 2).into_stream().unwrap();
        assert_eq!(short.try_next().await.unwrap().unwrap(), "b");
        assert!(short.try_next().await.is_err());
        assert!(short.try_next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn any_length_may_be_claimed() {
        let endless = stream(&["ab"], u64::MAX);
        let framed = endless.framed(Bytes::from_static(b"a"), Bytes::from_static(b"c"));
        assert_eq!(framed.len(), u64::MAX);
        assert_eq!(collect(&framed).await.unwrap_err().kind(), ErrorKind::Io);
    }

    #[tokio::test]
    async fn a_stream_is_sent_once() {
        let body = stream(&["abc"], 3);
        assert!(!body.is_replayable());
        collect(&body).await.unwrap();
        assert_eq!(
            collect(&body).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
}
