//! Processes that are killed in the middle, as `kill -9` does it, and others that go on.
//!
//! The process is this test's own program, started again to run [`child`] alone.
//! `QINGSTOR_KILL_ROUNDS=200` runs more rounds.

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
/// So many parts, the last one being short.
const PARTS: usize = 6;
/// The length of a range, and of the object that is downloaded.
const RANGE: usize = 256 << 10;
const RANGES: usize = 24;

/// What the other process does; nothing, where the test is not started by [`Task::start`].
#[test]
#[ignore = "another test starts it as a process of its own"]
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

/// Goes on with what an earlier process began, or begins.
async fn upload(folder: &Path) {
    let (bucket, token) = (bucket(), folder.join("token"));
    // It was killed when it had just done all.
    if !is_begun(&token) && bucket.head_object(KEY).await.is_ok() {
        return;
    }
    let upload = bucket.upload(KEY, UploadSource::path(folder.join("source")));
    let upload = upload.part_size(PART as u64).multipart_threshold(0);
    let upload = upload.concurrency(CONCURRENCY).token_file(token);
    upload.await.unwrap();
}

/// Whether there is something to go on with.
fn is_begun(token: &Path) -> bool {
    std::fs::metadata(token).is_ok_and(|data| data.len() > 0)
}

async fn download(folder: &Path) {
    // It was killed when it had just done all.
    if folder.join("target").exists() {
        return;
    }
    let download = bucket().download(KEY, folder.join("target"));
    let download = download.part_size(RANGE as u64).concurrency(CONCURRENCY);
    download.resumable(true).await.unwrap();
}

/// What the process is to do.
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

    /// Starts one process after the other, and kills each at some moment, until one gets through.
    /// Gives the number of those that were killed.
    async fn survive(&self, chance: &mut Chance, mut killed: impl FnMut()) -> u64 {
        for kills in 0.. {
            assert!(kills < 100, "{}: it does not get on", self.name);
            let mut process = self.start();
            // The later ones are given more time: each has less to do.
            let life = Duration::from_millis(chance.within(10..250 + 40 * kills));
            let until = Instant::now() + life;
            let ended = loop {
                if let Some(status) = process.try_wait().unwrap() {
                    break Some(status);
                }
                if Instant::now() > until {
                    break None;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            };
            if let Some(status) = ended {
                assert!(status.success(), "{}: {status}", self.name);
                return kills;
            }
            process.kill().unwrap();
            process.wait().unwrap();
            killed();
        }
        unreachable!("it ends before the numbers do")
    }
}

fn slowly(site: &Site, operation: &str) {
    let rule = FaultRule::on(operation).latency(Duration::from_millis(25));
    site.emulator.set_faults([rule]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_upload_goes_on_in_another_process() {
    let rounds = setting("QINGSTOR_KILL_ROUNDS", 3);
    let site = Site::start().await;
    let sent = content((PARTS - 1) * PART + 777);
    slowly(&site, "UploadMultipart");
    let (mut all, mut again) = (0, 0);
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("source"), &sent).unwrap();
        let task = Task {
            name: "upload",
            site: &site,
            folder: folder.path(),
        };
        let before = site.served("UploadMultipart");
        // An upload of which the token was not stored yet is known to nobody but the service.
        let mut unknown = 0;
        let token = folder.path().join("token");
        let kills = task
            .survive(&mut Chance::new(round), || {
                unknown += usize::from(!is_begun(&token))
            })
            .await;
        assert!(
            site.content(KEY).await == sent,
            "round {round}: other bytes are stored"
        );
        let parts = site.served("UploadMultipart") - before;
        // What was under way when a process was killed may have arrived, but unseen.
        let most = PARTS as u64 + kills * CONCURRENCY as u64;
        assert!(
            parts <= most,
            "round {round}: {parts} parts were sent, {kills} kills"
        );
        all += kills;
        again += parts - PARTS as u64;
        let left = site.bucket.list_multipart_uploads().await.unwrap().uploads;
        assert!(
            left.len() <= unknown,
            "round {round}: {left:?} are left over"
        );
        for upload in left {
            let abort = site
                .bucket
                .abort_multipart_upload(upload.key, upload.upload_id);
            abort.await.unwrap();
        }
        site.bucket.delete_object(KEY).await.unwrap();
    }
    println!("{rounds} uploads, {all} processes killed, {again} parts sent twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_download_goes_on_in_another_process() {
    let rounds = setting("QINGSTOR_KILL_ROUNDS", 3);
    let site = Site::start().await;
    let stored = content((RANGES - 1) * RANGE + 77);
    site.bucket
        .put_object(KEY)
        .body(stored.clone())
        .await
        .unwrap();
    slowly(&site, "GetObject");
    let (mut all, mut again) = (0, 0);
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        let task = Task {
            name: "download",
            site: &site,
            folder: folder.path(),
        };
        let before = site.served("GetObject");
        // All had come and was forgotten, so that the file could get its name: it comes once more.
        let (mut forgotten, mut expected) = (0, RANGES as u64);
        let there = |name: &str| folder.path().join(name).exists();
        let kills = task
            .survive(&mut Chance::new(round), || {
                let all = site.served("GetObject") - before >= expected;
                if all && there("target.part") && !there("target.part.json") {
                    forgotten += 1;
                    expected += RANGES as u64;
                }
            })
            .await;
        let came = std::fs::read(folder.path().join("target")).unwrap();
        assert!(came == stored, "round {round}: other bytes came");
        assert_eq!(files(folder.path()), ["target"], "round {round}");
        let ranges = site.served("GetObject") - before;
        // The ranges under way, and one that came but was not yet written down.
        let lost = kills * (CONCURRENCY as u64 + 1);
        let most = RANGES as u64 * (1 + forgotten) + lost;
        assert!(
            ranges <= most,
            "round {round}: {ranges} ranges, {kills} kills"
        );
        all += kills;
        again += ranges - RANGES as u64;
    }
    println!("{rounds} downloads, {all} processes killed, {again} ranges fetched twice");
}
