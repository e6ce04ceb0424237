//! Writes new contents.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest, Md5};
use tokio::io::AsyncWriteExt as _;

use super::content::{ContentStorage, Contents, NewContent, incomplete};
use super::records::Segment;
use crate::base::digest::Md5Digest;
use crate::base::digest::hex;
use crate::base::encryption::{Cipher, CustomerKey, Iv};

/// Size in bytes up to which a content is buffered before its file is created, so that a small
/// content needs a single write. In memory, smaller pieces are joined up to this size.
const SMALL: usize = 64 << 10;

/// Writes one new content.
#[derive(Debug)]
pub(crate) struct ContentWriter {
    contents: Arc<Contents>,
    sink: Sink,
    cipher: Option<Cipher>,
    iv: Option<Iv>,
    md5: Md5,
    size: u64,
}

#[derive(Debug)]
enum Sink {
    /// The content is small so far, and is buffered.
    Waiting(Vec<u8>),
    File(NewContent, tokio::fs::File),
    Memory(Vec<Vec<u8>>),
    /// A write has failed, so the content cannot be completed.
    Broken,
}

/// A segment with a complete content that no object uses yet.
#[derive(Debug)]
pub(crate) struct NewSegment {
    pub(super) segment: Segment,
    pub(super) content: NewContent,
}

impl ContentWriter {
    /// Starts a new content, which is encrypted if there is a key.
    pub(super) fn new(contents: &Arc<Contents>, key: Option<&CustomerKey>) -> io::Result<Self> {
        let iv = key.map(|_| Iv::random()).transpose()?;
        Ok(Self {
            contents: Arc::clone(contents),
            sink: match contents.storage() {
                ContentStorage::Directory { .. } => Sink::Waiting(Vec::new()),
                ContentStorage::Memory(_) => Sink::Memory(Vec::new()),
            },
            cipher: key.zip(iv).map(|(key, iv)| Cipher::new(key, iv)),
            iv,
            md5: Md5::new(),
            size: 0,
        })
    }

    pub(crate) async fn write(&mut self, piece: Bytes) -> io::Result<()> {
        self.md5.update(&piece);
        self.size += piece.len() as u64;
        let piece = match &mut self.cipher {
            None => piece,
            Some(cipher) => cipher.apply(piece)?,
        };
        match std::mem::replace(&mut self.sink, Sink::Broken) {
            Sink::Waiting(mut start) if start.len() + piece.len() <= SMALL => {
                start.extend_from_slice(&piece);
                self.sink = Sink::Waiting(start);
            }
            Sink::Waiting(start) => {
                let (content, file) = self.contents.create(start, false).await?;
                self.write_to_file(content, file.into(), &piece).await?;
            }
            Sink::File(content, file) => self.write_to_file(content, file, &piece).await?,
            Sink::Memory(mut pieces) => {
                // Readers search for a piece, so a content must not have many small pieces.
                match pieces.last_mut() {
                    Some(last) if last.len() + piece.len() <= SMALL => {
                        last.extend_from_slice(&piece);
                    }
                    _ => pieces.push(piece.to_vec()),
                }
                self.sink = Sink::Memory(pieces);
            }
            Sink::Broken => return Err(incomplete()),
        }
        Ok(())
    }

    async fn write_to_file(
        &mut self,
        content: NewContent,
        mut file: tokio::fs::File,
        piece: &[u8],
    ) -> io::Result<()> {
        file.write_all(piece).await?;
        self.sink = Sink::File(content, file);
        Ok(())
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the MD5 of the bytes so far, before encryption.
    pub(crate) fn md5(&self) -> Md5Digest {
        self.md5.clone().finalize().into()
    }

    /// Finishes the content. Flushes it to disk if the storage requires it.
    pub(crate) async fn finish(self) -> io::Result<NewSegment> {
        let content = match (self.sink, self.contents.storage()) {
            (Sink::Waiting(all), ContentStorage::Directory { sync, .. }) => {
                self.contents.create(all, *sync).await?.0
            }
            (Sink::File(content, mut file), ContentStorage::Directory { sync, .. }) => {
                // The last write may still run in a background task.
                file.flush().await?;
                if *sync {
                    file.sync_all().await?;
                }
                content
            }
            (Sink::Memory(pieces), ContentStorage::Memory(_)) => {
                self.contents.keep_in_memory(pieces)?
            }
            // The sink always matches the kind of storage.
            _ => return Err(incomplete()),
        };
        Ok(NewSegment {
            segment: Segment {
                content: content.id(),
                size: self.size,
                md5: hex(&self.md5.finalize()),
                iv: self.iv,
            },
            content,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn small_pieces_are_joined_in_memory() {
        let contents = Arc::new(Contents::in_memory(0));
        let mut writer = ContentWriter::new(&contents, None).unwrap();
        for _ in 0..SMALL + 1 {
            writer.write(Bytes::from_static(b"x")).await.unwrap();
        }
        let large = vec![b'y'; SMALL];
        writer.write(large.clone().into()).await.unwrap();
        let segment = writer.finish().await.unwrap();
        let ContentStorage::Memory(kept) = contents.storage() else {
            panic!("contents are in memory");
        };
        let kept = kept.lock().unwrap()[&segment.content.id()].clone();
        assert_eq!(*kept, [vec![b'x'; SMALL], b"x".to_vec(), large]);
    }
}
