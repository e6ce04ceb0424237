//! [`PartContent`]: the bytes of one part.

use std::future::poll_fn;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use qingstor_md5::{HashSource, Md5Pool, PendingMd5};

use super::stream_memory::PartHolder;
use crate::base::digest::Digest;
use crate::base::error::{Error, ErrorKind, Result};
use crate::message::body::Body;

/// The bytes of a part, or of content that is sent with one request. They can be sent repeatedly,
/// unless they were released.
#[derive(Clone, Debug)]
pub(super) enum PartContent {
    Bytes {
        chunks: Arc<[Bytes]>,
        len: u64,
        /// Their memory if they were read from a stream.
        memory: Option<Arc<PartHolder>>,
    },
    File {
        path: Arc<Path>,
        offset: u64,
        len: u64,
    },
}

impl PartContent {
    #[inline]
    pub(super) fn from_chunks(chunks: Vec<Bytes>) -> Self {
        Self::in_memory(chunks, None)
    }

    /// Creates content of a stream from chunks in reserved memory.
    #[inline]
    pub(super) fn reserved(chunks: Vec<Bytes>, memory: PartHolder) -> Self {
        Self::in_memory(chunks, Some(Arc::new(memory)))
    }

    #[inline]
    fn in_memory(chunks: Vec<Bytes>, memory: Option<Arc<PartHolder>>) -> Self {
        let len = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        let chunks = chunks.into();
        Self::Bytes {
            chunks,
            len,
            memory,
        }
    }

    /// Releases the bytes, except for those that are still being hashed.
    fn release(&mut self) {
        if let Self::Bytes { chunks, .. } = self {
            *chunks = [].into();
        }
    }

    pub(super) fn is_released(&self) -> bool {
        matches!(self, Self::Bytes { chunks, len, .. } if chunks.is_empty() && *len > 0)
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes { len, .. } | Self::File { len, .. } => *len,
        }
    }

    #[inline]
    pub(super) fn body(&self) -> Body {
        match self {
            Self::Bytes { chunks, .. } => match &**chunks {
                [] => Body::empty(),
                [bytes] => bytes.clone().into(),
                _ => Body::from_shared_chunks(Arc::clone(chunks)),
            },
            Self::File { path, offset, len } => Body::from_file_range(path, *offset, *len),
        }
    }

    #[inline]
    fn hash_source(&self) -> HashSource {
        match self {
            Self::Bytes { chunks, .. } => HashSource::Memory(chunks.to_vec()),
            Self::File { path, offset, len } => HashSource::File {
                path: Arc::clone(path),
                range: *offset..offset + len,
            },
        }
    }
}

/// A part and its MD5, which is calculated while the part is read, waits or is sent.
pub(super) struct Part {
    pub(super) content: PartContent,
    pending_md5: Option<PendingMd5>,
    md5: Option<Digest>,
}

impl Part {
    pub(super) fn new(content: PartContent) -> Self {
        Self::with_md5(content, None)
    }

    #[inline]
    pub(super) fn empty() -> Self {
        Self::new(PartContent::from_chunks(Vec::new()))
    }

    /// Creates a part whose MD5 is being calculated, unless it is `None`.
    pub(super) fn with_md5(content: PartContent, pending_md5: Option<PendingMd5>) -> Self {
        Self {
            content,
            pending_md5,
            md5: None,
        }
    }

    /// Starts to calculate the MD5s of new parts at the same time, unless that was done before.
    pub(super) fn start_md5s<'a>(pool: &Md5Pool, parts: impl IntoIterator<Item = &'a mut Self>) {
        let parts = parts.into_iter().filter(|part| part.pending_md5.is_none());
        let mut parts: Vec<_> = parts.collect();
        let sources = parts.iter().map(|part| part.content.hash_source());
        let pending = pool.start_all(sources);
        for (part, pending) in parts.iter_mut().zip(pending) {
            part.pending_md5 = Some(pending);
        }
    }

    /// Starts to calculate the MD5, unless that was done before.
    #[inline]
    pub(super) fn start_md5(&mut self, pool: &Md5Pool) {
        if self.md5.is_none() && self.pending_md5.is_none() {
            self.pending_md5 = Some(pool.start(self.content.hash_source()));
        }
    }

    /// Returns `true` if there is no need to wait for the MD5.
    pub(super) fn is_md5_ready(&self) -> bool {
        let is_ready = self.pending_md5.as_ref().is_some_and(PendingMd5::is_ready);
        self.md5.is_some() || is_ready
    }

    /// Returns the MD5 of a part that the service has received. If the next part waits for memory, the
    /// bytes are released as they are hashed.
    ///
    /// # Errors
    ///
    /// As [`md5`](Self::md5).
    pub(super) async fn md5_of_received(&mut self, pool: &Md5Pool) -> Result<Digest> {
        if let PartContent::Bytes { memory, .. } = &self.content
            && let Some(memory) = memory.clone()
            && let Some(mut pending) = self.pending_md5.take()
        {
            let mut demand = pin!(memory.stream().wait_for_demand());
            let md5 = poll_fn(|cx| match Pin::new(&mut pending).poll(cx) {
                Poll::Ready(lane) => Poll::Ready(Some(lane)),
                Poll::Pending => demand.as_mut().poll(cx).map(|()| None),
            });
            match md5.await {
                Some(lane) => self.md5 = Some(lane.map_err(read_error)?.finish().into()),
                None => {
                    self.pending_md5 = Some(pending);
                    self.content.release();
                }
            }
        }
        self.md5(pool).await
    }

    /// Returns the MD5. Starts the calculation if necessary, and waits for its end.
    ///
    /// # Errors
    ///
    /// Returns `Io` if the file cannot be read, or ends before the part does.
    pub(super) async fn md5(&mut self, pool: &Md5Pool) -> Result<Digest> {
        if let Some(md5) = self.md5 {
            return Ok(md5);
        }
        let pending = self.pending_md5.take();
        let pending = pending.unwrap_or_else(|| pool.start(self.content.hash_source()));
        let md5 = pending.await.map_err(read_error)?.finish().into();
        self.md5 = Some(md5);
        Ok(md5)
    }
}

/// Converts an error of reading a file, which contains the path.
pub(super) fn read_error(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, error.to_string()).with_source(error)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;
    use md5::{Digest as _, Md5};
    use tokio::runtime;

    use super::*;
    use crate::client::transfer_budget::MemoryBudget;
    use crate::managed::upload::stream_memory::{PartReservation, StreamMemory};

    const LEN: usize = 100_000;

    /// A part of a stream, of which nothing else is in memory.
    async fn part_of(stream: &Arc<StreamMemory>) -> Part {
        poll_fn(|cx| stream.poll_add(cx, LEN as u64, u64::MAX)).await;
        let client = Arc::new(MemoryBudget::new(u64::MAX))
            .reserve(LEN as u64)
            .await;
        let memory = Arc::new(PartReservation::new(Arc::clone(stream), client, LEN as u64));
        memory.add(LEN as u64);
        let chunks = [(); 2].map(|()| memory.chunk(vec![7; LEN / 2].into()));
        Part::new(PartContent::reserved(
            chunks.into(),
            PartHolder::new(memory),
        ))
    }

    #[test]
    fn a_received_part_is_released_if_the_next_one_waits() {
        let runtime = runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            for has_demand in [false, true] {
                let (stream, pool) = (Arc::default(), Md5Pool::default());
                let mut part = part_of(&stream).await;
                // Nothing is hashed until the only thread is free.
                let (start, started) = mpsc::channel::<()>();
                let blocked = tokio::task::spawn_blocking(move || started.recv());
                part.start_md5(&pool);
                let next = || poll_fn(|cx| stream.poll_add(cx, 1, 1)).now_or_never();
                if has_demand {
                    assert!(next().is_none());
                }
                let mut md5 = Box::pin(part.md5_of_received(&pool));
                assert!((&mut md5).now_or_never().is_none());
                drop(start);
                let digest = md5.await.unwrap();
                let expected: [u8; 16] = Md5::digest(vec![7; LEN]).into();
                assert_eq!(digest, expected.into(), "{has_demand}");
                assert_eq!(part.content.is_released(), has_demand);
                assert_eq!(part.content.len(), LEN as u64);
                blocked.await.unwrap().unwrap_err();
                if has_demand {
                    next().unwrap();
                }
            }
        });
    }
}
