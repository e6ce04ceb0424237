//! Lists of objects below an operand.

use anyhow::{Context as _, Result};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, pin_mut, stream};
use qingstor_sdk::types::ObjectSummary;
use qingstor_sdk::{Bucket, Error, ErrorKind};

use crate::action::{Action, Operands, Verb};
use crate::exit::UsageError;
use crate::location::{Remote, has_dot_segment};
use crate::messages;
use crate::output::Output;
use crate::pattern::Pattern;
use crate::session::{Session, is_missing_bucket, is_not_found};

/// Number of entries of one page of a list, the most that the service returns.
pub(crate) const PAGE_SIZE: u32 = 1000;

/// The objects that an operand selects.
#[derive(Clone, Debug)]
pub(crate) enum Selection {
    /// One object.
    Object,
    /// The object of this name, and everything below the folder of this name.
    Folder,
    /// The objects that match a pattern, which is recursive if the selection is.
    Pattern(Pattern),
}

impl Selection {
    /// Returns the prefix of all keys that the operand selects, including the object with the name of
    /// a folder.
    pub(crate) fn prefix_with_itself(&self, remote: &Remote) -> String {
        match self {
            Self::Pattern(pattern) => pattern.prefix().to_owned(),
            Self::Object | Self::Folder => remote.key.clone(),
        }
    }

    /// Returns whether the operand selects a key.
    pub(crate) fn includes(&self, remote: &Remote, key: &str) -> bool {
        match self {
            Self::Object => key == remote.key,
            Self::Folder => key == remote.key || key.starts_with(&remote.folder_prefix()),
            Self::Pattern(pattern) => pattern.matches(key),
        }
    }

    /// Returns what an operand selects. If `recursive` is set, folders include everything below them,
    /// also those that match a pattern. An object whose key is the text of a pattern wins over
    /// the pattern.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the pattern is invalid, or an error of the request that looks for
    /// the object.
    pub(crate) async fn of(session: &Session, remote: &Remote, recursive: bool) -> Result<Self> {
        let pattern = match session.options().raw {
            true => None,
            // An error matters only if there is no object of this name.
            false => Pattern::parse(&remote.key).transpose(),
        };
        if let Some(pattern) = pattern
            && !(is_valid_key(&remote.key) && is_object(session, remote).await?)
        {
            return Ok(Self::Pattern(pattern?.recursive(recursive)));
        }
        Ok(match recursive || remote.is_folder() {
            true => Self::Folder,
            false => Self::Object,
        })
    }

    /// Lists the objects, page by page. An object that was not looked up is not in the list, unless
    /// it is below the folder.
    pub(crate) fn objects(
        &self,
        bucket: &Bucket,
        remote: &Remote,
    ) -> impl Stream<Item = Result<ObjectSummary, Error>> + Send + use<> {
        let prefix = match self {
            Self::Object => remote.key.clone(),
            Self::Folder => remote.folder_prefix(),
            Self::Pattern(pattern) => pattern.prefix().to_owned(),
        };
        let pattern = match self {
            Self::Pattern(pattern) => Some(pattern.clone()),
            _ => None,
        };
        let call = bucket.list_objects().prefix(prefix);
        let items = call.limit(PAGE_SIZE).items();
        items.try_filter(move |object| {
            let is_selected = pattern
                .as_ref()
                .is_none_or(|pattern| pattern.matches(&object.key));
            std::future::ready(is_selected)
        })
    }

    /// Lists like [`objects`](Self::objects), and for a folder also the object of the same name.
    pub(crate) async fn objects_and_itself(
        &self,
        session: &Session,
        bucket: &Bucket,
        remote: &Remote,
    ) -> Result<impl Stream<Item = Result<ObjectSummary, Error>> + Send + use<>> {
        let itself = match self {
            Self::Folder if !remote.is_folder() => find(session, remote).await?,
            Self::Object => find(session, remote).await?,
            _ => None,
        };
        let below = match self {
            Self::Object => None,
            _ => Some(self.objects(bucket, remote)),
        };
        Ok(stream::iter(itself.map(Ok)).chain(stream::iter(below).flatten()))
    }
}

/// Returns the objects that an operand of a command for single objects selects: those that match a
/// pattern, in the order of their keys, or the object itself, which need not exist. Reports a failure if
/// nothing matches the pattern, or if the list fails, and returns no objects.
///
/// # Errors
///
/// Returns usage errors.
pub(crate) async fn expand_or_report(
    session: &Session,
    output: &Output,
    verb: Verb,
    remote: Remote,
) -> Result<Vec<Remote>> {
    let name = remote.to_string();
    match expand(session, remote).await {
        Err(error) if !error.is::<UsageError>() => {
            output.failed(&Action::new(verb, &name), &error);
            Ok(Vec::new())
        }
        expanded => expanded.with_context(|| Operands::new(verb, &name)),
    }
}

async fn expand(session: &Session, remote: Remote) -> Result<Vec<Remote>> {
    let selection = Selection::of(session, &remote, false).await?;
    if !matches!(selection, Selection::Pattern(_)) {
        return Ok(vec![remote]);
    }
    let bucket = session.bucket(&remote.bucket).await?;
    let keys = selection
        .objects(&bucket, &remote)
        .map_ok(|object| object.key);
    let mut keys: Vec<_> = keys.try_collect().await?;
    if keys.is_empty() {
        return Err(nothing(&remote.to_string()));
    }
    keys.sort();
    let found = keys.into_iter().map(|key| Remote::new(&remote.bucket, key));
    Ok(found.collect())
}

/// Returns whether there are objects below the folder of an operand.
///
/// # Errors
///
/// Returns the error of the list.
pub(crate) async fn has_objects_below(session: &Session, remote: &Remote) -> Result<bool> {
    let bucket = session.bucket(&remote.bucket).await?;
    let call = bucket.list_objects().prefix(remote.folder_prefix());
    // A page can be empty although there are further pages.
    let first = call.limit(1).items().next().await.transpose()?;
    Ok(first.is_some())
}

/// Returns the reason of an error, if the error means that the object of an operand does not exist:
/// `is_folder` if there is a folder of this name, or the error of a bucket that does not exist, which the
/// response to a HEAD request does not show.
pub(crate) async fn why_missing(
    session: &Session,
    remote: &Remote,
    error: anyhow::Error,
    is_folder: String,
) -> anyhow::Error {
    if !is_not_found(&error)
        || is_missing_bucket(&error)
        || !matches!(exists(session, remote).await, Ok(false))
    {
        return explain_key(remote, error);
    }
    match has_objects_below(session, remote).await {
        Ok(true) => anyhow::anyhow!(is_folder),
        Err(of_list) if is_missing_bucket(&of_list) => of_list,
        Ok(false) | Err(_) => error,
    }
}

/// Returns an object with the key, if there is one.
///
/// # Errors
///
/// Returns the error of the list.
pub(crate) async fn find(session: &Session, remote: &Remote) -> Result<Option<ObjectSummary>> {
    // There can be many keys with the prefix, and mostly none of them is this one. If the caller may
    // not read objects, the list decides.
    if is_valid_key(&remote.key) && matches!(exists(session, remote).await, Ok(false)) {
        return Ok(None);
    }
    find_in_list(session, remote).await
}

async fn find_in_list(session: &Session, remote: &Remote) -> Result<Option<ObjectSummary>> {
    let bucket = session.bucket(&remote.bucket).await?;
    // The order of lists is not specified, so that the object can be anywhere among those with the
    // prefix. With a delimiter, what is below folders is not listed.
    let call = bucket
        .list_objects()
        .prefix(remote.key.clone())
        .delimiter("/");
    let mut items = call.limit(PAGE_SIZE).items();
    while let Some(object) = items.next().await {
        let object = object?;
        if object.key == remote.key {
            return Ok(Some(object));
        }
    }
    Ok(None)
}

/// Returns whether there is an object with the key.
///
/// # Errors
///
/// Returns the error of the request, unless the object does not exist.
pub(crate) async fn exists(session: &Session, remote: &Remote) -> Result<bool> {
    // Such an object can only be listed.
    if has_dot_segment(&remote.key) {
        return Ok(find_in_list(session, remote).await?.is_some());
    }
    let bucket = session.bucket(&remote.bucket).await?;
    match bucket.head_object(&remote.key).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Returns the error of a request for an object. If the key prevents the request, the error says so.
fn explain_key(remote: &Remote, error: anyhow::Error) -> anyhow::Error {
    let is_refused = error
        .downcast_ref::<Error>()
        .is_some_and(|error| error.kind() == ErrorKind::InvalidInput);
    match is_refused && has_dot_segment(&remote.key) {
        true => anyhow::anyhow!(messages::dot_segments()),
        false => error,
    }
}

/// Returns whether there is an object with the key of a pattern, as far as the caller may know.
async fn is_object(session: &Session, remote: &Remote) -> Result<bool> {
    match exists(session, remote).await {
        Err(error)
            if error
                .downcast_ref()
                .is_some_and(|error| has_status(error, 403)) =>
        {
            Ok(false)
        }
        exists => exists,
    }
}

fn has_status(error: &Error, status: u16) -> bool {
    error.status().is_some_and(|found| found.as_u16() == status)
}

/// Returns whether the service accepts requests with the key in a path.
fn is_valid_key(key: &str) -> bool {
    !key.is_empty() && !key.starts_with('/') && !has_dot_segment(key)
}

/// Returns the error for an operand that selects nothing.
pub(crate) fn nothing(path: &str) -> anyhow::Error {
    anyhow::anyhow!(messages::nothing_matches(path))
}

/// Returns the error for a pattern that no object matches: folders may.
pub(crate) async fn no_match(bucket: &Bucket, path: &Remote, pattern: &Pattern) -> anyhow::Error {
    let below = Selection::Pattern(pattern.clone().recursive(true));
    let objects = below.objects(bucket, path);
    pin_mut!(objects);
    match objects.next().await {
        Some(Ok(_)) => anyhow::anyhow!(messages::only_folders_match(path)),
        _ => nothing(&path.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_does_not_contain_keys_that_only_start_with_its_name() {
        let folder = Remote::new("b", "foo");
        let includes = |key| Selection::Folder.includes(&folder, key);
        assert!(includes("foo") && includes("foo/a"));
        assert!(!includes("foo2") && !includes("foo_thumbnails/a"));
        assert!(Selection::Folder.includes(&Remote::new("b", ""), "a"));
        assert!(!Selection::Object.includes(&folder, "foo/a"));
    }
}
