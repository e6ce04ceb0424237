//! `generate --watch` renders changes, reports errors, and ends on Ctrl-C.
#![cfg(test)]
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use common::Workspace;

/// Longer than any step takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A generator that watches, and the lines that it prints.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(workspace: &Workspace) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_codegen"))
            .args("generate -f specs/notes.json -t pack -o out --watch".split(' '))
            .current_dir(workspace.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let out: Box<dyn std::io::Read + Send> = Box::new(child.stdout.take().unwrap());
        let err: Box<dyn std::io::Read + Send> = Box::new(child.stderr.take().unwrap());
        for pipe in [out, err] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines() {
                    // The test may have ended.
                    let _ = sender.send(line.unwrap());
                }
            });
        }
        Self { child, lines }
    }

    /// Reads lines up to one that contains a text.
    fn wait_for(&self, text: &str) -> Vec<String> {
        let until = Instant::now() + LONG;
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(until - Instant::now()) {
            let found = line.contains(text);
            seen.push(line);
            if found {
                return seen;
            }
        }
        panic!("no line holds {text}: {seen:#?}");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The process has already exited if the test succeeded.
        let _ = self.child.kill();
    }
}

#[test]
fn watch_renders_changes_reports_errors_and_ends_on_ctrl_c() {
    let workspace = Workspace::notes();
    let mut watch = Watch::start(&workspace);
    let seen = watch.wait_for("watching; press Ctrl-C to end");
    assert!(
        seen.iter()
            .any(|line| line.starts_with("wrote out/types.txt +")),
        "{seen:#?}"
    );

    workspace.replace("pack/errors.txt.tera", "{{ e.code }}", "<{{ e.code }}>");
    let seen = watch.wait_for("files changed");
    assert!(
        seen[0].starts_with("changed: ") && seen[0].ends_with("pack/errors.txt.tera"),
        "{seen:#?}"
    );
    assert!(
        seen.contains(&"changed out/errors.txt +1 -1".to_owned()),
        "{seen:#?}"
    );
    assert!(workspace.read("out/errors.txt").contains("<no_such_note>"));

    workspace.replace("pack/errors.txt.tera", "e.code", "e.kode");
    watch.wait_for("did you mean `code`?");
    assert!(workspace.read("out/errors.txt").contains("<no_such_note>"));
    workspace.replace("pack/errors.txt.tera", "<{{ e.kode }}>", "[{{ e.code }}]");
    watch.wait_for("changed out/errors.txt +1 -1");

    workspace.replace("specs/parts/note.json", "Writes a note", "Stores a note");
    watch.wait_for("changed out/resources/note.txt +1 -1");
    workspace.write("specs/parts/note.json", "{");
    watch.wait_for("error[json-syntax]");

    // Files that are not inputs do not cause a run, including the outputs.
    while watch.lines.recv_timeout(Duration::from_millis(400)).is_ok() {}
    workspace
        .write("out/more.txt", "x")
        .write("pack/notes.md", "x")
        .write("specs/other.txt", "x");
    let quiet = watch.lines.recv_timeout(Duration::from_millis(800));
    assert!(quiet.is_err(), "{quiet:?}");

    let id = watch.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    watch.wait_for("ended");
    assert!(watch.child.wait().unwrap().success());
    let hidden = |name: &String| name.contains(".codegen-");
    assert!(
        !workspace.names("").iter().any(hidden),
        "something was left behind"
    );
}
