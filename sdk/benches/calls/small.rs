//! Many small calls at once, compared with `reqwest`.
//!
//! `cargo bench -p qingstor-sdk --bench calls -- small` prints a table. Both clients take turns in
//! short rounds, and the ratio of each round counts, so a machine that becomes slower for a while
//! slows down both sides of a ratio. The CPU time is that of the client's process, user and system.
//!
//! `-- --only 'HEAD, sdk' 5000` sends this number of requests and prints nothing, for tools that
//! count instructions: the difference of two runs, divided by the difference of their numbers.

use std::time::Duration;

use bytes::Bytes;
use cpu_time::ProcessTime;
use futures_util::StreamExt;

use crate::site::Site;

/// Number of concurrent calls.
const IN_FLIGHT: usize = 16;
/// Number of calls that one client makes in its turn.
const CALLS_PER_TURN: usize = 256;
/// Number of rounds. Each client has two turns in a round.
const ROUNDS: usize = 250;
/// Number of rounds before the measurement.
const WARM_UP: usize = 10;

/// A kind of call.
#[derive(Clone, Copy)]
enum Kind {
    Head,
    Get,
    Put,
}

/// A client that makes the calls.
#[derive(Clone, Copy)]
enum Client {
    Reqwest,
    Sdk,
}

const KINDS: [(&str, Kind); 3] = [
    ("HEAD", Kind::Head),
    ("GET 1 KiB", Kind::Get),
    ("PUT 1 KiB", Kind::Put),
];
const CLIENTS: [(&str, Client); 2] = [("reqwest", Client::Reqwest), ("sdk", Client::Sdk)];

/// Runs what the arguments of the program ask for. Returns whether nothing else is to be run.
pub(crate) fn run() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|text| text == "--only") {
        let (name, number) = (&arguments[at + 1], &arguments[at + 2]);
        only(name, number.parse().expect("a number"));
        return true;
    }
    let mut filters = arguments.iter().filter(|text| !text.starts_with("--"));
    let filter = filters.next();
    if filter.is_none_or(|filter| filter == "small") {
        let is_test = arguments.iter().any(|text| text == "--test");
        table(if is_test { 1 } else { ROUNDS });
    }
    filter.is_some_and(|filter| filter == "small")
}

/// Makes calls of one kind with one client.
fn only(name: &str, number: usize) {
    let (kind, client) = name.split_once(", ").expect("a call and a client");
    let kind = KINDS.iter().find(|(known, _)| *known == kind);
    let client = CLIENTS.iter().find(|(known, _)| *known == client);
    let (kind, client) = (kind.expect("a kind").1, client.expect("a client").1);
    calls(&Site::start(), kind, client, number);
}

/// Measures both clients, and prints the ratios of their CPU time.
fn table(rounds: usize) {
    let site = Site::start();
    println!("small calls, {IN_FLIGHT} in flight, {rounds} rounds of CPU time per call");
    println!(
        "| call | reqwest | sdk | ratio: median | middle half | 95 % interval of the median |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for (name, kind) in KINDS {
        for _ in 0..WARM_UP.min(rounds) {
            round(&site, kind);
        }
        let (mut bare, mut sdk, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (reqwest_time, sdk_time) = round(&site, kind);
            bare.push(micros_per_call(reqwest_time));
            sdk.push(micros_per_call(sdk_time));
            ratios.push(sdk_time.as_secs_f64() / reqwest_time.as_secs_f64());
        }
        let (bare, sdk, ratios) = (Sorted::new(bare), Sorted::new(sdk), Sorted::new(ratios));
        // The order statistics between which the median lies with a probability of 95 %.
        let half_width = 0.98 / (rounds as f64).sqrt();
        println!(
            "| {name} | {:.2} µs | {:.2} µs | {:.3} | {:.3} to {:.3} | {:.3} to {:.3} |",
            bare.at(0.5),
            sdk.at(0.5),
            ratios.at(0.5),
            ratios.at(0.25),
            ratios.at(0.75),
            ratios.at(0.5 - half_width),
            ratios.at(0.5 + half_width),
        );
    }
}

/// Returns the CPU time of `reqwest` and of the SDK. The second turns are in reverse order, so that
/// both clients follow the other one and themselves equally often.
fn round(site: &Site, kind: Kind) -> (Duration, Duration) {
    let turn = |client| {
        let start = ProcessTime::now();
        calls(site, kind, client, CALLS_PER_TURN);
        start.elapsed()
    };
    let reqwest = turn(Client::Reqwest);
    let sdk = turn(Client::Sdk) + turn(Client::Sdk);
    (reqwest + turn(Client::Reqwest), sdk)
}

/// Makes `number` calls, [`IN_FLIGHT`] at once.
fn calls(site: &Site, kind: Kind, client: Client, number: usize) {
    match (kind, client) {
        (Kind::Head, Client::Reqwest) => many(site, number, || reqwest_head(site)),
        (Kind::Head, Client::Sdk) => many(site, number, || sdk_head(site)),
        (Kind::Get, Client::Reqwest) => many(site, number, || reqwest_get(site)),
        (Kind::Get, Client::Sdk) => many(site, number, || sdk_get(site)),
        (Kind::Put, Client::Reqwest) => many(site, number, || reqwest_put(site)),
        (Kind::Put, Client::Sdk) => many(site, number, || sdk_put(site)),
    }
}

fn many<F: Future<Output = usize>>(site: &Site, number: usize, call: impl Fn() -> F) {
    site.runtime.block_on(async {
        let all = futures_util::stream::iter(0..number).map(|_| call());
        all.buffer_unordered(IN_FLIGHT).count().await
    });
}

const CONTENT: Bytes = Bytes::from_static(&[b'x'; 1024]);

async fn reqwest_head(site: &Site) -> usize {
    let response = site.reqwest.head(site.url("small")).send().await;
    response.expect("a response").headers().len()
}

async fn sdk_head(site: &Site) -> usize {
    let output = site.bucket.head_object("small").await;
    output.expect("an output").headers().len()
}

async fn reqwest_get(site: &Site) -> usize {
    let response = site.reqwest.get(site.url("small")).send().await;
    let body = response.expect("a response").bytes().await;
    body.expect("a body").len()
}

async fn sdk_get(site: &Site) -> usize {
    let output = site.bucket.get_object("small").await;
    let body = output.expect("an output").body.bytes().await;
    body.expect("a body").len()
}

async fn reqwest_put(site: &Site) -> usize {
    let put = site.reqwest.put(site.url("stored")).body(CONTENT);
    let body = put.send().await.expect("a response").bytes().await;
    body.expect("a body").len()
}

async fn sdk_put(site: &Site) -> usize {
    let output = site.bucket.put_object("stored").body(CONTENT).await;
    output.expect("an output").etag.len()
}

fn micros_per_call(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6 / (2 * CALLS_PER_TURN) as f64
}

/// Measured values in ascending order.
struct Sorted(Vec<f64>);

impl Sorted {
    fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// Returns the value below which this share of the values lies.
    fn at(&self, share: f64) -> f64 {
        let last = self.0.len() - 1;
        let index = (share.clamp(0.0, 1.0) * last as f64).round();
        self.0[index as usize]
    }
}
