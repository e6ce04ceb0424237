//! [`etag_of_file`]: computes the entity tag that a file has as an object.

use std::io;
use std::path::Path;

use md5::{Digest as _, Md5};
use tokio::task::spawn_blocking;

use crate::base::digest::{Digest, hash_file};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::regular_file;
use crate::managed::errors::task_result;
use crate::managed::part_sizes::{MAX_PART_SIZE, MIN_PART_SIZE, PartSizes};

/// Returns the entity tag, in double quotes, that the file at `path` has as an object. Use it to
/// compare a file with an object without a download.
///
/// The entity tag of a file of at most `multipart_threshold` bytes is its MD5, like that of an object
/// that was uploaded with one request. The entity tag of a larger file is that of a multipart upload
/// with parts of `part_size` bytes: `"<MD5 of the parts' MD5s>-<number of parts>"`. An
/// [`Upload`](crate::Upload) of the file with the same two settings creates an object with this tag.
/// So does any other program with the same settings; for a program that uploads everything in parts,
/// the threshold is 0. If `part_size` would result in more than 10,000 parts, larger parts are
/// assumed, as in an upload. Objects that are encrypted with a customer-provided key have other tags.
///
/// The function reads the whole file.
///
/// # Errors
///
/// Returns `InvalidInput` if `part_size` is 0, and `Io` if the file cannot be read or is not a
/// regular file.
///
/// # Examples
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::{Upload, etag_of_file};
///
/// let part_size = Upload::DEFAULT_PART_SIZE;
/// let threshold = Upload::DEFAULT_MULTIPART_THRESHOLD;
/// let local = etag_of_file("video.mp4", part_size, threshold).await?;
/// if bucket.head_object("video.mp4").await?.etag != local {
///     println!("the object has other content, or was uploaded with another part size");
/// }
/// # Ok(()) }
/// ```
pub async fn etag_of_file(
    path: impl AsRef<Path>,
    part_size: u64,
    multipart_threshold: u64,
) -> Result<String> {
    if part_size == 0 {
        return Err(Error::invalid_input("part_size: must be at least 1"));
    }
    let path = path.as_ref().to_owned();
    let unreadable = {
        let path = path.clone();
        move |error: io::Error| {
            let text = format!("{}: {error}", path.display());
            Error::new(ErrorKind::Io, text).with_source(error)
        }
    };
    let read = move || {
        let len = regular_file::open(&path)?.metadata()?.len();
        if len <= multipart_threshold {
            let digest = digest(&path, 0, len)?;
            return Ok(format!("\"{digest}\""));
        }
        let part_size =
            match PartSizes::new(part_size.clamp(MIN_PART_SIZE, MAX_PART_SIZE), Some(len)) {
                Ok(sizes) if part_size >= MIN_PART_SIZE => part_size.max(sizes.first()),
                _ => part_size,
            };
        let mut parts = Vec::new();
        let mut start = 0;
        while start < len || parts.is_empty() {
            let end = start.saturating_add(part_size).min(len);
            parts.push(digest(&path, start, end)?);
            start = end;
        }
        Ok(Digest::of_parts(parts))
    };
    let etag: io::Result<String> = task_result(spawn_blocking(read).await)?;
    etag.map_err(unreadable)
}

fn digest(path: &Path, start: u64, end: u64) -> io::Result<Digest> {
    let mut md5 = Md5::new();
    hash_file(path, &mut md5, start..end)?;
    Ok(Digest::of(md5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn depends_on_part_size_and_threshold() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let etag = |part_size, threshold| etag_of_file(file.path(), part_size, threshold);
        let empty = "\"d41d8cd98f00b204e9800998ecf8427e\"";
        assert_eq!(etag(8, 0).await.unwrap(), empty);
        std::fs::write(file.path(), "abcdefghij").unwrap();
        let whole = "\"a925576942e94b2ef57a066101b48876\"";
        assert_eq!(etag(4, 10).await.unwrap(), whole);
        // MD5 of the three digests of `abcd`, `efgh` and `ij`.
        let parts = etag(4, 9).await.unwrap();
        assert!(parts.ends_with("-3\""), "{parts}");
        assert_eq!(etag(4, 0).await.unwrap(), parts);
        assert!(etag(u64::MAX, 0).await.unwrap().ends_with("-1\""));
        let error = etag(0, 0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let missing = etag_of_file("missing", 1, 1).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::Io);
        assert!(missing.to_string().starts_with("missing: "), "{missing}");
        assert!(etag_of_file("/", 1, 1).await.is_err());
    }
}
