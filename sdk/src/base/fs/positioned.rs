//! Reads and writes at an offset of an open file, which several threads can use at once.

use std::fs::File;
use std::io;

/// Reads up to `buffer.len()` bytes from this offset on. Returns their number: 0 at the end of the file. Blocks.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
    #[cfg(not(any(unix, windows)))]
    {
        let _ = (file, buffer, offset);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Reads exactly `buffer.len()` bytes from this offset on. Blocks.
///
/// # Errors
///
/// Returns `UnexpectedEof` if the file ends before.
pub(crate) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    let (mut buffer, mut offset) = (buffer, offset);
    while !buffer.is_empty() {
        match read_at(file, buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = buffer.get_mut(read..).unwrap_or_default();
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all bytes from this offset on. Blocks.
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
    use std::io::Write as _;

    use super::*;

    #[test]
    fn threads_write_to_the_same_file() {
        let file = tempfile::tempfile().unwrap();
        std::thread::scope(|scope| {
            for number in 0..8_u8 {
                let file = &file;
                scope.spawn(move || {
                    for block in 0..100 {
                        let offset = (block * 8 + u64::from(number)) * 1000;
                        write_all_at(file, &[number; 1000], offset).unwrap();
                    }
                });
            }
        });
        let mut bytes = vec![0; 800_000];
        read_exact_at(&file, &mut bytes, 0).unwrap();
        for (block, bytes) in bytes.chunks(1000).enumerate() {
            let is_right = bytes.iter().all(|byte| usize::from(*byte) == block % 8);
            assert!(is_right, "{block}");
        }
    }

    #[test]
    fn reads_whole_ranges_only() {
        let mut file = tempfile::tempfile().unwrap();
        let content: Vec<u8> = (0..800_000_u32).map(|byte| (byte % 251) as u8).collect();
        file.write_all(&content).unwrap();
        let mut bytes = vec![0; 799_993];
        read_exact_at(&file, &mut bytes, 7).unwrap();
        assert!(bytes == content[7..]);
        read_exact_at(&file, &mut [0; 10], 799_990).unwrap();
        let error = read_exact_at(&file, &mut [0; 10], 799_991).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(read_at(&file, &mut [0; 10], 900_000).unwrap(), 0);
    }
}
