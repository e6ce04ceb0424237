//! Conversions from and into bodies, sources and other types.

use std::borrow::Cow;
use std::io::{Seek, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body::Body as _;
use qingstor_sdk::{Body, ErrorCode, ErrorKind, UploadSource};

use crate::transfer::Site;

/// An error of another crate, as `axum::Error` is.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the client hung up")
    }
}

impl std::error::Error for Broken {}

/// Collects the frames of a body, as a server does.
async fn frames<B: http_body::Body<Data = Bytes> + Unpin>(mut body: B) -> Result<Bytes, B::Error> {
    let mut all = BytesMut::new();
    loop {
        let hint = body.size_hint().exact();
        let frame = |cx: &mut Context<'_>| -> Poll<_> { Pin::new(&mut body).poll_frame(cx) };
        let Some(frame) = std::future::poll_fn(frame).await else {
            assert!(hint.is_none_or(|left| left == 0));
            return Ok(all.freeze());
        };
        let data = frame?.into_data().unwrap();
        assert!(hint.is_none_or(|left| left >= data.len() as u64));
        all.extend_from_slice(&data);
    }
}

#[tokio::test]
async fn streams_may_have_any_chunks_and_errors() {
    let site = Site::start().await;
    let chunks = || stream::iter([Ok::<_, Broken>(vec![b'a'; 3]), Ok(vec![b'b'; 2])]);
    let put = site
        .bucket
        .put_object("put")
        .body(Body::from_stream(chunks(), 5));
    put.await.unwrap();
    site.bucket
        .upload("up", UploadSource::stream(chunks()))
        .await
        .unwrap();
    let texts = stream::iter([
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>("aaa"),
        Ok("bb"),
    ]);
    site.bucket
        .upload("sized", UploadSource::sized_stream(texts, 5))
        .await
        .unwrap();
    for key in ["put", "up", "sized"] {
        assert_eq!(site.content(key).await, "aaabb", "{key}");
    }
}

#[tokio::test]
async fn an_error_of_a_stream_is_the_source_of_the_error() {
    let site = Site::start().await;
    let broken = || stream::iter([Ok("abc"), Err(Broken)]);
    let put = site
        .bucket
        .put_object("k")
        .body(Body::from_stream(broken(), 5));
    let put = put.await.unwrap_err();
    let upload = site.bucket.upload("k", UploadSource::stream(broken()));
    let upload = upload.await.unwrap_err();
    for error in [put, upload] {
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(error.to_string().contains("the client hung up"), "{error}");
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        let mut found = false;
        while let Some(error) = source {
            let io = error.downcast_ref::<std::io::Error>();
            let inner = io.and_then(std::io::Error::get_ref);
            found |= error.is::<Broken>() || inner.is_some_and(|inner| inner.is::<Broken>());
            source = error.source();
        }
        assert!(found, "{error:?}");
    }
}

#[tokio::test]
async fn a_path_converts_into_a_body_and_a_missing_file_fails_the_request() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.txt");
    std::fs::write(&path, "content").unwrap();
    let body = Body::from(path.clone());
    assert_eq!((body.len(), body.file_name()), (7, Some("report.txt")));
    assert!(body.is_replayable());
    site.bucket.put_object("k").body(body).await.unwrap();
    assert_eq!(site.content("k").await, "content");

    for (path, says) in [
        (folder.path().join("missing"), "missing: No such file"),
        (folder.path().to_owned(), "is not a regular file"),
    ] {
        let body = Body::from(path);
        let error = site.bucket.put_object("k").body(body).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Io, 0),
            "{error}"
        );
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(site.content("k").await, "content", "nothing was sent");
}

#[tokio::test]
async fn a_response_converts_into_a_body_and_a_source() {
    let site = Site::start().await;
    let content = crate::transfer::content(300_000);
    site.bucket
        .put_object("k")
        .body(content.clone())
        .await
        .unwrap();
    let response = || async { site.bucket.get_object("k").await.unwrap().body };
    site.bucket
        .put_object("body")
        .body(response().await)
        .await
        .unwrap();
    site.bucket
        .upload("source", response().await)
        .await
        .unwrap();
    assert_eq!(site.content("body").await, content);
    assert_eq!(site.content("source").await, content);
    // Bytes that were already read are not sent.
    let mut rest = response().await;
    let first = rest.chunk().await.unwrap().unwrap();
    site.bucket.put_object("rest").body(rest).await.unwrap();
    assert_eq!(site.content("rest").await, content.slice(first.len()..));
}

#[tokio::test]
async fn files_and_paths_convert_into_sources() {
    let site = Site::start().await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"0123456789").unwrap();
    let path = file.path().to_owned();
    let mut opened = std::fs::File::open(&path).unwrap();
    opened.seek(std::io::SeekFrom::Start(4)).unwrap();
    let tokio_file = tokio::fs::File::open(&path).await.unwrap();
    for (source, content) in [
        (UploadSource::from(&path), "0123456789"),
        (UploadSource::from(opened), "456789"),
        (UploadSource::from(tokio_file), "0123456789"),
    ] {
        site.bucket.upload("k", source).await.unwrap();
        assert_eq!(site.content("k").await, content);
    }
    let text: Cow<'_, str> = String::from_utf8_lossy(b"lossy");
    site.bucket.put_object("k").body(text).await.unwrap();
    assert_eq!(site.content("k").await, "lossy");
}

#[tokio::test]
async fn responses_and_bodies_pass_through_a_server() {
    let site = Site::start().await;
    let content = crate::transfer::content(700_000);
    site.bucket
        .put_object("k")
        .body(content.clone())
        .await
        .unwrap();
    let body = site.bucket.get_object("k").await.unwrap().body;
    assert_eq!(body.size_hint().exact(), Some(700_000));
    assert_eq!(frames(body).await.unwrap(), content);

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &content).unwrap();
    let chunks = stream::iter([Ok::<_, Broken>("ab"), Ok("c")]);
    for (body, bytes) in [
        (Body::from(content.clone()), content.clone()),
        (Body::from(file.path().to_owned()), content.clone()),
        (Body::from_stream(chunks, 3), Bytes::from_static(b"abc")),
        (Body::empty(), Bytes::new()),
    ] {
        assert_eq!(body.is_end_stream(), bytes.is_empty());
        assert_eq!(frames(body).await.unwrap(), bytes);
    }
    // A wrong length is an error, and a body yields its bytes only once.
    let short = Body::from_stream(stream::iter([Ok::<_, Broken>("ab")]), 3);
    assert!(frames(short).await.is_err());
    let request = site.bucket.put_object("k").body("abc").build().unwrap();
    assert_eq!(frames(request.into_body()).await.unwrap(), "abc");
}

#[tokio::test]
async fn a_presigned_call_converts_into_a_request() {
    let site = Site::start().await;
    let call = site.bucket.put_object("k").content_type("text/plain");
    let presigned = call.presign(Duration::from_secs(60)).unwrap();
    let request: http::Request<Bytes> = presigned.clone().into();
    assert_eq!(request.method(), presigned.method());
    assert_eq!(request.uri(), presigned.uri());
    assert_eq!(request.headers(), presigned.headers());
    let request = request.map(|_| "content");
    // Any client can send it, such as this small one.
    let uri = request.uri();
    let mut text = format!(
        "PUT {} HTTP/1.1\r\nhost: {}\r\n",
        uri.path_and_query().unwrap(),
        uri.authority().unwrap()
    );
    for (name, value) in request.headers() {
        text += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    text += &format!(
        "content-length: 7\r\nconnection: close\r\n\r\n{}",
        request.body()
    );
    let address = uri.authority().unwrap().to_string();
    let response = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        std::io::read_to_string(stream).unwrap()
    });
    let response = response.await.unwrap();
    assert!(response.starts_with("HTTP/1.1 201"), "{response}");
    assert_eq!(site.content("k").await, "content");
}

#[tokio::test]
async fn errors_compare_with_text() {
    let site = Site::start().await;
    let error = site.bucket.get_object("missing").await.unwrap_err();
    assert!(
        error
            .code()
            .is_some_and(|code| *code == "object_not_exists")
    );
    let unknown = ErrorCode::from("new_code");
    assert_eq!((unknown == "new_code", unknown == "other"), (true, false));
}
