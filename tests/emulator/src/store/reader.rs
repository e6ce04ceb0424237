//! Reads objects, segment by segment.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

use super::blobs::{BLOCK, Blobs, OpenBlob, Pins};
use super::error::StoreError;
use super::records::{ObjectRecord, Segment};
use crate::base::encryption::{Cipher, CustomerKey};

/// Largest number of bytes that is read from a file at once.
const CHUNK: usize = 256 << 10;

/// An object that stays readable even if it is overwritten or deleted.
#[derive(Debug)]
pub(crate) struct OpenObject {
    pub(crate) record: ObjectRecord,
    pub(super) blobs: Arc<Blobs>,
    pub(super) pins: Pins,
}

impl OpenObject {
    /// Starts to read `length` bytes from the offset `first`. An encrypted object needs its key.
    ///
    /// # Errors
    ///
    /// Fails if a file is missing or has a wrong length, so that the error is found before the head
    /// of the response is sent.
    pub(crate) async fn read(
        self,
        first: u64,
        length: u64,
        key: Option<CustomerKey>,
    ) -> Result<ObjectReader, StoreError> {
        let mut slices = VecDeque::new();
        let (mut start, end) = (0, first.saturating_add(length));
        for segment in self.record.segments {
            let segment_end = start + segment.size;
            let (from, to) = (first.max(start), end.min(segment_end));
            if from < to {
                slices.push_back(SegmentSlice {
                    offset: from - start,
                    remaining: to - from,
                    segment,
                    open: None,
                });
            }
            start = segment_end;
        }
        let mut source = SegmentReader {
            slices,
            blobs: self.blobs,
            key,
            _pins: self.pins,
        };
        let is_blocking = source.blobs.is_blocking();
        let open = move || {
            source.check()?;
            let first = match length {
                0 => None,
                _ => Some(source.read()?),
            };
            Ok(ObjectReader {
                source: Some(source),
                first,
                reading: None,
                remaining: length,
            })
        };
        match is_blocking {
            true => super::blocking(open).await,
            false => open(),
        }
    }

    /// Starts to read the whole object.
    pub(crate) async fn read_all(
        self,
        key: Option<CustomerKey>,
    ) -> Result<ObjectReader, StoreError> {
        let size = self.record.size;
        self.read(0, size, key).await
    }
}

/// Part of a segment that is left to read.
struct SegmentSlice {
    segment: Segment,
    offset: u64,
    remaining: u64,
    open: Option<OpenSegment>,
}

struct OpenSegment {
    blob: OpenBlob,
    cipher: Option<Cipher>,
}

/// Parts of all segments that are left to read.
struct SegmentReader {
    slices: VecDeque<SegmentSlice>,
    blobs: Arc<Blobs>,
    key: Option<CustomerKey>,
    _pins: Pins,
}

impl SegmentReader {
    /// Checks the files of all segments. Blocks.
    fn check(&self) -> io::Result<()> {
        self.slices
            .iter()
            .try_for_each(|slice| self.blobs.check(&slice.segment))
    }

    /// Reads the next piece. Blocks.
    fn read(&mut self) -> io::Result<Bytes> {
        let Some(slice) = self.slices.front_mut() else {
            // An error breaks the connection. Otherwise, the client would take a short object for
            // complete.
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let open = match &mut slice.open {
            Some(open) => open,
            none => none.insert(open(
                &self.blobs,
                slice.offset,
                &slice.segment,
                self.key.as_ref(),
            )?),
        };
        let wanted = usize::try_from(slice.remaining).unwrap_or(CHUNK).min(CHUNK);
        let piece = match &mut open.blob {
            OpenBlob::File(file) => read_file(file, wanted)?,
            OpenBlob::Memory(blocks) => find(blocks, slice.offset, wanted)?,
        };
        slice.offset += piece.len() as u64;
        slice.remaining -= piece.len() as u64;
        let piece = match &mut open.cipher {
            None => piece,
            Some(cipher) => cipher.apply(piece)?,
        };
        if slice.remaining == 0 {
            self.slices.pop_front();
        }
        Ok(piece)
    }
}

fn open(
    blobs: &Blobs,
    offset: u64,
    segment: &Segment,
    key: Option<&CustomerKey>,
) -> io::Result<OpenSegment> {
    let mut blob = blobs.open(segment.blob)?;
    if let OpenBlob::File(file) = &mut blob {
        file.seek(SeekFrom::Start(offset))?;
    }
    let cipher = match (segment.iv, key) {
        (None, _) => None,
        (Some(iv), Some(key)) => Some(Cipher::at(key, iv, offset)?),
        (Some(_), None) => {
            return Err(io::Error::other(
                "the content is encrypted, but there is no key",
            ));
        }
    };
    Ok(OpenSegment { blob, cipher })
}

fn read_file(file: &mut std::fs::File, wanted: usize) -> io::Result<Bytes> {
    let mut buffer = BytesMut::zeroed(wanted);
    let read = file.read(&mut buffer)?;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    buffer.truncate(read);
    Ok(buffer.freeze())
}

/// Returns the rest of the block that contains `offset`, at most `wanted` bytes.
fn find(blocks: &[Bytes], offset: u64, wanted: usize) -> io::Result<Bytes> {
    // All blocks but the last one have the same length.
    let missing = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let index = usize::try_from(offset / BLOCK as u64).map_err(|_| missing())?;
    let from = usize::try_from(offset % BLOCK as u64).map_err(|_| missing())?;
    let block = blocks.get(index).filter(|block| from < block.len());
    let block = block.ok_or_else(missing)?;
    let to = from.saturating_add(wanted).min(block.len());
    Ok(block.slice(from..to))
}

type Reading = Pin<Box<dyn Future<Output = io::Result<(SegmentReader, io::Result<Bytes>)>> + Send>>;

/// Bytes of an object, as the body of a response or piece by piece.
pub(crate) struct ObjectReader {
    /// First piece, until it is returned.
    first: Option<Bytes>,
    /// `None` while a piece is being read.
    source: Option<SegmentReader>,
    reading: Option<Reading>,
    remaining: u64,
}

impl fmt::Debug for ObjectReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectReader")
            .field("remaining", &self.remaining)
            .finish_non_exhaustive()
    }
}

impl ObjectReader {
    /// Returns the next piece, or `None` at the end.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if self.remaining == 0 {
            return Poll::Ready(Ok(None));
        }
        if let Some(piece) = self.first.take() {
            return Poll::Ready(Ok(Some(self.count(piece))));
        }
        let reading = match (&mut self.reading, self.source.take()) {
            (Some(reading), _) => reading,
            (None, Some(mut source)) if !source.blobs.is_blocking() => {
                let piece = source.read();
                self.source = Some(source);
                return Poll::Ready(piece.map(|piece| Some(self.count(piece))));
            }
            (none, Some(mut source)) => none.insert(Box::pin(async move {
                let read = tokio::task::spawn_blocking(move || {
                    let piece = source.read();
                    (source, piece)
                });
                Ok(read.await?)
            })),
            (None, None) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
        };
        let result = ready!(reading.as_mut().poll(context));
        self.reading = None;
        let (source, piece) = result?;
        self.source = Some(source);
        Poll::Ready(piece.map(|piece| Some(self.count(piece))))
    }

    /// Counts a piece that is returned.
    fn count(&mut self, piece: Bytes) -> Bytes {
        self.remaining = self.remaining.saturating_sub(piece.len() as u64);
        piece
    }
}

impl Body for ObjectReader {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = ready!(self.poll_next(context))?;
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
