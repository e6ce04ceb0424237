//! The ranges of one object: what downloads to files and to writers have in common.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::fetch::{Fetcher, Object};
use super::sink::Sink;
use super::state::State;
use super::{DownloadOutput, Options};
use crate::base::digest::Digest;
use crate::base::error::{ErrorKind, Result};
use crate::generated::operations::GetObjectOutput;
use crate::managed::transfer::progress::Meter;

/// Requests in progress. Each returns its range, and the bytes if they are kept in memory.
pub(super) type Ranges = JoinSet<Result<(Range<u64>, Bytes)>>;

impl Fetcher {
    /// Restricts all further requests to this object.
    pub(super) fn pin(mut self, object: Object, options: &mut Options) -> Arc<Self> {
        let meter = options.on_progress.take();
        self.gauges.meter = meter.map(|tell| Arc::new(Meter::new(tell, Some(object.size))));
        self.object = object;
        Arc::new(self)
    }

    pub(super) async fn fetch(
        self: Arc<Self>,
        range: Range<u64>,
        begun: Option<GetObjectOutput>,
        mut sink: Sink,
    ) -> Result<(Range<u64>, Bytes)> {
        self.range(range.clone(), begun, &mut sink).await?;
        Ok((range, sink.into_bytes()))
    }

    /// Returns the expected digest of the content if it is known and verification is on.
    pub(super) fn expected(&self, options: &Options) -> Option<Digest> {
        let wanted = options.verify && !self.customer.is_there();
        Digest::from_etag(&self.object.etag).filter(|_| wanted)
    }

    pub(super) fn compare(&self, expected: Digest, actual: Digest) -> Result<()> {
        if expected == actual {
            return Ok(());
        }
        let text = format!("the content has MD5 {actual}, but its ETag is {expected}");
        Err(self.wrong(ErrorKind::Integrity, text))
    }
}

/// Returns the output of a download, from the response to its first request.
pub(super) fn describe(output: &GetObjectOutput, object: &Object) -> DownloadOutput {
    DownloadOutput {
        bytes: object.size,
        resumed: 0,
        etag: object.etag.clone(),
        verified: false,
        version_id: output.version_id.clone(),
        content_type: output.content_type.clone(),
        last_modified: output.last_modified,
        metadata: output.metadata.clone(),
        request_id: output.request_id().map(str::to_owned),
    }
}

pub(super) fn new_state(fetcher: &Fetcher, object: &Object) -> State {
    State {
        bucket: fetcher.bucket.name().to_owned(),
        key: fetcher.key.clone(),
        etag: object.etag.clone(),
        size: object.size,
        done: Vec::new(),
    }
}
