//! A proxy that spoils connections byte by byte: it knows nothing of HTTP.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::chance::Chance;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Whole,
    /// Reset before the first byte of an answer, the request being there.
    ResetBeforeAnswer,
    /// Reset after so many bytes of requests.
    ResetInRequest(u64),
    /// Reset after so many bytes of answers.
    ResetInAnswer(u64),
    /// Closed properly after so many bytes of answers.
    ClosedInAnswer(u64),
    /// Nothing more moves after so many bytes of answers.
    StallInAnswer(u64),
    /// Nothing more moves after so many bytes of requests.
    StallInRequest(u64),
    /// Answers come in small pieces with waits between them, for so many pieces.
    Slow(u64),
    /// The answer of a proxy that has no way through, whatever was asked.
    Unavailable,
}

/// Which connections fare ill, until they are to fare well.
struct Plan {
    chance: Chance,
    /// In percent.
    ill: u64,
    most: u64,
}

pub(crate) struct Proxy {
    addr: SocketAddr,
    plan: Arc<Mutex<Plan>>,
    struck: Arc<AtomicU64>,
}

impl Proxy {
    pub(crate) async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let plan = Arc::new(Mutex::new(Plan {
            chance: Chance::new(0),
            ill: 0,
            most: 1,
        }));
        let struck = Arc::<AtomicU64>::default();
        let (plans, strikes) = (Arc::clone(&plan), Arc::clone(&struck));
        tokio::spawn(async move {
            loop {
                let Ok((near, _)) = listener.accept().await else {
                    continue;
                };
                let fate = plans.lock().unwrap().fate();
                if !matches!(fate, Fate::Whole) {
                    strikes.fetch_add(1, Ordering::Relaxed);
                }
                tokio::spawn(pass(near, to, fate));
            }
        });
        Self { addr, plan, struck }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// From now on so many of a hundred connections fare ill, within their first `most` bytes.
    pub(crate) fn spoil(&self, seed: u64, ill: u64, most: u64) {
        *self.plan.lock().unwrap() = Plan {
            chance: Chance::new(seed),
            ill,
            most,
        };
    }

    /// How many connections fared ill so far.
    pub(crate) fn struck(&self) -> u64 {
        self.struck.load(Ordering::Relaxed)
    }
}

impl Plan {
    fn fate(&mut self) -> Fate {
        if !self.chance.percent(self.ill) {
            return Fate::Whole;
        }
        let after = self.chance.of_any_size(self.most);
        match self.chance.within(0..14) {
            0 | 1 => Fate::ResetBeforeAnswer,
            2 | 3 => Fate::ResetInRequest(after),
            4 | 5 => Fate::ResetInAnswer(after),
            6 | 7 => Fate::ClosedInAnswer(after),
            8 => Fate::StallInAnswer(after),
            9 => Fate::StallInRequest(after),
            10 | 11 => Fate::Slow(self.chance.within(1..20)),
            _ => Fate::Unavailable,
        }
    }
}

/// What ends a direction.
enum End {
    Usual,
    Reset,
    Stall,
}

async fn pass(mut near: TcpStream, to: SocketAddr, fate: Fate) {
    let (mut requests, mut answers) = (u64::MAX, u64::MAX);
    let (mut end, mut slow) = (End::Usual, 0);
    match fate {
        Fate::Whole => {}
        Fate::Unavailable => return unavailable(near).await,
        Fate::ResetBeforeAnswer => (answers, end) = (0, End::Reset),
        Fate::ResetInAnswer(after) => (answers, end) = (after, End::Reset),
        Fate::ClosedInAnswer(after) => answers = after,
        Fate::StallInAnswer(after) => (answers, end) = (after, End::Stall),
        Fate::ResetInRequest(after) => (requests, end) = (after, End::Reset),
        Fate::StallInRequest(after) => (requests, end) = (after, End::Stall),
        Fate::Slow(pieces) => slow = pieces,
    }
    let Ok(mut far) = TcpStream::connect(to).await else {
        return;
    };
    {
        let (from_near, to_near) = near.split();
        let (from_far, to_far) = far.split();
        tokio::select! {
            () = copy(from_near, to_far, requests, 0) => {}
            () = copy(from_far, to_near, answers, slow) => {}
        }
    }
    match end {
        End::Usual => {}
        End::Reset => {
            // Closing it with a time of zero sends a reset.
            let _ = near.set_zero_linger();
            let _ = far.set_zero_linger();
        }
        // Longer than any client of the tests waits.
        End::Stall => tokio::time::sleep(Duration::from_secs(5)).await,
    }
}

/// Copies up to `most` bytes, the first pieces of them slowly. Ends when one side does.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    most: u64,
    mut slow: u64,
) {
    let mut left = most;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let room = match slow {
            0 => buffer.len(),
            _ => 300,
        };
        match from.read(&mut buffer[..room]).await {
            Ok(len) if len > 0 => {
                let pass = usize::try_from(left).unwrap_or(len).min(len);
                if to.write_all(&buffer[..pass]).await.is_err() || pass < len {
                    return;
                }
                left -= pass as u64;
            }
            _ => return,
        }
        if slow > 0 {
            slow -= 1;
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
}

/// Answers without asking anybody.
async fn unavailable(mut near: TcpStream) {
    let mut buffer = vec![0; 16 * 1024];
    let _ = near.read(&mut buffer).await;
    let answer =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let _ = near.write_all(answer.as_bytes()).await;
}
