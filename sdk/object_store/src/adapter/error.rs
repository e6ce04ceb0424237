//! Conversion of the SDK's errors.

use qingstor_sdk::{DeleteError, ErrorKind};

use super::object_store::Error;
use super::object_store::path::Path;

/// The name of this store in errors.
pub(super) const STORE: &str = "QingStor";

/// Converts an error of a request for the object at `location`. The SDK's error becomes the source.
pub(super) fn of_object(location: &Path, error: qingstor_sdk::Error) -> Error {
    let path = location.to_string();
    let status = error.status().map(|status| status.as_u16());
    let is_without_credentials = error.kind() == ErrorKind::Credentials;
    let source = Box::new(error);
    match status {
        Some(304) => Error::NotModified { path, source },
        Some(401) => Error::Unauthenticated { path, source },
        Some(403) => Error::PermissionDenied { path, source },
        Some(404) => Error::NotFound { path, source },
        Some(412) => Error::Precondition { path, source },
        None if is_without_credentials => Error::Unauthenticated { path, source },
        _ => generic(source),
    }
}

/// Converts the error of one object of a batch deletion.
pub(super) fn of_deletion(location: &Path, error: DeleteError) -> Error {
    let path = location.to_string();
    let cause = error.cause.as_deref();
    let status = cause.and_then(qingstor_sdk::Error::status);
    let is_without_credentials = cause.is_some_and(|cause| cause.kind() == ErrorKind::Credentials);
    let code = error.code.as_ref().map(ToString::to_string);
    let source = Box::new(error);
    match (status.map(|status| status.as_u16()), code.as_deref()) {
        (Some(404), _) | (None, Some("object_not_exists")) => Error::NotFound { path, source },
        (Some(401), _) => Error::Unauthenticated { path, source },
        (Some(403), _) | (None, Some("permission_denied")) => {
            Error::PermissionDenied { path, source }
        }
        (None, None) if is_without_credentials => Error::Unauthenticated { path, source },
        _ => generic(source),
    }
}

pub(super) fn generic(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Generic {
        store: STORE,
        source: source.into(),
    }
}

pub(super) fn not_implemented(operation: impl Into<String>) -> Error {
    Error::NotImplemented {
        operation: operation.into(),
        implementer: STORE.into(),
    }
}
