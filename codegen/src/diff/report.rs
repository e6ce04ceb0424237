//! The result of a comparison, as text, JSON and changelog lines.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{Change, Class, Section, Side};

/// All changes, sorted by class, breaking changes first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Required version bump.
    pub bump: Bump,
    /// Required version bump of a version before 1.0.
    pub bump_before_1_0: Bump,
    /// The changes.
    pub changes: Vec<Change>,
    /// Lines for the changelog, by section. Changes of documentation have no line.
    pub changelog: BTreeMap<Section, Vec<String>>,
    /// Prefix of places in the old specification, such as `v0.1.0:`.
    pub old_prefix: String,
    /// Prefix of places in the new specification.
    pub new_prefix: String,
}

/// The part of the version that must be incremented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// No release is needed.
    #[default]
    None,
    /// Patch version.
    Patch,
    /// Minor version.
    Minor,
    /// Major version.
    Major,
}

impl Report {
    pub(super) fn new(mut changes: Vec<Change>) -> Self {
        // The sort is stable, so that changes of one item stay together.
        changes.sort_by_key(|change| change.class);
        let worst = changes.first().map(|change| change.class);
        let mut changelog: BTreeMap<Section, Vec<String>> = BTreeMap::new();
        for change in &changes {
            if let Some(line) = line(change) {
                let lines = changelog.entry(change.rule.section()).or_default();
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
        Self {
            bump: worst.map_or(Bump::None, bump),
            bump_before_1_0: worst.map_or(Bump::None, bump_before_1_0),
            changes,
            changelog,
            old_prefix: String::new(),
            new_prefix: String::new(),
        }
    }

    /// Sets the prefixes of places, for specifications of git revisions.
    #[must_use]
    pub fn prefixed(mut self, old: impl Into<String>, new: impl Into<String>) -> Self {
        self.old_prefix = old.into();
        self.new_prefix = new.into();
        self
    }

    /// Returns the number of changes of a class.
    #[must_use]
    pub fn count(&self, class: Class) -> usize {
        let changes = self.changes.iter();
        changes.filter(|change| change.class == class).count()
    }

    /// Returns whether a change is breaking.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        self.count(Class::Breaking) > 0
    }
}

/// Returns the bump that Semantic Versioning requires. Deprecations require a minor version;
/// changed behavior should have one.
fn bump(worst: Class) -> Bump {
    match worst {
        Class::Breaking => Bump::Major,
        Class::Addition | Class::Behavior => Bump::Minor,
        Class::Documentation => Bump::Patch,
    }
}

/// Returns the bump before 1.0, where Cargo treats the minor version as breaking and the patch
/// version as compatible.
fn bump_before_1_0(worst: Class) -> Bump {
    match worst {
        Class::Breaking => Bump::Minor,
        Class::Addition | Class::Behavior | Class::Documentation => Bump::Patch,
    }
}

/// Returns the changelog line of a change, with an upper-case first letter.
fn line(change: &Change) -> Option<String> {
    let mut chars = change.message.chars();
    let first: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let message = format!("{first}{}.", chars.as_str());
    match change.class {
        Class::Documentation => None,
        Class::Breaking => Some(format!("**Breaking:** {message}")),
        Class::Addition | Class::Behavior => Some(message),
    }
}

/// Line width of the changelog.
const WIDTH: usize = 110;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return writeln!(f, "no changes");
        }
        let mut class = None;
        for change in &self.changes {
            if class.replace(change.class) != Some(change.class) {
                let number = self.count(change.class);
                writeln!(f, "{} ({number})", change.class)?;
            }
            let prefix = match change.place.side {
                Side::Old => &self.old_prefix,
                Side::New => &self.new_prefix,
            };
            let (file, line) = (&change.place.file, change.place.line);
            let place = format!("{prefix}{file}:{line}{}", side_suffix(change.place.side));
            if change.class == Class::Documentation {
                // Print these in one line each, because there can be many.
                writeln!(f, "  {} [{}] {place}", change.message, change.rule.id())?;
            } else {
                writeln!(f, "  {}", change.message)?;
                writeln!(f, "    {} [{}]", change.path, change.rule.id())?;
                writeln!(f, "    {place}")?;
            }
        }
        writeln!(
            f,
            "\nthe next version: {} (before 1.0: {})",
            self.bump, self.bump_before_1_0
        )?;
        for (section, lines) in &self.changelog {
            writeln!(f, "\n### {section:?}\n")?;
            for line in lines {
                bullet(f, line)?;
            }
        }
        Ok(())
    }
}

fn side_suffix(side: Side) -> &'static str {
    match side {
        Side::Old => " (old)",
        Side::New => "",
    }
}

/// Writes a list item, wrapped between words.
fn bullet(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("-")?;
    let mut column = 1;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > 2 && column + 1 + width > WIDTH {
            f.write_str("\n ")?;
            column = 1;
        }
        write!(f, " {word}")?;
        column += 1 + width;
    }
    writeln!(f)
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Breaking => "breaking",
            Self::Addition => "addition",
            Self::Behavior => "behavior",
            Self::Documentation => "documentation",
        })
    }
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}
