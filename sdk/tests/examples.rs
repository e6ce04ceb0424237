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

use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{Config, QingStor};

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

/// Returns the command of an example, without settings of the SDK.
fn command(name: &str) -> Command {
    let program = built().join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(&program);
    // Examples for the real service use a local server.
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("QINGSTOR_") {
            command.env_remove(variable);
        }
    }
    command.stdin(Stdio::null());
    command
}

fn start(name: &str) -> Child {
    let mut command = command(name);
    // A million keys take half a minute without optimization.
    if name == "million_keys" {
        command.arg("50000");
    }
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `cargo build --examples` makes it"))
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

/// Runs the walkthrough with the settings of a server, whose deletion of a bucket fails. Returns
/// whether it succeeded, its output and its errors.
async fn walk_through(server: &Emulator, argument: Option<&str>) -> (bool, String, String) {
    let mut command = command("walkthrough");
    command
        .args(argument)
        .env("QINGSTOR_ACCESS_KEY_ID", server.access_key_id())
        .env("QINGSTOR_SECRET_ACCESS_KEY", server.secret_access_key())
        .env("QINGSTOR_ENDPOINT", server.endpoint());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// The configured service is only used on demand.
#[tokio::test]
async fn the_walkthrough_leaves_an_account_alone() {
    let server = Emulator::builder().start().await.unwrap();
    let (succeeded, said, complained) = walk_through(&server, None).await;
    assert!(succeeded, "{said}{complained}");
    assert_eq!(
        server.operations_served().values().sum::<u64>(),
        0,
        "{said}"
    );
    let (succeeded, _, complained) = walk_through(&server, Some("--real-servce")).await;
    assert!(
        !succeeded && complained.contains("--real-service"),
        "{complained}"
    );
}

#[tokio::test]
async fn the_walkthrough_waits_until_it_can_delete_the_bucket() {
    // The client makes four attempts before the program sees an error.
    let rule = FaultRule::on("DeleteBucket")
        .code("lease_not_ready")
        .times(5);
    let server = Emulator::builder().fault(rule).start().await.unwrap();
    let (succeeded, said, complained) = walk_through(&server, Some("--real-service")).await;
    assert!(succeeded, "{said}{complained}");
    assert_eq!(said.matches("lease_not_ready").count(), 1, "{said}");
    assert!(said.ends_with("  nothing is left behind\n"), "{said}");
    let config =
        Config::new(server.access_key_id(), server.secret_access_key()).endpoint(server.endpoint());
    let qingstor = QingStor::new(config).unwrap();
    assert!(qingstor.list_buckets().await.unwrap().buckets.is_empty());
}

/// A bucket that cannot be deleted is private, and its name is reported.
#[tokio::test]
async fn the_walkthrough_reports_the_bucket_that_it_leaves_behind() {
    let rule = FaultRule::on("DeleteBucket").code("bucket_not_active");
    let server = Emulator::builder().fault(rule).start().await.unwrap();
    let (succeeded, said, complained) = walk_through(&server, Some("--real-service")).await;
    assert!(!succeeded, "{said}");
    let config =
        Config::new(server.access_key_id(), server.secret_access_key()).endpoint(server.endpoint());
    let qingstor = QingStor::new(config).unwrap();
    let buckets = qingstor.list_buckets().await.unwrap().buckets;
    let name = &buckets[0].name;
    let remedy = format!("qingstor rb --force --zone pek3a qs://{name}\n");
    assert!(complained.contains(&remedy), "{complained}");
    let bucket = qingstor.bucket(name, "pek3a").unwrap();
    assert!(bucket.get_acl().await.unwrap().acl.is_empty());
}
