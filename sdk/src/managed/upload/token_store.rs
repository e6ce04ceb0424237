//! [`TokenStore`]: passes the resume token to the callback, and writes it to the token file.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use md5::{Digest as _, Md5};

use super::UploadOptions;
use super::resume_token::{CompletedPart, OnToken, ResumeToken};
use crate::base::digest::Digest;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::file_lock::{LockedFile, new_file, open_locked};
use crate::base::fs::regular_file;
use crate::client::Bucket;
use crate::managed::errors;

/// The maximum size of a token file in bytes. A file with 10,000 parts has less than 1 MiB.
const MAX_FILE_SIZE: u64 = 16 << 20;

/// Passes the resume token of an upload to the callback, and writes it to the token file, if the
/// options have them.
pub(super) struct TokenStore {
    on_token: Option<OnToken>,
    file: Option<TokenFile>,
}

/// A token file: one line with the token of the upload without parts, then one line for each part.
/// Thus the cost of adding a part does not grow with the number of parts.
struct TokenFile {
    file: Arc<LockedToken>,
    /// The token of this upload that the file has, until [`TokenStore::save`].
    stored: Option<ResumeToken>,
    /// Whether the file counts as empty if it does not contain a token, for example after a power
    /// failure: the caller has not chosen its name.
    replaces_damaged: bool,
}

/// A locked token file. If it is empty after its last use, it is removed: a thread may still write to it
/// when the upload has been dropped.
struct LockedToken(LockedFile);

impl TokenStore {
    pub(super) async fn open(options: &mut UploadOptions) -> Result<Self> {
        let path = options.token_file.take().filter(|_| options.resumable);
        Ok(Self {
            on_token: options.on_token.take(),
            file: match path {
                Some(path) => Some(TokenFile::open(path, options.replaces_aborted).await?),
                None => None,
            },
        })
    }

    /// Returns the token of an earlier upload to `key`: the token `passed` by the caller, with the parts
    /// that the file adds, or else the token of the file.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if a file of the caller has other content than a token, or if the
    /// file has the token of another key or of another upload than `passed`. The file stays
    /// unchanged.
    pub(super) async fn load(
        &mut self,
        key: &str,
        passed: Option<ResumeToken>,
    ) -> Result<Option<ResumeToken>> {
        match &mut self.file {
            Some(file) => file.load(key, passed).await,
            None => Ok(passed),
        }
    }

    /// Stores the token at the start of an upload. If that fails, the file is empty, or still has the
    /// token of this upload that it had before.
    pub(super) async fn save(&mut self, token: &ResumeToken) -> Result<()> {
        if let Some(file) = &mut self.file {
            match file.stored.take() {
                Some(stored) => file.add_parts(token, &stored).await?,
                None => file.save(token).await?,
            }
        }
        if let Some(on_token) = &self.on_token {
            on_token(token);
        }
        Ok(())
    }

    /// Adds a part to the token and stores the change.
    pub(super) async fn add_part(
        &self,
        token: &mut ResumeToken,
        number: u32,
        part: CompletedPart,
    ) -> Result<()> {
        if token.parts.get(&number) == Some(&part) {
            return Ok(());
        }
        let line = added_line(number, &part);
        token.parts.insert(number, part);
        if let Some(on_token) = &self.on_token {
            on_token(token);
        }
        match &self.file {
            Some(file) => {
                file.blocking(move |mut file| file.write_all(line.as_bytes()))
                    .await
            }
            None => Ok(()),
        }
    }

    /// Flushes the file to the disk. Necessary before an upload is completed: then the service no
    /// longer lists its parts, and a resumed upload recognizes the object only by the token.
    pub(super) async fn sync(&self) -> Result<()> {
        match &self.file {
            Some(file) => file.blocking(File::sync_data).await,
            None => Ok(()),
        }
    }

    /// Forgets the token of an earlier upload, so that a new one can be stored.
    pub(super) async fn clear(&mut self) -> Result<()> {
        match &mut self.file {
            Some(file) => file.clear().await,
            None => Ok(()),
        }
    }

    /// Removes the file after the upload is complete.
    pub(super) async fn remove(&self) -> Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let path = file.path().to_owned();
        file.blocking(move |_| match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io::Error::new(
                error.kind(),
                format!("the object is complete, but the token file cannot be removed: {error}"),
            )),
            _ => Ok(()),
        })
        .await
    }
}

impl TokenFile {
    async fn open(path: PathBuf, replaces_damaged: bool) -> Result<Self> {
        let file = open_locked(&path, &new_file()).await;
        let file = file.map_err(|error| token_error(&path, error))?;
        let Some(file) = file else {
            let text = format!("token file {}: another upload uses it", path.display());
            return Err(Error::new(ErrorKind::Io, text));
        };
        Ok(Self {
            file: Arc::new(LockedToken(file)),
            stored: None,
            replaces_damaged,
        })
    }

    fn path(&self) -> &Path {
        self.file.0.path()
    }

    async fn load(
        &mut self,
        key: &str,
        passed: Option<ResumeToken>,
    ) -> Result<Option<ResumeToken>> {
        let Some(stored) = self.read(key).await? else {
            return Ok(passed);
        };
        let Some(mut token) = passed else {
            self.stored = Some(stored.clone());
            return Ok(Some(stored));
        };
        if stored.upload_id != token.upload_id {
            let path = self.path().display();
            let text = format!("token file {path}: it has the token of another upload");
            return Err(Error::invalid_input(text));
        }
        for (number, part) in &stored.parts {
            token.parts.entry(*number).or_insert_with(|| part.clone());
        }
        // The caller may have changed the token, for example to the new time of the same file. Then
        // its first line is written, too.
        let is_same = stored.part_size == token.part_size
            && stored.length == token.length
            && stored.modified == token.modified;
        self.stored = is_same.then_some(stored);
        Ok(Some(token))
    }

    /// Reads the token of an upload to `key`. Returns `None` if the file is empty.
    async fn read(&self, key: &str) -> Result<Option<ResumeToken>> {
        let read = |file: &File| {
            let mut text = Vec::new();
            file.take(MAX_FILE_SIZE + 1).read_to_end(&mut text)?;
            Ok(text)
        };
        let text = self.blocking(read).await?;
        if text.is_empty() {
            return Ok(None);
        }
        let path = self.path().display();
        let token = match parse(&text) {
            Ok(token) => token,
            Err(_) if self.replaces_damaged => {
                self.blocking(|file| file.set_len(0)).await?;
                return Ok(None);
            }
            Err(error) => {
                let text = format!("token file {path} does not contain a resume token");
                return Err(Error::invalid_input(text).with_source(error));
            }
        };
        if token.key != key {
            let text = format!("token file {path}: its token belongs to `{}`", token.key);
            return Err(Error::invalid_input(text));
        }
        Ok(Some(token))
    }

    async fn clear(&mut self) -> Result<()> {
        self.stored = None;
        self.blocking(|file| file.set_len(0)).await
    }

    async fn save(&self, token: &ResumeToken) -> Result<()> {
        let text = token.to_string();
        let replace = move |mut file: &File| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(text.as_bytes())?;
            // A power failure may lose the lines of parts, because the service can list them. The
            // upload ID cannot be recovered.
            file.sync_all()
        };
        let replace_or_clear = move |file: &File| {
            let replaced = replace(file);
            if replaced.is_err() {
                // The first error is more useful.
                let _ = file.set_len(0);
            }
            replaced
        };
        self.blocking(replace_or_clear).await
    }

    /// Adds the parts of the token that the file lacks: a failure keeps the others.
    async fn add_parts(&self, token: &ResumeToken, stored: &ResumeToken) -> Result<()> {
        let parts = token.parts.iter();
        let lines: String = parts
            .filter(|(number, part)| stored.parts.get(number) != Some(*part))
            .map(|(number, part)| added_line(*number, part))
            .collect();
        match lines.is_empty() {
            true => Ok(()),
            false => {
                self.blocking(move |mut file| file.write_all(lines.as_bytes()))
                    .await
            }
        }
    }

    /// Runs a blocking operation on the file in a thread for blocking work.
    async fn blocking<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let file = Arc::clone(&self.file);
        let result = errors::blocking(move || operation(&file.0)).await?;
        result.map_err(|error| token_error(self.path(), error))
    }
}

/// Returns the text that adds a part to a token file. It starts with the end of the previous line, which
/// may be incomplete.
#[inline]
fn added_line(number: u32, part: &CompletedPart) -> String {
    format!("\n{}", part.to_line(number))
}

#[inline]
fn parse(text: &[u8]) -> Result<ResumeToken> {
    if text.len() as u64 > MAX_FILE_SIZE {
        return Err(Error::invalid_input("the file is too large"));
    }
    String::from_utf8_lossy(text).parse()
}

impl Drop for TokenFile {
    #[inline]
    fn drop(&mut self) {
        self.file.0.end_transfer();
    }
}

impl Drop for LockedToken {
    #[inline]
    fn drop(&mut self) {
        if let Ok(metadata) = self.0.metadata()
            && metadata.len() == 0
        {
            regular_file::remove_if_at(&metadata, self.0.path());
        }
    }
}

fn token_error(path: &Path, error: io::Error) -> Error {
    let text = format!("token file {}: {error}", path.display());
    Error::new(ErrorKind::Io, text).with_source(error)
}

/// Returns the name of the token file of an upload: the same for every version of the file.
#[inline]
pub(in crate::managed) fn token_name(bucket: &Bucket, key: &str, file: &Path) -> Result<String> {
    let path = std::path::absolute(file).map_err(|error| errors::file_error(file, error))?;
    let mut md5 = Md5::new();
    // Another service can have a bucket of the same name.
    let host = &bucket.dispatcher().address.authority;
    let fields = [
        host.as_str().as_bytes(),
        bucket.name().as_bytes(),
        key.as_bytes(),
        path.as_os_str().as_encoded_bytes(),
    ];
    for field in fields {
        // The length separates the fields.
        md5.update((field.len() as u64).to_be_bytes());
        md5.update(field);
    }
    Ok(format!("{}.token", Digest::of(md5)))
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn the_next_upload_waits_for_the_writes_of_one_that_was_dropped() {
        let folder = tempfile::tempdir().unwrap();
        for earlier in ["", "to"] {
            let path = folder.path().join(format!("token{earlier}"));
            let file = TokenFile::open(path.clone(), false).await.unwrap();
            let error = TokenFile::open(path.clone(), false).await.err().unwrap();
            assert!(error.to_string().contains("another upload uses it"));
            let write = file.blocking(|mut file| file.write_all(earlier.as_bytes()));
            write.await.unwrap();
            let started = Instant::now();
            let write = file.blocking(|mut file| {
                thread::sleep(Duration::from_secs(1));
                file.write_all(b"ken")
            });
            assert!(write.now_or_never().is_none());
            drop(file);
            TokenFile::open(path.clone(), false).await.unwrap();
            assert!(started.elapsed() >= Duration::from_secs(1));
            let written = std::fs::read_to_string(path).unwrap();
            assert_eq!(written, format!("{earlier}ken"));
        }
    }

    /// A failure to write the parts must not lose those that only the file has.
    #[tokio::test]
    async fn parts_of_a_passed_token_are_added_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let part = |etag| CompletedPart::new(None, Some(etag));
        let mut passed = ResumeToken {
            bucket: "my-bucket".into(),
            key: "k".into(),
            upload_id: "id".into(),
            part_size: 8 << 20,
            length: None,
            modified: None,
            parts: [(0, part("a"))].into(),
        };
        let stored = format!("{passed}\n1 - b\n2 - c\n3 -");
        passed.parts = [(0, part("a")), (2, part("C")), (4, part("e"))].into();
        std::fs::write(&path, &stored).unwrap();
        let (token, text) = load_and_save(path, passed).await;
        assert_eq!(text, format!("{stored}\n2 - C\n4 - e"));
        assert_eq!(text.parse::<ResumeToken>().unwrap(), token);
    }

    /// Passes a token beside that of a file. Returns the token that is used, and the new text of the file.
    async fn load_and_save(path: PathBuf, passed: ResumeToken) -> (ResumeToken, String) {
        let mut tokens = TokenStore {
            on_token: None,
            file: Some(TokenFile::open(path.clone(), false).await.unwrap()),
        };
        let token = tokens.load("k", Some(passed)).await.unwrap().unwrap();
        tokens.save(&token).await.unwrap();
        (token, std::fs::read_to_string(path).unwrap())
    }

    #[tokio::test]
    async fn a_passed_token_with_other_fields_replaces_that_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let mut passed = ResumeToken {
            bucket: "my-bucket".into(),
            key: "k".into(),
            upload_id: "id".into(),
            part_size: 8 << 20,
            length: Some(9 << 20),
            modified: Some(1),
            parts: [(0, CompletedPart::new(None, Some("a")))].into(),
        };
        std::fs::write(&path, passed.to_string()).unwrap();
        passed.modified = Some(2);
        let (token, text) = load_and_save(path, passed).await;
        assert_eq!(text.parse::<ResumeToken>().unwrap(), token);
        assert_eq!((token.modified, token.parts.len()), (Some(2), 1));
    }

    #[tokio::test]
    async fn a_file_without_a_token_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let file = TokenFile::open(path.clone(), false).await.unwrap();
        assert!(path.exists());
        drop(file);
        assert!(!path.exists());
    }
}
