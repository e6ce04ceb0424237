//! How failures, skipped paths and numbers are printed.

use crate::world::{BUCKET, BUCKET_ADDRESS, World, address, finished};

#[test]
fn a_failed_folder_does_not_stop_the_next_one() {
    let world = World::new();
    for key in ["x/a", "y/b"] {
        world.put(key, "1");
    }
    world.faults(&["operation=ListObjects,times=1,status=403,code=permission_denied"]);
    let copy = ["cp", "-r", &address("x/"), &address("y/"), "out/"];
    let run = world.run(&copy).exits(1);
    assert!(run.stderr.contains("permission_denied"), "{run:?}");
    assert!(!world.path("out/x").exists());
    assert_eq!(world.read("out/y/b"), b"1");
}

#[test]
fn json_failures_beside_content_are_on_standard_error() {
    let world = World::new();
    world.put("a", "content");
    let (missing, object) = (address("missing"), address("a"));
    for (arguments, stdout) in [
        (&["cat", "--json", &missing, &object][..], "content"),
        (&["cp", "--json", &missing, "-"], ""),
        (
            &[
                "api",
                "GetObject",
                "--json",
                "--bucket",
                BUCKET,
                "--key",
                "missing",
            ],
            "",
        ),
    ] {
        let run = world.run(arguments).exits(1);
        if arguments[0] == "api" {
            assert_eq!(run.objects()[0]["status"], 404);
            continue;
        }
        assert_eq!(run.stdout, stdout, "{arguments:?}");
        let failure: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
        assert_eq!(failure["status"], 404, "{arguments:?}");
    }
}

#[test]
fn skipped_paths_are_whole() {
    let world = World::new();
    world.write("in/sub/a", "1");
    world.put("x/sub/a", "1");
    world.put("x/b", "1");
    let target = address("x");
    world.ok(&["sync", "in", &target]);
    let skipped = |arguments: &[&str]| {
        let run = world.run(&[&["--json"], arguments].concat());
        let skips = run.objects().into_iter();
        let mut skips: Vec<_> = skips
            .filter(|action| action["action"] == "skip")
            .map(|action| action["source"].as_str().unwrap().to_owned())
            .collect();
        skips.sort();
        skips
    };
    assert_eq!(skipped(&["sync", "in", &target]), ["in/sub/a"]);
    assert_eq!(
        skipped(&["sync", "--delete", "--max-delete", "0", "in", &target]),
        ["in/sub/a", "qs://cli-test/x/b"]
    );
    assert_eq!(skipped(&["sync", &target, "in"]), ["qs://cli-test/x/sub/a"]);
}

/// Messages name options, not the methods of the library.
#[test]
fn refused_deletions_name_the_option() {
    let world = World::new();
    world.put("folder/a", "1");
    world.write("one/b", "2");
    std::fs::create_dir(world.path("empty")).unwrap();
    let target = address("folder");
    let sync = |more: &[&str], folder| {
        let run = world.run(&[&["sync", "--delete"], more, &[folder, &target]].concat());
        run.exits(1)
    };
    for run in [
        sync(&[], "empty"),
        sync(&["--json"], "empty"),
        sync(&["--max-delete", "0"], "one"),
        sync(&["--max-delete", "0", "--json"], "one"),
    ] {
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(text.contains("--max-delete"), "{run:?}");
        assert!(!text.contains("max_delete"), "{run:?}");
    }
}

#[test]
fn numbers_of_bytes_in_sentences_have_a_unit() {
    let world = World::new();
    world.put("a", "12345");
    world.write("folder/a", "123");
    let target = BUCKET_ADDRESS;
    let listed = world.ok(&["ls", "--summarize", target]).stdout;
    assert_eq!(listed, "a\n1 object, 5 bytes\n");
    let check = |more: &[&str]| {
        let run = world.run(&[&["check"], more, &["folder", target]].concat());
        run.exits(1).stdout
    };
    assert!(check(&[]).contains("size differs, 3 bytes"));
    assert!(check(&["-H"]).contains("size differs, 3 B"));
}

#[test]
fn many_refused_deletions_are_counted() {
    let world = World::new();
    std::fs::create_dir(world.path("folder")).unwrap();
    world.write("folder/a", "1");
    for number in 0..13 {
        world.put(&format!("x/{number}"), "1");
    }
    let sync = [
        "sync",
        "--delete",
        "--max-delete",
        "1",
        "folder",
        &address("x"),
    ];
    let run = world.run(&sync).exits(1);
    assert_eq!(run.stderr.lines().count(), 11, "{run:?}");
    let last = run.stderr.lines().last().unwrap();
    assert!(last.starts_with("error: 3 more: not deleted"), "{run:?}");
    let json = world.run(&[&sync[..], &["--json"]].concat()).exits(1);
    assert_eq!(
        json.objects()
            .iter()
            .filter(|one| one["error"].is_string())
            .count(),
        13
    );
}

#[test]
fn json_is_english_in_every_locale() {
    let world = World::new();
    let error = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("LANG", "zh_CN.UTF-8");
        let mut objects = finished(command.spawn().unwrap()).objects();
        objects.remove(0)["error"].as_str().unwrap().to_owned()
    };
    for arguments in [
        &["rm", "--json", &address("missing")][..],
        &["cp", "--json", "missing", &address("a")],
        &["mv", "--json", "a", "b"],
        &["--json", "cp"],
        &["ls", "--json", "--unknown"],
        &["--json", "cat", "--range", "x", &address("a")],
        &["--json", "presign", "--expires", "x", &address("a")],
        &["--json", "cp", "--part-size", "x", "a", &address("a")],
        &["--json", "uploads"],
        &["--json", "api"],
        &["--json", "api", "GetObject", "--bucket", "b", "--key"],
    ] {
        let error = error(arguments);
        assert!(error.is_ascii(), "{arguments:?}: {error}");
    }
}

#[test]
fn every_json_failure_has_the_operands() {
    let world = World::new();
    world.write("file", "1");
    world.write("folder/a", "1");
    let none = address("none");
    let nowhere = "qs://no-such-bucket/x";
    let invalid = address("a/../b");
    let pattern = address("none*");
    for (arguments, action, source, target) in [
        (
            &["cp", &pattern, "out"][..],
            "download",
            pattern.as_str(),
            Some("out"),
        ),
        (
            &["mv", "-r", "folder/none*", BUCKET_ADDRESS],
            "move",
            "folder/none*",
            Some(BUCKET_ADDRESS),
        ),
        (&["ls", &none], "list", &none, None),
        (&["find", &none], "find", &none, None),
        (&["du", &none], "du", &none, None),
        (&["stat", &none], "stat", &none, None),
        (&["rm", &none], "delete", &none, None),
        (&["uploads", "ls", nowhere], "list", nowhere, None),
        (
            &["uploads", "abort", "--yes", nowhere],
            "abort",
            nowhere,
            None,
        ),
        (&["presign", &invalid], "presign", &invalid, None),
        (
            &["mb", "qs://Invalid_Name"],
            "create",
            "qs://Invalid_Name",
            None,
        ),
        (&["cp", "file", nowhere], "upload", "file", Some(nowhere)),
        (
            &["cp", "-r", "folder", nowhere],
            "upload",
            "folder",
            Some(nowhere),
        ),
        (&["cp", "-r", &none, "out"], "download", &none, Some("out")),
        (&["mv", "-r", &none, "out"], "move", &none, Some("out")),
        (&["sync", &none, "out"], "download", &none, Some("out")),
        (
            &["sync", "missing", &none],
            "upload",
            "missing",
            Some(&none),
        ),
        (&["check", &none, "folder"], "check", &none, Some("folder")),
        // Wrong usage.
        (&["rm", "-r", &none], "delete", &none, None),
        (&["rm", &none, "bucket/x"], "delete", "bucket/x", None),
        (&["cat", "bucket/x"], "cat", "bucket/x", None),
        (&["stat", "qs://Invalid/x"], "stat", "qs://Invalid/x", None),
        (&["du", "qs://Invalid/x"], "du", "qs://Invalid/x", None),
        (&["ls", "bucket"], "list", "bucket", None),
        (&["presign", "a"], "presign", "a", None),
        (&["doctor", &none], "doctor", &none, None),
        (&["rb", "qs://Invalid"], "remove", "qs://Invalid", None),
        (&["rb", "--force", BUCKET], "remove", BUCKET_ADDRESS, None),
        (&["uploads", "abort", &none], "abort", &none, None),
        (&["cp", "file", "out"], "upload", "file", Some("out")),
        (&["cp", "file"], "copy", "file", None),
        (&["cp", "folder", &none], "upload", "folder", Some(&none)),
        (
            &["cp", "file", "qs://", &none],
            "copy",
            "qs://",
            Some(&none),
        ),
        (&["mv", "-r", &none, &none], "move", &none, Some(&none)),
        (&["sync", &none, ""], "download", &none, Some("")),
        (&["run", "missing"], "run", "missing", None),
        (
            &["api", "GetObject", "--bucket", BUCKET, "--key", "none"],
            "api",
            "GetObject",
            None,
        ),
        (
            &["api", "PutBucketACL", "--bucket", BUCKET, "--body", "x"],
            "api",
            "PutBucketACL",
            None,
        ),
    ] {
        let run = world.run(&[arguments, &["--json"]].concat());
        let failure = run.objects().into_iter().next();
        let failure = failure.unwrap_or_else(|| panic!("{arguments:?}: {run:?}"));
        assert!(failure["error"].is_string(), "{arguments:?}: {failure}");
        assert_eq!(failure["action"], action, "{arguments:?}: {failure}");
        assert_eq!(failure["source"], source, "{arguments:?}: {failure}");
        assert_eq!(
            failure["target"].as_str(),
            target,
            "{arguments:?}: {failure}"
        );
        // Without `--json`, the error names what failed.
        let text = world.run(arguments).stderr;
        assert!(
            text.starts_with("error: ") && !text.contains(": : "),
            "{text}"
        );
    }
    let mut command = world.command(&["mb", "--json", "qs://new-bucket"]);
    command.env_remove("QINGSTOR_ACCESS_KEY_ID");
    let no_key = finished(command.spawn().unwrap())
        .exits(1)
        .objects()
        .remove(0);
    assert_eq!(no_key["action"], "create");
    assert_eq!(no_key["source"], "qs://new-bucket");
    let tee = world
        .run_with_input(&["tee", "--json", nowhere], b"1")
        .exits(1);
    let failure: serde_json::Value = serde_json::from_str(&tee.stderr).unwrap();
    assert_eq!(failure["target"], nowhere);
}

/// Otherwise an upload that no command continues would use storage after each try.
#[test]
fn an_upload_whose_token_cannot_be_stored_is_aborted() {
    let world = World::new();
    world.write("big", vec![b'x'; 20 << 20]);
    let target = address("big");
    let arguments = ["cp", "--resume", "big", &target];
    // Every write to a file fails.
    let run = world.run_after("trap '' XFSZ; ulimit -f 0", &arguments);
    let run = run.exits(1);
    assert!(run.stderr.contains("token file"), "{run:?}");
    assert_eq!(world.uploads(), [""; 0]);
    world.ok(&arguments);
    assert_eq!(world.keys(), ["big"]);
}

#[test]
fn the_source_of_a_list_of_buckets_is_the_service() {
    let world = World::new();
    let list = ["ls", "--json", "--config", "missing.yaml"];
    let failure = world.run(&list).objects().remove(0);
    let operands = (&failure["action"], &failure["source"]);
    assert_eq!(operands, (&"list".into(), &"qs://".into()), "{failure}");
}
