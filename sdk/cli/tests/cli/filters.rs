//! `--include` and `--exclude`.

use crate::world::{World, address};

/// Other programs exclude everything with `*`.
#[test]
fn the_filter_of_one_star_is_everything() {
    let world = World::new();
    for name in ["in/a.jpg", "in/secret", "in/sub/b.jpg", "in/sub/secret"] {
        world.write(name, "1");
    }
    let target = address("x");
    let copy = ["cp", "-r", "in", &target, "--exclude", "*", "--include"];
    world.ok(&[&copy[..], &["**/*.jpg"]].concat());
    assert_eq!(world.keys(), ["x/a.jpg", "x/sub/b.jpg"]);
    world.ok(&["sync", "--delete", "in", &target, "--exclude", "*"]);
    assert_eq!(world.keys(), ["x/a.jpg", "x/sub/b.jpg"]);
}

#[test]
fn filters_match_names_at_any_depth_and_what_is_in_folders() {
    let world = World::new();
    for name in [
        "in/a.txt",
        "in/key.pem",
        "in/sub/key.pem",
        "in/.git/objects/ab/cd",
        "in/node_modules/x/y/z.js",
        "in/sub/node_modules/z.js",
        "in/sub/b.txt",
    ] {
        world.write(name, "1");
    }
    let target = address("x");
    let copied = |filters: &[&str]| {
        world.run(&["rm", "-r", "--yes", "-q", &target]);
        world.ok(&[&["cp", "-r", "-q", "in", &target], filters].concat());
        let keys = world.keys().into_iter();
        let paths: Vec<_> = keys.map(|key| key.replacen("x/", "", 1)).collect();
        paths.join(" ")
    };
    let secrets = ["--exclude", "*.pem", "--exclude", ".git/*"];
    let all = [&secrets[..], &["--exclude", "node_modules"]].concat();
    assert_eq!(copied(&all), "a.txt sub/b.txt");
    let top = [&secrets[..], &["--exclude", "/node_modules/*"]].concat();
    assert_eq!(copied(&top), "a.txt sub/b.txt sub/node_modules/z.js");
    assert_eq!(copied(&["--include", "/a.txt"]), "a.txt");
    assert_eq!(copied(&["--include", "sub/*.txt"]), "sub/b.txt");
    assert_eq!(copied(&["--include", "*.txt"]), "a.txt sub/b.txt");
    let only_files = copied(&["--include", "*", "--exclude", "*/"]);
    assert_eq!(only_files, "a.txt key.pem");
    world.put("x/sub/c.pem", "1");
    world.ok(&["sync", "--delete", "in", &target, "--exclude", "*.pem"]);
    assert!(world.keys().contains(&"x/sub/c.pem".to_owned()));
    for command in ["cp", "mv", "sync", "check"] {
        let help = world.ok(&[command, "--help"]).stdout;
        assert!(
            help.contains("name of a file or folder at any depth"),
            "{help}"
        );
    }
}

#[test]
fn filters_that_leave_nothing_are_reported() {
    let world = World::new();
    world.write("in/a.txt", "1");
    let target = address("x");
    let none = ["--include", "*.gif"];
    for command in [
        &["cp", "-r", "in", &target][..],
        &["cp", "-r", "--dry-run", "in", &target],
        &["cp", "in/a.txt", &target],
        &["sync", "in", &target],
    ] {
        let run = world.ok(&[command, &none[..]].concat());
        assert_eq!(run.stderr.lines().count(), 1, "{command:?}: {run:?}");
        assert!(run.stderr.contains("--include"), "{run:?}");
        let quiet = world.ok(&[command, &none[..], &["--quiet"]].concat());
        assert_eq!(quiet.stdout + &quiet.stderr, "");
    }
    world.ok(&["sync", "in", &target]);
    let unchanged = world.ok(&["sync", "in", &target, "--include", "*.txt"]);
    assert_eq!(unchanged.stderr, "");
    assert_eq!(world.keys(), ["x/a.txt"]);
}

#[test]
fn filters_match_the_names_of_single_files() {
    let world = World::new();
    for name in ["s/a.txt", "s/b.log"] {
        world.write(name, name);
    }
    let target = address("x/");
    let without_logs = ["--exclude", "*.log"];
    world.ok(&[&["mv", "s/a.txt", "s/b.log", &target], &without_logs[..]].concat());
    assert_eq!(world.keys(), ["x/a.txt"]);
    assert_eq!(world.files("s"), ["b.log"]);
    world.put("x/c.log", "1");
    let (a, c) = (address("x/a.txt"), address("x/c.log"));
    world.ok(&[&["cp", &a, &c, "out/"], &without_logs[..]].concat());
    assert_eq!(world.files("out"), ["a.txt"]);
    world
        .run(&["cp", "s/b.log", &target, "--exclude", "["])
        .exits(2);
    // Standard input has no name.
    let copy = ["cp", "-", &address("x/d.log"), "--exclude", "*.log"];
    world.run_with_input(&copy, b"1").exits(0);
    assert!(world.keys().contains(&"x/d.log".to_owned()));
}

#[test]
fn operands_and_filters_have_the_same_patterns() {
    let world = World::new();
    for name in ["a.jpg", "b1.jpg", "c*.jpg", "sub/d.jpg", "e.txt"] {
        world.write(&format!("f/{name}"), "1");
    }
    for (glob, expected) in [
        ("**.jpg", "a.jpg b1.jpg c*.jpg"),
        ("[^ab]*.jpg", "c*.jpg"),
        ("[!ab]*.jpg", "c*.jpg"),
        (r"c\*.*", "c*.jpg"),
        ("{a,b?}.jpg", "a.jpg b1.jpg"),
        ("**/*.jpg", "a.jpg b1.jpg c*.jpg sub/d.jpg"),
    ] {
        world.ok(&["cp", "-q", &format!("f/{glob}"), &address("operand/")]);
        let filter = format!("/{glob}");
        world.ok(&[
            "cp",
            "-r",
            "-q",
            "f",
            &address("filter"),
            "--include",
            &filter,
        ]);
        for target in ["operand/", "filter/"] {
            let keys = world.keys().into_iter();
            let found = keys.filter_map(|key| Some(key.strip_prefix(target)?.to_owned()));
            assert_eq!(found.collect::<Vec<_>>().join(" "), expected, "{glob}");
            world.ok(&["rm", "-r", "--yes", "-q", &address(target)]);
        }
    }
}

#[test]
fn patterns_can_have_many_alternatives() {
    let world = World::new();
    let pattern = "{a,b}".repeat(12) + ".txt";
    for name in ["abababababab.txt", "ccabababababab.txt", "abababababac.txt"] {
        world.write(&format!("in/{name}"), name);
    }
    world.ok(&["cp", &format!("in/{pattern}"), &address("x/")]);
    assert_eq!(world.keys(), ["x/abababababab.txt"]);
    world.ok(&["cp", &address(&format!("x/{pattern}")), "out/"]);
    assert_eq!(world.files("out"), ["abababababab.txt"]);
}

#[test]
fn filters_that_compare_nothing_are_reported() {
    let world = World::new();
    world.write("in/a", "1");
    let target = address("x");
    world.ok(&["sync", "in", &target]);
    let nothing = world.ok(&["check", "--exclude", "*", "in", &target]);
    let text = "warning: --include and --exclude leave nothing to do\n";
    assert_eq!(nothing.stderr, text);
    assert_eq!(nothing.stdout, "equal files: 0\n");
    let some = world.ok(&["check", "--include", "a", "in", &target]);
    assert_eq!((&*some.stdout, &*some.stderr), ("equal files: 1\n", ""));
    // No name can match, so the filter would protect nothing.
    for option in ["--include", "--exclude"] {
        let run = world.run(&["sync", option, "[z-a]", "in", &target]);
        let text = "invalid pattern `[z-a]`: a range in brackets is reversed";
        assert!(run.exits(2).stderr.contains(text));
    }
}
