//! Uploads and downloads, with the emulator or a server that misbehaves. One program, because each
//! program of tests compiles and links the SDK again.

#![cfg(test)]

mod aborts;
mod copies;
mod download_leftovers;
mod download_resume;
#[cfg(unix)]
mod download_targets;
mod downloads;
mod file_metadata;
mod lost_responses;
mod runtime;
mod upload_resume;
mod upload_tokens;
mod upload_writer;
mod uploads;

#[path = "../transfer/mod.rs"]
mod transfer;
