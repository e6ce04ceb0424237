//! Health checks and administration.

use qingstor_emulator::Emulator;
use serde_json::json;

use crate::client::{Client, Reply, request, start};

async fn with_admin() -> (Emulator, Client) {
    let emulator = Emulator::builder()
        .admin(true)
        .fault_seed(5)
        .start()
        .await
        .unwrap();
    let client = Client::new(&emulator);
    (emulator, client)
}

/// Sends an unsigned request.
async fn unsigned(client: &Client, method: &str, target: &str, body: &str) -> Reply {
    client.send_as_is(&request(method, target).body(body)).await
}

#[tokio::test]
async fn reports_good_health() {
    let emulator = start().await;
    let client = Client::new(&emulator);
    for host in ["127.0.0.1", "qingstor.com", "pek3a.qingstor.com", ""] {
        let get = request("GET", "/_health").header("Host", host);
        let reply = client.send_as_is(&get).await;
        assert_eq!(reply.status, 200, "{host}");
        let health = reply.json();
        assert_eq!(health["status"], "ok");
        assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(health["operations"], emulator.operations_served().len());
    }
    let reply = unsigned(&client, "HEAD", "/_health", "").await;
    assert_eq!((reply.status, reply.text()), (200, String::new()));
    assert_eq!(unsigned(&client, "PUT", "/_health", "").await.status, 403);
}

#[tokio::test]
async fn an_object_key_can_be_the_health_path() {
    let (_emulator, client) = with_admin().await;
    client.bucket("photos").await;
    for key in ["/_health", "/_emulator/faults"] {
        let call = |method| {
            request(method, key)
                .header("Host", "photos.pek3a.localhost")
                .body(if method == "PUT" { "mine" } else { "" })
                .signed_in_host(&client, Some("photos"))
        };
        assert_eq!(client.send_as_is(&call("PUT")).await.status, 201);
        assert_eq!(client.send_as_is(&call("GET")).await.text(), "mine");
    }
}

#[tokio::test]
async fn faults_can_be_set_listed_and_cleared() {
    let (emulator, client) = with_admin().await;
    let rules = json!([
        "operation=ListBuckets,times=1,status=503",
        {"operation": "GetObject", "latency": "1s", "probability": 0.5},
    ]);
    let put = unsigned(&client, "PUT", "/_emulator/faults", &rules.to_string()).await;
    assert_eq!(put.status, 200);
    assert_eq!(client.get("/").await.status, 503);
    assert_eq!(client.get("/").await.status, 200);
    let shown = unsigned(&client, "GET", "/_emulator/faults", "").await;
    let expected = json!({
        "seed": 5,
        "faults": [
            {"rule": "operation=ListBuckets,times=1,status=503", "matches": 2, "hits": 1},
            {"rule": "operation=GetObject,probability=0.5,latency=1s", "matches": 0, "hits": 0},
        ],
    });
    assert_eq!(shown.json(), expected);
    // Setting the rules again resets the counts.
    unsigned(&client, "PUT", "/_emulator/faults", &rules.to_string()).await;
    assert_eq!(emulator.faults()[0].hits, 0);
    let cleared = unsigned(&client, "DELETE", "/_emulator/faults", "").await;
    assert_eq!(cleared.json(), json!({"seed": 5, "faults": []}));
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test]
async fn an_invalid_list_of_rules_changes_nothing() {
    let (emulator, client) = with_admin().await;
    unsigned(&client, "PUT", "/_emulator/faults", r#"["status=503"]"#).await;
    for (body, code, part) in [
        ("status=503", "invalid_json", "JSON"),
        (r#"{"status": 503}"#, "invalid_request", "sequence"),
        ("[503]", "invalid_request", "a string or an object"),
        (r#"["status=1"]"#, "invalid_request", "400 to 599"),
    ] {
        let reply = unsigned(&client, "PUT", "/_emulator/faults", body).await;
        assert_eq!(reply.error(), (400, code.to_owned()));
        assert!(reply.text().contains(part), "{}", reply.text());
    }
    assert_eq!(emulator.faults().len(), 1);
    let post = unsigned(&client, "POST", "/_emulator/faults", "").await;
    assert_eq!(post.status, 405);
    assert_eq!(
        unsigned(&client, "GET", "/_emulator/x", "").await.status,
        404
    );
}

#[tokio::test]
async fn web_pages_cannot_administer() {
    let (emulator, client) = with_admin().await;
    for (method, target, body) in [
        ("POST", "/_emulator/lifecycle?days=365", ""),
        ("PUT", "/_emulator/faults", r#"["status=503"]"#),
        ("DELETE", "/_emulator/faults", ""),
        ("GET", "/_emulator/faults", ""),
        ("OPTIONS", "/_emulator/faults", ""),
        ("GET", "/_emulator/x", ""),
    ] {
        for (name, value) in [
            ("Origin", "https://example.com"),
            ("Origin", "null"),
            ("Origin", "http://127.0.0.1:9000"),
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
            ("Sec-Fetch-Site", "same-origin"),
        ] {
            let call = request(method, target).header(name, value).body(body);
            let reply = client.send_as_is(&call).await;
            assert_eq!(
                reply.error(),
                (403, "permission_denied".to_owned()),
                "{method} {value}"
            );
            assert_eq!(reply.header("access-control-allow-origin"), "");
        }
    }
    assert!(emulator.faults().is_empty());
    // A request from the address bar is allowed.
    let typed = request("GET", "/_emulator/faults").header("Sec-Fetch-Site", "none");
    assert_eq!(client.send_as_is(&typed).await.status, 200);
    let health = request("GET", "/_health").header("Origin", "https://example.com");
    assert_eq!(client.send_as_is(&health).await.status, 200);
}

#[tokio::test]
async fn without_admin_the_paths_name_a_bucket() {
    let emulator = start().await;
    let client = Client::new(&emulator);
    let put = client.put("/_emulator/faults", r#"["status=503"]"#).await;
    assert_eq!(put.error(), (404, "bucket_not_exists".to_owned()));
    let put = client.put("/_emulator", "").await;
    assert_eq!(put.error(), (400, "invalid_bucket_name".to_owned()));
    assert!(emulator.faults().is_empty());
}
