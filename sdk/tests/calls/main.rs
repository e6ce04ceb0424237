//! Single calls: types, errors, hooks, settings. One program, because each program of tests compiles
//! and links the SDK again.

#![cfg(test)]

#[cfg(feature = "serde")]
mod arbitrary;
#[cfg(feature = "blocking")]
mod blocking;
mod conversions;
#[cfg(feature = "rustls")]
mod credentials;
#[cfg(feature = "rustls")]
mod each_call;
mod error_lines;
#[cfg(feature = "rustls")]
mod interceptor;
#[cfg(feature = "rustls")]
mod notifications;
#[cfg(feature = "rustls")]
mod observer;
#[cfg(feature = "serde")]
mod serde_types;

#[path = "../transfer/mod.rs"]
mod transfer;
