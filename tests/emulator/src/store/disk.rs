//! The files of a data directory.
//!
//! ```text
//! qingstor-emulator.json                   marks the directory; locked while in use
//! tmp/                                     uploads in flight; emptied at start
//! buckets/<name>/bucket.json
//! buckets/<name>/objects/<sha256(key)>.json
//! buckets/<name>/content/<random id>       never changed once it stands here
//! ```
//!
//! Every file is written under `tmp/`, synced, and renamed. A killed emulator leaves at most a
//! content file that no record names, or a bucket without `bucket.json`, which are swept at the
//! next start, or both ends of a move. Directories are not synced: after a power failure the newest
//! files may be missing, never half.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempDir};

use super::records::{BucketRecord, ObjectRecord};
use crate::account::hex;
use crate::error::{Error, Result};

const MARKER: &str = "qingstor-emulator.json";
const MARKER_TEXT: &str = "{\"format\":1}\n";

/// A bucket as it was found on disk.
pub(super) struct FoundBucket {
    pub(super) record: BucketRecord,
    pub(super) objects: BTreeMap<String, ObjectRecord>,
}

/// A data directory that is in use by this emulator.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    /// Holds the lock.
    _marker: File,
    /// Removes a temporary directory when the last user is gone.
    _temporary: Option<TempDir>,
}

impl Disk {
    /// Uses `root`, which must be empty, absent, or a data directory of before.
    pub(super) fn open(root: &Path) -> Result<Self> {
        Self::occupy(root.to_owned(), None)
    }

    /// Uses a new directory that goes away with the emulator.
    pub(super) fn temporary() -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("qingstor-emulator-")
            .tempdir()
            .map_err(|source| Error::DataDir {
                path: std::env::temp_dir(),
                source,
            })?;
        Self::occupy(directory.path().to_owned(), Some(directory))
    }

    fn occupy(root: PathBuf, temporary: Option<TempDir>) -> Result<Self> {
        let failed = |source| Error::DataDir {
            path: root.clone(),
            source,
        };
        let marker = prepare(&root).map_err(failed)?;
        match marker.try_lock() {
            Ok(()) => Ok(Self {
                root,
                _marker: marker,
                _temporary: temporary,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::DataDirInUse { path: root }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Reads all buckets and sweeps what a killed emulator has left behind.
    pub(super) fn load(&self) -> Result<Vec<FoundBucket>> {
        let failed = |source| Error::DataDir {
            path: self.root.clone(),
            source,
        };
        for leftover in list(&self.temporary_files()).map_err(failed)? {
            fs::remove_file(leftover).map_err(failed)?;
        }
        let mut found = Vec::new();
        for directory in list(&self.root.join("buckets")).map_err(failed)? {
            if directory.join("bucket.json").exists() {
                found.push(load_bucket(&directory)?);
            } else {
                fs::remove_dir_all(&directory).map_err(failed)?;
            }
        }
        Ok(found)
    }

    /// A file for an upload; it disappears unless it is kept.
    pub(super) fn new_upload(&self) -> io::Result<NamedTempFile> {
        NamedTempFile::new_in(self.temporary_files())
    }

    pub(super) fn create_bucket(&self, record: &BucketRecord) -> io::Result<()> {
        let directory = self.bucket(&record.name);
        fs::create_dir_all(directory.join("objects"))?;
        fs::create_dir_all(directory.join("content"))?;
        self.write_bucket(record)
    }

    pub(super) fn write_bucket(&self, record: &BucketRecord) -> io::Result<()> {
        self.write_json(&self.bucket(&record.name).join("bucket.json"), record)
    }

    pub(super) fn remove_bucket(&self, bucket: &str) -> io::Result<()> {
        let directory = self.bucket(bucket);
        fs::remove_file(directory.join("bucket.json"))?;
        fs::remove_dir_all(directory)
    }

    /// Keeps an upload as content and returns its id.
    pub(super) fn keep_content(&self, bucket: &str, upload: NamedTempFile) -> io::Result<String> {
        let id = new_id();
        upload
            .persist(self.content(bucket, &id))
            .map_err(|error| error.error)?;
        Ok(id)
    }

    /// Gives content a second name: content never changes, so a copy costs nothing.
    pub(super) fn link_content(&self, from: (&str, &str), to_bucket: &str) -> io::Result<String> {
        let id = new_id();
        let (source, target) = (self.content(from.0, from.1), self.content(to_bucket, &id));
        // Not every file system has hard links.
        if fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target)?;
            File::open(&target)?.sync_all()?;
        }
        Ok(id)
    }

    pub(super) fn open_content(&self, bucket: &str, id: &str) -> io::Result<File> {
        File::open(self.content(bucket, id))
    }

    pub(super) fn remove_content(&self, bucket: &str, id: &str) -> io::Result<()> {
        fs::remove_file(self.content(bucket, id))
    }

    pub(super) fn write_object(&self, bucket: &str, record: &ObjectRecord) -> io::Result<()> {
        self.write_json(&self.object(bucket, &record.key), record)
    }

    pub(super) fn remove_object(&self, bucket: &str, key: &str) -> io::Result<()> {
        fs::remove_file(self.object(bucket, key))
    }

    fn write_json(&self, path: &Path, value: &impl Serialize) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(self.temporary_files())?;
        file.write_all(&serde_json::to_vec(value)?)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    fn temporary_files(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// The name of a bucket is safe as a file name by the rules for names.
    fn bucket(&self, bucket: &str) -> PathBuf {
        self.root.join("buckets").join(bucket)
    }

    fn content(&self, bucket: &str, id: &str) -> PathBuf {
        self.bucket(bucket).join("content").join(id)
    }

    fn object(&self, bucket: &str, key: &str) -> PathBuf {
        self.bucket(bucket)
            .join("objects")
            .join(object_file_name(key))
    }
}

/// Makes the directories and opens the marker.
fn prepare(root: &Path) -> io::Result<File> {
    fs::create_dir_all(root)?;
    let marker = root.join(MARKER);
    match fs::read_to_string(&marker) {
        Ok(text) if text == MARKER_TEXT => {}
        Ok(_) => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the directory is of another version of the emulator",
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A wrong --data-dir must not cost anybody the files in its `tmp`.
            if fs::read_dir(root)?.next().is_some() {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "the directory holds files that are not the emulator's",
                ));
            }
            fs::write(&marker, MARKER_TEXT)?;
        }
        Err(error) => return Err(error),
    }
    fs::create_dir_all(root.join("tmp"))?;
    fs::create_dir_all(root.join("buckets"))?;
    File::open(marker)
}

fn load_bucket(directory: &Path) -> Result<FoundBucket> {
    let failed = |source| Error::DataDir {
        path: directory.to_owned(),
        source,
    };
    let record = read_json::<BucketRecord>(&directory.join("bucket.json"))?;
    let mut objects = BTreeMap::new();
    for path in list(&directory.join("objects")).map_err(failed)? {
        let object = read_json::<ObjectRecord>(&path)?;
        objects.insert(object.key.clone(), object);
    }
    let used = objects
        .values()
        .map(|object| object.content_id.as_str())
        .collect::<HashSet<_>>();
    let mut present = HashSet::new();
    for path in list(&directory.join("content")).map_err(failed)? {
        let name = path.file_name().and_then(|name| name.to_str());
        match name {
            Some(name) if used.contains(name) => {
                present.insert(name.to_owned());
            }
            _ => fs::remove_file(&path).map_err(failed)?,
        }
    }
    for object in objects.values() {
        if !present.contains(&object.content_id) {
            return Err(Error::Damaged {
                path: directory.join("content").join(&object.content_id),
                reason: format!("the content of object {:?} is missing", object.key),
            });
        }
    }
    Ok(FoundBucket { record, objects })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).map_err(|source| Error::DataDir {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|error| Error::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn list(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}

/// Keys are longer than file names may be, and hold anything.
fn object_file_name(key: &str) -> String {
    format!("{}.json", hex(&Sha256::digest(key.as_bytes())))
}

fn new_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_becomes_a_path() {
        for key in ["../../etc/passwd", "a/b", "..", "\0", &"k".repeat(1023)] {
            let name = object_file_name(key);
            assert_eq!(name.len(), 64 + ".json".len());
            assert!(!name.contains(['/', '\\', '\0']));
        }
    }

    #[test]
    fn a_directory_of_others_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("letter.txt"), "dear").unwrap();
        let error = Disk::open(directory.path()).unwrap_err().to_string();
        assert!(error.contains("not the emulator's"), "{error}");
    }

    #[test]
    fn a_directory_has_one_user_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = Disk::open(directory.path()).unwrap();
        assert!(matches!(
            Disk::open(directory.path()),
            Err(Error::DataDirInUse { .. })
        ));
        drop(first);
        assert!(Disk::open(directory.path()).is_ok());
    }
}
