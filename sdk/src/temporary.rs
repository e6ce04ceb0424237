//! Names for files that become others once they are whole.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// A new name in the folder of `target`, so that a rename is enough in the end.
pub(crate) fn beside(target: &Path) -> PathBuf {
    // The process and a counter keep two downloads to one path apart, the time two processes of
    // one number that ran one after the other.
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // A long name is cut, so that the ending does not make it too long for the file system.
    let stem: String = name.chars().take(40).collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = now.map_or(0, |since| since.subsec_nanos());
    let id = std::process::id();
    target.with_file_name(format!(".{stem}.{id}-{count}-{nanos}.part"))
}
