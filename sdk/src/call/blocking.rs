//! Blocking calls, for scripts (feature `blocking`).
//!
//! The calls have the same arguments and setters as in async code. Import [`Wait`], and use
//! `.wait()` instead of `.await`:
//!
//! ```no_run
//! use std::io::Read;
//! use qingstor_sdk::blocking::{self, Wait};
//! use qingstor_sdk::{Config, QingStor};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let qingstor = QingStor::new(Config::load()?)?;
//! let bucket = qingstor.bucket("my-bucket", "pek3a")?;
//! bucket.put_object("hello.txt").body("hello").wait()?;
//! for key in blocking::iterate(bucket.list_objects().items()) {
//!     println!("{}", key?.key);
//! }
//! let mut text = String::new();
//! let body = bucket.get_object("hello.txt").wait()?.body;
//! blocking::reader(body).read_to_string(&mut text)?;
//! bucket.download("film.mov", "copy.mov").wait()?;
//! # Ok(()) }
//! ```
//!
//! One thread for the whole program sends the requests while the calling thread waits. Inside an
//! async runtime, `.wait()` would block other tasks, so it returns a `Config` error there. This also
//! applies to the threads of `tokio::task::spawn_blocking`, which cannot be distinguished from the
//! others. `tokio::runtime::Handle::current().block_on(..)` waits there.

use std::future::IntoFuture;
use std::io;
use std::pin::Pin;
use std::sync::OnceLock;

use futures_core::Stream;
use tokio::io::AsyncReadExt;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::base::error::{Error, Result};
use crate::message::byte_stream::ByteStream;

/// Waits for a call to complete.
///
/// Implemented for everything that can be awaited and returns a [`Result`]: calls, transfers, and
/// the methods of a body.
pub trait Wait<T>: IntoFuture<Output = Result<T>> {
    /// Blocks this thread until the call has completed.
    ///
    /// # Errors
    ///
    /// Returns the errors of the call, and `Config` inside an async runtime.
    fn wait(self) -> Result<T>;
}

impl<T, F: IntoFuture<Output = Result<T>>> Wait<T> for F {
    fn wait(self) -> Result<T> {
        wait(self)?
    }
}

/// Blocks this thread until `future` has completed. For futures whose output is not a [`Result`],
/// such as a batch deletion.
///
/// # Errors
///
/// Returns `Config` inside an async runtime, or if the thread cannot be started.
pub fn wait<F: IntoFuture>(future: F) -> Result<F::Output> {
    Ok(runtime()?.block_on(future.into_future()))
}

/// Returns an iterator over a stream, such as [`Items`](crate::Items) or [`Pages`](crate::Pages).
/// Each item is requested when the iterator is advanced.
pub fn iterate<T, S: Stream<Item = Result<T>> + Unpin>(stream: S) -> Iterate<S> {
    Iterate {
        stream,
        ended: false,
    }
}

/// Iterator created by [`iterate`]. It ends after an error that ends the stream.
#[derive(Debug)]
pub struct Iterate<S> {
    stream: S,
    ended: bool,
}

impl<T, S: Stream<Item = Result<T>> + Unpin> Iterator for Iterate<S> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let stream = &mut self.stream;
        let next = std::future::poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx));
        match wait(next) {
            Ok(item) => item,
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }
}

/// Converts a response body into a [`Read`](io::Read). The source of its errors is an [`Error`].
pub fn reader(body: ByteStream) -> Reader {
    Reader(body)
}

/// Reader created by [`reader`].
#[derive(Debug)]
pub struct Reader(ByteStream);

impl io::Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        wait(self.0.read(buffer)).map_err(io::Error::from)?
    }
}

/// Returns the runtime of the program, which is created at the first use.
fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if Handle::try_current().is_ok() {
        let text = "cannot block inside an async runtime: await the call instead, or use \
                    `Handle::current().block_on` in `spawn_blocking`";
        return Err(Error::config(text));
    }
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("qingstor-sdk")
        .enable_all()
        .build()
        .map_err(|error| Error::config("cannot start a thread").with_source(error))?;
    // Another thread may have created one at the same time. The first one is used, and the other
    // one is dropped.
    Ok(RUNTIME.get_or_init(|| made))
}
