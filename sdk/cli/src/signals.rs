//! Signals that end the program.

use std::io;

/// A signal that ends the program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM, which service managers and containers send.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has this signal"))]
    Terminate,
    /// SIGHUP: the terminal is closed.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has this signal"))]
    HangUp,
}

/// Waits for signals.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// `None` if the signal is ignored, as `nohup` does: a handler would replace this.
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Starts listening. From now on, signals do not end the process on their own.
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        survive_file_size_limits()?;
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: match is_hang_up_ignored() {
                true => None,
                false => Some(signal(SignalKind::hangup())?),
            },
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        let hang_up = &mut self.hang_up;
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            Some(_) = async { hang_up.as_mut()?.recv().await } => Signal::HangUp,
        }
    }
}

/// Waits for Ctrl-C.
#[cfg(windows)]
pub(crate) struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    /// Starts listening. From now on, Ctrl-C does not end the process on its own.
    pub(crate) fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        let _ = self.0.recv().await;
        Signal::Interrupt
    }
}

/// Returns whether the process ignores SIGHUP, or may do so. This is known on Linux only.
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is the first signal.
    ignored.is_none_or(|mask| mask & 1 == 1)
}

/// Makes writes beyond the file size limit (`ulimit -f`) fail like writes to a full disk. Without a
/// handler, SIGXFSZ ends the process, and leaves temporary files.
#[cfg(unix)]
fn survive_file_size_limits() -> io::Result<()> {
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
