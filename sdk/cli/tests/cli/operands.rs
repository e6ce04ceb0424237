//! Operands and options that do not go together, or that select nothing.

use crate::world::{BUCKET, BUCKET_ADDRESS, World, address};

#[test]
fn options_can_follow_operands() {
    let world = World::new();
    world.write("a", "1");
    world.write("b", "2");
    world.ok(&["cp", "a", "--quiet", "b", "--jobs", "2", &address("x/")]);
    world.ok(&["cp", "-r", "a", "--exclude", "*.log", &address("y")]);
    world.ok(&["mv", "a", "--quiet", &address("z")]);
    assert_eq!(world.keys(), ["x/a", "x/b", "y", "z"]);
    for command in ["cp", "mv"] {
        let run = world.run(&[command, "b", "--quiet"]).exits(2);
        assert!(run.stderr.contains("target"), "{run:?}");
    }
}

#[test]
fn values_out_of_range_are_wrong_usage() {
    let world = World::new();
    world.write("a", "1");
    let target = address("a");
    for (option, value) in [
        ("--part-size", "0"),
        ("--part-size", "1M"),
        ("--part-size", "6G"),
        ("--limit-rate", "0"),
    ] {
        let run = world.run(&["cp", "a", &target, option, value]).exits(2);
        assert!(run.stderr.contains(value), "{run:?}");
        world.run(&["sync", ".", &target, option, value]).exits(2);
    }
    for expires in ["0s", "999ms"] {
        world
            .run(&["presign", "--expires", expires, &target])
            .exits(2);
    }
    assert_eq!(world.keys(), [""; 0]);
}

#[test]
fn invalid_bucket_names_are_wrong_usage() {
    let world = World::new();
    world.write("a", "1");
    let (bucket, object) = ("qs://Not_Valid", "qs://Not_Valid/key");
    for arguments in [
        &["ls", bucket][..],
        &["du", bucket],
        &["find", bucket],
        &["stat", object],
        &["cat", object],
        &["rm", "-r", "--yes", object],
        &["mb", bucket],
        &["presign", object],
        &["uploads", "ls", bucket],
        &["sync", ".", object],
        &["sync", object, "."],
        &["cp", "-r", ".", object],
        &["cp", "a", object],
        &["cp", object, "b"],
        &["rm", object],
        &["rb", "--force", "--yes", bucket],
        &["tee", object],
        &["api", "ListObjects", "--bucket", "Not_Valid"],
        &["mb", "--zone", "not a zone", "qs://valid-name"],
    ] {
        let run = world.run(arguments).exits(2);
        assert!(run.stderr.contains("invalid"), "{arguments:?}: {run:?}");
    }
}

#[test]
fn patterns_and_folders_without_a_match_are_named() {
    let world = World::new();
    world.put("x/a", "1");
    let pattern = address("none*/b?");
    for arguments in [
        &["cp", &pattern, "out"][..],
        &["mv", &pattern, "out"],
        &["cat", &pattern],
        &["stat", &pattern],
        &["ls", &pattern],
        &["rm", "--yes", &pattern],
    ] {
        let run = world.run(arguments).exits(1);
        let text = format!("nothing matches {pattern}");
        assert!(run.stderr.contains(&text), "{arguments:?}: {run:?}");
    }
    for pattern in ["none*", "./none*", "*/none"] {
        let run = world.run(&["cp", pattern, &address("y/")]).exits(1);
        let text = format!("nothing matches {pattern}\n");
        assert!(run.stderr.ends_with(&text), "{run:?}");
    }
    let missing = address("missing");
    world.run(&["cp", "-r", &missing, "out"]).exits(1);
    world.run(&["check", &missing, &missing]).exits(2);
    assert!(!world.path("out").exists());
    assert_eq!(world.keys(), ["x/a"]);
}

#[test]
fn an_object_with_the_name_of_a_folder_is_reported() {
    let world = World::new();
    world.put("x", "object");
    world.put("x/a", "below");
    let run = world
        .run(&["mv", "-r", &address("x"), &address("y")])
        .exits(1);
    assert!(
        run.stderr.contains(&address("x")) && run.stderr.contains("without -r"),
        "{run:?}"
    );
    assert_eq!(world.keys(), ["x", "y/a"]);
    // A `/` at the end means the folder only.
    world.ok(&["cp", "-r", &address("y/"), &address("x/")]);
    world.ok(&["cp", "-r", &address("x/"), "out"]);
    assert_eq!(world.read("out/a"), b"below");
}

#[test]
fn the_name_of_a_folder_deletes_only_its_marker() {
    let world = World::new();
    world.put("x/a", "1");
    let run = world.run(&["rm", &address("x/")]).exits(2);
    assert!(run.stderr.contains("use -r"), "{run:?}");
    let nothing = world.run(&["rm", &address("y/")]).exits(1);
    assert!(nothing.stderr.contains("nothing matches"), "{nothing:?}");
    world.put_marker("x/");
    world.ok(&["rm", &address("x/")]);
    assert_eq!(world.keys(), ["x/a"]);
    world
        .run_with_input(&["tee", &address("x/")], b"content")
        .exits(2);
    assert_eq!(world.keys(), ["x/a"]);
}

#[test]
fn patterns_select_objects_to_print_and_to_show() {
    let world = World::new();
    for key in ["p/b", "p/a", "p/sub/c"] {
        world.put(key, key);
    }
    assert_eq!(world.ok(&["cat", &address("p/*")]).stdout, "p/ap/b");
    assert_eq!(world.ok(&["cat", &address("p/**")]).stdout, "p/ap/bp/sub/c");
    world.run(&["cat", "--raw", &address("p/*")]).exits(1);
    let shown = world.ok(&["stat", "--json", &address("p/*")]).objects();
    let paths: Vec<_> = shown.iter().map(|object| &object["path"]).collect();
    assert_eq!(paths, [&address("p/a"), &address("p/b")]);
}

#[test]
fn the_name_of_a_folder_is_not_called_missing() {
    let world = World::new();
    world.put("folder/a", "1");
    world.put("both", "2");
    world.put("both/b", "3");
    let folder = address("folder");
    for (arguments, says) in [
        (vec!["cp", &folder, "copy"], "is a folder: use -r"),
        (vec!["mv", &folder, "copy"], "is a folder: use -r"),
        (vec!["cat", &folder], "is a folder, not an object"),
        (vec!["stat", &folder], "is a folder, not an object"),
    ] {
        let run = world.run(&arguments).exits(1);
        assert!(run.stderr.contains(says), "{run:?}");
    }
    world.ok(&["cp", &address("both"), "copy"]);
    for arguments in [["cat", &address("none")], ["stat", &address("none")]] {
        let run = world.run(&arguments).exits(1);
        assert!(run.stderr.contains("404"), "{run:?}");
    }
}

#[test]
fn with_r_a_pattern_selects_folders_with_everything_below_them() {
    let world = World::new();
    for key in ["logs-1/a", "logs-1/b/c", "logs-2", "other/logs-3"] {
        world.put(key, "1");
    }
    let pattern = address("logs*");
    world.ok(&["cp", &pattern, "flat/"]);
    assert_eq!(world.files("flat"), ["logs-2"]);
    world.ok(&["cp", "-r", &pattern, "deep/"]);
    let deep = ["logs-1/", "logs-1/a", "logs-1/b/", "logs-1/b/c", "logs-2"];
    assert_eq!(world.files("deep"), deep);
    world.ok(&["cp", "-r", "deep/logs-?", &address("up/")]);
    let up = world.ok(&["find", &address("up/")]);
    assert_eq!(up.lines().len(), 3, "{up:?}");
    world.ok(&["rm", "-r", "--yes", &address("up")]);
    world.ok(&["rm", "--yes", &pattern]);
    assert_eq!(world.keys(), ["logs-1/a", "logs-1/b/c", "other/logs-3"]);
    world.ok(&["rm", "-r", "--yes", &pattern]);
    assert_eq!(world.keys(), ["other/logs-3"]);
}

#[test]
fn operands_without_a_scheme_show_the_address() {
    let world = World::new();
    world.write("a", "1");
    for (arguments, says) in [
        (&["ls", BUCKET][..], "write qs://cli-test"),
        (&["ls", "s3://cli-test/x"], "write qs://cli-test/x"),
        (&["rm", "cli-test/a"], "write qs://cli-test/a"),
        (&["cp", "a", "cli-test/a"], "write qs://BUCKET/KEY"),
        (&["cp", "a", "s3://cli-test/a"], "write qs://cli-test/a"),
        (&["sync", ".", "cli-test"], "write qs://BUCKET/KEY"),
        (&["sync", "a", BUCKET_ADDRESS], "`a` is not a folder"),
        (&["cp", "qs://b/a", "qs://b/c", "-"], "qingstor cat"),
        (
            &["cp", "-r", BUCKET_ADDRESS, "a"],
            "the target `a` exists as a file",
        ),
        (
            &["cp", "-r", BUCKET_ADDRESS, "-"],
            "standard output takes one object",
        ),
        (
            &["cp", "qs://cli-test/*", "-"],
            "standard output takes one object",
        ),
        (
            &["sync", "-", BUCKET_ADDRESS],
            "standard input is not a folder",
        ),
    ] {
        let run = world.run(arguments).exits(2);
        assert!(run.stderr.contains(says), "{run:?}");
    }
    world.put("x", "1");
    let full = world.run(&["rb", BUCKET_ADDRESS]).exits(1);
    assert!(full.stderr.contains("use --force"), "{full:?}");
}

#[test]
fn hints_name_what_can_be_done() {
    let world = World::new();
    world.put("folder/a", "1");
    let folders = address("fold*");
    let object = address("folder/a");
    world.write("only/sub/file", "1");
    std::fs::create_dir_all(world.path("none/empty")).unwrap();
    let empty = ["--zone", "--endpoint"].map(|option| format!("{option}="));
    for (arguments, code, says) in [
        (&["presign", "a.txt"][..], 2, "write qs://BUCKET/KEY"),
        (
            &["presign", "--anonymous", &object],
            2,
            "signed with an access key",
        ),
        (&["rm", "--yes", &folders], 1, "only folders match"),
        (&["cp", &folders, "out"], 1, "only folders match"),
        (&["cp", "only/*", BUCKET_ADDRESS], 1, "only folders match"),
        (&["cp", "none/*", BUCKET_ADDRESS], 1, "nothing matches"),
        (&["ls", "-lh", BUCKET_ADDRESS], 2, "write -H for sizes"),
        (&["du", "-h", BUCKET_ADDRESS], 2, "write -H for sizes"),
        (&["mb", &empty[0], "qs://other-bucket"], 2, "--zone"),
        (&["ls", &empty[1]], 2, "--endpoint"),
        (
            &["emulator", "--listen", "127.0.0.1:0", "--bucket", "A"],
            2,
            "invalid bucket name",
        ),
        (
            &["api", "listobjects", "--bucket", BUCKET],
            2,
            "similar subcommand exists: 'ListObjects'\n",
        ),
    ] {
        let run = world.run(arguments).exits(code);
        assert!(run.stderr.contains(says), "{arguments:?}: {run:?}");
    }
    let similar = world.run(&["api", "ListObject"]).exits(2);
    assert!(!similar.stderr.contains("list-"), "{similar:?}");
    assert_eq!(world.keys(), ["folder/a"]);
    assert_eq!(world.ok(&["ls", "-h"]).stderr, "");
}

#[cfg(unix)]
#[test]
fn a_dangling_link_is_not_called_missing() {
    let world = World::new();
    std::os::unix::fs::symlink("nowhere", world.path("link")).unwrap();
    let run = world.run(&["cp", "link", &address("x")]).exits(1);
    assert!(
        run.stderr.ends_with("link: is a dangling link\n"),
        "{run:?}"
    );
}

/// The service reports the deletion of an object that does not exist as a success.
#[test]
fn rm_reports_objects_that_do_not_exist() {
    let world = World::new();
    for key in ["folder/a", "b", "c"] {
        world.put(key, "1");
    }
    let folder = world
        .run(&["rm", &address("b"), &address("folder")])
        .exits(2);
    assert!(folder.stderr.contains("is a folder: use -r"), "{folder:?}");
    assert_eq!(world.keys(), ["b", "c", "folder/a"], "nothing is deleted");
    let missing = world.run(&["rm", &address("none"), &address("b")]).exits(1);
    assert!(
        missing.stderr.contains("none does not exist"),
        "{missing:?}"
    );
    assert_eq!(missing.lines(), [format!("delete {}", address("b"))]);
    world.run(&["rm", "--dry-run", &address("none")]).exits(1);
    // Without the right to read, the object is deleted.
    world.faults(&["operation=HeadObject,status=403,code=permission_denied"]);
    world.ok(&["rm", &address("c")]);
    world.faults(&[]);
    assert_eq!(world.keys(), ["folder/a"]);
    world.ok(&["rm", "-rf", &address("folder")]);
    assert_eq!(world.keys(), [""; 0]);
}

#[test]
fn missing_objects_are_named_without_the_right_to_list() {
    let world = World::new();
    world.faults(&["operation=ListObjects,status=403,code=permission_denied"]);
    let missing = address("missing");
    let run = world.run(&["rm", &missing]).exits(1);
    assert!(run.stderr.contains("does not exist"), "{run:?}");
    let failed = world.run(&["rm", "--json", &missing]).exits(1).objects();
    assert_eq!(failed[0]["action"], "delete");
    let marker = world.run(&["rm", &address("missing/")]).exits(1);
    assert!(marker.stderr.contains("nothing matches"), "{marker:?}");
}

#[test]
fn options_without_an_effect_are_wrong_usage() {
    let world = World::new();
    world.write("file", "1");
    world.write("in/a", "1");
    world.put("object", "1");
    world.put("folder/a", "1");
    let (object, folder) = (address("object"), address("folder"));
    let (copy, other) = (address("copy"), address("other/"));
    let stored = "applies to stored objects";
    for (arguments, says) in [
        (&["cp", "--meta", "a=b", &object, "down"][..], stored),
        (&["mv", "--content-type", "a/b", &object, "down"], stored),
        (&["cp", "--storage-class", "FOO", &object, "-"], stored),
        (&["sync", "--meta", "a=b", &folder, "down"], stored),
        (&["cp", "--resume", &object, "-"], "applies to files"),
        (&["cp", "--resume", &object, &copy], "applies to files"),
        (&["cp", "--resume", "-", &copy], "applies to files"),
        (
            &["sync", "--rename-invalid", &folder, &other],
            "applies to files",
        ),
        (
            &["cp", "--fsync", "file", &copy],
            "applies to downloaded files",
        ),
        (
            &["sync", "--fsync", &folder, &other],
            "applies to downloaded files",
        ),
        (
            &["cp", "--no-follow-symlinks", &object, "down"],
            "applies to uploaded files",
        ),
        (&["ls", "-H", BUCKET_ADDRESS], "-H needs -l or --summarize"),
        (&["find", "-H", BUCKET_ADDRESS], "-H needs -l"),
        (&["ls", "--versions"], "--versions applies to objects"),
        (&["ls", "-R"], "-R applies to objects"),
        (&["ls", "--summarize"], "--summarize applies to objects"),
        (&["ls", "-l", "-H"], "-H applies to objects"),
    ] {
        let run = world.run(arguments).exits(2);
        assert!(run.stderr.contains(says), "{arguments:?}: {run:?}");
    }
    assert!(!world.path("down").exists());
    world.ok(&["cp", "--resume", "--meta", "a=b", "file", &copy]);
    world.ok(&["cp", "--fsync", "--resume", &object, "down"]);
    world.ok(&["cp", "-r", "--no-follow-symlinks", "in", &other]);
    world.ok(&["ls", "-H", "--summarize", BUCKET_ADDRESS]);
    // Without a path, the zone selects buckets.
    assert_eq!(
        world.ok(&["ls", "--zone", "pek3a"]).lines(),
        [BUCKET_ADDRESS]
    );
    let unknown = world.run(&["ls", "--zone", "nowhere1"]);
    assert_ne!(unknown.lines(), [BUCKET_ADDRESS]);
}

#[test]
fn a_literal_name_need_not_be_a_valid_pattern() {
    let world = World::new();
    for key in ["r/[c", "r/{c"] {
        world.put(key, "1");
        let object = address(key);
        assert_eq!(world.ok(&["cat", &object]).stdout, "1");
        for command in ["ls", "du", "stat"] {
            world.ok(&[command, &object]);
        }
        world.ok(&["cp", &object, "copy"]);
        world.ok(&["rm", &object]);
        for command in ["cat", "ls", "du", "stat", "rm"] {
            let run = world.run(&[command, &object]).exits(2);
            assert!(run.stderr.contains("use --raw"), "{run:?}");
        }
    }
    let local = world.run(&["cp", "[c", &address("x/")]).exits(2);
    assert!(local.stderr.contains("use --raw"), "{local:?}");
}

/// Such a key can only be listed and deleted.
#[test]
fn keys_with_dot_segments_are_looked_up_in_lists() {
    let world = World::new();
    world.put("a/b", "1");
    let key = address("a/../none");
    for command in [
        &["rm", &key][..],
        &["rm", "-r", "-y", &key],
        &["rm", "--dry-run", &key],
    ] {
        let run = world.run(command).exits(1);
        assert!(run.stdout.is_empty(), "{run:?}");
    }
    for command in [
        &["cat", &key][..],
        &["stat", &key],
        &["presign", &key],
        &["cp", &key, "copy"],
        &["mv", &key, &address("c")],
    ] {
        let run = world.run(command).exits(1);
        assert!(run.stderr.contains("`qingstor rm` deletes such"), "{run:?}");
        assert!(!run.stderr.contains("a move"), "{run:?}");
        assert_eq!(run.stderr.matches(&key).count(), 1, "{run:?}");
    }
    world.write("f", "1");
    let store = ["api", "PostObject", "--bucket", BUCKET, "--file", "f"];
    let stored = address("a/./f");
    world.ok(&[&store[..], &["--key", "a/./f"]].concat());
    let folder = address("a/./");
    for (command, code) in [
        (&["cp", "-r", &folder, "copy"][..], 1),
        (&["mv", "-r", &folder, &address("c")], 1),
        (&["sync", &folder, "copy"], 1),
        (&["check", ".", &folder], 2),
        (&["check", &folder, "."], 2),
    ] {
        let run = world.run(command).exits(code);
        let text = format!("{folder}: a request cannot contain");
        assert!(run.stderr.contains(&text), "{run:?}");
        assert!(!run.stderr.contains("a move"), "{run:?}");
    }
    let moved = world.run(&["mv", "-r", &address("a"), &address("c")]);
    let moved = moved.exits(1);
    let text = format!("skip {stored}: a request cannot contain");
    assert!(moved.stderr.contains(&text), "{moved:?}");
    world.ok(&["mv", &address("c/b"), &address("a/b")]);
    world.ok(&["rm", &stored]);
    for command in [
        &["cp", "f", &key][..],
        &["cp", "f", &address("a/./")],
        &["cp", &address("a/b"), &key],
        &["mv", "f", &key],
        &["sync", &address("a"), &key],
        &["tee", &key],
        &["presign", "--method", "PUT", &key],
    ] {
        let run = world.run(command).exits(2);
        let text = "write the key without them";
        assert!(run.stderr.contains(text), "{run:?}");
        assert!(!run.stderr.contains("qingstor rm"), "{run:?}");
    }
    assert_eq!(world.keys(), ["a/b"]);
}
