//! The command line program.

use std::io::Read as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Client, read_reply, request, unix_now};
use crate::program::{Program, SECRET, client_of, command};

/// Checks a failed start: exit code 2, no standard output, one line on standard error.
fn failed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    let reasons = message.trim().split(": ").collect::<Vec<_>>();
    let is_twice = |pair: &[&str]| pair[0] == pair[1];
    assert!(!reasons.windows(2).any(is_twice), "{message}");
    message
}

#[tokio::test]
async fn prints_its_address_and_ends_on_a_signal() {
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
    assert_eq!(rest, "", "unexpected output after the address");
}

#[tokio::test]
async fn logs_each_request_without_secrets() {
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
    let log = child.log();
    let line = log.lines().find(|line| line.contains("GetObject")).unwrap();
    for part in [
        "method=GET",
        "/photos/a%20b?access_key_id=ALICE&",
        "signature=***",
        "status=404",
        "object_not_exists",
        reply.header("x-qs-request-id"),
        "client=127.0.0.1:",
        "user=\"usr-",
        "bytes_in=0",
        "bytes_out=",
        "elapsed_us=",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert!(!log.contains(SECRET), "{log}");
    let leftovers = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(leftovers, 0, "the temporary data directory was not removed");
}

/// Starts the program with a custom account and additional arguments.
fn start_with(arguments: &[&str], temporary: &Path) -> (Program, Client) {
    let mut program = command()
        .env("TMPDIR", temporary)
        .args(["--listen", "127.0.0.1:0"])
        .args(["--access-key-id", "ALICE", "--secret-access-key", SECRET])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(Program)
        .unwrap();
    let client = client_of(&mut program);
    (program, client)
}

/// Starts to upload `photos/a`, and waits until the program reads the body.
async fn begin_upload(client: &Client) -> TcpStream {
    client.bucket("photos").await;
    let put = request("PUT", "/photos/a")
        .header("Content-Length", "5")
        .header("Expect", "100-continue")
        .signed(client)
        .to_bytes();
    let mut stream = client.open(&put).await;
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// Waits until the program refuses connections.
async fn stops_listening(client: &Client) {
    for _ in 0..500 {
        if TcpStream::connect(client.addr).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the program still listens");
}

#[tokio::test]
async fn requests_in_flight_finish() {
    let directory = tempfile::tempdir().unwrap();
    let (mut program, client) = start_with(&["--grace", "60s", "--in-memory"], directory.path());
    let mut stream = begin_upload(&client).await;
    program.signal("-TERM");
    stops_listening(&client).await;
    assert!(
        program.0.try_wait().unwrap().is_none(),
        "the program has ended"
    );
    stream.write_all(b"12345").await.unwrap();
    assert_eq!(read_reply(&mut stream).await.status, 201);
    assert_eq!(program.0.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_the_program_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let (mut program, client) = start_with(&["--grace", "60s"], directory.path());
    let _stream = begin_upload(&client).await;
    program.signal("-TERM");
    stops_listening(&client).await;
    let started = Instant::now();
    program.signal("-INT");
    assert_eq!(program.0.wait().unwrap().code(), Some(1));
    assert!(started.elapsed() < Duration::from_secs(20));
    let leftovers = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(leftovers, 0, "the temporary data directory was not removed");
}

#[tokio::test]
async fn logs_the_faults_of_the_command_line() {
    let rule = "operation=ListBuckets,times=1,status=502";
    let reset = "operation=ListBuckets,reset=before";
    let arguments = ["--fault", rule, "--fault", reset, "--fault-seed", "7"];
    let directory = tempfile::tempdir().unwrap();
    let arguments = [&arguments[..], &["--admin"]].concat();
    let (mut program, client) = start_with(&arguments, directory.path());
    assert_eq!(client.get("/").await.status, 502);
    let list = request("GET", "/").signed(&client).to_bytes();
    let mut stream = client.open(&list).await;
    assert!(stream.read_u8().await.is_err());
    let list = request("GET", "/_emulator/faults");
    assert_eq!(client.send_as_is(&list).await.json()["seed"], 7);
    program.end("-TERM");
    let log = program.log();
    assert!(log.contains("fault_seed=7"), "{log}");
    for (expected, status) in [(rule, "status=502"), (reset, "operation=")] {
        let line = log.lines().find(|line| {
            line.contains("method=GET") && line.contains(&format!("fault=\"{expected}\""))
        });
        let line = line.unwrap_or_else(|| panic!("no line for {expected} in {log}"));
        assert!(line.contains(status), "{line}");
    }
}

#[test]
fn reports_bad_arguments_in_one_line() {
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
        (&["--fault", "status=1"], "400 to 599"),
        (&["--fault", "operation=Nothing,status=503"], "ListBuckets"),
        (&["--fault-seed", "x"], "--fault-seed"),
        (&["--grace", "soon"], "such as 10s"),
        (&["--in-memory", "--data-dir", "data"], "--in-memory"),
    ] {
        let output = command().args(arguments).output().unwrap();
        let message = failed(&output);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn help_lists_all_flags() {
    let output = command().arg("--help").output().unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for flag in [
        "--listen",
        "--data-dir",
        "--access-key-id",
        "--secret-access-key",
        "--in-memory",
        "--grace",
        "--fault ",
        "--fault-seed",
        "--admin",
        "Examples:",
        "retry-after=",
    ] {
        assert!(help.contains(flag), "{flag} is not in {help}");
    }
    for line in help.lines() {
        assert!(line.chars().count() <= 120, "too wide: {line}");
    }
}
