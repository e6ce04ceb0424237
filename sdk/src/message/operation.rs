//! [`Operation`]: what the specification says of one call, as data and two functions.
//!
//! The larger of these functions are `#[inline]`, as is what begins a transfer: a program compiles
//! those that it uses. This halves what the compiler has to do for this crate.

use crate::base::error::Result;
use crate::message::error_document::BodyFields;
use crate::message::operation_info::Info;
use crate::message::request::RequestParts;
use crate::message::response::Response;

/// An operation's input: it knows how to become a request and what to make of the answer.
///
/// Implemented by the rendered inputs (`PutObjectInput`, ...). An input is plain data: it can be
/// made and kept on its own, and sent with [`QingStor::call`](crate::QingStor::call) or
/// [`Bucket::call`](crate::Bucket::call).
pub trait Operation: Sized {
    /// Handle with the operation's method: [`QingStor`](crate::QingStor) or
    /// [`Bucket`](crate::Bucket).
    type Handle: ClientHandle;

    /// Output of a successful call.
    type Output: FromResponse;

    /// The operation's facts.
    const INFO: Info;

    /// Writes the input into a request.
    #[doc(hidden)]
    fn encode(self, request: &mut RequestParts) -> Result<()> {
        let _ = request;
        Ok(())
    }
}

/// A handle with operations: [`QingStor`](crate::QingStor) or [`Bucket`](crate::Bucket). Sealed.
pub trait ClientHandle: sealed::Sealed {}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// An operation's output: it knows how to be read from an answer.
pub trait FromResponse: Sized {
    /// Reads the output from an answer with a success status.
    #[doc(hidden)]
    fn decode(response: Response) -> Result<Self>;

    /// Returns the fields that the JSON body of the output may have: none for other outputs. The
    /// client needs them to recognize an error document under a success status.
    #[doc(hidden)]
    #[must_use]
    fn body_fields() -> BodyFields {
        BodyFields::Named(&[])
    }
}
