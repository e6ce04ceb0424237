use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use md5::{Digest as _, Md5};
use proptest::prelude::*;

use super::job::{SHIFT, STEP};
use super::*;

fn expected(input: &[u8]) -> [u8; 16] {
    Md5::digest(input).into()
}

fn bytes(chunks: &[&'static [u8]]) -> HashSource {
    HashSource::Memory(chunks.iter().copied().map(Bytes::from_static).collect())
}

#[tokio::test]
async fn inputs_of_any_kind_are_hashed_together() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let input: Vec<u8> = (0..300_000_u32).map(|byte| (byte % 251) as u8).collect();
    file.write_all(&input).unwrap();
    let path: Arc<Path> = file.path().into();
    let range = |range| HashSource::File {
        path: Arc::clone(&path),
        range,
    };
    let mut sources = vec![
        bytes(&[]),
        bytes(&[b"", b"abc", b"", b"def", b""]),
        range(0..300_000),
        range(7..65_000),
        range(9..9),
    ];
    let mut digests = vec![
        expected(b""),
        expected(b"abcdef"),
        expected(&input),
        expected(&input[7..65_000]),
        expected(b""),
    ];
    for number in 0..100_u8 {
        let input = vec![number; usize::from(number) * 1000];
        digests.push(expected(&input));
        sources.push(HashSource::Memory([Bytes::from(input)].into()));
    }
    let pool = Md5Pool::default();
    for (number, pending) in pool.start_all(sources).into_iter().enumerate() {
        assert_eq!(pending.await.unwrap().finish(), digests[number], "{number}");
    }
    // A thread reports the last digest just before it ends.
    threads_end(&pool).await;
}

#[tokio::test]
async fn a_file_that_is_too_short_or_missing_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let sources = [
        (file.path().to_owned(), io::ErrorKind::UnexpectedEof),
        ("missing".into(), io::ErrorKind::NotFound),
    ];
    let pool = Md5Pool::default();
    let (sources, kinds): (Vec<_>, Vec<_>) = sources.into_iter().unzip();
    let sources = sources
        .into_iter()
        .map(|path: std::path::PathBuf| HashSource::File {
            path: path.into(),
            range: 0..10,
        });
    let sources = sources.chain([bytes(&[b"abc"])]);
    let mut pending = pool.start_all(sources).into_iter();
    for (kind, pending) in kinds.into_iter().zip(&mut pending) {
        assert_eq!(pending.await.unwrap_err().kind(), kind);
    }
    assert_eq!(
        pending.next().unwrap().await.unwrap().finish(),
        expected(b"abc")
    );
}

#[test]
fn works_without_a_runtime_and_after_one() {
    let pool = Md5Pool::default();
    let pending = pool.start(bytes(&[&[7; 20_000]]));
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
    };
    assert_eq!(
        runtime().block_on(pending).unwrap().finish(),
        expected(&[7; 20_000])
    );
    // The runtime may end before its thread starts.
    for _ in 0..20 {
        let ended = runtime();
        let _guard = ended.enter();
        let pending = pool.start(bytes(&[&[7; 20_000]]));
        drop(_guard);
        ended.shutdown_background();
        if let Ok(lane) = runtime().block_on(pending) {
            assert_eq!(lane.finish(), expected(&[7; 20_000]));
        }
    }
    let lane = runtime().block_on(async { pool.start(bytes(&[b"def", &[7; 20_000]])).await });
    assert_eq!(
        lane.unwrap().finish(),
        expected(&[&b"def"[..], &[7; 20_000]].concat())
    );
}

#[test]
fn a_canceled_job_ends_at_the_next_step() {
    let (job, pending) = Job::new(Md5Lane::default(), bytes(&[&[0; 1_000_000]]));
    let mut jobs = vec![job];
    step(&mut jobs);
    assert_eq!(jobs.len(), 1);
    drop(pending);
    step(&mut jobs);
    assert!(jobs.is_empty());
}

#[tokio::test]
async fn an_input_can_be_continued() {
    let pool = Md5Pool::default();
    let mut lane = Md5Lane::default();
    for chunk in [&[7; 20_000][..], b"abc", &[8; 70_000]] {
        lane = pool.resume(lane, bytes(&[chunk])).await.unwrap();
    }
    let input = [&[7; 20_000][..], b"abc", &[8; 70_000]].concat();
    assert_eq!(lane.finish(), expected(&input));
}

#[test]
fn a_short_input_does_not_wait_for_long_ones() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&vec![7; TURN + 100_000]).unwrap();
    let long = || HashSource::File {
        path: file.path().into(),
        range: 0..(TURN + 100_000) as u64,
    };
    let sources = (0..LANES).map(|_| long()).chain([bytes(&[b"abc"])]);
    let jobs = sources.map(|source| Job::new(Md5Lane::default(), source));
    let (waiting, mut pending): (VecDeque<_>, Vec<_>) = jobs.unzip();
    let queue = Queue {
        waiting,
        threads: 1,
        ..Queue::new(usize::MAX)
    };
    let mut worker = Worker::of(&Arc::new(Mutex::new(queue)));
    let (mut jobs, mut ended) = (Vec::new(), Vec::new());
    while worker.take_jobs(&mut jobs) {
        step(&mut jobs);
        for (number, pending) in pending.iter_mut().enumerate() {
            if let Ok(lane) = pending.0.try_recv() {
                ended.push((number, lane.unwrap().finish()));
            }
        }
    }
    let (number, digest) = ended.remove(0);
    assert_eq!((number, digest), (LANES, expected(b"abc")));
    let input = vec![7; TURN + 100_000];
    assert_eq!(ended.len(), LANES);
    assert!(ended.iter().all(|(_, digest)| *digest == expected(&input)));
}

#[test]
fn inputs_above_the_limit_wait() {
    let jobs = (0..10).map(|_| Job::new(Md5Lane::default(), bytes(&[&[7; 100]])));
    let (waiting, mut pending): (VecDeque<_>, Vec<_>) = jobs.unzip();
    let queue = Queue {
        waiting,
        threads: 2,
        ..Queue::new(4)
    };
    let queue = Arc::new(Mutex::new(queue));
    let mut first = (Worker::of(&queue), Vec::new());
    let mut second = (Worker::of(&queue), Vec::new());
    assert!(first.0.take_jobs(&mut first.1));
    assert_eq!(first.1.len(), 4);
    assert!(!second.0.take_jobs(&mut second.1), "the thread ends");
    drop(second);
    let mut third = (Worker::of(&queue), Vec::new());
    first.1.truncate(3);
    assert!(first.0.take_jobs(&mut first.1));
    assert_eq!(first.1.len(), 4);
    first.1.truncate(1);
    // The first thread gives its lanes back at its next step.
    assert!(!third.0.take_jobs(&mut third.1));
    while first.0.take_jobs(&mut first.1) {
        assert!(first.1.len() <= 4);
        step(&mut first.1);
    }
    assert_eq!(lock(&queue).taken, 0);
    let hashed = pending
        .iter_mut()
        .filter_map(|pending| pending.0.try_recv().ok());
    assert_eq!(hashed.count(), 6, "four were removed by hand");
}

#[test]
fn all_lanes_advance_by_the_same_length() {
    let sources = [
        bytes(&[&[0; 100_000]]),
        bytes(&[&[0; 10_000], &[0; 90_000]]),
        bytes(&[&[0; 10], &[0; 99_990]]),
    ];
    let (mut jobs, _pending): (Vec<_>, Vec<_>) = sources
        .map(|source| Job::new(Md5Lane::default(), source))
        .into_iter()
        .unzip();
    step(&mut jobs);
    let offsets = |jobs: &[Job]| -> Vec<_> { jobs.iter().map(|job| job.reader.offset()).collect() };
    // A chunk of 10 bytes does not hold up the others.
    assert_eq!(offsets(&jobs), [4096, 4096, 0]);
    step(&mut jobs);
    assert_eq!(offsets(&jobs), [10_000, 0, 5904]);
}

#[test]
fn long_chunks_start_with_different_steps() {
    let input: Vec<u8> = (0..2_000_000_u32).map(|byte| (byte % 251) as u8).collect();
    let input = Bytes::from(input);
    let slices = [0..1_500_000, 0..2_000_000, 0..1_000_000, 7..2_000_000];
    let (mut jobs, pending): (Vec<_>, Vec<_>) = slices
        .clone()
        .map(|slice| HashSource::from(input.slice(slice)))
        .map(|source| Job::new(Md5Lane::default(), source))
        .into_iter()
        .unzip();
    let offsets = |jobs: &[Job]| -> Vec<_> { jobs.iter().map(|job| job.reader.offset()).collect() };
    step(&mut jobs);
    // The third one is not long.
    assert_eq!(offsets(&jobs), [SHIFT, 2 * SHIFT, STEP, 4 * SHIFT]);
    step(&mut jobs);
    let next = [SHIFT + STEP, 2 * SHIFT + STEP, 2 * STEP, 4 * SHIFT + STEP];
    assert_eq!(offsets(&jobs), next);
    while !jobs.is_empty() {
        step(&mut jobs);
    }
    for (mut pending, slice) in pending.into_iter().zip(slices) {
        let lane = pending.0.try_recv().unwrap().unwrap();
        assert_eq!(lane.finish(), expected(&input[slice]));
    }
}

#[test]
fn a_chunk_in_memory_is_released_when_it_has_been_hashed() {
    let chunks: Vec<_> = (0..3).map(|_| Bytes::from(vec![7; 10_000])).collect();
    let source = HashSource::Memory(chunks.clone());
    let (job, mut pending) = Job::new(Md5Lane::default(), source);
    let mut jobs = vec![job];
    let released = || -> Vec<_> { chunks.iter().map(Bytes::is_unique).collect() };
    assert_eq!(released(), [false; 3]);
    step(&mut jobs);
    assert_eq!(released(), [true, false, false]);
    step(&mut jobs);
    assert_eq!(released(), [true, true, false]);
    step(&mut jobs);
    assert_eq!(released(), [true; 3]);
    let lane = pending.0.try_recv().unwrap().unwrap();
    assert_eq!(lane.finish(), expected(&[7; 30_000]));
}

/// Waits until all threads have ended.
async fn threads_end(pool: &Md5Pool) {
    let queue = pool.0.of(Handle::current().id());
    while lock(&queue).threads > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn chunks_are_hashed_and_released_as_they_arrive() {
    let pool = Md5Pool::default();
    let (mut writer, pending) = pool.start_writer();
    let chunks: Vec<_> = (1..=7)
        .map(|byte| Bytes::from(vec![byte; 100_000]))
        .collect();
    for chunk in &chunks[..2] {
        writer.push(chunk.clone());
    }
    threads_end(&pool).await;
    assert!(
        !chunks[0].is_unique(),
        "two chunks are not enough for a thread"
    );
    writer.push(chunks[2].clone());
    threads_end(&pool).await;
    assert!(chunks.iter().all(Bytes::is_unique));
    for chunk in &chunks[3..] {
        writer.push(chunk.clone());
    }
    assert!(!pending.is_ready());
    writer.finish();
    assert_eq!(pending.await.unwrap().finish(), expected(&chunks.concat()));
}

#[tokio::test]
async fn a_written_input_can_have_any_length() {
    let pool = Md5Pool::default();
    for lens in [
        &[][..],
        &[0],
        &[1],
        &[16_384],
        &[16_385],
        &[0, 300_000, 0],
        &[300_000, 5],
    ] {
        let (mut writer, pending) = pool.start_writer();
        for len in lens {
            writer.push(vec![7; *len].into());
        }
        writer.finish();
        let input = vec![7; lens.iter().sum()];
        assert_eq!(
            pending.await.unwrap().finish(),
            expected(&input),
            "{lens:?}"
        );
    }
}

#[test]
fn an_input_is_written_without_a_runtime() {
    let (mut writer, pending) = Md5Pool::default().start_writer();
    let chunk = Bytes::from(vec![7; 300_000]);
    writer.push(chunk.clone());
    assert!(chunk.is_unique());
    writer.push(chunk.clone());
    writer.finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let md5 = runtime.block_on(pending).unwrap().finish();
    assert_eq!(md5, expected(&[7; 600_000]));
}

#[tokio::test]
async fn a_writer_that_is_dropped_is_an_error() {
    let pool = Md5Pool::default();
    for len in [0, 10, 300_000] {
        let chunk = Bytes::from(vec![7; len]);
        let (mut writer, pending) = pool.start_writer();
        writer.push(chunk.clone());
        drop(writer);
        let error = pending.await.unwrap_err();
        assert_eq!(error.to_string(), "the input was not finished");
        threads_end(&pool).await;
        assert!(chunk.is_empty() || chunk.is_unique());
    }
}

#[tokio::test]
async fn a_canceled_writer_keeps_no_chunks() {
    let pool = Md5Pool::default();
    let (mut writer, pending) = pool.start_writer();
    drop(pending);
    let chunk = Bytes::from(vec![7; 300_000]);
    for _ in 0..3 {
        writer.push(chunk.clone());
        threads_end(&pool).await;
        assert!(chunk.is_unique());
    }
    writer.finish();
    assert!(chunk.is_unique());
}

#[tokio::test]
async fn inputs_are_written_while_others_are_hashed() {
    let pool = Md5Pool::default();
    let writers = (1..=40_u8).map(|number| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let (mut writer, pending) = pool.start_writer();
            let mut input = Vec::new();
            for round in 0..60_usize {
                let len = (round * 7919 * usize::from(number)) % 60_000;
                input.resize(input.len() + len, number);
                writer.push(vec![number; len].into());
                tokio::task::yield_now().await;
            }
            writer.finish();
            assert_eq!(
                pending.await.unwrap().finish(),
                expected(&input),
                "{number}"
            );
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    threads_end(&pool).await;
}

/// A thread of another runtime would delay its end, and would not exist after it.
#[test]
fn runtimes_do_not_hash_for_each_other() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.max_blocking_threads(1).build().unwrap()
    };
    let (busy, idle) = (runtime(), runtime());
    let pool = Md5Pool::default();
    let input = Bytes::from(vec![7; 1 << 20]);
    let start = |runtime: &tokio::runtime::Runtime| {
        let _context = runtime.enter();
        pool.start(input.clone().into())
    };
    // Its only thread does something else, so its input waits.
    let (end, wait) = std::sync::mpsc::channel::<()>();
    busy.spawn_blocking(move || wait.recv());
    let waiting = start(&busy);
    let expected = expected(&input);
    let other = start(&idle);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !other.is_ready() {
        assert!(Instant::now() < deadline, "it waits for the other runtime");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(idle.block_on(other).unwrap().finish(), expected);
    assert!(!waiting.is_ready());
    let other = start(&idle);
    drop(end);
    drop(busy);
    assert_eq!(idle.block_on(other).unwrap().finish(), expected);
    // The pool forgets the queue of a runtime that has ended.
    drop(idle.block_on(start(&idle)));
    assert_eq!(lock(&pool.0.by_runtime).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_inputs_in_any_chunks(
        inputs in prop::collection::vec(
            prop::collection::vec((any::<u8>(), 0_usize..20_000), 0..6), 0..40
        )
    ) {
        let (mut jobs, pending): (Vec<_>, Vec<_>) = inputs
            .iter()
            .map(|chunks| {
                let chunks = chunks.iter().map(|(byte, len)| Bytes::from(vec![*byte; *len]));
                Job::new(Md5Lane::default(), HashSource::Memory(chunks.collect()))
            })
            .unzip();
        while !jobs.is_empty() {
            step(&mut jobs);
        }
        for (chunks, mut pending) in inputs.iter().zip(pending) {
            let input: Vec<u8> =
                chunks.iter().flat_map(|(byte, len)| vec![*byte; *len]).collect();
            let lane = pending.0.try_recv().unwrap().unwrap();
            prop_assert_eq!(lane.finish(), expected(&input));
        }
    }
}
