//! Pipes, devices and standard streams as operands.

use std::fs::File;
use std::os::unix::fs::symlink;

use crate::world::{BUCKET, World, address, finished};

#[test]
fn content_can_be_written_to_pipes_and_devices() {
    let world = World::new();
    world.put("object", "content");
    let object = address("object");
    world.ok(&["cp", &object, "/dev/null"]);
    let pipe = world.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let reader = std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap());
    world.ok(&["cp", &object, "pipe"]);
    assert_eq!(reader.join().unwrap(), "content");
    // The bytes would be lost, so the source stays.
    for target in ["pipe", "/dev/null"] {
        let run = world.run(&["mv", &object, target]).exits(1);
        assert!(run.stderr.contains("not a regular file"), "{run:?}");
        assert!(!run.stderr.contains("::"), "{run:?}");
    }
    assert_eq!(world.get("object"), "content");
    let full = world.run(&["cp", &object, "/dev/full"]).exits(1);
    assert!(full.stderr.contains("/dev/full"), "{full:?}");
}

/// `/dev/stdout` itself is not used, because a fault could replace it.
#[test]
fn links_to_open_files_are_written_not_replaced() {
    let world = World::new();
    world.put("object", "content");
    let object = address("object");
    symlink("/proc/self/fd/1", world.path("stdout")).unwrap();
    symlink("/proc/self/fd/2", world.path("stderr")).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        let file = |name: &str| File::create(world.path(name)).unwrap();
        command.stdout(file("out")).stderr(file("err"));
        finished(command.spawn().unwrap())
    };
    let get = ["api", "GetObject", "--bucket", BUCKET, "--key", "object"];
    for arguments in [
        &["cp", &object, "stdout"][..],
        &[&get[..], &["--output", "stdout"]].concat(),
    ] {
        run(arguments).exits(0);
        assert_eq!(world.read("out"), b"content", "{arguments:?}");
    }
    for arguments in [
        &["cp", &object, "stderr"][..],
        &[&get[..], &["--output", "stderr"]].concat(),
    ] {
        run(arguments).exits(0);
        assert_eq!(world.read("err"), b"content", "{arguments:?}");
    }
    for (target, code) in [("stdout", 2), ("stderr", 1)] {
        run(&["mv", &object, target]).exits(code);
        run(&["mv", "--dry-run", &object, target]).exits(code);
        assert!(world.path(target).is_symlink(), "{target}");
    }
    assert_eq!(world.get("object"), "content");
}

#[test]
fn a_link_to_standard_input_is_not_deleted() {
    let world = World::new();
    symlink("/proc/self/fd/0", world.path("stdin")).unwrap();
    world.write("file", "content");
    for command in ["cp", "mv"] {
        let mut program = world.command(&[command, "stdin", &address(command)]);
        program.stdin(File::open(world.path("file")).unwrap());
        finished(program.spawn().unwrap()).exits(0);
        assert_eq!(world.get(command), "content");
    }
    assert!(world.path("stdin").is_symlink() && world.path("file").exists());
}

#[test]
fn targets_that_cannot_be_written_are_refused_with_a_remedy() {
    let world = World::new();
    world.put("object", "content");
    let socket = world.path("socket");
    let _listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    let run = world.run(&["cp", &address("object"), "socket"]).exits(1);
    let remedy = format!("use `qingstor cat {} > socket`", address("object"));
    assert!(run.stderr.contains(&remedy), "{run:?}");
}

/// `sync` skips a pipe, so that it is neither a difference nor a failure.
#[test]
fn check_skips_what_sync_skips() {
    let world = World::new();
    world.write("in/a", "1");
    let pipe = world.path("in/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    symlink("..", world.path("in/loop")).unwrap();
    let target = address("x");
    let skipped = ["skip in/loop", "skip in/pipe"];
    for command in ["sync", "check"] {
        let run = world.ok(&[command, "in", &target]);
        for skipped in skipped {
            assert!(run.stdout.contains(skipped), "{run:?}");
        }
    }
    let json = world.ok(&["check", "--json", "in", &target]).objects();
    assert!(
        json.iter().all(|one| one["difference"].is_null()),
        "{json:?}"
    );
}
