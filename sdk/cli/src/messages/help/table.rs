//! Each line of the help in English and Chinese.

mod commands;
mod options;

/// Returns the lines in both languages.
pub(super) fn lines() -> impl Iterator<Item = &'static (&'static str, &'static str)> + Clone {
    commands::TEXTS.iter().chain(options::TEXTS)
}
