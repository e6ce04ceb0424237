//! What is printed: nothing about scenarios that pass, everything about those that do not.

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
    /// The places of scenarios that failed, each once.
    failed: Vec<String>,
    /// Files that are no features.
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
        let place = format!("{file}:{}", scenario.position.line);
        let mut fail = |what: &dyn Display, why: &dyn Display| {
            println!("FAILED {place} {}\n    {what}\n    {why}", scenario.name);
            if self.failed.last() != Some(&place) && !self.failed.contains(&place) {
                self.failed.push(place.clone());
            }
        };
        match event {
            Scenario::Background(step, event) | Scenario::Step(step, event) => {
                let says = format!("{}{}", step.keyword, step.value);
                match event {
                    Step::Skipped => fail(&says, &"no step is written so"),
                    Step::Failed(_, _, _, error) => fail(&says, error),
                    Step::Started | Step::Passed(..) => {}
                }
            }
            Scenario::Hook(_, Hook::Failed(_, why)) => fail(&"afterwards", &message(&**why)),
            Scenario::Finished if !self.failed.contains(&place) => self.passed += 1,
            Scenario::Finished | Scenario::Started | Scenario::Hook(..) | Scenario::Log(_) => {}
        }
    }
}

/// What a panic says.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref().copied())
        .unwrap_or("a panic without a text")
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
                let mut cause = error.source();
                while let Some(why) = cause {
                    println!("    {why}");
                    cause = why.source();
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

/// Scenarios run side by side, and each is told of by its place alone.
impl writer::Normalized for Report {}
