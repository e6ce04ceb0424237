//! One part on its way, checked.

use std::sync::Arc;

use super::input::Content;
use crate::body::Body;
use crate::client::Bucket;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::generated::operations::UploadMultipartInput;
use crate::tasks::transfer::about;
use crate::tasks::transfer::customer::Customer;
use crate::tasks::transfer::token::DonePart;
use crate::tasks::transfer::watch::{Gauges, Watch};

/// How often content is sent when the service holds other bytes than were sent.
const TRIES: u32 = 2;

/// What the parts of an upload share.
pub(super) struct Sender {
    pub(super) bucket: Bucket,
    pub(super) key: String,
    pub(super) customer: Customer,
    pub(super) content_md5: bool,
    pub(super) gauges: Gauges,
}

/// A part that the service holds from an earlier process.
#[derive(Clone, Debug)]
pub(super) struct Present {
    pub(super) size: Option<u64>,
    pub(super) etag: String,
    /// What the token says of it, if the source is certainly what it was.
    pub(super) trusted: Option<DonePart>,
}

/// A part that is done.
pub(super) struct Done {
    pub(super) number: u32,
    pub(super) part: DonePart,
}

impl Sender {
    /// Sends a part, unless the service holds the same bytes already.
    pub(super) async fn part(
        self: Arc<Self>,
        upload_id: Arc<str>,
        number: u32,
        content: Content,
        present: Option<Present>,
    ) -> Result<Done> {
        let part = match self.found(&content, present).await? {
            Some(part) => part,
            None => self.send_part(&upload_id, number, &content).await?,
        };
        Ok(Done { number, part })
    }

    async fn found(&self, content: &Content, present: Option<Present>) -> Result<Option<DonePart>> {
        let Some(present) = present.filter(|part| part.size == Some(content.len())) else {
            return Ok(None);
        };
        let part = match present.trusted {
            Some(part) if part.etag().eq_ignore_ascii_case(&present.etag) => part,
            _ => {
                let Some(theirs) = Digest::from_etag(&present.etag) else {
                    return Ok(None);
                };
                if content.digest().await? != theirs {
                    return Ok(None);
                }
                DonePart::new(theirs, None)
            }
        };
        if let Some(meter) = &self.gauges.meter {
            meter.found(content.len());
        }
        Ok(Some(part))
    }

    async fn send_part(&self, upload_id: &str, number: u32, content: &Content) -> Result<DonePart> {
        let content_md5 = self.content_md5(content).await?;
        let mut tries = Tries::new("UploadMultipart");
        loop {
            let mut input = UploadMultipartInput::new(&self.key, upload_id, number);
            self.customer.part(&mut input);
            input.content_md5.clone_from(&content_md5);
            input.body = Some(tries.body(self, content));
            let output = tries.answer(self.bucket.call(input).await)?;
            if let Some(digest) = tries.arrived(self, output.etag.as_deref())? {
                return Ok(DonePart::new(digest, output.etag.as_deref()));
            }
        }
    }

    /// The value of `Content-MD5`, if it is wanted.
    pub(super) async fn content_md5(&self, content: &Content) -> Result<Option<String>> {
        Ok(match self.content_md5 {
            true => Some(content.digest().await?.base64()),
            false => None,
        })
    }
}

/// Sends content until what arrived is what was sent, but not for ever.
pub(super) struct Tries {
    operation: &'static str,
    left: u32,
    watch: Watch,
}

impl Tries {
    pub(super) fn new(operation: &'static str) -> Self {
        Self {
            operation,
            left: TRIES,
            watch: Watch::new(Gauges::default()),
        }
    }

    /// The body of the next try.
    pub(super) fn body(&mut self, sender: &Sender, content: &Content) -> Body {
        self.left -= 1;
        self.watch = Watch::new(sender.gauges.clone());
        let body = content.body();
        match content.len() {
            // The end of an empty body is known before anybody could watch it.
            0 => body,
            _ => body.tapped(Arc::new(self.watch.clone())),
        }
    }

    /// What was sent does not count if the call failed.
    pub(super) fn answer<T>(&self, answer: Result<T>) -> Result<T> {
        if answer.is_err() {
            self.watch.take_back();
        }
        answer
    }

    /// The digest of what was sent, if the entity tag of what arrived does not differ from it.
    /// `None` asks for another try.
    pub(super) fn arrived(&self, sender: &Sender, etag: Option<&str>) -> Result<Option<Digest>> {
        let ours = self.watch.digest();
        let theirs = etag.and_then(Digest::from_etag);
        let theirs = theirs.filter(|_| !sender.customer.is_there());
        match theirs {
            Some(theirs) if theirs != ours => self.watch.take_back(),
            _ => {
                self.watch.confirm();
                return Ok(Some(ours));
            }
        }
        if self.left > 0 {
            return Ok(None);
        }
        let etag = etag.unwrap_or_default();
        let text =
            format!("{ours} was sent, but the service holds other bytes: its ETag is {etag}");
        let error = Error::new(ErrorKind::Integrity, text);
        Err(about(error, &sender.bucket, &sender.key, self.operation))
    }
}
