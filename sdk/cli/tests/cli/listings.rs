//! Lists for people and for scripts.

use crate::world::{BUCKET_ADDRESS, World, address};

/// Keys that differ only in how a line can show them, and the same with other special characters.
const LINE_FEED: &str = "a\nb";
const BACKSLASH: &str = r"a\nb";
const TAB: &str = "t\tb";

fn world_with_special_keys() -> World {
    let world = World::new();
    for key in [LINE_FEED, BACKSLASH, TAB] {
        world.put(key, "");
    }
    world
}

/// A script must never read the name of another object.
#[test]
fn lists_for_scripts_contain_the_keys_themselves() {
    let world = world_with_special_keys();
    for (command, prefix) in [("ls", ""), ("find", "qs://cli-test/")] {
        let lines = world.run(&[command, BUCKET_ADDRESS]).exits(1);
        let expected = [BACKSLASH, TAB].map(|key| format!("{prefix}{key}"));
        assert_eq!(lines.lines(), expected);
        assert!(lines.stderr.contains("line feed"), "{lines:?}");
        let run = world.ok(&[command, "-0", BUCKET_ADDRESS]);
        let mut keys: Vec<_> = run.stdout.split_terminator('\0').collect();
        keys.sort_unstable();
        let expected = [LINE_FEED, BACKSLASH, TAB].map(|key| format!("{prefix}{key}"));
        assert_eq!(keys, expected);
        world
            .run(&[command, "-0", "--json", BUCKET_ADDRESS])
            .exits(2);
    }
    world.start_upload(LINE_FEED);
    world.start_upload(TAB);
    let run = world.run(&["uploads", "ls", BUCKET_ADDRESS]).exits(1);
    assert_eq!(run.lines().len(), 1, "{run:?}");
    assert!(run.stdout.ends_with("qs://cli-test/t\tb\n"), "{run:?}");
    let sizes = world.run(&["--raw", "du", &address(LINE_FEED), &address(TAB)]);
    let sizes = sizes.exits(1);
    assert!(
        sizes.stdout.ends_with("  qs://cli-test/t\tb\n"),
        "{sizes:?}"
    );
    assert_eq!(world.ok(&["ls", "-0"]).stdout, "qs://cli-test\0");
}

#[test]
fn reports_quote_names_with_control_characters() {
    let world = world_with_special_keys();
    let run = world.ok(&["rm", "-r", "--yes", BUCKET_ADDRESS]);
    let expected = [
        r"delete $'qs://cli-test/a\nb'",
        r"delete $'qs://cli-test/t\tb'",
        r"delete qs://cli-test/a\nb",
    ];
    assert_eq!(run.lines(), expected);
}
