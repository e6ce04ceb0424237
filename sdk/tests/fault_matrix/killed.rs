//! Processes that are killed with `SIGKILL`, and others that resume their transfers.
//!
//! A process is this test binary, started again with only [`child`]. `QINGSTOR_KILL_ROUNDS=200` sets
//! the number of rounds.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use qingstor_emulator::FaultRule;
use qingstor_sdk::{Bucket, Config, QingStor, UploadSource};

use crate::chance::Chance;
use crate::setting;
use crate::transfer::{PART, Site, content};
use crate::world::files;

const KEY: &str = "survivor";
const CONCURRENCY: usize = 2;
/// Number of parts. The last one is smaller.
const PARTS: usize = 6;
/// Size of a range of the downloaded object.
const RANGE: usize = 256 << 10;
const RANGES: usize = 24;
/// Files of an interrupted download to `target`.
const PART_FILE: &str = ".target.qingstor-resume.part";
const STATE_FILE: &str = ".target.qingstor-resume.part.json";

/// Runs in the other process. Does nothing if it was not started by [`Task::start`].
#[test]
#[ignore = "another test starts it as a separate process"]
fn child() {
    let Ok(task) = std::env::var("QINGSTOR_TEST_TASK") else {
        return;
    };
    let folder = std::env::var("QINGSTOR_TEST_FOLDER").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        match task.as_str() {
            "upload" => upload(Path::new(&folder)).await,
            _ => download(Path::new(&folder)).await,
        }
    });
}

fn bucket() -> Bucket {
    let variable = |name: &str| std::env::var(name).unwrap();
    let config = Config::new(
        variable("QINGSTOR_TEST_ID"),
        variable("QINGSTOR_TEST_SECRET"),
    );
    let qingstor = QingStor::new(config.endpoint(variable("QINGSTOR_TEST_ENDPOINT"))).unwrap();
    qingstor.bucket("transfers", "pek3a").unwrap()
}

/// Resumes the upload of an earlier process, or starts one.
async fn upload(folder: &Path) {
    let (bucket, token) = (bucket(), folder.join("token"));
    // The earlier process was killed after the upload was complete.
    if !is_started(&token) && bucket.head_object(KEY).await.is_ok() {
        return;
    }
    let upload = bucket.upload(KEY, UploadSource::path(folder.join("source")));
    let upload = upload.part_size(PART as u64).multipart_threshold(0);
    let upload = upload.concurrency(CONCURRENCY).token_file(token);
    upload.await.unwrap();
}

/// Returns `true` if the token file contains a token.
fn is_started(token: &Path) -> bool {
    std::fs::metadata(token).is_ok_and(|data| data.len() > 0)
}

async fn download(folder: &Path) {
    // The earlier process was killed after the download was complete.
    if folder.join("target").exists() {
        return;
    }
    let download = bucket().download(KEY, folder.join("target"));
    let download = download.part_size(RANGE as u64).concurrency(CONCURRENCY);
    download.resumable(true).await.unwrap();
}

/// A task that processes run until one of them succeeds.
struct Task<'a> {
    name: &'a str,
    site: &'a Site,
    folder: &'a Path,
}

impl Task<'_> {
    fn start(&self) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::child", "--ignored", "--quiet"])
            .env("QINGSTOR_TEST_TASK", self.name)
            .env("QINGSTOR_TEST_FOLDER", self.folder)
            .env("QINGSTOR_TEST_ENDPOINT", self.site.emulator.endpoint())
            .env("QINGSTOR_TEST_ID", self.site.emulator.access_key_id())
            .env(
                "QINGSTOR_TEST_SECRET",
                self.site.emulator.secret_access_key(),
            )
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Starts one process after another and kills each after a random time, until one succeeds. Returns
    /// the number of killed processes.
    async fn run_with_kills(&self, chance: &mut Chance, mut killed: impl FnMut()) -> u64 {
        for kills in 0.. {
            assert!(kills < 100, "{}: no progress", self.name);
            let mut process = self.start();
            // Later processes have more time, so that one of them succeeds.
            let lifetime = Duration::from_millis(chance.within(10..250 + 40 * kills));
            let until = Instant::now() + lifetime;
            let status = loop {
                if let Some(status) = process.try_wait().unwrap() {
                    break Some(status);
                }
                if Instant::now() > until {
                    break None;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            };
            if let Some(status) = status {
                assert!(status.success(), "{}: {status}", self.name);
                return kills;
            }
            process.kill().unwrap();
            process.wait().unwrap();
            killed();
        }
        unreachable!("the loop ends by an assertion")
    }
}

fn delay(site: &Site, operation: &str) {
    let rule = FaultRule::on(operation).latency(Duration::from_millis(25));
    site.emulator.set_faults([rule]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_resumes_a_killed_upload() {
    let rounds = setting("QINGSTOR_KILL_ROUNDS", 3);
    let site = Site::start().await;
    let sent = content((PARTS - 1) * PART + 777);
    delay(&site, "UploadMultipart");
    let (mut all_kills, mut repeated) = (0, 0);
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("source"), &sent).unwrap();
        let task = Task {
            name: "upload",
            site: &site,
            folder: folder.path(),
        };
        let before = site.served("UploadMultipart");
        // If the process is killed before the token is stored, the upload ID is lost.
        let mut unknown = 0;
        let token = folder.path().join("token");
        let kills = task
            .run_with_kills(&mut Chance::new(round), || {
                unknown += usize::from(!is_started(&token))
            })
            .await;
        assert!(
            site.content(KEY).await == sent,
            "round {round}: wrong bytes are stored"
        );
        let parts = site.served("UploadMultipart") - before;
        // Parts that were in flight at a kill may be stored, but their responses are lost.
        let max = PARTS as u64 + kills * CONCURRENCY as u64;
        assert!(
            parts <= max,
            "round {round}: {parts} parts were sent, {kills} kills"
        );
        all_kills += kills;
        repeated += parts - PARTS as u64;
        let left = site.bucket.list_multipart_uploads().await.unwrap().uploads;
        assert!(
            left.len() <= unknown,
            "round {round}: {left:?} are left behind"
        );
        for upload in left {
            let abort = site
                .bucket
                .abort_multipart_upload(upload.key, upload.upload_id);
            abort.await.unwrap();
        }
        site.bucket.delete_object(KEY).await.unwrap();
    }
    println!("{rounds} uploads, {all_kills} processes killed, {repeated} parts sent twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_resumes_a_killed_download() {
    let rounds = setting("QINGSTOR_KILL_ROUNDS", 3);
    let site = Site::start().await;
    let stored = content((RANGES - 1) * RANGE + 77);
    site.bucket
        .put_object(KEY)
        .body(stored.clone())
        .await
        .unwrap();
    delay(&site, "GetObject");
    let (mut all_kills, mut repeated) = (0, 0);
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        let task = Task {
            name: "download",
            site: &site,
            folder: folder.path(),
        };
        let before = site.served("GetObject");
        // A process may be killed after it removed the complete state, but before it renamed the file.
        // Then all ranges are received again.
        let (mut restarts, mut expected) = (0, RANGES as u64);
        let exists = |name: &str| folder.path().join(name).exists();
        let kills = task
            .run_with_kills(&mut Chance::new(round), || {
                let is_complete = site.served("GetObject") - before >= expected;
                if is_complete && exists(PART_FILE) && !exists(STATE_FILE) {
                    restarts += 1;
                    expected += RANGES as u64;
                }
            })
            .await;
        let received = std::fs::read(folder.path().join("target")).unwrap();
        assert!(
            received == stored,
            "round {round}: wrong bytes were received"
        );
        assert_eq!(files(folder.path()), ["target"], "round {round}");
        let ranges = site.served("GetObject") - before;
        // The ranges in flight, and one that was received but not saved in the state.
        let lost = kills * (CONCURRENCY as u64 + 1);
        let max = RANGES as u64 * (1 + restarts) + lost;
        assert!(
            ranges <= max,
            "round {round}: {ranges} ranges, {kills} kills"
        );
        all_kills += kills;
        repeated += ranges - RANGES as u64;
    }
    println!("{rounds} downloads, {all_kills} processes killed, {repeated} ranges received twice");
}
