//! Random operations with random faults: faults of the emulator, and a proxy that breaks connections at
//! any byte. Each run must return the right bytes or an error that the faults explain, and must not
//! leave files or uploads behind.
//!
//! `QINGSTOR_FAULT_RUNS=5000` sets the number of runs, `QINGSTOR_FAULT_SEED=n` the first seed. The
//! message of a failed run contains its seed.

#![cfg(feature = "rustls")]
#![cfg(test)]
#![allow(clippy::print_stdout, reason = "tests fail by panicking")]

mod chance;
mod dropped;
mod faults;
mod killed;
mod lists;
mod proxy;
mod small;
mod transfers;
mod world;

#[path = "../transfer/mod.rs"]
mod transfer;

use std::collections::BTreeMap;
use std::time::Duration;

use chance::Chance;
use faults::Faults;
use qingstor_sdk::ErrorKind;
use world::World;

/// Outcome of a run.
pub(crate) enum Outcome {
    /// The right bytes.
    Success,
    /// An error that the faults must explain.
    Failed(qingstor_sdk::Error),
    /// An error that the faults explain.
    Explained,
}

impl<T> From<qingstor_sdk::Result<T>> for Outcome {
    fn from(result: qingstor_sdk::Result<T>) -> Self {
        match result {
            Ok(_) => Self::Success,
            Err(error) => Self::Failed(error),
        }
    }
}

/// Returns a number from the environment, or the default.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => default,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn returns_the_right_bytes_or_an_explained_error() {
    /// Number of concurrent runs, each with its own emulator and proxy. Most of a run is waiting.
    const WORLDS: usize = 4;
    let runs = setting("QINGSTOR_FAULT_RUNS", 240);
    let first = setting("QINGSTOR_FAULT_SEED", 1);
    let workers = (0..WORLDS as u64).map(|worker| {
        tokio::spawn(async move {
            let world = World::start().await;
            let mut counts = BTreeMap::<&str, (u64, u64)>::new();
            for seed in (first + worker..first + runs).step_by(WORLDS) {
                let (task, succeeded) = run(&world, seed).await;
                let count = counts.entry(task).or_default();
                match succeeded {
                    true => count.0 += 1,
                    false => count.1 += 1,
                }
            }
            (counts, world.proxy.broken_connections())
        })
    });
    let mut all = BTreeMap::<&str, (u64, u64)>::new();
    let mut broken = 0;
    for worker in workers.collect::<Vec<_>>() {
        let (counts, connections) = worker.await.unwrap();
        broken += connections;
        for (task, (succeeded, failed)) in counts {
            let count = all.entry(task).or_default();
            (count.0, count.1) = (count.0 + succeeded, count.1 + failed);
        }
    }
    println!("{runs} runs, {broken} broken connections; succeeded and failed: {all:?}");
    if runs >= 200 {
        let succeeded: u64 = all.values().map(|count| count.0).sum();
        assert!(succeeded > runs / 2, "retries recover most runs: {all:?}");
        assert!(broken > 0);
    }
}

/// Without faults, no error is acceptable.
#[tokio::test]
async fn faults_do_not_explain_errors_that_they_cannot_cause() {
    let world = World::start().await;
    let put = world.clean.put_object("content").body("content");
    put.await.unwrap();
    let without_faults = Faults {
        rules: Vec::new(),
        seed: 1,
        percent: 0,
        within: 1000,
        overwritten: false,
    };
    let explained = |rule: &str, percent, error: &qingstor_sdk::Error| {
        let rules = [rule].map(str::to_owned).into_iter();
        let rules = rules.filter(|rule| !rule.is_empty()).collect();
        let faults = Faults {
            rules,
            percent,
            ..without_faults
        };
        faults.explain(error)
    };
    for (fault, kind) in [
        ("status=503", ErrorKind::Service),
        ("reset=before", ErrorKind::Connect),
        ("truncate=0", ErrorKind::Interrupted),
    ] {
        let rule = format!("operation=GetObject,{fault}");
        let bucket = world.bucket_with(&without_faults);
        world
            .emulator
            .set_faults([qingstor_emulator::FaultRule::parse(&rule).unwrap()])
            .unwrap();
        let error = match bucket.get_object("content").await {
            Ok(output) => output.body.bytes().await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), kind, "{fault}: {error}");
        assert!(explained(&rule, 0, &error), "{fault}: {error}");
        assert!(explained("", 15, &error), "{fault}: {error}");
        for other in ["", "operation=*,latency=1ms", "operation=*,etag=wrong"] {
            assert!(!explained(other, 0, &error), "{fault}, {other}: {error}");
        }
    }
}

/// Returns the task of the run, and whether it succeeded.
async fn run(world: &World, seed: u64) -> (&'static str, bool) {
    let mut chance = Chance::new(seed);
    let task = chance.one_of(&[
        "put and get",
        "put and get",
        "upload",
        "upload",
        "download",
        "download",
        "copy",
        "delete",
        "list",
        "drop",
    ]);
    let faults = Faults::choose(seed, &mut chance);
    let limit = Duration::from_secs(90);
    let outcome = tokio::time::timeout(limit, async {
        match task {
            "put and get" => small::run(world, &faults, &mut chance).await,
            "upload" => transfers::upload(world, &faults, &mut chance).await,
            "download" => transfers::download(world, &faults, &mut chance).await,
            "copy" => transfers::copy(world, &faults, &mut chance).await,
            "delete" => lists::delete(world, &faults, &mut chance).await,
            "list" => lists::list(world, &faults).await,
            _ => dropped::run(world, &faults, &mut chance).await,
        }
    });
    let outcome = match outcome.await {
        Ok(outcome) => outcome,
        Err(_) => panic!("{task}, {faults}: no end after {limit:?}"),
    };
    let succeeded = match outcome {
        Outcome::Success => true,
        Outcome::Explained => false,
        Outcome::Failed(error) => {
            let is_explained = faults.explain(&error);
            assert!(is_explained, "{task}, {faults}: {error} ({error:?})");
            false
        }
    };
    world.check(&format!("{task}, {faults}"), succeeded).await;
    (task, succeeded)
}
