//! Authentication and authorization.

use std::time::{Duration, SystemTime};

use qingstor_emulator::Emulator;
use serde_json::json;

use crate::client::{
    Client, Reply, Request, http_date, request, start_with_bucket, start_with_bucket_by,
    start_with_two_accounts, unix_now,
};

fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.error(), (status, code.to_owned()));
}

/// Creates a private bucket with one object.
async fn setup() -> (Emulator, Client) {
    let (emulator, client) = start_with_bucket().await;
    client.put("/photos/a", "content").await;
    (emulator, client)
}

async fn open_to_everyone(client: &Client, permission: &str) {
    let acl = json!({"acl": [
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": permission}
    ]});
    let reply = client.send(request("PUT", "/photos?acl").json(&acl)).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn refuses_wrong_credentials() {
    let (_emulator, client) = setup().await;
    let stranger = Client {
        id: "STRANGER".to_owned(),
        ..client.clone()
    };
    refused(
        &stranger.get("/photos/a").await,
        401,
        "invalid_access_key_id",
    );
    let liar = Client {
        secret: "guess".to_owned(),
        ..client.clone()
    };
    refused(&liar.get("/photos/a").await, 401, "signature_not_matched");
    refused(
        &liar.put("/photos/a", "mine").await,
        401,
        "signature_not_matched",
    );
    for authorization in ["QS", "QS ID", "Bearer token", "QS :"] {
        let odd = request("GET", "/photos/a").header("Authorization", authorization);
        refused(&client.send_as_is(&odd).await, 400, "invalid_request");
    }
    // Credentials are verified even if the request does not need them.
    open_to_everyone(&client, "READ").await;
    refused(&liar.get("/photos/a").await, 401, "signature_not_matched");
    assert_eq!(client.get("/photos/a").await.body, b"content");
}

#[tokio::test]
async fn refuses_changes_to_signed_parts() {
    let (_emulator, client) = setup().await;
    let signed = |request: Request| request.signed(&client);
    let put = || {
        request("PUT", "/photos/b")
            .header("Content-Type", "text/plain")
            .header("x-qs-meta-color", "red")
    };
    let replace = |request: Request, from: &str, to: &str| {
        String::from_utf8(request.to_bytes())
            .unwrap()
            .replace(from, to)
    };
    for (from, to) in [
        ("PUT ", "POST "),
        ("/photos/b", "/photos/c"),
        ("/photos/b", "/photos/%62"),
        ("/photos/b", "/photos/b?acl"),
        ("text/plain", "text/html"),
        ("red", "blue"),
        ("x-qs-meta-color", "x-qs-meta-colour"),
        ("Connection", "x-qs-meta-more: yes\r\nConnection"),
        (
            "Connection",
            "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\nConnection",
        ),
    ] {
        let changed = replace(signed(put()), from, to);
        let reply = client.exchange(changed.as_bytes()).await;
        refused(&reply, 401, "signature_not_matched");
    }
    // Parts that the signature does not cover can be changed.
    let changed = replace(signed(put()), "/photos/b ", "/photos/b?zone=pek3a ");
    assert_eq!(client.exchange(changed.as_bytes()).await.status, 201);
    assert_eq!(client.keys("photos").await, ["a", "b"]);
}

#[tokio::test]
async fn refuses_dates_that_are_missing_or_too_far_off() {
    let (_emulator, client) = setup().await;
    for header in ["Date", "x-qs-date"] {
        for (minutes, expected) in [(14, 200), (16, 403)] {
            let offset = Duration::from_secs(minutes * 60);
            for time in [SystemTime::now() - offset, SystemTime::now() + offset] {
                let dated = request("GET", "/photos/a").header(header, http_date(time));
                let reply = client.send(dated).await;
                assert_eq!(reply.status, expected, "{header} {minutes}");
                if expected == 403 {
                    refused(&reply, 403, "request_expired");
                }
            }
        }
        let dated = request("GET", "/photos/a").header(header, "yesterday");
        refused(&client.send(dated).await, 400, "invalid_request");
    }
}

#[tokio::test]
async fn signed_urls_are_valid_until_they_expire() {
    let (_emulator, client) = setup().await;
    let url = |target: &str, expires| request("GET", target).presigned(&client, expires);
    let later = unix_now() + 60;
    let reply = client.send_as_is(&url("/photos/a", later)).await;
    assert_eq!((reply.status, reply.text().as_str()), (200, "content"));

    let expired = url("/photos/a", unix_now() - 1);
    refused(&client.send_as_is(&expired).await, 403, "request_expired");
    let prolonged = String::from_utf8(expired.to_bytes())
        .unwrap()
        .replace("expires=", "expires=9");
    let reply = client.exchange(prolonged.as_bytes()).await;
    refused(&reply, 401, "signature_not_matched");

    let target = "/photos/a?response-content-type=video%2Fmp4&response-content-disposition=a%20b";
    let reply = client.send_as_is(&url(target, later)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "video/mp4");
    assert_eq!(reply.header("content-disposition"), "a b");

    let plain = client.send_as_is(&url("/photos/a", later)).await;
    let reply = client.get("/photos/a?response-content-type").await;
    let content_type = |reply: &Reply| reply.header("content-type").to_owned();
    assert_eq!(
        (reply.status, content_type(&reply)),
        (200, content_type(&plain))
    );

    let both = url("/photos/a", later).signed(&client);
    refused(&client.send_as_is(&both).await, 400, "invalid_request");
    let half = request("GET", "/photos/a?access_key_id=ID&expires=1");
    refused(&client.send_as_is(&half).await, 400, "invalid_request");
}

#[tokio::test]
async fn the_acl_decides_for_anonymous_callers() {
    let (_emulator, client) = setup().await;
    let anonymous =
        async |method: &str, target: &str| client.send_as_is(&request(method, target)).await;
    for (method, target) in [
        ("GET", "/"),
        ("GET", "/photos"),
        ("PUT", "/photos-2"),
        ("GET", "/photos/a"),
        ("PUT", "/photos/a"),
        ("DELETE", "/photos/a"),
        ("GET", "/photos?acl"),
        ("GET", "/photos?stats"),
        ("DELETE", "/photos"),
    ] {
        refused(&anonymous(method, target).await, 403, "permission_denied");
    }
    assert_eq!(anonymous("HEAD", "/photos/a").await.status, 403);

    open_to_everyone(&client, "READ").await;
    assert_eq!(anonymous("GET", "/photos/a").await.status, 200);
    assert_eq!(anonymous("HEAD", "/photos/a").await.status, 200);
    for (method, target) in [
        ("GET", "/photos"),
        ("PUT", "/photos/a"),
        ("GET", "/photos/a?response-content-type=text%2Fhtml"),
    ] {
        refused(&anonymous(method, target).await, 403, "permission_denied");
    }
    assert_eq!(anonymous("HEAD", "/photos").await.status, 403);

    open_to_everyone(&client, "WRITE").await;
    assert_eq!(anonymous("PUT", "/photos/b").await.status, 201);
    refused(
        &anonymous("GET", "/photos/b").await,
        403,
        "permission_denied",
    );
    refused(
        &anonymous("DELETE", "/photos/b").await,
        403,
        "permission_denied",
    );
    let described = request("PUT", "/photos/b").header("x-qs-meta-a", "b");
    refused(
        &client.send_as_is(&described).await,
        403,
        "permission_denied",
    );
}

#[tokio::test]
async fn the_acl_decides_for_other_users() {
    let (emulator, [alice, bob]) = start_with_two_accounts().await;
    alice.bucket("photos").await;
    alice.put("/photos/a", "content").await;
    refused(&bob.get("/photos/a").await, 403, "permission_denied");
    refused(&bob.get("/photos").await, 403, "permission_denied");
    refused(&bob.put("/photos", "").await, 409, "bucket_already_exists");

    let acl = json!({"acl": [{
        "grantee": {"type": "user", "id": emulator.accounts()[1].user_id()},
        "permission": "FULL_CONTROL",
    }]});
    let reply = alice.send(request("PUT", "/photos?acl").json(&acl)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(bob.get("/photos").await.status, 200);
    assert_eq!(bob.delete("/photos/a").await.status, 204);
    // Only the owner can use sub-resources and statistics, and change the bucket.
    refused(&bob.get("/photos?acl").await, 403, "permission_denied");
    refused(&bob.get("/photos?stats").await, 403, "permission_denied");
    refused(&bob.delete("/photos").await, 403, "permission_denied");
}

#[tokio::test]
async fn supports_virtual_host_style() {
    let (_emulator, client) = setup().await;
    let in_host = |method: &str, target: &str, host: &str| {
        request(method, target)
            .header("Host", host)
            .signed_in_host(&client, Some("photos"))
    };
    for host in ["photos.pek3a.qingstor.com", "photos.pek3a.qingstor.com:443"] {
        let reply = client.send_as_is(&in_host("GET", "/a", host)).await;
        assert_eq!(reply.text(), "content");
        let list = client.send_as_is(&in_host("GET", "/", host)).await;
        assert_eq!(list.json()["name"], "photos");
    }
    let acl = in_host("GET", "/?acl", "photos.pek3a.localhost");
    assert_eq!(client.send_as_is(&acl).await.status, 200);
    let elsewhere = in_host("GET", "/a", "photos.sh1a.qingstor.com");
    refused(
        &client.send_as_is(&elsewhere).await,
        404,
        "bucket_not_exists",
    );
    // The signature covers the bucket in the host.
    let other = String::from_utf8(in_host("GET", "/a", "photos.pek3a.localhost").to_bytes())
        .unwrap()
        .replace("Host: photos", "Host: albums");
    let reply = client.exchange(other.as_bytes()).await;
    refused(&reply, 401, "signature_not_matched");
}

#[tokio::test]
async fn errors_explain_wrong_signatures() {
    let (_emulator, client) = setup().await;
    // The library adds a header after the request was signed.
    let signed = request("PUT", "/photos/b").body("text").signed(&client);
    let call = signed.clone().header("Content-Type", "text/plain");
    let reply = client.send_as_is(&call).await;
    refused(&reply, 401, "signature_not_matched");
    let message = reply.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("matches if `Content-Type` is left out of the string to sign"),
        "{message}"
    );
    assert!(!message.contains(&client.secret));
    // The connection stays usable.
    assert_eq!(client.send_as_is(&signed).await.status, 201);
}

#[tokio::test]
async fn explanations_can_be_disabled() {
    let (_emulator, client) =
        start_with_bucket_by(Emulator::builder().explain_signatures(false)).await;
    let reply = client
        .send_as_is(
            &request("GET", "/photos")
                .signed(&client)
                .header("Content-Type", "a/b"),
        )
        .await;
    refused(&reply, 401, "signature_not_matched");
    let message = "the signature does not match the request";
    assert_eq!(reply.json()["message"], message);
}

#[tokio::test]
async fn explanations_are_off_beyond_loopback() {
    let (emulator, client) = start_with_bucket_by(Emulator::builder().listen("0.0.0.0:0")).await;
    let client = Client {
        addr: ([127, 0, 0, 1], emulator.addr().port()).into(),
        ..client
    };
    let call = request("GET", "/photos").signed(&client);
    let reply = client.send_as_is(&call.header("Content-Type", "a/b")).await;
    let message = "the signature does not match the request";
    assert_eq!(reply.json()["message"], message);
}
