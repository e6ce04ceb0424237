//! Lines on standard output and standard error.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use qingstor_sdk::{Error, ErrorCode};
use serde_json::{Value, json};

use crate::action::{Action, Operands, Verb};
use crate::exit::OutputClosed;
use crate::messages;
pub(crate) use crate::printable::{printable, printable_name};
use crate::progress::Progress;

/// The longest time that a line waits in the buffer while further lines are printed.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);

/// Prints results and errors, and counts failures.
pub(crate) struct Output {
    streams: Arc<Streams>,
    /// Line of the script that contains the command.
    line: Option<u64>,
    /// Whether standard output is the content of an object, so that failures are printed on standard
    /// error also with `--json`.
    is_content: AtomicBool,
    /// Whether each entry of a list ends with a NUL character.
    ends_with_nul: AtomicBool,
}

/// The streams of the process, which all commands of a script share.
struct Streams {
    json: bool,
    quiet: bool,
    /// The zone in which buckets are looked for, if the user has set one.
    zone: OnceLock<String>,
    stdout: Mutex<Buffer>,
    /// Whether standard output cannot be written.
    closed: AtomicBool,
    failures: AtomicU64,
    progress: Mutex<Progress>,
}

struct Buffer {
    writer: BufWriter<Stdout>,
    is_terminal: bool,
    flushed: Instant,
}

impl Output {
    /// Creates the printer of a command.
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        let streams = Streams {
            json,
            quiet,
            zone: OnceLock::new(),
            stdout: Mutex::new(Buffer {
                writer: BufWriter::with_capacity(64 << 10, io::stdout()),
                is_terminal: io::stdout().is_terminal(),
                flushed: Instant::now(),
            }),
            closed: AtomicBool::new(false),
            failures: AtomicU64::new(0),
            progress: Mutex::new(Progress::hidden()),
        };
        Self {
            streams: Arc::new(streams),
            line: None,
            is_content: AtomicBool::new(false),
            ends_with_nul: AtomicBool::new(false),
        }
    }

    /// Creates the printer of the command in a line of a script. Its failures contain the number.
    pub(crate) fn of_line(&self, number: u64) -> Self {
        Self {
            streams: Arc::clone(&self.streams),
            line: Some(number),
            is_content: AtomicBool::new(false),
            ends_with_nul: AtomicBool::new(false),
        }
    }

    /// Returns whether results are JSON objects.
    pub(crate) fn json(&self) -> bool {
        self.streams.json
    }

    /// Returns whether only errors are printed.
    pub(crate) fn quiet(&self) -> bool {
        self.streams.quiet
    }

    /// Declares in which zone buckets are looked for. Errors of missing buckets name it.
    pub(crate) fn set_zone(&self, zone: String) {
        let _ = self.streams.zone.set(zone);
    }

    /// Returns the text for a bucket that does not exist, as far as it was looked for.
    pub(crate) fn no_such_bucket(&self, bucket: &str) -> String {
        match self.streams.zone.get() {
            Some(zone) => messages::no_such_bucket_in_zone(bucket, zone),
            None => messages::no_such_bucket(bucket),
        }
    }

    /// Returns the text of an error. That of a missing bucket names the bucket.
    fn failure_text(&self, text: &str, error: Option<&Error>) -> String {
        let missing = error.filter(|error| error.code() == Some(&ErrorCode::BucketNotExists));
        let Some(bucket) = missing.and_then(Error::bucket) else {
            return text.to_owned();
        };
        let summary = self.no_such_bucket(bucket);
        match text.contains(&summary) {
            true => text.to_owned(),
            false => messages::with_cause(summary, text),
        }
    }

    /// Returns the number of failures that were reported.
    pub(crate) fn failures(&self) -> u64 {
        self.streams.failures.load(Ordering::Relaxed)
    }

    /// Counts a failure that is reported otherwise.
    pub(crate) fn count_failure(&self) {
        self.streams.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Declares that standard output is the content of an object: from now on, failures are printed on
    /// standard error also with `--json`.
    pub(crate) fn print_content(&self) {
        self.is_content.store(true, Ordering::Relaxed);
    }

    /// Declares that each [`entry`](Self::entry) ends with a NUL character instead of a line feed.
    pub(crate) fn end_with_nul(&self) {
        self.ends_with_nul.store(true, Ordering::Relaxed);
    }

    /// Replaces the progress display, and removes the previous one from the screen. Lines are printed
    /// above it.
    pub(crate) fn show_progress(&self, progress: Progress) {
        let previous = std::mem::replace(&mut *lock(&self.streams.progress), progress);
        previous.clear();
    }

    /// Prints a result: a JSON object with `--json`, otherwise the text.
    ///
    /// # Errors
    ///
    /// Returns [`OutputClosed`] if the reader of standard output is gone, or an I/O error.
    pub(crate) fn result(
        &self,
        text: impl FnOnce() -> String,
        value: impl FnOnce() -> Value,
    ) -> Result<()> {
        match self.streams.json {
            true => self.line(&value().to_string()),
            false => self.line(&text()),
        }
    }

    /// Prints an entry of a list: a JSON object with `--json`, otherwise the text that `line` makes of
    /// the name. On a terminal, the name is printable. Elsewhere, it is the name itself, for programs;
    /// a name with a line feed, which they would read as two names, is a failure.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`result`](Self::result).
    pub(crate) fn entry(
        &self,
        name: &str,
        line: impl FnOnce(&str) -> String,
        value: impl FnOnce() -> Value,
    ) -> Result<()> {
        if self.streams.json {
            return self.line(&value().to_string());
        }
        if self.ends_with_nul.load(Ordering::Relaxed) {
            return self.bytes(line(name).as_bytes(), b"\0");
        }
        if self.is_terminal() {
            return self.line(&line(&printable_name(name)));
        }
        if name.contains('\n') {
            self.failed(
                &Action::new(Verb::List, name),
                &anyhow!(messages::line_feed_in_name()),
            );
            return Ok(());
        }
        self.line(&line(name))
    }

    fn is_terminal(&self) -> bool {
        lock(&self.streams.stdout).is_terminal
    }

    /// Prints a line, even with `--quiet`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`result`](Self::result).
    pub(crate) fn line(&self, line: &str) -> Result<()> {
        self.bytes(line.as_bytes(), b"\n")
    }

    /// Prints bytes without a line feed.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`result`](Self::result).
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<()> {
        self.bytes(bytes, b"")
    }

    fn bytes(&self, bytes: &[u8], end: &[u8]) -> Result<()> {
        let progress = lock(&self.streams.progress).clone();
        progress.suspend(|| {
            let mut buffer = lock(&self.streams.stdout);
            let written = buffer.write(bytes, end);
            self.check(written)
        })
    }

    fn check(&self, written: io::Result<()>) -> Result<()> {
        match written {
            Ok(()) => Ok(()),
            Err(error) => {
                self.streams.closed.store(true, Ordering::Relaxed);
                Err(match error.kind() {
                    io::ErrorKind::BrokenPipe => OutputClosed.into(),
                    _ => anyhow::Error::new(error).context(StdoutFailed),
                })
            }
        }
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`result`](Self::result).
    pub(crate) fn flush(&self) -> Result<()> {
        if self.is_closed() {
            return Ok(());
        }
        let flushed = lock(&self.streams.stdout).writer.flush();
        self.check(flushed)
    }

    fn is_closed(&self) -> bool {
        self.streams.closed.load(Ordering::Relaxed)
    }

    /// Reports that standard output cannot be written, unless its reader is gone. For commands that
    /// continue; no further actions are printed.
    pub(crate) fn stopped_printing(&self, error: &anyhow::Error) {
        if !error.is::<OutputClosed>() {
            self.error(error);
        }
    }

    /// Reports one action of a command that changes something. The command continues if standard output
    /// cannot be written, which is a failure unless its reader is gone.
    pub(crate) fn action(&self, action: &Action<'_>) {
        if self.streams.quiet || self.is_closed() {
            return;
        }
        if let Err(error) = self.result(|| action.text(), || action.value()) {
            self.stopped_printing(&error);
        }
    }

    /// Reports the failure of one action, and counts it.
    pub(crate) fn failed(&self, action: &Action<'_>, error: &anyhow::Error) {
        let request = error
            .chain()
            .find_map(|cause| cause.downcast_ref::<Error>());
        self.failed_with(action, &chain_text(error), request);
    }

    /// Reports that the request of one action failed, and counts it.
    pub(crate) fn failed_request(&self, action: &Action<'_>, error: &Error) {
        self.failed_with(action, &error.to_string(), Some(error));
    }

    /// Reports the failure of one action with this text, and the facts of the request that caused it.
    /// Counts it.
    pub(crate) fn failed_with(&self, action: &Action<'_>, text: &str, error: Option<&Error>) {
        self.count_failure();
        let text = self.failure_text(text, error);
        if self.streams.json {
            let mut value = action.value();
            add_error(&mut value, &text, error);
            self.json_failure(value);
            return;
        }
        let reason = with_summary(&text, error);
        let text = messages::failed_action(action.text(), printable(&reason));
        self.stderr(&messages::error(self.with_line(text)));
    }

    /// Reports an error that is not the failure of a single action, and counts it. With `--json`, it has
    /// the [`Operands`] of its context.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        self.count_failure();
        let request = error
            .chain()
            .find_map(|cause| cause.downcast_ref::<Error>());
        let text = chain_text(error);
        let text = match error.is::<TwoBuckets>() {
            true => text,
            false => self.failure_text(&text, request),
        };
        if self.streams.json {
            let operands = error.downcast_ref::<Operands>();
            let operands = operands.filter(|_| !error.is::<StdoutFailed>());
            let mut value =
                operands.map_or_else(|| json!({}), |operands| operands.action().value());
            add_error(&mut value, &text, request);
            self.json_failure(value);
            return;
        }
        let text = printable(&with_summary(&text, request));
        self.stderr(&messages::error(self.with_line(text)));
    }

    /// Adds the line of the script to the text of a failure.
    fn with_line(&self, text: String) -> String {
        match self.line {
            Some(number) => messages::with_cause(messages::line_number(number), text),
            None => text,
        }
    }

    fn json_failure(&self, mut value: Value) {
        if let (Value::Object(fields), Some(number)) = (&mut value, self.line) {
            fields.insert("line".to_owned(), number.into());
        }
        let line = value.to_string();
        let is_content = self.is_content.load(Ordering::Relaxed);
        if is_content || self.is_closed() || self.line(&line).is_err() {
            self.stderr(&line);
        }
    }

    /// Prints a warning that is not a failure, unless `--quiet` is set.
    pub(crate) fn warning(&self, text: &str) {
        if !self.quiet() {
            self.stderr(text);
        }
    }

    /// Prints a line on standard error.
    pub(crate) fn stderr(&self, line: &str) {
        // The order of lines on a terminal is that of the calls.
        let _ = self.flush();
        let progress = lock(&self.streams.progress).clone();
        progress.suspend(|| {
            // Nothing can be done if standard error is closed.
            let _ = writeln!(io::stderr(), "{line}");
        });
    }
}

/// Context of the error of a request for two buckets: a bucket that does not exist can be either of them.
/// Displays nothing.
#[derive(Debug)]
pub(crate) struct TwoBuckets;

impl fmt::Display for TwoBuckets {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// Context of an error that is not one of the operands: standard output cannot be written.
#[derive(Debug)]
struct StdoutFailed;

impl fmt::Display for StdoutFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("standard output")
    }
}

impl Buffer {
    fn write(&mut self, bytes: &[u8], end: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.writer.write_all(end)?;
        if self.is_terminal || self.flushed.elapsed() >= FLUSH_INTERVAL {
            self.writer.flush()?;
            self.flushed = Instant::now();
        }
        Ok(())
    }
}

/// Returns an error with its causes, as one line.
pub(crate) fn error_text(error: &anyhow::Error) -> String {
    let request = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Error>());
    printable(&with_summary(&chain_text(error), request))
}

/// Returns an error with its causes. Leaves out texts that the next one contains, and the other way
/// round.
fn chain_text(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| {
        let cause = cause.to_string();
        if cause.contains(&text) {
            cause
        } else if text.contains(&cause) {
            text
        } else {
            messages::with_cause(text, cause)
        }
    })
}

/// Adds the kind of an error of the client to its text, if the locale is not English.
fn with_summary(text: &str, error: Option<&Error>) -> String {
    match error.and_then(messages::reasons::error_summary) {
        Some(summary) if !text.contains(summary) => messages::with_summary(summary, text),
        _ => text.to_owned(),
    }
}

/// Adds an error to a JSON object, with the facts of the failed request.
fn add_error(value: &mut Value, text: &str, error: Option<&Error>) {
    let Value::Object(fields) = value else { return };
    fields.insert("error".to_owned(), text.into());
    let Some(error) = error else { return };
    let texts = [
        ("request_id", error.request_id().map(str::to_owned)),
        ("code", error.code().map(ToString::to_string)),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            fields.insert(name.to_owned(), text.into());
        }
    }
    if let Some(status) = error.status() {
        fields.insert("status".to_owned(), status.as_u16().into());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cause_is_repeated() {
        let text = |causes: &[&'static str]| {
            let (last, outer) = causes.split_last().unwrap();
            let error = outer.iter().rev();
            chain_text(&error.fold(anyhow::anyhow!(*last), |error, text| error.context(*text)))
        };
        assert_eq!(text(&["a.txt", "a.txt: not found"]), "a.txt: not found");
        assert_eq!(text(&["a.txt: not found", "not found"]), "a.txt: not found");
        assert_eq!(
            text(&["a.txt", "not found", "denied"]),
            "a.txt: not found: denied"
        );
    }
}
