//! A multipart upload: begin or go on, send parts side by side, complete; or give it up.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::input::{Content, Input};
use super::parts::{Done, Present, Sender};
use super::token_file::Keeper;
use super::{Options, UploadOutput};
use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::error::{Error, Result};
use crate::call::Call;
use crate::generated::operations::{
    HeadObjectInput, HeadObjectOutput, InitiateMultipartUploadInput,
};
use crate::generated::types::ObjectPart;
use crate::managed::pending::{Completed, Pending, is_gone};
use crate::managed::transfer::joined;
use crate::managed::transfer::plan::{MAX_PARTS, Plan, check_total};
use crate::managed::transfer::token::ResumeToken;

/// Where an upload begins.
pub(super) enum Start {
    New { plan: Plan, first: Option<Content> },
    Resumed(ResumeToken),
}

/// A multipart upload under way.
pub(super) struct Multipart<'a> {
    sender: Arc<Sender>,
    input: Input<'a>,
    options: Options,
    keeper: Keeper,
}

/// What the loop waits for.
enum Event {
    Done(Done),
    Read(Option<Content>),
    Idle,
}

impl<'a> Multipart<'a> {
    pub(super) fn new(
        sender: Arc<Sender>,
        input: Input<'a>,
        options: Options,
        keeper: Keeper,
    ) -> Self {
        Self {
            sender,
            input,
            options,
            keeper,
        }
    }

    pub(super) async fn run(mut self, start: Start) -> Result<UploadOutput> {
        let (mut pending, mut token, plan, first, present) = match start {
            Start::New { plan, first } => {
                let pending = self.initiate().await?;
                let token = self.token(&pending, plan);
                (pending, token, plan, first, BTreeMap::new())
            }
            Start::Resumed(token) => match self.present(&token).await {
                Ok(present) => {
                    let plan = Plan::new(token.part_size, token.length)?;
                    (self.pending(&token), token, plan, None, present)
                }
                Err(error) => return self.finished_before(token, error).await,
            },
        };
        token.parts.retain(|number, _| present.contains_key(number));
        if self.options.resumable {
            pending.keep();
        }
        let result = match self.send(&mut token, plan, first, present).await {
            Ok(bytes) => self.sender.complete(&mut pending, &token, bytes).await,
            Err(error) => Err(error),
        };
        let error = match result {
            Ok(output) => {
                self.keeper.forget().await?;
                return Ok(output);
            }
            Err(error) => error,
        };
        if self.options.resumable {
            return Err(error.with_resume_token(token));
        }
        match pending.give_up().await {
            Ok(()) => Err(error),
            // What could not be given up can be gone on with.
            Err(_) => {
                pending.keep();
                Err(error.with_resume_token(token))
            }
        }
    }

    /// Begins the upload.
    async fn initiate(&mut self) -> Result<Pending> {
        let sender = &self.sender;
        let mut input = InitiateMultipartUploadInput::new(&sender.key);
        self.options.attributes.initiate(&mut input);
        sender.customer.initiate(&mut input);
        Pending::begin(&sender.bucket, sender.bucket.call(input)).await
    }

    /// What another process needs to go on with an upload that has just begun.
    fn token(&self, pending: &Pending, plan: Plan) -> ResumeToken {
        ResumeToken {
            bucket: self.sender.bucket.name().to_owned(),
            key: self.sender.key.clone(),
            upload_id: pending.upload_id().to_owned(),
            part_size: plan.part_size(),
            length: self.input.len,
            modified: self.input.modified,
            parts: BTreeMap::new(),
        }
    }

    /// An upload of an earlier process.
    fn pending(&self, token: &ResumeToken) -> Pending {
        let (bucket, key) = (self.sender.bucket.clone(), self.sender.key.clone());
        Pending::new(bucket, key, token.upload_id.clone(), Handle::current())
    }

    /// The parts that the service holds.
    async fn present(&mut self, token: &ResumeToken) -> Result<BTreeMap<u32, Present>> {
        // What is a file of the same length and time, or else was never said to have a time, is
        // trusted; other content is looked at.
        let unchanged = token.modified.is_some() && token.modified == self.input.modified;
        let mut present = BTreeMap::new();
        let mut after = None;
        loop {
            let bucket = &self.sender.bucket;
            let mut call = bucket
                .list_multipart(&token.key, &token.upload_id)
                .limit(1000);
            call.input.part_number_marker = after;
            let page = call.await?.object_parts;
            let Some(last) = page.iter().map(|part| part.part_number).max() else {
                return Ok(present);
            };
            // A list that does not move on, or goes beyond the last possible part, would never end.
            if after.is_some_and(|after| last <= after || after >= MAX_PARTS) {
                return Ok(present);
            }
            after = Some(last);
            present.extend(page.into_iter().map(|part| {
                let trusted = token.parts.get(&part.part_number).filter(|_| unchanged);
                let known = Present {
                    size: part.size,
                    etag: part.etag.unwrap_or_default().trim_matches('"').to_owned(),
                    trusted: trusted.cloned(),
                };
                (part.part_number, known)
            }));
        }
    }

    /// The upload is not there: perhaps the earlier process completed it and did not live to see
    /// the answer.
    async fn finished_before(&mut self, token: ResumeToken, error: Error) -> Result<UploadOutput> {
        if !is_gone(&error) {
            // It is there still, for all that is known.
            return Err(error.with_resume_token(token));
        }
        if token.parts.is_empty() {
            return Err(error);
        }
        match self.sender.head().send().await {
            Ok(head) if is_made_of(&token, token.length, &head) => {
                self.keeper.forget().await?;
                Ok(found(&token, head))
            }
            Err(unseen) if !unseen.is_not_found() => Err(unseen.with_resume_token(token)),
            _ => Err(error),
        }
    }

    /// Sends all parts; gives the length of them all. No task of it is left afterwards.
    async fn send(
        &mut self,
        token: &mut ResumeToken,
        plan: Plan,
        first: Option<Content>,
        present: BTreeMap<u32, Present>,
    ) -> Result<u64> {
        self.keeper.begin(token).await?;
        let mut tasks = JoinSet::new();
        let bytes = self.send_by(&mut tasks, token, plan, first, present).await;
        tasks.shutdown().await;
        let bytes = bytes?;
        self.input.check_unchanged().await?;
        self.keeper.settle().await?;
        Ok(bytes)
    }

    async fn send_by(
        &mut self,
        tasks: &mut JoinSet<Result<Done>>,
        token: &mut ResumeToken,
        plan: Plan,
        first: Option<Content>,
        mut present: BTreeMap<u32, Present>,
    ) -> Result<u64> {
        let upload_id: Arc<str> = token.upload_id.as_str().into();
        let (mut waiting, mut ended, mut bytes, mut number) = (first, false, 0_u64, 0_u32);
        loop {
            if tasks.len() < self.options.concurrency
                && let Some(content) = waiting.take()
            {
                bytes += content.len();
                check_total(bytes)?;
                let (sender, id) = (Arc::clone(&self.sender), Arc::clone(&upload_id));
                tasks.spawn(sender.part(id, number, content, present.remove(&number)));
                number += 1;
            }
            let mut wanted = None;
            if waiting.is_none() && !ended {
                match plan.size(number) {
                    Ok(size) => wanted = Some(size),
                    // All numbers are used up, and all bytes, too.
                    Err(_) if self.input.is_over().await? => ended = true,
                    Err(error) => return Err(error),
                }
            }
            match poll_fn(|cx| poll_event(cx, tasks, &mut self.input, wanted)).await? {
                Event::Done(done) => self.keeper.add(token, done.number, done.part).await?,
                Event::Read(Some(content)) => waiting = Some(content),
                Event::Read(None) => ended = true,
                Event::Idle => break,
            }
        }
        // An earlier process may have sent parts that the source no longer has.
        token.parts.retain(|done, _| *done < number);
        Ok(bytes)
    }
}

/// A part that is done, or the next one of the source if it is wanted; the first failure of either.
fn poll_event(
    cx: &mut Context<'_>,
    tasks: &mut JoinSet<Result<Done>>,
    input: &mut Input<'_>,
    wanted: Option<u64>,
) -> Poll<Result<Event>> {
    let idle = match tasks.poll_join_next(cx) {
        Poll::Ready(Some(done)) => {
            return Poll::Ready(joined(done).and_then(|done| done).map(Event::Done));
        }
        Poll::Ready(None) => true,
        Poll::Pending => false,
    };
    if let Some(size) = wanted {
        return input.poll_part(cx, size).map(|part| part.map(Event::Read));
    }
    if idle {
        return Poll::Ready(Ok(Event::Idle));
    }
    Poll::Pending
}

impl Sender {
    /// Makes the object of its parts.
    async fn complete(
        &self,
        pending: &mut Pending,
        token: &ResumeToken,
        bytes: u64,
    ) -> Result<UploadOutput> {
        let etag = etag_of(token);
        let parts = token
            .parts
            .iter()
            .map(|(number, part)| ObjectPart::new(*number).etag(part.etag()));
        let call = self
            .bucket
            .complete_multipart_upload(&self.key, &token.upload_id, parts)
            .etag(&etag);
        let is_it = |head: &HeadObjectOutput| is_made_of(token, Some(bytes), head);
        let output = match pending.complete(call, self.head(), is_it).await? {
            Completed::Told(output) => output,
            Completed::Found(head) => return Ok(found(token, *head)),
        };
        let text = |name: &str| {
            let value = output.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        Ok(UploadOutput {
            etag: text("etag")
                .filter(|etag| entity_tag::is_set(etag))
                .unwrap_or(etag),
            version_id: text("x-qs-version-id"),
            upload_id: Some(token.upload_id.clone()),
            parts: count(token),
            bytes,
            request_id: output.request_id().map(str::to_owned),
        })
    }

    /// Asks what the service says of the object.
    fn head(&self) -> Call<HeadObjectInput> {
        let mut input = HeadObjectInput::new(&self.key);
        self.customer.head(&mut input);
        self.bucket.call(input)
    }
}

/// Whether the object is made of the token's parts.
fn is_made_of(token: &ResumeToken, len: Option<u64>, head: &HeadObjectOutput) -> bool {
    let same_length = len.is_none() || len == head.content_length;
    same_length && head.etag.trim_matches('"') == etag_of(token).trim_matches('"')
}

/// What is known of an upload whose end was not seen.
fn found(token: &ResumeToken, head: HeadObjectOutput) -> UploadOutput {
    UploadOutput {
        request_id: head.request_id().map(str::to_owned),
        etag: head.etag,
        version_id: head.version_id,
        upload_id: Some(token.upload_id.clone()),
        parts: count(token),
        bytes: head.content_length.unwrap_or_default(),
    }
}

fn count(token: &ResumeToken) -> u32 {
    u32::try_from(token.parts.len()).unwrap_or(u32::MAX)
}

/// The entity tag that the object of these parts gets.
fn etag_of(token: &ResumeToken) -> String {
    let digests = token.parts.values();
    Digest::of_parts(digests.filter_map(|part| Digest::from_etag(&part.md5)))
}
