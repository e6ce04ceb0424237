//! Standard output and standard error, whose readers can end before the command does.

use std::fmt::Display;
use std::io::{self, StdoutLock, Write};

/// Standard output. If its reader closed the pipe, for example `head`, the rest is discarded, so
/// that the command completes and returns its exit code.
pub(crate) struct Stdout {
    stream: StdoutLock<'static>,
    is_closed: bool,
}

impl Stdout {
    pub(crate) fn lock() -> Self {
        Self {
            stream: io::stdout().lock(),
            is_closed: false,
        }
    }

    /// Returns the result, or `closed` if the pipe is or was closed.
    fn unless_closed<T>(&mut self, result: io::Result<T>, closed: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(closed)
            }
            result => result,
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        let written = self.stream.write(bytes);
        self.unless_closed(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let flushed = self.stream.flush();
        self.unless_closed(flushed, ())
    }
}

/// Writes a line to standard error, unless it is closed.
pub(crate) fn print_error(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
