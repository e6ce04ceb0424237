//! Object keys with special characters.

use std::fmt::Write as _;

use crate::client::{encode, request, start_with_bucket};

fn hard_keys() -> Vec<String> {
    let mut keys = [
        "a b",
        " ",
        "a+b",
        "a%2Fb",
        "%",
        "a?b",
        "a?acl",
        "a#b",
        "a//b",
        "a///",
        "..",
        "../a",
        "a/../b",
        "./a",
        "dir/",
        "a&b=c",
        "'\"\\<>{}|^`",
        "!@#$%^&*()_+",
        "\u{4e2d}\u{6587}/\u{6d4b}\u{8bd5}.txt",
        "\u{645}\u{631}\u{62d}\u{628}\u{627}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{1f3fd}",
        "e\u{301}",
        "\u{e9}",
        "\u{feff}bom",
        "tab\tnewline\nnul\0",
        "CON",
        "bucket.json",
    ]
    .map(str::to_owned)
    .to_vec();
    keys.push("k".repeat(1023));
    keys.push("\u{4e2d}".repeat(341));
    keys
}

#[tokio::test]
async fn stores_and_lists_hard_keys() {
    let (_emulator, client) = start_with_bucket().await;
    for (index, key) in hard_keys().iter().enumerate() {
        let target = format!("/photos/{}", encode(key));
        let body = index.to_string();
        assert_eq!(
            client.put(&target, body.clone()).await.status,
            201,
            "{key:?}"
        );
        assert_eq!(client.get(&target).await.text(), body, "{key:?}");
        // Another spelling of the escapes addresses the same key.
        let escaped = key.bytes().fold(String::new(), |mut path, byte| {
            write!(path, "%{byte:02x}").unwrap();
            path
        });
        let head = client.head(format!("/photos/{escaped}")).await;
        assert_eq!(head.status, 200, "{key:?}");
    }
    // Each key is a separate object, and no other object exists.
    let mut keys = hard_keys();
    keys.sort();
    assert_eq!(client.keys("photos").await, keys);
    for (index, key) in hard_keys().iter().enumerate() {
        let target = format!("/photos/{}", encode(key));
        assert_eq!(client.get(&target).await.text(), index.to_string());
    }
    for key in hard_keys() {
        let source = format!("/photos/{}", encode(&key));
        let copy = request("PUT", "/photos/copy").header("x-qs-copy-source", &source);
        assert_eq!(client.send(copy).await.status, 201, "{key:?}");
        assert_eq!(
            client.get("/photos/copy").await.body,
            client.get(&source).await.body
        );
        assert_eq!(client.delete(&source).await.status, 204);
    }
    assert_eq!(client.keys("photos").await, ["copy"]);
}

#[tokio::test]
async fn pages_continue_after_hard_keys() {
    let (_emulator, client) = start_with_bucket().await;
    for key in hard_keys() {
        client.put(format!("/photos/{}", encode(&key)), "x").await;
    }
    let (mut found, mut marker) = (Vec::new(), String::new());
    loop {
        let target = format!("/photos?limit=2&marker={}", encode(&marker));
        let page = client.get(target).await.json();
        for key in page["keys"].as_array().unwrap() {
            found.push(key["key"].as_str().unwrap().to_owned());
        }
        if page["has_more"] == false {
            break;
        }
        marker = page["next_marker"].as_str().unwrap().to_owned();
    }
    let mut keys = hard_keys();
    keys.sort();
    assert_eq!(found, keys);
}

#[tokio::test]
async fn refuses_invalid_keys() {
    let (_emulator, client) = start_with_bucket().await;
    for (path, code) in [
        ("k".repeat(1024), "invalid_object_name"),
        ("%FF%FE".to_owned(), "invalid_object_name"),
        ("/a".to_owned(), "invalid_object_name"),
        ("%2Fa".to_owned(), "invalid_object_name"),
        ("%zz".to_owned(), "invalid_request"),
        ("a%".to_owned(), "invalid_request"),
        ("a%4".to_owned(), "invalid_request"),
    ] {
        assert_eq!(
            client.put(format!("/photos/{path}"), "x").await.error(),
            (400, code.to_owned()),
            "{path}"
        );
    }
    assert!(client.keys("photos").await.is_empty());
}
