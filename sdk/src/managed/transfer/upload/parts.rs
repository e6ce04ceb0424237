//! One part on its way, checked.

use std::sync::Arc;

use super::input::Content;
use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result};
use crate::client::Bucket;
use crate::generated::operations::UploadMultipartInput;
use crate::managed::transfer::about;
use crate::managed::transfer::customer::Customer;
use crate::managed::transfer::token::DonePart;
use crate::managed::transfer::watch::{Gauges, Watch};
use crate::message::body::Body;

/// How often content is sent if the service stores other bytes than those sent, or does not say.
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
            let result = self.bucket.call(input).await;
            if let Some(output) = tries.check(self, result, |output| output.etag.as_deref())? {
                return Ok(DonePart::new(tries.digest(), output.etag.as_deref()));
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

/// Sends content until the service stores what was sent, at most [`TRIES`] times.
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

    /// Returns the digest of what was sent.
    pub(super) fn digest(&self) -> Digest {
        self.watch.digest()
    }

    /// Returns the output if its entity tag confirms that the service stores what was sent. `None`
    /// asks for another try.
    ///
    /// # Errors
    ///
    /// Those of the call; `Integrity` if no try is left.
    pub(super) fn check<T>(
        &self,
        sender: &Sender,
        result: Result<T>,
        etag: impl FnOnce(&T) -> Option<&str>,
    ) -> Result<Option<T>> {
        let wrong = match result {
            Ok(output) => match self.contradiction(sender, etag(&output).unwrap_or_default()) {
                Some(text) => {
                    let error = Error::new(ErrorKind::Integrity, text);
                    about(error, &sender.bucket, &sender.key, self.operation)
                }
                None => {
                    self.watch.confirm();
                    return Ok(Some(output));
                }
            },
            Err(error) => error,
        };
        // What was sent does not count.
        self.watch.take_back();
        match wrong.kind() {
            ErrorKind::Integrity if self.left > 0 => Ok(None),
            _ => Err(wrong),
        }
    }

    /// Returns what the entity tag says against the stored bytes. A tag that is not an MD5, or that
    /// of content encrypted with a customer-provided key, says nothing about them.
    fn contradiction(&self, sender: &Sender, etag: &str) -> Option<String> {
        if !entity_tag::is_set(etag) {
            let text = "the response has no ETag, so the stored bytes cannot be verified";
            return Some(text.into());
        }
        let ours = self.digest();
        let theirs = Digest::of_stored(etag).filter(|_| !sender.customer.is_there())?;
        (theirs != ours)
            .then(|| format!("{ours} was sent, but the service stored other bytes: ETag {etag}"))
    }
}
