//! [`TemporaryFile`]: a file for records that do not fit in memory.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// A temporary file. It has no name, or is removed on drop.
pub(super) struct TemporaryFile {
    pub(super) file: File,
    /// Set if the name could not be removed while the file is open.
    path: Option<PathBuf>,
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // An error cannot be reported from here.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl TemporaryFile {
    /// Creates a file that only this user can read.
    pub(super) fn create() -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let folder = std::env::temp_dir();
        loop {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let name = format!("qingstor-list-{}-{count}", std::process::id());
            let path = folder.join(name);
            let file = match options.open(&path) {
                // A process with the same ID has left it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => {
                    let text = format!("cannot create {}: {error}", path.display());
                    return Err(io::Error::new(error.kind(), text));
                }
                Ok(file) => file,
            };
            // Without a name, nothing is left behind if the process is killed. Windows does not allow
            // this.
            let path = match std::fs::remove_file(&path) {
                Ok(()) => None,
                Err(_) => Some(path),
            };
            return Ok(Self { file, path });
        }
    }
}
