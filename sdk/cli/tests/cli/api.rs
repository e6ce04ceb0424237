//! `qingstor api`: the commands that are generated from the specification.

use qingstor_emulator::OPERATIONS;
use serde_json::json;

use crate::world::{BUCKET, World, address, api_put};

#[test]
fn every_operation_has_a_command_with_help() {
    let world = World::new();
    let help = world.ok(&["api", "--help"]).stdout;
    for operation in OPERATIONS {
        assert!(help.contains(operation), "{operation}");
    }
    for operation in ["PutObject", "PutBucketCORS", "ListObjects"] {
        let help = world.ok(&["api", operation, "--help"]).stdout;
        assert!(
            help.contains("--bucket") && help.contains("https://docs.qingcloud.com"),
            "{help}"
        );
    }
    let limit = world.ok(&["api", "ListObjects", "-h"]).stdout;
    assert!(
        limit.contains("--limit <NUMBER>") && limit.contains("--prefix <TEXT>"),
        "{limit}"
    );
    world.run(&["api"]).exits(2);
    world.run(&["api", "NoSuchOperation"]).exits(2);
}

#[test]
fn streams_come_from_files_and_go_to_files() {
    let world = World::new();
    world.write("a.txt", "content");
    let properties = [
        "--content-type",
        "text/x-a",
        "--metadata",
        "a=1",
        "--metadata",
        "b=2",
    ];
    let put = [&api_put("k", "a.txt")[..], &properties].concat();
    let output = world
        .ok(&[&put[..], &["--json"]].concat())
        .objects()
        .remove(0);
    assert_eq!(
        (&output["status"], output["request_id"].is_string()),
        (&json!(201), true)
    );
    world.ok(&[
        "api",
        "get-object",
        "--bucket",
        BUCKET,
        "--key",
        "k",
        "--output",
        "b.txt",
    ]);
    assert_eq!(world.read("b.txt"), b"content");
    let get = [
        "api",
        "GetObject",
        "--bucket",
        BUCKET,
        "--key",
        "k",
        "--range",
        "bytes=0-2",
    ];
    assert_eq!(world.ok(&get).stdout, "con");
    let head = world
        .ok(&[
            "api",
            "HeadObject",
            "--bucket",
            BUCKET,
            "--key",
            "k",
            "--json",
        ])
        .objects()
        .remove(0);
    assert_eq!(head["metadata"], json!({"a": "1", "b": "2"}));
    assert_eq!(head["content_type"], "text/x-a");
    let append = [
        "api",
        "AppendObject",
        "--bucket",
        BUCKET,
        "--key",
        "log",
        "--position",
        "0",
        "--body",
        "-",
    ];
    world.run_with_input(&append, b"first").exits(0);
    assert_eq!(world.get("log"), "first");
    let form = [
        "api",
        "PostObject",
        "--bucket",
        BUCKET,
        "--key",
        "form",
        "--file",
        "a.txt",
    ];
    world.ok(&form);
    assert_eq!(world.get("form"), "content");
}

#[test]
fn json_bodies_come_from_flags_and_files() {
    let world = World::new();
    let rules = r#"[{"allowed_origin":"https://a.example","allowed_methods":["GET"]}]"#;
    let put = ["api", "PutBucketCORS", "--bucket", BUCKET];
    world.run(&put).exits(2);
    world.ok(&[&put[..], &["--cors-rules", rules]].concat());
    let get = || {
        world
            .ok(&["api", "GetBucketCORS", "--bucket", BUCKET, "--json"])
            .objects()
            .remove(0)
    };
    assert_eq!(
        get()["cors_rules"][0]["allowed_origin"],
        "https://a.example"
    );
    world.write("cors.json", json!({"cors_rules": [{"allowed_origin": "https://b.example", "allowed_methods": ["PUT"]}]}).to_string());
    world.ok(&[&put[..], &["--body", "@cors.json"]].concat());
    assert_eq!(
        get()["cors_rules"][0]["allowed_origin"],
        "https://b.example"
    );
    world.write("rules.json", rules);
    world.ok(&[
        &put[..],
        &["--body", "@cors.json", "--cors-rules", "@rules.json"],
    ]
    .concat());
    assert_eq!(
        get()["cors_rules"][0]["allowed_origin"],
        "https://a.example"
    );
    for wrong in ["@missing.json", "[]", "{"] {
        let run = world.run(&[&put[..], &["--body", wrong]].concat()).exits(2);
        assert!(run.stderr.contains("--body"), "{run:?}");
    }
}

#[test]
fn wrong_values_are_usage_errors() {
    let world = World::new();
    for (arguments, says) in [
        (
            &["ListObjects", "--bucket", BUCKET, "--limit", "many"][..],
            "--limit",
        ),
        (&["ListObjects"], "--bucket"),
        (&["GetObject", "--bucket", BUCKET], "--key"),
        (
            &[
                "PutObject",
                "--bucket",
                BUCKET,
                "--key",
                "k",
                "--copy-source",
                "no-key",
            ],
            "--copy-source",
        ),
        (
            &[
                "PutObject",
                "--bucket",
                BUCKET,
                "--key",
                "k",
                "--metadata",
                "pair",
            ],
            "--metadata",
        ),
        (
            &[
                "GetObject",
                "--bucket",
                BUCKET,
                "--key",
                "k",
                "--if-modified-since",
                "today",
            ],
            "--if-modified-since",
        ),
    ] {
        let run = world.run(&[&["api"], arguments].concat()).exits(2);
        assert!(run.stderr.contains(says), "{arguments:?}: {run:?}");
    }
    let run = world
        .run(&["api", "HeadObject", "--bucket", BUCKET, "--key", "none"])
        .exits(1);
    assert!(run.stderr.contains("request id"), "{run:?}");
}

#[test]
fn copies_and_conditions_are_parameters() {
    let world = World::new();
    world.put("a", "1");
    for (key, source) in [("b", format!("{BUCKET}/a")), ("c", address("a"))] {
        world.ok(&[
            "api",
            "PutObject",
            "--bucket",
            BUCKET,
            "--key",
            key,
            "--copy-source",
            &source,
        ]);
        assert_eq!(world.get(key), "1");
    }
    let get = [
        "api",
        "GetObject",
        "--bucket",
        BUCKET,
        "--key",
        "a",
        "--if-unmodified-since",
    ];
    world.ok(&[&get[..], &["2100-01-01T00:00:00Z"]].concat());
    world
        .run(&[&get[..], &["Sat, 01 Jan 2000 00:00:00 GMT"]].concat())
        .exits(1);
}

#[test]
fn a_bucket_that_exists_is_not_reported_as_missing() {
    let world = World::new();
    let put = ["api", "PutObject", "--bucket", BUCKET, "--key", "b"];
    for option in ["--copy-source", "--move-source"] {
        let run = world
            .run(&[&put[..], &[option, "no-such-bucket/a"]].concat())
            .exits(1);
        let text = format!("the bucket {BUCKET} does not exist");
        assert!(!run.stderr.contains(&text), "{run:?}");
        assert!(run.stderr.contains("no-such-bucket"), "{run:?}");
    }
    let list = ["api", "ListObjects", "--bucket", "no-such-bucket"];
    let run = world.run(&list).exits(1);
    assert!(
        run.stderr
            .contains("the bucket no-such-bucket does not exist"),
        "{run:?}"
    );
}

#[test]
fn a_dry_run_prints_a_command_without_secrets() {
    let world = World::new();
    let key = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=";
    world.write("a.txt", "content");
    world.write("key", key);
    // Windows does not allow quotation marks in names of files.
    let quoted = if cfg!(windows) {
        "it's [1].txt"
    } else {
        "it's [\"1\"].txt"
    };
    world.write(quoted, "content");
    let options = ["--dry-run", "--encryption-customer-key", "@key"];
    let put = [&api_put("it's", "a.txt")[..], &options].concat();
    let shown = world.ok(&put).stdout;
    assert!(
        !shown.contains(key) && shown.contains("<secret>") && shown.contains("<signature>"),
        "{shown}"
    );
    assert!(shown.contains("--upload-file 'a.txt'"), "{shown}");
    assert_eq!(world.keys(), [""; 0]);
    let json = world.ok(&[
        "api",
        "DeleteMultipleObjects",
        "--bucket",
        BUCKET,
        "--objects",
        r#"[{"key":"x"}]"#,
        "--dry-run",
        "--json",
    ]);
    let curl = json.objects().remove(0)["curl"].to_string();
    assert!(curl.contains("content-md5") && curl.contains("{"), "{curl}");

    // With the secrets, the command works.
    if std::process::Command::new("curl")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("curl is not installed");
        return;
    }
    for arguments in [
        &[
            "PutObject",
            "--key",
            "it's",
            "--body",
            "a.txt",
            "--content-type",
            "text/x-a",
        ][..],
        &["PutObject", "--key", "empty"],
        &[
            "PutObject",
            "--key",
            "copy",
            "--copy-source",
            "cli-test/it's",
        ],
        &[
            "PutObject",
            "--key",
            "moved",
            "--move-source",
            "cli-test/copy",
        ],
        &["PutObject", "--key", "folder/", "--body", "a.txt"],
        &[
            "PutObject",
            "--key",
            "plain",
            "--body",
            quoted,
            "--metadata",
            "a=",
        ],
        &[
            "PostObject",
            "--key",
            "form",
            "--file",
            quoted,
            "--content-type",
            "text/x-a; charset=utf-8",
            "--metadata",
            "a=it's",
        ],
        &[
            "DeleteMultipleObjects",
            "--objects",
            r#"[{"key":"it's"},{"key":"empty"},{"key":"moved"},{"key":"folder/"},{"key":"plain"}]"#,
        ],
    ] {
        let arguments = [
            &["api"],
            arguments,
            &["--bucket", BUCKET, "--dry-run", "--show-secrets"],
        ]
        .concat();
        let command = world
            .ok(&arguments)
            .stdout
            .replacen("curl ", "curl --silent --fail ", 1);
        let output = std::process::Command::new("sh")
            .args(["-c", &command])
            .current_dir(world.path(""))
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
    }
    assert_eq!(world.keys(), ["form"]);
}

#[test]
fn a_dry_run_prints_the_fields_of_a_form_without_the_signature() {
    let world = World::new();
    let post = ["api", "PostObject", "--bucket", BUCKET, "--key", "it's"];
    let shown = world
        .ok(&[&post[..], &["--file", "a.txt", "--dry-run"]].concat())
        .stdout;
    for part in [
        r"--form-string 'key=it'\''s'",
        "--form-string 'policy=",
        "--form-string 'signature=<secret>'",
        r#"--form 'file=@"a.txt";type=application/octet-stream'"#,
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("content-type:"), "{shown}");
}

#[test]
fn the_zone_limits_the_list_of_buckets() {
    let world = World::new();
    let list = ["api", "ListBuckets", "--dry-run", "--zone", "sh1a"];
    let shown = world.ok(&list).stdout;
    assert!(shown.contains("--header 'location: sh1a'"), "{shown}");
    let shown = world
        .ok(&[&list[..], &["--location", "gd2"]].concat())
        .stdout;
    assert!(shown.contains("--header 'location: gd2'"), "{shown}");
    // `QINGSTOR_ZONE` is set.
    let shown = world.ok(&["api", "ListBuckets", "--dry-run"]).stdout;
    assert!(!shown.contains("location"), "{shown}");
}

#[test]
fn a_copy_can_have_a_version_of_its_source() {
    let world = World::new();
    let version = ["--copy-source-version-id", "v 1"];
    let source = ["--dry-run", "--copy-source", "src/a?version_id=x"];
    let part = ["--upload-id", "u", "--part-number", "1"];
    for (operation, more) in [("PutObject", &[][..]), ("UploadMultipart", &part)] {
        let copy = ["api", operation, "--bucket", BUCKET, "--key", "k"];
        let shown = world
            .ok(&[&copy[..], more, &source, &version].concat())
            .stdout;
        let header = "x-qs-copy-source: /src/a%3Fversion_id%3Dx?version_id=v%201'";
        assert!(shown.contains(header), "{shown}");
        world.run(&[&copy[..], more, &version].concat()).exits(2);
    }
}

#[test]
fn the_two_forms_of_files_are_explained() {
    let world = World::new();
    world.write("cors.json", r#"{"cors_rules":[]}"#);
    let cors = ["api", "PutBucketCORS", "--bucket", BUCKET, "--body"];
    let object = [
        "api",
        "PutObject",
        "--bucket",
        BUCKET,
        "--key",
        "k",
        "--body",
    ];
    let rules = ["api", "PutBucketCORS", "--bucket", BUCKET, "--cors-rules"];
    for (arguments, value, says) in [
        (&cors[..], "cors.json", "write `@cors.json`"),
        (&rules, "cors.json", "write `@cors.json`"),
        (&cors, "word", "expected a JSON object, or @FILE"),
        (&object, "@cors.json", "without `@`: `cors.json`"),
    ] {
        let run = world.run(&[arguments, &[value]].concat()).exits(2);
        assert!(run.stderr.contains(says), "{run:?}");
    }
}
