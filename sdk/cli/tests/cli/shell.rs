//! The program in a shell: settings, help, languages, completion, scripts, other commands.

use std::io::{BufRead as _, BufReader};

use crate::world::{BUCKET, World, address, finished};

const COMMANDS: [&str; 21] = [
    "ls",
    "cp",
    "mv",
    "sync",
    "check",
    "rm",
    "cat",
    "tee",
    "stat",
    "du",
    "find",
    "mb",
    "rb",
    "presign",
    "uploads",
    "api",
    "run",
    "emulator",
    "doctor",
    "completions",
    "man",
];

#[test]
fn every_command_has_help_with_examples() {
    let world = World::new();
    let help = world.ok(&["--help"]).stdout;
    for command in COMMANDS {
        assert!(
            help.contains(&format!("\n  {command} ")),
            "{command}: {help}"
        );
        let help = world.ok(&[command, "--help"]).stdout;
        assert!(help.contains("Usage: qingstor"), "{help}");
        if !["uploads", "man"].contains(&command) {
            assert!(help.contains("qingstor "), "{help}");
        }
    }
    assert!(world.ok(&["--version"]).stdout.starts_with("qingstor "));
    world.run(&[]).exits(2);
    world.run(&["no-such-command"]).exits(2);
    world.run(&["ls", "--no-such-flag"]).exits(2);
}

#[test]
fn messages_and_help_are_chinese_in_a_chinese_locale() {
    let world = World::new();
    let run = |arguments: &[&str]| {
        finished(
            world
                .command(arguments)
                .env("LANG", "zh_CN.UTF-8")
                .spawn()
                .unwrap(),
        )
    };
    assert!(run(&["ls", "qs://"]).exits(2).stderr.starts_with("错误："));
    let help = run(&["--help"]).exits(0).stdout;
    assert!(help.contains("列出存储空间或对象"), "{help}");
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            let help = run(&[command, flag]).exits(0).stdout;
            let first = help.lines().next().unwrap();
            assert!(first.chars().any(|c| c > '\u{4e00}'), "{command}: {help}");
        }
    }
    // The parser's own words are Chinese, too: no line has only English words.
    for arguments in [
        &["ls", "--no-such-flag"][..],
        &["no-such-command"],
        &["stats"],
        &["cp", "one"],
        &["cp", "--jobs", "many", "a", "b"],
        &["cp", "--jobs", "0", "a", "b"],
        &["cp", "--jobs"],
        &["cp", "--part-size", "x", "a", "b"],
        &["sync", "a", "b", "c"],
        &["sync", "--size-only", "--checksum", "a", "b"],
        &["sync", "--max-delete", "1", "a", "b"],
        &["completions", "tcsh"],
        &["presign"],
        &["uploads"],
        &["api", "NoSuchOperation"],
        &["api", "ListObjects", "--no-such-flag"],
        &[],
    ] {
        let text = run(arguments).exits(2).stderr;
        for english in [
            "error:",
            "Usage",
            "For more",
            "[OPTIONS]",
            "tip:",
            "invalid",
            "required",
            "Options",
        ] {
            assert!(!text.contains(english), "{arguments:?}: {text}");
        }
    }
    for command in COMMANDS {
        let help = run(&[command, "--help"]).exits(0).stdout;
        for english in [
            "Usage",
            "[OPTIONS]",
            "[default:",
            "[possible",
            "Options:",
            "Arguments:",
            "Print ",
        ] {
            assert!(!help.contains(english), "{command}: {help}");
        }
    }
    let operation = run(&["api", "ListObjects", "--help"]).exits(0).stdout;
    assert!(
        operation.contains("列出") && operation.contains("选项"),
        "{operation}"
    );
    // LC_ALL has precedence.
    let mut command = world.command(&["ls", "qs://"]);
    let english = finished(
        command
            .env("LANG", "zh_CN.UTF-8")
            .env("LC_ALL", "C")
            .spawn()
            .unwrap(),
    );
    assert!(english.stderr.starts_with("error: "), "{english:?}");
}

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

#[test]
fn runs_commands_from_a_file_and_from_standard_input() {
    let world = World::new();
    world.write("a b.txt", "content");
    let script = format!(
        "# comment\n\ncp 'a b.txt' {}\nmb qs://second-bucket\ncp \"a b.txt\" qs://second-bucket/\n",
        address("x")
    );
    world.write("script", &script);
    world.ok(&["run", "script"]);
    assert_eq!(world.keys(), ["x"]);
    let script = format!(
        "cat {}\nno-such-command\nrun script\ncat 'x\nls --json\nrm {}\n",
        address("none"),
        address("x")
    );
    let run = world.run_with_input(&["run"], script.as_bytes()).exits(1);
    for line in ["line 1: cat", "line 2", "line 3", "line 4", "line 5"] {
        assert!(run.stderr.contains(line), "{line}: {run:?}");
    }
    assert_eq!(world.keys(), [""; 0]);
    let many: String = (0..20)
        .map(|number| format!("cp 'a b.txt' {}\n", address(&number.to_string())))
        .collect();
    world
        .run_with_input(&["run", "--jobs", "8"], many.as_bytes())
        .exits(0);
    assert_eq!(world.keys().len(), 20);
    world.run(&["run", "missing"]).exits(1);
}

#[test]
fn failures_of_a_script_have_the_number_of_their_line() {
    let world = World::new();
    world.put("object", "1");
    let (folder, object) = (address("folder"), address("object"));
    let script = format!(
        "cat {object} {0}\ncp missing {0}\n\ncp object-1 object-2 {folder}/\nls {0}\n",
        address("none")
    );
    world.write("script", &script);
    for jobs in ["1", "8"] {
        let run = world.run(&["run", "--jobs", jobs, "script"]).exits(1);
        let mut lines: Vec<_> = run.stderr.lines().collect();
        lines.sort_unstable();
        let numbers = lines.iter().map(|line| {
            let rest = line.strip_prefix("error: line ").unwrap();
            rest.split_once(": ").unwrap().0
        });
        let numbers: Vec<_> = numbers.collect();
        assert_eq!(numbers, ["1", "2", "4", "4", "5"], "{run:?}");
    }
    let run = world.run(&["--json", "run", "script"]).exits(1);
    // The first line is `cat`: its failure is not mixed with the content of an object. The next lines
    // print theirs on standard output.
    let failure: serde_json::Value = serde_json::from_str(run.stderr.trim()).unwrap();
    assert_eq!(failure["line"], 1);
    let others = run.stdout.strip_prefix('1').unwrap().lines();
    let numbers = others.map(|line| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value["line"].as_u64().unwrap()
    });
    assert_eq!(numbers.collect::<Vec<_>>(), [2, 4, 4, 5], "{run:?}");
}

#[test]
fn scripts_that_cannot_be_read_end_with_an_error() {
    let world = World::new();
    world.write("folder/a", "");
    let folder = world.run(&["run", "folder"]).exits(1);
    assert_eq!(folder.stderr.lines().count(), 1, "{folder:?}");
    let list = format!("ls qs://{BUCKET}\r\n");
    world.put("a", "1");
    // A byte order mark, line feeds of Windows, and a line that is not UTF-8.
    world.write(
        "script",
        [
            b"\xef\xbb\xbf",
            list.as_bytes(),
            b"ls \xff\n",
            list.as_bytes(),
        ]
        .concat(),
    );
    let script = world.run(&["run", "script"]).exits(1);
    assert_eq!(script.stdout, "a\na\n");
    assert!(script.stderr.starts_with("error: line 2"), "{script:?}");
    // The lines after a command must not become the content of an object.
    let lines = format!("tee {0}\ncp - {0}\nrm {1}\n", address("b"), address("a"));
    let piped = world.run_with_input(&["run"], lines.as_bytes()).exits(1);
    assert_eq!(
        piped.stderr.matches("standard input").count(),
        2,
        "{piped:?}"
    );
    assert_eq!(world.keys(), [""; 0]);
}

#[test]
fn the_emulator_prints_settings_that_work() {
    let world = World::new();
    let arguments = [
        "emulator",
        "--listen",
        "127.0.0.1:0",
        "--in-memory",
        "--bucket",
        "demo-bucket",
    ];
    let mut child = world.command(&arguments).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut lines = stdout.lines().map(Result::unwrap);
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("listening on http://127.0.0.1:")
    );
    let settings = lines.find(|line| line.starts_with("export QINGSTOR_ENDPOINT="));
    let mut command = world.command(&["ls"]);
    let mut settings = vec![settings.unwrap()];
    settings.extend(lines.by_ref().take(3));
    for setting in settings {
        let (name, value) = setting
            .strip_prefix("export ")
            .unwrap()
            .split_once('=')
            .unwrap();
        command.env(name, value);
    }
    let listed = finished(command.spawn().unwrap());
    let id = child.id().to_string();
    std::process::Command::new("kill")
        .args(["-INT", &id])
        .status()
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(listed.exits(0).stdout, "qs://demo-bucket\n");
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
    let says = "QINGSTOR_SECRET_ACCESS_KEY (environment): the secret access key is empty";
    assert!(
        empty.contains(says) && empty.contains("fix: correct the"),
        "{empty}"
    );
    assert!(doctor("QINGSTOR_ENDPOINT", "ftp://x").contains("fix: correct the"));
    world.write("home/.qingstor/broken.yaml", "access_key_id: [");
    for profile in ["broken", "missing"] {
        assert!(doctor("QINGSTOR_PROFILE", profile).contains("fix: correct the"));
    }
    world.faults(&["skew=1h"]);
    let skewed = world.run(&["doctor"]).exits(1).stdout;
    assert!(skewed.contains("clock"), "{skewed}");
    world.faults(&[]);
    world.faults(&["operation=ListObjects,status=403,code=permission_denied"]);
    let forbidden = world.run(&["doctor", BUCKET]).exits(1).stdout;
    assert!(forbidden.contains("must allow ListObjects"), "{forbidden}");
    for (operation, failure, expected) in [
        ("ListBuckets", "status=503", "try again later"),
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
        ("ListObjects", "status=500", "try again later"),
        ("HeadBucket", "status=503", "try again later"),
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
fn the_manual_page_has_every_command() {
    let world = World::new();
    let page = world.ok(&["man"]).stdout;
    for command in COMMANDS {
        assert!(
            page.contains(&format!("COMMAND {}\"", command.to_uppercase())),
            "{command}"
        );
    }
}

/// `make demo` passes a path that is relative to the current folder.
#[cfg(unix)]
#[test]
fn the_demo_runs_with_a_relative_path() {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_qingstor"));
    let demo = std::process::Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/demo.sh"))
        .arg(std::path::Path::new(".").join(program.file_name().unwrap()))
        .current_dir(program.parent().unwrap())
        .output()
        .unwrap();
    assert!(demo.status.success(), "{demo:?}");
    let stdout = String::from_utf8(demo.stdout).unwrap();
    let end = "$ qingstor cat qs://demo-bucket/photos/fox.jpg\na fox\n";
    assert!(stdout.ends_with(end), "{stdout}");
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
        let uri = format!("GET {}/{BUCKET}/a -> ", world.emulator.endpoint());
        for (line, parts) in lines.iter().zip([
            [&*uri, "GetObject attempt 1: ", "503, ", " s, request id "],
            ["", "GetObject attempt 1: retry after ", " s, ", ""],
            [&*uri, "GetObject attempt 2: ", "200, ", " s, request id "],
            ["", "GetObject: ", " -> body complete, 7 bytes, ", " s"],
        ]) {
            assert!(line.starts_with("debug: 20"), "{line}");
            assert!(parts.iter().all(|part| line.contains(part)), "{line}");
        }
        assert_eq!(lines.len(), 4, "{run:?}");
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
