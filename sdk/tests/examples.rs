//! Runs every example. Examples assert their results.
//!
//! `cargo test` builds the examples. Run `cargo build --examples` before `cargo test --test
//! examples` alone.

#![cfg(all(feature = "rustls", feature = "config-file", feature = "tracing"))]
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than the slowest example takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Examples that need a disabled feature are not built.
const BLOCKING: &str = "blocking";

/// Returns the folder of the built examples, next to that of this program.
fn built() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent()
        .and_then(Path::parent)
        .unwrap()
        .join("examples")
}

fn start(name: &str) -> Child {
    let program = built().join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(&program);
    // Examples for the real service use a local server.
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("QINGSTOR_") {
            command.env_remove(variable);
        }
    }
    // A million keys take half a minute without optimization.
    if name == "million_keys" {
        command.arg("50000");
    }
    let piped = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    piped.spawn().unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo build --examples` makes it",
            program.display()
        )
    })
}

#[test]
fn every_example_succeeds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let mut running = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if cfg!(feature = "blocking") || name != BLOCKING {
            running.insert(name.clone(), start(&name));
        }
    }
    assert!(running.len() > 10, "{running:?}");
    let until = Instant::now() + PATIENCE;
    for (name, mut child) in running {
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > until {
                child.kill().unwrap();
                panic!("{name} does not end");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let output = child.wait_with_output().unwrap();
        let (said, complained) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success(),
            "{name}: {}\n{said}\n{complained}",
            output.status
        );
        assert!(!said.is_empty(), "{name} says nothing");
    }
}
