//! The SDK without `async`, for scripts (feature `blocking`).
//!
//! The calls are the same, with the same arguments and setters; they only end in another way. Bring
//! [`Wait`] in, and `.wait()` takes the place of `.await`:
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
//! A thread of the SDK's own does the work, once for the whole program, while the caller's waits.
//! Inside an async runtime that would stop other tasks, so there it is a `Config` error.

use std::future::IntoFuture;
use std::io;
use std::pin::Pin;
use std::sync::OnceLock;

use futures_core::Stream;
use tokio::io::AsyncReadExt;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::base::error::{Error, Result};
use crate::message::byte_stream::ByteStream;

/// Ends a call by waiting for it.
///
/// Everything that can be awaited and gives a [`Result`] has it: calls, transfers, and the
/// functions of a body.
pub trait Wait<T>: IntoFuture<Output = Result<T>> {
    /// Waits on this thread until the call has ended.
    ///
    /// # Errors
    ///
    /// Those of the call; `Config` inside an async runtime.
    fn wait(self) -> Result<T>;
}

impl<T, F: IntoFuture<Output = Result<T>>> Wait<T> for F {
    fn wait(self) -> Result<T> {
        wait(self)?
    }
}

/// Waits on this thread for anything that can be awaited, such as a batch delete, whose output is
/// no [`Result`].
///
/// # Errors
///
/// `Config` inside an async runtime, or when cannot start a thread.
pub fn wait<F: IntoFuture>(future: F) -> Result<F::Output> {
    Ok(runtime()?.block_on(future.into_future()))
}

/// The items of a stream, such as [`Items`](crate::Items) or [`Pages`](crate::Pages), one after the
/// other. The next one is asked for when it is wanted.
pub fn iterate<T, S: Stream<Item = Result<T>> + Unpin>(stream: S) -> Iterate<S> {
    Iterate {
        stream,
        ended: false,
    }
}

/// What [`iterate`] gives. An error that the stream does not go on after is its last item.
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

/// The body of an answer as a [`Read`](io::Read). Its errors hold the SDK's own
/// [`Error`] as their source.
pub fn reader(body: ByteStream) -> Reader {
    Reader(body)
}

/// What [`reader`] gives.
#[derive(Debug)]
pub struct Reader(ByteStream);

impl io::Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        wait(self.0.read(buffer)).map_err(io::Error::from)?
    }
}

/// One for the program, made when it is first needed.
fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if Handle::try_current().is_ok() {
        let text = "cannot block inside an async runtime: await the call instead";
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
    // Another thread may have been faster; then its runtime is the one, and this one ends.
    Ok(RUNTIME.get_or_init(|| made))
}
