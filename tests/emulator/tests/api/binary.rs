//! The program.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Output, Stdio};

use crate::client::{Client, request, unix_now};

const SECRET: &str = "very-secret";

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_qingstor-emulator"))
}

/// A running program; it does not outlive its test.
struct Program(Child);

impl Program {
    /// Sends a signal, and expects a good end.
    fn end(&mut self, signal: &str) {
        let killed = Command::new("kill")
            .args([signal, &self.0.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads where the program listens.
fn client_of(program: &mut Program) -> Client {
    let mut line = String::new();
    let stdout = program.0.stdout.as_mut().unwrap();
    // Byte by byte, so that nothing else is taken from the pipe.
    BufReader::with_capacity(1, stdout)
        .read_line(&mut line)
        .unwrap();
    let addr = line.trim_end().strip_prefix("listening on http://");
    Client {
        addr: addr.unwrap().parse().unwrap(),
        id: "ALICE".to_owned(),
        secret: SECRET.to_owned(),
    }
}

/// Exit code 2, nothing on standard output, one line on standard error.
fn failed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

#[tokio::test]
async fn it_says_where_it_listens_and_ends_when_told() {
    for signal in ["-INT", "-TERM"] {
        starts_and_ends(signal).await;
    }
}

async fn starts_and_ends(signal: &str) {
    let directory = tempfile::tempdir().unwrap();
    let mut child = command()
        .args(["--listen", "127.0.0.1:0", "--access-key-id", "ALICE"])
        .args(["--secret-access-key", SECRET, "--log", "off", "--data-dir"])
        .arg(directory.path().join("data"))
        .stdout(Stdio::piped())
        .spawn()
        .map(Program)
        .unwrap();
    let client = client_of(&mut child);
    client.bucket("photos").await;
    assert_eq!(client.send(request("HEAD", "/photos")).await.status, 200);

    child.end(signal);
    let mut rest = String::new();
    let mut stdout = child.0.stdout.take().unwrap();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "it says more than where it listens");
}

#[tokio::test]
async fn it_logs_each_request_without_its_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = command()
        .env("TMPDIR", directory.path())
        .args(["--listen", "127.0.0.1:0", "--access-key-id", "ALICE"])
        .args(["--secret-access-key", SECRET])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(Program)
        .unwrap();
    let client = client_of(&mut child);
    client.bucket("photos").await;
    let get = request("GET", "/photos/a%20b").presigned(&client, unix_now() + 60);
    let reply = client.send_as_is(&get).await;
    assert_eq!(reply.status, 404);
    child.end("-TERM");
    let mut log = String::new();
    child
        .0
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    let line = log.lines().find(|line| line.contains("GetObject")).unwrap();
    for part in [
        "method=GET",
        "/photos/a%20b?access_key_id=ALICE&",
        "signature=***",
        "status=404",
        "object_not_exists",
        reply.header("x-qs-request-id"),
        "elapsed_us=",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert!(!log.contains(SECRET), "{log}");
    let leftovers = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(leftovers, 0, "the temporary data directory stays");
}

#[test]
fn it_says_in_one_line_what_is_wrong() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    for (arguments, expected) in [
        (&["--no-such-flag"][..], "--no-such-flag"),
        (&["--log", "loud"], "loud"),
        (&["--listen"], "--listen"),
        (&["--listen", "nonsense"], "nonsense"),
        (&["--listen", &taken], &taken),
        (&["--listen", "127.0.0.1:0", "--data-dir", file], file),
        (&["--access-key-id", "ALICE"], "--secret-access-key"),
        (&["--zone", "Not A Zone"], "Not A Zone"),
    ] {
        let output = command()
            .args(arguments)
            .args(["--log", "off"])
            .output()
            .unwrap();
        let message = failed(&output);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn it_helps() {
    let output = command().arg("--help").output().unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for flag in [
        "--listen",
        "--data-dir",
        "--access-key-id",
        "--secret-access-key",
    ] {
        assert!(help.contains(flag));
    }
}
