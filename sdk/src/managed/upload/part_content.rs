//! [`PartContent`]: the bytes of one part.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use qingstor_md5::{HashSource, Md5Pool, PendingMd5};

use crate::base::digest::Digest;
use crate::base::error::{Error, ErrorKind, Result};
use crate::client::transfer_budget::Reservation;
use crate::message::body::Body;

/// The bytes of a part, or of content that is sent with one request. They can be sent repeatedly.
#[derive(Clone, Debug)]
pub(super) enum PartContent {
    Bytes {
        chunks: Arc<[Bytes]>,
        len: u64,
        /// Memory that is released with the content, if the client holds it.
        _memory: Option<Arc<Reservation>>,
    },
    File {
        path: Arc<Path>,
        offset: u64,
        len: u64,
    },
}

impl PartContent {
    pub(super) fn empty() -> Self {
        Self::from_chunks(Vec::new())
    }

    pub(super) fn from_chunks(chunks: Vec<Bytes>) -> Self {
        Self::in_memory(chunks, None)
    }

    /// Creates content that releases this memory when it is dropped.
    pub(super) fn in_memory(chunks: Vec<Bytes>, memory: Option<Arc<Reservation>>) -> Self {
        let len = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        let chunks = chunks.into();
        Self::Bytes {
            chunks,
            len,
            _memory: memory,
        }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes { len, .. } | Self::File { len, .. } => *len,
        }
    }

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

    fn hash_source(&self) -> HashSource {
        match self {
            Self::Bytes { chunks, .. } => HashSource::Memory(Arc::clone(chunks)),
            Self::File { path, offset, len } => HashSource::File {
                path: Arc::clone(path),
                range: *offset..offset + len,
            },
        }
    }
}

/// A part and its MD5, which is calculated while the part waits or is sent.
pub(super) struct Part {
    pub(super) content: PartContent,
    pending_md5: Option<PendingMd5>,
    md5: Option<Digest>,
}

impl Part {
    pub(super) fn new(content: PartContent) -> Self {
        Self {
            content,
            pending_md5: None,
            md5: None,
        }
    }

    /// Starts to calculate the MD5s of new parts side by side.
    pub(super) fn start_md5s<'a>(pool: &Md5Pool, parts: impl IntoIterator<Item = &'a mut Self>) {
        let mut parts: Vec<_> = parts.into_iter().collect();
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

/// Adds the path to an error of a source file.
pub(super) fn file_error(path: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{}: {error}", path.display())).with_source(error)
}
