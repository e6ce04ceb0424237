//! [`open`]: opens a tunnel through a proxy.

use http::{HeaderValue, StatusCode, Uri};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::stream::{ConnectError, PermanentFailure, Stream};

/// Maximum length of the head of a proxy's response, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Maximum number of interim responses (1xx) of a proxy.
const MAX_INTERIM: usize = 16;

/// Sends `CONNECT` for the host and port of `target` over a connection to a proxy. Returns the
/// connection to the target.
///
/// # Errors
///
/// Returns an error with the status if the proxy refuses, and an error if its response is not HTTP.
/// The error is permanent unless the status is one of a temporary failure.
pub(super) async fn open(
    mut connection: Box<dyn Stream>,
    target: &Uri,
    auth: Option<&HeaderValue>,
) -> Result<Box<dyn Stream>, ConnectError> {
    let host = target.host().unwrap_or_default();
    let port = target.port_u16().unwrap_or(443);
    let mut request =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(auth) = auth {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(auth.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    connection.write_all(&request).await?;
    connection.flush().await?;
    for _ in 0..MAX_INTERIM {
        let line = status_line(&mut connection).await?;
        let status = parse_status(&line).ok_or_else(|| {
            let shown: String = line.chars().take(100).collect();
            PermanentFailure::new(format!("the response of the proxy is not HTTP: {shown:?}"))
        })?;
        if status.is_success() {
            return Ok(connection);
        }
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(authentication_failure(auth).into());
        }
        if !status.is_informational() {
            let text = format!("the proxy responded with the status {status}");
            return Err(match is_temporary(status) {
                true => text.into(),
                false => PermanentFailure::new(text).into(),
            });
        }
    }
    Err("the proxy sent only interim responses".into())
}

/// Returns the failure of a request to which a proxy responds with 407.
pub(super) fn authentication_failure(auth: Option<&HeaderValue>) -> PermanentFailure {
    PermanentFailure::new(match auth {
        Some(_) => "the proxy refused its user name or password (status 407)",
        None => "the proxy requires a user name and a password (status 407)",
    })
}

fn is_temporary(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        )
}

/// Reads the head of a response. Returns its first line.
async fn status_line(connection: &mut Box<dyn Stream>) -> Result<String, ConnectError> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        // Byte by byte, because what follows the head belongs to the target.
        if connection.read(&mut byte).await? == 0 {
            return Err("the proxy closed the connection before its response was complete".into());
        }
        head.extend_from_slice(&byte);
        if head.len() > MAX_HEAD {
            return Err(
                format!("the head of the response of the proxy exceeds {MAX_HEAD} bytes").into(),
            );
        }
        let is_http = head
            .iter()
            .zip(b"HTTP/1.")
            .all(|(byte, expected)| byte == expected);
        if !is_http {
            break;
        }
    }
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}

fn parse_status(line: &str) -> Option<StatusCode> {
    let mut words = line.strip_prefix("HTTP/1.")?.split(' ');
    let _minor_version = words.next()?;
    words.next()?.parse().ok()
}
