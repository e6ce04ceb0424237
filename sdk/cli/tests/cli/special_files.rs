//! Pipes, devices and standard streams as operands.

use crate::world::{World, address};

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
