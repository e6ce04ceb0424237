//! [`DownloadTarget`]: the file or writer that receives a download.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use tokio::io::AsyncWrite;

use crate::base::escape::EscapeControls;

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
