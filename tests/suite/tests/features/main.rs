//! The scenarios of `tests/suite/features`, each against an emulator of its own.
//!
//! `cargo test -p qingstor-suite --test features` runs all; words behind `--` choose those whose
//! feature, name or tags contain one of them.
//!
//! `@op.X` says that a scenario exercises the operation X, and the run fails if it does not. It also
//! fails if no scenario had an operation of the specification carried out.
//! `@pending` says that it waits for the emulator: it is counted, and run only when the word
//! `pending` asks for it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a panic is how a step fails, and standard output is for whom the runner runs"
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

/// Each scenario has an emulator and a few connections.
const AT_ONCE: usize = 16;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let coverage = Arc::new(Mutex::new(Coverage::default()));
    let (seen, done, chosen) = (Arc::clone(&coverage), Arc::clone(&coverage), words.clone());
    let report = Suite::cucumber()
        .with_writer(Report::default())
        .max_concurrent_scenarios(AT_ONCE)
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
                is_chosen(&chosen, feature, scenario)
                    && (!lock(&seen).add(&scenario.tags) || chosen.iter().any(is_pending))
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

/// A scenario whose tags are wrong panics while it holds the lock, and spoils nothing by that.
fn lock(coverage: &Mutex<Coverage>) -> MutexGuard<'_, Coverage> {
    coverage.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Those that wait are run when they are asked for by that tag.
fn is_pending(word: &String) -> bool {
    word == PENDING
}

fn is_chosen(words: &[String], feature: &Feature, scenario: &Scenario) -> bool {
    let contain = |word: &String| {
        let mut texts = [&feature.name, &scenario.name]
            .into_iter()
            .chain(&scenario.tags);
        texts.any(|text| text.contains(word))
    };
    words.is_empty() || words.iter().any(contain)
}
