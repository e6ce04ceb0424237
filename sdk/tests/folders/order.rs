//! Lists that are not in byte order.

use qingstor_sdk::FolderAction;

use crate::list_server::ListServer;
use crate::site::{is_deletion, plan, write_file};

/// Keys around the characters that sort before and after `/`.
const KEYS: [&str; 12] = [
    "a", "a-b", "a/b", "a0", "b/c/d", "b/c-d", "b.c", "c", "中/文", "Z", "z", "b/c/e",
];

#[tokio::test]
async fn lists_in_any_order_are_merged_correctly() {
    let folder = tempfile::tempdir().unwrap();
    // Half of the keys, and some files that are not in the bucket.
    let local = folder.path().join("local");
    let kept: Vec<&str> = KEYS
        .iter()
        .copied()
        .step_by(2)
        .filter(|key| *key != "a")
        .collect();
    for name in &kept {
        write_file(&local.join(name), "1");
    }
    for name in ["b/a", "b/c/x", "y"] {
        write_file(&local.join(name), "1");
    }
    let mut keys: Vec<&str> = KEYS.into_iter().filter(|key| *key != "a").collect();
    let mut seen = Vec::new();
    // Byte order, its reverse, rotations, and an order by length.
    keys.sort_unstable();
    let mut orders = vec![keys.clone(), keys.iter().rev().copied().collect()];
    for by in 1..keys.len() {
        keys.rotate_left(by);
        orders.push(keys.clone());
    }
    keys.sort_by_key(|key| (key.len(), std::cmp::Reverse(*key)));
    orders.push(keys);
    for order in orders {
        let server = ListServer::start(order, 3);
        let up = server.bucket().sync_up(&local, "").delete(true);
        let down = server.bucket().sync_down("", &local).delete(true);
        let up = plan(up).await;
        let mut lines: Vec<String> = up.iter().map(ToString::to_string).collect();
        lines.extend(plan(down).await.iter().map(ToString::to_string));
        let uploads = up
            .iter()
            .filter(|action| matches!(action, FolderAction::Upload { .. }));
        assert_eq!(
            uploads.count(),
            3 + kept.len(),
            "the files are newer than the objects"
        );
        let deletions = up.iter().filter(|action| is_deletion(action)).count();
        assert_eq!(deletions, KEYS.len() - 1 - kept.len());
        seen.push(lines);
    }
    assert!(
        seen.iter().all(|lines| *lines == seen[0]),
        "the order does not matter"
    );
}

#[tokio::test]
async fn a_list_with_foreign_keys_is_an_error() {
    let server = ListServer::start(vec!["p/a", "q/b"], 3);
    let folder = tempfile::tempdir().unwrap();
    let error = server
        .bucket()
        .download_dir("p", folder.path())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), qingstor_sdk::ErrorKind::Decode);
    assert_eq!(error.operation(), Some("ListObjects"));
    assert_eq!(error.bucket(), Some("some-bucket"));
    assert_eq!(error.status().unwrap().as_u16(), 200);
}
