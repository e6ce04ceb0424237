//! [`FolderAction`]: one step of a folder transfer, and the reason for it.

use std::fmt;
use std::path::PathBuf;

use crate::base::error::Error;
use crate::base::escape::EscapeControls;
use crate::base::timestamp::Timestamp;

/// One step of a [`FolderTransfer`](crate::FolderTransfer): what a dry run prints is what a run
/// carries out.
///
/// `Display` writes one line, such as `upload photos/a.jpg to backup/a.jpg (new)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FolderAction {
    /// Uploads a file. If the key ends in `/`, stores the marker object of an empty folder.
    #[non_exhaustive]
    Upload {
        /// Path of the file or folder.
        file: PathBuf,
        /// Key of the object.
        key: String,
        /// Size in bytes.
        size: u64,
        /// Modification time of the file when it was planned. `None` for markers, and if the system
        /// has none.
        modified: Option<Timestamp>,
        /// Why the file is uploaded.
        reason: TransferReason,
    },
    /// Downloads an object. If the key ends in `/`, creates the folder of a marker object.
    #[non_exhaustive]
    Download {
        /// Key of the object.
        key: String,
        /// Path of the file or folder.
        file: PathBuf,
        /// Size in bytes.
        size: u64,
        /// ETag of the object when it was listed, as in the list. Empty for markers, and if the
        /// list has none.
        etag: String,
        /// Why the object is downloaded.
        reason: TransferReason,
    },
    /// Copies an object from one bucket or prefix to another.
    #[non_exhaustive]
    Copy {
        /// Key of the source, in the source bucket.
        source: String,
        /// Key of the copy, in the target bucket.
        key: String,
        /// Size in bytes.
        size: u64,
        /// ETag of the source when it was listed, as in the list. Empty for markers, and if the
        /// list has none.
        etag: String,
        /// Why the object is copied.
        reason: TransferReason,
    },
    /// Deletes something in the target. Deletions follow all other actions.
    #[non_exhaustive]
    Delete {
        /// The object, file or folder to delete.
        target: DeleteTarget,
    },
    /// Does nothing for a path.
    #[non_exhaustive]
    Skip {
        /// Path relative to the source or the target, with `/` between folders. Names that are not
        /// UTF-8 have replacement characters.
        path: String,
        /// Why the path is skipped.
        reason: SkipReason,
    },
}

/// What [`FolderAction::Delete`] deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeleteTarget {
    /// The object with this key.
    Object(String),
    /// A local file, or a link itself.
    File(PathBuf),
    /// A local folder. It is only removed if it is empty.
    Folder(PathBuf),
}

/// Why a file or object is transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransferReason {
    /// The target does not have it, or the transfer does not compare.
    New,
    /// The sizes differ.
    SizeDiffers,
    /// The source is newer than the target.
    Newer,
    /// The time of the local file differs from the time of the object, or the times of the files of two
    /// objects differ.
    TimeDiffers,
    /// The contents differ.
    ContentDiffers,
}

/// Why source and target count as equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnchangedReason {
    /// Sizes are equal, and the times show no change.
    SizeAndTime,
    /// Sizes are equal, and [`Compare::SizeOnly`](crate::Compare::SizeOnly) was asked for.
    Size,
    /// The MD5s or ETags are equal.
    Checksum,
    /// Sizes are equal. [`Compare::Checksum`](crate::Compare::Checksum) was asked for, but the
    /// checksums are not comparable: the part size of an object is not known, or it is encrypted.
    SizeWithoutChecksum,
}

/// Why a path is skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// Source and target are equal.
    Unchanged(UnchangedReason),
    /// The target exists, and [`overwrite`](crate::FolderTransfer::overwrite) is off.
    Exists,
    /// The target is newer, and [`update`](crate::FolderTransfer::update) is on.
    TargetNewer,
    /// The link leads to a folder that contains it.
    LinkLoop,
    /// A pipe, a socket or a device.
    SpecialFile,
    /// A dangling link. A failure.
    DanglingLink,
    /// The file or folder cannot be read: the message of the error. A failure.
    Unreadable(String),
    /// Source and target cannot be compared, because a request failed, or the file cannot be read: the
    /// message of the error. A failure.
    NotCompared(String),
    /// The name is not UTF-8, so it cannot be a key. A failure.
    NotUtf8,
    /// The name cannot be a key: the reason. A failure.
    InvalidKey(String),
    /// The key cannot be a file name in the target folder. A failure.
    InvalidFileName(FileNameProblem),
    /// Another key takes the same place in the target folder. A failure.
    Conflict {
        /// The key that is stored instead, relative to the prefix.
        with: String,
    },
    /// A folder on the path is a link, which a download does not follow. A failure.
    LinkInTarget,
    /// The target folder has a pipe, a socket or a device in the place of the file. A failure.
    SpecialFileInTarget,
    /// A marker object has content, which a folder cannot store. A failure.
    MarkerWithContent,
    /// The path is not deleted in the target because the source was not read there: it could not be
    /// read, or has a link loop or a special file.
    SourceNotRead,
    /// The path is not deleted because the source has no files, and
    /// [`max_delete`](crate::FolderTransfer::max_delete) is not set. A failure.
    EmptySource,
    /// The path is not deleted because more than
    /// [`max_delete`](crate::FolderTransfer::max_delete) paths would be. A failure.
    TooManyDeletions,
    /// The path is not deleted because another path could not be transferred, so the target may have
    /// the only copy of its content. A failure.
    TransferFailed,
}

/// Why a key cannot be a file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileNameProblem {
    /// The key starts with `/`.
    Absolute,
    /// The key contains `//`.
    EmptySegment,
    /// The key has a segment `.` or `..`.
    DotSegment,
    /// The key contains a NUL character, or on Windows another character that names must not contain.
    Character(char),
    /// The name is reserved on Windows, such as `CON` or `com1.txt`.
    Reserved,
    /// The name ends in a dot or a space, which Windows removes.
    TrailingDotOrSpace,
    /// The name is longer than 255 bytes.
    TooLong,
    /// The name is that of a temporary file of a download, such as `.a.qingstor-1.part`.
    Temporary,
}

impl SkipReason {
    /// Returns whether the path should have been transferred or deleted, but could not be.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Unchanged(_)
            | Self::Exists
            | Self::TargetNewer
            | Self::LinkLoop
            | Self::SpecialFile
            | Self::SourceNotRead => false,
            Self::DanglingLink
            | Self::Unreadable(_)
            | Self::NotCompared(_)
            | Self::NotUtf8
            | Self::InvalidKey(_)
            | Self::InvalidFileName(_)
            | Self::Conflict { .. }
            | Self::LinkInTarget
            | Self::SpecialFileInTarget
            | Self::MarkerWithContent
            | Self::EmptySource
            | Self::TooManyDeletions
            | Self::TransferFailed => true,
        }
    }
}

impl fmt::Display for FolderAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upload {
                file, key, reason, ..
            } => {
                let file = EscapeControls(file.display());
                write!(f, "upload {file} to {} ({reason})", EscapeControls(key))
            }
            Self::Download {
                key, file, reason, ..
            } => {
                let file = EscapeControls(file.display());
                write!(f, "download {} to {file} ({reason})", EscapeControls(key))
            }
            Self::Copy {
                source,
                key,
                reason,
                ..
            } => {
                let (source, key) = (EscapeControls(source), EscapeControls(key));
                write!(f, "copy {source} to {key} ({reason})")
            }
            Self::Delete { target } => write!(f, "delete {target}"),
            Self::Skip { path, reason } => write!(f, "skip {}: {reason}", EscapeControls(path)),
        }
    }
}

impl fmt::Display for DeleteTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(key) => write!(f, "{}", EscapeControls(key)),
            Self::File(path) | Self::Folder(path) => {
                write!(f, "{}", EscapeControls(path.display()))
            }
        }
    }
}

impl fmt::Display for TransferReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::New => "new",
            Self::SizeDiffers => "size differs",
            Self::Newer => "newer",
            Self::TimeDiffers => "time differs",
            Self::ContentDiffers => "content differs",
        })
    }
}

impl fmt::Display for UnchangedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::SizeAndTime => "same size and time",
            Self::Size => "same size",
            Self::Checksum => "same content",
            Self::SizeWithoutChecksum => "same size; the checksums are not comparable",
        })
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged(reason) => return write!(f, "unchanged ({reason})"),
            Self::Unreadable(why) => return write!(f, "cannot be read: {}", EscapeControls(why)),
            Self::NotCompared(why) => {
                return write!(f, "cannot be compared: {}", EscapeControls(why));
            }
            Self::InvalidKey(why) => return write!(f, "{}", EscapeControls(why)),
            Self::InvalidFileName(problem) => return write!(f, "{problem}"),
            Self::Conflict { with } => {
                return write!(f, "cannot be stored in the target together with {with:?}");
            }
            Self::Exists => "the target exists",
            Self::TargetNewer => "the target is newer",
            Self::LinkLoop => "the link leads to a folder that contains it",
            Self::SpecialFile => "is a pipe, a socket or a device",
            Self::DanglingLink => "is a dangling link",
            Self::NotUtf8 => "the name is not UTF-8",
            Self::LinkInTarget => "a folder on the path is a link, which is not followed",
            Self::SpecialFileInTarget => "the target has a pipe, a socket or a device there",
            Self::MarkerWithContent => "the marker of a folder has content",
            Self::SourceNotRead => "not deleted, because the source was not read there",
            Self::EmptySource => {
                "not deleted, because the source is empty and max_delete is not set"
            }
            Self::TooManyDeletions => "not deleted, because more than max_delete paths would be",
            Self::TransferFailed => "not deleted, because a transfer failed",
        })
    }
}

impl fmt::Display for FileNameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absolute => "a file name must not start with `/`",
            Self::EmptySegment => "a file name must not contain `//`",
            Self::DotSegment => "a file name must not contain `.` or `..` as a folder",
            Self::Character(c) => return write!(f, "a file name must not contain {c:?}"),
            Self::Reserved => "the file name is reserved on Windows",
            Self::TrailingDotOrSpace => "a file name on Windows must not end in a dot or a space",
            Self::TooLong => "a file name has at most 255 bytes",
            Self::Temporary => "the file name is reserved for temporary files of downloads",
        })
    }
}

/// Summary of a [`FolderTransfer`](crate::FolderTransfer). Counts files and objects, not requests.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct FolderSummary {
    /// Number of uploaded files.
    pub uploaded: u64,
    /// Number of downloaded objects.
    pub downloaded: u64,
    /// Number of copied objects.
    pub copied: u64,
    /// Number of deleted objects, files and folders.
    pub deleted: u64,
    /// Number of files that were equal in source and target.
    pub unchanged: u64,
    /// Number of other paths that were skipped without being a failure.
    pub skipped: u64,
    /// Number of paths that could not be transferred or deleted.
    pub failed: u64,
    /// Bytes of the transferred files and objects.
    pub bytes: u64,
    /// The first failures, at most [`MAX_FAILURES`](Self::MAX_FAILURES).
    pub failures: Vec<FolderFailure>,
}

/// An action that failed, and its error.
#[derive(Debug)]
#[non_exhaustive]
pub struct FolderFailure {
    /// The action.
    pub action: FolderAction,
    /// Why it failed.
    pub error: Error,
}

impl FolderSummary {
    /// The number of failures that a summary contains. More are counted, and reported to
    /// [`on_result`](crate::FolderTransfer::on_result).
    pub const MAX_FAILURES: usize = 100;

    /// Returns whether nothing failed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed == 0
    }
}

impl fmt::Display for FolderFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.action {
            // The reason contains the error.
            FolderAction::Skip { path, reason } => {
                write!(f, "{}: {reason}", EscapeControls(path))
            }
            action => write!(f, "{action}: {}", self.error),
        }
    }
}

impl std::error::Error for FolderFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
