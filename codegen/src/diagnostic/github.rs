//! Findings as workflow commands of GitHub Actions.

use std::fmt::Write;

use super::{Finding, Report, Severity, one_line};

impl Report {
    /// Returns one workflow command per finding.
    pub fn github(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            write(finding, &mut text);
        }
        text
    }
}

fn write(finding: &Finding, text: &mut String) {
    text.push_str(match finding.severity {
        Severity::Error => "::error ",
        Severity::Warning => "::warning ",
        Severity::Note => "::notice ",
    });
    if let Some(place) = &finding.place {
        let file = property(&one_line(&place.file));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "file={file},line={},col={},",
            place.line, place.column
        );
    }
    let help = finding.help.as_ref();
    let help = help
        .map(|help| format!("\nhelp: {}", one_line(help)))
        .unwrap_or_default();
    let message = data(&format!("{}{help}", one_line(&finding.message)));
    let _ = writeln!(text, "title={}::{message}", property(finding.rule));
}

/// Escapes the message of a command, after `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes the value of a property, after `name=`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Place;

    #[test]
    fn special_characters_are_escaped() {
        let finding = Finding {
            severity: Severity::Warning,
            rule: "enum-case",
            message: "100%:\nof `a,b`\u{1b}[31m\u{202e}".to_owned(),
            place: Some(Place {
                file: "a,b:c%.json".to_owned(),
                line: 3,
                column: 7,
                pointer: None,
                text: String::new(),
                skipped: 0,
                width: 1,
            }),
            notes: Vec::new(),
            help: Some("mend it".to_owned()),
        };
        let report = Report {
            findings: vec![finding],
        };
        assert_eq!(
            report.github(),
            "::warning file=a%2Cb%3Ac%25.json,line=3,col=7,title=enum-case::100%25:\\nof `a,b`\\u{1b}[31m\\u{202e}%0Ahelp: mend it\n"
        );
    }
}
