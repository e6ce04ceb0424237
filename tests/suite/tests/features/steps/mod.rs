//! What the steps of features do.

mod access;
mod answers;
mod bucket;
mod encryption;
mod image;
mod keys;
mod multipart;
mod objects;
mod service;
mod settings;
mod versions;
