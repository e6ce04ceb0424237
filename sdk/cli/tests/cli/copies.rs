//! `cp` and `mv` of single files, several sources and patterns.

use crate::world::{BUCKET_ADDRESS, World, address, api_put, finished};

#[test]
fn copies_up_down_and_within_the_service() {
    let world = World::new();
    world.write("a.txt", "content");
    assert_eq!(
        world.ok(&["cp", "a.txt", &address("b.txt")]).lines(),
        [format!("upload a.txt -> {}", address("b.txt"))]
    );
    world.ok(&["cp", "a.txt", &address("folder/")]);
    world.ok(&["cp", "a.txt", BUCKET_ADDRESS]);
    assert_eq!(world.keys(), ["a.txt", "b.txt", "folder/a.txt"]);
    world.ok(&["mb", "qs://second-bucket"]);
    world.ok(&["cp", &address("b.txt"), "qs://second-bucket/copy"]);
    world.ok(&["cp", "qs://second-bucket/copy", "new/folder/c.txt"]);
    assert_eq!(world.read("new/folder/c.txt"), b"content");
    world.ok(&["cp", &address("b.txt"), "new/"]);
    assert_eq!(world.read("new/b.txt"), b"content");
    let json = world
        .ok(&["cp", "--json", "a.txt", &address("j")])
        .objects()
        .remove(0);
    assert_eq!(
        json,
        serde_json::json!({"action": "upload", "source": "a.txt", "target": address("j"), "size": 7})
    );
    let quiet = world.ok(&["cp", "--quiet", "--json", "a.txt", &address("q")]);
    assert_eq!(quiet.stdout, "");
    assert_eq!(
        world.ok(&["cp", "--quiet", "a.txt", &address("q")]).stdout,
        ""
    );
    world.run(&["cp", "a.txt", "b.txt"]).exits(2);
    world.run(&["cp", "a.txt"]).exits(2);
    world
        .run(&["cp", &address("b.txt"), &address("b.txt")])
        .exits(1);
    world.run(&["cp", "missing.txt", &address("m")]).exits(1);
    world.run(&["cp", "new", &address("m")]).exits(2);
    let missing = world.run(&["cp", &address("missing"), "m"]).exits(1);
    assert!(
        missing.stderr.contains("request id") && !world.path("m").exists(),
        "{missing:?}"
    );
    world
        .run(&["cp", &address("missing"), "fresh/folder/m"])
        .exits(1);
    assert!(!world.path("fresh").exists());
    let source = world.run(&["sync", "missing", &address("")]).exits(1);
    assert_eq!(
        source.stderr.matches("No such file").count(),
        1,
        "{source:?}"
    );
}

/// Zones are in the host names of requests, which a proxy sends to the emulator.
#[test]
fn copies_between_zones_go_through_the_client() {
    let world = World::new();
    world.write("a.txt", "content");
    let zones = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env_remove("QINGSTOR_ENDPOINT");
        command.env_remove("QINGSTOR_ZONE");
        command
            .env("QINGSTOR_PROTOCOL", "http")
            .env("QINGSTOR_PORT", "80");
        command.env("http_proxy", world.emulator.endpoint());
        finished(command.spawn().unwrap())
    };
    let run = |arguments: &[&str]| zones(arguments).exits(0);
    run(&["mb", "--zone", "sh1a", "qs://other-zone"]);
    assert!(run(&["ls", "-l"]).stdout.contains("sh1a"));
    run(&["cp", "--meta", "color=blue", "a.txt", &address("a")]);
    let before = world.served("GetObject");
    run(&["cp", &address("a"), "qs://other-zone/a"]);
    assert_eq!(world.served("GetObject") - before, 1);
    let object = run(&["stat", "--json", "qs://other-zone/a"])
        .objects()
        .remove(0);
    let facts = (
        object["content_length"].as_u64(),
        object["metadata"]["color"].as_str(),
    );
    assert_eq!(facts, (Some(7), Some("blue")));
    run(&[
        &api_put("headed", "a.txt")[..],
        &["--cache-control", "no-cache"],
    ]
    .concat());
    let properties = [
        "cp",
        "--meta",
        "color=red",
        &address("headed"),
        "qs://other-zone/b",
    ];
    run(&properties);
    let copy = run(&["stat", "--json", "qs://other-zone/b"])
        .objects()
        .remove(0);
    assert_eq!(copy["metadata"]["color"], "red");
    assert_eq!(copy["cache_control"], "no-cache");
    run(&["rm", &address("headed")]);
    let sync = ["sync", "--delete", &address(""), "qs://other-zone/folder"];
    assert_eq!(
        run(&sync).lines(),
        ["copy qs://cli-test/a -> qs://other-zone/folder/a"]
    );
    assert_eq!(run(&sync).stdout, "", "equal");
    run(&["mv", "-r", "qs://other-zone/folder", &address("back")]);
    assert_eq!(run(&["cat", &address("back/a")]).stdout, "content");
    assert_eq!(run(&["ls", "-R", "qs://other-zone"]).lines(), ["a", "b"]);
}

#[test]
fn moves_delete_the_source_after_the_copy() {
    let world = World::new();
    world.write("a.txt", "content");
    world.ok(&["mv", "a.txt", &address("a")]);
    assert!(!world.path("a.txt").exists());
    world.ok(&["mv", &address("a"), &address("b")]);
    assert_eq!(world.keys(), ["b"]);
    let dry = world.ok(&["mv", "--dry-run", &address("b"), "b.txt"]);
    assert!(!world.path("b.txt").exists());
    let done = world.ok(&["mv", &address("b"), "b.txt"]);
    assert_eq!(dry.lines(), done.lines());
    assert_eq!(world.keys(), [""; 0]);
    world.faults(&["operation=PutObject,status=403,code=permission_denied"]);
    world.run(&["mv", "b.txt", &address("c")]).exits(1);
    assert_eq!(world.read("b.txt"), b"content");
}

/// Copies keep the time of the file and the storage class.
#[test]
fn copies_and_moves_have_the_properties_of_the_options_or_of_their_sources() {
    let world = World::new();
    let put = |key: &str| {
        world.write("a.txt", "content");
        let meta = ["--meta", "color=blue", "--meta", "mtime=1577836800"];
        let class = ["--storage-class", "STANDARD_IA"];
        let target = address(key);
        world.ok(&[&["cp", "a.txt", &target], &meta[..], &class].concat());
    };
    let (folder, file, pattern) = (address("p"), address("p/a"), address("p/*"));
    for source in [
        &["cp", "-r", &folder][..],
        &["sync", &folder],
        &["cp", &pattern],
        &["cp", &file],
        &["mv", "-r", &folder],
        &["mv", &file],
    ] {
        put("p/a");
        let target = address("q/");
        world.ok(&[source, &[&target]].concat());
        let copy = world.properties(&address("q/a"));
        assert_eq!(copy["storage_class"], "STANDARD_IA", "{source:?}");
        assert_eq!(copy["metadata"]["color"], "blue", "{source:?}");
        world.ok(&["rm", &address("q/a")]);
        put("p/a");
        let properties = ["--meta", "team=z", "--content-type", "text/x-b"];
        let class = ["--storage-class", "STANDARD"];
        world.ok(&[source, &[&target], &properties, &class].concat());
        let copy = world.properties(&address("q/a"));
        assert_eq!(copy["content_type"], "text/x-b", "{source:?}");
        assert_eq!(copy["storage_class"], "STANDARD", "{source:?}");
        let metadata = serde_json::json!({"mtime": "1577836800", "team": "z"});
        assert_eq!(copy["metadata"], metadata, "{source:?}");
        world.ok(&["rm", &address("q/a")]);
    }
}

#[test]
fn options_set_properties_and_transfers() {
    let world = World::new();
    world.write("a.bin", vec![b'x'; 9 << 20]);
    world.write("key", [7; 32]);
    let put = [
        "cp",
        "a.bin",
        &address("a"),
        "--content-type",
        "text/x-a",
        "--storage-class",
        "STANDARD_IA",
        "--meta",
        "k=v=w",
        "--part-size",
        "4M",
        "--concurrency",
        "2",
        "--jobs",
        "2",
        "--limit-rate",
        "1G",
        "--no-verify",
    ];
    world.ok(&put);
    let object = world.properties(&address("a"));
    assert_eq!(object["content_type"], "text/x-a");
    assert_eq!(object["storage_class"], "STANDARD_IA");
    assert_eq!(object["metadata"]["k"], "v=w");
    assert!(object["metadata"]["mtime"].is_string(), "{object}");
    world.ok(&[
        "cp",
        &address("a"),
        &address("b"),
        "--content-type",
        "text/x-b",
    ]);
    let copy = world.properties(&address("b"));
    assert_eq!(copy["content_type"], "text/x-b");
    assert_eq!(
        copy["metadata"], object["metadata"],
        "what is not replaced stays"
    );
    let copy = |more: &[&str]| {
        let target = address("b");
        world.run(&[&["cp", &target, &target], more].concat())
    };
    copy(&[]).exits(1);
    copy(&["--meta", "k=w", "--storage-class", "STANDARD"]).exits(0);
    let changed = world.properties(&address("b"));
    assert_eq!(changed["content_type"], "text/x-b");
    assert_eq!(changed["metadata"]["k"], "w");
    assert_eq!(
        changed["metadata"]["mtime"], object["metadata"]["mtime"],
        "the time of the file stays"
    );
    assert_eq!(changed["content_length"], 9 << 20);
    world
        .run(&["mv", "--meta", "k=x", &address("b"), &address("b")])
        .exits(1);
    assert_eq!(world.keys(), ["a", "b"]);

    world.ok(&["cp", "--sse-key", "key", "a.bin", &address("secret")]);
    world.run(&["cp", &address("secret"), "s"]).exits(1);
    world.ok(&["cp", "--sse-key", "key", &address("secret"), "s"]);
    assert_eq!(world.read("s").len(), 9 << 20);
    world.write("short", "x");
    world
        .run(&["cp", "--sse-key", "short", "a.bin", &address("k")])
        .exits(1);
    for (option, value) in [
        ("--part-size", "many"),
        ("--meta", "pair"),
        ("--jobs", "0"),
        ("--limit-rate", "-1"),
    ] {
        world
            .run(&["cp", "a.bin", &address("x"), option, value])
            .exits(2);
    }
}

#[test]
fn no_clobber_skips_existing_targets() {
    let world = World::new();
    world.write("a", "new");
    world.put("a", "old");
    let run = world.ok(&["cp", "-n", "a", &address("a")]);
    assert!(run.stdout.starts_with("skip "), "{run:?}");
    assert_eq!(world.get("a"), "old");
    world.ok(&["cp", "-n", &address("a"), "a"]);
    assert_eq!(world.read("a"), b"new");
    world.ok(&["cp", "-n", "a", &address("b")]);
    assert_eq!(world.get("b"), "new");
}

#[test]
fn patterns_select_files_and_objects() {
    let world = World::new();
    for name in ["in/a.txt", "in/b.log", "in/sub/c.txt"] {
        world.write(name, name);
    }
    world.ok(&["cp", "in/*.txt", &address("one/")]);
    world.ok(&["cp", "in/**/*.txt", &address("all/")]);
    assert_eq!(world.keys(), ["all/a.txt", "all/sub/c.txt", "one/a.txt"]);
    world.ok(&["cp", &address("all/**/*.txt"), "out/"]);
    assert_eq!(world.read("out/sub/c.txt"), b"in/sub/c.txt");
    world.ok(&["cp", &address("all/*"), &address("copy/")]);
    assert!(world.keys().contains(&"copy/a.txt".to_owned()));
    world.run(&["cp", &address("all/*.gz"), "none/"]).exits(1);
    world.run(&["cp", "in/*.gz", &address("none/")]).exits(1);
    world.ok(&["mv", &address("all/*.txt"), "moved/"]);
    assert_eq!(world.read("moved/a.txt"), b"in/a.txt");
    assert!(!world.keys().contains(&"all/a.txt".to_owned()));
}

#[test]
fn a_failure_does_not_stop_other_sources() {
    let world = World::new();
    world.write("a", "1");
    world.write("sub/a", "2");
    world.write("b", "3");
    let run = world
        .run(&["cp", "a", "missing", "sub/a", "b", &address("t/")])
        .exits(1);
    assert_eq!(world.keys(), ["t/a", "t/b"]);
    assert_eq!(run.stderr.lines().count(), 2, "{run:?}");
    assert!(
        run.stderr.contains("missing") && run.stderr.contains("sub/a"),
        "{run:?}"
    );
}

/// `cp`, `cp -r` and `sync` treat a file in the same way.
#[test]
fn single_files_have_the_times_that_folders_have() {
    use std::time::{Duration, SystemTime};

    let world = World::new();
    let of_1965 = SystemTime::UNIX_EPOCH - Duration::from_millis(152_391_232_750);
    world.write("in/old", "old");
    let path = world.path("in/old");
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(of_1965).unwrap();
    world.ok(&["cp", "in/old", &address("one/old")]);
    world.ok(&["cp", "-r", "in", &address("all")]);
    for key in ["one/old", "all/old"] {
        let object = world.properties(&address(key));
        assert_eq!(object["metadata"]["mtime"], "-152391232.75", "{key}");
    }
    world.ok(&["cp", &address("one/old"), "copy"]);
    world.ok(&["cp", "-r", &address("all"), "copies"]);
    for path in ["copy", "copies/old"] {
        let modified = world.path(path).metadata().unwrap().modified();
        assert_eq!(modified.unwrap(), of_1965, "{path}");
    }

    // An object of another program, which is too large for a comparison of its content.
    world.put("other/a", &"x".repeat(200_000));
    std::thread::sleep(Duration::from_millis(1100));
    world.ok(&["cp", &address("other/a"), "down/a"]);
    let synced = world.ok(&["sync", &address("other"), "down"]);
    assert_eq!(synced.stdout, "", "nothing differs");
}

#[test]
fn a_folder_transfer_continues_the_upload_of_a_single_file() {
    let world = World::new();
    world.write("in/big", vec![b'x'; 40 << 20]);
    world.faults(&["operation=UploadMultipart,after=3,status=403,code=permission_denied"]);
    let options = ["--resume", "--part-size", "4M", "--concurrency", "1"];
    let target = address("x/big");
    let cp = [&["cp"], &options[..], &["in/big", &target]].concat();
    world.run(&cp).exits(1);
    world.faults(&[]);
    let before = world.served("UploadMultipart");
    let folder = address("x");
    world.ok(&[&["sync"], &options[..], &["in", &folder]].concat());
    assert_eq!(world.served("UploadMultipart") - before, 7);
    assert_eq!(world.uploads().len(), 0);
    assert_eq!(world.files("home/.qingstor/uploads"), [""; 0]);
    let object = world.properties(&target);
    assert_eq!(object["metadata"]["part-size"], (4 << 20).to_string());
}

#[test]
fn resumes_uploads_and_downloads() {
    let world = World::new();
    world.write("big", vec![b'x'; 40 << 20]);
    world.faults(&["operation=UploadMultipart,after=3,status=403,code=permission_denied"]);
    let cp = ["cp", "--resume", "--part-size", "4M", "--concurrency", "1"];
    let target = address("big");
    let up = [&cp[..], &["big", &target]].concat();
    let down = [&cp[..], &[&target, "copy"]].concat();
    world.run(&up).exits(1);
    world.faults(&[]);
    assert_eq!(world.uploads().len(), 1);
    let before = world.served("UploadMultipart");
    world.ok(&up);
    assert_eq!(world.served("UploadMultipart") - before, 7);
    assert_eq!(world.uploads().len(), 0);

    // A changed file starts again, and leaves nothing behind.
    world.faults(&["operation=UploadMultipart,after=3,status=403,code=permission_denied"]);
    world.run(&up).exits(1);
    world.faults(&[]);
    world.write("big", vec![b'x'; 40 << 20]);
    let before = world.served("UploadMultipart");
    let run = world.ok(&up);
    let expected = format!("started again, the file has changed: {target}\n");
    assert_eq!(run.stderr, expected);
    assert_eq!(world.served("UploadMultipart") - before, 10);
    assert_eq!(world.uploads().len(), 0);
    assert_eq!(world.files("home/.qingstor/uploads"), [""; 0]);

    // The token of an aborted upload does not prevent a new one.
    world.faults(&["operation=UploadMultipart,after=3,status=403,code=permission_denied"]);
    world.run(&up).exits(1);
    world.faults(&[]);
    world.ok(&["uploads", "abort", "--yes", BUCKET_ADDRESS]);
    world.ok(&up);

    world.faults(&["operation=GetObject,after=2,status=403,code=permission_denied"]);
    world.run(&down).exits(1);
    world.faults(&[]);
    let before = world.served("GetObject");
    world.ok(&down);
    assert!(world.served("GetObject") - before < 10);
    assert_eq!(world.read("copy").len(), 40 << 20);
}

#[cfg(unix)]
#[test]
fn folders_that_a_pattern_or_a_filter_cannot_reach_are_not_read() {
    let world = World::new();
    for name in ["up/a.txt", "up/b.log", "up/priv/c.txt", "up/docs/d.txt"] {
        world.write(name, name);
    }
    let run = |arguments: &[&str]| world.run_without_access("up/priv", arguments);
    run(&["cp", "up/*.txt", &address("x/")]).exits(0);
    run(&["cp", "up/d*/*.txt", &address("x/")]).exits(0);
    run(&["cp", "-r", "up", &address("y"), "--include", "/docs/*.txt"]).exits(0);
    assert_eq!(world.keys(), ["x/a.txt", "x/docs/d.txt", "y/docs/d.txt"]);
    for pattern in ["up/**/*.txt", "up/*/*.txt"] {
        let run = run(&["cp", pattern, &address("z/")]).exits(1);
        assert!(run.stderr.contains("up/priv"), "{run:?}");
    }
    // A filter of the command selects among what the pattern matches.
    let filters = ["--include", "*.txt", "--include", "*.gz", "--exclude", "a*"];
    world.ok(&[&["cp", "-r", "up/*", &address("w/")], &filters[..]].concat());
    let keys = world.keys().into_iter().filter(|key| key.starts_with("w/"));
    assert_eq!(keys.collect::<Vec<_>>(), ["w/docs/d.txt", "w/priv/c.txt"]);
}

#[test]
fn a_dry_run_finds_out_that_the_bucket_of_the_target_is_missing() {
    let world = World::new();
    world.write("in/a", "1");
    world.write("in/b", "1");
    let target = "qs://no-such-bucket/x/";
    let zone = ["--zone", "pek3a"];
    for arguments in [
        &["cp", "in/a", "in/b", target][..],
        &["mv", "in/a", target],
        &["cp", "-r", "in", target],
        &["cp", "in/*", target],
        &["sync", "in", target],
    ] {
        for more in [&["--dry-run"][..], &["--dry-run", zone[0], zone[1]], &[]] {
            let run = world.run(&[arguments, more].concat()).exits(1);
            assert!(run.stdout.is_empty(), "{arguments:?}: {run:?}");
            assert!(run.stderr.contains("does not exist"), "{run:?}");
        }
    }
    let before = world.served("HeadBucket");
    world.ok(&[
        "cp",
        "--dry-run",
        "--zone",
        "pek3a",
        "in/a",
        "in/b",
        &address("x/"),
    ]);
    assert_eq!(world.served("HeadBucket"), before + 1);
    world.faults(&["operation=HeadBucket,status=403,code=permission_denied"]);
    world.ok(&["cp", "--dry-run", "--zone", "pek3a", "in/a", &address("x/")]);
}

#[test]
fn a_dry_run_refuses_what_cannot_be_stored() {
    let world = World::new();
    world.put("a", "1");
    world.put(".x.qingstor-resume.part", "1");
    world.write("file", "1");
    world.write("in/file", "1");
    let (object, reserved) = (address("a"), address(".x.qingstor-resume.part"));
    let long = |length| address(&"k".repeat(length));
    let copy = address("copy");
    for (arguments, code, says) in [
        (
            &["cp", "file", &address("/x")][..],
            2,
            "key that starts with `/`",
        ),
        (
            &["cp", &object, &address("/x")],
            2,
            "key that starts with `/`",
        ),
        (&["cp", "-", &long(1024)], 1, "at most 1023 bytes"),
        (&["sync", "in", &long(1024)], 1, "at most 1023 bytes"),
        (
            &["cp", "file", &format!("{}/", long(1020))],
            1,
            "at most 1023 bytes",
        ),
        (&["cp", "--meta", "a=é", "file", &copy], 1, "metadata"),
        (&["cp", "--meta", "a=é", &object, &copy], 1, "metadata"),
        (&["cp", "-r", "--meta", "a=é", "in", &copy], 1, "metadata"),
        (&["sync", "--meta", "a=é", "in", &copy], 1, "metadata"),
        (&["mv", &reserved, "down/"], 1, "reserved"),
        (&["cp", &object, "file/x"], 1, "ot a directory"),
        (&["cp", &object, "file/x/y"], 1, "ot a directory"),
    ] {
        let dry = world.run(&[arguments, &["--dry-run"]].concat()).exits(code);
        assert!(dry.stderr.contains(says), "{arguments:?}: {dry:?}");
        let run = world.run(arguments).exits(code);
        assert!(run.stderr.contains(says), "{arguments:?}: {run:?}");
    }
    assert!(!world.path("down").exists());
    world.ok(&["cp", "--dry-run", "file", &long(1023)]);
    world.ok(&["cp", "--dry-run", &object, "new/folder/x"]);
    assert!(!world.path("new").exists());
    assert_eq!(world.keys(), [".x.qingstor-resume.part", "a"]);
}
