//! Signals, failures of the service, killed processes, progress without a terminal.

use std::process::Child;
use std::time::{Duration, Instant};

use crate::world::{BUCKET, World, address, finished, tree};

/// Waits until the emulator has served a number of requests of an operation.
fn wait_for(world: &World, operation: &str, count: u64) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while world.emulator.operations_served()[operation] < count {
        assert!(Instant::now() < deadline, "{operation}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Starts the upload of 40 MiB in parts that the emulator receives slowly.
fn slow_upload(world: &World, more: &[&str]) -> Child {
    world.write("big", vec![b'x'; 40 << 20]);
    world.faults(&["operation=UploadMultipart,after=2,latency=3s"]);
    let target = address("big");
    let arguments = [
        &["cp", "--part-size", "4M", "--concurrency", "2"],
        more,
        &["big", &target],
    ]
    .concat();
    let before = world.emulator.operations_served()["UploadMultipart"];
    let child = world.command(&arguments).spawn().unwrap();
    wait_for(world, "UploadMultipart", before + 2);
    child
}

#[test]
fn ctrl_c_aborts_uploads_and_says_so() {
    let world = World::new();
    let child = slow_upload(&world, &[]);
    signal(&child, "-INT");
    let run = finished(child).exits(130);
    assert!(
        run.stderr.contains("aborted: ") && run.stderr.contains(&address("big")),
        "{run:?}"
    );
    assert_eq!(
        world
            .ok(&["uploads", "ls", &format!("qs://{BUCKET}")])
            .stdout,
        ""
    );
    world.faults(&[]);
    world.ok(&["cp", "big", &address("big")]);
    assert_eq!(world.keys(), ["big"]);
}

#[test]
fn ctrl_c_keeps_resumable_uploads_and_says_so() {
    let world = World::new();
    let child = slow_upload(&world, &["--resume"]);
    signal(&child, "-INT");
    let run = finished(child).exits(130);
    assert!(
        run.stderr.contains("kept") && run.stderr.contains(&address("big")),
        "{run:?}"
    );
    world.faults(&[]);
    let target = address("big");
    world.ok(&["cp", "--part-size", "4M", "--resume", "big", &target]);
    assert!(world.emulator.operations_served()["UploadMultipart"] <= 12);
    assert_eq!(
        world
            .ok(&["uploads", "ls", &format!("qs://{BUCKET}")])
            .stdout,
        ""
    );
}

#[test]
fn sigterm_ends_the_program_like_ctrl_c() {
    let world = World::new();
    let child = slow_upload(&world, &[]);
    signal(&child, "-TERM");
    finished(child).exits(143);
    assert_eq!(
        world
            .ok(&["uploads", "ls", &format!("qs://{BUCKET}")])
            .stdout,
        ""
    );
}

#[test]
fn the_same_command_completes_a_killed_upload() {
    let world = World::new();
    let mut child = slow_upload(&world, &["--resume"]);
    child.kill().unwrap();
    child.wait().unwrap();
    world.faults(&[]);
    world.ok(&[
        "cp",
        "--part-size",
        "4M",
        "--resume",
        "big",
        &address("big"),
    ]);
    assert!(world.emulator.operations_served()["UploadMultipart"] <= 14);
    assert_eq!(
        world
            .ok(&["uploads", "ls", &format!("qs://{BUCKET}")])
            .stdout,
        ""
    );
    world.ok(&["cp", &address("big"), "copy"]);
    assert!(world.read("copy") == world.read("big"));
}

#[test]
fn a_killed_sync_is_completed_by_the_same_command() {
    let world = World::new();
    for number in 0..300 {
        world.write(
            &format!("files/{}/{number}", number % 7),
            number.to_string(),
        );
    }
    let (folder, target) = ("files", address("files"));
    for (kill, arguments) in [
        ("-KILL", ["sync", folder, &target]),
        ("-INT", ["sync", folder, &target]),
        ("-KILL", ["sync", &target, "down"]),
        ("-INT", ["sync", &target, "down"]),
    ] {
        world.faults(&[
            "operation=PutObject,latency=50ms",
            "operation=GetObject,latency=50ms",
        ]);
        let served = || {
            let served = world.emulator.operations_served();
            served["PutObject"] + served["GetObject"]
        };
        let before = served();
        let child = world.command(&arguments).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while served() < before + 20 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        // The second run may have nothing left to do, and be finished.
        let _ = std::process::Command::new("kill")
            .args([kill, &child.id().to_string()])
            .status();
        finished(child);
        world.faults(&[]);
        world.ok(&arguments);
    }
    // A process that is killed while it writes a small file leaves a temporary file, which later runs
    // ignore.
    let mut down = tree(&world.path("down"));
    down.retain(|(path, _)| !path.ends_with(".part"));
    assert_eq!(tree(&world.path("files")), down);
}

#[test]
fn faults_on_every_tenth_request_are_retried() {
    let world = World::new();
    for number in 0..200 {
        world.write(&format!("files/{number}"), number.to_string());
    }
    world.write("files/big", vec![b'x'; 20 << 20]);
    world.faults(&[
        "operation=PutObject,probability=0.1,status=503",
        "operation=GetObject,probability=0.1,reset=mid",
        "operation=UploadMultipart,probability=0.1,reset=before",
        "operation=ListObjects,probability=0.1,status=500",
        "operation=DeleteMultipleObjects,probability=0.1,status=503",
    ]);
    let target = address("files");
    world.ok(&["cp", "-r", "files", &target]);
    world.ok(&["sync", "files", &target]);
    world.ok(&["cp", "-r", &target, "copy"]);
    world.ok(&["check", "--checksum", "copy", &target]);
    world.ok(&["rm", "-r", "--yes", &target]);
    world.faults(&[]);
    assert_eq!(tree(&world.path("files")), tree(&world.path("copy")));
    assert_eq!(world.keys(), [""; 0]);
}

#[test]
fn progress_without_a_terminal_is_lines() {
    let world = World::new();
    let child = slow_upload(&world, &["--progress"]);
    let run = finished(child).exits(0);
    assert!(
        run.stderr.contains(" of 40.0 MiB") && !run.stderr.contains('\r'),
        "{run:?}"
    );
    world.faults(&[]);
    let silent = world.ok(&["cp", "big", &address("big")]);
    assert_eq!(silent.stderr, "");
}
