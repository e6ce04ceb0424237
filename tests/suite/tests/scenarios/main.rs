//! The SDK against the emulator, and against servers that fail.

#![cfg(test)]

mod access;
mod faults;
mod images;
mod listing;
mod managed;
mod new_crate;
mod objects;
mod paging;
mod presigned;
mod store;
mod transfers;
mod unusual_keys;
mod walkthrough;
