//! Files: atomic replacement, locks, and checks of what a path refers to.

pub(crate) mod atomic_file;
pub(crate) mod cached;
pub(crate) mod file_lock;
pub(crate) mod open_files;
pub(crate) mod positioned;
pub(crate) mod regular_file;
pub(crate) mod small_file;
pub(crate) mod temporary_name;
