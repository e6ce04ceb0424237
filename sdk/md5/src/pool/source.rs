//! [`HashSource`]: an input to hash, and how its bytes are read.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::vec;

use bytes::Bytes;

use super::Md5Pool;
use super::pipe::{Next, Pipe, not_finished};

/// How much of a file is read at once, in bytes. With [`LANES`](crate::LANES) files it is 1 MiB a
/// thread.
const FILE_STEP: usize = 32 * 1024;

/// An input to hash.
///
/// A file is read in steps of 32 KiB. It should not change while it is hashed.
#[derive(Clone, Debug)]
pub enum HashSource {
    /// Chunks in memory, one after the other. They are not copied. Each one is released when it has
    /// been hashed.
    Memory(Vec<Bytes>),
    /// A range of the file at a path.
    ///
    /// The file is opened when it is read, and closed while the input waits for its turn. So any
    /// number of inputs can wait.
    File {
        /// Path of the file.
        path: Arc<Path>,
        /// First byte, and the byte after the last one.
        range: Range<u64>,
    },
    /// A range of an open file. The position of the file is not used, and changes on Windows only.
    OpenFile {
        /// A file that is open for reading.
        file: Arc<File>,
        /// First byte, and the byte after the last one.
        range: Range<u64>,
    },
}

impl From<Bytes> for HashSource {
    fn from(bytes: Bytes) -> Self {
        Self::Memory(vec![bytes])
    }
}

/// An input and the position in it.
pub(super) struct Reader {
    input: Input,
    /// Position in the current chunk.
    offset: usize,
}

enum Input {
    Memory {
        current: Bytes,
        rest: vec::IntoIter<Bytes>,
    },
    File {
        /// `None` if the file remains open.
        path: Option<Arc<Path>>,
        file: Option<Arc<File>>,
        /// Unread range of the file.
        range: Range<u64>,
        current: Vec<u8>,
    },
    Pipe {
        current: Bytes,
        pipe: Arc<Pipe>,
        state: PipeState,
    },
}

#[derive(PartialEq)]
enum PipeState {
    Open,
    /// The next chunk has not arrived.
    Waiting,
    Finished,
}

impl Drop for Input {
    fn drop(&mut self) {
        if let Self::Pipe { pipe, .. } = self {
            pipe.cancel();
        }
    }
}

impl Reader {
    #[inline]
    pub(super) fn new(source: HashSource) -> Self {
        let (path, file, range) = match source {
            HashSource::Memory(chunks) => {
                let (current, rest) = (Bytes::new(), chunks.into_iter());
                return Self {
                    input: Input::Memory { current, rest },
                    offset: 0,
                };
            }
            HashSource::File { path, range } => (Some(path), None, range),
            HashSource::OpenFile { file, range } => (None, Some(file), range),
        };
        let current = Vec::new();
        Self {
            input: Input::File {
                path,
                file,
                range,
                current,
            },
            offset: 0,
        }
    }

    pub(super) fn of_pipe(pipe: Arc<Pipe>) -> Self {
        let (current, state) = (Bytes::new(), PipeState::Open);
        Self {
            input: Input::Pipe {
                current,
                pipe,
                state,
            },
            offset: 0,
        }
    }

    /// Returns the pipe if its next chunk has not arrived.
    pub(super) fn waits_for(&self) -> Option<&Arc<Pipe>> {
        match &self.input {
            Input::Pipe { pipe, state, .. } if *state == PipeState::Waiting => Some(pipe),
            _ => None,
        }
    }

    /// Releases the buffer and the open file, for which a waiting input has no use.
    pub(super) fn release(&mut self) {
        let unread = self.available().len() as u64;
        if let Input::File {
            path,
            file,
            range,
            current,
        } = &mut self.input
        {
            range.start -= unread;
            (*current, self.offset) = (Vec::new(), 0);
            if path.is_some() {
                *file = None;
            }
        }
    }

    /// Makes the next chunk available once the current one was hashed, unless it has not arrived.
    pub(super) fn fill(&mut self) -> io::Result<()> {
        while self.available().is_empty() && !self.is_finished() {
            self.offset = 0;
            match &mut self.input {
                Input::Memory { current, rest } => *current = rest.next().unwrap_or_default(),
                Input::File {
                    path,
                    file,
                    range,
                    current,
                } => {
                    let left = usize::try_from(range.end - range.start).unwrap_or(FILE_STEP);
                    current.resize(left.min(FILE_STEP), 0);
                    read(path.as_deref(), file, current, range.start)?;
                    range.start += current.len() as u64;
                }
                Input::Pipe {
                    current,
                    pipe,
                    state,
                } => match pipe.next() {
                    Next::Chunk(chunk) => (*current, *state) = (chunk, PipeState::Open),
                    Next::End => *state = PipeState::Finished,
                    Next::Dropped => return Err(not_finished()),
                    Next::Later => {
                        *state = PipeState::Waiting;
                        break;
                    }
                },
            }
        }
        Ok(())
    }

    /// Returns the position in the current chunk.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the rest of the current chunk.
    pub(super) fn available(&self) -> &[u8] {
        let current: &[u8] = match &self.input {
            Input::Memory { current, .. } | Input::Pipe { current, .. } => current,
            Input::File { current, .. } => current,
        };
        current.get(self.offset..).unwrap_or_default()
    }

    /// Returns `true` if hashing takes less time than to start a thread would.
    pub(super) fn is_short(&self) -> bool {
        match &self.input {
            Input::Memory { current, rest } => {
                let lens = rest.as_slice().iter().map(Bytes::len);
                lens.fold(current.len(), usize::saturating_add) <= Md5Pool::SHORT_INPUT
            }
            Input::File { range, .. } => range.is_empty(),
            Input::Pipe { pipe, .. } => {
                let last = pipe.last_bytes();
                last.is_some_and(|bytes| bytes <= Md5Pool::SHORT_INPUT)
            }
        }
    }

    /// Continues after `len` bytes of the current chunk. Releases a chunk in memory at its end.
    pub(super) fn advance(&mut self, len: usize) {
        self.offset += len;
        if let Input::Memory { current, .. } | Input::Pipe { current, .. } = &mut self.input
            && self.offset >= current.len()
        {
            (*current, self.offset) = (Bytes::new(), 0);
        }
    }

    /// Returns whether all chunks were hashed.
    pub(super) fn is_finished(&self) -> bool {
        let is_last = match &self.input {
            Input::Memory { rest, .. } => rest.as_slice().is_empty(),
            Input::File { range, .. } => range.is_empty(),
            Input::Pipe { state, .. } => *state == PipeState::Finished,
        };
        is_last && self.available().is_empty()
    }
}

/// Reads a chunk of a file, which is opened the first time. Adds the path to an error.
fn read(
    path: Option<&Path>,
    file: &mut Option<Arc<File>>,
    chunk: &mut [u8],
    offset: u64,
) -> io::Result<()> {
    let result = match (&file, path) {
        (Some(file), _) => read_exact_at(file, chunk, offset),
        (None, Some(path)) => File::open(path).and_then(|opened| {
            let opened = file.insert(Arc::new(opened));
            read_exact_at(opened, chunk, offset)
        }),
        (None, None) => Err(io::ErrorKind::NotFound.into()),
    };
    result.map_err(|error| match path {
        Some(path) => io::Error::new(error.kind(), format!("{}: {error}", path.display())),
        None => error,
    })
}

/// Reads exactly `buffer.len()` bytes from this offset on. Returns `UnexpectedEof` if the file ends
/// before.
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    let (mut buffer, mut offset) = (buffer, offset);
    while !buffer.is_empty() {
        match read_at(file, buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = buffer.get_mut(read..).unwrap_or_default();
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads up to `buffer.len()` bytes from this offset on. Returns their number: 0 at the end of the
/// file.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
    #[cfg(not(any(unix, windows)))]
    {
        let _ = (file, buffer, offset);
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn reads_whole_ranges_only() {
        let mut file = tempfile::tempfile().unwrap();
        let content: Vec<u8> = (0..800_000_u32).map(|byte| (byte % 251) as u8).collect();
        file.write_all(&content).unwrap();
        let mut bytes = vec![0; 799_993];
        read_exact_at(&file, &mut bytes, 7).unwrap();
        assert!(bytes == content[7..]);
        read_exact_at(&file, &mut [0; 10], 799_990).unwrap();
        let error = read_exact_at(&file, &mut [0; 10], 799_991).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(read_at(&file, &mut [0; 10], 900_000).unwrap(), 0);
    }
}
