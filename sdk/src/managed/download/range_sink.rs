//! [`RangeSink`]: receives the bytes of one range.

use std::sync::Arc;

use bytes::Bytes;

use super::file_writer::FileWriter;
use super::write_progress::WriteProgress;
use crate::base::chunk_list::ChunkList;
use crate::base::error::{Error, ErrorKind, Result};
use crate::client::transfer_budget::Reservation;

/// Number of bytes that are buffered before they are written to a file: those of one full read of the
/// connection.
const BUFFER_SIZE: usize = 60 * 1024;

/// Receives the bytes of one range.
pub(super) enum RangeSink {
    /// Writes the bytes to a file.
    File {
        writer: Arc<FileWriter>,
        /// First byte of the range.
        start: u64,
        /// The next byte to write.
        offset: u64,
        buffer: ChunkList,
        /// `None` unless the download is resumable.
        progress: Option<Arc<WriteProgress>>,
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
    #[inline]
    pub(super) fn file(
        writer: &Arc<FileWriter>,
        start: u64,
        progress: Option<&Arc<WriteProgress>>,
    ) -> Self {
        Self::File {
            writer: Arc::clone(writer),
            start,
            offset: start,
            buffer: ChunkList::default(),
            progress: progress.cloned(),
        }
    }

    /// Allocates memory for exactly `len` bytes: a growing vector would take up to twice as much.
    #[inline]
    pub(super) fn memory(len: u64, reservation: Option<Reservation>) -> Result<Self> {
        let mut bytes = Vec::new();
        let capacity = usize::try_from(len).unwrap_or(usize::MAX);
        bytes.try_reserve_exact(capacity).map_err(|error| {
            let text = format!("cannot allocate a range of {len} bytes");
            Error::new(ErrorKind::Io, text).with_source(error)
        })?;
        if let Some(reservation) = &reservation {
            reservation.wait_for_network();
        }
        Ok(Self::Memory { bytes, reservation })
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<()> {
        match self {
            Self::Memory { bytes: memory, .. } => memory.extend_from_slice(&bytes),
            Self::File { buffer, .. } => {
                buffer.push(bytes);
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
            writer,
            start,
            offset,
            buffer,
            progress,
        } = self
        else {
            return Ok(());
        };
        let (at, len, chunks) = (*offset, buffer.len(), buffer.take());
        if chunks.is_empty() {
            return Ok(());
        }
        *offset += len as u64;
        writer.write(at, chunks).await?;
        if let Some(progress) = progress {
            progress.advance(*start, *offset);
        }
        Ok(())
    }

    /// Returns the bytes of [`Memory`](Self::Memory).
    #[inline]
    pub(super) fn into_bytes(self) -> RangeBytes {
        match self {
            Self::Memory { bytes, reservation } => {
                if let Some(reservation) = &reservation {
                    reservation.wait_for_caller();
                }
                let bytes = bytes.into();
                RangeBytes { bytes, reservation }
            }
            Self::File { .. } => RangeBytes {
                bytes: Bytes::new(),
                reservation: None,
            },
        }
    }
}
