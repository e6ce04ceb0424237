//! Measures CPU time, throughput and peak memory of transfers, compared with `reqwest`.
//!
//! Each contender runs in its own process, so that memory which one of them has freed does not count
//! for the next one. The server is another process, whose CPU time does not count.

mod discarding_server;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use qingstor_sdk::{Bucket, Config, QingStor};
use tokio::runtime::Runtime;

/// The size of the content, in bytes.
pub(crate) const LEN: usize = 256 << 20;
/// The size of a part or range, in bytes.
pub(crate) const PART: usize = 8 << 20;

/// How often each contender is measured. The best round counts: others were disturbed.
const ROUNDS: usize = 5;
/// How many transfers one round has.
const TRANSFERS: u32 = 3;
/// The argument that makes the program a contender.
const CONTENDER: &str = "--contender";

/// Contenders that do the same work. The first one is `reqwest`.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) contenders: Vec<Contender>,
}

pub(crate) struct Contender {
    pub(crate) name: String,
    /// Prepares what the transfers share. The text is the URL of the server.
    prepare: Box<dyn Fn(&str) -> Transfer>,
}

/// Transfers the content once.
pub(crate) type Transfer = Box<dyn Fn(&Runtime)>;

impl Contender {
    pub(crate) fn new(name: &str, prepare: impl Fn(&str) -> Transfer + 'static) -> Self {
        Self {
            name: name.to_owned(),
            prepare: Box::new(prepare),
        }
    }
}

/// Runs the groups whose names contain an argument of the program, or all of them.
pub(crate) fn main(groups: &[Group]) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [role] if role == discarding_server::ARGUMENT => discarding_server::run(),
        [role, group, contender, url] if role == CONTENDER => {
            let group = groups.iter().find(|known| known.name == *group);
            let group = group.expect("a group");
            let contender = group
                .contenders
                .iter()
                .find(|known| known.name == *contender);
            measure(contender.expect("a contender"), url);
        }
        filters => {
            let filters: Vec<_> = filters
                .iter()
                .filter(|text| !text.starts_with("--"))
                .collect();
            let is_wanted = |name: &str| {
                filters.is_empty() || filters.iter().any(|filter| name.contains(*filter))
            };
            let server = Server::start();
            for group in groups.iter().filter(|group| is_wanted(&group.name)) {
                compare(group, &server.url);
            }
        }
    }
}

/// Runs one round in this process, and prints its result.
fn measure(contender: &Contender, url: &str) {
    let runtime = Runtime::new().expect("a runtime");
    let transfer = (contender.prepare)(url);
    let before = memory("VmRSS:");
    // The first transfer opens the connections.
    transfer(&runtime);
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    for _ in 0..TRANSFERS {
        transfer(&runtime);
    }
    let (cpu, wall) = (cpu.elapsed(), wall.elapsed());
    let peak = memory("VmHWM:").saturating_sub(before);
    println!("{} {} {peak}", cpu.as_nanos(), wall.as_nanos());
}

/// Returns a line of the system's memory statistics, in KiB; 0 if there are none.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[derive(Clone, Copy)]
struct Cost {
    cpu: Duration,
    wall: Duration,
    peak_kib: u64,
}

/// Measures the contenders in turn, and prints a table.
fn compare(group: &Group, url: &str) {
    let mut best: Vec<Option<Cost>> = vec![None; group.contenders.len()];
    for _ in 0..ROUNDS {
        for (best, contender) in best.iter_mut().zip(&group.contenders) {
            let cost = run(&group.name, &contender.name, url);
            let best = best.get_or_insert(cost);
            best.cpu = best.cpu.min(cost.cpu);
            best.wall = best.wall.min(cost.wall);
            best.peak_kib = best.peak_kib.min(cost.peak_kib);
        }
    }
    println!("\n{}", group.name);
    println!("| | CPU per GiB | against `reqwest` | MiB/s | against `reqwest` | peak memory |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let bare = best.first().copied().flatten().expect("a result");
    for (contender, cost) in group.contenders.iter().zip(best) {
        let cost = cost.expect("a result");
        let transferred = f64::from(TRANSFERS) * LEN as f64 / f64::from(1 << 20);
        println!(
            "| {} | {:.0} ms | {:.2} | {:.0} | {:.2} | {} MiB |",
            contender.name,
            cost.cpu.as_secs_f64() * 1000.0 / transferred * 1024.0,
            cost.cpu.as_secs_f64() / bare.cpu.as_secs_f64(),
            transferred / cost.wall.as_secs_f64(),
            bare.wall.as_secs_f64() / cost.wall.as_secs_f64(),
            cost.peak_kib / 1024,
        );
    }
}

/// Runs a contender in its own process.
fn run(group: &str, contender: &str, url: &str) -> Cost {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args([CONTENDER, group, contender, url])
        .stderr(Stdio::inherit())
        .output()
        .expect("a process");
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u64> = text
        .split_whitespace()
        .map(|number| number.parse().expect("a number"))
        .collect();
    match numbers.as_slice() {
        [cpu, wall, peak] => Cost {
            cpu: Duration::from_nanos(*cpu),
            wall: Duration::from_nanos(*wall),
            peak_kib: *peak,
        },
        _ => panic!("{contender} has no result: {text}"),
    }
}

struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut process = Command::new(program)
            .arg(discarding_server::ARGUMENT)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut url = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut url).expect("its URL");
        Self {
            process,
            url: url.trim().to_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().expect("its end");
        self.process.wait().expect("its end");
    }
}

/// Returns a bucket at the server.
pub(crate) fn bucket(url: &str) -> Bucket {
    let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY").endpoint(url);
    let qingstor = QingStor::new(config).expect("a client");
    qingstor.bucket("my-bucket", "pek3a").expect("a bucket")
}
