//! `check`.

use crate::world::{World, address};

#[test]
fn check_names_each_difference() {
    let world = World::new();
    world.write("in/same", "1");
    world.write("in/other", "1");
    world.write("in/mine", "1");
    let target = address("x");
    world.ok(&["sync", "in", &target]);
    assert!(
        world
            .ok(&["check", "in", &target])
            .stdout
            .contains("equal files: 3")
    );
    world.put("x/other", "changed");
    world.put("x/theirs", "1");
    world.ok(&["rm", &address("x/mine")]);
    let run = world.run(&["check", "in", &target]).exits(1);
    for part in [
        "in/other",
        "in/mine: only in the source",
        "x/theirs: only in the target",
        "equal files: 1",
    ] {
        assert!(run.stdout.contains(part), "{part}: {run:?}");
    }
    let json = world
        .run(&["check", "--json", "--checksum", &target, "in"])
        .exits(1)
        .objects();
    assert_eq!(json.len(), 4, "{json:?}");
    let human = world.run(&["check", "-H", "in", &target]).exits(1);
    assert!(
        human.stdout.contains("in/mine: only in the source, 1 B"),
        "{human:?}"
    );
}

/// A difference is reported even if the source is older.
#[test]
fn check_reports_the_same_differences_in_both_directions() {
    let world = World::new();
    world.write("in/a", "AAAA");
    let (one, other) = (address("x"), address("y"));
    world.ok(&["sync", "in", &one]);
    world.put("y/a", "BBBB");
    world.write("in/a", "BBBB");
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_577_836_800);
    let file = std::fs::File::options()
        .write(true)
        .open(world.path("in/a"));
    file.unwrap().set_modified(old).unwrap();
    let pairs = [["in", &one], [&one, "in"], [&one, &other], [&other, &one]];
    for pair in pairs {
        let run = world.run(&[&["check"], &pair[..]].concat()).exits(1);
        assert!(
            run.stdout.contains("a: content differs, 4 bytes"),
            "{run:?}"
        );
        assert!(run.stdout.contains("equal files: 0"), "{run:?}");
        world.ok(&[&["check", "--size-only"], &pair[..]].concat());
    }
    for pair in [["in", &other], [&other, "in"]] {
        world.ok(&[&["check"], &pair[..]].concat());
    }
}

/// The ETags of encrypted objects are not comparable, and the time of a request proves nothing.
#[test]
fn objects_of_the_same_second_without_comparable_checksums_are_not_equal() {
    let world = World::new();
    world.write("key", [7; 32]);
    let (one, other) = (address("x"), address("y"));
    let (a, b) = (address("x/a"), address("y/a"));
    let stored = |object: &str| {
        let stat = ["stat", "--json", "--sse-key", "key", object];
        world.ok(&stat).objects()[0]["last_modified"].clone()
    };
    loop {
        for (object, content) in [(&a, "AAAA"), (&b, "BBBB")] {
            let put = ["cp", "--sse-key", "key", "-", object];
            world.run_with_input(&put, content.as_bytes()).exits(0);
        }
        if stored(&a) == stored(&b) {
            break;
        }
    }
    let check = ["check", "--sse-key", "key", &one, &other];
    let run = world.run(&check).exits(1);
    assert!(run.stdout.contains("a: time differs"), "{run:?}");
    let run = world.run(&[&check[..], &["--checksum"]].concat()).exits(2);
    assert!(run.stdout.contains("equal files: 0"), "{run:?}");
    let text = "cannot be compared: same size, but the checksums are not comparable";
    assert!(run.stderr.contains(text), "{run:?}");
    world.ok(&[&check[..], &["--size-only"]].concat());
}

#[test]
fn a_comparison_that_fails_is_not_a_difference() {
    let world = World::new();
    world.write("in/a", "1");
    let target = address("x");
    world.ok(&["sync", "in", &target]);
    world.run(&["check", "missing", &target]).exits(2);
    world
        .run(&["check", "qs://no-such-bucket/x", "in"])
        .exits(2);
    world.faults(&["operation=ListObjects,status=403,code=permission_denied"]);
    let run = world.run(&["check", "--json", "in", &target]).exits(2);
    assert_eq!(run.objects()[0]["status"], 403, "{run:?}");
}

#[test]
fn a_file_that_cannot_be_compared_is_a_failure_with_the_facts_of_its_request() {
    let world = World::new();
    // The MD5 of a small file is compared without a request.
    let content = "1".repeat(100_000);
    world.write("in/a", &content);
    world.write("in/b", "1");
    let target = address("x");
    world.ok(&["sync", "in", &target]);
    world.put("x/b", "22");
    world.faults(&["operation=HeadObject,status=403,code=permission_denied"]);
    let text = "cannot be compared: HeadObject cli-test/x/a: 403";
    let check_failure = |failure: &serde_json::Value, action: &str| {
        assert_eq!(failure["action"], action, "{failure}");
        assert_eq!(failure["source"], "in/a", "{failure}");
        assert_eq!(failure["status"], 403, "{failure}");
        assert!(failure["request_id"].is_string(), "{failure}");
        let error = failure["error"].as_str().unwrap();
        assert!(error.starts_with(text), "{error}");
    };
    let objects = world
        .run(&["check", "--json", "in", &target])
        .exits(2)
        .objects();
    check_failure(&objects[0], "check");
    assert!(objects[1]["difference"].is_string(), "{objects:?}");
    for dry_run in [&["--dry-run"][..], &[]] {
        let arguments = [&["sync", "--json", "in", &target], dry_run].concat();
        check_failure(&world.run(&arguments).exits(1).objects()[0], "skip");
    }
}

#[cfg(unix)]
#[test]
fn check_reports_files_and_addresses_of_objects() {
    let world = World::new();
    world.write("in/only\tlocal", "1");
    world.write("in/both", "1");
    world.put("x/both", "2");
    world.put("x/only\tremote", "1");
    world.put("x/a//b", "1");
    let remote = address("x");
    let paths = |arguments: &[&str], code: i32| {
        let run = world.run(&[&["check", "--json"], arguments].concat());
        let objects = run.exits(code).objects();
        let mut paths: Vec<_> = objects
            .iter()
            .filter_map(|one| {
                let name = one["path"].as_str().or_else(|| one["source"].as_str());
                Some(name?.to_owned())
            })
            // The failure of the command has the operands.
            .filter(|name| *name != remote)
            .collect();
        paths.sort();
        paths
    };
    assert_eq!(
        // `a//b` has no file that it could be compared with.
        paths(&[&remote, "in"], 2),
        [
            "in/only\tlocal",
            "qs://cli-test/x/a//b",
            "qs://cli-test/x/both",
            "qs://cli-test/x/only\tremote"
        ]
    );
    assert_eq!(
        paths(&["in", &remote], 1),
        [
            "in/both",
            "in/only\tlocal",
            "qs://cli-test/x/a//b",
            "qs://cli-test/x/only\tremote"
        ]
    );
    let copy = address("copy/");
    assert_eq!(
        paths(&["--exclude", "only*", &remote, &copy], 1)[0],
        "qs://cli-test/x/a//b"
    );
}

/// What `sync` stores with an option is equal for `check` with the same option.
#[cfg(unix)]
#[test]
fn check_has_the_options_of_sync() {
    let world = World::new();
    world.write("in/a", "1");
    std::os::unix::fs::symlink("a", world.path("in/link")).unwrap();
    let (remote, other) = (address("x"), address("y"));
    world.ok(&["sync", "--no-follow-symlinks", "in", &remote]);
    world.run(&["check", "in", &remote]).exits(1);
    world.ok(&["check", "--no-follow-symlinks", "in", &remote]);
    world.put("y/a//b", "1");
    world.ok(&["sync", "--rename-invalid", &other, "out"]);
    world.run(&["check", &other, "out"]).exits(2);
    world.ok(&["check", "--rename-invalid", &other, "out"]);
    // The object is newer than the file.
    world.put("x/a", "changed");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    let file = std::fs::File::options()
        .write(true)
        .open(world.path("in/a"));
    file.unwrap().set_modified(old).unwrap();
    let update = ["--update", "--no-follow-symlinks", "in", &remote];
    world.ok(&[&["sync"], &update[..]].concat());
    assert_eq!(world.get("x/a"), "changed");
    world.ok(&[&["check"], &update[..]].concat());
    world
        .run(&["check", "--no-follow-symlinks", "in", &remote])
        .exits(1);
}
