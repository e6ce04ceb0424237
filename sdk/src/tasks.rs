//! What takes several operations of this API. All else of the runtime knows no operation by name,
//! and so stands around any specification.

mod batch_delete;
mod copy;
mod locate;

pub use batch_delete::{DeleteError, DeleteObjects, DeletedObjects};
pub use copy::{CopiedObject, CopyObject};
