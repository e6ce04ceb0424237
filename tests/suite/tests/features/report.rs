//! Prints the scenarios that fail, and counts the others.

use std::any::Any;
use std::error::Error as _;
use std::fmt::Display;

use cucumber::event::{Cucumber, Feature, Hook, Rule, Scenario, Step};
use cucumber::gherkin;
use cucumber::{Event, Writer, cli, parser, writer};

use crate::world::Suite;

/// The outcome of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) passed: usize,
    /// Locations of the failed scenarios, without duplicates.
    failed: Vec<String>,
    /// Number of files that are not valid features.
    pub(crate) unreadable: usize,
}

impl Report {
    pub(crate) fn failed(&self) -> usize {
        self.failed.len()
    }

    fn scenario(
        &mut self,
        feature: &gherkin::Feature,
        scenario: &gherkin::Scenario,
        event: &Scenario<Suite>,
    ) {
        let file = feature.path.as_deref().and_then(|path| path.file_name());
        let file = file.unwrap_or_default().display();
        let location = format!("{file}:{}", scenario.position.line);
        let mut fail = |step: &dyn Display, reason: &dyn Display| {
            println!(
                "FAILED {location} {}\n    {step}\n    {reason}",
                scenario.name
            );
            if !self.failed.contains(&location) {
                self.failed.push(location.clone());
            }
        };
        match event {
            Scenario::Background(step, event) | Scenario::Step(step, event) => {
                let text = format!("{}{}", step.keyword, step.value);
                match event {
                    Step::Skipped => fail(&text, &"no step definition matches"),
                    Step::Failed(_, _, _, error) => fail(&text, error),
                    Step::Started | Step::Passed(..) => {}
                }
            }
            Scenario::Hook(_, Hook::Failed(_, panic)) => {
                fail(&"after the scenario", &message(&**panic))
            }
            Scenario::Finished if !self.failed.contains(&location) => self.passed += 1,
            Scenario::Finished | Scenario::Started | Scenario::Hook(..) | Scenario::Log(_) => {}
        }
    }
}

/// Returns the message of a panic.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref().copied())
        .unwrap_or("panic without a message")
}

impl Writer<Suite> for Report {
    type Cli = cli::Empty;

    async fn handle_event(
        &mut self,
        event: parser::Result<Event<Cucumber<Suite>>>,
        _: &cli::Empty,
    ) {
        match event.map(Event::into_inner) {
            Err(error) => {
                println!("FAILED {error}");
                let mut source = error.source();
                while let Some(cause) = source {
                    println!("    {cause}");
                    source = cause.source();
                }
                self.unreadable += 1;
            }
            Ok(Cucumber::Feature(feature, Feature::Scenario(scenario, event)))
            | Ok(Cucumber::Feature(feature, Feature::Rule(_, Rule::Scenario(scenario, event)))) => {
                self.scenario(&feature, &scenario, &event.event);
            }
            Ok(_) => {}
        }
    }
}

/// Events of concurrent scenarios need no reordering, because each failure is printed with its location.
impl writer::Normalized for Report {}
