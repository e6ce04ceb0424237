//! `cat`, `tee`, pipes.

use std::io::Read as _;

#[cfg(target_os = "linux")]
use crate::world::{BUCKET_ADDRESS, Run};
use crate::world::{World, address, finished};

#[test]
fn prints_objects_and_ranges() {
    let world = World::new();
    world.put("a", "0123456789");
    world.put("b", "ab");
    let cat = |arguments: &[&str]| world.ok(&[&["cat"], arguments].concat()).stdout;
    assert_eq!(cat(&[&address("a"), &address("b")]), "0123456789ab");
    assert_eq!(cat(&["--range", "2-4", &address("a")]), "234");
    assert_eq!(cat(&["--range", "7-", &address("a")]), "789");
    assert_eq!(cat(&["--range", "-1", &address("a")]), "9");
    world.run(&["cat", "--range", "x", &address("a")]).exits(2);
    let partly = world
        .run(&["cat", &address("none"), &address("b")])
        .exits(1);
    assert_eq!(partly.stdout, "ab");
    assert!(
        partly.stderr.contains("none") && partly.stderr.contains("request id"),
        "{partly:?}"
    );
}

#[test]
fn prints_a_version() {
    let world = World::new();
    world.enable_versions();
    world.put("a", "old");
    world.put("a", "new");
    let versions = world.versions();
    let old = versions
        .iter()
        .find(|version| version["is_latest"] == false)
        .unwrap();
    let id = old["version_id"].as_str().unwrap();
    assert_eq!(
        world.ok(&["cat", "--version-id", id, &address("a")]).stdout,
        "old"
    );
}

#[test]
fn tee_prints_what_it_stores() {
    let world = World::new();
    let content = "line\n".repeat(100_000);
    let run = world.run_with_input(
        &["tee", &address("log"), "--content-type", "text/x-log"],
        content.as_bytes(),
    );
    assert_eq!(run.exits(0).stdout, content);
    assert_eq!(world.get("log"), content);
    let object = world.properties(&address("log"));
    assert_eq!(object["content_type"], "text/x-log");
}

#[test]
fn standard_input_and_output_are_operands() {
    let world = World::new();
    let content: Vec<u8> = (0..12_000_000_u32).map(|n| (n % 251) as u8).collect();
    world
        .run_with_input(&["cp", "-", &address("big")], &content)
        .exits(0);
    let mut child = world
        .command(&["cp", &address("big"), "-"])
        .spawn()
        .unwrap();
    let mut received = Vec::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut received)
        .unwrap();
    assert!(received == content, "{} bytes", received.len());
    finished(child).exits(0);
    world
        .run_with_input(&["cp", "-", &address("folder/")], b"x")
        .exits(2);
    world.run(&["cp", "-", "-"]).exits(2);
}

/// `head` and others close the pipe when they have enough.
#[test]
fn a_closed_pipe_ends_reading_quietly() {
    let world = World::new();
    world.write("big", vec![b'x'; 20 << 20]);
    world.ok(&["cp", "big", &address("big")]);
    for arguments in [
        ["cat", &address("big")].as_slice(),
        &["cp", &address("big"), "-"],
    ] {
        let mut child = world.command(arguments).spawn().unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let run = finished(child).exits(0);
        assert_eq!(run.stderr, "", "{arguments:?}");
    }
}

#[test]
fn a_closed_pipe_does_not_end_changes() {
    let world = World::new();
    for number in 0..50 {
        world.write(&format!("files/{number}"), "x");
    }
    let mut child = world
        .command(&["cp", "-r", "files", &address("files")])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    finished(child).exits(0);
    assert_eq!(world.keys().len(), 50);
    let mut child = world
        .command(&["rm", "-r", "--yes", &address("files")])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    finished(child).exits(0);
    assert_eq!(world.keys(), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let world = World::new();
    world.put("a", "content");
    let run = with_full_output(&world, &["cat", &address("a")], b"").exits(1);
    assert!(run.stderr.contains("standard output"), "{run:?}");

    // The limit of the file size works like a disk without space.
    world.write("big", vec![b'x'; 3 << 20]);
    world.ok(&["cp", "big", &address("big")]);
    let program = env!("CARGO_BIN_EXE_qingstor");
    let script = format!("ulimit -f 1024; exec {program} cp {} copy", address("big"));
    let mut shell = world.command(&[]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).current_dir(world.path(""));
    command.envs(
        shell
            .env("X", "")
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!world.path("copy").exists());
}

#[test]
fn commands_that_read_take_the_key_of_encrypted_objects() {
    let world = World::new();
    world.write("key", [7; 32]);
    world.write("in/a", "secret");
    let with_key = ["--sse-key", "key"];
    let (folder, object) = (address("x"), address("x/a"));
    world.ok(&[&["cp", "-r", "in", &folder], &with_key[..]].concat());
    world.run(&["cat", &object]).exits(1);
    for command in ["cat", "stat"] {
        let run = world.ok(&[&[command, &object], &with_key[..]].concat());
        let expected = match command {
            "cat" => "secret",
            _ => "content_length",
        };
        assert!(run.stdout.contains(expected), "{run:?}");
    }
    world.ok(&[&["check", "in", &folder], &with_key[..]].concat());
}

/// The program that writes into the pipe must not be killed.
#[test]
fn tee_prints_its_input_also_if_it_cannot_be_stored() {
    let world = World::new();
    let input = "line\n".repeat(3 << 20);
    world.faults(&["operation=UploadMultipart,status=403,code=permission_denied"]);
    for target in [address("a"), "qs://missing-bucket/a".to_owned()] {
        let run = world.run_with_input(&["tee", &target], input.as_bytes());
        let run = run.exits(1);
        assert!(run.stdout == input, "{} bytes", run.stdout.len());
        assert!(!run.stderr.is_empty());
    }
}

/// Runs the program with a standard output on a full disk.
#[cfg(target_os = "linux")]
fn with_full_output(world: &World, arguments: &[&str], input: &[u8]) -> Run {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    world.write("input", input);
    let mut command = world.command(arguments);
    command.stdin(std::fs::File::open(world.path("input")).unwrap());
    finished(command.stdout(full).spawn().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_for_the_output_does_not_end_changes() {
    let world = World::new();
    let log = "line\n".repeat(3 << 20);
    let tee = ["tee", &address("log")];
    let run = with_full_output(&world, &tee, log.as_bytes()).exits(1);
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    assert!(
        run.stderr.starts_with("error: standard output: "),
        "{run:?}"
    );
    assert!(world.get("log") == log);

    for name in 0..1000 {
        world.write(&format!("files/{name}"), "x");
    }
    let json = |arguments: &[&str]| {
        let run = with_full_output(&world, &[&["--json"], arguments].concat(), b"").exits(1);
        assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
        assert!(
            run.stderr.starts_with(r#"{"error":"standard output"#),
            "{run:?}"
        );
    };
    let folder = address("files");
    json(&["mv", "-r", "files", &folder]);
    assert_eq!(world.keys().len(), 1001);
    assert!(!world.path("files").exists());
    json(&["ls", "-R", BUCKET_ADDRESS]);
    json(&["rm", "-r", "--yes", &folder]);
    assert_eq!(world.keys(), ["log"]);
}
