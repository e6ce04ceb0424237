//! Measures what uploads cost from memory, a stream and a file, with and without verification,
//! compared with `reqwest`: `cargo bench -p qingstor-sdk --bench upload`.
//!
//! `reqwest` sends the same parts, with the same number of connections, and does not hash.

// A benchmark may panic.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/bare.rs"]
mod bare;
#[path = "support/transfer_cost.rs"]
mod transfer_cost;

use std::future::IntoFuture;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http_body::{Body as HttpBody, Frame, SizeHint};
use qingstor_sdk::UploadSource;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::runtime::Runtime;

use transfer_cost::{Contender, Group, LEN, PART, bucket};

/// Bytes of a chunk of the stream.
const CHUNK: usize = 256 * 1024;

#[derive(Clone, Copy)]
enum From {
    Memory,
    Stream,
    File,
}

fn main() {
    let sources = [
        ("from memory", From::Memory),
        ("from a stream", From::Stream),
        ("from a file", From::File),
    ];
    let groups: Vec<_> = sources
        .into_iter()
        .flat_map(|(name, from)| {
            [4, 1, 16].map(|in_flight| Group {
                name: format!("upload {name}, {in_flight} in flight"),
                contenders: vec![
                    reqwest_parts(from, in_flight),
                    upload("verified", from, in_flight, true),
                    upload("not verified", from, in_flight, false),
                ],
            })
        })
        .collect();
    transfer_cost::main(&groups);
}

/// The content in memory, which each transfer shares.
fn content() -> Bytes {
    static CONTENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![7; LEN]));
    CONTENT.clone()
}

/// Yields bytes in chunks. No chunk is in the caches of the processor, as one that was yielded before
/// would be.
fn chunks(mut bytes: Bytes) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let count = bytes.len().div_ceil(CHUNK);
    stream::iter((0..count).map(move |_| Ok(bytes.split_to(CHUNK.min(bytes.len())))))
}

/// The content in a file, which stays for the next processes.
fn file() -> PathBuf {
    let path = std::env::temp_dir().join("qingstor-sdk-bench-upload");
    if std::fs::metadata(&path).map_or(0, |data| data.len()) != LEN as u64 {
        std::fs::write(&path, vec![7; LEN]).expect("a file");
    }
    path
}

/// The content, prepared before the first transfer, so that its memory does not count.
enum Prepared {
    Memory(Bytes),
    Stream(Bytes),
    File(Arc<Path>),
}

impl Prepared {
    fn new(from: From) -> Self {
        match from {
            From::Memory => Self::Memory(content()),
            From::Stream => Self::Stream(content()),
            From::File => Self::File(file().into()),
        }
    }
}

fn upload(name: &str, from: From, in_flight: usize, verify: bool) -> Contender {
    Contender::new(name, move |url| {
        let (prepared, bucket) = (Prepared::new(from), bucket(url));
        Box::new(move |runtime: &Runtime| {
            let source = match &prepared {
                Prepared::Memory(content) => UploadSource::from(content.clone()),
                Prepared::Stream(content) => {
                    UploadSource::sized_stream(chunks(content.clone()), LEN as u64)
                }
                Prepared::File(path) => UploadSource::path(path),
            };
            let upload = bucket.upload("key", source).part_size(PART as u64);
            let upload = upload
                .multipart_threshold(0)
                .concurrency(in_flight)
                .verify(verify);
            let output = runtime.block_on(upload.into_future()).expect("an upload");
            assert_eq!(output.bytes, LEN as u64);
        })
    })
}

fn reqwest_parts(from: From, in_flight: usize) -> Contender {
    Contender::new("`reqwest`", move |url| {
        let (prepared, url) = (Prepared::new(from), url.to_owned());
        let client = bare::client().build().expect("a client");
        Box::new(move |runtime: &Runtime| {
            let parts = (0..LEN / PART).map(|number| {
                let put = client.put(format!("{url}/my-bucket/key?part_number={number}"));
                let start = number * PART;
                let put = match &prepared {
                    Prepared::Memory(content) => put.body(content.slice(start..start + PART)),
                    Prepared::Stream(content) => {
                        put.body(sized(chunks(content.slice(start..start + PART))))
                    }
                    Prepared::File(path) => put.body(sized(part_of_file(Arc::clone(path), start))),
                };
                async {
                    put.send()
                        .await
                        .expect("a response")
                        .error_for_status()
                        .expect("success")
                }
            });
            let mut sent = 0;
            runtime.block_on(async {
                // Tasks, as an upload has them: they run on all threads of the runtime.
                let mut parts = stream::iter(parts.map(tokio::spawn)).buffer_unordered(in_flight);
                while let Some(part) = parts.next().await {
                    part.expect("a part");
                    sent += 1;
                }
            });
            assert_eq!(sent, LEN / PART);
        })
    })
}

/// Reads a part of a file in chunks.
fn part_of_file(path: Arc<Path>, start: usize) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let open = async move {
        let mut file = tokio::fs::File::open(&path).await?;
        file.seek(io::SeekFrom::Start(start as u64)).await?;
        Ok::<_, io::Error>(stream::unfold(
            (file, PART),
            |(mut file, left)| async move {
                if left == 0 {
                    return None;
                }
                let mut chunk = Vec::with_capacity(left.min(CHUNK));
                let wanted = (left.min(CHUNK)) as u64;
                match (&mut file).take(wanted).read_to_end(&mut chunk).await {
                    Ok(read) => Some((Ok(Bytes::from(chunk)), (file, left - read))),
                    Err(error) => Some((Err(error), (file, 0))),
                }
            },
        ))
    };
    stream::once(open).flat_map(|chunks| match chunks {
        Ok(chunks) => chunks.left_stream(),
        Err(error) => stream::once(async { Err(error) }).right_stream(),
    })
}

/// A stream of a part as a body with a length.
fn sized(stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> reqwest::Body {
    reqwest::Body::wrap(SizedBody {
        stream: std::sync::Mutex::new(Box::pin(stream)),
        left: PART as u64,
    })
}

struct SizedBody {
    /// Behind a lock only because a body must be `Sync`.
    stream: std::sync::Mutex<Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>>,
    left: u64,
}

impl HttpBody for SizedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let stream = this.stream.get_mut().expect("no panic");
        let chunk = ready!(stream.as_mut().poll_next(cx));
        Poll::Ready(chunk.map(|chunk| {
            let chunk = chunk?;
            this.left -= chunk.len() as u64;
            Ok(Frame::data(chunk))
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
