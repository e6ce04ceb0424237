//! Situations that users of other command lines reported: deletions and names. Each test is one of them.

use crate::world::{BUCKET, World, address};

#[test]
fn a_missing_source_deletes_nothing() {
    let world = World::new();
    world.put("x/a", "1");
    let target = address("x");
    let run = world
        .run(&[
            "sync",
            "--delete",
            "--max-delete",
            "10",
            "not-mounted",
            &target,
        ])
        .exits(1);
    assert!(run.stderr.contains("not-mounted"), "{run:?}");
    // A prefix without objects is the same as a folder that does not exist.
    world.write("in/a", "1");
    let deleting = ["--delete", "--max-delete", "10"];
    let missing = address("missing");
    for target in [&target, "in"] {
        let run = world.run(&[&["sync"], &deleting[..], &[&missing, target]].concat());
        assert!(run.exits(1).stderr.contains(&missing));
    }
    assert_eq!(world.keys(), ["x/a"]);
    assert_eq!(world.read("in/a"), b"1");
    assert_eq!(world.served("PutObject"), 1);
}

#[test]
fn an_empty_source_deletes_nothing_without_max_delete() {
    let world = World::new();
    std::fs::create_dir(world.path("empty")).unwrap();
    world.put("x/a", "1");
    let target = address("x");
    let run = world.run(&["sync", "--delete", "empty", &target]).exits(1);
    assert!(
        run.stderr.contains(&address("x/a")) && run.stderr.contains("the source is empty"),
        "{run:?}"
    );
    assert_eq!(world.keys(), ["x/a"]);
    world.ok(&["sync", "--delete", "--max-delete", "1", "empty", &target]);
    assert_eq!(world.keys(), [""; 0]);
}

#[test]
fn a_failed_transfer_deletes_nothing() {
    let world = World::new();
    world.put("x/old", "1");
    world.write("in/new", "1");
    let target = address("x");
    world.faults(&["operation=PutObject,status=403,code=permission_denied"]);
    let run = world.run(&["sync", "--delete", "in", &target]).exits(1);
    let old = address("x/old");
    let expected = format!("{old}: not deleted, because a transfer failed");
    assert!(run.stderr.contains(&expected), "{run:?}");
    assert_eq!(world.keys(), ["x/old"]);
    world.faults(&[]);
    world.ok(&["sync", "--delete", "in", &target]);
    assert_eq!(world.keys(), ["x/new"]);
}

#[cfg(unix)]
#[test]
fn a_path_that_cannot_be_transferred_prevents_deletions() {
    let world = World::new();
    world.put("x/old", "1");
    world.write("in/keep", "1");
    std::os::unix::fs::symlink("nowhere", world.path("in/link")).unwrap();
    let target = address("x");
    for more in [&["--dry-run"][..], &[]] {
        let sync = ["sync", "--delete", "in", &target];
        let run = world.run(&[&sync, more].concat()).exits(1);
        assert!(run.stderr.contains("x/old: not deleted"), "{run:?}");
        assert!(!run.stdout.contains("delete "), "{run:?}");
    }
    assert_eq!(world.keys(), ["x/keep", "x/old"]);
    // Nothing is known about the content of the link.
    let check = world.run(&["check", "in", &target]).exits(2);
    assert!(check.stdout.contains("x/old: only in"), "{check:?}");
    assert!(
        check.stderr.contains("in/link: is a dangling link"),
        "{check:?}"
    );
    let json = world.run(&["check", "--json", "in", &target]).objects();
    let failure = json.iter().find(|one| one["error"].is_string()).unwrap();
    assert_eq!(
        (&failure["action"], &failure["source"]),
        (&"check".into(), &"in/link".into())
    );
    world.ok(&["sync", "--delete", "--exclude", "link", "in", &target]);
    assert_eq!(world.keys(), ["x/keep"]);
}

#[test]
fn a_list_that_fails_in_the_middle_deletes_nothing() {
    let world = World::new();
    for number in 0..1100 {
        world.write(&format!("more/{number}"), "1");
    }
    let target = address("x");
    world.ok(&["cp", "-r", "-q", "more", &target]);
    let before = world.keys();
    world.write("in/a", "1");
    world.write("more/mine", "1");
    // The list has two pages.
    for failure in [
        "status=403,code=permission_denied",
        "status=500",
        "reset=mid",
    ] {
        for arguments in [
            ["sync", "--delete", "in", &target],
            ["sync", "--delete", &target, "more"],
        ] {
            world.faults(&[&format!("operation=ListObjects,after=1,{failure}")]);
            let run = world.run(&arguments).exits(1);
            assert_eq!(run.stdout, "", "{failure}");
        }
        // Without a list, nothing is known.
        world.faults(&[&format!("operation=ListObjects,{failure}")]);
        world.run(&["rm", "-r", "--yes", &target]).exits(1);
    }
    world.faults(&[]);
    assert_eq!(world.keys(), before);
    assert_eq!(world.read("more/mine"), b"1");
}

#[cfg(unix)]
#[test]
fn nothing_is_deleted_if_a_folder_is_unreadable() {
    let world = World::new();
    world.write("in/a", "1");
    world.write("in/secret/b", "1");
    world.put("x/old", "1");
    world.put("x/secret/b", "1");
    world.put("x/secret/c", "1");
    let sync = ["sync", "--delete", "in", &address("x")];
    let run = world.run_without_access("in/secret", &sync).exits(1);
    assert!(run.stderr.contains("secret"), "{run:?}");
    // The content of `old` may have moved there.
    let kept = ["x/a", "x/old", "x/secret/b", "x/secret/c"];
    assert_eq!(world.keys(), kept);
    let sync = [&sync[..], &["--exclude", "/secret"]].concat();
    world.run_without_access("in/secret", &sync).exits(0);
    assert_eq!(world.keys(), ["x/a", "x/secret/b", "x/secret/c"]);
}

#[test]
fn deletions_of_large_prefixes_are_printed_one_by_one() {
    let world = World::new();
    world.write("in/keep", "1");
    for number in 0..1500 {
        world.write(&format!("more/{number}"), "1");
    }
    let target = address("x");
    world.ok(&["cp", "-r", "-q", "more", &target]);
    world.ok(&["cp", "in/keep", &address("x/keep")]);
    let run = world.ok(&["sync", "--delete", "in", &target]);
    let deleted = run
        .stdout
        .lines()
        .filter(|line| line.starts_with("delete "))
        .count();
    assert_eq!(deleted, 1500);
    assert_eq!(world.keys(), ["x/keep"]);
}

#[test]
fn rm_of_a_folder_keeps_other_keys_with_its_name() {
    let world = World::new();
    for key in ["foo", "foo/a", "foo2", "foo_thumbnails/a"] {
        world.put(key, "1");
    }
    world.ok(&["rm", "-r", "--yes", &address("foo")]);
    assert_eq!(world.keys(), ["foo2", "foo_thumbnails/a"]);
    world.ok(&["rm", "--yes", &address("foo*")]);
    assert_eq!(world.keys(), ["foo_thumbnails/a"]);
}

#[test]
fn excluded_paths_are_neither_copied_nor_deleted() {
    let world = World::new();
    world.write("in/a", "1");
    world.write("in/b.tmp", "1");
    world.put("x/c.tmp", "1");
    let target = address("x");
    let exclude = ["sync", "--delete", "--exclude", "*.tmp"];
    world.ok(&[&exclude[..], &["in", &target]].concat());
    assert_eq!(world.keys(), ["x/a", "x/c.tmp"]);
    world.ok(&[&exclude[..], &[&target, "in"]].concat());
    assert_eq!(world.files("in"), ["a", "b.tmp"]);
}

#[test]
fn a_marker_is_deleted_only_with_its_folder() {
    let world = World::new();
    world.write("in/dir/file", "1");
    world.write("in/a", "1");
    let target = address("x");
    world.ok(&["sync", "in", &target]);
    world.put_marker("x/dir/");
    assert_eq!(world.ok(&["sync", "--delete", "in", &target]).stdout, "");
    assert_eq!(world.ok(&["sync", "--delete", &target, "in"]).stdout, "");
    assert_eq!(world.keys(), ["x/a", "x/dir/", "x/dir/file"]);
    std::fs::remove_dir_all(world.path("in/dir")).unwrap();
    world.ok(&["sync", "--delete", "in", &target]);
    assert_eq!(world.keys(), ["x/a"]);
}

#[test]
fn folders_that_are_in_the_bucket_are_not_deleted() {
    let world = World::new();
    for name in ["sub/deep/a", "sub-2/b", "old/deep/c"] {
        world.write(&format!("in/{name}"), "1");
    }
    let target = address("x");
    world.ok(&["sync", "in", &target]);
    world.ok(&["rm", &address("x/old/deep/c")]);
    world.ok(&["sync", "--delete", &target, "in"]);
    assert_eq!(
        world.files("in"),
        ["sub-2/", "sub-2/b", "sub/", "sub/deep/", "sub/deep/a"]
    );
}

#[test]
fn every_deleted_object_is_counted() {
    let world = World::new();
    for number in 0..133 {
        world.write(&format!("in/{number}"), "1");
    }
    let target = address("x");
    for json in [&[][..], &["--json"]] {
        world.ok(&["cp", "-r", "-q", "in", &target]);
        let listed = world.ok(&["ls", "-R", "--summarize", &target]);
        assert!(listed.stdout.ends_with("133 objects, 133 bytes\n"));
        let run = world.ok(&[&["rm", "-r", "--yes", &target], json].concat());
        let mut lines = run.lines();
        lines.dedup();
        assert_eq!(lines.len(), 133, "one line for each object");
        assert!(lines.iter().all(|line| line.contains("delete")));
        assert_eq!(world.keys(), [""; 0]);
    }
}

#[test]
fn no_key_leaves_the_target() {
    let world = World::new();
    // A form can store a key that a path cannot contain.
    world.write("f", "evil");
    for key in ["x/../../escaped", "x/./dot", "x/ok"] {
        world.ok(&[
            "api",
            "PostObject",
            "--bucket",
            BUCKET,
            "--key",
            key,
            "--file",
            "f",
        ]);
    }
    let run = world
        .run(&["cp", "-r", &address("x"), "in/target"])
        .exits(1);
    assert!(run.stderr.contains(".."), "{run:?}");
    assert_eq!(world.read("in/target/ok"), b"evil");
    assert!(!world.path("escaped").exists() && !world.path("in/escaped").exists());
    let pattern = world.run(&["cp", &address("x/**"), "in/pattern"]).exits(1);
    assert!(pattern.stderr.contains(".."), "{pattern:?}");
    assert_eq!(world.read("in/pattern/ok"), b"evil");
}

#[cfg(unix)]
#[test]
fn links_in_the_target_are_not_followed() {
    let world = World::new();
    for key in ["x/link/file", "x/ok"] {
        world.put(key, "evil");
    }
    std::fs::create_dir_all(world.path("outside")).unwrap();
    std::fs::create_dir_all(world.path("out")).unwrap();
    std::os::unix::fs::symlink(world.path("outside"), world.path("out/link")).unwrap();
    for command in ["cp", "sync"] {
        let run = match command {
            "cp" => world.run(&["cp", "-r", &address("x"), "out"]),
            _ => world.run(&["sync", "--delete", &address("x"), "out"]),
        };
        assert!(run.exits(1).stderr.contains("out/link/file"));
        assert_eq!(world.files("outside"), [""; 0]);
        assert_eq!(world.read("out/ok"), b"evil");
    }
}

#[test]
fn an_object_and_a_folder_of_the_same_name_are_reported() {
    let world = World::new();
    world.put("x/a", "object");
    world.put("x/a/b", "below");
    let run = world.run(&["cp", "-r", &address("x"), "out"]).exits(1);
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    assert!(
        run.stderr.contains("x/a/b") && run.stderr.contains("\"a\""),
        "{run:?}"
    );
    // The object always wins.
    assert_eq!(world.read("out/a"), b"object");
}

#[test]
fn a_marker_is_a_folder() {
    let world = World::new();
    world.put_marker("x/dir/");
    world.put("x/dir/file", "1");
    world.ok(&["cp", "-r", &address("x"), "out"]);
    assert_eq!(world.read("out/dir/file"), b"1");
}

#[test]
fn two_keys_never_become_one_file() {
    let world = World::new();
    world.put("x/models/a", "1");
    world.put("x/models//a", "2");
    let run = world.run(&["cp", "-r", &address("x"), "out"]).exits(1);
    assert!(run.stderr.contains(&address("x/models//a")), "{run:?}");
    assert_eq!(world.read("out/models/a"), b"1");
}

#[test]
fn several_sources_never_become_one_file() {
    let world = World::new();
    for name in [
        "a/x.txt", "a/y.txt", "b/x.txt", "b/sub/z", "c/sub/z", "x.txt",
    ] {
        world.write(name, name);
        world.put(&format!("up/{name}"), name);
    }
    let collides = |arguments: &[&str], first: &str, second: &str| {
        let run = world.run(arguments).exits(1);
        let lines: Vec<_> = run.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "{run:?}");
        assert!(
            lines[0].contains(&format!(" {second} -> ")) && lines[0].ends_with(first),
            "{run:?}"
        );
    };
    collides(&["cp", "a/*", "b/*", &address("t/")], "a/x.txt", "b/x.txt");
    assert_eq!(world.get("t/x.txt"), "a/x.txt");
    assert_eq!(world.get("t/y.txt"), "a/y.txt");
    collides(&["cp", "a/*", "x.txt", &address("v/")], "x.txt", "a/x.txt");
    assert_eq!(world.get("v/x.txt"), "x.txt");
    collides(
        &["mv", "-r", "b/sub", "c/sub", &address("w/")],
        "b/sub/z",
        "c/sub/z",
    );
    assert_eq!(world.get("w/sub/z"), "b/sub/z");
    assert_eq!(world.read("c/sub/z"), b"c/sub/z");
    let [a, b] = ["up/a/*", "up/b/*"].map(address);
    let (first, second) = (address("up/a/x.txt"), address("up/b/x.txt"));
    collides(&["cp", "--dry-run", &a, &b, "down/"], &first, &second);
    // A file that exists in the target is none of the sources.
    world.write("down/x.txt", "old");
    collides(&["mv", &a, &b, "down/"], &first, &second);
    assert_eq!(world.read("down/x.txt"), b"a/x.txt");
    assert_eq!(world.get("up/b/x.txt"), "b/x.txt");
    collides(
        &["cp", &address("t/x*"), &address("v/x*"), &address("u/")],
        &address("t/x.txt"),
        &address("v/x.txt"),
    );
}

// Windows does not allow `*` and `?` in names of files.
#[cfg(not(windows))]
#[test]
fn names_with_wildcards_can_be_written() {
    let world = World::new();
    for name in ["a*", "ab", "[x]", "q?"] {
        world.write(&format!("in/{name}"), name);
    }
    // A file or an object that exists under the literal name wins.
    world.ok(&["cp", "in/a*", &address("t/")]);
    assert_eq!(world.keys(), ["t/a*"]);
    world.ok(&["cp", "in/ab", &address("t/")]);
    world.ok(&["rm", &address("t/a*")]);
    assert_eq!(world.keys(), ["t/ab"]);
    // Now it is a pattern, unless `--raw` is given. Targets are never patterns.
    world
        .run(&["rm", "--raw", "-r", "--yes", &address("t/a*")])
        .exits(1);
    world.ok(&["cp", "--raw", "in/[x]", &address("t/[y]*")]);
    assert_eq!(world.keys(), ["t/[y]*", "t/ab"]);
    for command in ["ls", "stat", "du", "find", "cat"] {
        world.ok(&[command, &address("t/[y]*")]);
    }
    world.ok(&["rm", "--yes", &address("t/a*")]);
    assert_eq!(world.keys(), ["t/[y]*"]);
}

#[test]
fn several_sources_have_a_folder_as_target() {
    let world = World::new();
    for name in ["a.gz", "b.gz"] {
        world.write(name, name);
    }
    world.ok(&["cp", "a.gz", "b.gz", &address("t")]);
    assert_eq!(world.keys(), ["t/a.gz", "t/b.gz"]);
    world.write("file", "");
    world
        .run(&["cp", &address("t/a.gz"), &address("t/b.gz"), "file"])
        .exits(2);
}

#[test]
fn one_star_stays_within_a_folder() {
    let world = World::new();
    for key in ["a/1", "a/b/2"] {
        world.put(key, "1");
    }
    assert_eq!(world.ok(&["ls", &address("a/*")]).lines(), ["a/1", "a/b/"]);
    assert_eq!(
        world.ok(&["ls", &address("a/**")]).lines(),
        ["a/1", "a/b/", "a/b/2"]
    );
    assert!(
        world
            .ok(&["--help"])
            .stdout
            .contains("** matches across folders")
    );
}

#[test]
fn filters_are_relative_to_the_source() {
    let world = World::new();
    for name in ["in/logs/a", "in/b", "logs/c"] {
        world.write(name, "1");
    }
    world.ok(&["cp", "-r", "in", &address("x"), "--exclude", "logs/**"]);
    assert_eq!(world.keys(), ["x/b"]);
    // The last filter that matches decides.
    world.ok(&[
        "cp",
        "-r",
        "in",
        &address("y"),
        "--exclude",
        "**",
        "--include",
        "logs/**",
    ]);
    assert!(
        world.keys().contains(&"y/logs/a".to_owned()) && !world.keys().contains(&"y/b".to_owned())
    );
    assert!(
        world
            .ok(&["cp", "--help"])
            .stdout
            .contains("the last one that matches decides")
    );
}

#[test]
fn invalid_names_can_be_encoded() {
    let world = World::new();
    world.put("x/models//a", "1");
    world.run(&["cp", "-r", &address("x"), "out"]).exits(1);
    world.ok(&["cp", "-r", "--rename-invalid", &address("x"), "out"]);
    world.ok(&["cp", "-r", "--rename-invalid", "out", &address("y")]);
    assert!(
        world.keys().contains(&"y/models//a".to_owned()),
        "{:?}",
        world.keys()
    );
}

#[test]
fn a_target_without_a_slash_is_a_file() {
    let world = World::new();
    world.put("1GB", "x");
    world.ok(&["cp", &address("1GB"), "1GB"]);
    assert_eq!(world.read("1GB"), b"x");
    world.ok(&["cp", &address("1GB"), "folder/"]);
    assert_eq!(world.read("folder/1GB"), b"x");
    std::fs::remove_file(world.path("folder/1GB")).unwrap();
    world.ok(&["cp", &address("1GB"), "folder"]);
    assert_eq!(world.files("folder"), ["1GB"]);
}
