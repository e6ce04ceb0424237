//! [`stream`]: yields the objects below a prefix in the byte order of their keys, or of their keys in lower
//! case.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::action::SkipReason;
use super::compare::Version;
use super::entry::{Entry, EntryKind, EntrySender, EntryStream, on_thread};
use super::file_name::{collide, fold_case};
use super::filter::Filter;
use super::sorter::{Record, SortedRecords, Sorter};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::timestamp::Timestamp;
use crate::client::Bucket;
use crate::generated::operations::ListObjectsOutput;
use crate::generated::types::{ObjectSummary, StorageClass};
use crate::managed::errors::blocking;

/// Bucket and prefix of a list.
#[derive(Clone, Debug)]
pub(super) struct ListOptions {
    pub(super) bucket: Bucket,
    /// Empty, or ends in `/`.
    pub(super) prefix: String,
    pub(super) filter: Filter,
    /// Whether a marker object with content is an error, because it has to become a folder.
    pub(super) rejects_marker_content: bool,
    /// Whether keys that differ only in case are errors, because they have to become files.
    pub(super) ignores_case: bool,
}

/// Number of objects to ask for in one request. The service may return fewer.
const PAGE_SIZE: u32 = 1000;

/// An object of a list.
#[derive(Serialize, Deserialize)]
struct ListRecord {
    path: String,
    size: u64,
    /// Unix seconds.
    modified: Option<i64>,
    etag: String,
    encrypted: bool,
    storage_class: Option<StorageClass>,
    /// The path with another case that takes the same place in the target folder.
    conflict: Option<String>,
}

impl Record for ListRecord {
    fn path(&self) -> &str {
        &self.path
    }

    fn text_len(&self) -> usize {
        let conflict = self.conflict.as_ref().map_or(0, String::len);
        self.path.len() + self.etag.len() + conflict
    }
}

/// An object sorted by its path in lower case.
#[derive(Serialize, Deserialize)]
struct CaseFoldedRecord {
    folded: String,
    listed: ListRecord,
}

impl Record for CaseFoldedRecord {
    fn path(&self) -> &str {
        &self.folded
    }

    fn text_len(&self) -> usize {
        self.folded.len() + self.listed.text_len()
    }
}

/// Lists the objects, sorts them, and then yields them.
///
/// The API documents say that the service lists in its storage order, not in byte order. So the whole
/// list is read before the first entry. Folder by folder would not help: lists with a delimiter may
/// lack new folders for a while.
pub(super) fn stream(options: ListOptions) -> EntryStream {
    EntryStream::start(|sender| async move {
        let options = Arc::new(options);
        let sorter = list(&options).await?;
        let sent = on_thread(move || send(sorter, &options, sender)).await?;
        sent.map_err(|error| sort_error(&error))
    })
}

/// Reads the whole list.
async fn list(options: &Arc<ListOptions>) -> Result<Sorter<ListRecord>> {
    let call = options.bucket.list_objects().prefix(&options.prefix);
    let mut pages = call.limit(PAGE_SIZE).pages();
    let mut sorter = Sorter::new();
    while let Some(page) = pages.next().await.transpose()? {
        let options = Arc::clone(options);
        let added = blocking(move || {
            add(&mut sorter, page, &options)?;
            Ok(sorter)
        });
        sorter = added.await.flatten()?;
    }
    Ok(sorter)
}

/// Adds the objects of a page. Blocks.
fn add(
    sorter: &mut Sorter<ListRecord>,
    page: ListObjectsOutput,
    options: &ListOptions,
) -> Result<()> {
    for object in page.keys {
        // The pages are checked: every key has the prefix.
        let path = object.key.strip_prefix(&options.prefix);
        let path = path.unwrap_or_default();
        // The marker of the prefix itself is the target folder.
        if path.is_empty() || !options.filter.includes(path) {
            continue;
        }
        let path = path.to_owned();
        let added = sorter.push(ListRecord::new(path, object));
        added.map_err(|error| sort_error(&error))?;
    }
    Ok(())
}

impl ListRecord {
    fn new(path: String, object: ObjectSummary) -> Self {
        Self {
            path,
            size: object.size,
            modified: object.modified.map(Timestamp::as_unix_seconds),
            etag: object.etag,
            encrypted: object.encrypted,
            storage_class: object.storage_class,
            conflict: None,
        }
    }

    fn into_entry(self, options: &ListOptions) -> Entry {
        let is_marker = self.path.ends_with('/');
        let kind = match self.conflict {
            Some(with) => return Entry::outside(self.path, SkipReason::Conflict { with }),
            None if is_marker && self.size == 0 => EntryKind::Folder { is_empty: true },
            None if is_marker && options.rejects_marker_content => {
                return Entry::outside(self.path, SkipReason::MarkerWithContent);
            }
            None => EntryKind::File(Version {
                size: self.size,
                modified: self
                    .modified
                    .and_then(|seconds| Timestamp::from_unix_seconds(seconds).ok()),
                etag: self.etag,
                encrypted: self.encrypted,
                storage_class: self.storage_class,
                disk_path: None,
            }),
        };
        Entry::new(self.path, kind)
    }
}

/// Sends the sorted list. Blocks.
fn send(
    sorter: Sorter<ListRecord>,
    options: &ListOptions,
    mut sender: EntrySender,
) -> io::Result<()> {
    let sorted = sorter.finish();
    match options.ignores_case {
        true => send_all(mark_conflicts(sorted)?, options, &mut sender),
        false => send_all(sorted, options, &mut sender),
    }
}

fn send_all(
    sorted: impl Iterator<Item = io::Result<ListRecord>>,
    options: &ListOptions,
    sender: &mut EntrySender,
) -> io::Result<()> {
    let mut previous = None;
    for listed in sorted {
        let listed = listed?;
        // A list that changes in the meantime may contain a key twice.
        if previous.as_ref() == Some(&listed.path) {
            continue;
        }
        previous = Some(listed.path.clone());
        // A consumer that has ended needs no error.
        if sender.send(listed.into_entry(options)).is_err() {
            return Ok(());
        }
    }
    let _ = sender.flush();
    Ok(())
}

/// Returns objects, which are in byte order, in the order of their paths in lower case, and equal ones in
/// byte order. Marks those whose paths differ from an earlier one only in case, in whole or in a folder.
fn mark_conflicts(
    sorted: SortedRecords<ListRecord>,
) -> io::Result<impl Iterator<Item = io::Result<ListRecord>>> {
    let mut by_case = Sorter::new();
    for listed in sorted {
        let listed = listed?;
        let folded = fold_case(&listed.path);
        by_case.push(CaseFoldedRecord { folded, listed })?;
    }
    let mut kept: Option<String> = None;
    Ok(by_case.finish().map(move |folded| {
        let mut listed = folded?.listed;
        match kept {
            Some(ref kept) if collide(kept, &listed.path) => listed.conflict = Some(kept.clone()),
            _ => kept = Some(listed.path.clone()),
        }
        Ok(listed)
    }))
}

fn sort_error(error: &io::Error) -> Error {
    let text = format!("cannot sort the list of objects: {error}");
    Error::new(ErrorKind::Io, text).with_source(io::Error::from(error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_spelling_is_kept() {
        let mut sorter = Sorter::new();
        for path in [
            "b", "D/x", "a", "A", "d/y", "d/X", "B2", "b2", "e/f/g", "e/F/h",
        ] {
            let object = ObjectSummary::default();
            sorter
                .push(ListRecord::new(path.to_owned(), object))
                .unwrap();
        }
        let marked = mark_conflicts(sorter.finish()).unwrap();
        let conflicts: Vec<_> = marked
            .map(Result::unwrap)
            .filter_map(|listed| Some((listed.path, listed.conflict?)))
            .collect();
        let conflicts: Vec<_> = conflicts.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(
            conflicts,
            [
                ("a", "A"),
                ("b2", "B2"),
                ("d/X", "D/x"),
                ("d/y", "D/x"),
                ("e/F/h", "e/f/g"),
            ]
        );
    }
}
