//! Random changes of templates and overlays are accepted, or refused with a place. They never cause
//! a panic, an endless loop or excessive memory.
//!
//! The changes are the same in each run. With `PROPTEST_CASES` set, there are that many random
//! changes of each kind.
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

/// Time limit of a case on a busy machine, without optimization.
const LONGEST: Duration = Duration::from_secs(120);

/// Memory limit of all tests in this file: a few times the limit of one output.
const MOST_KIBIBYTES: u64 = 1 << 20;

/// Creates a test runner with a fixed seed, unless a number of cases is set.
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

/// Aborts all tests if the work exceeds the time limit, because a loop cannot be stopped otherwise.
fn in_time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (done, waiting) = channel::<()>();
    let what = what.to_owned();
    let guard = std::thread::spawn(move || {
        if waiting.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
            // Does not use `eprintln`, whose captured output is lost when the process aborts.
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

/// File in which the system reports the peak memory use.
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
