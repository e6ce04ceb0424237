//! Uploads and downloads of any size: concurrent, verified, resumable, with bounded memory.

mod content_type;
mod customer;
mod download;
mod etag;
mod limit;
pub(super) mod plan;
mod progress;
mod source;
mod target;
mod token;
mod upload;
mod watch;
mod writer;

pub use download::{Download, DownloadOutput};
pub use etag::etag_of_file;
pub use progress::Progress;
pub use source::Source;
pub use target::Target;
pub use token::ResumeToken;
pub use upload::{Upload, UploadOutput};
pub use writer::UploadWriter;

use crate::base::error::{CallContext, Error, Result};
use crate::client::Bucket;

/// The default length of a part of an [`Upload`] and of a range of a [`Download`], in bytes: 8 MiB.
pub const DEFAULT_PART_SIZE: u64 = 8 << 20;
/// The default of [`Upload::multipart_threshold`], in bytes: content that is longer than 16 MiB is
/// uploaded in parts.
pub const DEFAULT_MULTIPART_THRESHOLD: u64 = 16 << 20;
/// How many parts are under way at once where the caller does not say.
const CONCURRENCY: usize = 4;

impl Bucket {
    /// Uploads content of any size: small content by one request, large content in parts that go
    /// up side by side. See [`Upload`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::Source;
    ///
    /// bucket.upload("hello.txt", "hello").await?;
    /// let output = bucket.upload("video.mp4", Source::path("video.mp4")).await?;
    /// println!("{} bytes in {} parts", output.bytes, output.parts);
    /// bucket.upload("log.txt", Source::reader(tokio::io::empty())).await?;
    /// # Ok(()) }
    /// ```
    pub fn upload<'a>(&self, key: impl Into<String>, source: impl Into<Source<'a>>) -> Upload<'a> {
        Upload::new(self.clone(), key.into(), source.into())
    }

    /// Uploads what is written: an `AsyncWrite` whose content becomes the object when it is shut
    /// down. See [`UploadWriter`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> std::io::Result<()> {
    /// use tokio::io::AsyncWriteExt;
    ///
    /// let mut writer = bucket.upload_writer("log.txt");
    /// writer.write_all(b"first line\n").await?;
    /// writer.shutdown().await?;
    /// # Ok(()) }
    /// ```
    pub fn upload_writer(&self, key: impl Into<String>) -> UploadWriter {
        UploadWriter::new(self.upload(key, bytes::Bytes::new()))
    }

    /// Goes on with an upload that was broken off, from the token that it left. The source must
    /// have the same content again. See [`Upload::resumable`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> Result<(), Box<dyn std::error::Error>> {
    /// use qingstor_sdk::{ResumeToken, Source};
    ///
    /// let token: ResumeToken = std::fs::read_to_string("video.token")?.parse()?;
    /// bucket.resume_upload(token, Source::path("video.mp4")).await?;
    /// # Ok(()) }
    /// ```
    pub fn resume_upload<'a>(
        &self,
        token: ResumeToken,
        source: impl Into<Source<'a>>,
    ) -> Upload<'a> {
        Upload::resume(self.clone(), token, source.into())
    }

    /// Downloads an object of any size into a file or a writer: large objects in ranges that come
    /// down side by side. See [`Download`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::Target;
    ///
    /// let output = bucket.download("video.mp4", "copy.mp4").await?;
    /// println!("{} bytes, ETag {}", output.bytes, output.etag);
    /// let mut content = Vec::new();
    /// bucket.download("hello.txt", Target::writer(&mut content)).await?;
    /// # Ok(()) }
    /// ```
    pub fn download<'a>(
        &self,
        key: impl Into<String>,
        target: impl Into<Target<'a>>,
    ) -> Download<'a> {
        Download::new(self.clone(), key.into(), target.into())
    }
}

/// Says what object an error belongs to, unless it knows.
fn about(error: Error, bucket: &Bucket, key: &str, operation: &'static str) -> Error {
    error.with_call(CallContext {
        operation,
        bucket: Some(bucket.name().to_owned()),
        key: Some(key.to_owned()),
        ..CallContext::default()
    })
}

/// Refuses settings that mean nothing.
fn check_settings(concurrency: usize, max_bytes_per_second: Option<u64>) -> Result<()> {
    if concurrency == 0 {
        return Err(Error::invalid_input("concurrency: must be at least 1"));
    }
    if max_bytes_per_second == Some(0) {
        let text = "max_bytes_per_second: must be at least 1";
        return Err(Error::invalid_input(text));
    }
    Ok(())
}

/// What a task of ours gave. A panic, which only a callback of the caller's can cause, goes on.
pub(super) fn joined<T>(result: Result<T, tokio::task::JoinError>) -> Result<T> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => {
                let text = "the runtime ended the task";
                Err(Error::new(crate::ErrorKind::Io, text).with_source(error))
            }
        },
    }
}
