//! [`FileBuffers`]: memory for the chunks of a file.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::base::fs::cached::read_cached;

/// Buffers for the chunks of a file. A buffer is reused as soon as its chunk was sent.
#[derive(Clone, Debug, Default)]
pub(super) struct FileBuffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl FileBuffers {
    /// Reads up to `len` bytes from the position of the file, fewer only at its end. Blocks.
    pub(super) fn read(&self, file: &mut File, len: usize) -> io::Result<Bytes> {
        let mut chunk = self.chunk(len);
        while let Some(free) = chunk.buffer.get_mut(chunk.len..len)
            && !free.is_empty()
        {
            match file.read(free) {
                Ok(0) => break,
                Ok(read) => chunk.len += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(chunk.into_bytes())
    }

    /// Reads up to `len` bytes from the position of the file without blocking: those that the page
    /// cache has.
    ///
    /// # Errors
    ///
    /// Returns `WouldBlock` if it has none, and another error if they cannot be read in this way.
    pub(super) fn read_cached(&self, file: &File, len: usize) -> io::Result<Bytes> {
        let mut chunk = self.chunk(len);
        chunk.len = match chunk.buffer.get_mut(..len) {
            Some(free) => read_cached(file, free)?,
            None => 0,
        };
        Ok(chunk.into_bytes())
    }

    /// Returns a chunk without bytes, and with a buffer for `len` ones.
    fn chunk(&self, len: usize) -> Chunk {
        let mut buffer = self.take().unwrap_or_default();
        // The bytes of an earlier chunk are overwritten.
        buffer.resize(buffer.len().max(len), 0);
        Chunk {
            buffer,
            len: 0,
            buffers: self.clone(),
        }
    }

    fn take(&self) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// The first bytes of a buffer, which is returned when they are dropped.
struct Chunk {
    buffer: Vec<u8>,
    len: usize,
    buffers: FileBuffers,
}

impl Chunk {
    fn into_bytes(self) -> Bytes {
        match self.len {
            0 => Bytes::new(),
            _ => Bytes::from_owner(self),
        }
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut buffers = self
            .buffers
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        buffers.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};

    use super::*;

    #[test]
    fn a_buffer_is_reused_when_its_chunk_is_dropped() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abcdefghij").unwrap();
        file.rewind().unwrap();
        let buffers = FileBuffers::default();
        let first = buffers.read(&mut file, 4).unwrap();
        let second = buffers.read(&mut file, 2).unwrap();
        assert_eq!((&first[..], &second[..]), (&b"abcd"[..], &b"ef"[..]));
        let slice = first.slice(1..);
        drop(first);
        assert!(buffers.take().is_none());
        assert_eq!(slice, "bcd");
        let place = slice.as_ptr();
        drop(slice);
        let third = buffers.read(&mut file, 3).unwrap();
        assert_eq!(third, "ghi");
        assert_eq!(third.as_ptr(), place.wrapping_sub(1));
        // Fewer bytes at the end, then none.
        assert_eq!(buffers.read(&mut file, 3).unwrap(), "j");
        assert_eq!(buffers.read(&mut file, 3).unwrap(), "");
    }

    /// Most file systems of Linux can read what is cached, and `tmpfs` is a cache itself.
    #[test]
    #[cfg(target_os = "linux")]
    fn cached_bytes_are_read_from_the_position_of_the_file() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abcdefghij").unwrap();
        file.rewind().unwrap();
        let buffers = FileBuffers::default();
        let first = match buffers.read_cached(&file, 4) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => return,
            first => first.unwrap(),
        };
        let second = buffers.read(&mut file, 2).unwrap();
        let third = buffers.read_cached(&file, 5).unwrap();
        let chunks = [&first[..], &second[..], &third[..]];
        assert_eq!(chunks, [&b"abcd"[..], b"ef", b"ghij"]);
        assert_eq!(buffers.read_cached(&file, 5).unwrap(), "");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_empty_pipe_is_not_waited_for() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut file = File::from(std::os::fd::OwnedFd::from(reader));
        let buffers = FileBuffers::default();
        let error = buffers.read_cached(&file, 4).unwrap_err();
        assert_ne!(error.kind(), io::ErrorKind::UnexpectedEof);
        writer.write_all(b"abc").unwrap();
        drop(writer);
        assert_eq!(buffers.read(&mut file, 4).unwrap(), "abc");
    }
}
