//! [`WriterDownload`]: downloads concurrent ranges, and writes them in order.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use qingstor_md5::{HashSource, Md5Lane, Md5Pool, PendingMd5};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::object_reader::{FirstBytes, FirstResponse, ObjectReader, RangeTasks};
use super::range_sink::{RangeBytes, RangeSink};
use super::{DownloadOptions, DownloadOutput};
use crate::base::error::{Error, ErrorKind, Result};
use crate::client::transfer_budget::Reservation;
use crate::managed::request_tasks::TaskEvent;

/// Ranges that cannot be written yet, by start: their end and their bytes.
type EarlyRanges = BTreeMap<u64, (u64, RangeBytes)>;

/// A download to a caller-supplied writer.
pub(super) struct WriterDownload<'a> {
    writer: Pin<Box<dyn AsyncWrite + Send + 'a>>,
    /// MD5 of the written bytes, if it is verified.
    md5: Option<Md5Lane>,
    pool: Md5Pool,
}

impl<'a> WriterDownload<'a> {
    pub(super) fn new(writer: Pin<Box<dyn AsyncWrite + Send + 'a>>, pool: Md5Pool) -> Self {
        Self {
            writer,
            md5: None,
            pool,
        }
    }

    pub(super) async fn run(
        mut self,
        reader: ObjectReader,
        mut options: DownloadOptions,
    ) -> Result<DownloadOutput> {
        let part_size = options.transfer.part_size;
        let first = reader
            .request_first(part_size, FirstBytes::InMemory)
            .await?;
        let mut output = first.download_output();
        let reader = reader.pin(first.object.clone(), &first.output, &mut options);
        let expected = reader.expected_digest(&options);
        self.md5 = expected.map(|_| Md5Lane::default());
        let mut tasks = reader.tasks();
        let result = if first.memory.is_none() {
            self.copy_body(&reader, first).await
        } else {
            let ranges = self.download_ranges(&mut tasks, &reader, part_size, first);
            ranges.await
        };
        tasks.shutdown().await;
        result?;
        if let (Some(expected), Some(md5)) = (expected, self.md5.take()) {
            reader.check_digest(expected, md5.finish().into())?;
            output.verified = true;
        }
        self.writer.flush().await.map_err(writer_error)?;
        Ok(output)
    }

    /// Writes the body of an object that cannot be downloaded in ranges, chunk by chunk.
    async fn copy_body(&mut self, reader: &ObjectReader, first: FirstResponse) -> Result<()> {
        // The caller's writer decides how long the request takes. It must not block others.
        first.admitted.slot.detach();
        let mut body = first.output.body;
        // The body returns an error if it is shorter or longer than announced.
        while let Some(chunk) = body.chunk().await? {
            reader.monitor.wait(chunk.len()).await;
            self.write(&chunk).await?;
            reader.monitor.add_transferred(chunk.len() as u64);
        }
        reader.monitor.add_confirmed(first.len);
        Ok(())
    }

    /// Keeps at most `concurrency + 1` ranges in memory, including the one that is being written.
    async fn download_ranges(
        &mut self,
        tasks: &mut RangeTasks,
        reader: &Arc<ObjectReader>,
        part_size: u64,
        first: FirstResponse,
    ) -> Result<()> {
        let range = 0..first.len;
        let mut planned = reader.new_state(&first.object);
        planned.add(range.clone());
        let mut missing = planned.missing(part_size);
        let sink = RangeSink::memory(first.len, first.memory)?;
        let response = Some(first.output);
        let first_reader = Arc::clone(reader);
        tasks.spawn_admitted(first.admitted, |admitted| {
            first_reader.download(admitted, range, response, sink)
        });
        // The ends of requested ranges by their starts, and what was not downloaded of them, because there
        // was little memory.
        let (mut ends, mut rests) = (BTreeMap::new(), BTreeMap::new());
        let mut early = EarlyRanges::new();
        let mut next = 0;
        loop {
            while tasks.has_room()
                && let Some(range) = match rests.pop_first() {
                    Some((start, end)) => Some(start..end),
                    None if tasks.len() + early.len() <= tasks.limit() => missing.next(),
                    None => None,
                }
            {
                let (reader, len) = (Arc::clone(reader), range.end - range.start);
                ends.insert(range.start, range.end);
                tasks.spawn(len, move |admitted, memory| async move {
                    let len = memory.as_ref().map_or(len, Reservation::len);
                    let range = range.start..range.start + len;
                    let sink = RangeSink::memory(len, memory)?;
                    reader.download(admitted, range, None, sink).await
                });
            }
            if let Some((end, range)) = early.remove(&next) {
                self.write_range(range).await?;
                next = end;
                continue;
            }
            // The only task is the one of the next range.
            tasks.set_urgent(tasks.len() == 1);
            let event = tasks.next().await.transpose()?;
            tasks.set_urgent(false);
            match event {
                Some(TaskEvent::Finished((range, bytes))) if !range.is_empty() => {
                    if let Some(end) = ends.remove(&range.start)
                        && range.end < end
                    {
                        rests.insert(range.end, end);
                    }
                    early.insert(range.start, (range.end, bytes));
                }
                Some(_) => {}
                None => return Ok(()),
            }
        }
    }

    async fn write_range(&mut self, mut range: RangeBytes) -> Result<()> {
        let pending = self.start_md5(&range.bytes);
        while !range.bytes.is_empty() {
            let written = self.writer.write(&range.bytes).await;
            match written.map_err(writer_error)? {
                0 => return Err(writer_error(std::io::ErrorKind::WriteZero.into())),
                written => range.bytes.advance(written),
            }
            if let Some(reservation) = &range.reservation {
                reservation.wait_for_caller();
            }
        }
        self.finish_md5(pending).await
    }

    async fn write(&mut self, bytes: &Bytes) -> Result<()> {
        let pending = self.start_md5(bytes);
        self.writer.write_all(bytes).await.map_err(writer_error)?;
        self.finish_md5(pending).await
    }

    /// Starts to hash bytes while they are written.
    #[inline]
    fn start_md5(&mut self, bytes: &Bytes) -> Option<PendingMd5> {
        let md5 = self.md5.take()?;
        let source = HashSource::from(bytes.clone());
        Some(self.pool.resume(md5, source))
    }

    async fn finish_md5(&mut self, pending: Option<PendingMd5>) -> Result<()> {
        if let Some(pending) = pending {
            let md5 = pending.await.map_err(|error| {
                Error::new(ErrorKind::Io, "cannot hash the content").with_source(error)
            })?;
            self.md5 = Some(md5);
        }
        Ok(())
    }
}

fn writer_error(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the writer failed: {error}")).with_source(error)
}
