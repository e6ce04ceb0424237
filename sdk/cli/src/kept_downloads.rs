//! [`KeptDownloads`]: the files that interrupted downloads with `--resume` keep.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// End of the names of the files with the bytes of interrupted downloads. The client documents it.
const END: &str = ".qingstor-resume.part";
/// The client shortens longer names.
const MAX_CHARACTERS: usize = 40;
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
        let mut parts = BTreeSet::new();
        for target in self.targets().iter() {
            add_parts(target, &mut parts);
        }
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

fn add_parts(target: &Path, parts: &mut BTreeSet<PathBuf>) {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let Some((end, _)) = name.char_indices().nth(MAX_CHARACTERS) else {
        let part = target.with_file_name(format!(".{name}{END}"));
        if part.exists() {
            parts.insert(part);
        }
        return;
    };
    let start = format!(".{}-", name.get(..end).unwrap_or_default());
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let found = found.to_string_lossy();
        if found.starts_with(&start) && found.ends_with(END) {
            parts.insert(target.with_file_name(&*found));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_a_record_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let long = "n".repeat(41);
        let short = format!("{}-0123abcd", &long[1..]);
        for name in ["a", &short, "b", "done", "foreign"] {
            let part = path(&format!(".{name}{END}"));
            std::fs::write(&part, "bytes").unwrap();
            if name != "b" {
                std::fs::write(format!("{}.json", part.display()), "{}").unwrap();
            }
        }
        let kept = KeptDownloads::default();
        for name in ["a", "b", &long, "done", "missing"] {
            kept.add_file(&path(name));
        }
        kept.remove_file(&path("done"));
        let expected = [format!(".a{END}"), format!(".{short}{END}")];
        assert_eq!(kept.find(), expected.map(|name| path(&name)));
    }
}
