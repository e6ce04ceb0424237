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

/// Runs a shell that has loaded the script, and returns its output. `None` if it is not installed.
fn shell(world: &World, name: &str, script: &str) -> Option<String> {
    let installed = Command::new(name)
        .args(["-c", "exit"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !installed.is_ok_and(|status| status.success()) {
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

#[cfg(unix)]
#[test]
fn bash_quotes_candidates_like_names_of_files() {
    let world = world();
    // `compopt` fails outside of a completion.
    let script = r#"
        compopt() { echo "compopt $1 $2"; }
        candidates() {
            COMP_WORDS=(qingstor "$@") COMP_CWORD=$# COMP_TYPE=9
            _qingstor qingstor "${@: -1}"
            printf '%s\n' "${COMPREPLY[@]}"
        }
        candidates cat 'qs://cli-test/my\ f'
        candidates st
    "#;
    let Some(output) = shell(&world, "bash", script) else {
        return;
    };
    let lines: Vec<_> = output.lines().collect();
    let file = [
        "compopt -o nospace",
        "compopt -o filenames",
        "qs://cli-test/my files/",
    ];
    assert_eq!(lines[1..4], file, "{output}");
    assert_eq!(lines[5..], ["stat"], "{output}");
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
