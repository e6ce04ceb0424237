//! [`Sorter`]: sorts any number of records by their paths in a fixed amount of memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A record with a path.
pub(super) trait Record: Serialize + DeserializeOwned {
    /// The text by which records are sorted, in byte order.
    fn path(&self) -> &str;
}

/// Bytes of records in memory, after which they are written to a temporary file.
const MEMORY: usize = 4 << 20;
/// Memory that a record needs besides its path and its ETag.
const RECORD_OVERHEAD: usize = 128;
/// The number of sorted runs in the file, after which they are merged into one.
const MAX_RUNS: usize = 16;
/// Bytes of a run that are read at once.
const BLOCK: usize = 32 << 10;

/// Sorts records by their paths. Keeps 4 MiB of them in memory and the others in a temporary file,
/// in sorted runs.
pub(super) struct Sorter<T> {
    records: Vec<T>,
    bytes: usize,
    memory: usize,
    spilled: Option<RunFile>,
}

impl<T: Record> Sorter<T> {
    pub(super) fn new() -> Self {
        Self::with_memory(MEMORY)
    }

    fn with_memory(memory: usize) -> Self {
        Self {
            records: Vec::new(),
            bytes: 0,
            memory,
            spilled: None,
        }
    }

    /// Adds a record. Blocks while records are written to the file.
    pub(super) fn push(&mut self, record: T) -> io::Result<()> {
        self.bytes += record.path().len() + RECORD_OVERHEAD;
        self.records.push(record);
        if self.bytes >= self.memory {
            self.spill()?;
        }
        Ok(())
    }

    /// Returns the records in the byte order of their paths. Equal paths keep their order.
    pub(super) fn finish(mut self) -> Sorted<T> {
        self.sort();
        let runs = self.spilled.map(RunFile::into_readers);
        let mut sources = runs.unwrap_or_default();
        let memory = self.records.into_iter();
        sources.retain(|reader| reader.position < reader.end);
        Sorted {
            memory,
            heads: Vec::new(),
            runs: sources,
            is_started: false,
        }
    }

    fn sort(&mut self) {
        self.records.sort_by(|a, b| a.path().cmp(b.path()));
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let mut file = match self.spilled.take() {
            Some(file) if file.runs.len() < MAX_RUNS => file,
            Some(file) => merge_runs::<T>(file)?,
            None => RunFile::create()?,
        };
        file.write_run(self.records.drain(..).map(Ok))?;
        self.records = Vec::new();
        self.bytes = 0;
        self.spilled = Some(file);
        Ok(())
    }
}

/// Merges all runs of a file into one run of a new file.
fn merge_runs<T: Record>(file: RunFile) -> io::Result<RunFile> {
    let mut merged = RunFile::create()?;
    let records = Sorted::<T> {
        memory: Vec::new().into_iter(),
        heads: Vec::new(),
        runs: file.into_readers(),
        is_started: false,
    };
    merged.write_run(records)?;
    Ok(merged)
}

/// A temporary file with sorted runs of records. It has no name, or is removed on drop.
struct RunFile {
    file: std::sync::Arc<TemporaryFile>,
    len: u64,
    /// Start and end of each run.
    runs: Vec<(u64, u64)>,
}

struct TemporaryFile {
    file: File,
    /// Set if the name could not be removed while the file is open.
    path: Option<PathBuf>,
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // An error cannot be reported from here.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl TemporaryFile {
    fn create() -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let folder = std::env::temp_dir();
        loop {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let name = format!("qingstor-sort-{}-{count}", std::process::id());
            let path = folder.join(name);
            let file = match options.open(&path) {
                // A process with the same ID has left it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => {
                    let text = format!("cannot create {}: {error}", path.display());
                    return Err(io::Error::new(error.kind(), text));
                }
                Ok(file) => file,
            };
            // Without a name, nothing is left behind if the process is killed. Windows does not allow
            // this.
            let path = match std::fs::remove_file(&path) {
                Ok(()) => None,
                Err(_) => Some(path),
            };
            return Ok(Self { file, path });
        }
    }
}

impl RunFile {
    fn create() -> io::Result<Self> {
        Ok(Self {
            file: std::sync::Arc::new(TemporaryFile::create()?),
            len: 0,
            runs: Vec::new(),
        })
    }

    fn write_run<T: Record>(
        &mut self,
        records: impl Iterator<Item = io::Result<T>>,
    ) -> io::Result<()> {
        let start = self.len;
        let mut file = &self.file.file;
        let mut block = Vec::with_capacity(BLOCK);
        for record in records {
            let at = block.len();
            block.extend_from_slice(&[0; 4]);
            serde_json::to_writer(&mut block, &record?)?;
            let len = u32::try_from(block.len() - at - 4).map_err(io::Error::other)?;
            if let Some(prefix) = block.get_mut(at..at + 4) {
                prefix.copy_from_slice(&len.to_le_bytes());
            }
            if block.len() >= BLOCK {
                file.write_all(&block)?;
                self.len += block.len() as u64;
                block.clear();
            }
        }
        file.write_all(&block)?;
        self.len += block.len() as u64;
        self.runs.push((start, self.len));
        Ok(())
    }

    fn into_readers(self) -> Vec<RunReader> {
        let readers = self.runs.iter().map(|&(position, end)| RunReader {
            file: std::sync::Arc::clone(&self.file),
            position,
            end,
            block: Vec::new(),
            at: 0,
        });
        readers.collect()
    }
}

/// Reads one run.
struct RunReader {
    file: std::sync::Arc<TemporaryFile>,
    /// Position in the file after `block`.
    position: u64,
    end: u64,
    block: Vec<u8>,
    /// Position of the next record in `block`.
    at: usize,
}

impl RunReader {
    fn next<T: Record>(&mut self) -> io::Result<Option<T>> {
        if self.at == self.block.len() && self.position == self.end {
            return Ok(None);
        }
        let len = self.take(4)?;
        let len = len
            .first_chunk::<4>()
            .map_or(0, |len| u32::from_le_bytes(*len));
        let record = self.take(usize::try_from(len).map_err(io::Error::other)?)?;
        Ok(Some(serde_json::from_slice(record)?))
    }

    /// Returns the next `len` bytes.
    fn take(&mut self, len: usize) -> io::Result<&[u8]> {
        let unread = self.block.len() - self.at;
        if unread < len {
            self.block.drain(..self.at);
            self.at = 0;
            let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
            let more = (len - unread).max(BLOCK).min(left);
            self.block.resize(unread + more, 0);
            let new = self.block.get_mut(unread..).unwrap_or_default();
            // All runs of a file are read by one thread, in turns.
            let mut file = &self.file.file;
            file.seek(SeekFrom::Start(self.position))?;
            file.read_exact(new)?;
            self.position += more as u64;
        }
        let taken = self.block.get(self.at..self.at + len);
        self.at += len;
        taken.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// Records in the byte order of their paths. Reading blocks.
pub(super) struct Sorted<T> {
    memory: vec::IntoIter<T>,
    /// The next record of each run, then that of the memory.
    heads: Vec<Option<T>>,
    runs: Vec<RunReader>,
    is_started: bool,
}

impl<T: Record> Sorted<T> {
    fn advance(&mut self, index: usize) -> io::Result<Option<T>> {
        match self.runs.get_mut(index) {
            Some(run) => run.next(),
            None => Ok(self.memory.next()),
        }
    }

    fn try_next(&mut self) -> io::Result<Option<T>> {
        if self.runs.is_empty() {
            return Ok(self.memory.next());
        }
        if !self.is_started {
            self.is_started = true;
            for index in 0..=self.runs.len() {
                let head = self.advance(index)?;
                self.heads.push(head);
            }
        }
        let heads = self.heads.iter().enumerate();
        let first = heads
            .filter_map(|(index, head)| Some((index, head.as_ref()?)))
            .min_by(|(_, a), (_, b)| a.path().cmp(b.path()));
        let Some(index) = first.map(|(index, _)| index) else {
            return Ok(None);
        };
        let next = self.advance(index)?;
        let head = self.heads.get_mut(index);
        Ok(head.and_then(|head| std::mem::replace(head, next)))
    }
}

impl<T: Record> Iterator for Sorted<T> {
    type Item = io::Result<T>;

    fn next(&mut self) -> Option<io::Result<T>> {
        self.try_next().transpose()
    }
}

/// A list of any length, in its order: kept in memory up to a size, then in a temporary file.
pub(super) struct Spool<T> {
    sorter: Sorter<Numbered<T>>,
    len: u64,
}

/// A record whose path is its number, so that sorting keeps the order.
#[derive(Serialize, serde::Deserialize)]
struct Numbered<T> {
    number: String,
    value: T,
}

impl<T: Serialize + DeserializeOwned> Record for Numbered<T> {
    fn path(&self) -> &str {
        &self.number
    }
}

impl<T: Serialize + DeserializeOwned> Spool<T> {
    pub(super) fn new() -> Self {
        Self {
            sorter: Sorter::new(),
            len: 0,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Appends a value. Blocks while values are written to the file.
    pub(super) fn push(&mut self, value: T) -> io::Result<()> {
        let number = format!("{:020}", self.len);
        self.len += 1;
        self.sorter.push(Numbered { number, value })
    }

    /// Returns the values in their order.
    pub(super) fn finish(self) -> impl Iterator<Item = io::Result<T>> {
        let records = self.sorter.finish();
        records.map(|record| record.map(|record| record.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    struct Line(String, u32);

    impl Record for Line {
        fn path(&self) -> &str {
            &self.0
        }
    }

    fn numbers(count: u32) -> impl Iterator<Item = Line> {
        // A permutation of the numbers.
        (0..count).map(move |n| {
            let n = n * 7919 % count;
            Line(format!("{n:06}-{}", "中".repeat((n % 50) as usize)), n)
        })
    }

    #[test]
    fn sorts_in_memory_and_in_files() {
        const COUNT: u32 = 20_011;
        // No run, some runs, and runs that are merged several times.
        for memory in [usize::MAX, 1 << 20, 20_000] {
            let mut sorter = Sorter::with_memory(memory);
            for line in numbers(COUNT) {
                sorter.push(line).unwrap();
                assert!(sorter.bytes < memory, "memory is bounded");
            }
            let sorted: Vec<u32> = sorter.finish().map(|line| line.unwrap().1).collect();
            assert!(sorted.iter().copied().eq(0..COUNT), "{memory}");
        }
    }

    #[test]
    fn a_record_may_be_larger_than_a_block() {
        let mut sorter = Sorter::with_memory(BLOCK);
        for letter in ["c", "a", "b"] {
            sorter.push(Line(letter.repeat(3 * BLOCK), 0)).unwrap();
        }
        let sorted: Vec<_> = sorter.finish().map(|line| line.unwrap().0).collect();
        assert!(sorted.is_sorted());
        assert_eq!(sorted.len(), 3);
    }

    #[test]
    fn a_spool_keeps_the_order() {
        let mut spool = Spool {
            sorter: Sorter::with_memory(1000),
            len: 0,
        };
        for n in (0..500).rev() {
            spool.push(n).unwrap();
        }
        assert_eq!(spool.len(), 500);
        let values = spool.finish().map(Result::unwrap);
        assert!(values.eq((0..500).rev()));
    }
}
