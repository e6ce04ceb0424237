//! Conversion of the SDK's errors.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use qingstor_sdk::{DeleteError, ErrorKind};

use super::object_store::Error;
use super::object_store::path::Path;

/// The name of this store in errors.
pub(super) const STORE: &str = "QingStor";

/// Converts an error of a request for the object at `location`. The SDK's error becomes the source.
pub(super) fn of_object(location: &Path, error: qingstor_sdk::Error) -> Error {
    let class = Class::of(&error);
    of_class(class, location, Box::new(error))
}

/// Converts an error that concerns several objects, for one of them.
pub(super) fn of_shared(location: &Path, error: &Arc<qingstor_sdk::Error>) -> Error {
    let source = SharedError(Arc::clone(error));
    of_class(Class::of(error), location, Box::new(source))
}

/// An error of several objects. Its source is the SDK's error.
#[derive(Debug)]
struct SharedError(Arc<qingstor_sdk::Error>);

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for SharedError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

/// Converts the error of one object of a batch deletion.
pub(super) fn of_deletion(location: &Path, error: DeleteError) -> Error {
    let code = error.code.as_ref().map(ToString::to_string);
    let class = match (&error.cause, code.as_deref()) {
        (Some(cause), _) => Class::of(cause),
        (None, Some("object_not_exists")) => Class::NotFound,
        (None, Some("permission_denied")) => Class::PermissionDenied,
        (None, _) => Class::Generic,
    };
    of_class(class, location, Box::new(error))
}

/// Variant of the store's error.
#[derive(Clone, Copy)]
enum Class {
    NotModified,
    Unauthenticated,
    PermissionDenied,
    NotFound,
    Precondition,
    Generic,
}

impl Class {
    fn of(error: &qingstor_sdk::Error) -> Self {
        match error.status().map(|status| status.as_u16()) {
            Some(304) => Self::NotModified,
            Some(401) => Self::Unauthenticated,
            Some(403) => Self::PermissionDenied,
            Some(404) => Self::NotFound,
            Some(412) => Self::Precondition,
            None if error.kind() == ErrorKind::Credentials => Self::Unauthenticated,
            _ => Self::Generic,
        }
    }
}

fn of_class(class: Class, location: &Path, source: Box<dyn StdError + Send + Sync>) -> Error {
    let path = location.to_string();
    match class {
        Class::NotModified => Error::NotModified { path, source },
        Class::Unauthenticated => Error::Unauthenticated { path, source },
        Class::PermissionDenied => Error::PermissionDenied { path, source },
        Class::NotFound => Error::NotFound { path, source },
        Class::Precondition => Error::Precondition { path, source },
        Class::Generic => generic(source),
    }
}

pub(super) fn generic(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
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
