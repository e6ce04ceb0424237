//! Measures the MD5 of several inputs at the same time, with each set of vector instructions of this
//! processor, compared with the `md-5` crate: `cargo bench -p qingstor-md5 --bench md5`.

// A benchmark may panic.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the benchmark uses a part of the file"
)]
#[path = "../src/lanes.rs"]
mod lanes;

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use lanes::{Compress, LANES, Md5Lane, update_with};
use md5::{Digest, Md5};

/// Bytes of each input: as many as the pool hashes in one step.
const LEN: usize = 64 * 1024;
/// Distance of inputs in memory whose bytes are in no cache of the processor when they are hashed.
const DISTANCE: usize = (8 << 20) + 8 * 1024 + 256;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let content = vec![7; LEN];
    let memory = vec![7; DISTANCE * LANES];
    let mut group = criterion.benchmark_group("md5");
    group.throughput(Throughput::Bytes(LEN as u64));
    group.bench_function("md-5 crate", |bencher| {
        bencher.iter(|| Md5::digest(black_box(&content)));
    });
    for (name, compress) in functions() {
        for count in [1, 2, 3, 4, 5, 8, 16, 32] {
            group.throughput(Throughput::Bytes((LEN * count) as u64));
            group.bench_function(format!("{name}, {count} lanes"), |bencher| {
                let mut lanes = vec![Md5Lane::default(); count];
                bencher.iter(|| {
                    let updates = lanes.iter_mut().map(|lane| (lane, &content[..]));
                    let mut updates: Vec<_> = updates.collect();
                    update_with(compress, black_box(&mut updates));
                });
            });
        }
        group.throughput(Throughput::Bytes((LEN * LANES) as u64));
        group.bench_function(format!("{name}, {LANES} lanes from memory"), |bencher| {
            let mut lanes = vec![Md5Lane::default(); LANES];
            let mut offset = 0;
            bencher.iter(|| {
                let updates = lanes.iter_mut().zip(memory.chunks(DISTANCE));
                let updates = updates.map(|(lane, content)| (lane, &content[offset..][..LEN]));
                let mut updates: Vec<_> = updates.collect();
                update_with(compress, black_box(&mut updates));
                offset = (offset + LEN) % (8 << 20);
            });
        });
    }
    group.finish();
    criterion.final_summary();
}

/// The functions for this processor.
fn functions() -> Vec<(&'static str, Compress)> {
    vec![
        #[cfg(target_arch = "x86_64")]
        ("AVX2", lanes::x86::compress_avx2),
        ("fastest", lanes::fastest()),
    ]
}
