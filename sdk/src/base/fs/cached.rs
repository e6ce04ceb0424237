//! [`read_cached`]: reads what the operating system has in memory of a file.

use std::fs::File;
use std::io;

/// Reads bytes from the position of the file without blocking, and advances the position. Returns
/// their number, which is 0 at the end of the file.
///
/// # Errors
///
/// Returns `WouldBlock` if the page cache does not have the next bytes, and another error if the
/// system or the file system does not support such reads.
pub(crate) fn read_cached(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    #[cfg(target_os = "linux")]
    {
        use rustix::io::{ReadWriteFlags, preadv2};

        /// Selects the position of the file.
        const POSITION: u64 = u64::MAX;
        let buffers = &mut [io::IoSliceMut::new(buffer)];
        Ok(preadv2(file, buffers, POSITION, ReadWriteFlags::NOWAIT)?)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (file, buffer);
        Err(io::ErrorKind::Unsupported.into())
    }
}
