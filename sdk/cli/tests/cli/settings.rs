//! Settings, `doctor` and `--debug`.

use crate::world::{BUCKET, World, address, finished};

#[test]
fn settings_come_from_files_profiles_and_options() {
    let world = World::new();
    let id = world.emulator.access_key_id();
    let secret = world.emulator.secret_access_key();
    let endpoint = world.emulator.endpoint();
    let settings = format!("access_key_id: {id}\nsecret_access_key: {secret}\n");
    world.write(
        "home/.qingstor/work.yaml",
        format!("{settings}endpoint: {endpoint}\n"),
    );
    world.write("other.yaml", &settings);
    world.write("wrong.yaml", "access_key_id: [");
    let run = |arguments: &[&str], profile: &str| {
        let mut command = world.command(arguments);
        for name in [
            "QINGSTOR_ACCESS_KEY_ID",
            "QINGSTOR_SECRET_ACCESS_KEY",
            "QINGSTOR_ENDPOINT",
        ] {
            command.env_remove(name);
        }
        finished(command.env("QINGSTOR_PROFILE", profile).spawn().unwrap())
    };
    let listed = format!("qs://{BUCKET}\n");
    assert_eq!(
        run(&["ls", "--profile", "work"], "").exits(0).stdout,
        listed
    );
    assert_eq!(run(&["ls"], "work").exits(0).stdout, listed);
    let config = ["ls", "--config", "other.yaml", "--endpoint", &endpoint];
    assert_eq!(run(&config, "work").exits(0).stdout, listed);
    let missing = run(&["ls"], "").exits(1);
    assert!(
        missing.stderr.contains("QINGSTOR_ACCESS_KEY_ID"),
        "{missing:?}"
    );
    run(&["ls", "--profile", "../work"], "").exits(2);
    run(&["ls", "--profile", "none"], "").exits(1);
    run(&["ls", "--config", "wrong.yaml"], "").exits(1);
    run(&["ls", "--config", "a", "--profile", "b"], "").exits(2);

    world.put("public", "content");
    let grants = r#"[{"grantee":{"type":"group","name":"QS_ALL_USERS"},"permission":"READ"}]"#;
    world.ok(&["api", "PutBucketACL", "--bucket", BUCKET, "--acl", grants]);
    let anonymous = [
        "cat",
        "--anonymous",
        "--zone",
        "pek3a",
        "--endpoint",
        &endpoint,
        &address("public"),
    ];
    assert_eq!(run(&anonymous, "").exits(0).stdout, "content");
    // The environment needs no access key.
    let arguments = ["cat", "--anonymous", "--zone", "pek3a", &address("public")];
    let mut command = world.command(&arguments);
    for name in ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"] {
        command.env_remove(format!("QINGSTOR_{name}"));
    }
    let read = finished(command.spawn().unwrap()).exits(0);
    assert_eq!(read.stdout, "content");
}

/// Files with no access key, and with half of a key pair.
#[test]
fn anonymous_requests_use_the_other_settings() {
    let world = World::new();
    world.put("public", "content");
    let grants = r#"[{"grantee":{"type":"group","name":"QS_ALL_USERS"},"permission":"READ"}]"#;
    world.ok(&["api", "PutBucketACL", "--bucket", BUCKET, "--acl", grants]);
    let endpoint = format!("endpoint: {}\n", world.emulator.endpoint());
    for key in ["", "access_key_id: half\n", "secret_access_key: half\n"] {
        let file = format!("{endpoint}{key}");
        world.write("home/.qingstor/config.yaml", &file);
        world.write("home/.qingstor/nokey.yaml", &file);
        let options = [
            &[][..],
            &["--profile", "nokey"],
            &["--config", "home/.qingstor/nokey.yaml"],
        ];
        for option in options {
            let cat = ["cat", "--anonymous", "--zone", "pek3a", &address("public")];
            let mut command = world.command(&[&cat, option].concat());
            for name in ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "ENDPOINT"] {
                command.env_remove(format!("QINGSTOR_{name}"));
            }
            let read = finished(command.spawn().unwrap()).exits(0);
            assert_eq!(read.stdout, "content", "{option:?}");
        }
    }
    // Half of a key pair in the environment.
    let mut command = world.command(&["cat", "--anonymous", "--zone", "pek3a", &address("public")]);
    command.env_remove("QINGSTOR_SECRET_ACCESS_KEY");
    finished(command.spawn().unwrap()).exits(0);
}

/// Starts a server whose clock is wrong, and returns its endpoint.
fn other_web_server(status: &'static str, body: &'static str) -> String {
    use std::io::{Read as _, Write as _};

    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in server.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]);
            let length = body.len();
            let response = format!(
                "HTTP/1.1 {status}\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            let _ = connection.write_all(response.as_bytes());
        }
    });
    endpoint
}

/// Such as a captive portal, or that of a wrong endpoint.
#[test]
fn the_doctor_does_not_take_another_web_server_for_the_service() {
    let world = World::new();
    world.ok(&["doctor", "--anonymous"]);
    for (status, body) in [("404 Not Found", "not found"), ("200 OK", "{\"count\":0}")] {
        let endpoint = other_web_server(status, body);
        for arguments in [&["doctor", "--anonymous"][..], &["doctor"]] {
            let mut command = world.command(arguments);
            command.env("QINGSTOR_ENDPOINT", &endpoint);
            let run = finished(command.spawn().unwrap()).exits(1);
            assert!(run.stdout.contains("fix: check --endpoint"), "{run:?}");
            assert!(!run.stdout.contains("clock"), "{run:?}");
            assert!(!run.stdout.contains("access key: the service"), "{run:?}");
        }
    }
    let mut command = world.command(&["doctor", "--anonymous"]);
    command.env_remove("QINGSTOR_ACCESS_KEY_ID");
    command.env_remove("QINGSTOR_SECRET_ACCESS_KEY");
    let run = finished(command.spawn().unwrap()).exits(0);
    assert!(
        run.stdout
            .contains("settings: no file; defaults, options and environment variables\n"),
        "{run:?}"
    );
}

#[test]
fn the_doctor_says_what_to_fix() {
    let world = World::new();
    let healthy = world.ok(&["doctor", BUCKET]);
    assert!(
        healthy.stdout.lines().count() >= 6 && !healthy.stdout.contains("FAILED"),
        "{healthy:?}"
    );
    let checks = world.ok(&["doctor", "--json"]).objects();
    assert!(checks.iter().all(|check| check["ok"] == true), "{checks:?}");
    let missing = world.run(&["doctor", "no-such-bucket"]).exits(1);
    assert!(missing.stdout.contains("fix:"), "{missing:?}");
    let doctor = |name: &str, value: &str| {
        finished(world.command(&["doctor"]).env(name, value).spawn().unwrap())
            .exits(1)
            .stdout
    };
    assert!(
        doctor("QINGSTOR_SECRET_ACCESS_KEY", "wrong").contains("fix: check the access key"),
        "wrong key"
    );
    assert!(
        doctor("QINGSTOR_ENDPOINT", "http://127.0.0.1:1").contains("--endpoint"),
        "no server"
    );
    let empty = doctor("QINGSTOR_SECRET_ACCESS_KEY", "");
    let says = "QINGSTOR_ACCESS_KEY_ID (environment) is set, but QINGSTOR_SECRET_ACCESS_KEY is not";
    assert!(
        empty.contains(says) && empty.contains("fix: correct the"),
        "{empty}"
    );
    assert!(doctor("QINGSTOR_ENDPOINT", "ftp://x").contains("fix: correct the"));
    world.write("home/.qingstor/broken.yaml", "access_key_id: [");
    for profile in ["broken", "missing"] {
        assert!(doctor("QINGSTOR_PROFILE", profile).contains("fix: correct the"));
    }
    let anonymous = world.ok(&["doctor", "--anonymous"]).stdout;
    assert!(
        anonymous.contains("clock") && anonymous.contains("responds"),
        "{anonymous}"
    );
    let nowhere = ["doctor", "--anonymous", "--endpoint", "http://127.0.0.1:1"];
    let nowhere = world.run(&nowhere).exits(1).stdout;
    assert!(
        nowhere.contains("FAILED") && nowhere.contains("check --endpoint"),
        "{nowhere}"
    );
    world.faults(&["skew=1h"]);
    let skewed = world.run(&["doctor"]).exits(1).stdout;
    assert!(skewed.contains("clock"), "{skewed}");
    world.faults(&[]);
    world.faults(&["operation=ListObjects,status=403,code=permission_denied"]);
    let forbidden = world.run(&["doctor", BUCKET]).exits(1).stdout;
    assert!(forbidden.contains("must allow ListObjects"), "{forbidden}");
    for (operation, failure, expected) in [
        ("ListBuckets", "status=503", "retry later"),
        (
            "ListBuckets",
            "status=403,code=permission_denied",
            "may not use ListBuckets",
        ),
        (
            "ListBuckets",
            "status=403,code=request_expired",
            "set the clock",
        ),
        ("ListObjects", "status=500", "retry later"),
        ("HeadBucket", "status=503", "retry later"),
    ] {
        world.faults(&[&format!("operation={operation},{failure}")]);
        let run = world.run(&["doctor", BUCKET]).exits(1);
        let text = format!("fix: {expected}");
        assert!(run.stdout.contains(expected), "{text}: {run:?}");
        assert!(!run.stdout.contains("check the access key"), "{run:?}");
    }
}

#[test]
fn the_doctor_finds_misspelled_settings() {
    let world = World::new();
    let doctor = |file: &str, arguments: &[&str]| {
        world.write("home/.qingstor/config.yaml", file);
        let mut command = world.command(&[&["doctor"], arguments].concat());
        for name in ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"] {
            command.env_remove(format!("QINGSTOR_{name}"));
        }
        finished(command.spawn().unwrap())
    };
    let mut command = world.command(&["doctor"]);
    for name in ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"] {
        command.env(format!("QINGSTOR_{name}"), "");
    }
    let unset = finished(command.spawn().unwrap()).exits(1);
    assert!(
        unset.stdout.contains("fix: write access_key_id"),
        "{unset:?}"
    );
    let empty = doctor("log_level: warn\n", &[]).exits(1);
    assert!(
        empty.stdout.contains("fix: write access_key_id"),
        "{empty:?}"
    );
    let half = doctor("acces_key_id: A\nsecret_access_key: hush\n", &[]).exits(1);
    let lines: Vec<_> = half.stdout.lines().collect();
    let says = "config.yaml:1: unknown setting `acces_key_id`; did you mean `access_key_id`?";
    assert!(lines.len() == 2 && lines[0].ends_with(says), "{half:?}");
    assert!(lines[1].contains("fix: correct the file"), "{half:?}");

    let (id, secret) = (
        world.emulator.access_key_id(),
        world.emulator.secret_access_key(),
    );
    let keys = format!("access_key_id: '{id}'\nsecret_access_key: '{secret}'\n");
    let file = format!("{keys}endpont: http://x\nlog_level: warn\n");
    let other = doctor(&file, &["--json"]).exits(1).objects();
    let checks: Vec<_> = other
        .iter()
        .filter(|check| check["check"] == "settings file")
        .collect();
    assert_eq!(checks.len(), 2, "{other:?}");
    let message = checks[0]["message"].as_str().unwrap();
    assert!(message.ends_with("config.yaml:3: unknown setting `endpont`"));
    assert_eq!(checks[0]["fix"], "write `endpoint` instead");
    assert_eq!(checks[1]["ok"], true);
    assert!(
        checks[1]["message"]
            .as_str()
            .unwrap()
            .ends_with(": log_level")
    );
    assert!(!doctor(&keys, &[]).exits(0).stdout.contains("ignored"));
}

#[test]
fn debug_lines_show_attempts_and_retries_without_secrets() {
    let world = World::new();
    world.put("a", "content");
    for flag in ["--debug", "--verbose", "-v"] {
        world.faults(&["operation=GetObject,status=503,code=service_unavailable,times=1"]);
        let run = world.ok(&["cat", flag, &address("a")]);
        assert_eq!(run.stdout, "content");
        let lines = run.stderr.lines();
        // The zone of the bucket is looked up before.
        let lines: Vec<_> = lines.filter(|line| line.contains(" GetObject")).collect();
        let request = format!("GET {}/{BUCKET}/a", world.emulator.endpoint());
        let uri = format!("{request} -> ");
        let sent = format!("{request}, 0 bytes");
        for (line, parts) in lines.iter().zip([
            ["", "GetObject attempt 1: ", &sent, ""],
            [&*uri, "GetObject attempt 1: ", "503, ", " s, request id "],
            ["", "GetObject attempt 1: retry after ", " s, ", ""],
            ["", "GetObject attempt 2: ", &sent, ""],
            [&*uri, "GetObject attempt 2: ", "200, ", " s, request id "],
            ["", "GetObject: ", " -> body complete, 7 bytes, ", " s"],
        ]) {
            assert!(line.starts_with("debug: 20"), "{line}");
            assert!(parts.iter().all(|part| line.contains(part)), "{line}");
        }
        assert_eq!(lines.len(), 6, "{run:?}");
        let secrets = [
            world.emulator.secret_access_key(),
            "signature",
            "Authorization",
        ];
        assert!(!secrets.iter().any(|secret| run.stderr.contains(secret)));
    }
    let quiet = world.ok(&["cat", &address("a")]);
    assert_eq!(quiet.stderr, "");
}
