//! Tasks that take several operations: uploads and downloads of any size, copies, batch deletions,
//! folders, and zone discovery.
//!
//! Only this layer knows operations by name. The other layers work with any specification.

mod batch_delete;
mod complete_upload;
mod copy;
mod download;
mod errors;
mod file_metadata;
#[cfg(feature = "folders")]
mod folders;
mod list_objects_as;
mod locate;
mod multipart_guard;
mod notifications;
mod object_headers;
mod part_sizes;
mod request_setters;
mod request_tasks;
mod transfer_options;
mod upload;

pub use batch_delete::{DeleteError, DeleteObjects, DeleteObjectsOutput};
pub use complete_upload::{CompleteUpload, CompleteUploadOutput};
pub use copy::{CopyObject, CopyObjectOutput};
pub use download::target::DownloadTarget;
pub use download::{Download, DownloadOutput};
pub use file_metadata::{MODIFIED_METADATA, PART_SIZE_METADATA};
#[cfg(feature = "folders")]
pub use folders::FolderTransfer;
#[cfg(feature = "folders")]
pub use folders::action::{
    DeleteTarget, FileNameProblem, FolderAction, FolderFailure, FolderSummary, SkipReason,
    TransferReason, UnchangedReason,
};
#[cfg(feature = "folders")]
pub use folders::file_name::folder_ignores_case;
#[cfg(feature = "folders")]
pub use folders::filter::PathFilter;
#[cfg(feature = "folders")]
pub use folders::options::{Compare, FolderProgress};
#[cfg(feature = "folders")]
pub use folders::plan::FolderPlan;
pub use list_objects_as::{ListObjectsAsInput, ListObjectsAsOutput};
pub use upload::file_etag::etag_of_file;
pub use upload::resume_token::ResumeToken;
pub use upload::source::UploadSource;
pub use upload::writer::UploadWriter;
pub use upload::{Upload, UploadOutput};
