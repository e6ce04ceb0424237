//! Zones, and zones of buckets.

use qingstor_emulator::Emulator;
use serde_json::json;

use crate::client::{Client, request};
use crate::settings::{refused, setup};

#[tokio::test]
async fn lists_zones_for_all_callers() {
    let emulator = Emulator::builder()
        .zones(["pek3a", "mars1"])
        .start()
        .await
        .unwrap();
    let client = Client::new(&emulator);
    let list = async |target: &str, host: &str| {
        client
            .send_as_is(&request("GET", target).header("Host", host))
            .await
    };
    let reply = list("/?location", "qingstor.com").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({"locations": [
            {"id": "pek3a", "name": "Beijing 3-A", "endpoint": "pek3a.qingstor.com"},
            {"id": "mars1", "name": "mars1", "endpoint": "mars1.qingstor.com"}
        ]})
    );
    for lang in ["zh-cn", "zh_CN"] {
        let reply = list(&format!("/?location&lang={lang}"), "127.0.0.1:9000")
            .await
            .json();
        assert_eq!(reply["locations"][0]["name"], "\u{5317}\u{4eac}3\u{533a}-A");
        assert_eq!(reply["locations"][0]["endpoint"], "127.0.0.1:9000");
    }
    assert_eq!(
        list("/?location&lang=en_US", "qingstor.com").await.status,
        200
    );
    let reply = list("/?location&lang=tlh", "qingstor.com").await;
    refused(&reply, 400, "invalid_argument");
    let reply = list("/?location", "pek3a.qingstor.com").await;
    refused(&reply, 400, "invalid_request");
    assert_eq!(client.get("/?location").await.status, 200);
}

#[tokio::test]
async fn the_host_without_a_zone_redirects_to_the_bucket() {
    let (_emulator, client) = setup().await;
    let head = |target: &str, host: &str| request("HEAD", target).header("Host", host);
    let reply = client
        .send_as_is(&head("/replicate-bucket-1", "qingstor.com:9000"))
        .await;
    assert_eq!(reply.status, 301);
    assert_eq!(
        reply.header("location"),
        "http://sh1a.qingstor.com:9000/replicate-bucket-1"
    );
    assert!(reply.body.is_empty());
    let absent = client.send_as_is(&head("/absent", "qingstor.com")).await;
    assert_eq!(absent.status, 404);
    for host in ["127.0.0.1", "localhost:9000", "sh1a.qingstor.com"] {
        let reply = client.send_as_is(&head("/replicate-bucket-1", host)).await;
        assert_eq!(reply.status, 403, "{host}");
    }
    // Signed requests are not redirected.
    let signed = client
        .send(head("/replicate-bucket-1", "qingstor.com"))
        .await;
    assert_eq!(signed.status, 200);
}
