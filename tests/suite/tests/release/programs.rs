//! Runs the commands of documents that use programs of this repository.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use qingstor_suite::repository::root;
use tempfile::TempDir;

use crate::documents::commands_to_run;

/// Commands that run until a signal ends them, and the first words of the line that they print when
/// they are ready.
const SERVERS: &[(&str, &str)] = &[
    ("qingstor-emulator ", "listening on "),
    ("qingstor emulator ", "export QINGSTOR_SECRET_ACCESS_KEY="),
];

#[test]
fn commands_of_documents_succeed() {
    let user = User::new();
    user.create_files();
    let server = user.start("qingstor emulator --bucket my-bucket");
    let settings: String = server
        .output
        .lines()
        .filter(|line| line.starts_with("export "))
        .fold(String::new(), |settings, line| settings + line + "\n");
    user.run(&format!("{settings}qingstor cp a.txt qs://my-bucket/a.txt"));

    let mut count = 0;
    for mut command in commands_to_run() {
        // A block that contains only a flag of the emulator.
        if command.starts_with("--") {
            command.insert_str(0, "qingstor-emulator ");
        }
        if SERVERS.iter().any(|(start, _)| command.starts_with(start)) {
            user.start(&command);
        } else {
            user.run(&format!("{settings}{command}"));
        }
        count += 1;
    }
    assert!(count >= 14, "{count}");

    // Two of the commands have effects that only another command shows.
    let cat = user.run(&format!(
        "{settings}qingstor cat qs://my-bucket/photos/cat.jpg"
    ));
    assert_eq!(cat, "a cat\n");
    if Command::new("bash").arg("--version").output().is_ok() {
        let completion = user.run("bash -c '. ~/.bashrc; complete -p qingstor'");
        assert!(completion.contains("qingstor"), "{completion}");
    }
}

/// A user with an empty home folder, whose `PATH` contains the programs of this repository.
struct User {
    home: TempDir,
}

impl User {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// Creates the files that the commands of documents read.
    fn create_files(&self) {
        let cors = r#"{ "cors_rules": [ { "allowed_origin": "*", "allowed_methods": ["GET"] } ] }"#;
        for (path, text) in [
            ("photos/cat.jpg", "a cat\n"),
            ("a.txt", "a text\n"),
            ("cors.json", cors),
        ] {
            let path = self.home.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let specification = self.home.path().join("specs/api.json");
        std::fs::create_dir(specification.parent().unwrap()).unwrap();
        std::fs::copy(
            root().join("templates/rust/tests/small/spec.json"),
            specification,
        )
        .unwrap();
    }

    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-euc", script]).current_dir(self.home.path());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder()).chain(std::env::split_paths(&path));
        without_settings(&mut shell)
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("HOME", self.home.path())
            .env("LANG", "C")
            .stdin(Stdio::null());
        shell
    }

    /// Runs a script, and returns its standard output.
    fn run(&self, script: &str) -> String {
        program_output(&mut self.shell(script))
    }

    /// Starts a server on a free port, and waits until it is ready.
    fn start(&self, command: &str) -> RunningServer {
        let (_, ready) = SERVERS
            .iter()
            .find(|(start, _)| command.starts_with(start))
            .unwrap();
        let command = command.replace("--listen 127.0.0.1:9000", "");
        let mut shell = self.shell(&format!("exec {command} --listen 127.0.0.1:0 2>server.log"));
        let mut process = shell.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = String::new();
        let mut reader = BufReader::new(process.stdout.take().unwrap());
        while !output.lines().any(|line| line.starts_with(ready)) {
            if reader.read_line(&mut output).unwrap() == 0 {
                let log = std::fs::read_to_string(self.home.path().join("server.log"));
                panic!("{command}: {:?}\n{output}{log:?}", process.wait());
            }
        }
        RunningServer { process, output }
    }
}

/// A server that is killed when the value is dropped.
struct RunningServer {
    process: Child,
    /// Output of the server until it was ready.
    output: String,
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            let _ = writeln!(std::io::stderr(), "server: {error}");
        }
    }
}

/// Returns the folder of the programs that `cargo test --workspace` builds.
pub(crate) fn folder() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().to_owned();
    for program in [
        "codegen",
        "qingstor",
        "qingstor-emulator",
        "examples/walkthrough",
    ] {
        assert!(
            folder.join(program).is_file(),
            "{} does not exist; `cargo test --workspace` builds it",
            folder.join(program).display()
        );
    }
    folder
}

/// Removes the settings of the SDK from the environment, so that a command does not use a real account.
pub(crate) fn without_settings(command: &mut Command) -> &mut Command {
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("QINGSTOR_") {
            command.env_remove(variable);
        }
    }
    command
}

/// Returns the standard output of a command, which must succeed.
pub(crate) fn program_output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{command:?}: {}\n{out}{err}",
        output.status
    );
    out.into_owned()
}
