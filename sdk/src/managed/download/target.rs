//! [`DownloadTarget`]: the file or writer that receives a download.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use tokio::io::AsyncWrite;

use super::part_file::PartFile;
use crate::base::error::Result;
use crate::base::escape::EscapeControls;
use crate::base::fs::temporary_name;

/// The file or writer that receives the content of a [`Download`](crate::Download). Paths convert into
/// a target.
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::DownloadTarget;
///
/// bucket.download("report.pdf", "downloads/report.pdf").await?;
/// bucket.download("log.txt", DownloadTarget::writer(tokio::io::sink())).await?;
/// # Ok(()) }
/// ```
pub struct DownloadTarget<'a>(pub(crate) TargetKind<'a>);

pub(crate) enum TargetKind<'a> {
    File(PathBuf),
    Writer(Pin<Box<dyn AsyncWrite + Send + 'a>>),
}

impl<'a> DownloadTarget<'a> {
    /// Creates a target from the path of a file. An existing file stays unchanged until all bytes are
    /// received and verified. Then the new file replaces it, with the same permissions, and with the
    /// same owner and group if the process is allowed to set them. Other names (hard links) of the
    /// old file keep its content.
    ///
    /// A symbolic link is replaced itself: its destination stays unchanged, and the new file does not
    /// get permissions that the destination does not have. If the path leads to a directory, a device,
    /// a pipe or a socket, such as `/dev/stdout`, the download fails with `Io` before the first
    /// request; use [`writer`](Self::writer) instead.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self(TargetKind::File(path.as_ref().to_owned()))
    }

    /// Checks that a download can store the file, as it does before its first request. Does nothing for
    /// a writer. Blocks for a moment.
    ///
    /// # Errors
    ///
    /// Returns `Io` if the path leads to a directory, a device, a pipe or a socket, if its folder does
    /// not exist, or if its name is reserved for temporary files.
    pub fn check(&self) -> Result<()> {
        match &self.0 {
            TargetKind::File(path) => PartFile::check_target(path),
            TargetKind::Writer(_) => Ok(()),
        }
    }

    /// Returns the path of the file that keeps the bytes of an interrupted download to this file if it
    /// is [resumable](crate::Download::resumable). Returns `None` for a writer.
    #[must_use]
    pub fn resumable_part(&self) -> Option<PathBuf> {
        match &self.0 {
            TargetKind::File(path) => Some(temporary_name::resumable(path)),
            TargetKind::Writer(_) => None,
        }
    }

    /// Creates a target from a writer. It receives the bytes in order. At the end it is flushed, but
    /// not shut down.
    pub fn writer(writer: impl AsyncWrite + Send + 'a) -> Self {
        Self(TargetKind::Writer(Box::pin(writer)))
    }
}

macro_rules! from_path {
    ($($ty:ty),*) => {
        $(impl From<$ty> for DownloadTarget<'_> {
            fn from(path: $ty) -> Self {
                Self::file(path)
            }
        })*
    };
}

from_path!(&str, &String, String, &Path, &PathBuf, PathBuf);

impl fmt::Debug for DownloadTarget<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            TargetKind::File(path) => {
                write!(
                    f,
                    "DownloadTarget::File({})",
                    EscapeControls(path.display())
                )
            }
            TargetKind::Writer(_) => write!(f, "DownloadTarget::Writer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_checked_without_a_download() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str| DownloadTarget::file(folder.path().join(name)).check();
        std::fs::write(folder.path().join("file"), "").unwrap();
        for name in ["new", "file"] {
            check(name).unwrap();
        }
        let part = DownloadTarget::file(folder.path().join("new")).resumable_part();
        let part = part.unwrap();
        assert_eq!(
            part,
            folder.path().join(".new.qingstor-resume.part"),
            "as documented"
        );
        let reserved = part.file_name().unwrap().to_str().unwrap();
        for name in ["missing/new", "file/new", "", reserved] {
            assert!(check(name).is_err(), "{name}");
        }
        let writer = DownloadTarget::writer(tokio::io::sink());
        writer.check().unwrap();
        assert_eq!(writer.resumable_part(), None);
    }
}
