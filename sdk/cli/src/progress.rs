//! Progress of transfers on standard error.

mod screen;

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::messages;
use crate::quantities::size_text;
use screen::Screen;

/// Interval of the lines if standard error is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(3);
/// Screen updates per second of the bar.
const UPDATES_PER_SECOND: u8 = 10;

/// The progress of all transfers of a command. Clones share it.
#[derive(Clone)]
pub(crate) struct Progress {
    counters: Arc<Counters>,
    bar: Option<ProgressBar>,
}

#[derive(Default)]
struct Counters {
    files: AtomicU64,
    bytes: AtomicI64,
    total: AtomicU64,
}

impl Progress {
    /// Creates a progress that counts, but is not shown.
    pub(crate) fn hidden() -> Self {
        Self {
            counters: Arc::default(),
            bar: None,
        }
    }

    /// Shows a bar if standard error is a terminal. Otherwise prints a line every few seconds if
    /// `lines` is set, and nothing if it is not.
    pub(crate) fn start(lines: bool) -> Self {
        let mut progress = Self::hidden();
        if std::io::stderr().is_terminal() {
            progress.bar = Some(bar());
        } else if lines {
            tokio::spawn(print_lines(Arc::downgrade(&progress.counters)));
        }
        progress
    }

    /// Adds the size of a file that will be transferred.
    pub(crate) fn add_total(&self, bytes: u64) {
        self.counters.total.fetch_add(bytes, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.inc_length(bytes);
        }
    }

    /// Adds transferred bytes. Negative if bytes have to be transferred again.
    pub(crate) fn advance(&self, bytes: i64) {
        self.counters.bytes.fetch_add(bytes, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            match u64::try_from(bytes) {
                Ok(bytes) => bar.inc(bytes),
                Err(_) => bar.dec(bytes.unsigned_abs()),
            }
        }
    }

    /// Counts a file that has been transferred.
    pub(crate) fn finish_file(&self) {
        let files = 1 + self.counters.files.fetch_add(1, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.set_message(messages::files_done(files));
        }
    }

    /// Runs `print` while the bar is not on the screen.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Removes the bar from the screen.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(
        Some(0),
        ProgressDrawTarget::term_like_with_hz(Box::new(Screen::stderr()), UPDATES_PER_SECOND),
    );
    // The bar takes what the numbers leave. In a narrow terminal, the numbers take two lines.
    let template = "{wide_bar} {msg} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(messages::files_done(0));
    bar
}

/// Prints the counters until the progress is dropped.
async fn print_lines(counters: std::sync::Weak<Counters>) {
    let started = Instant::now();
    let mut interval = tokio::time::interval(LINE_INTERVAL);
    interval.tick().await;
    loop {
        interval.tick().await;
        let Some(counters) = counters.upgrade() else {
            return;
        };
        let bytes = u64::try_from(counters.bytes.load(Ordering::Relaxed)).unwrap_or(0);
        let total = counters.total.load(Ordering::Relaxed);
        let rate = bytes as f64 / started.elapsed().as_secs_f64().max(0.001);
        let line = messages::progress(
            counters.files.load(Ordering::Relaxed),
            size_text(bytes, true),
            size_text(total, true),
            size_text(rate as u64, true),
        );
        if writeln!(std::io::stderr(), "{line}").is_err() {
            return;
        }
    }
}
