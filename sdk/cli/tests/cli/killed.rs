//! Transfers that the same command completes after its process was killed.

use std::time::{Duration, Instant};

use crate::interruptions::{signal, slow_upload};
use crate::world::{BUCKET_ADDRESS, World, address, finished, tree};

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
    assert!(world.served("UploadMultipart") <= 14);
    assert_eq!(world.uploads(), [""; 0]);
    world.ok(&["cp", &address("big"), "copy"]);
    assert!(world.read("copy") == world.read("big"));
}

#[test]
fn the_same_command_completes_a_killed_upload_of_a_folder() {
    let world = World::new();
    world.write("folder/big", vec![b'x'; 40 << 20]);
    world.write("folder/small", "1");
    let target = address("folder");
    let copy = [
        "cp",
        "-r",
        "--resume",
        "--part-size",
        "4M",
        "--concurrency",
        "2",
        "folder",
        &target,
    ];
    for kill in ["-KILL", "-INT"] {
        world.faults(&["operation=UploadMultipart,after=4,latency=3s"]);
        let before = world.served("UploadMultipart");
        let child = world.command(&copy).spawn().unwrap();
        world.wait_for("UploadMultipart", before + 4);
        signal(&child, kill);
        let run = finished(child);
        if kill == "-INT" {
            let last = run.stderr.lines().last().unwrap();
            assert!(
                last.contains("kept") && last.ends_with("folder/big"),
                "{run:?}"
            );
        }
    }
    world.faults(&[]);
    world.ok(&copy);
    // Ten parts; each interruption may have lost those that were being sent.
    assert!(world.served("UploadMultipart") <= 16);
    assert_eq!(world.uploads(), [""; 0]);
    world.ok(&["check", "--checksum", "folder", &target]);
    // The upload of the token is gone.
    world.write("folder/big", vec![b'y'; 40 << 20]);
    world.faults(&["operation=UploadMultipart,after=4,status=403,code=permission_denied"]);
    world.run(&copy).exits(1);
    world.faults(&[]);
    world.ok(&["uploads", "abort", "--yes", BUCKET_ADDRESS]);
    world.ok(&copy);
    world.ok(&["check", "--checksum", "folder", &target]);
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
        let served = || world.served("PutObject") + world.served("GetObject");
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
    // Also without the temporary files of the killed processes.
    assert_eq!(tree(&world.path("files")), tree(&world.path("down")));
}

#[test]
fn the_same_command_removes_the_temporary_file_of_a_killed_download() {
    let world = World::new();
    world.write("big", vec![b'x'; 20 << 20]);
    let target = address("folder/big");
    world.ok(&["cp", "big", &target]);
    world.faults(&["operation=GetObject,after=1,latency=3s"]);
    for arguments in [
        vec!["cp", target.as_str(), "down/big"],
        vec!["cp", "-r", target.trim_end_matches("/big"), "down"],
    ] {
        let before = world.served("GetObject");
        let mut child = world.command(&arguments).spawn().unwrap();
        world.wait_for("GetObject", before + 1);
        let deadline = Instant::now() + Duration::from_secs(20);
        while !world.path("down/.big.qingstor-0.part").exists() {
            assert!(Instant::now() < deadline);
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!world.path("down/big").exists());
        world.faults(&[]);
        world.ok(&arguments);
        let expected = vec![("big".to_owned(), world.read("big"))];
        assert!(tree(&world.path("down")) == expected, "no other file");
        std::fs::remove_file(world.path("down/big")).unwrap();
    }
}
