//! Appending to objects.

use crate::client::{Client, Reply, request, start_with_bucket};

async fn append(client: &Client, position: &str, body: &str) -> Reply {
    let target = format!("/photos/log?append&position={position}");
    client.send(request("POST", target).body(body)).await
}

#[tokio::test]
async fn appends_only_at_the_end_of_an_object() {
    let (_emulator, client) = start_with_bucket().await;
    let first = request("POST", "/photos/log?append&position=0")
        .header("Content-Type", "text/plain")
        .body("one");
    let first = client.send(first).await;
    assert_eq!(
        (first.status, first.header("x-qs-next-append-position")),
        (200, "3")
    );
    for (position, code) in [
        ("0", "invalid_argument"),
        ("2", "invalid_argument"),
        ("4", "invalid_argument"),
        ("-1", "invalid_argument"),
        ("18446744073709551615", "invalid_argument"),
    ] {
        let reply = append(&client, position, "x").await;
        assert_eq!(reply.error(), (400, code.to_owned()), "{position}");
    }
    let second = append(&client, "3", ", two").await;
    assert_eq!(second.header("x-qs-next-append-position"), "8");
    let got = client.get("/photos/log").await;
    assert_eq!(
        (got.text(), got.header("content-type")),
        ("one, two".into(), "text/plain")
    );
    let range = request("GET", "/photos/log").header("Range", "bytes=2-5");
    assert_eq!(client.send(range).await.text(), "e, t");
    let head = client.head("/photos/log").await;
    assert_eq!(head.header("x-qs-object-type"), "appendable");
    assert_eq!(head.header("x-qs-next-append-position"), "8");
    assert_eq!(head.header("etag"), second.header("etag"));
    assert_ne!(first.header("etag"), second.header("etag"));

    // A put replaces the object, and the new object cannot be appended to.
    client.put("/photos/log", "new").await;
    assert_eq!(
        client.head("/photos/log").await.header("x-qs-object-type"),
        ""
    );
    let refused = append(&client, "3", "x").await;
    assert_eq!(refused.error(), (400, "invalid_object_state".to_owned()));
    client.delete("/photos/log").await;
    assert_eq!(append(&client, "0", "x").await.status, 200);
    let missing = client.send(request("POST", "/photos/log?append")).await;
    assert_eq!(missing.error(), (400, "invalid_argument".to_owned()));
}
