//! Writes new blobs.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::blob_md5::BlobMd5;
use super::blobs::{BLOCK, BlobStorage, Blobs, NewBlob, incomplete};
use super::records::Segment;
use crate::base::digest::{Md5Digest, hex};
use crate::base::encryption::{Cipher, CustomerKey, Iv};

/// Size in bytes up to which a blob is hashed where it is received, because that takes less time
/// than another thread needs to start: 64 KiB.
const SMALL: usize = 64 << 10;

/// Writes one new blob.
#[derive(Debug)]
pub(crate) struct BlobWriter {
    blobs: Arc<Blobs>,
    /// Bytes of the next block, before encryption. A blob that fits into it needs a single write.
    block: Vec<u8>,
    sink: Sink,
    cipher: Option<Cipher>,
    iv: Option<Iv>,
    md5: BlobMd5,
    size: u64,
}

/// Where blocks are stored.
#[derive(Debug)]
enum Sink {
    /// The directory of the blobs has no file yet.
    NoFile,
    File(OpenFile),
    Memory(Vec<Bytes>),
    /// A write has failed, so the blob cannot be completed.
    Broken,
}

/// A new file, and the write that is in progress.
#[derive(Debug)]
struct OpenFile {
    blob: NewBlob,
    file: Arc<File>,
    write: Option<JoinHandle<io::Result<()>>>,
}

/// A segment with a complete blob that no object uses yet.
#[derive(Debug)]
pub(crate) struct NewSegment {
    pub(super) segment: Segment,
    pub(super) blob: NewBlob,
    md5: Md5Digest,
}

impl BlobWriter {
    /// Starts a new blob, which is encrypted if there is a key.
    pub(super) fn new(blobs: &Arc<Blobs>, key: Option<&CustomerKey>) -> io::Result<Self> {
        let iv = key.map(|_| Iv::random()).transpose()?;
        Ok(Self {
            blobs: Arc::clone(blobs),
            block: Vec::new(),
            sink: match blobs.storage() {
                BlobStorage::Directory { .. } => Sink::NoFile,
                BlobStorage::Memory(_) => Sink::Memory(Vec::new()),
            },
            cipher: key.zip(iv).map(|(key, iv)| Cipher::new(key, iv)),
            iv,
            md5: BlobMd5::new(),
            size: 0,
        })
    }

    pub(crate) async fn write(&mut self, piece: Bytes) -> io::Result<()> {
        self.size += piece.len() as u64;
        let mut rest = &piece[..];
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(rest.len().min(BLOCK - self.block.len()));
            if self.block.len() + head.len() > SMALL {
                // A full block then has no spare memory.
                self.block.reserve_exact(BLOCK - self.block.len());
            }
            self.block.extend_from_slice(head);
            if self.block.len() == BLOCK {
                self.store_block().await?;
            }
            rest = tail;
        }
        Ok(())
    }

    /// Starts to hash and to write the block.
    async fn store_block(&mut self) -> io::Result<()> {
        // An error, or a request that ends, leaves the sink broken.
        let sink = std::mem::replace(&mut self.sink, Sink::Broken);
        let block = self.take_block();
        self.md5.add(self.blobs.md5_pool(), block.clone()).await?;
        let block = self.encrypt(block)?;
        self.sink = match sink {
            Sink::NoFile => Sink::File(OpenFile::create(&self.blobs, block).await?),
            Sink::File(mut file) => {
                file.start_write(block).await?;
                Sink::File(file)
            }
            Sink::Memory(mut blocks) => {
                blocks.push(block);
                Sink::Memory(blocks)
            }
            Sink::Broken => return Err(incomplete()),
        };
        Ok(())
    }

    /// Takes the block, without its spare memory.
    fn take_block(&mut self) -> Bytes {
        std::mem::take(&mut self.block).into_boxed_slice().into()
    }

    fn encrypt(&mut self, block: Bytes) -> io::Result<Bytes> {
        match &mut self.cipher {
            None => Ok(block),
            Some(cipher) => cipher.apply(block),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Finishes the blob. Flushes it to disk if the storage requires it.
    pub(crate) async fn finish(mut self) -> io::Result<NewSegment> {
        if self.block.len() > SMALL {
            self.store_block().await?;
        }
        let rest = self.take_block();
        let pool = self.blobs.md5_pool();
        let md5 = std::mem::replace(&mut self.md5, BlobMd5::new());
        let md5 = md5.finish(pool, &rest).await?;
        let rest = self.encrypt(rest)?;
        let blob = match (self.sink, self.blobs.storage()) {
            (Sink::NoFile, BlobStorage::Directory { sync, .. }) => {
                self.blobs.create(rest, *sync).await?.0
            }
            (Sink::File(mut file), BlobStorage::Directory { sync, .. }) => {
                file.start_write(rest).await?;
                file.finish(*sync).await?
            }
            (Sink::Memory(mut blocks), BlobStorage::Memory(_)) => {
                if !rest.is_empty() {
                    blocks.push(rest);
                }
                self.blobs.keep_in_memory(blocks)?
            }
            // The sink always matches the kind of storage.
            _ => return Err(incomplete()),
        };
        Ok(NewSegment {
            segment: Segment {
                blob: blob.id(),
                size: self.size,
                md5: hex(&md5),
                iv: self.iv,
            },
            blob,
            md5,
        })
    }
}

impl OpenFile {
    /// Creates the file of a blob with its first block.
    async fn create(blobs: &Arc<Blobs>, block: Bytes) -> io::Result<Self> {
        let (blob, file) = blobs.create(block, false).await?;
        Ok(Self {
            blob,
            file: Arc::new(file),
            write: None,
        })
    }

    /// Starts to write a block after the previous one. Returns the error of the previous one.
    async fn start_write(&mut self, block: Bytes) -> io::Result<()> {
        self.end_write().await?;
        let file = Arc::clone(&self.file);
        self.write = Some(spawn_blocking(move || (&*file).write_all(&block)));
        Ok(())
    }

    async fn end_write(&mut self) -> io::Result<()> {
        match self.write.take() {
            Some(write) => write.await?,
            None => Ok(()),
        }
    }

    /// Waits for the last write, and flushes the file to disk if `sync` is set.
    async fn finish(mut self, sync: bool) -> io::Result<NewBlob> {
        self.end_write().await?;
        if sync {
            spawn_blocking(move || self.file.sync_all()).await??;
        }
        Ok(self.blob)
    }
}

impl NewSegment {
    /// Returns the MD5 of the blob before encryption.
    pub(crate) fn md5(&self) -> Md5Digest {
        self.md5
    }
}

#[cfg(test)]
mod tests {
    use md5::{Digest as _, Md5};

    use super::super::blobs::OpenBlob;
    use super::*;

    /// Returns the bytes of a blob.
    fn read(blobs: &Blobs, segment: &Segment) -> Vec<u8> {
        match blobs.open(segment.blob).unwrap() {
            OpenBlob::Memory(blocks) => blocks.concat(),
            OpenBlob::File(mut file) => {
                let mut bytes = Vec::new();
                io::Read::read_to_end(&mut file, &mut bytes).unwrap();
                bytes
            }
        }
    }

    #[tokio::test]
    async fn blobs_of_any_size_in_pieces_of_any_size() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let key = CustomerKey::for_tests();
        for blobs in [Blobs::in_memory(0), Blobs::in_directory(path, true, 0)] {
            let blobs = Arc::new(blobs);
            for size in [
                0,
                1,
                SMALL,
                SMALL + 1,
                BLOCK - 1,
                BLOCK,
                BLOCK + 1,
                9 * BLOCK + 7,
            ] {
                let bytes: Vec<u8> = (0..size).map(|byte| (byte % 251) as u8).collect();
                let expected: Md5Digest = Md5::digest(&bytes).into();
                for piece in [1000, SMALL, 3 * BLOCK / 2] {
                    for key in [None, Some(&key)] {
                        let mut writer = BlobWriter::new(&blobs, key).unwrap();
                        for piece in bytes.chunks(piece) {
                            writer.write(piece.to_vec().into()).await.unwrap();
                        }
                        let new = writer.finish().await.unwrap();
                        assert_eq!(new.md5(), expected, "{size} {piece}");
                        assert_eq!(new.segment.md5, hex(&expected));
                        assert_eq!(new.segment.size, size as u64);
                        let stored = read(&blobs, &new.segment).into();
                        let stored = match (key, new.segment.iv) {
                            (Some(key), Some(iv)) => Cipher::new(key, iv).apply(stored).unwrap(),
                            _ => stored,
                        };
                        assert!(stored == bytes, "{size} {piece}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn pieces_are_joined_to_blocks_in_memory() {
        let blobs = Arc::new(Blobs::in_memory(0));
        let mut writer = BlobWriter::new(&blobs, None).unwrap();
        for _ in 0..BLOCK + 1 {
            writer.write(Bytes::from_static(b"x")).await.unwrap();
        }
        let large = vec![b'y'; BLOCK];
        writer.write(large.into()).await.unwrap();
        let segment = writer.finish().await.unwrap();
        let OpenBlob::Memory(blocks) = blobs.open(segment.blob.id()).unwrap() else {
            panic!("blobs are in memory");
        };
        let second = [&b"x"[..], &vec![b'y'; BLOCK - 1]].concat();
        assert_eq!(*blocks, [vec![b'x'; BLOCK], second, b"y".to_vec()]);
    }
}
