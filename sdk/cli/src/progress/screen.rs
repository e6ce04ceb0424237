//! [`Screen`]: the part of a terminal that the progress bar uses.

use std::io;

use console::Term;
use indicatif::TermLike;

/// Columns that the bar leaves free: a terminal shows `^C` at the cursor. Without them, the cursor
/// would be on the next line when the bar is removed, and the bar would stay.
const FREE_COLUMNS: u16 = 2;
/// The narrowest terminal with free columns. In narrower ones, the bar has so many lines that the
/// free columns would change their number.
const MIN_WIDTH: u16 = 20;

/// A terminal without its last columns.
#[derive(Debug)]
pub(super) struct Screen(Term);

impl Screen {
    /// Returns the screen of standard error.
    pub(super) fn stderr() -> Self {
        Self(Term::buffered_stderr())
    }
}

/// Returns the columns for the bar.
fn usable(width: u16) -> u16 {
    match width < MIN_WIDTH {
        true => width,
        false => width.saturating_sub(FREE_COLUMNS),
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        usable(self.0.size().1)
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
