//! [`Transfers`]: options and progress of the transfers of one command.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{Bucket, ErrorKind, Metadata, SseKey, Upload};
use tokio::sync::OnceCell;

use super::moved_files::MovedFiles;
use crate::arguments::{ObjectOptions, TransferOptions};
use crate::exit::usage;
use crate::location::{Location, Remote};
use crate::messages;
use crate::open_uploads::KeptUploads;
use crate::output::Output;
use crate::progress::Progress;
use crate::session::{Session, read_optional_sse_key};

/// Folder of the tokens of resumable uploads, in the home directory.
const TOKEN_FOLDER: &str = ".qingstor/uploads";

/// Sets the part size, the concurrency and the rate of a transfer. The types of transfers have these
/// methods, but no common trait.
macro_rules! with_limits {
    ($transfer:expr, $options:expr) => {{
        let mut transfer = $transfer;
        if let Some(bytes) = $options.part_size {
            transfer = transfer.part_size(bytes);
        }
        if let Some(parts) = $options.concurrency {
            transfer = transfer.concurrency(parts.into());
        }
        if let Some(bytes) = $options.limit_rate {
            transfer = transfer.max_bytes_per_second(bytes);
        }
        transfer
    }};
}
pub(super) use with_limits;

/// Returns the folder of the tokens of resumable uploads.
///
/// # Errors
///
/// Returns a usage error if the home directory is not known.
pub(super) fn token_folder() -> Result<PathBuf> {
    let home = std::env::home_dir().ok_or_else(|| usage(messages::no_home()))?;
    Ok(home.join(TOKEN_FOLDER))
}

/// State that the transfers of one command share.
pub(super) struct Transfers {
    pub(super) session: Arc<Session>,
    pub(super) output: Arc<Output>,
    pub(super) options: TransferOptions,
    pub(super) properties: Properties,
    pub(super) progress: Progress,
    /// Whether the transfers are those of `mv`.
    pub(super) is_move: bool,
    /// Local files that a move deletes at its end.
    pub(super) moved_files: Arc<MovedFiles>,
    kept_folders: Mutex<Vec<KeptUploads>>,
    /// Whether the bucket of the target exists, once a dry run knows it.
    has_target_bucket: OnceCell<bool>,
}

/// Properties of stored objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Properties {
    pub(super) content_type: Option<String>,
    pub(super) storage_class: Option<StorageClass>,
    pub(super) metadata: Metadata,
    pub(super) sse_key: Option<SseKey>,
}

impl Properties {
    /// Reads the options, and the file with the encryption key.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is not a key.
    pub(super) async fn load(options: &ObjectOptions) -> Result<Self> {
        Ok(Self {
            content_type: options.content_type.clone(),
            storage_class: options.storage_class.as_deref().map(StorageClass::from),
            metadata: options.meta.iter().cloned().collect(),
            sse_key: read_optional_sse_key(options.sse_key.as_deref()).await?,
        })
    }

    /// Returns whether the options change what a copy takes from its source.
    pub(super) fn change_copies(&self) -> bool {
        self.content_type.is_some() || !self.metadata.is_empty() || self.storage_class.is_some()
    }
}

/// Sets the properties of the object that an upload creates.
pub(super) fn with_properties<'a>(mut upload: Upload<'a>, properties: &Properties) -> Upload<'a> {
    if let Some(content_type) = &properties.content_type {
        upload = upload.content_type(content_type);
    }
    if let Some(class) = &properties.storage_class {
        upload = upload.storage_class(class.clone());
    }
    if let Some(key) = &properties.sse_key {
        upload = upload.sse_key(key);
    }
    upload.metadata(properties.metadata.iter())
}

/// Sets the options of the command for an upload.
pub(super) fn configured_upload<'a>(transfers: &Transfers, upload: Upload<'a>) -> Upload<'a> {
    let options = &transfers.options;
    let upload = with_properties(upload, &transfers.properties).verify(transfers.verify());
    let upload = with_limits!(upload, options);
    let progress = transfers.progress.clone();
    upload.on_progress(move |event| progress.advance(event.bytes_delta))
}

/// Adds the size of an object to the progress when it is known.
#[derive(Default)]
pub(super) struct AddTotalOnce(AtomicBool);

impl AddTotalOnce {
    pub(super) fn add(&self, progress: &Progress, total: Option<u64>) {
        if let Some(total) = total
            && !self.0.swap(true, Ordering::Relaxed)
        {
            progress.add_total(total);
        }
    }
}

impl Transfers {
    /// Starts the progress display of a command, unless `prints_content` is set: the command prints
    /// content on a terminal, which the display would overwrite.
    ///
    /// # Errors
    ///
    /// Returns an error if the file with the encryption key is not a key.
    pub(super) async fn start(
        session: &Arc<Session>,
        output: &Arc<Output>,
        options: &TransferOptions,
        object: &ObjectOptions,
        prints_content: bool,
    ) -> Result<Self> {
        let is_shown = !output.quiet() && !options.dry_run && !prints_content;
        let progress = match is_shown && (options.progress || !output.json()) {
            true => Progress::start(options.progress),
            false => Progress::hidden(),
        };
        output.show_progress(progress.clone());
        Ok(Self {
            session: Arc::clone(session),
            output: Arc::clone(output),
            options: options.clone(),
            properties: Properties::load(object).await?,
            progress,
            is_move: false,
            moved_files: Arc::default(),
            kept_folders: Mutex::default(),
            has_target_bucket: OnceCell::new(),
        })
    }

    /// Declares that the command keeps the uploads of objects below a folder if it is interrupted.
    pub(super) fn keep_folder(&self, target: &Remote) {
        let kept = self.session.open_uploads().keep_folder(target);
        let mut folders = self
            .kept_folders
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        folders.push(kept);
    }

    /// Checks that the request for an object, or for one in a folder, is valid, and with one request
    /// that its bucket exists, because a dry run would not find out otherwise, and each file of a folder
    /// would fail. All targets of a command are in one bucket.
    ///
    /// # Errors
    ///
    /// Returns an error if the request would be invalid, if the bucket does not exist, or the error of
    /// the request.
    pub(super) async fn check_stored_target(&self, target: &Location) -> Result<()> {
        let Location::Remote(target) = target else {
            return Ok(());
        };
        let bucket = self.session.bucket(&target.bucket).await?;
        self.check_request(&bucket, target)?;
        if self.session.has_looked_up(&bucket).await {
            return Ok(());
        }
        let exists = self.has_target_bucket.get_or_try_init(|| async {
            match bucket.head().await {
                Ok(_) => Ok(true),
                Err(error) if error.is_not_found() => Ok(false),
                // The caller may be allowed to store objects only.
                Err(error) if error.status().is_some_and(|status| status.as_u16() == 403) => {
                    Ok(true)
                }
                Err(error) => Err(error),
            }
        });
        match exists.await? {
            true => Ok(()),
            false => Err(anyhow!(self.output.no_such_bucket(&target.bucket))),
        }
    }

    /// Checks the key and the properties of an object. Other errors than an invalid value are those of
    /// the requests.
    fn check_request(&self, bucket: &Bucket, target: &Remote) -> Result<()> {
        let key = match target.is_folder() {
            true => format!("{}x", target.key),
            false => target.key.clone(),
        };
        let properties = &self.properties;
        let mut call = bucket.put_object(key).metadata(properties.metadata.iter());
        if let Some(content_type) = &properties.content_type {
            call = call.content_type(content_type);
        }
        if let Some(class) = &properties.storage_class {
            call = call.storage_class(class.clone());
        }
        match call.build() {
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                Err(anyhow!(error.message().to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether checksums are compared.
    pub(super) fn verify(&self) -> bool {
        !self.options.verification.no_verify
    }

    /// Ends the progress display.
    pub(super) fn finish(&self) {
        self.progress.clear();
        self.output.show_progress(Progress::hidden());
    }
}
