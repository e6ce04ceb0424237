//! The user guide, with one page for each capability: examples, limits and costs.
//!
//! These modules contain only documentation.

/// Settings: methods, environment variables, and the configuration file.
pub mod configuration {
    #![doc = include_str!("guide/configuration.md")]
}

/// Errors, and how to handle them.
pub mod errors {
    #![doc = include_str!("guide/errors.md")]
}

/// Retries: which requests, when, and how often.
pub mod retries {
    #![doc = include_str!("guide/retries.md")]
}

/// Rules for object keys, and how to handle existing keys that do not follow them.
pub mod keys {
    #![doc = include_str!("guide/keys.md")]
}

/// Lists of any length.
pub mod paging {
    #![doc = include_str!("guide/paging.md")]
}

/// Uploads of any size, graceful shutdown, and `Expect: 100-continue`.
pub mod uploads {
    #![doc = include_str!("guide/uploads.md")]
}

/// Downloads of any size.
pub mod downloads {
    #![doc = include_str!("guide/downloads.md")]
}

/// Folders: uploads, downloads, synchronization.
pub mod folders {
    #![doc = include_str!("guide/folders.md")]
}

/// Copies of any size, within a zone and between zones.
pub mod copies {
    #![doc = include_str!("guide/copies.md")]
}

/// Deletion of any number of objects.
pub mod deletions {
    #![doc = include_str!("guide/deletions.md")]
}

/// The zones of the service, and how to find that of a bucket.
pub mod zones {
    #![doc = include_str!("guide/zones.md")]
}

/// How damaged data is detected.
pub mod integrity {
    #![doc = include_str!("guide/integrity.md")]
}

/// Presigned URLs, for users without credentials.
pub mod presigned {
    #![doc = include_str!("guide/presigned.md")]
}

/// Uploads from a browser with an HTML form.
pub mod forms {
    #![doc = include_str!("guide/forms.md")]
}

/// Encryption with a customer-provided key.
pub mod encryption {
    #![doc = include_str!("guide/encryption.md")]
}

/// Image processing by the service.
pub mod images {
    #![doc = include_str!("guide/images.md")]
}

/// Sources of credentials.
pub mod credentials {
    #![doc = include_str!("guide/credentials.md")]
}

/// Connections, timeouts, TLS and proxies.
pub mod transport {
    #![doc = include_str!("guide/transport.md")]
}

/// Tracing spans and events, and observers.
pub mod observability {
    #![doc = include_str!("guide/observability.md")]
}

/// Headers of every request, and requests that are refused.
pub mod interceptors {
    #![doc = include_str!("guide/interceptors.md")]
}

/// Notifications about changes of objects, and how a server receives them.
pub mod notifications {
    #![doc = include_str!("guide/notifications.md")]
}

/// Tests of programs that use this crate.
pub mod testing {
    #![doc = include_str!("guide/testing.md")]
}

/// Uploads and downloads in the handlers of a server.
pub mod axum {
    #![doc = include_str!("guide/axum.md")]
}

/// Blocking calls, without `async`.
pub mod blocking {
    #![doc = include_str!("guide/blocking.md")]
}

/// Serialization of inputs, outputs and types.
pub mod data {
    #![doc = include_str!("guide/data.md")]
}
