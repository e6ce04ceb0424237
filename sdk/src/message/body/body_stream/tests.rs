use http_body::Body as _;

use super::super::content_reader::FILE_CHUNK;
use super::*;

async fn collect(body: &Body) -> Result<Vec<u8>, Error> {
    let (mut stream, progress) = body.start()?;
    let mut all = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut stream).poll_frame(cx)).await {
        match frame {
            Ok(frame) => all.extend_from_slice(&frame.into_data().unwrap()),
            Err(_) => return Err(progress.failure().unwrap()),
        }
    }
    assert_eq!(progress.bytes_taken(), body.len());
    Ok(all)
}

fn stream(chunks: &'static [&'static str], len: u64) -> Body {
    let items = chunks
        .iter()
        .map(|chunk| Ok::<_, io::Error>(Bytes::from_static(chunk.as_bytes())));
    Body::from_stream(futures_util::stream::iter(items), len)
}

#[tokio::test]
async fn every_source_yields_its_bytes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let content = vec![7_u8; FILE_CHUNK as usize + 3];
    std::fs::write(file.path(), &content).unwrap();
    let body = Body::from_path(file.path()).await.unwrap();
    assert_eq!(collect(&body).await.unwrap(), content);
    assert_eq!(
        collect(&body).await.unwrap(),
        content,
        "a file can be sent twice"
    );
    assert_eq!(collect(&stream(&["a", "", "bc"], 3)).await.unwrap(), b"abc");
    let reader = Body::from_reader(&b"abc"[..], 3);
    assert_eq!(collect(&reader).await.unwrap(), b"abc");
    let framed = Body::from("b").with_frame(Bytes::from_static(b"a"), Bytes::from_static(b"c"));
    assert_eq!(collect(&framed).await.unwrap(), b"abc");
}

#[tokio::test]
async fn chunks_can_be_sent_twice() {
    let large = vec![7_u8; FILE_CHUNK as usize + 3];
    let chunks = ["a".into(), Bytes::new(), large.clone().into(), "b".into()];
    let body = Body::from_chunks(chunks);
    assert!(body.is_replayable());
    for _ in 0..2 {
        let expected = [b"a", &large[..], b"b"].concat();
        assert_eq!(collect(&body).await.unwrap(), expected);
    }
    for chunks in [vec![], vec![Bytes::new()]] {
        let empty = Body::from_chunks(chunks);
        assert!(empty.is_empty());
        assert_eq!(collect(&empty).await.unwrap(), b"");
    }
}

#[tokio::test]
async fn a_body_with_another_length_than_announced_fails() {
    for (body, says) in [
        (stream(&["ab"], 3), "1 bytes before"),
        (stream(&["ab", "cd"], 3), "longer than announced"),
        (Body::from_reader(&b"abcd"[..], 3), "longer than announced"),
    ] {
        let error = collect(&body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_file_whose_length_changes_fails() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "four").unwrap();
    let body = Body::from_path(file.path()).await.unwrap();
    let path = file.path().to_owned();
    for (content, says) in [
        ("longer", "is longer than announced"),
        ("x", "ended 3 bytes before its announced end"),
    ] {
        std::fs::write(&path, content).unwrap();
        let error = collect(&body).await.unwrap_err().to_string();
        assert_eq!(error, format!("{}: the file {says}", path.display()));
    }
    drop(file);
    let error = collect(&body).await.unwrap_err().to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
}

#[tokio::test]
async fn a_range_of_a_file_can_be_sent_twice() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "0123456789").unwrap();
    for (offset, len, expected) in [(0, 4, "0123"), (4, 4, "4567"), (8, 2, "89"), (10, 0, "")] {
        let body = Body::from_file_range(file.path(), offset, len);
        for _ in 0..2 {
            assert_eq!(collect(&body).await.unwrap(), expected.as_bytes());
        }
    }
    let error = collect(&Body::from_file_range(file.path(), 8, 4)).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("2 bytes before"), "{error}");
}

#[tokio::test]
async fn a_stream_announced_as_empty_must_be_empty() {
    assert!(stream(&[], 0).check_empty().await.is_ok());
    let error = stream(&["a"], 0).check_empty().await.unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
}

#[tokio::test]
async fn a_body_can_be_read_as_a_stream() {
    use futures_util::TryStreamExt;

    let framed =
        stream(&["b", "c"], 2).with_frame(Bytes::from_static(b"a"), Bytes::from_static(b"d"));
    let chunks: Vec<_> = framed.into_stream().unwrap().try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"abcd");
    let mut short = stream(&["b"], 2).into_stream().unwrap();
    assert_eq!(short.try_next().await.unwrap().unwrap(), "b");
    assert!(short.try_next().await.is_err());
    assert!(short.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_stream_may_announce_any_length() {
    let endless = stream(&["ab"], u64::MAX);
    let framed = endless.with_frame(Bytes::from_static(b"a"), Bytes::from_static(b"c"));
    assert_eq!(framed.len(), u64::MAX);
    assert_eq!(collect(&framed).await.unwrap_err().kind(), ErrorKind::Io);
}

#[tokio::test]
async fn a_stream_can_be_sent_once() {
    let body = stream(&["abc"], 3);
    assert!(!body.is_replayable());
    collect(&body).await.unwrap();
    assert_eq!(
        collect(&body).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}
