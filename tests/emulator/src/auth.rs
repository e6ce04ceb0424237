//! Accounts, signatures and access decisions.
//!
//! This layer does not share code with the SDK: a mistake in shared code would cancel itself out.

pub(crate) mod access;
pub(crate) mod account;
mod accounts;
mod claim;
mod signature;
#[cfg(test)]
mod vectors;

pub(crate) use accounts::{Accounts, Caller};
