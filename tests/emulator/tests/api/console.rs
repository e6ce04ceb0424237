//! The console over HTTP. `make console-test` drives it in a browser.

use qingstor_emulator::{Emulator, FaultRule};
use serde_json::{Value, json};

use crate::client::{Client, Reply, Request, request, start, start_with_bucket_by};

async fn with_console() -> (Emulator, Client) {
    start_with_bucket_by(Emulator::builder().console(true)).await
}

/// A request as the page sends it.
fn by_page(method: &str, target: &str) -> Request {
    request(method, target)
        .header("X-Console", "1")
        .header("Sec-Fetch-Site", "same-origin")
}

async fn get(client: &Client, target: &str) -> Reply {
    client.send_as_is(&by_page("GET", target)).await
}

async fn sign(client: &Client, wanted: Value) -> Reply {
    let call = by_page("POST", "/_console/api/sign").body(wanted.to_string());
    client.send_as_is(&call).await
}

#[tokio::test]
async fn serves_the_page_with_a_strict_policy() {
    let (_emulator, client) = with_console().await;
    for (path, kind) in [
        ("/_console/", "text/html; charset=utf-8"),
        ("/_console/style.css", "text/css; charset=utf-8"),
        ("/_console/main.js", "text/javascript; charset=utf-8"),
    ] {
        let reply = client.send_as_is(&request("GET", path)).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), kind);
        let policy = reply.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    assert_eq!(
        client.send_as_is(&request("GET", "/_console")).await.status,
        301
    );
    for (method, path, status) in [
        ("GET", "/_console/x", 404),
        ("GET", "/_console/../secret", 404),
        ("POST", "/_console/", 405),
        ("OPTIONS", "/_console/main.js", 405),
    ] {
        let reply = client.send_as_is(&request(method, path)).await;
        assert_eq!(reply.status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn without_the_setting_the_paths_name_a_bucket() {
    let emulator = start().await;
    let client = Client::new(&emulator);
    let reply = client.get("/_console/").await;
    assert_eq!(reply.error(), (404, "bucket_not_exists".to_owned()));
    let reply = client
        .send_as_is(&by_page("GET", "/_console/api/info"))
        .await;
    assert_eq!(reply.error(), (404, "bucket_not_exists".to_owned()));
}

#[tokio::test]
async fn refuses_other_hosts_and_other_pages() {
    let (_emulator, client) = with_console().await;
    let refused = async |call: Request, what: &str| {
        let reply = client.send_as_is(&call).await;
        assert_eq!(
            reply.error(),
            (403, "permission_denied".to_owned()),
            "{what}"
        );
        assert_eq!(reply.header("access-control-allow-origin"), "");
    };
    for path in ["/_console/", "/_console/main.js", "/_console/api/info"] {
        for host in [
            "example.com",
            "127.0.0.1.example.com",
            "localhost.evil.test:9000",
            "10.0.0.1",
        ] {
            refused(by_page("GET", path).header("Host", host), host).await;
        }
        for origin in [
            "http://example.com",
            "null",
            "http://localhost",
            "https://127.0.0.1",
        ] {
            refused(by_page("GET", path).header("Origin", origin), origin).await;
        }
        for site in ["cross-site", "same-site"] {
            let call = request("GET", path)
                .header("X-Console", "1")
                .header("Sec-Fetch-Site", site);
            refused(call, site).await;
        }
    }
    // A page cannot send the header without a preflight, which is refused.
    refused(request("GET", "/_console/api/requests"), "no X-Console").await;
    refused(
        request("OPTIONS", "/_console/api/sign").header("Origin", "http://example.com"),
        "preflight",
    )
    .await;
    // A link may lead to the page, but not into a frame.
    let link = |destination: &str| {
        request("GET", "/_console/")
            .header("Sec-Fetch-Site", "cross-site")
            .header("Sec-Fetch-Mode", "navigate")
            .header("Sec-Fetch-Dest", destination)
    };
    assert_eq!(client.send_as_is(&link("document")).await.status, 200);
    refused(link("iframe"), "iframe").await;
    for host in [
        "localhost",
        "LocalHost:1",
        "127.0.0.1:1",
        "[::1]:1",
        "console.localhost",
    ] {
        let call = request("GET", "/_console/").header("Host", host);
        assert_eq!(client.send_as_is(&call).await.status, 200, "{host}");
    }
    // The origin of the page itself.
    let call = by_page("GET", "/_console/api/info")
        .header("Host", "localhost:1")
        .header("Origin", "http://localhost:1");
    assert_eq!(client.send_as_is(&call).await.status, 200);
}

#[tokio::test]
async fn a_configured_host_serves_the_console() {
    let builder = Emulator::builder()
        .console(true)
        .console_host("qingstor.test");
    let (_emulator, client) = start_with_bucket_by(builder).await;
    for (host, status) in [("qingstor.test:9000", 200), ("evil.qingstor.test", 403)] {
        let call = request("GET", "/_console/").header("Host", host);
        assert_eq!(client.send_as_is(&call).await.status, status, "{host}");
    }
}

#[tokio::test]
async fn signs_requests_for_the_api() {
    let (emulator, client) = with_console().await;
    let id = emulator.access_key_id();
    let wanted = json!({
        "access_key_id": id, "method": "PUT", "bucket": "photos", "key": "a/../\u{4e2d} <b>.txt",
        "headers": {"content-type": "text/plain"}, "lifetime": 60, "is_cross_origin": false,
    });
    let reply = sign(&client, wanted).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(!reply.text().contains(&client.secret));
    let url = reply.json()["url"].as_str().unwrap().to_owned();
    assert!(
        url.starts_with("/photos/a%2F..%2F%E4%B8%AD%20%3Cb%3E.txt?"),
        "{url}"
    );
    let put = request("PUT", url)
        .header("Content-Type", "text/plain")
        .body("text");
    assert_eq!(client.send_as_is(&put).await.status, 201);
    assert_eq!(client.keys("photos").await, ["a/../\u{4e2d} <b>.txt"]);
    // A JSON body gets its digest.
    let body = json!({"objects": [{"key": "a/../\u{4e2d} <b>.txt"}]}).to_string();
    let wanted = json!({
        "access_key_id": id, "method": "POST", "bucket": "photos", "query": [["delete", ""]],
        "body": body, "lifetime": 60, "is_cross_origin": true,
    });
    let signed = sign(&client, wanted).await.json();
    let url = signed["url"].as_str().unwrap();
    let target = url.strip_prefix("http://localhost").unwrap();
    let mut call = request("POST", target).body(body);
    for (name, value) in signed["headers"].as_object().unwrap() {
        call = call.header(name, value.as_str().unwrap());
    }
    assert_eq!(client.send_as_is(&call).await.status, 200);
    assert!(client.keys("photos").await.is_empty());
    for (field, value) in [("access_key_id", "NOBODY"), ("method", "G T")] {
        let mut wanted =
            json!({"access_key_id": id, "method": "GET", "lifetime": 1, "is_cross_origin": false});
        wanted[field] = json!(value);
        let status = sign(&client, wanted).await.status;
        assert!((400..500).contains(&status), "{field}");
    }
}

#[tokio::test]
async fn creates_buckets_in_a_chosen_zone() {
    let (emulator, client) = with_console().await;
    let create = async |name: &str, zone: &str| {
        let bucket = json!({"access_key_id": emulator.access_key_id(), "name": name, "zone": zone});
        let call = by_page("POST", "/_console/api/buckets").body(bucket.to_string());
        client.send_as_is(&call).await.status
    };
    assert_eq!(create("holidays", "nowhere").await, 400);
    assert_eq!(create("<b>", "sh1a").await, 400);
    assert_eq!(create("holidays", "sh1a").await, 204);
    assert_eq!(create("holidays", "gd2").await, 409);
    let list = client.get("/").await.json();
    let buckets = list["buckets"].as_array().unwrap();
    let zones = buckets
        .iter()
        .map(|bucket| (&bucket["name"], &bucket["location"]));
    assert!(
        zones
            .clone()
            .any(|bucket| bucket == (&json!("holidays"), &json!("sh1a"))),
        "{list}"
    );
    assert_eq!(zones.count(), 2);
}

#[tokio::test]
async fn objects_do_not_run_in_the_origin_of_the_page() {
    let (_emulator, client) = with_console().await;
    let html = request("PUT", "/photos/a.html")
        .header("Content-Type", "text/html")
        .body("<script>fetch('/_console/api/info')</script>");
    client.send(html).await;
    let reply = client.get("/photos/a.html").await;
    assert_eq!(reply.header("content-security-policy"), "sandbox");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    let elsewhere = request("GET", "/a.html")
        .header("Host", "photos.pek3a.localhost")
        .signed_in_host(&client, Some("photos"));
    let reply = client.send_as_is(&elsewhere).await;
    assert_eq!(
        (reply.status, reply.header("content-security-policy")),
        (200, "")
    );
}

#[tokio::test]
async fn logs_requests_with_their_details() {
    let (emulator, client) = with_console().await;
    client.put("/photos/a", "content").await;
    let mistake = request("GET", "/photos/a")
        .header("x-qs-encryption-customer-key", "dGhlLWtleQ==")
        .header("x-qs-meta-note", format!("not so {}", client.secret))
        .signed(&client)
        .header("Content-Type", "text/plain");
    client.send_as_is(&mistake).await;
    emulator
        .set_faults([FaultRule::on("HeadObject").status(503)])
        .unwrap();
    client.head("/photos/a").await;
    let own = request("GET", "/photos")
        .header("Sec-Fetch-Site", "same-origin")
        .signed(&client);
    client.send_as_is(&own).await;

    let list = get(&client, "/_console/api/requests?after=0").await.json();
    let requests = list["requests"].as_array().unwrap();
    assert_eq!(list["last"], 5);
    let of = |name: &str| {
        requests
            .iter()
            .map(|request| request[name].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("operation"),
        [
            "PutBucket",
            "PutObject",
            "GetObject",
            "HeadObject",
            "ListObjects"
        ]
    );
    assert_eq!(of("status"), [201, 201, 401, 503, 200]);
    assert_eq!(of("is_from_console"), [false, false, false, false, true]);
    assert_eq!(requests[1]["bytes_in"], 7);
    assert!(
        requests[3]["fault"]
            .as_str()
            .unwrap()
            .contains("status=503")
    );
    let new = get(&client, "/_console/api/requests?after=4").await.json();
    assert_eq!(new["requests"].as_array().unwrap().len(), 1);

    let reply = get(&client, "/_console/api/requests/3").await;
    let details = reply.json();
    let message = details["message"].as_str().unwrap();
    assert!(message.contains("`Content-Type` is left out"), "{message}");
    assert!(
        details["string_to_sign"]
            .as_str()
            .unwrap()
            .starts_with("GET\\n\\ntext/plain\\n")
    );
    assert_eq!(details["user_id"], Value::Null);
    for secret in [client.secret.as_str(), "dGhlLWtleQ", "QS EMULATOR"] {
        assert!(!reply.text().contains(secret), "{secret}");
    }
    assert_eq!(get(&client, "/_console/api/requests/99").await.status, 404);

    let figures = get(&client, "/_console/api/figures").await.json();
    assert_eq!(figures["requests"], 4);
    assert_eq!(figures["by_status"], json!({"201": 2, "401": 1, "503": 1}));
    assert_eq!(figures["by_operation"]["HeadObject"]["errors"], 1);

    let cleared = client
        .send_as_is(&by_page("DELETE", "/_console/api/requests"))
        .await;
    assert_eq!(cleared.status, 204);
    let list = get(&client, "/_console/api/requests").await.json();
    assert_eq!(
        (list["requests"].as_array().unwrap().len(), &list["last"]),
        (0, &json!(5))
    );
}

#[tokio::test]
async fn keeps_the_last_thousand_requests() {
    let (_emulator, client) = with_console().await;
    let mut calls = request("GET", "/").signed(&client).to_bytes();
    let close = String::from_utf8(calls.clone()).unwrap();
    calls = close
        .replace("Connection: close\r\n", "")
        .repeat(1009)
        .into_bytes();
    calls.extend_from_slice(close.as_bytes());
    client.exchange(&calls).await;
    let list = get(&client, "/_console/api/requests").await.json();
    let requests = list["requests"].as_array().unwrap();
    assert_eq!((requests.len(), &list["last"]), (1000, &json!(1011)));
    assert_eq!(requests[0]["number"], 12);
}

#[tokio::test]
async fn changes_fault_rules() {
    let (emulator, client) = with_console().await;
    let put = by_page("PUT", "/_console/api/faults").body(r#"["operation=GetObject,status=503"]"#);
    let reply = client.send_as_is(&put).await;
    assert_eq!(reply.json()["faults"][0]["hits"], 0);
    assert_eq!(emulator.faults().len(), 1);
    let wrong = by_page("PUT", "/_console/api/faults").body(r#"["operation=Nothing"]"#);
    assert_eq!(client.send_as_is(&wrong).await.status, 400);
    let clear = by_page("DELETE", "/_console/api/faults");
    assert_eq!(client.send_as_is(&clear).await.status, 200);
    assert!(emulator.faults().is_empty());
}
