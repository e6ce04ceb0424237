//! Who is told the token of a running upload, and the file that it stands in.

use std::io;
use std::path::Path;

use tokio::task::spawn_blocking;

use super::Options;
use crate::error::{Error, ErrorKind, Result};
use crate::tasks::transfer::joined;
use crate::tasks::transfer::token::ResumeToken;
use crate::temporary;

impl Options {
    /// The token that an earlier upload to `key` left in its file, if there is one.
    pub(super) async fn earlier(&self, key: &str) -> Result<Option<ResumeToken>> {
        let Some(path) = &self.token_file else {
            return Ok(None);
        };
        let text = match tokio::fs::read_to_string(path).await {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(path, error)),
        };
        let token: ResumeToken = text.parse().map_err(|error| {
            let text = format!("{}: it holds no resume token", path.display());
            Error::invalid_input(text).with_source(error)
        })?;
        if token.key != key {
            let text = format!("{}: its token belongs to `{}`", path.display(), token.key);
            return Err(Error::invalid_input(text));
        }
        Ok(Some(token))
    }

    /// Tells the token to whoever wants to keep it.
    pub(super) async fn tell(&self, token: &ResumeToken) -> Result<()> {
        if let Some(keep) = &self.on_token {
            keep(token);
        }
        if self.token_file.is_none() {
            return Ok(());
        }
        let text = token.to_string();
        self.at_token_file(move |path| temporary::replace(path, text.as_bytes()))
            .await
    }

    /// Removes the file: there is nothing left to go on with.
    pub(super) async fn forget(&self) -> Result<()> {
        self.at_token_file(temporary::remove).await
    }

    async fn at_token_file(
        &self,
        work: impl FnOnce(&Path) -> io::Result<()> + Send + 'static,
    ) -> Result<()> {
        let Some(path) = self.token_file.clone().filter(|_| self.resumable) else {
            return Ok(());
        };
        let done = spawn_blocking(move || work(&path).map_err(|error| failed(&path, error)));
        joined(done.await)?
    }
}

fn failed(path: &Path, error: io::Error) -> Error {
    let text = format!("token file {}: {error}", path.display());
    Error::new(ErrorKind::Io, text).with_source(error)
}
