//! [`KeptDownloads`]: what the downloads with `--resume` leave.

use std::collections::BTreeSet;
use std::io;
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
pub(crate) struct KeptDownloads(Arc<Mutex<Targets>>);

#[derive(Default)]
struct Targets {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl KeptDownloads {
    /// Declares that the download of a file starts.
    pub(crate) fn add_file(&self, target: &Path) {
        self.targets().files.insert(target.to_owned());
    }

    /// Declares that the download of a file is complete.
    pub(crate) fn remove_file(&self, target: &Path) {
        self.targets().files.remove(target);
    }

    /// Declares that the download of a folder starts.
    pub(crate) fn add_folder(&self, target: &Path) {
        self.targets().folders.insert(target.to_owned());
    }

    /// Returns the files that the same commands continue. Waits for a moment until the client has removed
    /// the others. Blocks.
    pub(crate) fn find(&self) -> Vec<PathBuf> {
        let mut parts = BTreeSet::new();
        {
            let targets = self.targets();
            for target in &targets.files {
                add_of_file(target, &mut parts);
            }
            for target in &targets.folders {
                // A folder that cannot be read has no files to name.
                let _ = add_below(target, &mut parts);
            }
        }
        let start = Instant::now();
        while !parts.iter().all(|part| has_record(part) || !part.exists())
            && start.elapsed() < MAX_WAIT
        {
            std::thread::sleep(POLL_INTERVAL);
        }
        parts.into_iter().filter(|part| has_record(part)).collect()
    }

    fn targets(&self) -> MutexGuard<'_, Targets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether a file and the record of its complete bytes exist.
fn has_record(part: &Path) -> bool {
    let mut record = part.as_os_str().to_owned();
    record.push(".json");
    part.exists() && Path::new(&record).exists()
}

fn add_of_file(target: &Path, parts: &mut BTreeSet<PathBuf>) {
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

fn add_below(folder: &Path, parts: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            // Other folders may be readable.
            let _ = add_below(&entry.path(), parts);
        } else if entry.file_name().to_string_lossy().ends_with(END) {
            parts.insert(entry.path());
        }
    }
    Ok(())
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
        std::fs::create_dir(path("sub")).unwrap();
        for name in ["a", &short, "sub/.b", "sub/.c", "done"] {
            let (parent, name) = name.rsplit_once("/.").unwrap_or(("", name));
            let part = path(parent).join(format!(".{name}{END}"));
            std::fs::write(&part, "bytes").unwrap();
            if name != "c" {
                std::fs::write(format!("{}.json", part.display()), "{}").unwrap();
            }
        }
        let kept = KeptDownloads::default();
        for name in ["a", &long, "done", "missing"] {
            kept.add_file(&path(name));
        }
        kept.remove_file(&path("done"));
        kept.add_folder(&path("sub"));
        kept.add_folder(&path("missing"));
        let expected = [
            format!(".a{END}"),
            format!(".{short}{END}"),
            format!("sub/.b{END}"),
        ];
        assert_eq!(kept.find(), expected.map(|name| path(&name)));
    }
}
