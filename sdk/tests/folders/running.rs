//! Runs: failures, cancellation, progress, many files.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use qingstor_sdk::{Compare, ErrorCode, ErrorKind, FolderAction, FolderProgress};

use crate::site::{Site, files, is_deletion, plan, run, set_time, without_folders, write_file};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn failures_are_counted_and_have_their_errors() {
    let site = Site::start().await;
    let local = site.write("local", [("a", "1"), ("b", "2"), ("c", "3")]);
    site.faults(&["operation=PutObject,key=b,status=403,code=permission_denied"]);
    let summary = site.bucket.upload_dir(&local, "").await.unwrap();
    assert!(!summary.is_complete());
    assert_eq!((summary.uploaded, summary.failed), (2, 1));
    let failure = &summary.failures[0];
    assert!(failure.error.request_id().is_some());
    assert!(matches!(&failure.action, FolderAction::Upload { key, .. } if key == "b"));
    site.faults(&["operation=GetObject,key=a,status=500"]);
    let summary = site
        .bucket
        .download_dir("", site.path("down"))
        .await
        .unwrap();
    assert_eq!((summary.downloaded, summary.failed), (1, 1));
    site.faults(&["operation=PutObject,key=a,status=403"]);
    let summary = site.bucket.sync_to("", &site.other, "").await.unwrap();
    assert_eq!((summary.copied, summary.failed), (1, 1));
}

/// A failed deletion or comparison says what happened, as a failed transfer does.
#[tokio::test]
async fn failures_have_the_kind_and_the_request_of_their_errors() {
    let site = Site::start().await;
    // A small file would be read to avoid a request.
    let large = "1".repeat(70_000);
    let local = site.write("local", [("keep", &large)]);
    site.put([("a", "1"), ("b", "2"), ("keep", &large)]).await;
    let code = ErrorCode::PermissionDenied;
    let denied = "status=403,code=permission_denied";
    let operation = "DeleteMultipleObjects";
    site.faults(&[&format!("operation={operation},{denied}")]);
    let delete = || site.bucket.sync_up(&local, "").delete(true);
    let summary = delete().await.unwrap();
    assert_eq!(summary.failures.len(), 2);
    for (failure, key) in summary.failures.iter().zip(["a", "b"]) {
        let error = &failure.error;
        assert_eq!(error.kind(), ErrorKind::Service);
        assert_eq!(error.code(), Some(&code));
        assert_eq!(error.status().unwrap().as_u16(), 403);
        assert!(error.request_id().is_some());
        assert_eq!(error.operation(), Some(operation));
        assert_eq!((error.bucket(), error.key()), (Some("folders"), Some(key)));
        assert_eq!(error.attempts(), 1);
        assert!(!error.is_retryable());
    }
    site.faults(&[&format!("operation={operation},reset=before")]);
    let summary = delete().await.unwrap();
    assert_eq!(summary.failures.len(), 2);
    for failure in &summary.failures {
        let error = &failure.error;
        assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
        assert!(error.is_retryable());
        assert!(std::error::Error::source(error).is_some(), "{error}");
    }

    set_time(&local.join("keep"), SystemTime::now());
    site.write("local", [("a", "1"), ("b", "2")]);
    site.faults(&[&format!("operation=HeadObject,key=keep,{denied}")]);
    let compared = site
        .bucket
        .sync_down("", &local)
        .compare(Compare::SizeAndTime);
    let errors = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&errors);
    let summary = compared.on_result(move |action, result| {
        if let (FolderAction::Skip { path, .. }, Err(error)) = (action, result) {
            let facts = (path.clone(), error.kind(), error.status().unwrap().as_u16());
            seen.lock().unwrap().push(facts);
        }
    });
    let summary = summary.await.unwrap();
    let expected = [("keep".to_owned(), ErrorKind::Service, 403)];
    assert_eq!(*errors.lock().unwrap(), expected);
    let failure = &summary.failures[0];
    assert!(failure.error.request_id().is_some());
    assert_eq!(failure.error.operation(), Some("HeadObject"));
    let text = failure.to_string();
    let expected = "keep: cannot be compared: HeadObject folders/keep: 403 Forbidden";
    assert!(text.starts_with(expected), "{text}");
}

#[tokio::test]
async fn a_run_carries_out_the_actions_of_its_plan() {
    let site = Site::start().await;
    let local = site.write(
        "local",
        [("a", "1"), ("b/new", "2"), ("c", "3"), ("same", "4")],
    );
    site.put([
        ("a", "long"),
        ("gone", "5"),
        ("same", "4"),
        ("b", "6"),
        ("x/y/", ""),
    ])
    .await;
    let up = || site.bucket.sync_up(&local, "").delete(true);
    let down = || site.bucket.sync_down("", &local).delete(true);
    let to = || site.bucket.sync_to("", &site.other, "").delete(true);
    site.other.put_object("old").await.unwrap();
    for transfer in [&to as &dyn Fn() -> _, &up, &down, &up] {
        let before = (site.objects().await, files(&local));
        let planned = plan(transfer()).await;
        assert_eq!(
            (site.objects().await, files(&local)),
            before,
            "a plan changes nothing"
        );
        let started = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&started);
        let transfer = transfer().on_start(move |action| {
            seen.lock().unwrap().push(action.to_string());
        });
        let (summary, results) = run(transfer.jobs(1)).await;
        assert_eq!(summary.failed, 0, "{:?}", summary.failures);
        let mut carried_out: Vec<_> = results
            .iter()
            .map(|(action, _)| action.to_string())
            .collect();
        let mut expected: Vec<_> = planned.iter().map(ToString::to_string).collect();
        let starts = expected.iter().filter(|line| !line.starts_with("skip"));
        assert_eq!(started.lock().unwrap().len(), starts.count());
        carried_out.sort();
        expected.sort();
        assert_eq!(carried_out, expected);
    }
    assert!(plan(down()).await.iter().all(|action| !is_deletion(action)));
}

/// The files do not matter, so nothing is sent that would show that the transfer has ended.
#[tokio::test]
async fn a_dropped_transfer_stops_walking() {
    const FILES: u64 = 3000;
    let site = Site::start().await;
    let local = site.path("local");
    for n in 0..FILES {
        write_file(&local.join(format!("{}/{n}", n % 3)), "");
    }
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let upload = site.bucket.upload_dir(&local, "").filter(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(1));
        false
    });
    let upload = tokio::time::timeout(Duration::from_millis(200), async { upload.await });
    upload.await.unwrap_err();
    // A call that had started may still end.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = calls.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(calls.load(Ordering::Relaxed), before);
    assert!(before < FILES);
}

/// Sorting a long list takes time, in which the runtime must not stop.
#[tokio::test]
async fn lists_are_sorted_outside_of_the_runtime() {
    let site = Site::start().await;
    let local = site.write("local", [("a", "1")]);
    site.put([("b", "1")]).await;
    let runtime = std::thread::current().id();
    for transfer in [
        site.bucket.sync_down("", &local).delete(true),
        site.bucket.sync_up(&local, "").delete(true),
        site.bucket.sync_to("", &site.other, ""),
    ] {
        let transfer = transfer.filter(move |_| std::thread::current().id() != runtime);
        let actions = plan(transfer).await;
        assert!(!actions.is_empty(), "the filter excludes everything");
    }
}

#[tokio::test]
async fn a_panic_of_a_filter_resumes() {
    let site = Site::start().await;
    let local = site.write("local", [("a", "1")]);
    site.put([("b", "1")]).await;
    let (up, down) = (
        || {
            site.bucket
                .upload_dir(&local, "")
                .filter(|_| panic!("filter"))
        },
        || {
            site.bucket
                .sync_down("", &local)
                .filter(|_| panic!("filter"))
        },
    );
    for transfer in [up(), down()] {
        let ended = tokio::spawn(transfer.into_future()).await;
        let panic = ended.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"filter"));
    }
    for mut plan in [up().plan(), down().plan()] {
        let ended = tokio::spawn(async move { plan.next().await.is_some() }).await;
        let panic = ended.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"filter"));
    }
}

#[tokio::test]
async fn dropping_a_transfer_leaves_nothing_half_done() {
    let site = Site::start().await;
    let local = site.path("local");
    for n in 0..20 {
        write_file(&local.join(format!("big-{n}")), &"x".repeat(5 * MIB));
        write_file(&local.join(format!("small-{n}")), "x");
    }
    site.faults(&["operation=UploadMultipart,latency=300ms"]);
    let upload = site
        .bucket
        .upload_dir(&local, "")
        .multipart_threshold(MIB as u64);
    let upload = tokio::time::timeout(Duration::from_millis(200), async { upload.await });
    upload.await.unwrap_err();
    site.faults(&[]);
    let until = Instant::now() + Duration::from_secs(20);
    while !site
        .bucket
        .list_multipart_uploads()
        .await
        .unwrap()
        .uploads
        .is_empty()
    {
        assert!(Instant::now() < until, "a multipart upload was not aborted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    site.bucket.upload_dir(&local, "").await.unwrap();
    site.faults(&["operation=GetObject,trickle=1000000"]);
    let down = site.path("down");
    let download = site.bucket.download_dir("", &down);
    let download = tokio::time::timeout(Duration::from_millis(300), async { download.await });
    download.await.unwrap_err();
    // Writes that had started may still end.
    tokio::time::sleep(Duration::from_millis(200)).await;
    for (path, content) in files(&down) {
        let len = if path.starts_with("big") { 5 * MIB } else { 1 };
        assert_eq!(content.len(), len, "{path}");
    }
}

#[tokio::test]
async fn progress_counts_bytes_and_files() {
    let site = Site::start().await;
    let local = site.write(
        "local",
        [("big", &*"x".repeat(5 * MIB)), ("a", "12"), ("b", "3")],
    );
    let last = Arc::new(Mutex::new(FolderProgress::default()));
    let events = Arc::new(AtomicU64::new(0));
    for transfer in [
        site.bucket.upload_dir(&local, ""),
        site.bucket.download_dir("", site.path("down")),
    ] {
        let (seen, count) = (Arc::clone(&last), Arc::clone(&events));
        *last.lock().unwrap() = FolderProgress::default();
        events.store(0, Ordering::Relaxed);
        let transfer = transfer.on_progress(move |progress| {
            assert!(progress.files <= progress.planned_files);
            count.fetch_add(1, Ordering::Relaxed);
            *seen.lock().unwrap() = progress;
        });
        transfer.await.unwrap();
        let last = *last.lock().unwrap();
        assert!(last.is_planned);
        assert_eq!((last.files, last.planned_files), (3, 3));
        assert_eq!(
            (last.bytes, last.planned_bytes),
            (5 * MIB as u64 + 3, 5 * MIB as u64 + 3)
        );
        assert!(
            events.load(Ordering::Relaxed) > 10,
            "bytes are reported as they leave"
        );
    }
}

#[tokio::test]
async fn a_rate_limit_applies_to_all_files_together() {
    let site = Site::start().await;
    let local = site.path("local");
    for n in 0..10 {
        write_file(&local.join(n.to_string()), &"x".repeat(100_000));
    }
    let start = Instant::now();
    let upload = site
        .bucket
        .upload_dir(&local, "")
        .max_bytes_per_second(2_000_000);
    upload.await.unwrap();
    assert!(
        start.elapsed() > Duration::from_millis(350),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn many_files_and_folders_survive_a_round_trip() {
    const COUNT: usize = 3000;
    let site = Site::start().await;
    let local = site.path("local");
    for n in 0..COUNT {
        let path = format!("{}/{}/{n}", n % 7, n % 11);
        write_file(&local.join(path), &n.to_string());
    }
    let summary = site.bucket.upload_dir(&local, "p").await.unwrap();
    assert_eq!((summary.uploaded, summary.failed), (COUNT as u64, 0));
    let summary = site.bucket.sync_up(&local, "p").delete(true).await.unwrap();
    assert_eq!((summary.unchanged, summary.uploaded), (COUNT as u64, 0));
    let copy = site.path("copy");
    let summary = site.bucket.download_dir("p", &copy).await.unwrap();
    assert_eq!((summary.downloaded, summary.failed), (COUNT as u64, 0));
    assert_eq!(files(&copy), files(&local));
    let summary = site
        .bucket
        .sync_down("p", &copy)
        .delete(true)
        .await
        .unwrap();
    assert_eq!((summary.unchanged, summary.deleted), (COUNT as u64, 0));
    assert_eq!(without_folders(files(&copy)).len(), COUNT);
}

/// Their parts would use storage, and nothing would name them.
#[tokio::test]
async fn interrupted_uploads_of_files_that_have_changed_are_aborted() {
    let site = Site::start().await;
    let tokens = site.path("tokens");
    let local = site.path("local");
    let upload = || {
        let upload = site.bucket.upload_dir(&local, "").token_folder(&tokens);
        upload.part_size(4 * MIB as u64).multipart_threshold(0)
    };
    let names = ["same", "touched", "longer", "short", "small"];
    let old = "x".repeat(9 * MIB);
    names
        .iter()
        .for_each(|name| write_file(&local.join(name), &old));
    site.faults(&["operation=CompleteMultipartUpload,status=403"]);
    assert_eq!(upload().await.unwrap().failed, 5);
    site.faults(&[]);
    let unfinished = async || {
        let uploads = site.bucket.list_multipart_uploads().await.unwrap().uploads;
        uploads.len()
    };
    assert_eq!(unfinished().await, 5);
    set_time(&local.join("touched"), SystemTime::now());
    write_file(&local.join("longer"), &format!("{old}more"));
    write_file(&local.join("short"), &"y".repeat(MIB));
    write_file(&local.join("small"), "z");
    let before = site.served("UploadMultipart");
    let threshold = 2 * MIB as u64;
    let summary = upload().multipart_threshold(threshold).await.unwrap();
    assert_eq!((summary.uploaded, summary.failed), (5, 0));
    // The parts of `touched` and `longer`.
    assert_eq!(site.served("UploadMultipart") - before, 3 + 3);
    assert_eq!(unfinished().await, 0);
    assert_eq!(site.objects().await, files(&local));
    assert_eq!(std::fs::read_dir(&tokens).unwrap().count(), 0);
}

/// Both sides are listed while the other one waits, which must not need several threads.
#[test]
fn one_thread_for_blocking_work_is_enough() {
    const COUNT: u64 = 1500;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().max_blocking_threads(1).build();
    runtime.unwrap().block_on(async {
        let site = Site::start().await;
        let local = site.path("local");
        for n in 0..COUNT {
            write_file(&local.join(n.to_string()), "x");
        }
        let transfers = async {
            site.bucket.upload_dir(&local, "p").await.unwrap();
            for sync in [
                site.bucket.sync_up(&local, "p"),
                site.bucket.sync_down("p", &local),
            ] {
                assert_eq!(sync.await.unwrap().unchanged, COUNT);
            }
        };
        let limit = Duration::from_secs(120);
        tokio::time::timeout(limit, transfers).await.unwrap();
    });
}

#[tokio::test]
async fn invalid_options_are_refused() {
    let site = Site::start().await;
    let local = site.write("local", [("a", "1")]);
    let upload = || site.bucket.upload_dir(&local, "");
    for transfer in [
        upload().jobs(0),
        upload().concurrency(0),
        upload().part_size(1),
        upload().max_bytes_per_second(0),
        upload().multipart_threshold(6 << 30),
    ] {
        transfer.await.unwrap_err();
    }
    let mut plan = upload().jobs(0).plan();
    assert!(plan.next().await.unwrap().is_err());
    assert!(plan.next().await.is_none());
    assert_eq!(site.objects().await.len(), 0);
}
