//! Reports: findings with file, line and column.

use std::fmt;

use serde::Serialize;

use super::{Diagnostic, Severity};
use crate::source::{Sources, Span};

/// A finding whose place is resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Severity.
    pub severity: Severity,
    /// Id of the rule.
    pub rule: &'static str,
    /// Description of the problem.
    pub message: String,
    /// Place of the problem, if it is in a file.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// Related places.
    pub notes: Vec<Note>,
    /// Advice.
    pub help: Option<String>,
}

/// A place in a file, with the text of the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// File name with forward slashes.
    pub file: String,
    /// Line, starting at 1.
    pub line: usize,
    /// Column in characters, starting at 1.
    pub column: usize,
    /// JSON pointer within the file. `None` if the file is not JSON.
    pub pointer: Option<String>,
    /// Text of the line, or the part around the place if the line is long. Empty if the file is not
    /// a document, because such a file can contain secrets.
    pub text: String,
    /// Number of characters of the line before `text`.
    pub skipped: usize,
    /// Number of characters that the finding covers on the line.
    pub width: usize,
}

/// A related place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Label.
    pub label: String,
    /// Place.
    #[serde(flatten)]
    pub place: Place,
}

/// Findings sorted by file and line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Creates a report from diagnostics, sorted by place.
    pub fn new(mut diagnostics: Vec<Diagnostic>, sources: &Sources) -> Self {
        diagnostics.sort_by_key(|diagnostic| diagnostic.span);
        diagnostics.dedup();
        let findings = diagnostics
            .into_iter()
            .map(|diagnostic| Finding::new(diagnostic, sources))
            .collect();
        Self { findings }
    }

    /// Returns whether a finding is an error.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// Returns the number of errors.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// Returns the number of findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        let found = self.findings.iter();
        found.filter(|one| one.severity == severity).count()
    }
}

impl Finding {
    fn new(diagnostic: Diagnostic, sources: &Sources) -> Self {
        Self {
            severity: diagnostic.severity,
            rule: diagnostic.rule,
            message: one_line(&diagnostic.message),
            place: diagnostic.span.map(|span| Place::new(span, sources)),
            notes: diagnostic
                .notes
                .into_iter()
                .map(|(span, label)| Note {
                    label: one_line(&label),
                    place: Place::new(span, sources),
                })
                .collect(),
            help: diagnostic.help.as_deref().map(one_line),
        }
    }
}

impl Place {
    fn new(span: Span, sources: &Sources) -> Self {
        let location = sources.location(span);
        let file = sources.file(span.file);
        let line = match file.is_quoted {
            true => file.line(location.line),
            false => "",
        };
        let start = span.start as usize;
        // A minified file is one long line: show the part around the place. Such a line can have a
        // finding at each word, so do not walk the whole line for each.
        let (text, skipped) = if line.len() > WIDTH * 4 {
            let column = location.column.saturating_sub(1);
            let shown = column.min(BEFORE);
            let (before, after) = file.text.split_at_checked(start).unwrap_or_default();
            let before = before.chars().rev().take(shown).map(char::len_utf8).sum();
            let text = file.text.get(start.saturating_sub(before)..);
            let text = text.unwrap_or(after).chars().take(WIDTH);
            (text.take_while(in_line).collect(), column - shown)
        } else {
            (line.to_owned(), 0)
        };
        let covered = file.text.get(start..span.end as usize);
        let covered = covered.unwrap_or_default().chars().take(WIDTH);
        let width = covered.take_while(in_line).count().max(1);
        Self {
            line: location.line,
            column: location.column,
            pointer: sources.pointer(span),
            file: location.file,
            text,
            skipped,
            width,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        write!(
            f,
            " {margin}--> {}:{}:{}",
            one_line(&self.file),
            self.line,
            self.column
        )?;
        match &self.pointer {
            Some(pointer) => writeln!(f, "   #{}", one_line(pointer))?,
            None => writeln!(f)?,
        }
        if self.text.is_empty() {
            return Ok(());
        }
        let column = self.column.saturating_sub(1).saturating_sub(self.skipped);
        let cut = if column >= WIDTH {
            column.saturating_sub(BEFORE)
        } else {
            0
        };
        // One character for each, so that the marks below stay in place.
        let shown = |c| match c {
            '\t' => '\t',
            c if changes_display(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        let text: String = self.text.chars().skip(cut).take(WIDTH).map(shown).collect();
        let before: String = text
            .chars()
            .take(column - cut)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let room = WIDTH.saturating_sub(before.chars().count()).max(1);
        writeln!(f, " {margin} |")?;
        writeln!(f, " {number} | {text}")?;
        writeln!(
            f,
            " {margin} | {before}{}",
            "^".repeat(self.width.min(room))
        )
    }
}

fn in_line(c: &char) -> bool {
    !matches!(c, '\r' | '\n')
}

/// Maximum number of characters of a line that are shown.
const WIDTH: usize = 120;

/// Number of these characters before the place, if the line is cut.
const BEFORE: usize = 40;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}[{}]: {}",
            self.severity,
            self.rule,
            one_line(&self.message)
        )?;
        if let Some(place) = &self.place {
            place.write(f)?;
        }
        for note in &self.notes {
            writeln!(f, "  note: {}", one_line(&note.label))?;
            note.place.write(f)?;
        }
        if let Some(help) = &self.help {
            writeln!(f, "  help: {}", one_line(help))?;
        }
        Ok(())
    }
}

/// Escapes the characters of a name that would change how a terminal or a log shows a message.
pub(crate) fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for c in message.chars() {
        if changes_display(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// Returns whether a character is a control character, ends a line, or changes the direction of
/// text.
pub(crate) fn changes_display(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || changes_direction(c)
}

/// Returns whether a character is invisible and changes the direction of text.
pub(crate) fn changes_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}
