//! Findings as people and editors read them.

use std::fmt;

use serde::Serialize;

use super::{Diagnostic, Severity};
use crate::source::{Sources, Span};

/// A finding with its place worked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule's id.
    pub rule: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where, if it is in a file.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// Other places that have to do with it.
    pub notes: Vec<Note>,
    /// What to do.
    pub help: Option<String>,
}

/// A place in a file, with the line itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The JSON pointer within the file; none if the file is no JSON.
    pub pointer: Option<String>,
    /// The text of the line; of a long one, the part around the place. Empty if the file is not a
    /// document: it may be one that nobody meant to show.
    pub text: String,
    /// How many characters of the line stand before that part.
    pub skipped: usize,
    /// How many characters the finding covers on that line.
    pub width: usize,
}

/// Another place that has to do with a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What is there.
    pub label: String,
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
}

/// Findings in the order of their files and lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Works out the places of some diagnostics, sorted by place.
    pub fn new(mut diagnostics: Vec<Diagnostic>, sources: &Sources) -> Self {
        diagnostics.sort_by_key(|diagnostic| diagnostic.span);
        diagnostics.dedup();
        let findings = diagnostics
            .into_iter()
            .map(|diagnostic| Finding::new(diagnostic, sources))
            .collect();
        Self { findings }
    }

    /// Whether anything in it forbids output.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many findings of one severity there are.
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
            message: diagnostic.message,
            place: diagnostic.span.map(|span| Place::new(span, sources)),
            notes: diagnostic
                .notes
                .into_iter()
                .map(|(span, label)| Note {
                    label,
                    place: Place::new(span, sources),
                })
                .collect(),
            help: diagnostic.help,
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
        // A minified file has one endless line: show the part around the place. A finding may stand
        // at each word of it: none walks more than the part.
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
            self.file, self.line, self.column
        )?;
        match &self.pointer {
            Some(pointer) => writeln!(f, "   #{pointer}")?,
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
        let text: String = self.text.chars().skip(cut).take(WIDTH).collect();
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

/// The most characters of a line that are shown.
const WIDTH: usize = 120;

/// How many of them stand before the place, when the line must be cut.
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
            writeln!(f, "  note: {}", note.label)?;
            note.place.write(f)?;
        }
        if let Some(help) = &self.help {
            writeln!(f, "  help: {help}")?;
        }
        Ok(())
    }
}

/// A message may hold a name with line breaks, which would tear it apart.
pub(crate) fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for c in message.chars() {
        match c {
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
    line
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
