//! Catalog of the rules that findings name. `codegen lint --rules` and `LINTS.md` are made from it.
//!
//! The check of a rule names its ID: most are in `lint`, others in the stage that cannot continue,
//! such as `document` and `model::lower`.

mod errors;
mod warnings;

use super::Severity;

/// A kind of problem in a specification, an overlay, or one of their files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Rule {
    /// Id. Findings and `x-lint-allow` refer to it, so it is stable over releases.
    pub id: &'static str,
    /// Severity of its findings.
    pub severity: Severity,
    /// Description in one line.
    pub about: &'static str,
    /// Advice in one line.
    pub help: &'static str,
}

/// Returns all rules: first errors, then warnings and notes, each sorted by ID.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    errors::RULES.iter().chain(warnings::RULES)
}

/// Returns the rule with an ID.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}

/// Returns `LINTS.md`, which `codegen lint --rules` prints.
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

Rules of `codegen lint`. `codegen lint --rules` prints this page.

Errors prevent output and cannot be allowed. Warnings are possible mistakes; `--deny warnings` makes the command fail
for them. Notes are facts that the generator cannot express; the specification is correct.

To accept a warning or note, add a fact to the root, preferably in an overlay:

```json
{ \"x-lint-allow\": [{ \"rule\": \"enum-case\", \"at\": \"$.definitions.state\", \"reason\": \"the service uses this spelling\" }] }
```

`at` is a JSON pointer or a JSONPath (`$` matches everything) in the specification with its overlays applied. The rule
is allowed for the matches and everything in them. An entry without effect is a finding itself.
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
    fn ids_are_unique_and_sorted() {
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

    /// Collects the rule IDs in the source code, each with the severity of its finding.
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
    fn every_finding_in_the_source_code_has_a_rule() {
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
