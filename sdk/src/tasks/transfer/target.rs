//! [`Target`]: where a download's content goes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use tokio::io::AsyncWrite;

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
    /// The file at `path`. An older file stays as it is until all bytes are there and verified.
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
            Kind::File(path) => write!(f, "Target::File({})", path.display()),
            Kind::Writer(_) => write!(f, "Target::Writer"),
        }
    }
}
