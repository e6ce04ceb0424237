//! `mv`: which sources are deleted, and when.

use std::time::{Duration, Instant};

use crate::world::{Run, World, address, finished};

/// Waits for a condition.
#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a move, and calls `change` as soon as `is_copied`.
fn change_meanwhile(
    world: &World,
    arguments: &[&str],
    is_copied: impl Fn() -> bool,
    change: impl FnOnce(),
) -> Run {
    let child = world.command(arguments).spawn().unwrap();
    wait_until(is_copied);
    change();
    finished(child)
}

#[test]
fn a_file_that_changes_after_its_upload_is_not_deleted() {
    let world = World::new();
    world.write("in/a.log", "line 1\n");
    world.write("in/b.log", "line 1\n");
    world.faults(&["operation=PutObject,key=x/a.log,when=after,latency=3s"]);
    let (target, is_copied) = (address("x"), || world.keys().contains(&"x/a.log".into()));
    let append = || world.write("in/a.log", "line 1\nline 2\n");
    let run = change_meanwhile(&world, &["mv", "-r", "in", &target], is_copied, append).exits(1);
    assert_eq!(world.read("in/a.log"), b"line 1\nline 2\n");
    assert_eq!(world.files("in"), ["a.log"]);
    assert!(
        run.stderr.contains("in/a.log was copied but not deleted"),
        "{run:?}"
    );
}

#[test]
fn an_object_that_is_replaced_after_its_download_or_copy_is_not_deleted() {
    let world = World::new();
    world.put("x/b", "1");
    // Each move looks up the object before it deletes it.
    world.faults(&["operation=HeadObject,latency=3s"]);
    for (target, operation) in [
        ("out", "GetObject"),
        (&*address("y"), "PutObject"),
        ("out/", "GetObject"),
        (&*address("y/"), "PutObject"),
    ] {
        world.put("x/a", "old");
        let (folder, file) = (address("x"), address("x/a"));
        let arguments = match target.ends_with('/') {
            true => vec!["mv", &file, target],
            false => vec!["mv", "-r", &folder, target],
        };
        let before = world.served(operation);
        let is_copied = || world.served(operation) > before;
        let replace = || world.put("x/a", "new");
        let run = change_meanwhile(&world, &arguments, is_copied, replace).exits(1);
        let text = format!("{} was copied but not deleted", address("x/a"));
        assert!(run.stderr.contains(&text), "{arguments:?}: {run:?}");
        assert_eq!(world.get("x/a"), "new", "{arguments:?}");
        assert!(!world.keys().contains(&"x/b".to_owned()));
    }
}

#[test]
fn objects_are_deleted_while_the_move_runs() {
    let world = World::new();
    let (x, y) = (address("x"), address("y"));
    for key in ["x/sub/a", "x/z"] {
        world.put(key, "1");
    }
    world.faults(&[
        "operation=GetObject,key=x/z,latency=3s",
        "operation=PutObject,key=y/z,latency=3s",
    ]);
    for target in [&y, "out"] {
        let mut child = world.command(&["mv", "-r", &x, target]).spawn().unwrap();
        wait_until(|| !world.keys().contains(&"x/sub/a".to_owned()));
        child.kill().unwrap();
        finished(child);
        assert!(world.keys().contains(&"x/z".to_owned()));
        world.put("x/sub/a", "1");
    }
}

#[test]
fn files_are_deleted_after_the_last_transfer() {
    let world = World::new();
    world.write("in/sub/a", "1");
    world.write("in/z", "1");
    world.faults(&["operation=PutObject,key=x/z,latency=3s"]);
    let (x, file) = (address("x"), address("x/"));
    for arguments in [
        vec!["mv", "-r", "in", &x],
        vec!["mv", "in/sub/a", "in/z", &file],
    ] {
        let before = world.served("PutObject");
        let mut child = world.command(&arguments).spawn().unwrap();
        world.wait_for("PutObject", before + 1);
        std::thread::sleep(Duration::from_millis(300));
        child.kill().unwrap();
        finished(child);
        assert_eq!(world.files("in"), ["sub/", "sub/a", "z"], "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn links_to_moved_files_are_moved() {
    use std::os::unix::fs::symlink;

    let set_up = || {
        let world = World::new();
        world.write("in/b", "content of b");
        world.write("in/sub/c", "content of c");
        // The order of the transfers is that of the names.
        for (link, target) in [("a", "b"), ("z", "b"), ("chain", "z"), ("link", "sub")] {
            symlink(target, world.path("in").join(link)).unwrap();
        }
        world
    };
    let world = set_up();
    let run = world.run(&["mv", "-r", "--jobs", "1", "in", &address("x")]);
    let run = run.exits(1);
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    assert!(run.stderr.contains("in/link: the files below"), "{run:?}");
    let keys = ["x/a", "x/b", "x/chain", "x/link/c", "x/sub/c", "x/z"];
    assert_eq!(world.keys(), keys);
    assert_eq!(world.get("x/z"), "content of b");
    assert_eq!(world.get("x/link/c"), "content of c");
    assert_eq!(world.files("in"), ["link"]);

    let world = set_up();
    let files = ["in/b", "in/a", "in/chain", "in/z"];
    let target = address("x/");
    world.ok(&[&["mv", "--jobs", "1"][..], &files, &[&target]].concat());
    assert_eq!(world.keys(), ["x/a", "x/b", "x/chain", "x/z"]);
    assert_eq!(world.files("in"), ["link", "sub/", "sub/c"]);
}

#[cfg(unix)]
#[test]
fn a_changed_file_stays_with_the_links_to_it() {
    let world = World::new();
    world.write("in/b", "1");
    world.write("in/z", "1");
    std::os::unix::fs::symlink("b", world.path("in/a")).unwrap();
    world.faults(&["operation=PutObject,key=x/z,when=after,latency=3s"]);
    let (target, is_copied) = (address("x"), || world.keys().len() == 3);
    let append = || world.write("in/b", "1 and more");
    let run = change_meanwhile(&world, &["mv", "-r", "in", &target], is_copied, append).exits(1);
    assert_eq!(world.files("in"), ["a", "b"]);
    assert_eq!(run.stderr.lines().count(), 2, "{run:?}");
}

#[cfg(unix)]
#[test]
fn files_below_a_link_to_a_folder_are_not_deleted() {
    let world = World::new();
    for name in [
        "outside/precious",
        "outside/deep/too",
        "in/a",
        "outside/file",
    ] {
        world.write(name, name);
    }
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(world.path(target), world.path(name)).unwrap();
    };
    link("outside", "in/link");
    link("outside/file", "in/to-file");
    let target = address("x");
    let dry = world
        .run(&["mv", "-r", "--dry-run", "in", &target])
        .exits(1);
    let run = world.run(&["mv", "-r", "in", &target]).exits(1);
    assert_eq!(dry.lines(), run.lines());
    assert_eq!(dry.stderr, run.stderr);
    assert_eq!(run.stderr.matches("in/link").count(), 1, "{run:?}");
    assert_eq!(
        world.files("outside"),
        ["deep/", "deep/too", "file", "precious"]
    );
    assert_eq!(world.files("in"), ["link"]);
    assert_eq!(world.get("x/link/deep/too"), "outside/deep/too");
    assert_eq!(world.get("x/to-file"), "outside/file");
    // The source itself can be a link, if the user means its folder.
    let run = world.run(&["mv", "-r", "in/link", &address("y")]).exits(1);
    assert!(run.stderr.contains("write `in/link/`"), "{run:?}");
    assert_eq!(world.files("outside").len(), 4, "{run:?}");
    world.ok(&["mv", "-r", "in/link/", &address("y")]);
    assert_eq!(world.files("outside"), [""; 0]);
}

#[cfg(unix)]
#[test]
fn operands_that_are_links_are_skipped_on_demand() {
    let world = World::new();
    world.write("folder/a", "1");
    std::os::unix::fs::symlink("folder/a", world.path("link")).unwrap();
    std::os::unix::fs::symlink("folder", world.path("folder-link")).unwrap();
    std::os::unix::fs::symlink("missing", world.path("dangling")).unwrap();
    let target = address("x/");
    for command in ["cp", "mv"] {
        let links = ["link", "folder-link", "dangling"];
        let options = [command, "-r", "--no-follow-symlinks"];
        let run = world.ok(&[&options[..], &links, &[&target]].concat());
        let skipped = links.map(|link| format!("skip {link} (symbolic link)"));
        assert_eq!(run.stdout.lines().collect::<Vec<_>>(), skipped);
        assert_eq!(world.keys(), [""; 0]);
    }
    assert!(world.path("folder-link/a").exists() && world.path("link").is_symlink());
    world.ok(&["cp", "-r", "--no-follow-symlinks", "folder-link/", &target]);
    assert_eq!(world.keys(), ["x/a"]);
}

#[test]
fn moves_remove_emptied_folders() {
    let world = World::new();
    for name in [
        "in/a/b/c",
        "in/a/d",
        "in/e.txt",
        "part/x.gz",
        "part/sub/y.gz",
    ] {
        world.write(name, "1");
    }
    world.ok(&["mv", "in/a/**", &address("x/")]);
    assert_eq!(world.files("in"), ["a/", "e.txt"]);
    world.ok(&["mv", "-r", "in", &address("x/")]);
    assert_eq!(world.files("in"), ["a/"], "an empty folder stays");
    world.write("other/a/b", "1");
    world.ok(&["mv", "-r", "other", &address("x/")]);
    assert!(!world.path("other").exists());
    // The folder of a pattern is not a part of it.
    world.ok(&["mv", "part/*.gz", "-r", &address("x/")]);
    world.ok(&["mv", "part/**", &address("x/")]);
    assert_eq!(world.files("part"), [""; 0]);
}

#[test]
fn a_pattern_is_moved_into_a_folder_that_it_does_not_match() {
    let world = World::new();
    for key in ["p/a.txt", "p/b.log", "p/archive/old.txt", "p/sub/c.txt"] {
        world.put(key, key);
    }
    world.ok(&["mv", &address("p/*.txt"), &address("p/archive/")]);
    let moved = [
        "p/archive/a.txt",
        "p/archive/old.txt",
        "p/b.log",
        "p/sub/c.txt",
    ];
    assert_eq!(world.keys(), moved);
    assert_eq!(world.get("p/archive/a.txt"), "p/a.txt");
    world.ok(&["mv", &address("p/archive/a*"), &address("p/")]);
    world.ok(&["cp", &address("p/*.txt"), &address("p/[copy]/")]);
    let copied = [
        "p/[copy]/a.txt",
        "p/a.txt",
        "p/archive/old.txt",
        "p/b.log",
        "p/sub/c.txt",
    ];
    assert_eq!(world.keys(), copied);
    for (source, target) in [
        ("p/**", "p/x/"),
        ("p/*", "p/"),
        ("p/**/*.txt", "p/archive/"),
    ] {
        world
            .run(&["mv", &address(source), &address(target)])
            .exits(2);
    }
    world
        .run(&["mv", "-r", &address("p/*"), &address("p/archive/")])
        .exits(2);
    assert_eq!(world.keys(), copied);
}

#[test]
fn a_move_does_not_write_to_standard_output() {
    let world = World::new();
    for key in ["a", "b/c"] {
        world.put(key, "content");
    }
    for arguments in [
        &["mv", &address("a"), "-"][..],
        &["mv", &address("b/*"), "-"],
        &["mv", "-r", &address("b"), "-"],
        &["mv", &address("a"), &address("b/c"), "-"],
        &["mv", "--dry-run", "--json", &address("a"), "-"],
    ] {
        let run = world.run(arguments).exits(2);
        let text = run.stdout + &run.stderr;
        assert!(text.contains("use `qingstor cp`"), "{arguments:?}: {text}");
    }
    assert_eq!(world.keys(), ["a", "b/c"]);
}

#[test]
fn a_failed_move_is_reported_as_a_move() {
    let world = World::new();
    world.write("a", "1");
    world.write("in/b", "2");
    world.put("c", "3");
    world.put("d/e", "4");
    world.faults(&[
        "operation=PutObject,status=403,code=permission_denied",
        "operation=GetObject,status=403,code=permission_denied",
    ]);
    let (object, folder) = (address("c"), address("d"));
    for (arguments, start) in [
        (&["a", &address("x")][..], "error: move a -> qs://"),
        (&["-r", "in", &address("x")], "error: move in/b -> qs://"),
        (&[&object, "copy"], "error: move qs://cli-test/c -> copy: "),
        (
            &["-r", &folder, "out"],
            "error: move qs://cli-test/d/e -> out/e: ",
        ),
        (&["missing", &object], "error: move missing: "),
    ] {
        let run = world.run(&[&["mv"], arguments].concat()).exits(1);
        assert!(run.stderr.starts_with(start), "{run:?}");
        let failure = world.run(&[&["mv", "--json"], arguments].concat());
        assert_eq!(failure.objects()[0]["action"], "move", "{failure:?}");
    }
    let copied = world.run(&["cp", "a", &address("x")]).exits(1);
    assert!(
        copied.stderr.starts_with("error: upload a -> "),
        "{copied:?}"
    );
}
