//! The program in a shell: help, languages, completion, scripts, other commands.

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
    let bucket = format!("--bucket {BUCKET}");
    let object = address("b");
    let readers = [
        format!("tee {object}"),
        format!("cp - {object}"),
        format!("cp --sse-key /dev/stdin script {object}"),
        format!("cat --sse-key /dev/fd/0 {object}"),
        format!("api PutObject {bucket} --key b --body -"),
        format!("api AppendObject {bucket} --key b --position 0 --body /dev/stdin"),
        format!("api PostObject {bucket} --key b --policy p --file -"),
        format!("api PutBucketCORS {bucket} --body @/dev/stdin"),
        format!("api PutBucketCORS {bucket} --cors-rules @-"),
    ];
    let lines = format!("{}\nrm {}\n", readers.join("\n"), address("a"));
    let piped = world.run_with_input(&["run"], lines.as_bytes()).exits(1);
    let text = "a command cannot read it\n";
    assert_eq!(
        piped.stderr.matches(text).count(),
        readers.len(),
        "{piped:?}"
    );
    assert_eq!(world.keys(), [""; 0]);
}

#[test]
fn lines_that_make_no_sense_are_refused() {
    let world = World::new();
    let lines = b"run\nemulator\nhelp\nls --help\n--version\nuploads\n";
    let run = world.run_with_input(&["run"], lines).exits(1);
    let expected = "\
error: line 1: run cannot be used within run
error: line 2: emulator cannot be used within run
error: line 3: help cannot be used within run
error: line 4: help cannot be used within run
error: line 5: --version cannot be used within run
error: line 6: a command is missing: see --help
";
    assert_eq!(run.stderr, expected);
}

#[cfg(unix)]
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
fn the_manual_page_has_every_command() {
    let world = World::new();
    let page = world.ok(&["man"]).stdout;
    for command in COMMANDS {
        assert!(
            page.contains(&format!("COMMAND {}\"", command.to_uppercase())),
            "{command}"
        );
    }
    let section = |name: &str| {
        let after = page.split_once(&format!("COMMAND {name}\"\n")).unwrap().1;
        after.split(".SH").next().unwrap().to_owned()
    };
    assert!(section("UPLOADS LS").contains("older"), "{page}");
    assert!(section("UPLOADS ABORT").contains("dry"), "{page}");
    assert!(section("MV").contains("qingstor mv ") && !section("MV").contains("qingstor cp "));
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
