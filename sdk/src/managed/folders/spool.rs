//! [`Spool`]: a list of paths of any length, in a fixed amount of memory.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use super::temporary_file::TemporaryFile;
use crate::base::error::{Error, ErrorKind, Result};
use crate::managed::errors::blocking;

/// Bytes of paths in memory, after which they are written to a temporary file.
const MEMORY: usize = 4 << 20;
/// Memory that a path needs besides its bytes.
const PATH_OVERHEAD: usize = 40;

/// A list of paths, in its order. Keeps 4 MiB of them in memory, and the others in a temporary file.
pub(super) struct Spool {
    /// The last paths.
    paths: Vec<String>,
    bytes: usize,
    memory: usize,
    file: Option<Arc<TemporaryFile>>,
    /// Position and length of each batch in the file.
    batches: VecDeque<(u64, usize)>,
    file_len: u64,
    len: u64,
}

impl Spool {
    pub(super) fn new() -> Self {
        Self::with_memory(MEMORY)
    }

    fn with_memory(memory: usize) -> Self {
        Self {
            paths: Vec::new(),
            bytes: 0,
            memory,
            file: None,
            batches: VecDeque::new(),
            file_len: 0,
            len: 0,
        }
    }

    /// Returns the number of all paths that were added.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Appends a path.
    ///
    /// # Errors
    ///
    /// Returns `Io` if the file cannot be created or written.
    pub(super) async fn push(&mut self, path: String) -> Result<()> {
        self.len += 1;
        self.bytes += path.len() + PATH_OVERHEAD;
        self.paths.push(path);
        match self.bytes >= self.memory {
            true => self.write().await,
            false => Ok(()),
        }
    }

    /// Writes the paths in memory to the file.
    async fn write(&mut self) -> Result<()> {
        let (paths, file) = (std::mem::take(&mut self.paths), self.file.take());
        self.bytes = 0;
        let written = blocking(move || {
            let file = match file {
                Some(file) => file,
                None => Arc::new(TemporaryFile::create()?),
            };
            let batch = serde_json::to_vec(&paths)?;
            (&file.file).write_all(&batch)?;
            Ok((file, batch.len()))
        });
        let (file, len) = written.await?.map_err(|error| spool_error("keep", error))?;
        self.file = Some(file);
        self.batches.push_back((self.file_len, len));
        self.file_len += len as u64;
        Ok(())
    }

    /// Takes the next paths, in their order; none at the end. Nothing may be appended any more.
    ///
    /// # Errors
    ///
    /// Returns `Io` if the file cannot be read.
    pub(super) async fn next_batch(&mut self) -> Result<Vec<String>> {
        let (Some(file), Some((position, len))) = (&self.file, self.batches.pop_front()) else {
            return Ok(std::mem::take(&mut self.paths));
        };
        let file = Arc::clone(file);
        let read = blocking(move || {
            let mut batch = vec![0; len];
            let mut file = &file.file;
            file.seek(SeekFrom::Start(position))?;
            file.read_exact(&mut batch)?;
            Ok(serde_json::from_slice(&batch)?)
        });
        read.await?.map_err(|error| spool_error("read", error))
    }
}

fn spool_error(verb: &str, error: io::Error) -> Error {
    let text = format!("cannot {verb} the list of deletions: {error}");
    Error::new(ErrorKind::Io, text).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_spool_keeps_the_order() {
        for memory in [1, 1000, MEMORY] {
            let mut spool = Spool::with_memory(memory);
            let paths: Vec<String> = (0..500).rev().map(|n| format!("\n\"{n}")).collect();
            for path in &paths {
                spool.push(path.clone()).await.unwrap();
                assert!(spool.bytes < memory, "memory is bounded");
            }
            assert_eq!(spool.len(), 500);
            let mut found = Vec::new();
            loop {
                match spool.next_batch().await.unwrap() {
                    batch if batch.is_empty() => break,
                    batch => found.extend(batch),
                }
            }
            assert_eq!(found, paths, "{memory}");
        }
    }
}
