//! [`RangeSink`]: receives the bytes of one range.

use std::sync::Arc;

use bytes::Bytes;

use super::part_file::PartFile;
use crate::base::error::{Error, ErrorKind, Result};
use crate::client::transfer_budget::Reservation;
use crate::managed::errors::task_result;

/// Number of bytes that are buffered before they are written to a file.
const BUFFER_SIZE: usize = 256 * 1024;

/// Receives the bytes of one range.
pub(super) enum RangeSink {
    /// Writes the bytes to a file, starting at `offset`.
    File {
        file: Arc<PartFile>,
        offset: u64,
        buffer: Vec<u8>,
    },
    /// Keeps the bytes in memory until it is their turn to be written.
    Memory {
        bytes: Vec<u8>,
        reservation: Option<Reservation>,
    },
}

/// The bytes of a range that are kept in memory.
pub(super) struct RangeBytes {
    pub(super) bytes: Bytes,
    pub(super) reservation: Option<Reservation>,
}

impl RangeSink {
    pub(super) fn file(file: Arc<PartFile>, offset: u64) -> Self {
        Self::File {
            file,
            offset,
            buffer: Vec::new(),
        }
    }

    /// Allocates memory for exactly `len` bytes: a growing vector would take up to twice as much.
    pub(super) fn memory(len: u64, reservation: Option<Reservation>) -> Result<Self> {
        let mut bytes = Vec::new();
        let capacity = usize::try_from(len).unwrap_or(usize::MAX);
        bytes.try_reserve_exact(capacity).map_err(|error| {
            let text = format!("cannot allocate a range of {len} bytes");
            Error::new(ErrorKind::Io, text).with_source(error)
        })?;
        Ok(Self::Memory { bytes, reservation })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Memory { bytes: memory, .. } => memory.extend_from_slice(bytes),
            Self::File { buffer, .. } => {
                buffer.extend_from_slice(bytes);
                if buffer.len() >= BUFFER_SIZE {
                    self.flush().await?;
                }
            }
        }
        Ok(())
    }

    /// Writes the buffer to the file.
    pub(super) async fn flush(&mut self) -> Result<()> {
        let Self::File {
            file,
            offset,
            buffer,
        } = self
        else {
            return Ok(());
        };
        if buffer.is_empty() {
            return Ok(());
        }
        let (to, at, bytes) = (Arc::clone(file), *offset, std::mem::take(buffer));
        *offset += bytes.len() as u64;
        let written = tokio::task::spawn_blocking(move || {
            to.write_at(at, &bytes)?;
            Ok::<_, std::io::Error>(bytes)
        });
        let mut bytes = task_result(written.await)?.map_err(|error| file.error(error))?;
        // Reuse the allocation.
        bytes.clear();
        *buffer = bytes;
        Ok(())
    }

    /// Returns the bytes of [`Memory`](Self::Memory).
    pub(super) fn into_bytes(self) -> RangeBytes {
        match self {
            Self::Memory { bytes, reservation } => RangeBytes {
                bytes: bytes.into(),
                reservation,
            },
            Self::File { .. } => RangeBytes {
                bytes: Bytes::new(),
                reservation: None,
            },
        }
    }
}
