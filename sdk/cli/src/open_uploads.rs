//! [`OpenUploads`]: the multipart uploads that are not finished yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use percent_encoding::percent_decode_str;
use qingstor_sdk::{DroppedEvent, RequestEvent, ResponseEvent};

use crate::location::{Remote, SCHEME};

/// Observes the requests of the client, to know which multipart uploads exist: an interrupted program
/// names those that were aborted, and those that are left. Clones share their state.
#[derive(Clone, Default)]
pub(crate) struct OpenUploads(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Number of uploads per object that are neither completed nor aborted, separately for those that
    /// their command keeps.
    open: BTreeMap<(String, bool), u32>,
    /// Objects with open uploads that have complete parts, or may have some from an earlier process.
    with_parts: BTreeSet<String>,
    /// Objects whose uploads were aborted, and whether they may have been completed before.
    aborted: Vec<(String, bool)>,
    /// Objects whose uploads may be complete: the response is lost, or the request was dropped.
    maybe_completed: BTreeSet<String>,
    /// Objects whose uploads running commands keep, and folders with such objects, which end in `/`,
    /// with the number of declarations.
    kept: BTreeMap<String, u32>,
    /// Whether a signal ends the commands.
    is_interrupted: bool,
}

/// Declaration that an interrupted command keeps the uploads of an object or a folder. Drop it at the
/// end of the command.
#[must_use]
pub(crate) struct KeptUploads {
    uploads: OpenUploads,
    name: String,
}

impl Drop for KeptUploads {
    fn drop(&mut self) {
        let mut state = self.uploads.state();
        // Interrupted commands are dropped before their uploads are aborted or kept.
        if !state.is_interrupted {
            decrease(&mut state.kept, &self.name);
        }
    }
}

/// Treatment of an open upload whose command is interrupted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OpenUpload {
    /// The command keeps its parts, and can continue it.
    Kept,
    /// The command keeps it, but no part is complete.
    KeptWithoutParts,
    NotKept,
}

/// Operations of multipart uploads.
const INITIATE: &str = "InitiateMultipartUpload";
const UPLOAD_PART: &str = "UploadMultipart";
const COMPLETE: &str = "CompleteMultipartUpload";
const ABORT: &str = "AbortMultipartUpload";

impl OpenUploads {
    /// Declares that an interrupted command keeps the uploads of an object, to continue them later.
    pub(crate) fn keep_object(&self, target: &Remote) -> KeptUploads {
        self.keep(target.to_string())
    }

    /// Declares that an interrupted command keeps the uploads of objects below a folder, to continue them
    /// later.
    pub(crate) fn keep_folder(&self, target: &Remote) -> KeptUploads {
        self.keep(format!(
            "{SCHEME}{}/{}",
            target.bucket,
            target.folder_prefix()
        ))
    }

    fn keep(&self, name: String) -> KeptUploads {
        *self.state().kept.entry(name.clone()).or_default() += 1;
        let uploads = self.clone();
        KeptUploads { uploads, name }
    }

    /// Declares that the running commands are interrupted: those that are dropped from now on have not
    /// ended.
    pub(crate) fn interrupt(&self) {
        self.state().is_interrupted = true;
    }

    /// Returns the objects with open uploads.
    pub(crate) fn open(&self) -> Vec<(String, OpenUpload)> {
        let state = self.state();
        let open = state.open.keys().map(|(name, is_kept)| {
            let upload = match (is_kept, state.with_parts.contains(name)) {
                (true, true) => OpenUpload::Kept,
                (true, false) => OpenUpload::KeptWithoutParts,
                (false, _) => OpenUpload::NotKept,
            };
            (name.clone(), upload)
        });
        open.collect()
    }

    /// Returns the objects whose uploads were aborted, and whether they may have been completed before.
    pub(crate) fn aborted(&self) -> Vec<(String, bool)> {
        let mut aborted = self.state().aborted.clone();
        aborted.sort();
        aborted
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Removes an open upload that is completed or aborted.
    fn end(&mut self, name: &str) {
        let is_kept = self.is_kept(name);
        // Another command may have left it.
        let _ = decrease(&mut self.open, &(name.to_owned(), is_kept))
            || decrease(&mut self.open, &(name.to_owned(), !is_kept));
    }

    fn is_kept(&self, name: &str) -> bool {
        let mut kept = self.kept.keys();
        kept.any(|kept| name == kept || kept.ends_with('/') && name.starts_with(kept))
    }
}

/// Subtracts one from the number of a key, and removes it at zero. Returns `false` if there is none.
fn decrease<K: Ord>(numbers: &mut BTreeMap<K, u32>, key: &K) -> bool {
    let Some(number) = numbers.get_mut(key) else {
        return false;
    };
    *number -= 1;
    if *number == 0 {
        numbers.remove(key);
    }
    true
}

impl OpenUploads {
    /// Handles the start of a request.
    pub(crate) fn request(&self, event: &RequestEvent<'_>) {
        let is_initiation = event.operation == INITIATE && event.attempt == 1;
        if event.operation != UPLOAD_PART && !is_initiation {
            return;
        }
        let mut state = self.state();
        let name = object_name(event.bucket.unwrap_or_default(), event.uri.path());
        let is_kept = state.is_kept(&name);
        let key = (name, is_kept);
        if is_initiation {
            state.maybe_completed.remove(&key.0);
            state.with_parts.remove(&key.0);
            // The service may execute the request even if its response is lost.
            *state.open.entry(key).or_default() += 1;
        } else if !state.open.contains_key(&key) {
            // An earlier process has initiated the upload.
            state.with_parts.insert(key.0.clone());
            state.open.insert(key, 1);
        }
    }

    /// Handles the end of a request that was dropped.
    pub(crate) fn dropped(&self, event: &DroppedEvent<'_>) {
        if event.operation == COMPLETE {
            let name = object_name(event.bucket.unwrap_or_default(), event.uri.path());
            self.state().maybe_completed.insert(name);
        }
    }

    /// Handles the end of a request. Returns the object if the request aborted the upload of an earlier
    /// version of its file.
    pub(crate) fn response(&self, event: &ResponseEvent<'_>) -> Option<String> {
        if ![INITIATE, UPLOAD_PART, COMPLETE, ABORT].contains(&event.operation) {
            return None;
        }
        let mut state = self.state();
        let name = object_name(event.bucket.unwrap_or_default(), event.uri.path());
        if event.operation == UPLOAD_PART {
            if event.status.is_some_and(|status| status.is_success()) {
                state.with_parts.insert(name);
            }
            return None;
        }
        let is_lost = event.status.is_none_or(|status| status.is_server_error());
        if event.operation == COMPLETE && is_lost {
            state.maybe_completed.insert(name.clone());
        }
        let status = event.status?;
        let is_gone = status.is_success() || status.as_u16() == 404;
        let has_ended = match event.operation {
            INITIATE => status.is_client_error(),
            _ => is_gone,
        };
        if !has_ended {
            return None;
        }
        state.end(&name);
        // The service also aborts an upload successfully that it has completed.
        let maybe_completed = state.maybe_completed.remove(&name);
        if event.operation != ABORT {
            return None;
        }
        // A command with `--resume` aborts the upload of an earlier version of a file.
        if state.is_kept(&name) && !state.is_interrupted {
            return Some(name);
        }
        if status.is_success() {
            state.aborted.push((name, maybe_completed));
        }
        None
    }
}

/// Returns the address of an object from the path of a request, which may contain the bucket.
fn object_name(bucket: &str, path: &str) -> String {
    let path = path.strip_prefix('/').unwrap_or(path);
    let with_bucket = path
        .strip_prefix(bucket)
        .and_then(|rest| rest.strip_prefix('/'));
    let key = percent_decode_str(with_bucket.unwrap_or(path)).decode_utf8_lossy();
    format!("{SCHEME}{bucket}/{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_uploads_are_known_by_object_or_folder() {
        let uploads = OpenUploads::default();
        let again = uploads.keep_object(&Remote::new("b", "a"));
        let kept = [
            uploads.keep_object(&Remote::new("b", "a")),
            uploads.keep_folder(&Remote::new("b", "f")),
            uploads.keep_folder(&Remote::new("all", "")),
        ];
        drop(again);
        for (name, is_kept) in [
            ("qs://b/a", true),
            ("qs://b/ab", false),
            ("qs://b/f/x", true),
            ("qs://b/f2/x", false),
            ("qs://all/x", true),
            ("qs://all2/x", false),
        ] {
            assert_eq!(uploads.state().is_kept(name), is_kept, "{name}");
        }
        drop(kept);
        assert!(uploads.state().kept.is_empty());
    }

    #[test]
    fn names_of_objects_come_from_both_styles_of_addresses() {
        assert_eq!(
            object_name("bucket", "/bucket/a%20b/c"),
            "qs://bucket/a b/c"
        );
        assert_eq!(object_name("bucket", "/a%2Fb"), "qs://bucket/a/b");
        assert_eq!(object_name("bucket", "/buckets/a"), "qs://bucket/buckets/a");
    }
}
