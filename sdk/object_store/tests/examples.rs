//! Runs the example for real buckets against the emulator.

// A test may panic.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod site;

use std::path::Path;
use std::process::{Command, Stdio};

use site::Site;

/// `cargo test` builds the example. Run `cargo build --examples` before this test alone.
#[tokio::test(flavor = "multi_thread")]
async fn the_probe_reports_what_the_bucket_does_and_removes_its_objects() {
    let site = Site::start().await;
    site.bucket.put_object("kept").body("x").await.unwrap();
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().and_then(Path::parent).unwrap();
    let name = format!("probe_conditions{}", std::env::consts::EXE_SUFFIX);
    let mut probe = Command::new(folder.join("examples").join(name));
    probe
        .env("QINGSTOR_BUCKET", site.bucket.name())
        .env("QINGSTOR_ACCESS_KEY_ID", site.emulator.access_key_id())
        .env(
            "QINGSTOR_SECRET_ACCESS_KEY",
            site.emulator.secret_access_key(),
        )
        .env("QINGSTOR_ENDPOINT", site.emulator.endpoint())
        .env_remove("QINGSTOR_CONFIG_PATH")
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || probe.output().unwrap());
    let output = output.await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    let lines: Vec<&str> = text.lines().collect();
    let [if_none_match, races, put_then_append, metadata] = lines.as_slice() else {
        panic!("{text}");
    };
    assert!(if_none_match.contains("ignored"), "{text}");
    assert!(races.ends_with("20 of 20"), "{text}");
    assert!(put_then_append.contains("refused"), "{text}");
    assert!(metadata.contains("kept"), "{text}");
    let left = site.bucket.list_objects().await.unwrap();
    let left: Vec<_> = left.keys.iter().map(|object| &object.key).collect();
    assert_eq!(left, ["kept"]);
}
