//! A page for each thing that this crate does: what one writes, what it costs, where its limits
//! are.
//!
//! The modules hold no code: they are there for the documentation alone.

/// Settings: methods, environment variables, and the configuration file.
pub mod configuration {
    #![doc = include_str!("guide/configuration.md")]
}

/// What went wrong, and what to do.
pub mod errors {
    #![doc = include_str!("guide/errors.md")]
}

/// What is sent again, when, and how often.
pub mod retries {
    #![doc = include_str!("guide/retries.md")]
}

/// Rules for object keys, and what to do about keys that break them.
pub mod keys {
    #![doc = include_str!("guide/keys.md")]
}

/// Lists of any length.
pub mod paging {
    #![doc = include_str!("guide/paging.md")]
}

/// Uploads of any size, and `Expect: 100-continue`.
pub mod uploads {
    #![doc = include_str!("guide/uploads.md")]
}

/// Downloads of any size.
pub mod downloads {
    #![doc = include_str!("guide/downloads.md")]
}

/// Copies of any size, which the service makes by itself.
pub mod copies {
    #![doc = include_str!("guide/copies.md")]
}

/// Any number of keys, and what became of each.
pub mod deletions {
    #![doc = include_str!("guide/deletions.md")]
}

/// A bucket whose zone nobody knows.
pub mod zones {
    #![doc = include_str!("guide/zones.md")]
}

/// How damaged bytes are found.
pub mod integrity {
    #![doc = include_str!("guide/integrity.md")]
}

/// Calls for people without credentials.
pub mod presigned {
    #![doc = include_str!("guide/presigned.md")]
}

/// Uploads by a browser.
pub mod forms {
    #![doc = include_str!("guide/forms.md")]
}

/// Encryption with a key of one's own.
pub mod encryption {
    #![doc = include_str!("guide/encryption.md")]
}

/// Pictures that the service processes.
pub mod images {
    #![doc = include_str!("guide/images.md")]
}

/// Where credentials come from.
pub mod credentials {
    #![doc = include_str!("guide/credentials.md")]
}

/// Connections, times, TLS, proxies.
pub mod transport {
    #![doc = include_str!("guide/transport.md")]
}

/// Spans, events, and who is told of each request.
pub mod observability {
    #![doc = include_str!("guide/observability.md")]
}

/// Tests of programs that use this crate.
pub mod testing {
    #![doc = include_str!("guide/testing.md")]
}

/// Uploads and downloads in the handlers of a server.
pub mod axum {
    #![doc = include_str!("guide/axum.md")]
}

/// Calls without `async`.
pub mod blocking {
    #![doc = include_str!("guide/blocking.md")]
}

/// Inputs, outputs and types as serde writes them.
pub mod data {
    #![doc = include_str!("guide/data.md")]
}
