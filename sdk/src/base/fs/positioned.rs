//! Writes at an offset of an open file, which several threads can use at once.

use std::fs::File;
use std::io;

/// Writes all bytes from this offset on. Blocks.
#[inline]
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let (mut bytes, mut offset) = (bytes, offset);
    while !bytes.is_empty() {
        match write_at(file, bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = bytes.get(written..).unwrap_or_default();
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_at(file, bytes, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_write(file, bytes, offset);
    #[cfg(not(any(unix, windows)))]
    {
        let _ = (file, bytes, offset);
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_write_to_the_same_file() {
        let named = tempfile::NamedTempFile::new().unwrap();
        let file = named.as_file();
        std::thread::scope(|scope| {
            for number in 0..8_u8 {
                scope.spawn(move || {
                    for block in 0..100 {
                        let offset = (block * 8 + u64::from(number)) * 1000;
                        write_all_at(file, &[number; 1000], offset).unwrap();
                    }
                });
            }
        });
        let bytes = std::fs::read(named.path()).unwrap();
        assert_eq!(bytes.len(), 800_000);
        for (block, bytes) in bytes.chunks(1000).enumerate() {
            let is_right = bytes.iter().all(|byte| usize::from(*byte) == block % 8);
            assert!(is_right, "{block}");
        }
    }
}
