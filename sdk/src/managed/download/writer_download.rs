//! [`WriterDownload`]: downloads concurrent ranges, and writes them in order.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::object_reader::{FirstResponse, ObjectReader, RangeTasks};
use super::range_sink::RangeSink;
use super::{DownloadOptions, DownloadOutput};
use crate::base::digest::Digest;
use crate::base::error::{Error, ErrorKind, Result};
use crate::managed::errors::task_result;

/// A download to a caller-supplied writer.
pub(super) struct WriterDownload<'a> {
    writer: Pin<Box<dyn AsyncWrite + Send + 'a>>,
    /// MD5 of the written bytes, if it is verified.
    md5: Option<Md5>,
}

impl<'a> WriterDownload<'a> {
    pub(super) fn new(writer: Pin<Box<dyn AsyncWrite + Send + 'a>>) -> Self {
        Self { writer, md5: None }
    }

    pub(super) async fn run(
        mut self,
        reader: ObjectReader,
        mut options: DownloadOptions,
    ) -> Result<DownloadOutput> {
        let part_size = options.transfer.part_size;
        let first = reader.request_first(part_size).await?;
        let mut output = first.download_output();
        let reader = reader.pin(first.object.clone(), &mut options);
        let expected = reader.expected_digest(&options);
        self.md5 = expected.map(|_| Md5::new());
        let mut tasks = RangeTasks::new();
        let result = if first.len > part_size {
            self.copy_body(&reader, first).await
        } else {
            self.download_ranges(&mut tasks, &reader, &options, first)
                .await
        };
        tasks.shutdown().await;
        result?;
        if let (Some(expected), Some(md5)) = (expected, self.md5.take()) {
            reader.check_digest(expected, Digest::of(md5))?;
            output.verified = true;
        }
        self.writer.flush().await.map_err(writer_error)?;
        Ok(output)
    }

    /// Writes the body of an object that cannot be downloaded in ranges, chunk by chunk.
    async fn copy_body(&mut self, reader: &ObjectReader, first: FirstResponse) -> Result<()> {
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
        options: &DownloadOptions,
        first: FirstResponse,
    ) -> Result<()> {
        let concurrency = options.transfer.concurrency;
        let range = 0..first.len;
        let mut planned = reader.new_state(&first.object);
        planned.add(range.clone());
        let mut missing = planned.missing(options.transfer.part_size);
        let sink = RangeSink::memory(first.len)?;
        tasks.spawn(Arc::clone(reader).download(range, Some(first.output), sink));
        // Ranges that cannot be written yet, by start: their end and their bytes.
        let mut waiting: BTreeMap<u64, (u64, Bytes)> = BTreeMap::new();
        let mut next = 0;
        loop {
            while tasks.len() < concurrency
                && tasks.len() + waiting.len() <= concurrency
                && let Some(range) = missing.next()
            {
                let sink = RangeSink::memory(range.end - range.start)?;
                tasks.spawn(Arc::clone(reader).download(range, None, sink));
            }
            if let Some((end, bytes)) = waiting.remove(&next) {
                self.write(&bytes).await?;
                next = end;
                continue;
            }
            let Some(joined) = tasks.join_next().await else {
                return Ok(());
            };
            let (range, bytes) = task_result(joined)??;
            if range.is_empty() {
                continue;
            }
            waiting.insert(range.start, (range.end, bytes));
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        self.writer.write_all(bytes).await.map_err(writer_error)
    }
}

fn writer_error(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the writer failed: {error}")).with_source(error)
}
