//! A service that responds and closes the connection before it has read the body: the client must
//! report the response.

#![cfg(feature = "rustls")]
#![cfg(test)]

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use qingstor_sdk::{Body, Bucket, Config, Error, ErrorCode, ErrorKind, QingStor, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const REFUSED: &str = r#"{"code":"permission_denied","message":"no","request_id":"r"}"#;

/// The behavior of the server after the head of a request.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// Responds and closes at once, with unread data: the system resets the connection.
    Close,
    /// Reads a part of the body first.
    ReadSomeAndClose,
    /// Responds and closes only its own side.
    HalfClose,
}

async fn refuse(mut stream: TcpStream, manner: Manner) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    if let Manner::ReadSomeAndClose = manner {
        stream.read_exact(&mut vec![0; 100_000]).await?;
    }
    let response = format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{REFUSED}",
        REFUSED.len()
    );
    stream.write_all(response.as_bytes()).await?;
    if let Manner::HalfClose = manner {
        stream.shutdown().await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    Ok(())
}

async fn server(manner: Manner) -> Bucket {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(refuse(stream, manner));
        }
    });
    let config = Config::new("ID", "SECRET").endpoint(endpoint);
    let policy = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    let qingstor = QingStor::new(config.retry(policy)).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}

/// Creates a body in memory, in a file, or of a stream.
async fn body(kind: usize, content: &[u8], path: &Path) -> Body {
    match kind {
        0 => Body::from(content.to_vec()),
        1 => Body::from_path(path).await.unwrap(),
        _ => Body::from_reader(Cursor::new(content.to_vec()), content.len() as u64),
    }
}

/// Sends large bodies and returns the errors.
async fn failures(manner: Manner, rounds: usize) -> Vec<Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    let content = vec![7_u8; 16 << 20];
    std::fs::write(&path, &content).unwrap();
    let bucket = server(manner).await;
    let mut failures = Vec::new();
    for round in 0..rounds {
        let body = body(round % 3, &content, &path).await;
        failures.push(bucket.put_object("k").body(body).await.unwrap_err());
    }
    failures
}

fn is_refusal(error: &Error) -> bool {
    error.status().is_some_and(|status| status == 403)
        && error.code() == Some(&ErrorCode::PermissionDenied)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_reported_while_the_body_is_sent() {
    for error in failures(Manner::HalfClose, 30).await {
        assert!(is_refusal(&error), "{error}");
        assert_eq!(error.attempts(), 1, "{error}");
    }
}

/// On other systems than Linux, a reset discards a response that was not read. Then the error is that
/// the connection broke, and no other one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_reported_although_the_connection_was_reset() {
    for manner in [Manner::Close, Manner::ReadSomeAndClose] {
        let failures = failures(manner, 30).await;
        let heard = failures.iter().filter(|error| is_refusal(error)).count();
        for error in &failures {
            assert!(
                is_refusal(error) || error.kind() == ErrorKind::Connect,
                "{manner:?}: {error}"
            );
        }
        assert!(heard > 0, "{manner:?}");
        if cfg!(target_os = "linux") {
            assert_eq!(heard, failures.len(), "{manner:?}");
        }
        println!("{manner:?}: {heard} of {} heard", failures.len());
    }
}
