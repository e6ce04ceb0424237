//! The spans of calls, attempts and transfers, over real sockets: their names, their fields with all
//! values, and their tree.

#![cfg(all(feature = "tracing", feature = "rustls"))]
#![cfg(test)]

mod collector;
mod expected;

use std::error::Error as StdError;
use std::time::Duration;

use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{
    Bucket, Config, DownloadTarget, Intercept, InterceptedRequest, QingStor, RetryPolicy,
    UploadSource, telemetry,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::Instrument;

use collector::{Spans, enable_spans};
use expected::{BUCKET, FAILED, ID, attempt, call, error, indented, key, status, transfer};

fn config(emulator: &Emulator) -> Config {
    Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(2)))
}

fn bucket_of(config: Config) -> Bucket {
    let qingstor = QingStor::new(config).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}

async fn start() -> (Emulator, Bucket) {
    enable_spans();
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let bucket = bucket_of(config(&emulator));
    bucket.put().await.unwrap();
    (emulator, bucket)
}

#[test]
fn the_constants_have_the_names_of_opentelemetry() {
    assert_eq!(
        [
            telemetry::TARGET,
            telemetry::TRANSFER_SPAN,
            telemetry::CALL_SPAN,
            telemetry::ATTEMPT_SPAN,
            telemetry::OTEL_NAME,
            telemetry::OTEL_KIND,
            telemetry::KIND_CLIENT,
            telemetry::OTEL_STATUS_CODE,
            telemetry::STATUS_ERROR,
            telemetry::SERVER_ADDRESS,
            telemetry::SERVER_PORT,
            telemetry::HTTP_REQUEST_METHOD,
            telemetry::HTTP_RESPONSE_STATUS_CODE,
            telemetry::HTTP_REQUEST_RESEND_COUNT,
            telemetry::URL_FULL,
            telemetry::ERROR_TYPE,
            telemetry::QINGSTOR_OPERATION,
            telemetry::QINGSTOR_BUCKET,
            telemetry::QINGSTOR_KEY,
            telemetry::QINGSTOR_REQUEST_ID,
            telemetry::HTTP_CLIENT_REQUEST_DURATION,
        ],
        [
            "qingstor_sdk",
            "transfer",
            "call",
            "attempt",
            "otel.name",
            "otel.kind",
            "client",
            "otel.status_code",
            "ERROR",
            "server.address",
            "server.port",
            "http.request.method",
            "http.response.status_code",
            "http.request.resend_count",
            "url.full",
            "error.type",
            "qingstor.operation",
            "qingstor.bucket",
            "qingstor.key",
            "qingstor.request_id",
            "http.client.request.duration",
        ]
    );
}

#[tokio::test]
async fn a_retried_call_has_a_span_for_each_attempt() {
    let (emulator, bucket) = start().await;
    emulator
        .set_faults([FaultRule::on_any().status(503).times(1)])
        .unwrap();
    let (spans, _listening) = Spans::listen();
    bucket.put_object("a b/c").body("content").await.unwrap();
    let target = "/some-bucket/a%20b/c";
    let resent = ("http.request.resend_count", "1");
    let failed = [status("503"), error("503"), FAILED, ID];
    assert_eq!(
        spans.take(),
        [
            call(
                "PutObject",
                "PUT",
                &[BUCKET, key("a b/c"), status("201"), ID, resent]
            ),
            indented(1, attempt("PUT", target, &failed)),
            indented(1, attempt("PUT", target, &[resent, status("201"), ID])),
        ]
    );
}

#[tokio::test]
async fn a_failed_call_has_its_error() {
    let (emulator, bucket) = start().await;
    let (spans, _listening) = Spans::listen();
    bucket.get_object("absent").await.unwrap_err();
    let failed = [status("404"), error("object_not_exists"), FAILED, ID];
    let object = [BUCKET, key("absent")];
    let target = "/some-bucket/absent";
    assert_eq!(
        spans.take(),
        [
            call("GetObject", "GET", &[&object[..], &failed].concat()),
            indented(1, attempt("GET", target, &failed)),
        ]
    );
    // A response to `HEAD` has no error code.
    bucket.head_object("absent").await.unwrap_err();
    let failed = [status("404"), error("404"), FAILED, ID];
    assert_eq!(
        spans.take(),
        [
            call("HeadObject", "HEAD", &[&object[..], &failed].concat()),
            indented(1, attempt("HEAD", target, &failed)),
        ]
    );
    // Without a response.
    drop(emulator);
    let head = bucket.head().retry(RetryPolicy::never());
    head.await.unwrap_err();
    let failed = [error("connect"), FAILED];
    assert_eq!(
        spans.take(),
        [
            call("HeadBucket", "HEAD", &[&[BUCKET][..], &failed].concat()),
            indented(1, attempt("HEAD", "/some-bucket", &failed)),
        ]
    );
}

#[tokio::test]
async fn a_current_copy_is_not_an_error() {
    let (_emulator, bucket) = start().await;
    let put = bucket.put_object("k").body("x").await.unwrap();
    let (spans, _listening) = Spans::listen();
    let get = bucket.get_object("k").if_none_match(put.etag);
    assert!(get.await.unwrap_err().is_not_modified());
    let lines = spans.take();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert!(line.contains("http.response.status_code=304"), "{line}");
        assert!(!line.contains("error.type"), "{line}");
        assert!(!line.contains("otel.status_code"), "{line}");
    }
}

#[tokio::test]
async fn a_call_that_is_refused_before_it_is_sent_has_a_span() {
    let (emulator, bucket) = start().await;
    let (spans, _listening) = Spans::listen();
    bucket.get_object("../k").await.unwrap_err();
    let refused = call(
        "GetObject",
        "GET",
        &[BUCKET, error("invalid_input"), FAILED],
    );
    assert_eq!(spans.take(), [refused]);

    struct Refuse;
    impl Intercept for Refuse {
        fn intercept(
            &self,
            _: &mut InterceptedRequest<'_>,
        ) -> Result<(), Box<dyn StdError + Send + Sync>> {
            Err("no".into())
        }
    }
    let bucket = bucket_of(config(&emulator).interceptor(Refuse));
    bucket.get_object("k").await.unwrap_err();
    let refused = [error("interceptor"), FAILED];
    let object = [BUCKET, key("k")];
    assert_eq!(
        spans.take(),
        [
            call("GetObject", "GET", &[&object[..], &refused].concat()),
            indented(1, attempt("GET", "/some-bucket/k", &refused)),
        ]
    );
}

#[tokio::test]
async fn an_anonymous_call_has_the_same_span() {
    let (emulator, _) = start().await;
    let bucket = bucket_of(Config::anonymous().endpoint(emulator.endpoint()));
    let (spans, _listening) = Spans::listen();
    bucket.list_objects().await.unwrap_err();
    let failed = [status("403"), error("permission_denied"), FAILED, ID];
    assert_eq!(
        spans.take(),
        [
            call("ListObjects", "GET", &[&[BUCKET][..], &failed].concat()),
            indented(1, attempt("GET", "/some-bucket", &failed)),
        ]
    );
}

#[tokio::test]
async fn a_response_that_cannot_be_decoded_is_an_error_of_its_call() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-qs-request-id: rid\r\n\r\n[]";
        stream.write_all(response).await.unwrap();
    });
    let bucket = bucket_of(Config::new("ID", "SECRET").endpoint(endpoint));
    let (spans, _listening) = Spans::listen();
    bucket.list_objects().await.unwrap_err();
    server.await.unwrap();
    let failed = [error("decode"), FAILED, status("200"), ID];
    assert_eq!(
        spans.take(),
        [
            call("ListObjects", "GET", &[&[BUCKET][..], &failed].concat()),
            indented(1, attempt("GET", "/some-bucket", &[status("200"), ID])),
        ]
    );
}

#[tokio::test]
async fn the_rest_of_a_broken_body_has_a_span_of_its_own() {
    let (emulator, bucket) = start().await;
    bucket.put_object("k").body("0123456789").await.unwrap();
    emulator
        .set_faults([FaultRule::on("GetObject").truncate(4).times(1)])
        .unwrap();
    let (spans, _listening) = Spans::listen();
    let body = bucket.get_object("k").await.unwrap().body;
    assert_eq!(body.bytes().await.unwrap(), "0123456789");
    let target = "/some-bucket/k";
    let resent = ("http.request.resend_count", "1");
    assert_eq!(
        spans.take(),
        [
            call(
                "GetObject",
                "GET",
                &[BUCKET, key("k"), resent, status("206"), ID]
            ),
            indented(1, attempt("GET", target, &[resent, status("206"), ID])),
            call("GetObject", "GET", &[BUCKET, key("k"), status("200"), ID]),
            indented(1, attempt("GET", target, &[status("200"), ID])),
        ]
    );
}

#[tokio::test]
async fn each_page_of_a_list_is_a_call_in_the_span_of_the_caller() {
    let (_emulator, bucket) = start().await;
    for key in ["a", "b"] {
        bucket.put_object(key).body("x").await.unwrap();
    }
    let (spans, _listening) = Spans::listen();
    let own = tracing::info_span!(target: "qingstor_sdk", "own", server.port = 1);
    let list = async {
        let mut pages = bucket.list_objects().limit(1).pages();
        while let Some(page) = pages.next().await {
            page.unwrap();
        }
    };
    list.instrument(own).await;
    let lines = spans.take();
    let page = call("ListObjects", "GET", &[BUCKET, status("200"), ID]);
    assert_eq!(lines[0], "own server.port=PORT");
    let pages = lines
        .iter()
        .filter(|line| **line == indented(1, page.clone()));
    assert!(pages.count() >= 2, "{lines:#?}");
}

/// Returns a call below a transfer, and its attempt.
fn below(
    operation: &str,
    method: &str,
    object: &[(&str, &str)],
    target: &str,
    ok: &str,
) -> [String; 2] {
    let response = [status(ok), ID];
    [
        indented(
            1,
            call(
                operation,
                method,
                &[&[BUCKET][..], object, &response].concat(),
            ),
        ),
        indented(2, attempt(method, target, &response)),
    ]
}

#[tokio::test]
async fn an_upload_is_one_span_with_its_calls() {
    let (_emulator, bucket) = start().await;
    let (spans, _listening) = Spans::listen();
    let upload = bucket.upload("k", vec![1; 9 << 20]);
    let upload = upload.multipart_threshold(4 << 20).part_size(4 << 20);
    upload.await.unwrap();
    let object = [key("k")];
    let id = "/some-bucket/k?upload_id=UPLOAD";
    let part = |number| {
        let target = format!("/some-bucket/k?upload_id=UPLOAD&part_number={number}");
        below("UploadMultipart", "PUT", &object, &target, "201")
    };
    let upload = transfer("Upload", &[BUCKET, key("k")]);
    let expected = [
        vec![upload],
        below(
            "InitiateMultipartUpload",
            "POST",
            &object,
            "/some-bucket/k?uploads",
            "200",
        )
        .into(),
        below("CompleteMultipartUpload", "POST", &object, id, "201").into(),
        part(0).into(),
        part(1).into(),
        part(2).into(),
    ];
    assert_eq!(spans.take(), expected.concat());
}

#[tokio::test]
async fn other_transfers_are_one_span_with_their_calls() {
    let (emulator, bucket) = start().await;
    bucket.put_object("k").body(vec![1; 1 << 20]).await.unwrap();
    let (spans, _listening) = Spans::listen();
    let object = [key("k")];

    let mut writer = bucket.upload_writer("w");
    writer.write_all(b"content").await.unwrap();
    writer.finish().await.unwrap();
    let put = below("PutObject", "PUT", &[key("w")], "/some-bucket/w", "201");
    let mut expected = vec![transfer("Upload", &[BUCKET, key("w")])];
    expected.extend(put);
    assert_eq!(spans.take(), expected);

    let mut content = Vec::new();
    let download = bucket.download("k", DownloadTarget::writer(&mut content));
    download.part_size(512 << 10).await.unwrap();
    let get = || below("GetObject", "GET", &object, "/some-bucket/k", "206");
    let mut expected = vec![transfer("Download", &[BUCKET, key("k")])];
    expected.extend(get());
    expected.extend(get());
    assert_eq!(spans.take(), expected);

    bucket
        .copy_object(("some-bucket", "k"), "copy")
        .await
        .unwrap();
    let mut expected = vec![transfer("CopyObject", &[BUCKET, key("copy")])];
    expected.extend(below(
        "HeadObject",
        "HEAD",
        &object,
        "/some-bucket/k",
        "200",
    ));
    expected.extend(below(
        "PutObject",
        "PUT",
        &[key("copy")],
        "/some-bucket/copy",
        "201",
    ));
    assert_eq!(spans.take(), expected);

    bucket.delete_objects(["k", "copy"]).await;
    let mut expected = vec![transfer("DeleteObjects", &[BUCKET])];
    let delete = "DeleteMultipleObjects";
    expected.extend(below(delete, "POST", &[], "/some-bucket?delete", "200"));
    assert_eq!(spans.take(), expected);

    let upload = bucket.initiate_multipart_upload("m").await.unwrap();
    let part = bucket.upload_multipart("m", &upload.upload_id, 0).body("x");
    let etag = part.await.unwrap().etag;
    spans.take();
    let part = ObjectPart::new(0).etag(etag);
    bucket
        .complete_upload("m", &upload.upload_id, [part])
        .await
        .unwrap();
    let mut expected = vec![transfer("CompleteUpload", &[BUCKET, key("m")])];
    expected.extend(below(
        "CompleteMultipartUpload",
        "POST",
        &[key("m")],
        "/some-bucket/m?upload_id=UPLOAD",
        "201",
    ));
    assert_eq!(spans.take(), expected);

    let qingstor = QingStor::new(config(&emulator)).unwrap();
    qingstor.locate_bucket("some-bucket").await.unwrap();
    let lines = spans.take();
    assert_eq!(lines[0], transfer("LocateBucket", &[BUCKET]));
    assert!(
        lines[1..].iter().all(|line| line.starts_with("  ")),
        "{lines:#?}"
    );
}

#[cfg(feature = "folders")]
#[tokio::test]
async fn a_folder_is_one_span_with_the_transfers_of_its_files() {
    let (_emulator, bucket) = start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), "x").unwrap();
    std::fs::write(folder.path().join("b"), "x").unwrap();
    let (spans, _listening) = Spans::listen();
    bucket.sync_up(folder.path(), "p/").await.unwrap();
    let lines = spans.take();
    assert_eq!(lines[0], transfer("TransferFolder", &[BUCKET]));
    let rest = &lines[1..];
    assert!(rest.iter().all(|line| line.starts_with("  ")), "{rest:#?}");
    for expected in [
        call("ListObjects", "GET", &[BUCKET, status("200"), ID]),
        transfer("Upload", &[BUCKET, key("p/a")]),
        transfer("Upload", &[BUCKET, key("p/b")]),
    ] {
        assert!(rest.contains(&indented(1, expected)), "{rest:#?}");
    }
}

#[tokio::test]
async fn a_failed_transfer_has_its_error() {
    let (_emulator, bucket) = start().await;
    let (spans, _listening) = Spans::listen();
    let missing = UploadSource::path("/no/such/file");
    bucket.upload("k", missing).await.unwrap_err();
    let failed = transfer("Upload", &[BUCKET, key("k"), error("io"), FAILED]);
    assert_eq!(spans.take(), [failed]);

    bucket
        .download("absent", DownloadTarget::writer(Vec::<u8>::new()))
        .await
        .unwrap_err();
    let lines = spans.take();
    let failed = [BUCKET, key("absent"), error("object_not_exists"), FAILED];
    assert_eq!(lines[0], transfer("Download", &failed));

    let outcome = bucket.delete_objects(["", "k"]).await;
    assert!(!outcome.is_complete());
    let lines = spans.take();
    let failed = [BUCKET, error("invalid_input"), FAILED];
    assert_eq!(lines[0], transfer("DeleteObjects", &failed));
}
