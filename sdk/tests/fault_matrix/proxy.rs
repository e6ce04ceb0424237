//! A TCP proxy that breaks connections at any byte.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::chance::Chance;

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
enum Break {
    /// The proxy does not break the connection.
    None,
    /// Reset after the request, before the first byte of the response.
    ResetBeforeResponse,
    /// Reset after this number of request bytes.
    ResetInRequest(u64),
    /// Reset after this number of response bytes.
    ResetInResponse(u64),
    /// Closed regularly after this number of response bytes.
    CloseInResponse(u64),
    /// Stalled after this number of response bytes.
    StallInResponse(u64),
    /// Stalled after this number of request bytes.
    StallInRequest(u64),
    /// Byte by byte, with delays, after this number of request bytes.
    TrickleInRequest(u64),
    /// Byte by byte, with delays, after this number of response bytes.
    TrickleInResponse(u64),
    /// The first chunks of the response, this many, are small and delayed.
    Slow(u64),
    /// The proxy responds with 503 to any request.
    Unavailable,
}

/// Which connections the proxy breaks.
struct Plan {
    chance: Chance,
    percent: u64,
    /// The break occurs within this number of bytes.
    within: u64,
}

pub(crate) struct Proxy {
    addr: SocketAddr,
    plan: Arc<Mutex<Plan>>,
    broken: Arc<AtomicU64>,
}

impl Proxy {
    pub(crate) async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let plan = Arc::new(Mutex::new(Plan {
            chance: Chance::new(0),
            percent: 0,
            within: 1,
        }));
        let broken = Arc::<AtomicU64>::default();
        let (shared_plan, counter) = (Arc::clone(&plan), Arc::clone(&broken));
        tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else {
                    continue;
                };
                let kind = shared_plan.lock().unwrap().next_break();
                if !matches!(kind, Break::None) {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
                tokio::spawn(forward(client, to, kind));
            }
        });
        Self { addr, plan, broken }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Breaks this percentage of the following connections, within the given number of bytes.
    pub(crate) fn break_connections(&self, seed: u64, percent: u64, within: u64) {
        *self.plan.lock().unwrap() = Plan {
            chance: Chance::new(seed),
            percent,
            within,
        };
    }

    /// Returns the number of broken connections.
    pub(crate) fn broken_connections(&self) -> u64 {
        self.broken.load(Ordering::Relaxed)
    }
}

impl Plan {
    fn next_break(&mut self) -> Break {
        if !self.chance.percent(self.percent) {
            return Break::None;
        }
        let after = self.chance.of_any_size(self.within);
        match self.chance.within(0..16) {
            0 | 1 => Break::ResetBeforeResponse,
            2 | 3 => Break::ResetInRequest(after),
            4 | 5 => Break::ResetInResponse(after),
            6 | 7 => Break::CloseInResponse(after),
            8 => Break::StallInResponse(after),
            9 => Break::StallInRequest(after),
            10 | 11 => Break::Slow(self.chance.within(1..20)),
            12 => Break::TrickleInRequest(after),
            13 => Break::TrickleInResponse(after),
            _ => Break::Unavailable,
        }
    }
}

/// The end of a connection after the last forwarded byte.
enum End {
    Close,
    Reset,
    Stall,
    /// The connection does not end, but continues byte by byte.
    Trickle,
}

async fn forward(mut client: TcpStream, to: SocketAddr, kind: Break) {
    let (mut request_bytes, mut response_bytes) = (u64::MAX, u64::MAX);
    let (mut end, mut slow) = (End::Close, 0);
    match kind {
        Break::None => {}
        Break::Unavailable => return unavailable(client).await,
        Break::ResetBeforeResponse => (response_bytes, end) = (0, End::Reset),
        Break::ResetInResponse(after) => (response_bytes, end) = (after, End::Reset),
        Break::CloseInResponse(after) => response_bytes = after,
        Break::StallInResponse(after) => (response_bytes, end) = (after, End::Stall),
        Break::ResetInRequest(after) => (request_bytes, end) = (after, End::Reset),
        Break::StallInRequest(after) => (request_bytes, end) = (after, End::Stall),
        Break::TrickleInRequest(after) => (request_bytes, end) = (after, End::Trickle),
        Break::TrickleInResponse(after) => (response_bytes, end) = (after, End::Trickle),
        Break::Slow(chunks) => slow = chunks,
    }
    let Ok(mut server) = TcpStream::connect(to).await else {
        return;
    };
    {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let trickle = matches!(end, End::Trickle);
        tokio::select! {
            () = copy(from_client, to_server, request_bytes, 0, trickle) => {}
            () = copy(from_server, to_client, response_bytes, slow, trickle) => {}
        }
    }
    match end {
        End::Close | End::Trickle => {}
        End::Reset => {
            // With a linger time of zero, closing the socket sends a reset.
            let _ = client.set_zero_linger();
            let _ = server.set_zero_linger();
        }
        // Longer than the timeout of the clients.
        End::Stall => tokio::time::sleep(Duration::from_secs(5)).await,
    }
}

/// Copies up to `max` bytes, the first `slow` chunks with delays, and then, if `trickle` is set, byte
/// by byte. Ends when one side is closed.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    max: u64,
    mut slow: u64,
    trickle: bool,
) {
    let mut left = max;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let chunk_size = match slow {
            0 => buffer.len(),
            _ => 300,
        };
        match from.read(&mut buffer[..chunk_size]).await {
            Ok(len) if len > 0 => {
                let forwarded = usize::try_from(left).unwrap_or(len).min(len);
                if to.write_all(&buffer[..forwarded]).await.is_err() {
                    return;
                }
                if forwarded < len {
                    // Without the last byte: a request that its client has given up must not arrive
                    // later, when the next run uses the same key.
                    let rest = &buffer[forwarded..len - 1];
                    for byte in rest.iter().take(if trickle { 250 } else { 0 }) {
                        if to.write_all(&[*byte]).await.is_err() {
                            return;
                        }
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    return;
                }
                left -= forwarded as u64;
            }
            _ => return,
        }
        if slow > 0 {
            slow -= 1;
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
}

/// Responds with 503 without a connection to the server.
async fn unavailable(mut client: TcpStream) {
    let mut buffer = vec![0; 16 * 1024];
    let _ = client.read(&mut buffer).await;
    let response =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let _ = client.write_all(response.as_bytes()).await;
}
