//! Buckets, lists, properties, deletions, uploads.

use std::process::Command;

use crate::world::{BUCKET, BUCKET_ADDRESS, World, address};

#[test]
fn buckets_are_created_listed_and_deleted() {
    let world = World::new();
    world.ok(&["mb", "--zone", "pek3a", "qs://second-bucket"]);
    let listed = world.ok(&["ls", "-l"]);
    assert!(
        listed.stdout.contains("pek3a") && listed.stdout.contains("qs://second-bucket"),
        "{listed:?}"
    );
    let objects = world.ok(&["ls", "--json"]).objects();
    assert_eq!(objects.len(), 2);
    world.put("a", "content");
    let full = world.run(&["rb", BUCKET_ADDRESS]).exits(1);
    assert!(
        full.stderr.contains("bucket_not_empty") && full.stderr.contains("request id"),
        "{full:?}"
    );
    world.run(&["rb", "--force", BUCKET_ADDRESS]).exits(2);
    world.ok(&["rb", "--force", "--yes", BUCKET_ADDRESS, "second-bucket"]);
    assert_eq!(world.ok(&["ls"]).stdout, "");
    world.run(&["ls", "qs://no-such-bucket"]).exits(1);
}

#[test]
fn a_bucket_with_versions_and_uploads_is_deleted_by_force() {
    let world = World::new();
    world.enable_versions();
    world.put("a", "1");
    world.put("a", "2");
    world.ok(&["rm", &address("a")]);
    world.start_upload("big");
    let versions = world.versions();
    assert_eq!(versions.len(), 3, "{versions:?}");
    world.ok(&["rb", "--force", "--yes", BUCKET]);
    assert_eq!(world.ok(&["ls"]).stdout, "");
}

#[test]
fn lists_have_folders_columns_and_sums() {
    let world = World::new();
    for key in ["a.txt", "logs/1.gz", "logs/2.gz", "logs/old/3.gz", "z"] {
        world.put(key, "12345");
    }
    let root = BUCKET_ADDRESS;
    assert_eq!(world.ok(&["ls", root]).lines(), ["a.txt", "logs/", "z"]);
    let all = ["a.txt", "logs/1.gz", "logs/2.gz", "logs/old/3.gz", "z"];
    assert_eq!(world.ok(&["ls", "-R", root]).lines(), all);
    assert_eq!(
        world.ok(&["ls", &address("logs/")]).lines(),
        ["logs/1.gz", "logs/2.gz", "logs/old/"]
    );
    assert_eq!(
        world.ok(&["ls", &address("logs/*.gz")]).lines(),
        ["logs/1.gz", "logs/2.gz"]
    );
    assert_eq!(world.ok(&["ls", &address("**/*.gz")]).lines().len(), 3);
    let long = world
        .ok(&["ls", "-l", "-H", "--summarize", "-R", root])
        .stdout;
    assert!(
        long.contains("5 B") && long.contains("STANDARD") && long.ends_with("5 objects, 25 B\n"),
        "{long}"
    );
    let sum = world
        .ok(&["ls", "--json", "--summarize", "-R", root])
        .objects()
        .pop()
        .unwrap();
    assert_eq!(sum, serde_json::json!({"objects": 5, "bytes": 25}));
    world.run(&["ls", &address("nothing")]).exits(1);
    world.run(&["ls", "--raw", &address("*.gz")]).exits(1);
    world.run(&["ls", "local/path"]).exits(2);

    let sizes = world
        .ok(&["du", root, &address("logs"), &address("logs/*.gz")])
        .stdout;
    let numbers: Vec<_> = sizes
        .lines()
        .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>())
        .collect();
    assert_eq!(numbers, [["25", "5"], ["15", "3"], ["10", "2"]]);
    assert!(world.ok(&["du", "-H", root]).stdout.contains("25 B"));
}

#[test]
fn finds_by_name_age_and_size() {
    let world = World::new();
    for (key, content) in [("a.log", "1"), ("b/c.log", "123456"), ("b/d.txt", "123456")] {
        world.put(key, content);
    }
    let root = BUCKET_ADDRESS;
    let find = |arguments: &[&str]| {
        let run = world.ok(&[&["find", root], arguments].concat());
        run.lines()
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        find(&["--name", "*.log"]),
        [address("a.log"), address("b/c.log")]
    );
    assert_eq!(
        find(&["--name", "*.log", "--larger", "3"]),
        [address("b/c.log")]
    );
    assert_eq!(find(&["--smaller", "3"]), [address("a.log")]);
    assert_eq!(find(&["--older-than", "1d"]), [""; 0]);
    assert_eq!(find(&["--newer-than", "1d"]).len(), 3);
    let objects = world.ok(&["find", &address("b"), "--json"]).objects();
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[0]["bucket"], BUCKET);
    let found = world.ok(&["find", "-l", "-H", root]).stdout;
    assert!(
        found.contains("STANDARD") && found.contains("6 B"),
        "{found}"
    );
    world.run(&["find", root, "--name", "["]).exits(2);
    for command in ["find", "du", "ls"] {
        let missing = world.run(&[command, &address("missing")]).exits(1);
        assert!(missing.stderr.contains("nothing matches"), "{missing:?}");
        let bucket = world.run(&[command, "qs://no-such-bucket"]).exits(1);
        let text = "the bucket no-such-bucket does not exist";
        assert!(bucket.stderr.contains(text), "{bucket:?}");
    }
    world.run(&["find", root, "--older-than", "soon"]).exits(2);
}

#[test]
fn shows_the_properties_of_objects_and_buckets() {
    let world = World::new();
    world.write("a.bin", "123");
    world.ok(&[
        "cp",
        "a.bin",
        &address("a"),
        "--content-type",
        "text/x-test",
        "--meta",
        "color=blue",
    ]);
    let text = world.ok(&["stat", &address("a")]).stdout;
    assert!(
        text.contains("text/x-test") && text.contains("metadata.color") && text.contains("blue"),
        "{text}"
    );
    let object = world.properties(&address("a"));
    assert_eq!(object["content_length"], 3);
    assert_eq!(object["metadata"]["color"], "blue");
    let bucket = world.ok(&["stat", BUCKET_ADDRESS]).stdout;
    assert!(bucket.contains("pek3a"), "{bucket}");
    let both = world
        .run(&["stat", &address("none"), &address("a")])
        .exits(1);
    assert!(
        both.stdout.contains("text/x-test") && both.stderr.contains("none"),
        "{both:?}"
    );
}

#[test]
fn deletes_objects_folders_and_patterns() {
    let world = World::new();
    let keys = [
        "foo",
        "foo/1",
        "foo/2/3",
        "foo2",
        "logs/a.tmp",
        "logs/b.txt",
    ];
    for key in keys {
        world.put(key, "x");
    }
    world.run(&["rm", "-r", &address("foo")]).exits(2);
    let dry = world.ok(&["rm", "-r", "--dry-run", &address("foo")]);
    assert_eq!(world.keys(), keys);
    let done = world.ok(&["rm", "-r", "--yes", &address("foo")]);
    assert_eq!(done.lines(), dry.lines());
    assert_eq!(world.keys(), ["foo2", "logs/a.tmp", "logs/b.txt"]);
    world.run(&["rm", "-r", "--yes", &address("none")]).exits(1);
    world.ok(&["rm", "--yes", &address("logs/*.tmp")]);
    world.ok(&["rm", &address("foo2")]);
    assert_eq!(world.keys(), ["logs/b.txt"]);
    world.run(&["rm", BUCKET_ADDRESS]).exits(2);
    world.run(&["rm", "some/file"]).exits(2);
}

#[test]
fn deletes_all_versions() {
    let world = World::new();
    world.enable_versions();
    for (key, content) in [("a", "1"), ("a", "2"), ("ab", "3")] {
        world.put(key, content);
    }
    world.run(&["rm", "--versions", &address("a")]).exits(2);
    let deleted = world
        .ok(&["rm", "--versions", "--yes", "--json", &address("a")])
        .objects();
    assert_eq!(deleted.len(), 2, "{deleted:?}");
    let left = world.versions();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn lists_and_aborts_unfinished_uploads() {
    let world = World::new();
    let root = BUCKET_ADDRESS;
    for key in ["a", "b/c", "b2"] {
        world.start_upload(key);
    }
    assert_eq!(world.ok(&["uploads", "ls", root]).lines().len(), 3);
    assert_eq!(world.ok(&["uploads", "ls", &address("b")]).lines().len(), 1);
    assert_eq!(
        world.ok(&["uploads", "ls", &address("b*")]).lines().len(),
        1
    );
    assert_eq!(
        world
            .ok(&["uploads", "ls", "--older-than", "1d", root])
            .lines()
            .len(),
        0
    );
    world.ok(&["uploads", "abort", "--older-than", "1d", "--yes", root]);
    world.ok(&["uploads", "abort", "--dry-run", root]);
    world.run(&["uploads", "abort", root]).exits(2);
    assert_eq!(
        world
            .ok(&["uploads", "abort", "--yes", &address("b")])
            .lines()
            .len(),
        1
    );
    let left = world.ok(&["uploads", "ls", "--json", root]).objects();
    let keys: Vec<_> = left.iter().map(|upload| &upload["key"]).collect();
    assert_eq!(keys, ["a", "b2"], "not those that only start with the name");
}

#[test]
fn presigned_commands_of_curl_work() {
    let world = World::new();
    world.put("a b'c.txt", "content");
    world.write("FILE", "new content");
    let curl = |arguments: &[&str]| {
        let run = world
            .ok(&[&["presign", "--json"], arguments].concat())
            .objects()
            .remove(0);
        let command = run["curl"]
            .as_str()
            .unwrap()
            .replace("curl ", "curl --silent --fail ");
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(world.path(""))
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("curl is not installed");
        return;
    }
    assert_eq!(curl(&[&address("a b'c.txt")]), "content");
    curl(&[
        "--method",
        "PUT",
        "--content-type",
        "text/x-test",
        &address("new"),
    ]);
    assert_eq!(world.get("new"), "new content");
    assert!(curl(&["--method", "HEAD", &address("new")]).contains("text/x-test"));
    curl(&["--method", "delete", &address("new")]);
    assert_eq!(world.keys(), ["a b'c.txt"]);
    for quiet in [&[][..], &["--quiet"]] {
        let url = world.ok(&[&["presign", "--expires", "10m", &address("k")], quiet].concat());
        assert_eq!(url.stdout.lines().count(), 1, "{url:?}");
        assert!(url.stdout.starts_with("http://"), "{url:?}");
    }
    let command = world.ok(&["presign", "--curl", &address("k")]).stdout;
    assert!(command.starts_with("curl 'http://"), "{command}");
    assert_eq!(command.lines().count(), 1, "{command}");
    world
        .run(&["presign", "--content-type", "a/b", &address("k")])
        .exits(2);
    world.run(&["presign", BUCKET_ADDRESS]).exits(2);
}
