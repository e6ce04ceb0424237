//! An upload from its beginning to its end.

use std::sync::Arc;

use super::input::{Content, Input};
use super::multipart::{Multipart, Start};
use super::parts::{Sender, Tries};
use super::token_file::Keeper;
use super::{Attributes, Upload, UploadOutput};
use crate::base::error::{Error, Result};
use crate::generated::operations::{InitiateMultipartUploadInput, PutObjectInput};
use crate::managed::transfer::limit::Limiter;
use crate::managed::transfer::plan::{MAX_PART, Plan};
use crate::managed::transfer::progress::Meter;
use crate::managed::transfer::source::Kind;
use crate::managed::transfer::token::ResumeToken;
use crate::managed::transfer::watch::Gauges;
use crate::managed::transfer::{about, check_settings, content_type};

impl Upload<'_> {
    pub(super) async fn run(self) -> Result<UploadOutput> {
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        let result = self.carry_out().await;
        result.map_err(|error| about(error, &bucket, &key, "PutObject"))
    }

    async fn carry_out(mut self) -> Result<UploadOutput> {
        self.check()?;
        if self.options.attributes.content_type.is_none() {
            let file = match &self.source.0 {
                Kind::Path(path) => Some(path.as_path()),
                _ => None,
            };
            let guess = content_type::guess(&self.key, file);
            self.options.attributes.content_type = Some(guess.into());
        }
        let mut keeper = Keeper::open(&mut self.options).await?;
        if self.token.is_none() {
            self.token = keeper.earlier(&self.key).await?;
        }
        let mut input = Input::open(self.source).await?;
        let options = &mut self.options;
        let meter = options.on_progress.take();
        let limiter = options.max_bytes_per_second.map(Limiter::new);
        let sender = Arc::new(Sender {
            bucket: self.bucket,
            key: self.key,
            customer: std::mem::take(&mut options.customer),
            content_md5: options.content_md5,
            gauges: Gauges {
                meter: meter.map(|tell| Arc::new(Meter::new(tell, input.len))),
                limiter: limiter.map(Arc::new),
            },
        });
        if let Some(token) = self.token {
            check_token(&token, &sender, &input)?;
            let upload = Multipart::new(sender, input, self.options, keeper);
            return upload.run(Start::Resumed(token)).await;
        }
        let plan = Plan::new(options.part_size, input.len)?;
        let is_small = |len| len <= options.multipart_threshold;
        let first = if input.is_stream() {
            let first = input.part(plan.size(0)?).await?;
            if input.is_over().await? {
                return sender.put(&options.attributes, first).await;
            }
            first
        } else if input.len.is_some_and(is_small) {
            let all = input.part(MAX_PART).await?;
            let output = sender.put(&options.attributes, all).await?;
            input.check_unchanged().await?;
            return Ok(output);
        } else {
            None
        };
        let upload = Multipart::new(sender, input, self.options, keeper);
        upload.run(Start::New { plan, first }).await
    }

    fn check(&self) -> Result<()> {
        let options = &self.options;
        check_settings(options.concurrency, options.max_bytes_per_second)?;
        if options.multipart_threshold > MAX_PART {
            let text = "multipart_threshold: must be at most 5 GiB, the limit of one request";
            return Err(Error::invalid_input(text));
        }
        Ok(())
    }
}

/// Refuses a token that belongs to something else than this source.
fn check_token(token: &ResumeToken, sender: &Sender, input: &Input<'_>) -> Result<()> {
    if token.bucket != sender.bucket.name() {
        return Err(Error::invalid_input(format!(
            "the token belongs to bucket `{}`",
            token.bucket
        )));
    }
    if let (Some(then), Some(now)) = (token.length, input.len)
        && then != now
    {
        return Err(Error::invalid_input(format!(
            "the source has {now} bytes; it had {then} when the upload started"
        )));
    }
    if let (Some(then), Some(now)) = (token.modified, input.modified)
        && then != now
    {
        let text = "the source file has changed since the upload started";
        return Err(Error::invalid_input(text));
    }
    Ok(())
}

impl Sender {
    /// Stores small content by one request.
    async fn put(&self, attributes: &Attributes, content: Option<Content>) -> Result<UploadOutput> {
        let content = content.unwrap_or_else(Content::empty);
        let content_md5 = self.content_md5(&content).await?;
        let mut tries = Tries::new("PutObject");
        let output = loop {
            let mut input = PutObjectInput::new(&self.key);
            attributes.put(&mut input);
            self.customer.put(&mut input);
            input.content_md5.clone_from(&content_md5);
            input.body = Some(tries.body(self, &content));
            let result = self.bucket.call(input).await;
            if let Some(output) = tries.check(self, result, |output| Some(&output.etag))? {
                break output;
            }
        };
        Ok(UploadOutput {
            request_id: output.request_id().map(str::to_owned),
            etag: output.etag,
            version_id: output.version_id,
            upload_id: None,
            parts: 1,
            bytes: content.len(),
        })
    }
}

macro_rules! write_to {
    ($($name:ident: $input:ty,)*) => {
        impl Attributes {
            $(
                pub(super) fn $name(&self, input: &mut $input) {
                    let Self {
                        content_type,
                        storage_class,
                        metadata,
                        cache_control,
                        content_disposition,
                        content_encoding,
                        expires,
                    } = self.clone();
                    input.content_type = content_type;
                    input.storage_class = storage_class;
                    input.metadata = metadata;
                    input.cache_control = cache_control;
                    input.content_disposition = content_disposition;
                    input.content_encoding = content_encoding;
                    input.expires = expires;
                }
            )*
        }
    };
}

write_to! {
    put: PutObjectInput,
    initiate: InitiateMultipartUploadInput,
}
