//! Situations that users of other command lines reported: comparisons, files that change, and the run of
//! a command. Each test is one of them.

use crate::world::{BUCKET, BUCKET_ADDRESS, World, address, finished};

#[test]
fn changes_that_keep_the_size_are_found() {
    let world = World::new();
    let target = address("x");
    let write = |content: &str, seconds: u64| {
        world.write("in/a", content);
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let file = std::fs::File::options()
            .write(true)
            .open(world.path("in/a"));
        file.unwrap().set_modified(time).unwrap();
    };
    let ok = |arguments: &[&str]| world.ok(&[&["sync"], arguments].concat()).stdout;
    write("1", 1_000);
    ok(&["in", &target]);
    assert_eq!(ok(&["in", &target]), "");
    // Up, only a file that is newer than the object differs.
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    write("2", now + 1_000);
    assert!(ok(&["in", &target]).starts_with("upload "), "newer");
    assert_eq!(world.get("x/a"), "2");
    write("3", 1_000);
    assert_eq!(ok(&["in", &target]), "", "older");
    assert!(ok(&["--checksum", "in", &target]).starts_with("upload "));
    assert_eq!(world.get("x/a"), "3");
    // Down, every other time is a difference: that of the metadata, or else that of the object.
    write("4", 900);
    assert!(ok(&[&target, "in"]).starts_with("download "));
    assert_eq!(world.read("in/a"), b"3");
    world.put("x/a", "5");
    assert!(ok(&[&target, "in"]).starts_with("download "));
    assert_eq!(ok(&[&target, "in"]), "");
    assert_eq!(world.read("in/a"), b"5");
    write("6", 900);
    assert_eq!(ok(&["--size-only", &target, "in"]), "");
    assert!(ok(&["--checksum", &target, "in"]).starts_with("download "));
}

#[test]
fn unchanged_files_are_not_sent_again() {
    let world = World::new();
    world.write("in/a", "1");
    let target = address("x");
    world.ok(&["cp", "-r", "in", &target]);
    world.ok(&["sync", &target, "out"]);
    // The copy has the time of the file, so nothing is sent in any direction.
    for arguments in [
        ["sync", &target, "out"],
        ["sync", "out", &target],
        ["sync", &target, "in"],
    ] {
        assert_eq!(world.ok(&arguments).stdout, "", "{arguments:?}");
    }
    world.ok(&["cp", &address("x/a"), "single"]);
    let modified = |name: &str| {
        std::fs::metadata(world.path(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    assert_eq!(modified("single"), modified("in/a"));
}

#[test]
fn json_says_that_a_checksum_is_not_known() {
    let world = World::new();
    world.write("in/big", vec![b'x'; 12 << 20]);
    // Parts of different sizes.
    let parts = [("1", vec![b'x'; 5 << 20]), ("2", vec![b'x'; 7 << 20])];
    let upload = ["--bucket", BUCKET, "--key", "x/big"];
    let api = |operation: &str, more: &[&str]| {
        let arguments = [&["api", operation, "--json"], &upload[..], more].concat();
        world.ok(&arguments).objects().remove(0)
    };
    let id = api("InitiateMultipartUpload", &[])["upload_id"].clone();
    let id = id.as_str().unwrap();
    let mut completed = Vec::new();
    for (number, content) in parts {
        world.write("part", content);
        let part = ["--upload-id", id, "--part-number", number, "--body", "part"];
        api("UploadMultipart", &part);
        completed.push(format!("{{\"part_number\": {number}}}"));
    }
    let list = format!("[{}]", completed.join(","));
    api(
        "CompleteMultipartUpload",
        &["--upload-id", id, "--object-parts", &list],
    );
    let target = address("x");
    let sync = ["sync", "--json", "--checksum", "in", &target];
    let skipped = world.ok(&sync).objects().remove(0);
    assert_eq!(skipped["action"], "skip");
    assert_eq!(
        skipped["reason"],
        "unchanged (same size; the checksums are not comparable)"
    );
    world.write("in/big", vec![b'x'; 13 << 20]);
    assert_eq!(world.ok(&sync).objects()[0]["action"], "upload");
    // The part size of this tool is known.
    world.write("in/big", vec![b'y'; 13 << 20]);
    assert_eq!(world.ok(&sync).objects()[0]["reason"], "content differs");
}

#[cfg(unix)]
#[test]
fn a_dangling_link_is_reported_and_the_rest_continues() {
    let world = World::new();
    world.write("in/a", "1");
    std::os::unix::fs::symlink("nowhere", world.path("in/link")).unwrap();
    let run = world.run(&["cp", "-r", "in", &address("x")]).exits(1);
    assert!(run.stderr.contains("in/link"), "{run:?}");
    assert_eq!(world.keys(), ["x/a"]);
    let skipped = world.ok(&["sync", "--no-follow-symlinks", "in", &address("x")]);
    assert_eq!(skipped.stderr, "");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_parent_folder_is_entered_once() {
    let world = World::new();
    world.write("in/sub/a", "1");
    std::os::unix::fs::symlink("..", world.path("in/sub/up")).unwrap();
    std::os::unix::fs::symlink("sub", world.path("in/other")).unwrap();
    let run = world.ok(&["cp", "-r", "in", &address("x")]);
    assert!(run.stdout.contains("in/sub/up/"), "{run:?}");
    assert_eq!(world.keys(), ["x/other/a", "x/sub/a"]);
}

#[test]
fn a_file_that_vanishes_is_reported() {
    let world = World::new();
    for name in ["in/a", "in/b", "in/c"] {
        world.write(name, "1");
    }
    // The names are read before the files, which are uploaded after the list.
    world.faults(&["operation=ListObjects,latency=2s"]);
    let child = world
        .command(&["sync", "in", &address("x")])
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    std::fs::remove_file(world.path("in/b")).unwrap();
    let run = finished(child).exits(1);
    assert!(run.stderr.contains("in/b"), "{run:?}");
    assert_eq!(world.keys(), ["x/a", "x/c"]);
}

/// Uploads nine mebibytes in three parts, one second each.
fn slow_upload(world: &World) -> std::process::Child {
    let target = address("big");
    let arguments = [
        "cp",
        "big",
        &target,
        "--part-size",
        "4M",
        "--limit-rate",
        "3M",
    ];
    let child = world.command(&arguments).spawn().unwrap();
    world.wait_for("UploadMultipart", 1);
    child
}

#[test]
fn a_file_that_changes_once_is_uploaded_again() {
    let world = World::new();
    world.write("big", vec![b'o'; 30 << 20]);
    let child = slow_upload(&world);
    // In one step: a file that is truncated and written changes twice.
    let file = std::fs::File::options().write(true).open(world.path("big"));
    file.unwrap().set_len(9 << 20).unwrap();
    finished(child).exits(0);
    world.ok(&["cp", &address("big"), "copy"]);
    assert!(world.read("copy") == vec![b'o'; 9 << 20]);
}

#[test]
fn a_file_that_keeps_changing_is_reported() {
    let world = World::new();
    let mut len = 20 << 20;
    world.write("big", vec![b'o'; len as usize]);
    let target = address("big");
    // Each of the two uploads takes a second at least, and the file changes from the start.
    let copy = ["cp", "--limit-rate", "20M", "big", &target];
    let mut child = world.command(&copy).spawn().unwrap();
    while child.try_wait().unwrap().is_none() {
        len += 1;
        let file = std::fs::File::options().write(true).open(world.path("big"));
        file.unwrap().set_len(len).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let run = finished(child).exits(1);
    assert!(
        run.stderr.contains("changed during the upload, twice")
            && run.stderr.contains(&address("big")),
        "{run:?}"
    );
    assert_eq!(world.uploads(), [""; 0]);
}

#[test]
fn parts_of_failed_uploads_are_aborted() {
    let world = World::new();
    world.write("big", vec![b'x'; 30 << 20]);
    let refused = "operation=UploadMultipart,after=2,status=403,code=permission_denied";
    let target = address("big");
    let copy = ["cp", "--part-size", "4M", "big", &target];
    world.faults(&[refused]);
    let aborted = world.run(&copy).exits(1);
    assert_eq!(aborted.stderr.lines().count(), 1, "{aborted:?}");
    assert_eq!(world.uploads(), [""; 0]);
    world.faults(&[refused, "operation=AbortMultipartUpload,status=403"]);
    let left = world.run(&copy).exits(1);
    let last = left.stderr.lines().last().unwrap();
    assert!(
        last.contains("not aborted") && last.ends_with(&target),
        "{left:?}"
    );
    world.faults(&[]);
    world.ok(&["uploads", "abort", "--yes", BUCKET_ADDRESS]);
    world.faults(&[refused]);
    let kept = world.run(&[&copy[..], &["--resume"]].concat()).exits(1);
    let last = kept.stderr.lines().last().unwrap();
    assert!(last.contains("kept") && last.ends_with(&target), "{kept:?}");
    assert_eq!(world.uploads().len(), 1);
    world.faults(&["operation=InitiateMultipartUpload,status=403,code=permission_denied"]);
    let none = world.run(&["cp", "big", &address("other")]).exits(1);
    assert_eq!(none.stderr.lines().count(), 1, "{none:?}");
}

#[test]
fn failures_have_exit_code_1_and_a_request_id() {
    let world = World::new();
    world.write("in/a", "1");
    world.write("in/b", "1");
    world.faults(&["operation=PutObject,key=x/a,status=403,code=permission_denied"]);
    let run = world.run(&["cp", "-r", "in", &address("x")]).exits(1);
    assert!(
        run.stderr.contains("x/a") && run.stderr.contains("request id"),
        "{run:?}"
    );
    let json = world
        .run(&["cp", "-r", "--json", "in", &address("x")])
        .exits(1)
        .objects();
    let failed = json
        .iter()
        .find(|action| action["error"].is_string())
        .unwrap();
    assert!(
        failed["request_id"].is_string() && failed["code"] == "permission_denied",
        "{failed}"
    );
    assert_eq!(world.keys(), ["x/b"]);
}

#[cfg(unix)]
#[test]
fn few_open_files_are_enough() {
    let world = World::new();
    for number in 0..300 {
        world.write(&format!("in/{number}"), "1");
    }
    let program = env!("CARGO_BIN_EXE_qingstor");
    let script = format!("ulimit -n 48; exec {program} cp -r -q in {}", address("x"));
    let template = world.command(&[]);
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", &script])
        .current_dir(world.path(""))
        .env_clear();
    command.envs(
        template
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(world.keys().len(), 300);
}

#[test]
fn log_files_contain_no_carriage_returns() {
    let world = World::new();
    world.write("a", vec![b'x'; 1 << 20]);
    // A line is printed every three seconds.
    world.faults(&["operation=PutObject,latency=4s"]);
    let target = address("a");
    let copy = ["cp", "a", &target];
    let silent = world.command(&copy).spawn().unwrap();
    let lines = world.ok(&[&copy[..], &["--progress"]].concat());
    assert!(lines.stderr.contains(" of 1.0 MiB"), "{lines:?}");
    let silent = finished(silent).exits(0);
    assert_eq!(silent.stderr, "");
    for run in [&lines, &silent] {
        assert!(
            !run.stdout.contains('\r') && !run.stderr.contains('\r'),
            "{run:?}"
        );
    }
}

#[test]
fn progress_counts_the_bytes_of_an_unfinished_request() {
    let world = World::new();
    // One request of five seconds; the first line is printed after three.
    world.write("a", vec![b'x'; 5 << 20]);
    let target = address("a");
    let run = world.ok(&["cp", "--progress", "--limit-rate", "1M", "a", &target]);
    let line = run.stderr.lines().next().unwrap();
    let (_, sent) = line.split_once("files, ").unwrap();
    let (sent, total) = sent.split_once(" of ").unwrap();
    assert!(total.starts_with("5.0 MiB"), "{line}");
    let sent: f64 = sent.trim_end_matches(" MiB").parse().unwrap();
    assert!(sent > 0.5 && sent < 5.0, "{line}");
    assert_eq!(world.served("PutObject"), 1);
}

#[test]
fn a_dry_run_prints_what_the_run_does() {
    let world = World::new();
    world.write("in/a", "1");
    world.write("in/b", "22");
    world.put("x/b", "1");
    world.put("x/c", "1");
    let arguments = ["sync", "--delete", "in", &address("x")];
    let planned = world.ok(&[&arguments[..], &["--dry-run"]].concat());
    assert_eq!(world.keys(), ["x/b", "x/c"]);
    let done = world.ok(&arguments);
    assert_eq!(planned.lines(), done.lines());
    assert_eq!(planned.lines().len(), 3);
    for json in [&[][..], &["--json"]] {
        let world = World::new();
        world.write("in/a", "1");
        world.write("in/b", "22");
        for key in ["x/a", "x/b"] {
            world.put(key, "1");
        }
        let commands: [&[&str]; 6] = [
            &["cp", "-r", &address("x"), "out"],
            &["cp", &address("x/*"), "out/"],
            &["cp", "in/a", "in/b", &address("y/")],
            &["mv", &address("x/a"), &address("z")],
            &["mv", "-r", &address("y"), "out"],
            &["rm", "-r", "--yes", &address("x")],
        ];
        for command in commands {
            let state = || (world.keys(), world.files(""));
            let before = state();
            let dry = world.ok(&[command, json, &["--dry-run"]].concat());
            assert_eq!(state(), before, "{command:?}");
            let done = world.ok(&[command, json].concat());
            assert_eq!(dry.lines(), done.lines(), "{command:?}");
            assert!(!done.lines().is_empty(), "{command:?}");
        }
    }
}
