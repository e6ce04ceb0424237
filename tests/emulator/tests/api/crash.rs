//! A program that is killed at random times: no acknowledged change is lost, and no change is
//! half-done.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::crash_worker::Worker;
use crate::program::{Program, SECRET, client_of, command};

const WORKERS: usize = 5;
/// Environment variable with the number of times that the program is killed.
const ROUNDS: (&str, u32) = ("QINGSTOR_CRASH_ROUNDS", 6);

fn spawn(data: &Path) -> Program {
    command()
        .args(["--listen", "127.0.0.1:0", "--access-key-id", "ALICE"])
        .args(["--secret-access-key", SECRET, "--log", "off", "--data-dir"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(Program)
        .unwrap()
}

fn kill(mut program: Program) {
    program.0.kill().unwrap();
    program.0.wait().unwrap();
}

/// Starts a program. Sometimes kills several programs during their start first.
async fn start(data: &Path) -> (Program, Client) {
    while fastrand::u8(..3) == 0 {
        let program = spawn(data);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(..30))).await;
        kill(program);
    }
    let mut program = spawn(data);
    let client = client_of(&mut program);
    (program, client)
}

/// Runs the workers until the program is killed.
async fn work_until_killed(mut workers: Vec<Worker>, program: Program) -> Vec<Worker> {
    let tasks = workers
        .drain(..)
        .map(|worker| tokio::spawn(worker.work()))
        .collect::<Vec<_>>();
    tokio::time::sleep(Duration::from_millis(fastrand::u64(20..400))).await;
    kill(program);
    for task in tasks {
        workers.push(task.await.unwrap());
    }
    workers
}

/// Returns the number of times that the program is killed.
fn rounds() -> u32 {
    std::env::var(ROUNDS.0).map_or(ROUNDS.1, |rounds| rounds.parse().unwrap())
}

#[tokio::test]
async fn starts_after_a_first_start_that_was_killed() {
    for _ in 0..rounds() * 5 {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let program = spawn(&data);
        tokio::time::sleep(Duration::from_micros(fastrand::u64(..40_000))).await;
        kill(program);
        let (mut program, _) = start(&data).await;
        program.end("-TERM");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_changes_survive_every_kill() {
    let rounds = rounds();
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut slowest_start = Duration::ZERO;
    let mut workers = Vec::new();
    for number in 0..WORKERS {
        workers.push(Worker::new(number));
    }
    for round in 0..rounds {
        let started = Instant::now();
        let (program, client) = start(&data).await;
        slowest_start = slowest_start.max(started.elapsed());
        for worker in &mut workers {
            worker.check_after_restart(&client, round == 0).await;
        }
        workers = work_until_killed(workers, program).await;
    }
    let (mut program, client) = start(&data).await;
    for worker in &mut workers {
        worker.check_after_restart(&client, false).await;
    }
    second_is_refused(&data);
    // A wrong use count would leave a file that is never removed.
    for worker in &mut workers {
        worker.remove_everything().await;
    }
    let left = std::fs::read_dir(data.join("content")).unwrap().count();
    assert_eq!(left, 0, "blobs without records");
    program.end("-TERM");
    let changes = workers.iter().map(Worker::acknowledged).sum::<u64>();
    let attempts = workers.iter().map(Worker::unacknowledged).sum::<u64>();
    println!(
        "{rounds} kills, {changes} changes acknowledged, {attempts} found that were not, the \
         slowest start took {slowest_start:?}"
    );
    assert!(
        changes > u64::from(rounds),
        "the workers made too few changes"
    );
}

fn second_is_refused(data: &Path) {
    let mut second = spawn(data);
    assert_eq!(second.0.wait().unwrap().code(), Some(2));
    assert!(second.log().contains("in use by another emulator"));
}
