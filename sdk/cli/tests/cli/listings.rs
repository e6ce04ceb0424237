//! Lists for people and for scripts.

use crate::world::{BUCKET_ADDRESS, World, address, finished};

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

#[test]
fn a_preview_with_a_pattern_shows_what_rm_deletes() {
    let world = World::new();
    for key in ["many/1", "many/sub/2", "manx1", "other/many/3", "x/man"] {
        world.put(key, "12");
    }
    for (pattern, keys) in [
        ("man*", &["manx1", "many/1", "many/sub/2"][..]),
        ("m*/", &["many/1", "many/sub/2"]),
        ("*/many", &["other/many/3"]),
    ] {
        let operand = address(pattern);
        let deleted = world.ok(&["rm", "-r", "--dry-run", &operand]);
        let addresses: Vec<_> = keys.iter().map(|key| address(key)).collect();
        let expected: Vec<_> = addresses
            .iter()
            .map(|key| format!("delete {key}"))
            .collect();
        assert_eq!(deleted.lines(), expected, "{pattern}");
        assert_eq!(world.ok(&["ls", "-R", &operand]).lines(), keys, "{pattern}");
        assert_eq!(
            world.ok(&["find", &operand]).lines(),
            addresses,
            "{pattern}"
        );
        let size = &world.ok(&["du", "--json", &operand]).objects()[0];
        assert_eq!(size["objects"], keys.len(), "{pattern}");
        assert_eq!(size["bytes"], 2 * keys.len(), "{pattern}");
    }
}

#[test]
fn folders_that_match_are_listed_once() {
    let world = World::new();
    for key in [
        "many/1",
        "many/2",
        "manx",
        "other/many/3",
        "other/deep/er/4",
    ] {
        world.put(key, "");
    }
    world.put_marker("man-empty/");
    for (pattern, expected) in [
        ("*", &["man-empty/", "manx", "many/", "other/"][..]),
        ("man*", &["man-empty/", "manx", "many/"]),
        ("m*/", &["man-empty/", "many/"]),
        ("[m]*/", &["man-empty/", "many/"]),
        ("o*/*", &["other/deep/", "other/many/"]),
        ("other/*", &["other/deep/", "other/many/"]),
        ("**/e*", &["other/deep/er/"]),
    ] {
        let operand = address(pattern);
        assert_eq!(world.ok(&["ls", &operand]).lines(), expected, "{pattern}");
    }
    world.run(&["ls", &address("man?")]).exits(0);
    world.run(&["ls", &address("q*")]).exits(1);
    world.enable_versions();
    let versions = world.ok(&["ls", "--versions", "--json", &address("[m]*")]);
    let folders = versions.objects();
    assert_eq!(
        folders
            .iter()
            .filter(|entry| entry["prefix"].is_string())
            .count(),
        2
    );
    let listed = &world.ok(&["ls", "--json", &address("man?/")]).objects()[0];
    assert_eq!(listed["prefix"], "many/");
}

/// Programs read the same field in the same form from every command.
#[test]
fn json_fields_have_one_form() {
    let world = World::new();
    world.enable_versions();
    world.put("a", "1");
    world.start_upload("u");
    let one = |arguments: &[&str]| {
        let run = world.ok(&[arguments, &["--json"]].concat());
        run.objects().remove(0)
    };
    let object = address("a");
    let version = one(&["ls", "--versions", &object]);
    let version_id = version["version_id"].as_str().unwrap();
    let properties = one(&["stat", &object]);
    for listed in [
        one(&["ls", &object]),
        one(&["find", &object]),
        version.clone(),
    ] {
        for field in ["modified", "created"] {
            let time = listed[field].as_str().unwrap();
            let parts = time.split(['-', 'T', ':', '.', 'Z']);
            assert!(parts.count() >= 7 && time.ends_with('Z'), "{listed}");
        }
        assert_eq!(listed["etag"], properties["etag"]);
        assert_eq!(listed["modified"], properties["last_modified"]);
    }
    assert_eq!(properties["version_id"], version_id);
    let upload = one(&["uploads", "ls", BUCKET_ADDRESS]);
    let aborted = one(&["uploads", "abort", "--yes", BUCKET_ADDRESS]);
    assert_eq!(aborted["upload_id"], upload["upload_id"]);
    assert_eq!(aborted["reason"], serde_json::Value::Null);
    let deleted = one(&["rm", "--versions", "--yes", &object]);
    assert_eq!(deleted["version_id"], version_id);
    assert_eq!(deleted["reason"], serde_json::Value::Null);
}

#[test]
fn lists_need_few_requests() {
    let world = World::new();
    for number in 0..250 {
        world.write(&format!("many/foo-{number}"), "1");
    }
    world.write("many/foo/a", "1");
    world.ok(&["cp", "-r", "many", BUCKET_ADDRESS]);
    let foo = address("foo");
    let lists_of = |arguments: &[&str]| {
        let before = world.served("ListObjects");
        let run = world.ok(arguments);
        (world.served("ListObjects") - before, run.lines().len())
    };
    for (arguments, expected) in [
        (&["ls", BUCKET_ADDRESS][..], (1, 251)),
        (&["ls", "-R", BUCKET_ADDRESS], (1, 251)),
        (&["find", BUCKET_ADDRESS], (1, 251)),
        (&["du", BUCKET_ADDRESS], (1, 1)),
        (&["find", &foo], (1, 1)),
        (&["du", &foo], (1, 1)),
        (&["rm", "-r", "--dry-run", &foo], (1, 1)),
        (&["rm", "--dry-run", &address("foo-*")], (1, 250)),
    ] {
        assert_eq!(lists_of(arguments), expected, "{arguments:?}");
    }
    // An object with the name of the folder is found, also without the right to read it.
    world.put("foo", "12");
    for fault in [
        &[][..],
        &["operation=HeadObject,status=403,code=permission_denied"],
    ] {
        world.faults(fault);
        let du = world.ok(&["du", "--json", &foo]).objects().remove(0);
        assert_eq!(
            du["objects"].as_u64().zip(du["bytes"].as_u64()),
            Some((2, 3))
        );
        let run = world.ok(&["rm", "-r", "--dry-run", &foo]);
        assert_eq!(run.lines().len(), 2, "{run:?}");
    }
}

/// Such as a cache that ignores the query.
#[test]
fn lists_with_keys_outside_of_their_prefix_are_errors() {
    use std::io::{Read as _, Write as _};

    let world = World::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in server.incoming() {
            let mut connection = connection.unwrap();
            let mut head = [0; 4096];
            let len = connection.read(&mut head).unwrap_or_default();
            let (status, body) = match &head[..len] {
                head if head.starts_with(b"GET ") => (
                    "200 OK",
                    r#"{"keys":[{"key":"p/a"},{"key":"other"}],"common_prefixes":[]}"#,
                ),
                head if head.starts_with(b"HEAD ") => ("404 Not Found", ""),
                _ => ("500 Internal Server Error", ""),
            };
            let response = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = connection.write_all(response.as_bytes());
        }
    });
    let folder = address("p/");
    for arguments in [
        &["rm", "-r", "--yes", &folder][..],
        &["find", &folder],
        &["du", &folder],
        &["ls", &folder],
    ] {
        let mut command = world.command(arguments);
        command.env("QINGSTOR_ENDPOINT", &endpoint);
        let run = finished(command.spawn().unwrap()).exits(1);
        assert!(run.stderr.contains("does not have the prefix"), "{run:?}");
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}
