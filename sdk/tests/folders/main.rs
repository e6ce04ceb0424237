//! Folders against the emulator. Many tests are situations that users of other tools have reported; the
//! guide page `folders` describes what happens in each.

// A test may panic.
#![cfg(test)]

mod between_zones;
mod comparing;
mod copying;
mod deleting;
#[path = "../list_server/mod.rs"]
mod list_server;
mod model;
mod names;
mod order;
mod reading;
mod running;
mod site;
