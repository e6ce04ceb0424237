//! [`ShortReads`]: a connection that returns few bytes at once.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};

/// Most bytes that one read returns: 60 KiB.
///
/// `hyper` allocates a buffer for each read, and doubles its size, up to 408 KiB, whenever a read fills
/// it. As these reads do not fill a buffer of 64 KiB, it stays at that. A limit of `hyper` itself would
/// apply to writes, too.
const MAX_READ: u64 = 60 * 1024;

/// A connection of which a read returns at most [`MAX_READ`] bytes.
pub(super) struct ShortReads<T>(Take<T>);

impl<T: AsyncRead> ShortReads<T> {
    pub(super) fn new(connection: T) -> Self {
        Self(connection.take(MAX_READ))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for ShortReads<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.set_limit(MAX_READ);
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ShortReads<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.0.get_mut()).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.0.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.0.get_mut()).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.get_ref().is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.0.get_mut()).poll_write_vectored(cx, bufs)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn every_read_is_short_and_no_byte_is_lost() {
        let content: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        let (mut sender, receiver) = tokio::io::duplex(content.len());
        sender.write_all(&content).await.unwrap();
        drop(sender);
        let mut connection = ShortReads::new(receiver);
        let mut received = Vec::new();
        loop {
            let mut buffer = vec![0; 400 * 1024];
            let read = connection.read(&mut buffer).await.unwrap();
            assert!(read as u64 <= MAX_READ);
            if read == 0 {
                break;
            }
            received.extend_from_slice(&buffer[..read]);
        }
        assert!(received == content);
    }

    #[tokio::test]
    async fn writes_are_not_limited() {
        let (sender, mut receiver) = tokio::io::duplex(1 << 20);
        let mut connection = ShortReads::new(sender);
        let content = vec![b'x'; 1 << 20];
        assert_eq!(connection.write(&content).await.unwrap(), content.len());
        connection.shutdown().await.unwrap();
        let mut received = Vec::new();
        receiver.read_to_end(&mut received).await.unwrap();
        assert!(received == content);
    }
}
