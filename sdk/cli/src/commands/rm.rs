//! `rm`: deletes objects.

use anyhow::{Context as _, Result, anyhow};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, pin_mut, stream};
use qingstor_sdk::{Bucket, Error};

use crate::action::{Action, Operands, Verb};
use crate::arguments::RmArguments;
use crate::exit::{UsageError, usage};
use crate::listing::{PAGE_SIZE, Selection, exists, has_objects_below, no_match, nothing};
use crate::location::{Remote, parse_each};
use crate::messages;
use crate::output::Output;
use crate::session::{Session, confirm, is_missing_bucket};

/// Number of keys per request.
const BATCH: usize = 1000;
/// Number of batches at the same time.
const BATCHES: usize = 4;
/// Number of requests at the same time that look up an operand.
const LOOKUPS: usize = 16;
/// Number of requests at the same time that delete one version.
const VERSIONS: usize = 16;

/// Runs the command. Continues with the next operand after an error.
pub(super) async fn run(session: &Session, output: &Output, arguments: RmArguments) -> Result<()> {
    let paths = parse_each(Verb::Delete, &arguments.paths, Remote::parse)?;
    let mut selections = Vec::new();
    let arguments = &arguments;
    let selected = stream::iter(paths).map(|path| async move {
        let selection = select(session, arguments, &path).await;
        (path, selection)
    });
    let selected: Vec<_> = selected.buffered(LOOKUPS).collect().await;
    for (path, selection) in selected {
        match selection {
            Ok(selection) => selections.push((path, selection)),
            Err(error) if error.is::<UsageError>() => return Err(error.context(operands(&path))),
            Err(error) => output.failed(&Action::new(Verb::Delete, &path.to_string()), &error),
        }
    }
    // All questions come before the first deletion.
    for (path, selection) in &selections {
        let asked = ask(path, selection, arguments).await;
        asked.with_context(|| operands(path))?;
    }
    for (path, selection) in selections {
        match remove(session, output, arguments, &path, &selection).await {
            Err(error) if error.is::<UsageError>() => return Err(error.context(operands(&path))),
            Err(error) => output.failed(&Action::new(Verb::Delete, &path.to_string()), &error),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Returns the context of an error about one operand.
fn operands(path: &Remote) -> Operands {
    Operands::new(Verb::Delete, path)
}

async fn select(session: &Session, arguments: &RmArguments, path: &Remote) -> Result<Selection> {
    let selection = Selection::of(session, path, arguments.recursive).await?;
    match &selection {
        // A key that ends in `/` without `-r` is the marker object of a folder.
        Selection::Folder if !arguments.recursive && !path.key.is_empty() => {
            match exists(session, path).await? {
                true => Ok(Selection::Object),
                false if is_folder(session, path).await? => {
                    Err(usage(messages::folder_needs_recursive(path)))
                }
                false => Err(nothing(&path.to_string())),
            }
        }
        Selection::Folder if !arguments.recursive => {
            Err(usage(messages::folder_needs_recursive(path)))
        }
        // The service would report the deletion of an object that does not exist as a success. Old
        // versions exist without the object.
        Selection::Object if !arguments.versions => {
            // The caller may be allowed to delete an object, but not to read it.
            if exists(session, path).await.unwrap_or(true) {
                return Ok(selection);
            }
            match is_folder(session, path).await? {
                true => Err(usage(messages::folder_needs_recursive(path))),
                false => Err(anyhow!(messages::no_such_object(path))),
            }
        }
        _ => Ok(selection),
    }
}

/// Returns whether there are objects below the folder of an operand, as far as the caller may know.
///
/// # Errors
///
/// Returns an error if the bucket does not exist, which the response to a HEAD request does not show.
async fn is_folder(session: &Session, path: &Remote) -> Result<bool> {
    match has_objects_below(session, path).await {
        Err(error) if is_missing_bucket(&error) => Err(error),
        below => Ok(below.unwrap_or(false)),
    }
}

async fn ask(path: &Remote, selection: &Selection, arguments: &RmArguments) -> Result<()> {
    let question = match selection {
        _ if arguments.dry_run => return Ok(()),
        _ if arguments.versions => messages::delete_versions(path),
        Selection::Object => return Ok(()),
        Selection::Folder => messages::delete_folder(path),
        Selection::Pattern(_) if arguments.recursive => messages::delete_matches_below(path),
        Selection::Pattern(_) => messages::delete_matches(path),
    };
    confirm(&question, arguments.yes).await
}

async fn remove(
    session: &Session,
    output: &Output,
    arguments: &RmArguments,
    path: &Remote,
    selection: &Selection,
) -> Result<()> {
    let bucket = session.bucket(&path.bucket).await?;
    let is_dry = arguments.dry_run;
    let count = match (arguments.versions, selection) {
        (true, _) => {
            let versions = versions(&bucket, path, selection);
            delete_versions(output, &bucket, versions, is_dry).await?
        }
        (false, Selection::Object) => {
            let key = stream::iter([Ok(path.key.clone())]);
            delete_keys(output, &bucket, key, is_dry).await?
        }
        (false, _) => {
            let objects = selection.objects_and_itself(session, &bucket, path).await?;
            delete_keys(output, &bucket, objects.map_ok(|object| object.key), is_dry).await?
        }
    };
    match (count, selection) {
        (0, Selection::Pattern(pattern)) => Err(no_match(&bucket, path, pattern).await),
        (0, _) => Err(nothing(&path.to_string())),
        _ => Ok(()),
    }
}

/// Deletes the objects of a stream, and reports each one. Returns the number of keys.
///
/// # Errors
///
/// Returns an error of the stream. The keys before it are deleted.
pub(super) async fn delete_keys(
    output: &Output,
    bucket: &Bucket,
    keys: impl Stream<Item = Result<String, Error>> + Send,
    is_dry: bool,
) -> Result<u64> {
    let mut count = 0;
    let batches = keys
        .try_chunks(BATCH)
        .map(|batch| match batch {
            Ok(keys) => (keys, None),
            Err(failed) => (failed.0, Some(failed.1)),
        })
        .map(|(keys, error)| async move {
            match is_dry || keys.is_empty() {
                true => (keys, Vec::new(), error),
                false => {
                    let outcome = bucket.delete_objects(keys).await;
                    (outcome.deleted, outcome.errors, error)
                }
            }
        })
        .buffered(BATCHES);
    pin_mut!(batches);
    while let Some((deleted, errors, interrupted)) = batches.next().await {
        for key in deleted {
            count += 1;
            let address = Remote::new(bucket.name(), key).to_string();
            output.action(&Action::new(Verb::Delete, &address));
        }
        for error in errors {
            count += 1;
            let address = Remote::new(bucket.name(), &error.key).to_string();
            output.failed(&Action::new(Verb::Delete, &address), &error.into());
        }
        if let Some(error) = interrupted {
            return Err(error.into());
        }
    }
    Ok(count)
}

/// Lists the versions that an operand selects: the key and the version ID.
pub(super) fn versions(
    bucket: &Bucket,
    path: &Remote,
    selection: &Selection,
) -> impl Stream<Item = Result<(String, String), Error>> + Send + use<> {
    let prefix = selection.prefix_with_itself(path);
    let (selection, path) = (selection.clone(), path.clone());
    let versions = bucket.list_object_versions().prefix(prefix);
    let versions = versions.limit(PAGE_SIZE).items();
    versions
        .try_filter(move |version| std::future::ready(selection.includes(&path, &version.key)))
        .map_ok(|version| (version.key, version.version_id))
}

/// Deletes the versions of a stream permanently, and reports each one. Returns their number.
///
/// # Errors
///
/// Returns an error of the stream. The versions before it are deleted.
pub(super) async fn delete_versions(
    output: &Output,
    bucket: &Bucket,
    versions: impl Stream<Item = Result<(String, String), Error>> + Send,
    is_dry: bool,
) -> Result<u64> {
    let mut count = 0;
    let deletions = versions
        .map(|version| async move {
            let (key, id) = version?;
            let deleted = match is_dry {
                true => Ok(()),
                false => bucket.delete_object(&key).version_id(&id).await.map(drop),
            };
            Ok::<_, Error>((key, id, deleted))
        })
        .buffered(VERSIONS);
    pin_mut!(deletions);
    while let Some(deletion) = deletions.next().await {
        let (key, id, deleted) = deletion?;
        count += 1;
        let address = Remote::new(bucket.name(), key).to_string();
        let mut action = Action::new(Verb::Delete, &address);
        action.id = Some(("version_id", &id));
        match deleted {
            Ok(()) => output.action(&action),
            Err(error) => output.failed(&action, &error.into()),
        }
    }
    Ok(count)
}
