//! The resident memory of this process while many objects are listed and compared.

// A test may panic.
#![cfg(test)]
#![cfg(target_os = "linux")]

mod list_server;

use list_server::ListServer;

/// Returns the resident memory of this process in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    kib / 1024
}

/// Plans a download of this many objects, all of one folder and in a random order. Returns by how
/// many MiB the memory grew.
async fn growth(count: u64) -> u64 {
    // A permutation, because the count has no factor in common with the multiplier.
    let keys = (0..count).map(|n| format!("one-folder/{:09}", n * 7919 % count));
    let server = ListServer::start(keys.collect::<Vec<_>>(), 1000);
    let folder = tempfile::tempdir().unwrap();
    let before = resident();
    let mut most = before;
    let mut actions = 0;
    let mut plan = server.bucket().sync_down("", folder.path()).plan();
    while let Some(action) = plan.next().await {
        action.unwrap();
        if actions % 1000 == 0 {
            most = most.max(resident());
        }
        actions += 1;
    }
    assert_eq!(actions, count);
    most - before
}

#[tokio::test]
async fn memory_does_not_depend_on_the_number_of_keys() {
    let few = growth(10_000).await;
    let many = growth(150_000).await;
    // All of them would need over 40 MiB.
    assert!(
        many < few + 16,
        "{few} MiB for 10,000 keys, {many} MiB for 150,000"
    );
}
