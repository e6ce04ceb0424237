//! Accounts, signatures and access decisions.
//!
//! This layer does not share code with the SDK: a mistake in shared code would cancel itself out.

pub(crate) mod account;
mod authentication;
pub(crate) mod authorization;
mod credentials;
mod explanation;
mod signature;
#[cfg(test)]
mod vectors;

pub(crate) use authentication::{Accounts, Caller, SignedUrl};
pub(crate) use explanation::UnmatchedRequest;
