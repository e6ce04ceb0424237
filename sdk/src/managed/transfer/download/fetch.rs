//! Ranges of one object, each checked to be what was asked for.

use std::ops::Range;

use super::sink::Sink;
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result};
use crate::client::Bucket;
use crate::generated::operations::{
    GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
};
use crate::managed::transfer::about;
use crate::managed::transfer::customer::Customer;
use crate::managed::transfer::watch::Gauges;

/// What all requests of a download share.
#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    pub(super) bucket: Bucket,
    pub(super) key: String,
    pub(super) version_id: Option<String>,
    pub(super) customer: Customer,
    pub(super) gauges: Gauges,
    pub(super) object: Object,
}

/// The object that all ranges must be of.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    pub(super) etag: String,
    pub(super) size: u64,
}

/// The first answer.
pub(super) struct First {
    pub(super) object: Object,
    /// How many bytes it brings, from the first one on.
    pub(super) covers: u64,
    pub(super) output: GetObjectOutput,
}

impl Fetcher {
    fn input(&self) -> GetObjectInput {
        let mut input = GetObjectInput::new(&self.key);
        input.version_id.clone_from(&self.version_id);
        self.customer.get(&mut input);
        input
    }

    /// What the service says of the object.
    pub(super) async fn head(&self) -> Result<HeadObjectOutput> {
        let mut input = HeadObjectInput::new(&self.key);
        input.version_id.clone_from(&self.version_id);
        self.customer.head(&mut input);
        self.bucket.call(input).await
    }

    /// Asks for the first range, of `len` bytes; gets all of an object that is smaller.
    pub(super) async fn first(&self, len: u64) -> Result<First> {
        let mut input = self.input();
        input.range = Some(format!("bytes=0-{}", len.saturating_sub(1)));
        let output = match self.bucket.call(input).await {
            Ok(output) => output,
            // An empty object has no first byte.
            Err(error) if error.status().is_some_and(|status| status.as_u16() == 416) => {
                return self.whole().await;
            }
            Err(error) => return Err(error),
        };
        // A service may send the whole object instead of a range (200).
        let Some(part) = output.body.part() else {
            return self.all_of(output);
        };
        if !entity_tag::is_strong(&output.etag) && part.len() < part.size {
            // Without a strong tag, the ranges could be of two objects.
            return self.whole().await;
        }
        Ok(First {
            object: Object {
                etag: output.etag.clone(),
                size: part.size,
            },
            covers: part.len(),
            output,
        })
    }

    async fn whole(&self) -> Result<First> {
        self.all_of(self.bucket.call(self.input()).await?)
    }

    fn all_of(&self, output: GetObjectOutput) -> Result<First> {
        let Some(size) = output.body.len() else {
            let text = "the response does not contain the size of the object";
            return Err(self.wrong(ErrorKind::Decode, text));
        };
        let etag = output.etag.clone();
        Ok(First {
            object: Object { etag, size },
            covers: size,
            output,
        })
    }

    /// Fetches a range into `sink`; `begun` is its answer, if it was asked for already.
    pub(super) async fn range(
        &self,
        range: Range<u64>,
        begun: Option<GetObjectOutput>,
        sink: &mut Sink,
    ) -> Result<()> {
        // What breaks off goes on by itself, by the client's rules.
        if !range.is_empty() {
            let output = match begun {
                Some(output) => output,
                None => self.ask(range.clone()).await?,
            };
            self.read(output, sink).await?;
        }
        sink.flush().await?;
        self.gauges.confirmed(range.end - range.start);
        Ok(())
    }

    /// Asks for a range of the object, and of no other.
    async fn ask(&self, range: Range<u64>) -> Result<GetObjectOutput> {
        let mut input = self.input();
        input.range = Some(format!(
            "bytes={}-{}",
            range.start,
            range.end.saturating_sub(1)
        ));
        input.if_match = Some(self.object.etag.clone());
        let output = self.bucket.call(input).await?;
        // A part that is not the requested one was refused already.
        if output.body.part().map(|part| part.size) != Some(self.object.size) {
            let text = match output.body.part() {
                Some(part) => format!("the object now has {} bytes", part.size),
                None => "the response is the whole object instead of a range of it".into(),
            };
            return Err(self.wrong(ErrorKind::Integrity, text));
        }
        if output.etag != self.object.etag {
            let text = format!(
                "the response has another ETag than the request: {}",
                output.etag
            );
            return Err(self.wrong(ErrorKind::Integrity, text));
        }
        Ok(output)
    }

    /// Reads the body of a response into `sink`.
    async fn read(&self, output: GetObjectOutput, sink: &mut Sink) -> Result<()> {
        let mut body = output.body;
        // The body has as many bytes as it announced, or it fails.
        while let Some(chunk) = body.chunk().await? {
            self.gauges.wait(chunk.len()).await;
            sink.write(&chunk).await?;
            self.gauges.moved(chunk.len());
        }
        Ok(())
    }

    pub(super) fn wrong(&self, kind: ErrorKind, text: impl Into<String>) -> Error {
        about(Error::new(kind, text), &self.bucket, &self.key, "GetObject")
    }
}
