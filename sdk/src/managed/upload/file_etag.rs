//! [`etag_of_file`]: computes the ETag that a file has as an object.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use qingstor_md5::{HashSource, LANES, Md5Pool};

use crate::base::digest::Digest;
use crate::base::error::{Error, Result};
use crate::base::fs::regular_file;
use crate::base::runtime;
use crate::managed::errors::{blocking, file_error};
use crate::managed::part_sizes::{MAX_PART_SIZE, MIN_PART_SIZE, PartSizes};

/// Returns the ETag, in double quotes, that the file at `path` has as an object. Use it to
/// compare a file with an object without a download.
///
/// The ETag of a file of at most `multipart_threshold` bytes is its MD5, like that of an object
/// that was uploaded with one request. The ETag of a larger file is that of a multipart upload
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
/// Returns `InvalidInput` if `part_size` is 0, `Io` if the file cannot be read, is not a regular file,
/// or has a size that the file system does not know, and `Config` outside of a Tokio runtime.
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
    runtime::current()?;
    if part_size == 0 {
        return Err(Error::invalid_input("part_size: must be at least 1"));
    }
    let path: Arc<Path> = path.as_ref().into();
    let opened = Arc::clone(&path);
    let opened: io::Result<_> = blocking(move || {
        let file = regular_file::open(&opened)?;
        let len = file.metadata()?.len();
        if len == 0 && regular_file::has_unknown_size(&file)? {
            let text = "has content, but the file system does not know its size";
            return Err(io::Error::other(text));
        }
        Ok((Arc::new(file), len))
    })
    .await?;
    let (file, len) = opened.map_err(|error| file_error(&path, error))?;
    if len <= multipart_threshold {
        let digests = digests(&path, &file, std::iter::once(0..len)).await?;
        return Ok(digests
            .into_iter()
            .map(|md5| format!("\"{md5}\""))
            .collect());
    }
    let part_size = match PartSizes::new(part_size.clamp(MIN_PART_SIZE, MAX_PART_SIZE), Some(len)) {
        Ok(sizes) if part_size >= MIN_PART_SIZE => part_size.max(sizes.first()),
        _ => part_size,
    };
    // An empty file has one part.
    let starts = (0..len.max(1)).step_by(usize::try_from(part_size).unwrap_or(usize::MAX));
    let ranges = starts.map(|start| start..start.saturating_add(part_size).min(len));
    Ok(Digest::of_parts(digests(&path, &file, ranges).await?))
}

/// Returns the MD5s of ranges of a file, which are hashed at the same time.
async fn digests(
    path: &Path,
    file: &Arc<File>,
    ranges: impl IntoIterator<Item = Range<u64>>,
) -> Result<Vec<Digest>> {
    let pool = Md5Pool::default();
    let mut sources = ranges.into_iter().map(|range| HashSource::OpenFile {
        file: Arc::clone(file),
        range,
    });
    let mut digests = Vec::new();
    loop {
        // A file can have any number of ranges.
        let pending = pool.start_all(sources.by_ref().take(4 * LANES));
        if pending.is_empty() {
            return Ok(digests);
        }
        for pending in pending {
            digests.push(
                pending
                    .await
                    .map_err(|error| file_error(path, error))?
                    .finish()
                    .into(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::ErrorKind;

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
        #[cfg(target_os = "linux")]
        assert!(etag_of_file("/proc/version", 1, 1).await.is_err());
    }
}
