//! Who keeps the token of a running upload: the caller, and the file that it stands in.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::{OnToken, Options};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::file_lock::{claim, new_file};
use crate::managed::transfer::joined;
use crate::managed::transfer::token::{DonePart, ResumeToken};

/// The longest token file that is read, in bytes. That of 10,000 parts has less than 1 MiB.
const MAX_FILE: u64 = 16 << 20;

/// Keeps the token of a running upload.
pub(super) struct Keeper {
    on_token: Option<OnToken>,
    file: Option<TokenFile>,
}

/// The file that the token stands in: what it was at the beginning as a line of text, and behind it
/// a line for each part that is done. What is written with a part does not grow with their number.
/// One without anything in it goes away on drop.
struct TokenFile {
    path: PathBuf,
    file: Arc<File>,
    /// Whether the token that the upload began with stands in it.
    begun: bool,
}

impl Keeper {
    /// Takes what the options say of it.
    pub(super) async fn open(options: &mut Options) -> Result<Self> {
        let path = options.token_file.take().filter(|_| options.resumable);
        Ok(Self {
            on_token: options.on_token.take(),
            file: match path {
                Some(path) => Some(TokenFile::open(path).await?),
                None => None,
            },
        })
    }

    /// The token that an earlier upload to `key` left in the file, if there is one.
    pub(super) async fn earlier(&mut self, key: &str) -> Result<Option<ResumeToken>> {
        match &mut self.file {
            Some(file) => file.read(key).await,
            None => Ok(None),
        }
    }

    /// The upload begins with this token.
    pub(super) async fn begin(&mut self, token: &ResumeToken) -> Result<()> {
        if let Some(keep) = &self.on_token {
            keep(token);
        }
        match &mut self.file {
            Some(file) if !file.begun => file.begin(token).await,
            _ => Ok(()),
        }
    }

    /// Adds a part that is done, unless the token has it.
    pub(super) async fn add(
        &self,
        token: &mut ResumeToken,
        number: u32,
        part: DonePart,
    ) -> Result<()> {
        if token.parts.get(&number) == Some(&part) {
            return Ok(());
        }
        let line = format!("\n{}", part.line(number));
        token.parts.insert(number, part);
        if let Some(keep) = &self.on_token {
            keep(token);
        }
        match &self.file {
            Some(file) => {
                file.work(move |mut file| file.write_all(line.as_bytes()))
                    .await
            }
            None => Ok(()),
        }
    }

    /// Has all that was written on the disk: once the upload is complete, the service knows its
    /// parts no more, and they are what its object is told by.
    pub(super) async fn settle(&self) -> Result<()> {
        match &self.file {
            Some(file) => file.work(File::sync_data).await,
            None => Ok(()),
        }
    }

    /// Removes the file: the object is complete, and there is nothing left to go on with.
    pub(super) async fn forget(&self) -> Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let path = file.path.clone();
        file.work(move |_| match std::fs::remove_file(path) {
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
    async fn open(path: PathBuf) -> Result<Self> {
        let file = claim(&path, &new_file()).await;
        let file = file.map_err(|error| failed(&path, error))?;
        let Some(file) = file else {
            let text = format!("token file {}: another upload uses it", path.display());
            return Err(Error::new(ErrorKind::Io, text));
        };
        Ok(Self {
            path,
            file: Arc::new(file),
            begun: false,
        })
    }

    async fn read(&mut self, key: &str) -> Result<Option<ResumeToken>> {
        let read = |file: &File| {
            let mut text = Vec::new();
            file.take(MAX_FILE + 1).read_to_end(&mut text)?;
            Ok(text)
        };
        let text = self.work(read).await?;
        if text.is_empty() {
            return Ok(None);
        }
        let path = self.path.display();
        let refused =
            || Error::invalid_input(format!("token file {path} does not contain a resume token"));
        if text.len() as u64 > MAX_FILE {
            return Err(refused());
        }
        let token: ResumeToken = String::from_utf8_lossy(&text)
            .parse()
            .map_err(|error| refused().with_source(error))?;
        if token.key != key {
            let text = format!("token file {path}: its token belongs to `{}`", token.key);
            return Err(Error::invalid_input(text));
        }
        self.begun = true;
        Ok(Some(token))
    }

    async fn begin(&mut self, token: &ResumeToken) -> Result<()> {
        let text = token.to_string();
        self.work(move |mut file| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(text.as_bytes())?;
            // A power cut may take the lines of parts, of which the service knows until the end. Of
            // the upload nobody else knows.
            file.sync_all()
        })
        .await?;
        self.begun = true;
        Ok(())
    }

    /// Works on the file where that holds up nobody.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let file = Arc::clone(&self.file);
        let done = joined(spawn_blocking(move || work(&file)).await)?;
        done.map_err(|error| failed(&self.path, error))
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        if self.file.metadata().is_ok_and(|data| data.len() == 0) {
            // There is nobody left to tell.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn failed(path: &Path, error: io::Error) -> Error {
    let text = format!("token file {}: {error}", path.display());
    Error::new(ErrorKind::Io, text).with_source(error)
}
