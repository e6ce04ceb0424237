//! [`PartContent`]: the bytes of one part.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::task::spawn_blocking;

use crate::base::digest::{Digest, hash_file};
use crate::base::error::{Error, ErrorKind, Result};
use crate::managed::errors::task_result;
use crate::message::body::Body;

/// The bytes of a part, or of content that is sent with one request. They can be sent repeatedly.
#[derive(Clone, Debug)]
pub(super) enum PartContent {
    Bytes(Bytes),
    File {
        path: Arc<Path>,
        offset: u64,
        len: u64,
    },
}

impl PartContent {
    pub(super) fn empty() -> Self {
        Self::Bytes(Bytes::new())
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }

    pub(super) fn body(&self) -> Body {
        match self {
            Self::Bytes(bytes) => bytes.clone().into(),
            Self::File { path, offset, len } => Body::from_file_range(path, *offset, *len),
        }
    }

    /// Reads the bytes and returns their MD5.
    pub(super) async fn digest(&self) -> Result<Digest> {
        let content = self.clone();
        // Hashing a large part would block other tasks of the runtime, even if it is in memory.
        task_result(spawn_blocking(move || content.blocking_digest()).await)?
    }

    fn blocking_digest(&self) -> Result<Digest> {
        let mut md5 = Md5::new();
        match self {
            Self::Bytes(bytes) => md5.update(bytes),
            Self::File { path, offset, len } => {
                let end = offset + len;
                hash_file(path, &mut md5, *offset..end).map_err(|error| file_error(path, error))?;
            }
        }
        Ok(Digest::of(md5))
    }
}

/// Adds the path to an error of a source file.
pub(super) fn file_error(path: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{}: {error}", path.display())).with_source(error)
}
