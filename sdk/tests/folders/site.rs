//! An emulator with a bucket, and a local folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{
    Bucket, Config, FolderAction, FolderSummary, FolderTransfer, QingStor, RetryPolicy, SkipReason,
};

pub(crate) struct Site {
    pub(crate) emulator: Emulator,
    pub(crate) bucket: Bucket,
    pub(crate) other: Bucket,
    folder: tempfile::TempDir,
}

/// Paths and contents. Folders end in `/`.
pub(crate) type Tree = BTreeMap<String, String>;

pub(crate) fn tree<const N: usize>(entries: [(&str, &str); N]) -> Tree {
    let entries = entries.into_iter();
    entries
        .map(|(path, content)| (path.to_owned(), content.to_owned()))
        .collect()
}

impl Site {
    pub(crate) async fn start() -> Self {
        let emulator = Emulator::builder().fault_seed(1).start().await.unwrap();
        let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
            .endpoint(emulator.endpoint())
            .retry(RetryPolicy::never());
        let service = QingStor::new(config).unwrap();
        let bucket = service.bucket("folders", "pek3a").unwrap();
        bucket.put().await.unwrap();
        let other = service.bucket("other-bucket", "pek3a").unwrap();
        other.put().await.unwrap();
        Self {
            emulator,
            bucket,
            other,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn faults(&self, rules: &[&str]) {
        let rules = rules.iter().map(|rule| FaultRule::parse(rule).unwrap());
        self.emulator.set_faults(rules.collect::<Vec<_>>()).unwrap();
    }

    pub(crate) fn served(&self, operation: &str) -> u64 {
        let served = self.emulator.operations_served();
        served.get(operation).copied().unwrap_or(0)
    }

    /// Returns a path in the temporary folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Creates files in a folder, with a time in the past.
    pub(crate) fn write<const N: usize>(
        &self,
        folder: &str,
        entries: [(&str, &str); N],
    ) -> PathBuf {
        let root = self.path(folder);
        std::fs::create_dir_all(&root).unwrap();
        for (path, content) in entries {
            write_file(&root.join(path), content);
        }
        root
    }

    pub(crate) async fn put<const N: usize>(&self, entries: [(&str, &str); N]) {
        for (key, content) in entries {
            let content = content.to_owned();
            self.bucket.put_object(key).body(content).await.unwrap();
        }
    }

    pub(crate) async fn objects(&self) -> Tree {
        objects(&self.bucket).await
    }
}

/// Returns a time before all objects of the test.
pub(crate) fn past() -> SystemTime {
    SystemTime::now() - Duration::from_secs(86_400)
}

pub(crate) fn set_time(path: &Path, time: SystemTime) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

pub(crate) fn write_file(path: &Path, content: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
    set_time(path, past());
}

/// Returns all objects of a bucket.
pub(crate) async fn objects(bucket: &Bucket) -> Tree {
    let mut tree = Tree::new();
    let mut keys = bucket.list_objects().items();
    while let Some(key) = keys.next().await.transpose().unwrap() {
        let output = bucket.get_object(&key.key).await.unwrap();
        let content = output.body.bytes().await.unwrap();
        let content = String::from_utf8_lossy(&content).into_owned();
        tree.insert(key.key, content);
    }
    tree
}

/// Returns all files and folders below a folder.
pub(crate) fn files(root: &Path) -> Tree {
    fn add(folder: &Path, prefix: &str, tree: &mut Tree) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                tree.insert(format!("{path}/"), String::new());
                add(&entry.path(), &format!("{path}/"), tree);
            } else {
                let content = std::fs::read_to_string(entry.path()).unwrap_or_default();
                tree.insert(path, content);
            }
        }
    }
    let mut tree = Tree::new();
    if root.exists() {
        add(root, "", &mut tree);
    }
    tree
}

/// Returns the files without the folders.
pub(crate) fn without_folders(mut tree: Tree) -> Tree {
    tree.retain(|path, _| !path.ends_with('/'));
    tree
}

/// Returns the actions of a plan as lines.
pub(crate) async fn plan(transfer: FolderTransfer) -> Vec<FolderAction> {
    let mut actions = Vec::new();
    let mut plan = transfer.plan();
    while let Some(action) = plan.next().await.transpose().unwrap() {
        actions.push(action);
    }
    actions
}

/// Returns the paths that are skipped, and why.
pub(crate) fn skipped(actions: &[FolderAction]) -> Vec<(String, SkipReason)> {
    let skipped = actions.iter().filter_map(|action| match action {
        FolderAction::Skip { path, reason, .. } => Some((path.clone(), reason.clone())),
        _ => None,
    });
    skipped.collect()
}

/// Returns whether an action deletes something.
pub(crate) fn is_deletion(action: &FolderAction) -> bool {
    matches!(action, FolderAction::Delete { .. })
}

/// Carries out a transfer. Returns its summary, and all actions with their errors.
pub(crate) async fn run(
    transfer: FolderTransfer,
) -> (FolderSummary, Vec<(FolderAction, Option<String>)>) {
    let results = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&results);
    let transfer = transfer.on_result(move |action, result| {
        let error = result.err().map(ToString::to_string);
        seen.lock().unwrap().push((action.clone(), error));
    });
    let summary = transfer.await.unwrap();
    let results = std::mem::take(&mut *results.lock().unwrap());
    (summary, results)
}
