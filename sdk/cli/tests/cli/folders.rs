//! `cp -r`, `mv -r`, `sync`, `check`.

use std::collections::BTreeSet;

use crate::world::{BUCKET_ADDRESS, World, address, tree};

fn files(world: &World, folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = tree(&world.path(folder));
    files.retain(|(name, _)| !name.ends_with('/'));
    files
}

#[test]
fn copies_folders_up_down_and_within_the_service() {
    let world = World::new();
    for name in ["in/a.txt", "in/sub/b.log", "in/sub/c.txt"] {
        world.write(name, name);
    }
    let dry = world.ok(&["cp", "-r", "--dry-run", "in", &address("x")]);
    assert_eq!(world.keys(), [""; 0]);
    let done = world.ok(&["cp", "-r", "in", &address("x")]);
    assert_eq!(dry.lines(), done.lines());
    assert_eq!(world.keys(), ["x/a.txt", "x/sub/b.log", "x/sub/c.txt"]);
    world.ok(&["cp", "-r", &address("x"), &address("y/")]);
    world.ok(&["cp", "-r", &address("y"), "out"]);
    assert_eq!(files(&world, "in"), files(&world, "out"));
    world.ok(&["cp", "-r", "in", "out", &address("both")]);
    assert!(
        world.keys().contains(&"both/in/a.txt".to_owned())
            && world.keys().contains(&"both/out/a.txt".to_owned())
    );
    let json = world
        .ok(&["cp", "-r", "--json", "in", &address("j")])
        .objects();
    assert!(
        json.iter().all(|action| action["action"] == "upload"),
        "{json:?}"
    );
    world.ok(&[
        "cp",
        "-r",
        "in",
        &address("f"),
        "--exclude",
        "**/*.log",
        "--include",
        "**/b.log",
    ]);
    assert!(world.keys().contains(&"f/sub/b.log".to_owned()));
    world.ok(&["cp", "-r", "in", &address("g"), "--include", "**/*.log"]);
    let selected: Vec<_> = world
        .keys()
        .into_iter()
        .filter(|key| key.starts_with("g/"))
        .collect();
    assert_eq!(selected, ["g/sub/b.log"]);
    world
        .run(&["cp", "-r", "in", &address("g"), "--include", "["])
        .exits(2);
}

#[test]
fn moves_folders() {
    let world = World::new();
    world.write("in/a.txt", "a");
    world.write("in/sub/b.txt", "b");
    world.ok(&["mv", "-r", "in", &address("x")]);
    assert!(!world.path("in").exists());
    world.ok(&["mv", "-r", &address("x"), &address("y")]);
    assert_eq!(world.keys(), ["y/a.txt", "y/sub/b.txt"]);
    world.faults(&["operation=GetObject,key=y/a.txt,status=403,code=permission_denied"]);
    world.run(&["mv", "-r", &address("y"), "out"]).exits(1);
    assert_eq!(world.keys(), ["y/a.txt"]);
    assert_eq!(world.read("out/sub/b.txt"), b"b");
    world.faults(&[]);
    // A move onto itself, or into itself, would delete what it has written.
    for (source, target) in [("y", "y"), ("y/", "y"), ("y", "y/z"), ("y/z", "y")] {
        world
            .run(&["mv", "-r", &address(source), &address(target)])
            .exits(2);
    }
    world.run(&["mv", &address("y/*"), &address("y/")]).exits(2);
    world
        .run(&["mv", &address("y/a.txt"), &address("y/a.txt")])
        .exits(1);
    assert_eq!(world.keys(), ["y/a.txt"]);
}

#[test]
fn a_recursive_copy_of_an_object_copies_it() {
    let world = World::new();
    world.put("foo", "1");
    world.ok(&["cp", "-r", &address("foo"), "foo"]);
    assert_eq!(world.read("foo"), b"1");
    world.run(&["cp", "-r", &address("none"), "none"]).exits(1);
}

#[test]
fn options_of_sync_select_what_is_changed() {
    let world = World::new();
    world.write("in/a", "1");
    world.write("in/b", "2");
    let target = address("x");
    world.ok(&["sync", "in", &target]);
    assert_eq!(world.ok(&["sync", "in", &target]).stdout, "");
    let unchanged = world.ok(&["sync", "--json", "in", &target]).objects();
    assert!(
        unchanged.iter().all(|action| action["action"] == "skip"),
        "{unchanged:?}"
    );
    world.put("x/extra", "e");
    let dry = world.ok(&["sync", "--delete", "--dry-run", "in", &target]);
    assert_eq!(dry.lines(), [format!("delete {}", address("x/extra"))]);
    world
        .run(&["sync", "--delete", "--max-delete", "0", "in", &target])
        .exits(1);
    assert!(world.keys().contains(&"x/extra".to_owned()));
    assert_eq!(
        world.ok(&["sync", "--delete", "in", &target]).lines(),
        dry.lines()
    );
    assert_eq!(world.keys(), ["x/a", "x/b"]);

    // The same size, another content, an older time.
    world.write("in/a", "9");
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    std::fs::File::options()
        .write(true)
        .open(world.path("in/a"))
        .unwrap()
        .set_modified(old)
        .unwrap();
    assert_eq!(world.ok(&["sync", "--size-only", "in", &target]).stdout, "");
    assert_eq!(
        world
            .ok(&["sync", "--checksum", "in", &target])
            .lines()
            .len(),
        1
    );
    assert_eq!(world.get("x/a"), "9");

    // Down, with `--update`: a file that is newer than the object stays.
    world.ok(&["sync", &target, "out"]);
    world.write("out/a", "newer");
    world.ok(&["sync", "--update", &target, "out"]);
    assert_eq!(world.read("out/a"), b"newer");
    world.ok(&["sync", &target, "out"]);
    assert_eq!(world.read("out/a"), b"9");
    world.ok(&["sync", &target, &address("y")]);
    assert!(world.keys().contains(&"y/a".to_owned()));
    world.run(&["sync", "in", "out"]).exits(2);
    world.run(&["sync", "in/a", &target]).exits(2);
    world.run(&["sync", "-", &target]).exits(2);
    world
        .run(&["sync", "--max-delete", "1", "in", &target])
        .exits(2);
}

/// Keys that are allowed, but unusual.
fn hard_keys() -> Vec<String> {
    let names = [
        "plain",
        " leading",
        "trailing ",
        "a b",
        "a+b",
        "a%20b",
        "a%",
        "100%25",
        "a?b",
        "a#b",
        "a&b=c",
        "a;b",
        "a,b",
        "a'b",
        "a\"b",
        "a`b",
        "a$b",
        "a!b",
        "a*b",
        "a[b]",
        "a{b}",
        "a|b",
        "a\\b",
        "a^b",
        "a~b",
        "a@b",
        "a:b",
        "a<b>",
        "-dash",
        "--flag",
        ".hidden",
        "...",
        "a..b",
        "文件",
        "ﬁle",
        "e\u{301}",
        "é",
        "🦀",
        "\u{200b}",
        "a\tb",
        "a\nb",
        "deep/er/and/deeper",
        "a.tar.gz",
        "UPPER",
        "0",
    ];
    names.iter().map(|name| format!("keys/{name}")).collect()
}

#[test]
fn hard_keys_go_up_and_down_unchanged() {
    let world = World::new();
    let keys: BTreeSet<_> = hard_keys().into_iter().collect();
    assert!(keys.len() >= 40);
    for key in &keys {
        world.write(&format!("up/{key}"), key);
    }
    world.ok(&["cp", "-r", "up", BUCKET_ADDRESS]);
    assert_eq!(world.keys().into_iter().collect::<BTreeSet<_>>(), keys);
    world.ok(&["cp", "-r", BUCKET_ADDRESS, "down"]);
    assert_eq!(tree(&world.path("up")), tree(&world.path("down")));
    for key in &keys {
        let target = address(&format!("one/{key}"));
        world.ok(&["--raw", "cp", &format!("up/{key}"), &target]);
        world.ok(&["--raw", "cp", &target, "one"]);
        assert_eq!(world.read("one"), key.as_bytes(), "{key}");
        world.ok(&["--raw", "rm", &target]);
    }
    world.ok(&["rm", "-r", "--yes", &address("keys")]);
    assert_eq!(world.keys(), [""; 0]);
}

/// Edits two trees at random and syncs them: afterwards they are equal, and what is outside is
/// unchanged.
#[test]
fn sync_makes_random_trees_equal() {
    let world = World::new();
    let mut random = fastrand::Rng::with_seed(7);
    world.put("outside", "stays");
    world.write("outside", "stays");
    let name = |random: &mut fastrand::Rng| {
        let depth = random.usize(1..4);
        let parts: Vec<_> = (0..depth)
            .map(|_| ["a", "b", "c", "d e"][random.usize(0..4)])
            .collect();
        format!("{}.{}", parts.join("/"), random.u8(0..3))
    };
    let target = address("t");
    for round in 0..12 {
        for _ in 0..random.usize(1..12) {
            let name = name(&mut random);
            match random.u8(0..4) {
                0 => {
                    let _ = std::fs::remove_file(world.path(&format!("tree/{name}")));
                }
                // Contents have different sizes, so that no change depends on the resolution of times.
                1 => world.put(&format!("t/{name}"), &"y".repeat(random.usize(0..50))),
                _ => world.write(
                    &format!("tree/{name}"),
                    "x".repeat(50 + random.usize(0..50)),
                ),
            }
        }
        std::fs::create_dir_all(world.path("tree")).unwrap();
        let (source, sink) = if round % 2 == 0 {
            ("tree", &*target)
        } else {
            (&*target, "tree")
        };
        world.ok(&[
            "sync",
            "--delete",
            "--max-delete",
            "1000",
            "--checksum",
            source,
            sink,
        ]);
        world.ok(&["cp", "-r", &target, "copy"]);
        assert_eq!(
            files(&world, "tree"),
            files(&world, "copy"),
            "round {round}"
        );
        let _ = std::fs::remove_dir_all(world.path("copy"));
        assert_eq!(world.get("outside"), "stays");
        assert_eq!(world.read("outside"), b"stays");
    }
}

#[test]
fn ten_thousand_files_go_up_down_and_away() {
    let world = World::new();
    for number in 0..10_000 {
        world.write(&format!("many/{}/{number}", number % 100), "x");
    }
    let target = address("many");
    world.ok(&["cp", "-r", "--quiet", "many", &target]);
    assert_eq!(world.ok(&["sync", "many", &target]).stdout, "");
    world.ok(&["sync", "--quiet", &target, "down"]);
    assert!(tree(&world.path("many")) == tree(&world.path("down")));
    assert_eq!(world.ok(&["sync", &target, "down"]).stdout, "");
    assert!(
        world
            .ok(&["ls", "--summarize", "-R", &target])
            .stdout
            .ends_with("10000 objects, 10000 bytes\n")
    );
    assert_eq!(
        world
            .ok(&["rm", "-r", "--yes", &target])
            .stdout
            .lines()
            .count(),
        10_000
    );
    assert_eq!(world.keys(), [""; 0]);
}
