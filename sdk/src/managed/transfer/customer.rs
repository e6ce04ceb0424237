//! The headers of a key of the caller's, as a transfer hands them to its calls.

use crate::base::secret::Secret;
use crate::generated::operations::{
    GetObjectInput, HeadObjectInput, InitiateMultipartUploadInput, PutObjectInput,
    UploadMultipartInput,
};
use crate::message::sse::SseKey;

/// How content is encrypted with a key of the caller's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Customer {
    algorithm: Option<String>,
    key: Option<Secret>,
    key_md5: Option<String>,
}

impl Customer {
    /// Whether there is a key. What is encrypted with one need not have an MD5 as its entity tag.
    pub(crate) fn is_there(&self) -> bool {
        self.key.is_some()
    }

    pub(crate) fn new(key: &SseKey) -> Self {
        Self {
            algorithm: Some(key.algorithm()),
            key: Some(key.to_base64()),
            key_md5: Some(key.md5()),
        }
    }
}

/// Writes the three headers into the inputs that have them.
macro_rules! write_to {
    ($($name:ident: $input:ty,)*) => {
        impl Customer {
            $(
                pub(crate) fn $name(&self, input: &mut $input) {
                    input.encryption_customer_algorithm.clone_from(&self.algorithm);
                    input.encryption_customer_key.clone_from(&self.key);
                    input.encryption_customer_key_md5.clone_from(&self.key_md5);
                }
            )*
        }
    };
}

write_to! {
    put: PutObjectInput,
    initiate: InitiateMultipartUploadInput,
    part: UploadMultipartInput,
    get: GetObjectInput,
    head: HeadObjectInput,
}
