//! The bytes of objects, in files of a directory or in memory.
//!
//! A content is written once under a random name and never changes; the records say which of them
//! are which object. So nothing is half visible, copies share their content, and whoever reads goes
//! on reading what it has opened however the object changes.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;

use super::records::Segment;
use crate::account::hex;
use crate::digest::Md5Digest;
use crate::encryption::{Cipher, CustomerKey, Iv};

/// The name of a content: random, so that no key ever reaches the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct ContentId(pub(super) u128);

impl ContentId {
    pub(super) fn random() -> Self {
        Self(fastrand::u128(..))
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<ContentId> for String {
    fn from(id: ContentId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ContentId {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(Self)
    }
}

/// Where contents are.
#[derive(Debug)]
enum Place {
    Directory {
        path: PathBuf,
        /// Whether files must outlive the machine's memory.
        sync: bool,
    },
    Memory(Mutex<HashMap<ContentId, Arc<[Bytes]>>>),
}

/// All contents.
#[derive(Debug)]
pub(crate) struct Contents {
    place: Place,
    /// How many readers a content has, and whether it shall go away after the last one.
    readers: Mutex<HashMap<ContentId, Readers>>,
    /// Held for reading from the look at a record until its contents are pinned, and for writing
    /// while contents are removed.
    gate: RwLock<()>,
}

#[derive(Debug, Default)]
struct Readers {
    count: usize,
    is_doomed: bool,
}

impl Contents {
    pub(super) fn in_directory(path: PathBuf, sync: bool) -> Self {
        Self::at(Place::Directory { path, sync })
    }

    pub(super) fn in_memory() -> Self {
        Self::at(Place::Memory(Mutex::default()))
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            readers: Mutex::default(),
            gate: RwLock::default(),
        }
    }

    /// Looks at a record and pins the contents it names, before anybody can remove them.
    pub(super) fn pin<R, E>(
        self: &Arc<Self>,
        look: impl FnOnce() -> Result<R, E>,
        segments: impl FnOnce(&R) -> &[Segment],
    ) -> Result<(R, Pins), E> {
        let _gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let record = look()?;
        let ids = segments(&record)
            .iter()
            .map(|segment| segment.content)
            .collect::<Vec<_>>();
        let mut readers = lock(&self.readers);
        for id in &ids {
            readers.entry(*id).or_default().count += 1;
        }
        let contents = Arc::clone(self);
        Ok((record, Pins { contents, ids }))
    }

    /// Removes contents that no record names any more; those that are being read go away later.
    pub(super) fn remove(&self, ids: &[ContentId]) {
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let mut readers = lock(&self.readers);
        for id in ids {
            match readers.get_mut(id) {
                Some(reader) => reader.is_doomed = true,
                None => self.delete(*id),
            }
        }
    }

    fn unpin(&self, ids: &[ContentId]) {
        let mut readers = lock(&self.readers);
        for id in ids {
            let Some(reader) = readers.get_mut(id) else {
                continue;
            };
            reader.count -= 1;
            if reader.count == 0 {
                let is_doomed = reader.is_doomed;
                readers.remove(id);
                if is_doomed {
                    self.delete(*id);
                }
            }
        }
    }

    /// A failure costs space until the next start sweeps it, and is no reason to fail a request
    /// that has been done.
    fn delete(&self, id: ContentId) {
        match &self.place {
            Place::Directory { path, .. } => {
                if let Err(error) = fs::remove_file(path.join(id.to_string())) {
                    tracing::warn!(%id, %error, "content that is not used any more stays");
                }
            }
            Place::Memory(contents) => {
                lock(contents).remove(&id);
            }
        }
    }

    /// Removes the files that are not in `used`: what a killed emulator has left behind. Gives back
    /// an id of `used` that has no file.
    pub(super) fn sweep(&self, used: Vec<ContentId>) -> io::Result<Option<ContentId>> {
        let Place::Directory { path, .. } = &self.place else {
            return Ok(None);
        };
        let mut missing = used.into_iter().collect::<HashSet<_>>();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let id = entry
                .file_name()
                .into_string()
                .ok()
                .map(ContentId::try_from);
            match id {
                Some(Ok(id)) if missing.remove(&id) => {}
                _ => fs::remove_file(entry.path())?,
            }
        }
        Ok(missing.into_iter().next())
    }

    /// Starts a new content; with a key it is encrypted.
    pub(super) async fn writer(
        self: &Arc<Self>,
        key: Option<&CustomerKey>,
    ) -> io::Result<ContentWriter> {
        let id = ContentId::random();
        let content = NewContent {
            contents: Arc::clone(self),
            id,
            is_kept: false,
        };
        let sink = match &self.place {
            Place::Directory { path, .. } => {
                let file = tokio::fs::File::create_new(path.join(id.to_string())).await?;
                Sink::File(file)
            }
            Place::Memory(_) => Sink::Memory(Vec::new()),
        };
        let iv = key.map(|_| Iv::random()).transpose()?;
        Ok(ContentWriter {
            content,
            sink,
            cipher: key.zip(iv).map(|(key, iv)| Cipher::new(key, iv)),
            iv,
            md5: Md5::new(),
            size: 0,
        })
    }

    /// Opens a content that is pinned.
    pub(super) fn open(&self, id: ContentId) -> io::Result<OpenContent> {
        match &self.place {
            Place::Directory { path, .. } => {
                File::open(path.join(id.to_string())).map(OpenContent::File)
            }
            Place::Memory(contents) => lock(contents)
                .get(&id)
                .map(|pieces| OpenContent::Memory(Arc::clone(pieces)))
                .ok_or_else(|| io::ErrorKind::NotFound.into()),
        }
    }
}

/// A content that is open for reading.
#[derive(Debug)]
pub(super) enum OpenContent {
    File(File),
    Memory(Arc<[Bytes]>),
}

/// Keeps contents where they are while they are read.
#[derive(Debug)]
pub(super) struct Pins {
    contents: Arc<Contents>,
    ids: Vec<ContentId>,
}

impl Drop for Pins {
    fn drop(&mut self) {
        self.contents.unpin(&self.ids);
    }
}

/// A content that no record names yet. It goes away unless it is kept.
#[derive(Debug)]
pub(super) struct NewContent {
    contents: Arc<Contents>,
    id: ContentId,
    is_kept: bool,
}

impl NewContent {
    pub(super) fn id(&self) -> ContentId {
        self.id
    }

    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for NewContent {
    fn drop(&mut self) {
        if !self.is_kept {
            self.contents.delete(self.id);
        }
    }
}

/// A content that is being written.
#[derive(Debug)]
pub(crate) struct ContentWriter {
    content: NewContent,
    sink: Sink,
    cipher: Option<Cipher>,
    iv: Option<Iv>,
    md5: Md5,
    size: u64,
}

#[derive(Debug)]
enum Sink {
    File(tokio::fs::File),
    Memory(Vec<Bytes>),
}

/// A segment whose content stands, and which no object has yet.
#[derive(Debug)]
pub(crate) struct NewSegment {
    pub(super) segment: Segment,
    pub(super) content: NewContent,
}

impl ContentWriter {
    pub(crate) async fn write(&mut self, piece: Bytes) -> io::Result<()> {
        self.md5.update(&piece);
        self.size += piece.len() as u64;
        let piece = match &mut self.cipher {
            None => piece,
            Some(cipher) => cipher.apply(piece)?,
        };
        match &mut self.sink {
            Sink::File(file) => file.write_all(&piece).await,
            Sink::Memory(pieces) => {
                // The piece may be a small part of a large buffer.
                pieces.push(Bytes::copy_from_slice(&piece));
                Ok(())
            }
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Of what was written so far, before it was encrypted.
    pub(crate) fn md5(&self) -> Md5Digest {
        self.md5.clone().finalize().into()
    }

    /// Everything is written: with a directory that outlives the emulator, to the disk itself.
    pub(crate) async fn finish(self) -> io::Result<NewSegment> {
        let id = self.content.id;
        match (self.sink, &self.content.contents.place) {
            (Sink::File(mut file), Place::Directory { path, sync }) => {
                // A write may still be on its way in the file's own task.
                file.flush().await?;
                if *sync {
                    file.sync_all().await?;
                    tokio::fs::File::open(path).await?.sync_all().await?;
                }
            }
            (Sink::Memory(pieces), Place::Memory(contents)) => {
                lock(contents).insert(id, pieces.into());
            }
            // A sink is made for its place.
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        }
        Ok(NewSegment {
            segment: Segment {
                content: id,
                size: self.size,
                md5: hex(&self.md5.finalize()),
                iv: self.iv,
            },
            content: self.content,
        })
    }
}

/// No lock is held over code that leaves its data half changed, so a poisoned one is as good as
/// new.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn new(contents: &Arc<Contents>) -> NewSegment {
        let mut writer = contents.writer(None).await.unwrap();
        writer.write(Bytes::from_static(b"abc")).await.unwrap();
        writer.finish().await.unwrap()
    }

    fn files(directory: &tempfile::TempDir) -> usize {
        fs::read_dir(directory.path()).unwrap().count()
    }

    #[tokio::test]
    async fn what_is_not_kept_goes_away() {
        let directory = tempfile::tempdir().unwrap();
        let contents = Arc::new(Contents::in_directory(directory.path().to_owned(), true));
        let segment = new(&contents).await;
        assert_eq!(segment.segment.size, 3);
        assert_eq!(segment.segment.md5, "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(files(&directory), 1);
        drop(segment);
        assert_eq!(files(&directory), 0);
    }

    #[tokio::test]
    async fn what_is_read_stays_until_it_has_been_read() {
        let directory = tempfile::tempdir().unwrap();
        let contents = Arc::new(Contents::in_directory(directory.path().to_owned(), false));
        let NewSegment { segment, content } = new(&contents).await;
        content.keep();
        let id = segment.content;
        let pin = || {
            contents
                .pin(|| Ok::<_, ()>(vec![segment.clone()]), |segments| segments)
                .unwrap()
                .1
        };
        let (first, second) = (pin(), pin());
        contents.remove(&[id]);
        drop(first);
        assert!(contents.open(id).is_ok());
        drop(second);
        assert!(contents.open(id).is_err());
    }

    #[tokio::test]
    async fn sweeping_keeps_what_is_used_and_tells_what_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let contents = Arc::new(Contents::in_directory(directory.path().to_owned(), false));
        let used = new(&contents).await;
        let leftover = new(&contents).await;
        let used_id = used.content.id();
        used.content.keep();
        leftover.content.keep();
        fs::write(directory.path().join("strange"), "").unwrap();
        assert_eq!(contents.sweep(vec![used_id]).unwrap(), None);
        assert_eq!(files(&directory), 1);
        let gone = ContentId(1);
        assert_eq!(contents.sweep(vec![used_id, gone]).unwrap(), Some(gone));
    }
}
