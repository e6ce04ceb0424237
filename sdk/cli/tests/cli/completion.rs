//! Completion in shells.

use std::process::{Command, Stdio};

use crate::world::{World, address, finished};

const KEYS: [&str; 5] = [
    "photos/a.jpg",
    "photos/b.jpg",
    "notes.txt",
    "my files/it's a key",
    "line\nfeed",
];

fn world() -> World {
    let world = World::new();
    for key in KEYS {
        world.put(key, "x");
    }
    world.write("my docs/a file", "x");
    world
}

/// Returns the candidates for the last word: the script of fish runs this command.
fn complete(world: &World, words: &[&str]) -> Vec<String> {
    let mut command = world.command(&[&["--", "qingstor"], words].concat());
    let run = finished(command.env("COMPLETE", "fish").spawn().unwrap()).exits(0);
    let values = run.stdout.lines().map(|line| line.split('\t').next());
    values.map(|value| value.unwrap().to_owned()).collect()
}

#[test]
fn shells_complete_commands_buckets_and_keys() {
    let world = world();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = world.ok(&["completions", shell]).stdout;
        assert!(script.contains("qingstor"), "{shell}: {script}");
    }
    world.run(&["completions", "cmd"]).exits(2);
    let complete = |words: &[&str]| complete(&world, words);
    assert_eq!(complete(&["st"]), ["stat"]);
    assert_eq!(complete(&["api", "GetBucketCO"]), ["GetBucketCORS"]);
    assert_eq!(complete(&["ls", "qs://cli"]), ["qs://cli-test/"]);
    assert_eq!(complete(&["cat", "q"]), ["qs://cli-test/"]);
    assert_eq!(complete(&["rb", "cli"]), ["cli-test"]);
    assert_eq!(complete(&["rb", "qs://cli"]), ["qs://cli-test/"]);
    let bucket = ["api", "ListObjects", "--bucket", "cli"];
    assert_eq!(complete(&bucket), ["cli-test"]);
    let mut keys = complete(&["cat", &address("")]);
    keys.sort();
    let expected = ["my files/", "notes.txt", "photos/"].map(address);
    assert_eq!(keys, expected, "without the key of two lines");
    let mut below = complete(&["cp", &address("photos/")]);
    below.sort();
    assert_eq!(below, ["photos/a.jpg", "photos/b.jpg"].map(address));
    assert_eq!(complete(&["cp", "my"]), ["my docs/"]);
    // Commands for objects do not complete files.
    assert!(!complete(&["cat", "m"]).contains(&"my docs/".to_owned()));
}

#[cfg(unix)]
#[test]
fn words_with_quotes_are_completed() {
    let world = world();
    let whole = [address("my files/it's a key")];
    for word in [
        r"my\ f",
        "'my f",
        "\"my f",
        r"my\ files/it\'s",
        "\"my files/it's",
    ] {
        let (quote, rest) = match word.strip_prefix(['\'', '"']) {
            Some(rest) => (&word[..1], rest),
            None => ("", word),
        };
        let word = format!("{quote}{}", address(rest));
        let expected = match word.contains("files") {
            true => whole.clone(),
            false => [address("my files/")],
        };
        assert_eq!(complete(&world, &["cat", &word]), expected, "{word}");
    }
    assert_eq!(complete(&world, &["cp", r"my\ docs/a"]), ["my docs/a file"]);
}

#[test]
fn options_before_the_word_select_the_settings() {
    let world = world();
    let settings = format!(
        "access_key_id: {}\nsecret_access_key: {}\nendpoint: {}\n",
        world.emulator.access_key_id(),
        world.emulator.secret_access_key(),
        world.emulator.endpoint()
    );
    world.write("home/.qingstor/work.yaml", settings);
    let complete = |options: &[&str]| {
        let words = [&["--", "qingstor", "ls"], options, &["qs://cli"]].concat();
        let mut command = world.command(&words);
        command.env("COMPLETE", "fish");
        for name in ["ENDPOINT", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"] {
            command.env_remove(format!("QINGSTOR_{name}"));
        }
        finished(command.spawn().unwrap()).exits(0).stdout
    };
    assert_eq!(complete(&[]), "");
    assert_eq!(complete(&["--profile", "work"]), "qs://cli-test/\n");
    assert_eq!(complete(&["--profile=work"]), "qs://cli-test/\n");
}

/// Environment variable: a shell that is not installed fails the tests.
const REQUIRED: &str = "QINGSTOR_REQUIRE_SHELLS";

/// Runs a shell that has loaded the script, and returns its output. `None` if it is not installed.
fn shell(world: &World, name: &str, script: &str) -> Option<String> {
    let installed = Command::new(name)
        .args(["-c", "exit"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !installed.is_ok_and(|status| status.success()) {
        assert!(
            std::env::var_os(REQUIRED).is_none(),
            "{name} is not installed"
        );
        eprintln!("{name} is not installed");
        return None;
    }
    let loaded = world.ok(&["completions", name]).stdout;
    let program = world.command(&[]);
    let mut command = Command::new(name);
    command
        .args(["-c", &format!("{loaded}\n{script}")])
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(world.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Some(finished(command.spawn().unwrap()).stdout)
}

/// Starts bash on a terminal, types lines, and returns the output of each.
#[cfg(target_os = "linux")]
fn typed_in_bash(world: &World, lines: &[String]) -> Vec<String> {
    use std::io::{Read as _, Write as _};

    const PROMPT: &str = "ready> ";
    let loaded = world.ok(&["completions", "bash"]).stdout;
    let settings = format!(
        "bind 'set enable-bracketed-paste off'\nPS1='{PROMPT}'\n{loaded}\n\
         qingstor() {{ printf '\\narguments:'; printf '<%s>' \"$@\"; echo; }}\n"
    );
    world.write("bashrc", settings);
    let shell = "stty cols 200; exec bash --noprofile --rcfile bashrc -i";
    let program = world.command(&[]);
    let variables = program.get_envs();
    let mut terminal = Command::new("timeout")
        .args(["60", "script", "-q", "-c", shell, "/dev/null"])
        .env_clear()
        .envs(variables.filter_map(|(name, value)| Some((name, value?))))
        .env("TERM", "dumb")
        .current_dir(world.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keyboard = terminal.stdin.take().unwrap();
    let mut screen = terminal.stdout.take().unwrap();
    let mut next_prompt = || {
        let mut output = Vec::new();
        while !output.ends_with(PROMPT.as_bytes()) {
            let mut byte = [0];
            assert_eq!(screen.read(&mut byte).unwrap(), 1, "{output:?}");
            output.push(byte[0]);
        }
        String::from_utf8_lossy(&output).into_owned()
    };
    next_prompt();
    let type_line = |line: &String| {
        keyboard.write_all(line.as_bytes()).unwrap();
        next_prompt()
    };
    let outputs = lines.iter().map(type_line).collect();
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    outputs
}

/// A shell inserts a candidate as it is, and executes the line when Enter is pressed.
#[cfg(target_os = "linux")]
#[test]
fn bash_executes_no_part_of_a_key() {
    if shell(&World::new(), "bash", "").is_none() {
        return;
    }
    let world = World::new();
    let keys = [
        "1$(touch executed)",
        "2`touch executed`",
        "3&touch executed;#",
        "4it's \"quoted\"",
        r"5back\slash",
        "6!touch",
        "7*",
        "8{a,b} [c] ~",
        "9a=b:c",
        "folder with space/key with space",
    ];
    for key in keys {
        world.put(key, "x");
    }
    world.write("7files", "");
    let mut lines = Vec::new();
    let mut expected = Vec::new();
    for quote in ["", "'", "\""] {
        for key in keys {
            let (start, tabs) = match key.starts_with("folder") {
                true if quote.is_empty() => ("fol", "\tk\t"),
                true => ("folder with space/k", "\t"),
                false => (&key[..1], "\t"),
            };
            lines.push(format!("qingstor cat {quote}qs://cli-test/{start}{tabs}\n"));
            expected.push(format!("arguments:<cat><{}>", address(key)));
        }
    }
    lines.push("qingstor api ListObjects --bucket=cli\t\n".to_owned());
    expected.push("arguments:<api><ListObjects><--bucket=cli-test>".to_owned());
    lines.push("qingstor sta\t\n".to_owned());
    expected.push("arguments:<stat>".to_owned());
    lines.push("printf 'arguments:<%s>' \"$COMP_WORDBREAKS\"\n".to_owned());
    expected.push(":".to_owned());
    for ((line, output), expected) in lines
        .iter()
        .zip(typed_in_bash(&world, &lines))
        .zip(expected)
    {
        assert!(output.contains(&expected), "{line:?}: {output}");
    }
    assert!(!world.path("executed").exists());
}

#[cfg(unix)]
#[test]
fn zsh_adds_no_space_after_folders() {
    let world = world();
    // The functions of the completion system need a terminal.
    let script = r#"
        _describe() { echo "$*: ${(P)3}"; }
        _files() { echo files; }
        candidates() {
            words=(qingstor "$@") CURRENT=$(( $# + 1 )) PREFIX=${@[-1]}
            _qingstor
        }
        candidates cat qs://cli-test/
        candidates sta
        candidates cp '~/x'
    "#;
    let Some(output) = shell(&world, "zsh", &format!("compdef() {{ }}\n{script}")) else {
        return;
    };
    assert!(
        output.contains("-V values folders -S : qs\\://cli-test/"),
        "{output}"
    );
    assert!(
        output.contains("-V values others: qs\\://cli-test/notes.txt"),
        "{output}"
    );
    assert!(output.contains("-V values others: stat:Show"), "{output}");
    assert!(output.ends_with("files\n"), "{output}");
}

#[cfg(unix)]
#[test]
fn fish_completes_keys() {
    let world = world();
    let script = r#"complete -C "qingstor cat qs://cli-test/my\ f"; complete -C "qingstor sta""#;
    let Some(output) = shell(&world, "fish", script) else {
        return;
    };
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines.len(), 2, "{output}");
    assert!(
        lines[0].ends_with("my files/") || lines[0].ends_with(r"my\ files/"),
        "{output}"
    );
    assert!(lines[1].starts_with("stat\t"), "{output}");
}
