//! Step definitions of the features.

mod access;
mod bucket;
mod encryption;
mod image;
mod keys;
mod multipart;
mod objects;
mod response;
mod service;
mod settings;
mod versions;
