//! Runs a formatter with limits for time and output.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// Maximum size of a formatted file in bytes.
pub(super) const MOST_BYTES: usize = 64 << 20;
/// Maximum number of bytes of error messages that are kept.
const MOST_MESSAGE_BYTES: usize = 64 << 10;
/// Interval for checking whether a process has exited after it closed its output.
const POLL: Duration = Duration::from_millis(10);

/// A running process.
pub(super) struct Running {
    child: Child,
    outputs: Receiver<Output>,
    deadline: Instant,
    has_ended: bool,
}

/// A process that has exited.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    /// The first part of standard error.
    pub(super) stderr: String,
}

/// Reason why a process was killed.
#[derive(Debug)]
pub(super) enum Stopped {
    /// It exceeded the time limit.
    Time,
    /// It exceeded the output limit.
    Size,
    /// An I/O error occurred.
    Io(io::Error),
}

/// Output of a process that is complete or exceeds the limit.
enum Output {
    Stdout(io::Result<Vec<u8>>),
    Stderr(Vec<u8>),
    TooLarge,
}

/// Starts a process with `input` as its standard input.
pub(super) fn start(
    command: &mut Command,
    input: String,
    time_limit: Duration,
) -> io::Result<Running> {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Puts the process into its own group, so that its child processes can be killed with it.
        command.process_group(0);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (sender, outputs) = mpsc::channel();
    // The threads are not joined, because a child process can keep the pipes open.
    if let Some(mut stdin) = child.stdin.take() {
        // If the formatter closes its input early, its exit status explains why.
        thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    }
    if let Some(stdout) = child.stdout.take() {
        let sender = sender.clone();
        thread::spawn(move || drop(sender.send(read_stdout(stdout))));
    }
    if let Some(stderr) = child.stderr.take() {
        thread::spawn(move || read_stderr(stderr, &sender));
    }
    Ok(Running {
        child,
        outputs,
        deadline: Instant::now() + time_limit,
        has_ended: false,
    })
}

fn read_stdout(stdout: impl Read) -> Output {
    let mut bytes = Vec::new();
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    match stdout.take(most + 1).read_to_end(&mut bytes) {
        Ok(length) if length > MOST_BYTES => Output::TooLarge,
        result => Output::Stdout(result.map(|_| bytes)),
    }
}

/// Reads standard error to the end, so that the process does not block when it writes.
fn read_stderr(mut stderr: impl Read, sender: &Sender<Output>) {
    let mut kept = Vec::new();
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = stderr.read(&mut buffer) {
        let room = MOST_MESSAGE_BYTES - kept.len();
        kept.extend_from_slice(buffer.get(..length.min(room)).unwrap_or_default());
    }
    drop(sender.send(Output::Stderr(kept)));
}

impl Running {
    /// Waits until the process has exited and its output is complete. Kills its process group if it
    /// exceeds a limit.
    pub(super) fn finish(mut self) -> Result<Ended, Stopped> {
        let ended = self.wait()?;
        self.has_ended = true;
        Ok(ended)
    }

    fn wait(&mut self) -> Result<Ended, Stopped> {
        let (mut stdout, mut stderr) = (None, None);
        while stdout.is_none() || stderr.is_none() {
            match self.outputs.recv_timeout(self.time_left()?) {
                Ok(Output::Stdout(bytes)) => stdout = Some(bytes.map_err(Stopped::Io)?),
                Ok(Output::Stderr(bytes)) => stderr = Some(bytes),
                Ok(Output::TooLarge) => return Err(Stopped::Size),
                Err(RecvTimeoutError::Timeout) => return Err(Stopped::Time),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Stopped::Io(io::ErrorKind::BrokenPipe.into()));
                }
            }
        }
        let mut pause = Duration::from_micros(100);
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => thread::sleep(pause.min(self.time_left()?)),
                Err(error) => return Err(Stopped::Io(error)),
            }
            pause = (pause * 2).min(POLL);
        };
        Ok(Ended {
            status,
            stdout: stdout.unwrap_or_default(),
            stderr: String::from_utf8_lossy(&stderr.unwrap_or_default()).into_owned(),
        })
    }

    fn time_left(&self) -> Result<Duration, Stopped> {
        let left = self.deadline.checked_duration_since(Instant::now());
        left.filter(|left| !left.is_zero()).ok_or(Stopped::Time)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        #[cfg(unix)]
        {
            // The standard library only kills the process itself, not its child processes.
            let group = format!("-{}", self.child.id());
            let _ = Command::new("kill")
                .args(["-KILL", "--", &group])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
        // Fails if the process has exited in the meantime.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
