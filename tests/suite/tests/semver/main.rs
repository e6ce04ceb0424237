//! What `diff` says of a change agrees with the compiler: a program that used the whole surface of
//! the old rendering does not compile against the new one exactly if the change is breaking.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod cases;
mod compile;
mod kit;

use std::collections::BTreeMap;

use qingstor_codegen::Generator;
use qingstor_codegen::diff::{Class, Report, Rule};
use qingstor_suite::repository::root;

use cases::{CASES, Case};
use kit::Spec;

/// Rules that no program can tell from others: words, and what the SDK does not render.
const NOT_COMPILED: &[Rule] = &[
    // Of the whole specification, not of one operation.
    Rule::Service,
];

fn generator(spec: &std::path::Path) -> Generator {
    Generator::new()
        .spec(spec)
        .pack(root().join("templates/rust"))
}

fn compared(old: &Spec, new: &Spec) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, spec: &Spec| {
        let path = folder.path().join(name);
        std::fs::write(&path, spec.text()).unwrap();
        generator(&path)
    };
    let (old, new) = (write("old.json", old), write("new.json", new));
    new.changes_since(&old).unwrap()
}

fn found(report: &Report) -> Vec<(&'static str, String)> {
    let changes = report.changes.iter();
    let mut found: Vec<_> = changes
        .map(|change| (change.rule.id(), change.path.clone()))
        .collect();
    found.sort();
    found
}

/// What each case gives alone.
fn verdicts() -> BTreeMap<&'static str, Report> {
    let report = |case: &Case| {
        let [old, new] = case.sides();
        let report = compared(&Spec::of([old]), &Spec::of([new]));
        (case.name, report)
    };
    CASES.iter().map(report).collect()
}

#[test]
fn every_rule_has_a_case() {
    for rule in Rule::ALL {
        let known = CASES.iter().any(|case| case.rule == *rule) || NOT_COMPILED.contains(rule);
        assert!(known, "no case shows what `{}` means", rule.id());
    }
    for case in CASES {
        let others = CASES.iter().filter(|other| other.name == case.name);
        assert_eq!(others.count(), 1, "{}", case.name);
    }
}

#[test]
fn the_verdict_agrees_with_the_compiler() {
    let verdicts = verdicts();
    let unnamed = CASES.iter().filter(|case| {
        let mut changes = verdicts[case.name].changes.iter();
        !changes.any(|change| change.rule == case.rule)
    });
    let unnamed: Vec<_> = unnamed
        .map(|case| format!("{}: it is not found in\n{}", case.name, verdicts[case.name]))
        .collect();
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n\n"));
    let sides: Vec<_> = CASES.iter().map(Case::sides).collect();
    let old = Spec::of(sides.iter().map(|[old, _]| old.clone()));
    let new = Spec::of(sides.iter().map(|[_, new]| new.clone()));
    // The compiler sees all changes at once; they must not touch each other.
    let mut alone: Vec<_> = verdicts.values().flat_map(found).collect();
    alone.sort();
    assert_eq!(found(&compared(&old, &new)), alone);

    let surfaces = compile::Surfaces::make(&old, &new);
    let programs: Vec<_> = CASES
        .iter()
        .map(|case| (case.name, case.program()))
        .collect();
    let answers = surfaces.compile(&programs);
    let mut wrong = Vec::new();
    for case in CASES {
        let answer = &answers[case.name];
        let report = &verdicts[case.name];
        if let Some(says) = &answer.old {
            wrong.push(format!("{}: not even the old surface: {says}", case.name));
            continue;
        }
        // An order that no type tells apart is what the compiler can't see.
        let silent = report.count(Class::Breaking) > 0
            && report.changes.iter().all(|change| {
                change.class != Class::Breaking || change.rule == Rule::ArgumentsSwapped
            });
        match (report.is_breaking() && !silent, &answer.new) {
            (true, None) => wrong.push(format!("{}: it compiles, but\n{report}", case.name)),
            (false, Some(says)) => wrong.push(format!("{}: {says}\nbut\n{report}", case.name)),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
