//! Everything that moves bytes, while everything goes wrong: over the emulator's faults and over a
//! proxy that spoils connections byte by byte. Each run gives the right bytes or a right error, and
//! leaves nothing behind.
//!
//! `QINGSTOR_FAULT_RUNS=5000` runs more of it, `QINGSTOR_FAULT_SEED=n` begins elsewhere: a run that
//! fails names its seed.

#![cfg(feature = "rustls")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

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
use world::World;

/// How a run ended.
pub(crate) enum Ended {
    /// With the right bytes.
    Well,
    /// With this error, which is to be looked at.
    Failed(qingstor_sdk::Error),
    /// With an error that was looked at.
    Excused,
}

impl<T> From<qingstor_sdk::Result<T>> for Ended {
    fn from(result: qingstor_sdk::Result<T>) -> Self {
        match result {
            Ok(_) => Self::Well,
            Err(error) => Self::Failed(error),
        }
    }
}

/// A number that the environment may set.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => default,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_bytes_or_a_right_error() {
    /// Runs side by side, each in a world of its own.
    const WORLDS: u64 = 2;
    let runs = setting("QINGSTOR_FAULT_RUNS", 240);
    let first = setting("QINGSTOR_FAULT_SEED", 1);
    let workers = (0..WORLDS).map(|worker| {
        tokio::spawn(async move {
            let world = World::start().await;
            let mut counts = BTreeMap::<&str, (u64, u64)>::new();
            for seed in (first + worker..first + runs).step_by(2) {
                let (what, well) = run(&world, seed).await;
                let count = counts.entry(what).or_default();
                match well {
                    true => count.0 += 1,
                    false => count.1 += 1,
                }
            }
            (counts, world.proxy.struck())
        })
    });
    let mut all = BTreeMap::<&str, (u64, u64)>::new();
    let mut struck = 0;
    for worker in workers.collect::<Vec<_>>() {
        let (counts, connections) = worker.await.unwrap();
        struck += connections;
        for (what, (well, failed)) in counts {
            let count = all.entry(what).or_default();
            (count.0, count.1) = (count.0 + well, count.1 + failed);
        }
    }
    println!("{runs} runs, {struck} connections spoiled; went well and failed: {all:?}");
    if runs >= 200 {
        let well: u64 = all.values().map(|count| count.0).sum();
        assert!(well > runs / 2, "repeats should mend most of it: {all:?}");
        assert!(struck > 0);
    }
}

/// One run; what it did, and whether it went well.
async fn run(world: &World, seed: u64) -> (&'static str, bool) {
    let mut chance = Chance::new(seed);
    let what = chance.one_of(&[
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
    let ended = tokio::time::timeout(limit, async {
        match what {
            "put and get" => small::run(world, &faults, &mut chance).await,
            "upload" => transfers::upload(world, &faults, &mut chance).await,
            "download" => transfers::download(world, &faults, &mut chance).await,
            "copy" => transfers::copy(world, &faults, &mut chance).await,
            "delete" => lists::delete(world, &faults, &mut chance).await,
            "list" => lists::list(world, &faults).await,
            _ => dropped::run(world, &faults, &mut chance).await,
        }
    });
    let ended = match ended.await {
        Ok(ended) => ended,
        Err(_) => panic!("{what}, {faults}: it hangs"),
    };
    let well = match ended {
        Ended::Well => true,
        Ended::Excused => false,
        Ended::Failed(error) => {
            let right = faults.explain(&error);
            assert!(right, "{what}, {faults}: {error} ({error:?})");
            false
        }
    };
    world.check(&format!("{what}, {faults}"), well).await;
    (what, well)
}
