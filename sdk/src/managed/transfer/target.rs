//! [`Target`]: where a download's content goes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use tokio::io::AsyncWrite;

use crate::base::printable::Printable;

/// Where a download's content goes: a file, or a writer. Paths are targets as they are.
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::Target;
///
/// bucket.download("report.pdf", "downloads/report.pdf").await?;
/// bucket.download("log.txt", Target::writer(tokio::io::sink())).await?;
/// # Ok(()) }
/// ```
pub struct Target<'a>(pub(crate) Kind<'a>);

pub(crate) enum Kind<'a> {
    File(PathBuf),
    Writer(Pin<Box<dyn AsyncWrite + Send + 'a>>),
}

impl<'a> Target<'a> {
    /// The file at `path`. An existing file stays unchanged until all bytes are there and verified;
    /// then the new file replaces it, with its permissions, and with its owner and group if the
    /// process is allowed to set them. Other names (hard links) of the old file keep its content.
    ///
    /// A symbolic link is replaced itself: the file that it leads to stays as it is, and the new
    /// file has no permissions that the other does not have. Only a regular file is replaced. A
    /// path that
    /// leads to a directory, a device, a pipe or a socket, such as `/dev/stdout`, is refused with
    /// `Io`
    /// before anything is sent; use [`writer`](Self::writer) for those.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self(Kind::File(path.as_ref().to_owned()))
    }

    /// A writer, which gets the bytes in their order and is flushed at the end, not shut down.
    pub fn writer(writer: impl AsyncWrite + Send + 'a) -> Self {
        Self(Kind::Writer(Box::pin(writer)))
    }
}

macro_rules! from_path {
    ($($ty:ty),*) => {
        $(impl From<$ty> for Target<'_> {
            fn from(path: $ty) -> Self {
                Self::file(path)
            }
        })*
    };
}

from_path!(&str, &String, String, &Path, &PathBuf, PathBuf);

impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::File(path) => write!(f, "Target::File({})", Printable(path.display())),
            Kind::Writer(_) => write!(f, "Target::Writer"),
        }
    }
}
