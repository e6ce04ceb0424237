//! `uploads ls` and `uploads abort`: lists or aborts unfinished multipart uploads.

use std::time::Duration;

use anyhow::Result;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, pin_mut};
use qingstor_sdk::types::MultipartUpload;
use qingstor_sdk::{Bucket, Error};

use super::ls::{time_text, with_bucket};
use crate::action::{Action, Verb};
use crate::arguments::{AbortArguments, UploadsArguments};
use crate::listing::{PAGE_SIZE, Selection};
use crate::location::Remote;
use crate::messages;
use crate::output::{Output, printable};
use crate::service_clock::ServiceClock;
use crate::session::{Session, confirm};

/// Number of uploads that are aborted at the same time.
const ABORTS: usize = 8;

/// Lists unfinished uploads.
pub(super) async fn list(
    session: &Session,
    output: &Output,
    arguments: UploadsArguments,
) -> Result<()> {
    let path = Remote::parse(&arguments.path)?;
    list_below(session, output, &path, arguments.older_than).await
}

async fn list_below(
    session: &Session,
    output: &Output,
    path: &Remote,
    older_than: Option<Duration>,
) -> Result<()> {
    let bucket = session.bucket(&path.bucket).await?;
    let selection = select(session, path).await?;
    let limit = AgeLimit::new(session, older_than);
    let uploads = unfinished(&bucket, path, &selection, limit);
    pin_mut!(uploads);
    while let Some(upload) = uploads.next().await {
        let upload = upload?;
        let address = Remote::new(&path.bucket, &upload.key).to_string();
        output.entry(
            &address,
            |address| {
                format!(
                    "{}  {}  {address}",
                    time_text(upload.created),
                    printable(&upload.upload_id)
                )
            },
            || with_bucket(&upload, &path.bucket),
        )?;
    }
    Ok(())
}

/// Aborts unfinished uploads.
pub(super) async fn abort(
    session: &Session,
    output: &Output,
    arguments: AbortArguments,
) -> Result<()> {
    let AbortArguments {
        uploads,
        dry_run,
        yes,
    } = arguments;
    let path = Remote::parse(&uploads.path)?;
    let bucket = session.bucket(&path.bucket).await?;
    let selection = select(session, &path).await?;
    if !dry_run {
        confirm(&messages::abort_uploads(&path), yes).await?;
    }
    let limit = AgeLimit::new(session, uploads.older_than);
    let uploads = unfinished(&bucket, &path, &selection, limit);
    abort_each(output, &bucket, uploads, dry_run).await
}

/// Aborts all unfinished uploads of a bucket.
pub(super) async fn abort_all(output: &Output, bucket: &Bucket) -> Result<()> {
    let all = Remote::new(bucket.name(), "");
    let uploads = unfinished(bucket, &all, &Selection::Folder, None);
    abort_each(output, bucket, uploads, false).await
}

/// Returns the selection of an operand. A pattern selects only the keys that match, not what is below a
/// folder that matches.
async fn select(session: &Session, path: &Remote) -> Result<Selection> {
    Ok(match Selection::of(session, path, true).await? {
        Selection::Pattern(pattern) => Selection::Pattern(pattern.recursive(false)),
        selection => selection,
    })
}

/// The least age of the uploads of a list.
struct AgeLimit {
    age: Duration,
    clock: ServiceClock,
}

impl AgeLimit {
    fn new(session: &Session, older_than: Option<Duration>) -> Option<Self> {
        older_than.map(|age| Self {
            age,
            clock: session.clock().clone(),
        })
    }

    /// Returns whether an upload is older than `age`; `false` if its time is unknown.
    fn includes(&self, upload: &MultipartUpload) -> bool {
        // The response with this page of the list has updated the clock.
        let now = self.clock.now();
        let age = upload
            .created
            .and_then(|created| now.duration_since(created));
        age.is_some_and(|age| age > self.age)
    }
}

fn unfinished(
    bucket: &Bucket,
    path: &Remote,
    selection: &Selection,
    limit: Option<AgeLimit>,
) -> impl Stream<Item = Result<MultipartUpload, Error>> + Send + use<> {
    let prefix = selection.prefix_with_itself(path);
    let uploads = bucket.list_multipart_uploads().prefix(prefix);
    let uploads = uploads.limit(PAGE_SIZE).items();
    let (selection, path) = (selection.clone(), path.clone());
    uploads.try_filter(move |upload| {
        let is_old = limit.as_ref().is_none_or(|limit| limit.includes(upload));
        std::future::ready(is_old && selection.includes(&path, &upload.key))
    })
}

async fn abort_each(
    output: &Output,
    bucket: &Bucket,
    uploads: impl Stream<Item = Result<MultipartUpload, Error>> + Send,
    is_dry: bool,
) -> Result<()> {
    let aborts = uploads
        .map(|upload| async move {
            let upload = upload?;
            let aborted = match is_dry {
                true => Ok(()),
                false => {
                    let call = bucket.abort_multipart_upload(&upload.key, &upload.upload_id);
                    call.await.map(drop)
                }
            };
            Ok::<_, Error>((upload, aborted))
        })
        .buffered(ABORTS);
    pin_mut!(aborts);
    while let Some(abort) = aborts.next().await {
        let (upload, aborted) = abort?;
        let address = Remote::new(bucket.name(), &upload.key).to_string();
        let mut action = Action::new(Verb::AbortUpload, &address);
        action.id = Some(("upload_id", &upload.upload_id));
        match aborted {
            Ok(()) => output.action(&action),
            Err(error) => output.failed(&action, &error.into()),
        }
    }
    Ok(())
}
