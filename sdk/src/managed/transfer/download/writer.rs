//! A download to a writer: ranges side by side, written in their order.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::fetch::{Fetcher, First};
use super::ranges::{Ranges, describe, new_state};
use super::sink::Sink;
use super::{DownloadOutput, Options};
use crate::base::digest::Digest;
use crate::base::error::{Error, ErrorKind, Result};
use crate::managed::transfer::joined;

/// The writer of the caller's.
pub(super) struct Output<'a> {
    writer: Pin<Box<dyn AsyncWrite + Send + 'a>>,
    /// Of what was written, if it is wanted.
    md5: Option<Md5>,
}

impl<'a> Output<'a> {
    pub(super) fn new(writer: Pin<Box<dyn AsyncWrite + Send + 'a>>) -> Self {
        Self { writer, md5: None }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        self.writer.write_all(bytes).await.map_err(unwritable)
    }

    /// Fetches all of the object.
    pub(super) async fn fill(
        mut self,
        fetcher: Fetcher,
        mut options: Options,
    ) -> Result<DownloadOutput> {
        let first = fetcher.first(options.part_size).await?;
        let mut described = describe(&first.output, &first.object);
        let fetcher = fetcher.pin(first.object.clone(), &mut options);
        let expected = fetcher.expected(&options);
        self.md5 = expected.map(|_| Md5::new());
        let mut tasks = Ranges::new();
        let written = if first.covers > options.part_size {
            self.pass(&fetcher, first).await
        } else {
            self.fetch_all(&mut tasks, &fetcher, &options, first).await
        };
        tasks.shutdown().await;
        written?;
        if let (Some(expected), Some(md5)) = (expected, self.md5.take()) {
            fetcher.compare(expected, Digest::of(md5))?;
            described.verified = true;
        }
        self.writer.flush().await.map_err(unwritable)?;
        Ok(described)
    }

    /// All of an object that can't be had in ranges: it goes by as it comes, and stays nowhere.
    async fn pass(&mut self, fetcher: &Fetcher, first: First) -> Result<()> {
        let mut body = first.output.body;
        // Its length is that of the object: who gives less or more fails by itself.
        while let Some(chunk) = body.chunk().await? {
            fetcher.gauges.wait(chunk.len()).await;
            self.write(&chunk).await?;
            fetcher.gauges.moved(chunk.len());
        }
        fetcher.gauges.confirmed(first.covers);
        Ok(())
    }

    /// At most one range more than may be under way is in memory, the one that is written included.
    async fn fetch_all(
        &mut self,
        tasks: &mut Ranges,
        fetcher: &Arc<Fetcher>,
        options: &Options,
        first: First,
    ) -> Result<()> {
        let range = 0..first.covers;
        let mut planned = new_state(fetcher, &first.object);
        planned.add(range.clone());
        let mut missing = planned.missing(options.part_size);
        let sink = Sink::memory(first.covers)?;
        tasks.spawn(Arc::clone(fetcher).fetch(range, Some(first.output), sink));
        // What came before its turn.
        let mut early: BTreeMap<u64, (u64, Bytes)> = BTreeMap::new();
        let mut next = 0;
        loop {
            while tasks.len() < options.concurrency
                && tasks.len() + early.len() <= options.concurrency
                && let Some(range) = missing.next()
            {
                let sink = Sink::memory(range.end - range.start)?;
                tasks.spawn(Arc::clone(fetcher).fetch(range, None, sink));
            }
            if let Some((end, bytes)) = early.remove(&next) {
                self.write(&bytes).await?;
                next = end;
                continue;
            }
            let Some(done) = tasks.join_next().await else {
                return Ok(());
            };
            let (range, bytes) = joined(done)??;
            if range.is_empty() {
                continue;
            }
            early.insert(range.start, (range.end, bytes));
        }
    }
}

fn unwritable(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the writer failed: {error}")).with_source(error)
}
