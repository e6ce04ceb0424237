//! [`StreamReader`]: collects the chunks of a stream into parts.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use qingstor_md5::{Md5Pool, Md5Writer, PendingMd5};

use super::part_content::{Part, PartContent};
use super::part_memory::PartMemory;
use super::source::SourceStream;
use crate::base::chunk_list::ChunkList;
use crate::base::error::{Error, ErrorKind, Result};

/// Collects the chunks of a stream into parts, and hashes them as they arrive.
pub(super) struct StreamReader<'a> {
    stream: SourceStream<'a>,
    /// The end of the part that is being filled.
    list: ChunkList,
    /// The chunks before it.
    chunks: Vec<Bytes>,
    md5: Option<(Md5Writer, PendingMd5)>,
    /// `None` if the parts are not hashed.
    pool: Option<Md5Pool>,
    /// The rest of the last chunk of the stream, which belongs to the next part or waits for memory.
    rest: Bytes,
    /// Number of bytes that the stream has yielded, including `rest`.
    received: u64,
    ended: bool,
    memory: PartMemory,
}

impl<'a> StreamReader<'a> {
    #[inline]
    pub(super) fn new(stream: SourceStream<'a>, memory: PartMemory, pool: Option<Md5Pool>) -> Self {
        Self {
            stream,
            list: ChunkList::default(),
            chunks: Vec::new(),
            md5: None,
            pool,
            rest: Bytes::new(),
            received: 0,
            ended: false,
            memory,
        }
    }

    /// Returns the next part, as [`PartReader::poll_part`](super::part_reader::PartReader::poll_part)
    /// does. `total` is the announced length of the stream.
    #[inline]
    pub(super) fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
        size: u64,
        capacity: u64,
        total: Option<u64>,
    ) -> Poll<Result<Option<Part>>> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        loop {
            let missing = size - self.list.len().min(size);
            if missing == 0 || (self.ended && self.rest.is_empty()) {
                return Poll::Ready(Ok(self.take_part()));
            }
            if self.rest.is_empty() {
                ready!(self.poll_chunk(cx, total))?;
                continue;
            }
            // The source has started to yield the part.
            let left = total.map(|total| total - (self.received - self.rest.len() as u64));
            let needed = left.unwrap_or(u64::MAX).min(size as u64);
            let len = missing.min(self.rest.len());
            ready!(self.memory.poll_reserve(cx, len as u64, needed, capacity));
            self.list.push(self.rest.split_to(len));
            self.keep_complete_chunks();
        }
    }

    /// Moves the complete chunks of the list to those of the part, and starts to hash them.
    #[inline]
    fn keep_complete_chunks(&mut self) {
        for chunk in self.list.drain_complete() {
            let chunk = self.memory.chunk(chunk);
            if let Some(pool) = &self.pool {
                let (writer, _) = self.md5.get_or_insert_with(|| pool.start_writer());
                writer.push(chunk.clone());
            }
            self.chunks.push(chunk);
        }
    }

    /// Returns the part that was filled, or `None` if it is empty.
    #[inline]
    fn take_part(&mut self) -> Option<Part> {
        self.list.flush();
        self.keep_complete_chunks();
        self.list = ChunkList::default();
        let chunks = std::mem::take(&mut self.chunks);
        let memory = self.memory.take()?;
        let pending = self.md5.take().map(|(writer, pending)| {
            writer.finish();
            pending
        });
        Some(Part::with_md5(
            PartContent::reserved(chunks, memory),
            pending,
        ))
    }

    /// Returns `true` if no bytes are left. Waits for the next chunk.
    pub(super) async fn is_at_end(&mut self, total: Option<u64>) -> Result<bool> {
        while self.rest.is_empty() && !self.ended {
            poll_fn(|cx| self.poll_chunk(cx, total)).await?;
        }
        Ok(self.rest.is_empty())
    }

    /// Reads the next chunk of the stream, and checks it against the announced length.
    #[inline]
    fn poll_chunk(&mut self, cx: &mut Context<'_>, total: Option<u64>) -> Poll<Result<()>> {
        match ready!(self.stream.as_mut().poll_next(cx)) {
            Some(Ok(bytes)) => {
                self.received += bytes.len() as u64;
                if total.is_some_and(|total| self.received > total) {
                    let text = "the source is longer than announced";
                    return Poll::Ready(Err(Error::new(ErrorKind::Io, text)));
                }
                self.rest = bytes;
            }
            Some(Err(error)) => {
                let text = format!("cannot read the source: {error}");
                return Poll::Ready(Err(Error::new(ErrorKind::Io, text).with_source(error)));
            }
            None => {
                self.ended = true;
                if let Some(missing) = total.map(|total| total - self.received)
                    && missing > 0
                {
                    let text =
                        format!("the source ended {missing} bytes before its announced length");
                    return Poll::Ready(Err(Error::new(ErrorKind::Io, text)));
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::{FutureExt, stream};
    use md5::{Digest as _, Md5};
    use tokio::runtime;
    use tokio::sync::mpsc;

    use super::*;
    use crate::client::transfer_budget::MemoryBudget;

    #[test]
    fn a_part_is_hashed_as_it_is_read() {
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (source, chunks) = mpsc::unbounded_channel::<Bytes>();
            let chunks = stream::unfold(chunks, |mut chunks| async {
                let chunk = chunks.recv().await?;
                Some((Ok(chunk), chunks))
            });
            let memory = PartMemory::new(Arc::new(MemoryBudget::new(u64::MAX)));
            let pool = Md5Pool::default();
            let mut reader = StreamReader::new(Box::pin(chunks), memory, Some(pool.clone()));
            let mut next =
                || poll_fn(|cx| reader.poll_part(cx, 310_000, u64::MAX, None)).now_or_never();

            source.send(vec![7; 300_000].into()).unwrap();
            assert!(next().is_none());
            // The only thread has hashed the chunk when it is free again.
            tokio::task::spawn_blocking(|| ()).await.unwrap();
            source.send(vec![8; 10_007].into()).unwrap();
            let mut part = next().unwrap().unwrap().unwrap();
            assert!(part.is_md5_ready());
            let expected = [vec![7; 300_000], vec![8; 10_000]].concat();
            let expected: [u8; 16] = Md5::digest(expected).into();
            assert_eq!(part.md5(&pool).await.unwrap(), expected.into());

            // The rest of the chunk is the last part.
            drop(source);
            let mut last = next().unwrap().unwrap().unwrap();
            assert_eq!(last.content.len(), 7);
            let expected: [u8; 16] = Md5::digest([8; 7]).into();
            assert_eq!(last.md5(&pool).await.unwrap(), expected.into());
            assert!(next().unwrap().unwrap().is_none());
        });
    }
}
