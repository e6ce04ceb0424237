//! Operands and options that do not go together, or stand for nothing.

use crate::world::{BUCKET, BUCKET_ADDRESS, World, address, finished, tree};

#[test]
fn options_may_stand_between_operands() {
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
    world.run(&["check", &missing, &missing]).exits(1);
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

#[cfg(unix)]
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
fn a_missing_access_key_is_explained_with_options() {
    let world = World::new();
    for (language, says) in [("C", "no access key"), ("zh_CN.UTF-8", "没有访问密钥")] {
        let mut command = world.command(&["ls"]);
        command.env_remove("QINGSTOR_ACCESS_KEY_ID");
        command.env_remove("QINGSTOR_SECRET_ACCESS_KEY");
        let run = finished(command.env("LANG", language).spawn().unwrap());
        assert!(run.stderr.contains(says), "{run:?}");
        assert!(run.stderr.contains("--anonymous") && !run.stderr.contains("::"));
    }
}

/// The home directory is a file, so that the test works for a user who may write everywhere.
#[test]
fn without_a_home_directory_everything_but_resumable_uploads_works() {
    let world = World::new();
    let _ = std::fs::remove_dir_all(world.path("home"));
    world.write("home", "");
    world.write("big", vec![b'x'; 17 << 20]);
    world.write("folder/a", "1");
    let (big, folder) = (address("big"), address("folder"));
    world.ok(&["cp", "big", &big]);
    world.ok(&["cp", "--resume", &big, "copy"]);
    world.ok(&["sync", "--resume", "--dry-run", "folder", &folder]);
    world.ok(&["sync", "folder", &folder]);
    world.ok(&["sync", "--resume", &folder, "down"]);
    for arguments in [
        ["cp", "--resume", "big", &big],
        ["sync", "--resume", "folder", &big],
    ] {
        let run = world.run(&arguments).exits(1);
        assert!(
            run.stderr.contains("cannot create the folder") && run.stderr.contains("uploads"),
            "{run:?}"
        );
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
    ] {
        let error = error(arguments);
        assert!(error.is_ascii(), "{arguments:?}: {error}");
    }
}

/// Runs the program with a limit of open files.
#[cfg(target_os = "linux")]
#[test]
fn few_open_files_are_enough() {
    let world = World::new();
    for name in ["a", "b", "c", "d"] {
        world.write(&format!("many/{name}"), vec![b'x'; 20 << 20]);
    }
    let run = |limit: u32, arguments: &str| {
        let script = format!("ulimit -n {limit} && exec \"$0\" {arguments}");
        let program = world.command(&[]);
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", &script])
            .arg(program.get_program())
            .env_clear()
            .envs(
                program
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .current_dir(world.path(""));
        let run = command.output().unwrap();
        assert!(run.status.success(), "{limit}: {run:?}");
    };
    for (limit, target) in [(24, "few"), (64, "more")] {
        let target = address(target);
        run(limit, &format!("cp --part-size 4M many/a {target}/one"));
        run(limit, &format!("cp --part-size 4M many/* {target}/files/"));
        run(limit, &format!("sync --part-size 4M many {target}/many"));
        run(limit, &format!("sync --checksum many {target}/many"));
        run(limit, &format!("sync {target}/many down/{limit}"));
    }
    assert_eq!(tree(&world.path("down/24")), tree(&world.path("many")));
}
