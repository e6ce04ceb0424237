//! The verdict of `diff` agrees with the compiler: a change is breaking if and only if a program that
//! uses the whole old API does not compile against the new API.

#![cfg(test)]

mod cases;
mod compile;
mod kit;

use std::collections::BTreeMap;

use qingstor_codegen::Generator;
use qingstor_codegen::diff::{Class, Report, Rule};
use qingstor_suite::public_api;
use qingstor_suite::repository::root;

use cases::{CASES, Case};
use kit::Spec;

/// Rules for changes that do not affect generated code.
const NOT_COMPILED: &[Rule] = &[
    // Applies to the whole specification, not to one operation.
    Rule::Service,
];

fn generator(spec: &std::path::Path) -> Generator {
    Generator::new()
        .spec(spec)
        .pack(root().join("templates/rust"))
}

fn compare(old: &Spec, new: &Spec) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, spec: &Spec| {
        let path = folder.path().join(name);
        std::fs::write(&path, spec.text()).unwrap();
        generator(&path)
    };
    let (old, new) = (write("old.json", old), write("new.json", new));
    new.changes_since(&old).unwrap()
}

fn change_list(report: &Report) -> Vec<(&'static str, String)> {
    let changes = report.changes.iter();
    let mut list: Vec<_> = changes
        .map(|change| (change.rule.id(), change.path.clone()))
        .collect();
    list.sort();
    list
}

/// Returns the report of one case.
fn compare_case(case: &Case) -> Report {
    let [old, new] = case.sides();
    compare(&Spec::of([old]), &Spec::of([new]))
}

/// Returns the report of each case, compared separately.
fn verdicts() -> BTreeMap<&'static str, Report> {
    let reports = CASES.iter().map(|case| (case.name, compare_case(case)));
    reports.collect()
}

/// Returns the old and the new specification of all cases together.
fn all_cases() -> [Spec; 2] {
    let sides: Vec<_> = CASES.iter().map(Case::sides).collect();
    let old = Spec::of(sides.iter().map(|[old, _]| old.clone()));
    let new = Spec::of(sides.iter().map(|[_, new]| new.clone()));
    [old, new]
}

#[test]
fn every_rule_has_a_case() {
    for rule in Rule::ALL {
        let covered = CASES.iter().any(|case| case.rule == *rule) || NOT_COMPILED.contains(rule);
        assert!(covered, "no case for the rule `{}`", rule.id());
    }
    for case in CASES {
        let others = CASES.iter().filter(|other| other.name == case.name);
        assert_eq!(others.count(), 1, "{}", case.name);
    }
}

#[test]
fn the_verdict_agrees_with_the_compiler() {
    let verdicts = verdicts();
    let undetected = CASES.iter().filter(|case| {
        let mut changes = verdicts[case.name].changes.iter();
        !changes.any(|change| change.rule == case.rule)
    });
    let undetected: Vec<_> = undetected
        .map(|case| {
            format!(
                "{}: the rule is missing in\n{}",
                case.name, verdicts[case.name]
            )
        })
        .collect();
    assert!(undetected.is_empty(), "{}", undetected.join("\n\n"));
    let [old, new] = all_cases();
    // The compiler sees all changes together, so they must not affect each other.
    let mut separate: Vec<_> = verdicts.values().flat_map(change_list).collect();
    separate.sort();
    assert_eq!(change_list(&compare(&old, &new)), separate);

    let surfaces = compile::Surfaces::build(&old, &new);
    let programs: Vec<_> = CASES
        .iter()
        .map(|case| (case.name, case.program()))
        .collect();
    let results = surfaces.compile(&programs);
    let mut wrong = Vec::new();
    for case in CASES {
        let result = &results[case.name];
        let report = &verdicts[case.name];
        if let Some(error) = &result.old {
            wrong.push(format!(
                "{}: does not compile against the old API: {error}",
                case.name
            ));
            continue;
        }
        // The compiler does not detect swapped arguments of the same type.
        let silent = report.count(Class::Breaking) > 0
            && report.changes.iter().all(|change| {
                change.class != Class::Breaking || change.rule == Rule::ArgumentsSwapped
            });
        match (report.is_breaking() && !silent, &result.new) {
            (true, None) => wrong.push(format!(
                "{}: compiles, although diff reports\n{report}",
                case.name
            )),
            (false, Some(error)) => wrong.push(format!(
                "{}: {error}\nalthough diff reports\n{report}",
                case.name
            )),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The text of the public API agrees with the verdict: a breaking change removes or changes a line, a
/// compatible one only adds lines.
#[test]
#[ignore = "run by `make public-api`"]
fn the_verdict_agrees_with_the_public_api() {
    let [old, new] = all_cases();
    let surfaces = compile::Surfaces::build(&old, &new);
    let Some([old, new]) = surfaces.public_apis() else {
        return public_api::skip();
    };
    let changes = public_api::difference(&facts(&old), &facts(&new));
    let mut wrong = Vec::new();
    for case in CASES {
        let of_case = changes
            .iter()
            .filter(|line| case_of(line) == Some(case.name));
        let of_case: Vec<_> = of_case.map(String::as_str).collect();
        let removed = of_case.iter().any(|line| line.starts_with('-'));
        let report = compare_case(case);
        // The line of the setter changes, but every call of it still compiles.
        let widened = case.rule == Rule::ArgumentWidened && !report.is_breaking();
        if removed != (report.is_breaking() || widened) {
            wrong.push(format!("{}:\n{}\n{report}", case.name, of_case.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Returns the lines without marks of deprecation, and with one line for each trait of a type.
fn facts(lines: &[String]) -> Vec<String> {
    let mut facts = Vec::new();
    for line in lines {
        let line = line.trim_start_matches("#[deprecated] ");
        let list = line
            .strip_prefix("impl ")
            .and_then(|rest| rest.split_once(" for "));
        match list {
            Some((traits, name)) if !line.contains('<') => {
                let each = traits
                    .split(" + ")
                    .map(|one| format!("impl {one} for {name}"));
                facts.extend(each);
            }
            _ => facts.push(line.to_owned()),
        }
    }
    facts
}

/// Returns the case that a line belongs to: the one with the longest name that the line contains.
fn case_of(line: &str) -> Option<&'static str> {
    let contained = CASES
        .iter()
        .map(|case| case.name)
        .filter(|name| line.contains(name) || line.contains(&kit::pascal(name)));
    contained.max_by_key(|name| name.len())
}
