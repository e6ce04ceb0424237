//! Runs the scenarios of `tests/suite/features`, each against its own emulator.
//!
//! `cargo test -p qingstor-suite --test features` runs all scenarios. Words after `--` select the
//! scenarios whose feature, name or tags contain one of the words.
//!
//! The tag `@op.X` declares that a scenario calls the operation X. The run fails if the scenario does
//! not call it, or if an operation of the specification has no scenario.
//!
//! The tag `@pending` marks a scenario that the emulator does not support yet. It is counted, but runs
//! only if the word `pending` selects it.

#![cfg(test)]
#![allow(
    clippy::print_stdout,
    reason = "a step fails by panicking, and the runner reports to standard output"
)]

mod coverage;
mod report;
mod steps;
mod text;
mod world;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cucumber::World as _;
use cucumber::event::ScenarioFinished;
use cucumber::gherkin::{Feature, Scenario};

use crate::coverage::{Coverage, PENDING};
use crate::report::Report;
use crate::world::Suite;

/// Limits the number of open sockets: each scenario has an emulator and a few connections.
const MAX_CONCURRENT_SCENARIOS: usize = 16;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let coverage = Arc::new(Mutex::new(Coverage::default()));
    let (seen, done, selected) = (Arc::clone(&coverage), Arc::clone(&coverage), words.clone());
    let report = Suite::cucumber()
        .with_writer(Report::default())
        .max_concurrent_scenarios(MAX_CONCURRENT_SCENARIOS)
        .after(move |_, _, scenario, end, world| {
            let done = Arc::clone(&done);
            Box::pin(async move {
                if let (ScenarioFinished::StepPassed, Some(world)) = (end, world) {
                    lock(&done).finish(&scenario.tags, world);
                }
            })
        })
        .with_default_cli()
        .filter_run(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("features"),
            move |feature, _, scenario| {
                is_selected(&selected, feature, scenario)
                    && (!lock(&seen).add(&scenario.tags) || selected.iter().any(is_pending))
            },
        )
        .await;

    let coverage = lock(&coverage);
    let complete = !words.is_empty() || coverage.print_gaps();
    println!(
        "features: {} passed, {} failed, {} pending",
        report.passed,
        report.failed(),
        coverage.pending
    );
    if report.failed() + report.unreadable == 0 && report.passed > 0 && complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Locks the coverage, also after a panic: a scenario with wrong tags panics while it holds the lock,
/// but leaves the data consistent.
fn lock(coverage: &Mutex<Coverage>) -> MutexGuard<'_, Coverage> {
    coverage.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns whether a word selects pending scenarios.
fn is_pending(word: &String) -> bool {
    word == PENDING
}

fn is_selected(words: &[String], feature: &Feature, scenario: &Scenario) -> bool {
    let contain = |word: &String| {
        let mut texts = [&feature.name, &scenario.name]
            .into_iter()
            .chain(&scenario.tags);
        texts.any(|text| text.contains(word))
    };
    words.is_empty() || words.iter().any(contain)
}
