//! Tests of the program `qingstor`: each runs it against an emulator.

#![cfg(test)]

mod api;
mod buckets;
mod checks;
mod completion;
mod copies;
mod environment;
mod failures;
#[cfg(target_os = "linux")]
mod file_names;
mod filters;
mod folders;
#[cfg(unix)]
mod interruptions;
#[cfg(unix)]
mod killed;
mod listings;
mod moves;
mod operands;
mod reading;
mod reported_cases;
mod reported_changes;
mod settings;
mod shell;
#[cfg(unix)]
mod special_files;
#[cfg(target_os = "linux")]
mod terminal;
mod world;
mod zones;
