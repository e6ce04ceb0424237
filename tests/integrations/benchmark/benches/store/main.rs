//! Compares the CPU time of three clients for equal work: the SDK, the same SDK through
//! `qingstor-object-store`, and `object_store`'s own store for S3.
//!
//! The server is another process. It sends constant responses in the dialect of each client, so that
//! all clients transfer the same content.

mod client;
mod server;

use std::hint::black_box;
use std::time::Duration;

use client::{Client, ObjectStoreClient, Sdk};
use cpu_time::ProcessTime;
use futures_util::{StreamExt, stream};
use object_store::aws::AmazonS3Builder;
use object_store::{ClientOptions, ObjectStore};
use qingstor_object_store::QingStorBuilder;
use qingstor_sdk::{Config, QingStor};
use server::Server;

/// Rounds. Each runs every client once, in an order that changes.
const ROUNDS: usize = 15;
/// Requests in flight.
const IN_FLIGHT: usize = 16;

/// Something that every client can do.
#[derive(Clone, Copy, PartialEq)]
enum Work {
    Get,
    Put,
    List,
    Multipart,
}

impl Work {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "get 1 KiB",
            Self::Put => "put 1 KiB",
            Self::List => "list 1,000 keys",
            Self::Multipart => "multipart, 8 parts of 8 MiB",
        }
    }

    /// Number of operations in a round.
    fn operations(self) -> usize {
        match self {
            Self::Get | Self::Put => 2_000,
            Self::List => 100,
            Self::Multipart => 4,
        }
    }

    async fn run(self, client: &dyn Client) {
        let concurrent = match self {
            Self::Get | Self::Put => IN_FLIGHT,
            Self::List | Self::Multipart => 1,
        };
        let operations = stream::iter(0..self.operations()).map(|_| async move {
            match self {
                Self::Get => assert_eq!(client.get().await, server::SMALL),
                Self::Put => client.put().await,
                Self::List => assert_eq!(client.list().await, server::KEYS),
                Self::Multipart => client.multipart().await,
            }
        });
        operations
            .buffer_unordered(concurrent)
            .collect::<()>()
            .await;
    }
}

fn main() {
    if std::env::args().any(|argument| argument == server::ARGUMENT) {
        return server::run();
    }
    let wanted = std::env::args()
        .nth(1)
        .filter(|name| !name.starts_with("--"));
    let server = Server::start();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let clients = {
        let _inside = runtime.enter();
        clients(&server)
    };
    print!("| CPU time per operation |");
    for (name, _) in &clients {
        print!(" {name} |");
    }
    println!("\n| --- |{}", " --- |".repeat(clients.len()));
    for work in [Work::Get, Work::Put, Work::List, Work::Multipart] {
        if wanted
            .as_deref()
            .is_some_and(|wanted| !work.name().starts_with(wanted))
        {
            continue;
        }
        for (_, client) in &clients {
            runtime.block_on(work.run(&**client));
        }
        let mut times = vec![Vec::new(); clients.len()];
        for round in 0..ROUNDS {
            for turn in 0..clients.len() {
                let index = (round + turn) % clients.len();
                let start = ProcessTime::now();
                runtime.block_on(work.run(&*clients[index].1));
                times[index].push(black_box(start.elapsed()));
            }
        }
        row(work, &times);
    }
}

/// Prints the medians, and their ratio to the first client: the SDK.
fn row(work: Work, times: &[Vec<Duration>]) {
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    print!("| {} |", work.name());
    for (index, all) in times.iter().enumerate() {
        let micros = |time: &Duration| time.as_secs_f64() * 1e6 / work.operations() as f64;
        let micros = median(all.iter().map(micros).collect());
        let shown = if micros < 10_000.0 {
            format!("{micros:.1} µs")
        } else {
            format!("{:.1} ms", micros / 1000.0)
        };
        // Rounds are compared in pairs, because the speed of a machine changes.
        let ratios = all.iter().zip(&times[0]);
        let ratio = median(ratios.map(|(a, b)| a.div_duration_f64(*b)).collect());
        match index {
            0 => print!(" {shown} |"),
            _ => print!(" {shown} ({ratio:.2}) |"),
        }
    }
    println!();
}

/// Returns the clients. The first one is the SDK.
fn clients(server: &Server) -> Vec<(&'static str, Box<dyn Client>)> {
    let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY").endpoint(server.qingstor());
    let bucket = QingStor::new(config).expect("a client");
    let bucket = bucket.bucket("my-bucket", "pek3a").expect("a bucket");
    let adapter = QingStorBuilder::new().with_client(bucket.clone()).build();
    let s3 = |unsigned| {
        AmazonS3Builder::new()
            .with_access_key_id("ACCESS_KEY_ID")
            .with_secret_access_key("SECRET_ACCESS_KEY")
            .with_region("pek3a")
            .with_bucket_name("my-bucket")
            .with_endpoint(server.s3())
            .with_client_options(ClientOptions::new().with_allow_http(true))
            .with_unsigned_payload(unsigned)
            .build()
            .expect("a store")
    };
    fn store(store: impl ObjectStore) -> Box<dyn Client> {
        Box::new(ObjectStoreClient(Box::new(store)))
    }
    vec![
        ("SDK", Box::new(Sdk(bucket))),
        ("qingstor-object-store", store(adapter.expect("a store"))),
        ("S3 store", store(s3(false))),
        ("S3 store, unsigned payload", store(s3(true))),
    ]
}
