//! [`Sorter`]: sorts any number of records by their paths in a fixed amount of memory.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::temporary_file::TemporaryFile;

/// A record with a path.
pub(super) trait Record: Serialize + DeserializeOwned {
    /// The text by which records are sorted, in byte order.
    fn path(&self) -> &str;

    /// Bytes of the texts of the record.
    fn text_len(&self) -> usize;
}

/// Bytes of records in memory, after which they are written to a temporary file.
const MEMORY: usize = 4 << 20;
/// The number of sorted runs in a file, after which they are merged into one.
const MAX_RUNS: usize = 16;
/// Bytes of a run that are read at once.
const BLOCK: usize = 32 << 10;

/// Sorts records by their paths. Keeps 4 MiB of them in memory and the others in temporary files, in
/// sorted runs.
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
        self.bytes += size_of::<T>() + record.text_len();
        self.records.push(record);
        if self.bytes >= self.memory {
            self.spill()?;
        }
        Ok(())
    }

    /// Returns the records in the byte order of their paths. Equal paths keep their order.
    pub(super) fn finish(mut self) -> SortedRecords<T> {
        self.sort();
        let runs = self.spilled.map(RunFile::into_readers);
        SortedRecords::new(runs.unwrap_or_default(), self.records)
    }

    fn sort(&mut self) {
        self.records.sort_by(|a, b| a.path().cmp(b.path()));
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let mut file = match self.spilled.take() {
            Some(file) => file,
            None => RunFile::create()?,
        };
        file.add_run(std::mem::take(&mut self.records).into_iter().map(Ok))?;
        self.bytes = 0;
        self.spilled = Some(file);
        Ok(())
    }
}

/// A temporary file with sorted runs of records. It has no name, or is removed on drop.
struct RunFile {
    file: Arc<TemporaryFile>,
    len: u64,
    /// Start and end of each run.
    runs: Vec<(u64, u64)>,
    /// Runs of older records, each of which was merged from [`MAX_RUNS`] runs of this file. Only runs
    /// of similar size are merged, so a record is written once for each file, of which there are few.
    older: Option<Box<Self>>,
}

impl RunFile {
    fn create() -> io::Result<Self> {
        Ok(Self {
            file: Arc::new(TemporaryFile::create()?),
            len: 0,
            runs: Vec::new(),
            older: None,
        })
    }

    /// Adds a run of the newest records.
    fn add_run<T: Record>(
        &mut self,
        records: impl Iterator<Item = io::Result<T>>,
    ) -> io::Result<()> {
        if self.runs.len() >= MAX_RUNS {
            let mut full = std::mem::replace(self, Self::create()?);
            let mut older = match full.older.take() {
                Some(older) => older,
                None => Box::new(Self::create()?),
            };
            older.add_run(SortedRecords::<T>::new(full.into_readers(), Vec::new()))?;
            self.older = Some(older);
        }
        self.write_run(records)
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

    /// Returns the readers of all runs, from the oldest to the newest.
    fn into_readers(mut self) -> Vec<RunReader> {
        let older = self.older.take().map(|older| older.into_readers());
        let mut readers = older.unwrap_or_default();
        readers.extend(self.runs.iter().map(|&(position, end)| RunReader {
            file: Arc::clone(&self.file),
            position,
            end,
            block: Vec::new(),
            at: 0,
        }));
        readers
    }
}

/// Reads one run.
struct RunReader {
    file: Arc<TemporaryFile>,
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
pub(super) struct SortedRecords<T> {
    memory: vec::IntoIter<T>,
    /// The next record of each run, then that of the memory.
    heads: Vec<Option<T>>,
    runs: Vec<RunReader>,
    is_started: bool,
}

impl<T: Record> SortedRecords<T> {
    /// Merges runs and the records in memory, from the oldest to the newest.
    fn new(runs: Vec<RunReader>, memory: Vec<T>) -> Self {
        Self {
            memory: memory.into_iter(),
            heads: Vec::new(),
            runs,
            is_started: false,
        }
    }

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

impl<T: Record> Iterator for SortedRecords<T> {
    type Item = io::Result<T>;

    fn next(&mut self) -> Option<io::Result<T>> {
        self.try_next().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory of a short record.
    const RECORD: usize = 40;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    struct Line(String, u32);

    impl Record for Line {
        fn path(&self) -> &str {
            &self.0
        }

        fn text_len(&self) -> usize {
            self.0.len()
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

    /// A record that counts how often it is written.
    #[derive(serde::Deserialize)]
    struct Counted(String);

    thread_local! {
        static WRITTEN: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }

    impl Serialize for Counted {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            WRITTEN.set(WRITTEN.get() + 1);
            serializer.serialize_str(&self.0)
        }
    }

    impl Record for Counted {
        fn path(&self) -> &str {
            &self.0
        }

        fn text_len(&self) -> usize {
            self.0.len()
        }
    }

    #[test]
    fn a_record_is_written_a_few_times() {
        const COUNT: u32 = 20_000;
        let mut sorter = Sorter::with_memory(10 * RECORD);
        for n in 0..COUNT {
            let path = format!("{:05}", n * 7919 % COUNT);
            sorter.push(Counted(path)).unwrap();
        }
        let sorted = sorter.finish().map(|line| line.unwrap().0);
        assert!(sorted.eq((0..COUNT).map(|n| format!("{n:05}"))));
        // Over 2,000 runs are in files of at most 16, 16 * 16, and 16 * 16 * 16 runs.
        assert!(WRITTEN.get() <= 3 * COUNT, "{}", WRITTEN.get());
    }

    #[test]
    fn equal_paths_keep_their_order() {
        let mut sorter = Sorter::with_memory(10 * RECORD);
        for n in 0..10_000 {
            sorter.push(Line(format!("{}", n % 3), n)).unwrap();
        }
        let sorted: Vec<u32> = sorter.finish().map(|line| line.unwrap().1).collect();
        assert!(sorted.is_sorted_by_key(|n| (n % 3, *n)));
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
}
