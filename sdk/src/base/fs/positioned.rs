//! Reads at an offset of an open file, which several threads can use at once.

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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

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
