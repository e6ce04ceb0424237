//! Paths that are not UTF-8, although keys are.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use crate::world::{Run, World, address, finished};

const FILE: &[u8] = b"caf\xe9";
const FOLDER: &[u8] = b"dir\xe9";
/// How both are printed.
const PRINTED: [&str; 2] = ["caf\u{fffd}", "dir\u{fffd}"];

fn path(world: &World, name: &[u8]) -> PathBuf {
    world.path("").join(OsStr::from_bytes(name))
}

/// Runs the program with arguments that need not be UTF-8.
fn run(world: &World, arguments: &[&[u8]]) -> Run {
    let mut command = world.command(&[]);
    command.args(arguments.iter().map(|argument| OsStr::from_bytes(argument)));
    finished(command.spawn().unwrap())
}

#[test]
fn a_file_without_a_possible_key_does_not_stop_others() {
    let world = World::new();
    world.write("ok", "1");
    world.write("folder/a", "2");
    std::fs::write(path(&world, FILE), "3").unwrap();
    std::fs::create_dir(path(&world, FOLDER)).unwrap();
    let target = address("u/");
    let all = run(
        &world,
        &[
            b"cp",
            b"-r",
            FOLDER,
            b"folder",
            FILE,
            b"ok",
            target.as_bytes(),
        ],
    )
    .exits(1);
    for printed in PRINTED {
        let text = format!("error: upload {printed}: the name is not UTF-8\n");
        assert!(all.stderr.contains(&text), "{all:?}");
    }
    assert_eq!(world.keys(), ["u/folder/a", "u/ok"]);
    let moved = run(&world, &[b"mv", b"--json", FILE, b"ok", target.as_bytes()]).exits(1);
    let failed = &moved.objects()[0];
    assert_eq!(
        (&failed["action"], &failed["source"]),
        (&"move".into(), &PRINTED[0].into())
    );
    assert!(path(&world, FILE).exists() && !world.path("ok").exists());
    // With a name for the object, that of the file does not matter.
    let key = address("key");
    run(&world, &[b"mv", b"--resume", FILE, key.as_bytes()]).exits(0);
    assert_eq!(world.get("key"), "3");
    assert!(!path(&world, FILE).exists());
}

#[test]
fn keys_below_a_folder_without_utf8_are_valid() {
    let world = World::new();
    let folder = path(&world, FOLDER);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a"), "1").unwrap();
    let remote = address("x");
    let remote = remote.as_bytes();
    run(&world, &[b"sync", FOLDER, remote]).exits(0);
    assert_eq!(world.keys(), ["x/a"]);
    run(&world, &[b"check", FOLDER, remote]).exits(0);
    std::fs::remove_file(folder.join("a")).unwrap();
    let missing = run(&world, &[b"check", remote, FOLDER]).exits(1);
    assert!(missing.stdout.contains("only in the source"), "{missing:?}");
    run(&world, &[b"sync", remote, FOLDER]).exits(0);
    assert_eq!(std::fs::read(folder.join("a")).unwrap(), b"1");
    let object = address("x/a");
    run(&world, &[b"cp", object.as_bytes(), FILE]).exits(0);
    assert_eq!(std::fs::read(path(&world, FILE)).unwrap(), b"1");
    run(&world, &[b"mv", b"-r", FOLDER, address("y").as_bytes()]).exits(0);
    assert_eq!(world.get("y/a"), "1");
}

#[test]
fn other_arguments_that_are_not_utf8_are_named() {
    let world = World::new();
    let key = [address("").as_bytes(), FILE].concat();
    let printed = address(PRINTED[0]);
    for arguments in [
        &[b"rm", &key[..]][..],
        &[b"cp", &key, b"copy"],
        &[b"sync", b".", &key],
        &[b"check", &key, b"."],
    ] {
        let failed = run(&world, arguments).exits(2);
        let text = format!("error: not valid UTF-8: {printed}\n");
        assert_eq!(failed.stderr, text);
        let objects = run(&world, &[arguments, &[b"--json"]].concat()).exits(2);
        let error = &objects.objects()[0]["error"];
        assert_eq!(error, &format!("not valid UTF-8: {printed}"));
    }
}
