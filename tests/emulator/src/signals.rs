//! Signals that end the program.

use std::io;

/// SIGINT, and SIGTERM, which service managers and containers send.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Starts listening for signals.
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(windows)]
pub(crate) struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    /// Starts listening for signals.
    pub(crate) fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    pub(crate) async fn next(&mut self) {
        let _ = self.0.recv().await;
    }
}

/// Makes writes beyond the file size limit (`ulimit -f`) fail like writes to a full disk. Without a
/// handler, SIGXFSZ ends the process.
pub(crate) fn survive_file_size_limits() -> io::Result<()> {
    // SIGXFSZ has this number on all these systems, but not on every processor architecture.
    #[cfg(all(
        any(target_os = "linux", target_os = "macos", target_os = "freebsd"),
        not(any(target_arch = "mips", target_arch = "mips64"))
    ))]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // The handler stays active after the stream of signals is dropped.
        drop(signal(SignalKind::from_raw(25))?);
    }
    Ok(())
}
