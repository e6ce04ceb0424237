//! Every rule that a finding can name: one registry for the command line and the documents.

mod errors;
mod warnings;

use super::Severity;

/// Something that can be wrong with a specification, an overlay, or the files they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Rule {
    /// Stable over releases; findings and allow-lists name it.
    pub id: &'static str,
    /// How bad its findings are.
    pub severity: Severity,
    /// What it finds, one line.
    pub about: &'static str,
    /// What to do, one line.
    pub help: &'static str,
}

/// All rules: errors first, each part in the order of the alphabet.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    errors::RULES.iter().chain(warnings::RULES)
}

/// The rule of an id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}

/// The document that `codegen lint --rules` prints.
pub fn document() -> String {
    let mut text = String::from(INTRODUCTION);
    for (severity, title) in [
        (Severity::Error, "Errors"),
        (Severity::Warning, "Warnings"),
        (Severity::Note, "Notes"),
    ] {
        text += &format!("\n## {title}\n\n| rule | finds | what to do |\n| --- | --- | --- |\n");
        for rule in all().filter(|rule| rule.severity == severity) {
            text += &format!("| `{}` | {} | {} |\n", rule.id, rule.about, rule.help);
        }
    }
    text
}

const INTRODUCTION: &str = "\
# Rules

What `codegen lint` looks for. This page is what `codegen lint --rules` prints.

Errors forbid output and can't be allowed. Warnings are worth mending; `--deny warnings` makes them
failures. Notes say what the generator can't express; nothing is wrong with the specification.

A warning or note that is right and stays is allowed by a fact of the root, best given in an overlay:

```json
{ \"x-lint-allow\": [{ \"rule\": \"enum-case\", \"at\": \"$.definitions.state\", \"reason\": \"the service sends them so\" }] }
```

`at` is a JSON pointer or a JSONPath (`$` is everything) into the specification with its overlays applied: the rule is
allowed for what it leads to, and for all inside. An entry that allows nothing any more is itself a
finding.
";

const fn error(id: &'static str, about: &'static str, help: &'static str) -> Rule {
    rule(id, Severity::Error, about, help)
}

const fn warning(id: &'static str, about: &'static str, help: &'static str) -> Rule {
    rule(id, Severity::Warning, about, help)
}

const fn note(id: &'static str, about: &'static str, help: &'static str) -> Rule {
    rule(id, Severity::Note, about, help)
}

const fn rule(
    id: &'static str,
    severity: Severity,
    about: &'static str,
    help: &'static str,
) -> Rule {
    Rule {
        id,
        severity,
        about,
        help,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn ids_are_unique_sorted_and_fit_for_a_table() {
        let ids: Vec<_> = all()
            .map(|rule| (rule.severity == Severity::Error, rule.id))
            .collect();
        let unique: HashSet<_> = ids.iter().map(|(_, id)| id).collect();
        assert_eq!(unique.len(), ids.len());
        for part in [errors::RULES, warnings::RULES] {
            assert!(part.is_sorted_by_key(|rule| rule.id));
        }
        let fits = |text: &str| !text.is_empty() && !text.contains(['|', '\n']);
        assert!(all().all(|rule| fits(rule.about) && fits(rule.help)));
    }

    /// The ids that the sources give to findings, each with the severity.
    fn used(folder: &Path, found: &mut HashSet<(String, Severity)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // This module and its tests mention the calls without making them.
            if path.with_extension("").ends_with("diagnostic/rules") {
                continue;
            }
            if path.is_dir() {
                used(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for (call, severity) in [
                ("Diagnostic::error(", Severity::Error),
                ("Diagnostic::error_nowhere(", Severity::Error),
                (".problem(", Severity::Error),
                (".idle(", Severity::Error),
                ("invalid_text(", Severity::Error),
                ("Diagnostic::warning(", Severity::Warning),
                ("Diagnostic::note(", Severity::Note),
                (".note(", Severity::Note),
                (".warning(", Severity::Warning),
            ] {
                for (at, _) in text.match_indices(call) {
                    let rest = text[at + call.len()..].trim_start();
                    if let Some(rest) = rest.strip_prefix('"') {
                        let id = rest.split('"').next().unwrap_or_default();
                        found.insert((id.to_owned(), severity));
                    }
                }
            }
        }
    }

    #[test]
    fn every_finding_of_the_sources_has_a_rule() {
        let mut found = HashSet::new();
        used(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut found,
        );
        assert!(found.len() > 60, "{found:?}");
        for (id, severity) in found {
            let rule = find(&id).unwrap_or_else(|| panic!("`{id}` has no rule"));
            assert_eq!(rule.severity, severity, "{id}");
        }
    }
}
