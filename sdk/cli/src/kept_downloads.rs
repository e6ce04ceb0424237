//! [`KeptDownloads`]: the files that interrupted downloads with `--resume` keep.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use qingstor_sdk::DownloadTarget;

/// The longest wait for the removal of files that no download can continue.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// Time between two looks at such files.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Targets of the downloads of all commands that keep their bytes if they are interrupted. Clones share
/// their state.
#[derive(Clone, Default)]
pub(crate) struct KeptDownloads(Arc<Mutex<BTreeSet<PathBuf>>>);

impl KeptDownloads {
    /// Declares that the download of a file starts.
    pub(crate) fn add_file(&self, target: &Path) {
        self.targets().insert(target.to_owned());
    }

    /// Declares that the download of a file is complete.
    pub(crate) fn remove_file(&self, target: &Path) {
        self.targets().remove(target);
    }

    /// Returns the files that the same commands continue. Waits for a moment until the client has removed
    /// the others. Blocks.
    pub(crate) fn find(&self) -> Vec<PathBuf> {
        let parts: Vec<_> = self
            .targets()
            .iter()
            .filter_map(|target| DownloadTarget::file(target).resumable_part())
            .collect();
        let start = Instant::now();
        while !parts.iter().all(|part| has_record(part) || !part.exists())
            && start.elapsed() < MAX_WAIT
        {
            std::thread::sleep(POLL_INTERVAL);
        }
        parts.into_iter().filter(|part| has_record(part)).collect()
    }

    fn targets(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether a file and the record of its complete bytes exist.
fn has_record(part: &Path) -> bool {
    let mut record = part.as_os_str().to_owned();
    record.push(".json");
    part.exists() && Path::new(&record).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_a_record_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let part = |name: &str| DownloadTarget::file(path(name)).resumable_part().unwrap();
        let long = "n".repeat(50);
        let others = format!("{}x", "n".repeat(49));
        for name in ["a", &long, "b", "done", "foreign", &others] {
            std::fs::write(part(name), "bytes").unwrap();
            if name != "b" {
                std::fs::write(format!("{}.json", part(name).display()), "{}").unwrap();
            }
        }
        let kept = KeptDownloads::default();
        for name in ["a", "b", &long, "done", "missing"] {
            kept.add_file(&path(name));
        }
        kept.remove_file(&path("done"));
        assert_eq!(kept.find(), [part("a"), part(&long)]);
    }
}
