//! Compares the cold release build of a program that uses the SDK with that of a program that uses
//! `reqwest` with the same TLS: `cargo bench -p qingstor-sdk --bench build_cost`.
//!
//! Prints the CPU time of both builds, and the crates that make the difference. Each program is built
//! twice, by turns, and the faster build counts. CPU time changes little when the machine is busy. It is
//! read from `/proc`, so this needs Linux.

// A benchmark may panic.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// The environment variable that makes this program a wrapper of `rustc`: the file to which it adds
/// the CPU time of each crate.
const LOG: &str = "BUILD_COST_LOG";
/// Differences of less than this number of seconds are not printed.
const SMALLEST_DIFFERENCE: f64 = 0.3;

const TOKIO: &str = r#"tokio = { version = "1", features = ["macros", "rt-multi-thread"] }"#;

const BARE_DEPENDENCIES: &str = r#"
reqwest = { version = "0.13.5", default-features = false, features = ["rustls-no-provider"] }
rustls = { version = "0.23.46", default-features = false, features = ["ring", "std", "tls12"] }
"#;

const BARE_PROGRAM: &str = r#"
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let url = "https://example.com/hello.txt";
    client.put(url).body("hello").send().await?.error_for_status()?;
    let content = client.get(url).send().await?.error_for_status()?.bytes().await?;
    println!("{content:?}");
    Ok(())
}
"#;

const SDK_PROGRAM: &str = r#"
use qingstor_sdk::{Config, QingStor};

#[tokio::main]
async fn main() -> qingstor_sdk::Result<()> {
    let qingstor = QingStor::new(Config::load()?)?;
    let bucket = qingstor.bucket("test-bucket", "pek3a")?;
    bucket.put_object("hello.txt").body("hello").await?;
    let content = bucket.get_object("hello.txt").await?.body.bytes().await?;
    println!("{content:?}");
    Ok(())
}
"#;

/// The cost of one build.
struct Cost {
    /// CPU time of all processes, in seconds.
    cpu: f64,
    /// Time until the end of the build, in seconds.
    wall: f64,
    /// CPU time of each crate, in seconds.
    crates: BTreeMap<String, f64>,
}

impl Cost {
    /// Returns the least of each time.
    fn least(self, other: Self) -> Self {
        let mut crates = self.crates;
        for (name, seconds) in other.crates {
            let least = crates.entry(name).or_insert(seconds);
            *least = least.min(seconds);
        }
        Self {
            cpu: self.cpu.min(other.cpu),
            wall: self.wall.min(other.wall),
            crates,
        }
    }
}

fn main() -> ExitCode {
    if let Some(log) = std::env::var_os(LOG) {
        return compile(Path::new(&log));
    }
    if std::env::args().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let sdk = format!(
        "qingstor-sdk = {{ path = {:?} }}",
        env!("CARGO_MANIFEST_DIR")
    );
    let [(sdk, bare), (sdk_again, bare_again)] = [(); 2].map(|()| {
        let sdk = build(&sdk, SDK_PROGRAM);
        (sdk, build(BARE_DEPENDENCIES, BARE_PROGRAM))
    });
    let (sdk, bare) = (sdk.least(sdk_again), bare.least(bare_again));
    print!("{}", table(&sdk, &bare));
    ExitCode::SUCCESS
}

/// Runs `rustc` with the arguments of this program, and adds its CPU time to the log.
fn compile(log: &Path) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let status = Command::new(&arguments[0]).args(&arguments[1..]).status();
    // A build script counts for its crate.
    if let Ok(name) = std::env::var("CARGO_PKG_NAME") {
        let line = format!("{name} {}\n", cpu_of_children());
        let mut log = OpenOptions::new().create(true).append(true).open(log);
        let log = log.as_mut().expect("the log");
        log.write_all(line.as_bytes()).expect("the log");
    }
    match status.expect("rustc").success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Builds a program with these dependencies in a new folder.
fn build(dependencies: &str, program: &str) -> Cost {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let manifest = format!(
        "[package]\nname = \"hello\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\n{TOKIO}\n{dependencies}\n"
    );
    fs::create_dir(folder.join("src")).expect("a folder");
    fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    fs::write(folder.join("src/main.rs"), program).expect("a file");
    // The same versions as in the workspace.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, folder.join("Cargo.lock")).expect("Cargo.lock");
    let log = folder.join("log");
    let (cpu, start) = (cpu_of_children(), Instant::now());
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env(
            "RUSTC_WRAPPER",
            std::env::current_exe().expect("this program"),
        )
        .env(LOG, &log)
        .status();
    assert!(status.expect("cargo").success(), "the build failed");
    let mut crates = BTreeMap::new();
    for line in fs::read_to_string(log).expect("the log").lines() {
        let (name, seconds) = line.split_once(' ').expect("a name and a time");
        *crates.entry(name.to_owned()).or_default() += seconds.parse::<f64>().expect("seconds");
    }
    Cost {
        cpu: cpu_of_children() - cpu,
        wall: start.elapsed().as_secs_f64(),
        crates,
    }
}

/// Returns the CPU time of all child processes that have ended, in seconds.
fn cpu_of_children() -> f64 {
    /// All Linux systems report the times in hundredths of a second.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    // The name of the program may contain spaces.
    let (_, fields) = stat.rsplit_once(") ").expect("the name of the program");
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |index: usize| fields[index].parse::<f64>().expect("a number");
    // `cutime` and `cstime`.
    (ticks(13) + ticks(14)) / TICKS_PER_SECOND
}

fn table(sdk: &Cost, bare: &Cost) -> String {
    let mut rows: Vec<_> = sdk
        .crates
        .iter()
        .map(|(name, seconds)| {
            (
                name,
                *seconds,
                bare.crates.get(name).copied().unwrap_or(0.0),
            )
        })
        .filter(|(_, sdk, bare)| sdk - bare >= SMALLEST_DIFFERENCE)
        .collect();
    rows.sort_by(|(_, a, b), (_, c, d)| (c - d).total_cmp(&(a - b)));
    let mut text =
        String::from("| cold release build | sdk | reqwest | ratio |\n|---|---|---|---|\n");
    for (name, sdk, bare) in [
        ("CPU time", sdk.cpu, bare.cpu),
        ("time", sdk.wall, bare.wall),
    ] {
        let ratio = sdk / bare;
        let _ = writeln!(text, "| {name} | {sdk:.1} s | {bare:.1} s | {ratio:.2} |");
    }
    for (name, sdk, bare) in rows {
        let _ = writeln!(text, "| `{name}` | {sdk:.1} s | {bare:.1} s | |");
    }
    text
}
