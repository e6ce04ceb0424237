//! Where the bytes of one range go.

use std::sync::Arc;

use bytes::Bytes;

use super::file::PartFile;
use crate::base::error::{Error, ErrorKind, Result};
use crate::managed::transfer::joined;

/// How much is gathered before it is written to a file, in bytes.
const GATHERED: usize = 256 * 1024;

/// Where the bytes of one range go.
pub(super) enum Sink {
    /// A file, at this offset.
    File {
        file: Arc<PartFile>,
        offset: u64,
        gathered: Vec<u8>,
    },
    /// Memory, for a writer that is not yet there.
    Memory(Vec<u8>),
}

impl Sink {
    pub(super) fn file(file: Arc<PartFile>, offset: u64) -> Self {
        Self::File {
            file,
            offset,
            gathered: Vec::new(),
        }
    }

    /// Memory for `len` bytes, made at once: growing would take twice as much for a moment.
    pub(super) fn memory(len: u64) -> Result<Self> {
        let mut memory = Vec::new();
        let wanted = usize::try_from(len).unwrap_or(usize::MAX);
        memory.try_reserve_exact(wanted).map_err(|error| {
            let text = format!("cannot allocate a range of {len} bytes");
            Error::new(ErrorKind::Io, text).with_source(error)
        })?;
        Ok(Self::Memory(memory))
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Memory(memory) => memory.extend_from_slice(bytes),
            Self::File { gathered, .. } => {
                gathered.extend_from_slice(bytes);
                if gathered.len() >= GATHERED {
                    self.flush().await?;
                }
            }
        }
        Ok(())
    }

    /// Writes what is gathered.
    pub(super) async fn flush(&mut self) -> Result<()> {
        let Self::File {
            file,
            offset,
            gathered,
        } = self
        else {
            return Ok(());
        };
        if gathered.is_empty() {
            return Ok(());
        }
        let (to, at, bytes) = (Arc::clone(file), *offset, std::mem::take(gathered));
        *offset += bytes.len() as u64;
        let written = tokio::task::spawn_blocking(move || {
            to.write_at(at, &bytes)?;
            Ok::<_, std::io::Error>(bytes)
        });
        let mut bytes = joined(written.await)?.map_err(|error| file.failed(error))?;
        // Its memory serves for the next ones.
        bytes.clear();
        *gathered = bytes;
        Ok(())
    }

    /// What memory has gathered.
    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Memory(memory) => memory.into(),
            Self::File { .. } => Bytes::new(),
        }
    }
}
