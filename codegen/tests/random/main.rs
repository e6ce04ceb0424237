//! Random changes of templates and overlays: each gives a rendering, or an error that says where;
//! never a panic, a loop without end or all of the memory.
//!
//! The changes are the same at each run. With `PROPTEST_CASES` set, there are that many of each
//! kind, and others every time.
#![cfg(test)]

#[path = "../common/mod.rs"]
mod common;
mod overlays;
mod template_edits;
mod templates;

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// No case may take longer, on a busy machine, without optimization.
const LONGEST: Duration = Duration::from_secs(120);

/// The most memory that all tests of this file may need: what one output may hold, a few times.
const MOST_KIBIBYTES: u64 = 1 << 20;

/// Runs some cases: always the same ones, unless more are asked for.
fn runner(cases: u32) -> TestRunner {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return TestRunner::new(config);
    }
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(Config { cases, ..config }, rng)
}

/// Ends all tests if the work does not end: nothing else stops a loop.
fn in_time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (done, waiting) = channel::<()>();
    let what = what.to_owned();
    let guard = std::thread::spawn(move || {
        if waiting.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
            // Not by `eprintln`, whose text is lost with the process.
            let _ = writeln!(std::io::stderr(), "more than {LONGEST:?} for {what}");
            std::process::exit(1);
        }
    });
    let result = work();
    drop(done);
    guard.join().unwrap();
    check_memory();
    result
}

/// Where the system tells how much memory was in use at most.
fn check_memory() {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return;
    };
    let mut lines = status.lines();
    let peak = lines.find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak
        .and_then(|peak| peak.trim().strip_suffix("kB"))
        .map_or(0, |peak| peak.trim().parse().unwrap());
    assert!(peak < MOST_KIBIBYTES, "{peak} KiB were in use");
}
