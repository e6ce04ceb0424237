//! What takes several operations of this API. All else of the runtime knows no operation by name,
//! and so stands around any specification.

mod batch_delete;
mod copy;
mod each_call;
mod locate;
mod pending;
mod transfer;

pub use batch_delete::{DeleteError, DeleteObjects, DeletedObjects};
pub use copy::{CopiedObject, CopyObject};
pub use transfer::{
    DEFAULT_MULTIPART_THRESHOLD, DEFAULT_PART_SIZE, Download, DownloadOutput, Progress,
    ResumeToken, Source, Target, Upload, UploadOutput, UploadWriter, etag_of_file,
};
