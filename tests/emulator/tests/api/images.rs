//! Image processing.

use std::io::Cursor;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use qingstor_emulator::Emulator;
use serde_json::json;

use crate::client::{
    Client, Reply, encode, http_date, request, start_with_bucket, start_with_two_accounts,
};
use crate::origin::{Origin, Sent};

/// Returns a JPEG image of 600 by 400 pixels. The upper half is red.
fn photo() -> Vec<u8> {
    let image = RgbImage::from_fn(600, 400, |_, y| {
        Rgb(if y < 200 { [255, 0, 0] } else { [0, 0, 255] })
    });
    let mut out = Cursor::new(Vec::new());
    DynamicImage::from(image)
        .write_to(&mut out, ImageFormat::Jpeg)
        .unwrap();
    out.into_inner()
}

fn target(action: &str) -> String {
    format!("/photos/a.jpg?image&action={}", encode(action))
}

async fn with_photo() -> (Emulator, Client) {
    let (emulator, client) = start_with_bucket().await;
    assert_eq!(client.put("/photos/a.jpg", photo()).await.status, 201);
    (emulator, client)
}

/// Decodes the image of a response. Checks that the content type matches.
fn decoded(reply: &Reply) -> DynamicImage {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let format = image::guess_format(&reply.body).unwrap();
    assert_eq!(reply.header("content-type"), format.to_mime_type());
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
    image::load_from_memory(&reply.body).unwrap()
}

#[tokio::test]
async fn runs_the_actions_of_the_api_documents() {
    let (_emulator, client) = with_photo().await;
    let watermark = "watermark:t_5rC05Y2w5paH5a2X,p_0.5,d_150";
    for (action, size, format) in [
        ("crop:w_300", (300, 400), "image/jpeg"),
        ("crop:w_300,h_400,g_2", (300, 400), "image/jpeg"),
        ("rotate:a_90", (400, 600), "image/jpeg"),
        ("resize:w_500,h_500,m_2", (500, 500), "image/jpeg"),
        (watermark, (600, 400), "image/jpeg"),
        ("format:t_webp", (600, 400), "image/webp"),
    ] {
        let reply = client.get(target(action)).await;
        let image = decoded(&reply);
        assert_eq!((image.width(), image.height()), size, "{action}");
        assert_eq!(reply.header("content-type"), format, "{action}");
        assert!(reply.header("last-modified").ends_with("GMT"));
    }
    let pipeline = format!("crop:w_300|rotate:a_90|resize:h_200|{watermark}|format:t_png");
    let image = decoded(&client.get(target(&pipeline)).await);
    assert_eq!((image.width(), image.height()), (267, 200));

    for (action, width, format) in [
        ("info".to_owned(), 600, "jpeg"),
        (format!("{pipeline}|info"), 267, "png"),
    ] {
        let reply = client.get(target(&action)).await;
        assert_eq!(reply.header("content-type"), "application/json");
        let info = reply.json();
        assert_eq!(
            (&info["width"], &info["type"], &info["orientation"]),
            (&json!(width), &json!(format), &json!(1))
        );
        assert_eq!((&info["alpha"], &info["make"]), (&json!(false), &json!("")));
    }
    // The unescaped pipe of the API documents. The signature does not cover the action.
    let literal = "/photos/a.jpg?image&action=crop:w_300|rotate:a_90";
    let image = decoded(&client.get(literal).await);
    assert_eq!((image.width(), image.height()), (400, 300));
    // The object does not change.
    assert_eq!(client.get("/photos/a.jpg").await.body, photo());
}

#[tokio::test]
async fn refuses_bad_actions_and_sources() {
    let (_emulator, client) = with_photo().await;
    client.put("/photos/text", "text").await;
    client.put("/photos/large", vec![0; (10 << 20) + 1]).await;
    client.put("/photos/a.svg", "<svg/>").await;
    let url = STANDARD_NO_PAD.encode("http://127.0.0.1:1/mark.png");
    for (target, status, code) in [
        ("/photos/a.jpg?image".to_owned(), 400, "invalid_argument"),
        (target(""), 400, "invalid_argument"),
        (target("blur:r_1"), 400, "invalid_argument"),
        (target("crop:w_1,l_1,g_1"), 400, "invalid_argument"),
        (target("resize:w_100000,h_100000"), 400, "invalid_argument"),
        (
            "/photos/text?image&action=info".to_owned(),
            400,
            "invalid_request",
        ),
        (
            "/photos/large?image&action=info".to_owned(),
            400,
            "entity_too_large",
        ),
        (
            "/photos/a.svg?image&action=info".to_owned(),
            501,
            "not_implemented",
        ),
        (
            "/photos/absent?image&action=info".to_owned(),
            404,
            "object_not_exists",
        ),
        (
            target(&format!("watermark_image:u_{url}")),
            503,
            "upstream_failed",
        ),
    ] {
        let reply = client.get(&target).await;
        assert_eq!(reply.error(), (status, code.to_owned()), "{target}");
    }
    let anonymous = client.send_as_is(&request("GET", target("info"))).await;
    assert_eq!(anonymous.error(), (403, "permission_denied".to_owned()));
}

#[tokio::test]
async fn supports_conditions_and_header_overrides() {
    let (_emulator, client) = with_photo().await;
    let get = |name: &str, value: String| {
        client.send(request("GET", target("resize:w_10")).header(name, value))
    };
    let minute = Duration::from_secs(60);
    let (before, after) = (SystemTime::now() - minute, SystemTime::now() + minute);
    assert_eq!(
        get("If-Modified-Since", http_date(before)).await.status,
        200
    );
    let unmodified = get("If-Modified-Since", http_date(after)).await;
    assert_eq!(unmodified.status, 304);
    assert!(unmodified.body.is_empty());
    assert!(unmodified.header("last-modified").ends_with("GMT"));
    // A processed image does not have an ETag.
    assert_eq!(get("If-None-Match", "*".to_owned()).await.status, 200);

    let overridden = client
        .get(format!(
            "{}&response-content-type=image/x-other&response-content-disposition=attachment",
            target("resize:w_10")
        ))
        .await;
    assert_eq!(overridden.status, 200);
    assert_eq!(overridden.header("content-type"), "image/x-other");
    assert_eq!(overridden.header("content-disposition"), "attachment");
}

#[tokio::test]
async fn save_stores_the_image() {
    let (_emulator, [client, other]) = start_with_two_accounts().await;
    for bucket in ["photos", "results"] {
        client.bucket(bucket).await;
    }
    other.bucket("others").await;
    client.put("/photos/a.jpg", photo()).await;

    let action = "resize:w_60|format:t_png|save:b_results,k_small/a.png|info";
    let info = client.get(target(action)).await.json();
    assert_eq!((&info["width"], &info["type"]), (&json!(60), &json!("png")));
    let image = decoded(&client.get("/results/small/a.png").await);
    assert_eq!((image.width(), image.height()), (60, 40));

    for (bucket, status, code) in [
        ("others", 403, "permission_denied"),
        ("absent", 404, "bucket_not_exists"),
    ] {
        let reply = client.get(target(&format!("save:b_{bucket},k_a"))).await;
        assert_eq!(reply.error(), (status, code.to_owned()), "{bucket}");
    }
    assert!(other.keys("others").await.is_empty());
}

#[tokio::test]
async fn save_sends_a_notification() {
    let (_emulator, client) = with_photo().await;
    let origin = Origin::with(Sent::new(200, "", "")).await;
    let document = json!({"notifications": [{
        "id": "one", "event_types": ["create_object"], "cloudfunc": "notifier",
        "notify_url": origin.url("/"),
    }]});
    let put = request("PUT", "/photos?notification").json(&document);
    assert_eq!(client.send(put).await.status, 200);
    let action = "resize:w_60|save:b_photos,k_small.jpg";
    assert_eq!(client.get(target(action)).await.status, 200);
    let callback = origin.wait_for(1).await.remove(0);
    let callback = serde_json::from_slice::<serde_json::Value>(&callback.body).unwrap();
    let object = &callback["events"][0]["qingstor"]["object"];
    assert_eq!(object["name"], "small.jpg");
}

#[tokio::test]
async fn anonymous_readers_cannot_choose_overlay_urls() {
    let (_emulator, client) = with_photo().await;
    let everybody = serde_json::json!({"acl": [
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"}
    ]});
    client
        .send(request("PUT", "/photos?acl").json(&everybody))
        .await;
    let origin = Origin::with(Sent::new(200, "", "x")).await;
    let url = STANDARD_NO_PAD.encode(origin.url("/"));
    for action in [
        format!("watermark_image:u_{url}"),
        format!("rotate:a_90|watermark_image:u_{url}"),
    ] {
        let reply = client.send_as_is(&request("GET", target(&action))).await;
        assert_eq!(reply.error(), (403, "permission_denied".to_owned()));
    }
    assert!(origin.requests().is_empty());
    let reply = client.send_as_is(&request("GET", target("info"))).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn limits_the_total_size_of_overlays() {
    let (_emulator, client) = with_photo().await;
    let origin = Origin::with(Sent::new(200, "", &"x".repeat(6 << 20))).await;
    let overlay = |path: &str| {
        let url = STANDARD_NO_PAD.encode(origin.url(path));
        format!("watermark_image:u_{url}")
    };
    // The same URL counts once. The next error is that it is not an image.
    let same = format!("{}|{}", overlay("/a"), overlay("/a"));
    let reply = client.get(target(&same)).await;
    assert_eq!(reply.error(), (400, "invalid_argument".to_owned()));
    let two = format!("{}|{}", overlay("/a"), overlay("/b"));
    let reply = client.get(target(&two)).await;
    assert_eq!(reply.error(), (400, "entity_too_large".to_owned()));
}
