//! Ranges of one object, each checked to be what was asked for.

use std::ops::Range;

use super::sink::Sink;
use crate::client::Bucket;
use crate::error::{Error, ErrorKind, Result};
use crate::generated::operations::{
    GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
};
use crate::tasks::transfer::about;
use crate::tasks::transfer::customer::Customer;
use crate::tasks::transfer::watch::Gauges;

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
        let Some(text) = output.content_range.as_deref() else {
            return self.all_of(output);
        };
        let (range, size) = parse_content_range(text).ok_or_else(|| self.other_range(text))?;
        if range != (0..len.min(size)) {
            return Err(self.other_range(text));
        }
        if output.etag.is_empty() && range.end < size {
            // Ranges of what has no tag could be of two objects.
            return self.whole().await;
        }
        Ok(First {
            object: Object {
                etag: output.etag.clone(),
                size,
            },
            covers: range.end,
            output,
        })
    }

    async fn whole(&self) -> Result<First> {
        self.all_of(self.bucket.call(self.input()).await?)
    }

    fn all_of(&self, output: GetObjectOutput) -> Result<First> {
        let Some(size) = output.body.len() else {
            let text = "the answer does not say how long the object is";
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
            self.read(output, range.clone(), sink).await?;
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
        let text = output.content_range.as_deref().unwrap_or_default();
        if parse_content_range(text) != Some((range.clone(), self.object.size)) {
            return Err(self.other_range(text));
        }
        if output
            .body
            .len()
            .is_some_and(|len| len != range.end - range.start)
        {
            let text = "the answer has another length than the range that was asked for";
            return Err(self.wrong(ErrorKind::Integrity, text));
        }
        if output.etag != self.object.etag {
            let text = format!(
                "the answer has another ETag than was asked for: {}",
                output.etag
            );
            return Err(self.wrong(ErrorKind::Integrity, text));
        }
        Ok(output)
    }

    /// Reads an answer, which must have as many bytes as the range.
    async fn read(
        &self,
        output: GetObjectOutput,
        range: Range<u64>,
        sink: &mut Sink,
    ) -> Result<()> {
        let mut body = output.body;
        let mut missing = range.end - range.start;
        while let Some(chunk) = body.chunk().await? {
            let len = chunk.len() as u64;
            if len > missing {
                let text = "the answer is longer than the range that was asked for";
                return Err(self.wrong(ErrorKind::Integrity, text));
            }
            self.gauges.wait(chunk.len()).await;
            sink.write(&chunk).await?;
            missing -= len;
            self.gauges.moved(chunk.len());
        }
        if missing > 0 {
            let text = "the answer is shorter than the range that was asked for";
            return Err(self.wrong(ErrorKind::Interrupted, text));
        }
        Ok(())
    }

    fn other_range(&self, text: &str) -> Error {
        let text = format!("the answer is another range than was asked for: {text:?}");
        self.wrong(ErrorKind::Integrity, text)
    }

    pub(super) fn wrong(&self, kind: ErrorKind, text: impl Into<String>) -> Error {
        about(Error::new(kind, text), &self.bucket, &self.key, "GetObject")
    }
}

/// The range and the length of all, of `bytes 0-9/100`.
fn parse_content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, size): (u64, u64, u64) =
        (first.parse().ok()?, last.parse().ok()?, size.parse().ok()?);
    (first <= last && last < size).then(|| (first..last + 1, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges() {
        assert_eq!(parse_content_range("bytes 0-9/100"), Some((0..10, 100)));
        assert_eq!(parse_content_range("bytes 99-99/100"), Some((99..100, 100)));
        for text in [
            "",
            "bytes */100",
            "bytes 0-9/*",
            "bytes 5-4/100",
            "bytes 0-100/100",
            "bytes 0-18446744073709551615/18446744073709551615",
            "items 0-9/100",
        ] {
            assert_eq!(parse_content_range(text), None, "{text}");
        }
    }
}
