//! Starts an upload: with one request, with a new multipart upload, or by resuming one.

use std::pin::pin;
use std::sync::Arc;

use super::earlier_upload::EarlierUpload;
use super::multipart::{MultipartStart, MultipartUpload};
use super::part_content::Part;
use super::part_reader::PartReader;
use super::source::SourceKind;
use super::token_store::{TokenStore, token_name};
use super::uploader::Uploader;
use super::{Upload, UploadOutput, content_type};
use crate::base::error::{Error, Result};
use crate::base::runtime;
use crate::client::spans::TransferSpan;
use crate::client::transfer_budget::Lane;
use crate::managed::errors::{blocking, create_folder, with_object};
use crate::managed::file_metadata::{insert_modified, insert_part_size};
use crate::managed::multipart_guard::is_upload_gone;
use crate::managed::part_sizes::{MAX_PART_SIZE, PartSizes, check_multipart_threshold};
use crate::message::sse::SseInput;

impl Upload<'_> {
    pub(super) async fn run(self) -> Result<UploadOutput> {
        let (bucket, key) = (self.bucket.clone(), self.options.object.key.clone());
        let span = TransferSpan::start("Upload", &bucket.dispatcher().address, Some(&key));
        let result = span.run(pin!(self.start())).await;
        result.map_err(|error| with_object(error, &bucket, &key, "PutObject"))
    }

    async fn start(mut self) -> Result<UploadOutput> {
        runtime::current()?;
        self.check_options()?;
        self.complete_attributes();
        let options = &mut self.options;
        let token_folder = options.token_folder.take();
        if let Some(folder) = token_folder.filter(|_| options.resumable) {
            let SourceKind::Path(path) = &self.source.0 else {
                let text = "token_folder: only the upload of a path can have its token there";
                return Err(Error::invalid_input(text));
            };
            let name = token_name(&self.bucket, &options.object.key, path)?;
            options.token_file = Some(folder.join(name));
            options.replaces_aborted = true;
            blocking(move || create_folder(&folder)).await??;
        }
        let mut tokens = TokenStore::open(options).await?;
        // The caller's token is an error if the source has changed. A stored one is replaced.
        let is_replaced = self.token.is_none();
        let token = tokens.load(&options.object.key, self.token).await?;
        let needs_md5 = options.transfer.verify || options.compute_content_md5;
        let pool = needs_md5.then(|| self.bucket.md5_pool());
        let memory = &self.bucket.transfer_budget().memory;
        let mut reader = PartReader::open(self.source, memory, pool).await?;
        if options.file_metadata
            && let (Some(len), true) = (reader.len, reader.is_file())
        {
            let metadata = &mut options.object.metadata;
            insert_modified(metadata, reader.modified);
            if len > options.multipart_threshold {
                insert_part_size(metadata, options.transfer.part_size, len);
            }
        }
        let uploader = Arc::new(Uploader {
            concurrency: options.transfer.concurrency(Lane::Uploads, &self.bucket),
            md5_pool: self.bucket.md5_pool().clone(),
            bucket: self.bucket,
            object: options.object.clone(),
            sse_key: options.transfer.sse_key.take(),
            verify: options.transfer.verify,
            compute_content_md5: options.compute_content_md5,
            monitor: options.transfer.monitor(reader.len),
        });
        if let Some(token) = token {
            let earlier = EarlierUpload::find(&uploader, &mut reader, token, is_replaced).await;
            let earlier = match earlier {
                Err(error) if options.replaces_aborted && is_upload_gone(&error) => {
                    EarlierUpload::Outdated
                }
                earlier => earlier?,
            };
            match earlier {
                EarlierUpload::Unfinished { token, stored } => {
                    let upload = MultipartUpload::new(uploader, reader, self.options, tokens);
                    return upload.run(MultipartStart::Resume { token, stored }).await;
                }
                EarlierUpload::Complete(output) => {
                    tokens.remove().await?;
                    return Ok(output);
                }
                EarlierUpload::Outdated => tokens.clear().await?,
            }
        }
        let sizes = PartSizes::new(options.transfer.part_size, reader.len)?;
        let mut first = None;
        if reader.is_stream() {
            first = reader.part(sizes.size(0)?).await?;
            if reader.is_at_end().await? {
                return uploader.put_object(first.unwrap_or_else(Part::empty)).await;
            }
        } else if reader
            .len
            .is_some_and(|len| len <= options.multipart_threshold)
        {
            let part = reader.part(MAX_PART_SIZE).await?;
            let result = uploader.put_object(part.unwrap_or_else(Part::empty)).await;
            let outcome = "the object was replaced, perhaps by a mixture of both contents";
            return reader.check_result(result, outcome).await;
        }
        let upload = MultipartUpload::new(uploader, reader, self.options, tokens);
        upload.run(MultipartStart::New { sizes, first }).await
    }

    #[inline]
    fn check_options(&self) -> Result<()> {
        self.options.transfer.check()?;
        check_multipart_threshold(self.options.multipart_threshold)
    }

    /// Adds the attributes that are derived from other options.
    #[inline]
    fn complete_attributes(&mut self) {
        let object = &mut self.options.object;
        object.set_sse_key(self.options.transfer.sse_key.as_ref());
        if object.content_type.is_none() {
            let file = match &self.source.0 {
                SourceKind::Path(path) => Some(path.as_path()),
                _ => None,
            };
            object.content_type = Some(content_type::guess(&object.key, file).into());
        }
    }
}
