//! Behavior that clients of the service rely on, but that the API documents do not specify.

use qingstor_emulator::Emulator;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use crate::client::{Client, Request, request, start_with_bucket, unix_now};

/// Sends a request with a chunked body.
async fn chunked(client: &Client, request: Request, body: &str) -> crate::client::Reply {
    let request = request
        .header("Transfer-Encoding", "chunked")
        .signed(client);
    let head = String::from_utf8(request.to_bytes()).unwrap();
    let head = head.replace("Content-Length: 0\r\n", "");
    client.exchange(format!("{head}{body}").as_bytes()).await
}

#[tokio::test]
async fn accepts_a_complete_chunked_body_without_a_length() {
    let (_emulator, client) = start_with_bucket().await;
    for (body, expected) in [
        ("0\r\n\r\n", ""),
        ("5\r\n12345\r\n3;x=y\r\n678\r\n0\r\n\r\n", "12345678"),
        ("1\r\na\r\n0\r\nx-trailer: b\r\n\r\n", "a"),
    ] {
        let reply = chunked(&client, request("PUT", "/photos/a"), body).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        let got = client.get("/photos/a").await;
        assert_eq!(got.text(), expected);
        assert_eq!(got.header("content-length"), expected.len().to_string());
    }
    let append = request("POST", "/photos/log?append&position=0");
    assert_eq!(chunked(&client, append, "0\r\n\r\n").await.status, 200);
    let initiated = client
        .send(request("POST", "/photos/parts?uploads"))
        .await
        .json();
    let id = initiated["upload_id"].as_str().unwrap();
    let part = request("PUT", format!("/photos/parts?part_number=0&upload_id={id}"));
    assert_eq!(
        chunked(&client, part, "2\r\nab\r\n0\r\n\r\n").await.status,
        201
    );
    // Without both headers, the end of the body is unknown.
    let put = request("PUT", "/photos/b").signed(&client);
    let head = String::from_utf8(put.to_bytes()).unwrap();
    let head = head.replace("Content-Length: 0\r\n", "");
    let reply = client.exchange(head.as_bytes()).await;
    assert_eq!(reply.error(), (400, "invalid_argument".to_owned()));
    assert_eq!(client.keys("photos").await, ["a", "log"]);
}

#[tokio::test]
async fn empty_headers_are_the_same_as_absent_ones() {
    let (_emulator, client) = start_with_bucket().await;
    let list = client
        .send(request("GET", "/").header("location", ""))
        .await;
    assert_eq!(list.json()["count"], 1, "{}", list.text());
    let empty = |request: Request, names: &[&str]| {
        let add = |request: Request, name: &&str| request.header(name, "");
        names.iter().fold(request, add)
    };
    let source_headers = [
        "x-qs-copy-source",
        "x-qs-copy-source-if-match",
        "x-qs-copy-source-if-none-match",
        "x-qs-copy-source-if-modified-since",
        "x-qs-copy-source-if-unmodified-since",
        "x-qs-copy-source-encryption-customer-algorithm",
        "x-qs-copy-source-encryption-customer-key",
        "x-qs-copy-source-encryption-customer-key-md5",
        "x-qs-copy-range",
        "x-qs-move-source",
        "x-qs-fetch-source",
        "x-qs-fetch-if-unmodified-since",
        "x-qs-metadata-directive",
        "x-qs-storage-class",
        "x-qs-encryption-customer-algorithm",
        "x-qs-encryption-customer-key",
        "x-qs-encryption-customer-key-md5",
        "Content-MD5",
        "Content-Type",
        "Cache-Control",
        "Content-Encoding",
        "Expires",
        "Origin",
    ];
    for name in source_headers {
        let put = empty(request("PUT", "/photos/a"), &[name]).body("content");
        let reply = client.send(put).await;
        assert_eq!(reply.status, 201, "{name}: {}", reply.text());
    }
    let put = empty(request("PUT", "/photos/a"), &source_headers);
    let put = put.header("x-qs-meta-note", "").body("content");
    assert_eq!(client.send(put).await.status, 201);
    let get = empty(
        request("GET", "/photos/a"),
        &[
            "Range",
            "If-Match",
            "If-None-Match",
            "If-Modified-Since",
            "If-Unmodified-Since",
        ],
    );
    let got = client.send(get).await;
    assert_eq!((got.status, got.text()), (200, "content".to_owned()));
    assert_eq!(got.header("content-type"), "application/octet-stream");
    assert!(!got.headers.contains_key("cache-control"));
    assert_eq!(got.headers["x-qs-meta-note"], "");
    let anonymous = request("GET", "/photos/a").header("Authorization", "");
    assert_eq!(client.send_as_is(&anonymous).await.status, 403);
    let required = request("OPTIONS", "/photos/a").header("Origin", "");
    let reply = client.send_as_is(&required).await;
    assert_eq!(reply.error(), (400, "invalid_argument".to_owned()));
}

#[tokio::test]
async fn null_fields_are_the_same_as_absent_ones() {
    let (_emulator, client) = start_with_bucket().await;
    let elsewhere = request("PUT", "/albums").header("Host", "sh1a.qingstor.com");
    assert_eq!(client.send(elsewhere).await.status, 201);
    for (target, method, document, status) in [
        (
            "/photos?delete",
            "POST",
            json!({"quiet": null, "objects": [{"key": "a", "version_id": null}]}),
            200,
        ),
        (
            "/photos?cname",
            "PUT",
            json!({"domain": "a.com", "type": null}),
            200,
        ),
        (
            "/photos?cors",
            "PUT",
            json!({"cors_rules": [{
                "allowed_origin": "*", "allowed_methods": ["GET"], "allowed_headers": null,
                "max_age_seconds": null, "expose_headers": null,
            }]}),
            200,
        ),
        (
            "/photos?lifecycle",
            "PUT",
            json!({"rule": [{
                "id": "a", "status": "enabled", "filter": {"prefix": null},
                "expiration": {"days": 1}, "transition": null,
                "abort_incomplete_multipart_upload": null,
            }]}),
            200,
        ),
        (
            "/photos?replication",
            "PUT",
            json!({"rules": [{
                "id": "a", "status": null, "filters": {"prefix": null},
                "sync_marker": null, "delete_marker": null,
                "destination": {"bucket": "albums", "storage_class": null, "zone": null},
            }]}),
            200,
        ),
        (
            "/photos?acl",
            "PUT",
            json!({"acl": [{"grantee": {"type": "user", "id": "a", "name": null}, "permission": "READ"}]}),
            200,
        ),
    ] {
        let reply = client.send(request(method, target).json(&document)).await;
        assert_eq!(reply.status, status, "{target}: {}", reply.text());
    }
    let rules = client.get("/photos?replication").await.json();
    assert_eq!(rules["rules"][0]["status"], "enabled");
    assert_eq!(rules["rules"][0]["delete_marker"], "disabled");
}

/// Collects all times of a document.
fn times(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains('T') && text.ends_with('Z') => {
            found.push(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| times(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| times(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn times_end_in_zero_milliseconds() {
    let (_emulator, client) = start_with_bucket().await;
    let versioning = request("PUT", "/photos?versioning").json(&json!({"status": "ENABLED"}));
    assert_eq!(client.send(versioning).await.status, 200);
    for _ in 0..3 {
        client.put("/photos/a", "content").await;
        tokio::time::sleep(std::time::Duration::from_millis(7)).await;
    }
    let initiated = client
        .send(request("POST", "/photos/b?uploads"))
        .await
        .json();
    let id = initiated["upload_id"].as_str().unwrap();
    client
        .put(format!("/photos/b?part_number=0&upload_id={id}"), "x")
        .await;
    for target in [
        "/",
        "/photos",
        "/photos?versions",
        "/photos?uploads",
        "/photos?stats",
        &format!("/photos/b?upload_id={id}"),
    ] {
        let document = client.get(target).await.json();
        let mut found = Vec::new();
        times(&document, &mut found);
        assert!(!found.is_empty(), "{target}: {document}");
        for time in found {
            assert!(
                time.ends_with(".000Z") && time.len() == 24,
                "{target}: {time}"
            );
        }
    }
}

#[tokio::test]
async fn users_in_acls_have_names() {
    let (emulator, client) = start_with_bucket().await;
    let owner = emulator.accounts()[0].user_id();
    let grants = client.get("/photos?acl").await.json()["acl"].clone();
    assert_eq!(
        grants[0]["grantee"],
        json!({"type": "user", "id": owner, "name": owner})
    );
    let acl = json!({"acl": [
        {"grantee": {"type": "user", "id": "usr-1"}, "permission": "READ"},
        {"grantee": {"type": "user", "id": "usr-2", "name": "bob"}, "permission": "WRITE"},
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"},
        {"grantee": {"type": "user", "id": "usr-3", "name": ""}, "permission": "READ"},
    ]});
    client.send(request("PUT", "/photos?acl").json(&acl)).await;
    let grants = client.get("/photos?acl").await.json()["acl"].clone();
    for (grant, name) in [(0, "usr-1"), (1, "bob"), (2, "QS_ALL_USERS"), (3, "usr-3")] {
        assert_eq!(grants[grant]["grantee"]["name"], name);
    }
}

#[tokio::test]
async fn redirects_an_unsigned_head_to_the_zone_of_the_bucket() {
    let (_emulator, client) = start_with_bucket().await;
    let host = "sh1a.qingstor.com";
    client
        .send(request("PUT", "/albums").header("Host", host))
        .await;
    let head = |host: &str| request("HEAD", "/").header("Host", host);
    for (host, location) in [
        (
            "photos.localhost:9000",
            "http://photos.pek3a.localhost:9000/",
        ),
        (
            "albums.qingstor.localhost",
            "http://albums.sh1a.qingstor.localhost/",
        ),
        (
            "Photos.qingstor.com:80",
            "http://photos.pek3a.qingstor.com:80/",
        ),
    ] {
        let reply = client.send_as_is(&head(host)).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (301, location),
            "{host}"
        );
        assert!(reply.body.is_empty());
    }
    for (host, status) in [
        ("absent.qingstor.com", 404),
        ("photos.pek3a.qingstor.com", 403),
        ("127.0.0.1:9000", 405),
        ("localhost:9000", 405),
    ] {
        assert_eq!(
            client.send_as_is(&head(host)).await.status,
            status,
            "{host}"
        );
    }
    assert_eq!(client.send(head("photos.qingstor.com")).await.status, 405);
}

/// Returns the head of a response as sent.
async fn head_of(client: &Client, request: &Request) -> String {
    let mut stream = client.open(&request.to_bytes()).await;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8_lossy(&bytes);
    text.split("\r\n\r\n").next().unwrap().to_owned()
}

#[tokio::test]
async fn spells_header_names_as_in_the_api_documents() {
    let (_emulator, client) = start_with_bucket().await;
    let cors = json!({"cors_rules": [{
        "allowed_origin": "http://a.com", "allowed_methods": ["GET"],
        "allowed_headers": ["*"], "expose_headers": ["ETag"],
    }]});
    client
        .send(request("PUT", "/photos?cors").json(&cors))
        .await;
    let put = request("PUT", "/photos/a")
        .header("Cache-Control", "no-cache")
        .header("Content-Disposition", "inline")
        .header("Content-Encoding", "x")
        .header("Expires", "never")
        .header("x-qs-meta-Color", "red")
        .body("content");
    let put = put.signed(&client);
    let preflight = request("OPTIONS", "/photos/a")
        .header("Origin", "http://a.com")
        .header("Access-Control-Request-Method", "GET")
        .header("Access-Control-Request-Headers", "x-a");
    let get = request("GET", "/photos/a").header("Origin", "http://a.com");
    let get = get.header("Range", "bytes=0-1");
    let redirect = request("HEAD", "/photos").header("Host", "qingstor.com");
    for (request, names) in [
        (
            &put,
            &["ETag", "Content-Length", "Date", "Server", "Connection"][..],
        ),
        (
            &get.signed(&client),
            &[
                "Access-Control-Allow-Origin",
                "Access-Control-Expose-Headers",
                "Cache-Control",
                "Content-Disposition",
                "Content-Encoding",
                "Content-Length",
                "Content-Range",
                "Content-Type",
                "ETag",
                "Expires",
                "Last-Modified",
                "Vary",
                "x-qs-meta-color",
                "x-qs-request-id",
                "x-qs-storage-class",
            ],
        ),
        (
            &preflight,
            &[
                "Access-Control-Allow-Headers",
                "Access-Control-Allow-Methods",
                "Access-Control-Max-Age",
            ],
        ),
        (&redirect, &["Location"]),
        (
            &request("GET", "/photos/absent").signed(&client),
            &["Content-Length", "Content-Type", "x-qs-request-id"],
        ),
    ] {
        let head = head_of(&client, request).await;
        let sent = head
            .lines()
            .skip(1)
            .map(|line| line.split(':').next().unwrap());
        let sent = sent.collect::<Vec<_>>();
        for name in names {
            assert!(sent.contains(name), "{name} is not in {head}");
        }
        for name in sent {
            let is_lower = name.starts_with("x-qs-");
            assert_eq!(name == name.to_ascii_lowercase(), is_lower, "{head}");
        }
    }
}

#[tokio::test]
async fn accepts_the_key_ids_of_the_api_documents() {
    for id in ["ACCESS_KEY_ID_EXAMPLE", "ENV_ACCESS_KEY_ID", "my-key"] {
        let emulator = Emulator::builder()
            .account(id, "SECRET")
            .start()
            .await
            .unwrap();
        let client = Client::new(&emulator);
        client.bucket("photos").await;
        client.put("/photos/a", "content").await;
        let get = request("GET", "/photos/a").presigned(&client, unix_now() + 60);
        assert_eq!(client.send_as_is(&get).await.text(), "content");
    }
}
