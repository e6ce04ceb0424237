//! The verdict of `diff` agrees with the compiler: a change is breaking if and only if a program that
//! uses the whole old API does not compile against the new API.

#![cfg(test)]

mod cases;
mod compile;
mod kit;

use std::collections::BTreeMap;

use qingstor_codegen::Generator;
use qingstor_codegen::diff::{Class, Report, Rule};
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

/// Returns the report of each case, compared separately.
fn verdicts() -> BTreeMap<&'static str, Report> {
    let report = |case: &Case| {
        let [old, new] = case.sides();
        let report = compare(&Spec::of([old]), &Spec::of([new]));
        (case.name, report)
    };
    CASES.iter().map(report).collect()
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
    let sides: Vec<_> = CASES.iter().map(Case::sides).collect();
    let old = Spec::of(sides.iter().map(|[old, _]| old.clone()));
    let new = Spec::of(sides.iter().map(|[_, new]| new.clone()));
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
