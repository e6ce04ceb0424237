//! Exit codes, and the errors that lead to them.

use std::fmt;
use std::process::ExitCode;

/// Everything was done.
pub(crate) const DONE: u8 = 0;
/// Something failed.
pub(crate) const FAILED: u8 = 1;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// A comparison failed, so that nothing is known about differences. The same as for `diff` and `cmp`.
const COMPARISON_FAILED: u8 = 2;
/// Ctrl-C ended the command.
pub(crate) const INTERRUPTED: u8 = 130;
/// SIGHUP ended the command.
pub(crate) const HUNG_UP: u8 = 129;
/// SIGTERM ended the command.
pub(crate) const TERMINATED: u8 = 143;

/// A mistake in the command line.
#[derive(Debug)]
pub(crate) struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Creates the error of a wrong command line.
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(UsageError(message.into()))
}

/// The reader of standard output has closed it, so nothing else needs to be printed.
#[derive(Debug)]
pub(crate) struct OutputClosed;

impl fmt::Display for OutputClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("standard output is closed")
    }
}

impl std::error::Error for OutputClosed {}

/// Context of an error that ends a comparison. Displays nothing, because its cause says what failed.
#[derive(Debug)]
pub(crate) struct ComparisonFailed;

impl fmt::Display for ComparisonFailed {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// Returns the exit code for the error of a command.
pub(crate) fn code_of(error: &anyhow::Error) -> u8 {
    if error.is::<OutputClosed>() {
        DONE
    } else if error.is::<UsageError>() {
        USAGE
    } else if error.is::<ComparisonFailed>() {
        COMPARISON_FAILED
    } else {
        FAILED
    }
}

/// Converts an exit code for `main`.
pub(crate) fn exit_code(code: u8) -> ExitCode {
    ExitCode::from(code)
}
