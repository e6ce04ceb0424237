//! [`Operation`]: the input of an operation, and the traits that belong to it.
//!
//! The larger functions of the generated implementations are `#[inline]`, as are those that start a
//! transfer: they are compiled in the programs that use them. This halves the time to compile this
//! crate.

use std::ops::Deref;

use crate::base::error::Result;
use crate::message::error_document::BodyFields;
use crate::message::operation_info::OperationInfo;
use crate::message::request::RequestParts;
use crate::message::response::Response;
use crate::message::response_meta::ResponseMeta;

/// The input of an operation, such as [`GetObjectInput`](crate::operations::GetObjectInput).
///
/// An input is plain data. It can be created and stored separately, and sent with
/// [`QingStor::call`](crate::QingStor::call) or [`Bucket::call`](crate::Bucket::call).
///
/// This trait is sealed: only the generated inputs implement it.
///
/// # Examples
///
/// Code that is generic over the operations of a bucket:
///
/// ```no_run
/// use qingstor_sdk::{Bucket, Operation, Result};
///
/// async fn send_logged<I: Operation<Handle = Bucket>>(bucket: &Bucket, input: I) -> Result<I::Output> {
///     let output = bucket.call(input).await?;
///     println!("{}: request {:?}", I::INFO.id, output.request_id());
///     Ok(output)
/// }
/// ```
pub trait Operation: Sized + Send + 'static {
    /// Handle with the operation's method: [`QingStor`](crate::QingStor) or
    /// [`Bucket`](crate::Bucket).
    type Handle: ClientHandle;

    /// Output of a successful call.
    type Output: FromResponse;

    /// Facts about the operation.
    const INFO: &'static OperationInfo;

    /// Writes the input into a request.
    #[doc(hidden)]
    fn encode(self, request: &mut RequestParts) -> Result<()>;
}

/// A handle with operations: [`QingStor`](crate::QingStor) or [`Bucket`](crate::Bucket). This trait
/// is sealed.
pub trait ClientHandle: sealed::Sealed {}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// The output of an operation, such as [`GetObjectOutput`](crate::operations::GetObjectOutput).
/// This trait is sealed.
pub trait FromResponse: Sized + Send + Deref<Target = ResponseMeta> + 'static {
    /// Decodes the output from a response with a success status.
    #[doc(hidden)]
    fn decode(response: Response) -> Result<Self>;

    /// Returns the fields that the JSON body of the output may have, and no fields for other
    /// outputs. The client needs them to recognize an error document under a success status.
    #[doc(hidden)]
    #[must_use]
    fn body_fields() -> BodyFields {
        BodyFields::Named(&[])
    }
}
