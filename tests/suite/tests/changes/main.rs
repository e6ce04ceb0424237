//! Changes of the specification become changes of the SDK by regenerating, without other edits.

#![cfg(test)]

mod commands;
mod compiled;
mod edits;
mod surface;
mod tree;
