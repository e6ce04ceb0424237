//! The media type of a file name extension.

use std::path::Path;

/// The media type of unknown extensions.
const UNKNOWN: &str = "application/octet-stream";

/// Extensions and their media types, sorted by extension: types that browsers handle specially, and
/// common types of stored files. A complete registry would be large, and few programs know its types.
const TYPES: &[(&str, &str)] = &[
    ("7z", "application/x-7z-compressed"),
    ("aac", "audio/aac"),
    ("apk", "application/vnd.android.package-archive"),
    ("avi", "video/x-msvideo"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("bz2", "application/x-bzip2"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("heic", "image/heic"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("ico", "image/x-icon"),
    ("ics", "text/calendar"),
    ("jar", "application/java-archive"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("jsonl", "application/jsonl"),
    ("jxl", "image/jxl"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4a", "audio/mp4"),
    ("m4v", "video/mp4"),
    ("md", "text/markdown"),
    ("mjs", "text/javascript"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpeg"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("parquet", "application/vnd.apache.parquet"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("rar", "application/vnd.rar"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tgz", "application/gzip"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("ts", "video/mp2t"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xhtml", "application/xhtml+xml"),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("xml", "application/xml"),
    ("xz", "application/x-xz"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zip", "application/zip"),
    ("zst", "application/zstd"),
];

/// Returns the media type of the key's extension, or else of the file's.
#[inline]
pub(super) fn guess(key: &str, file: Option<&Path>) -> &'static str {
    let from_file = || file.and_then(|file| lookup(file.extension()?.to_str()?));
    let name = key.rsplit('/').next().unwrap_or(key);
    let from_key = name
        .rsplit_once('.')
        .and_then(|(_, extension)| lookup(extension));
    from_key.or_else(from_file).unwrap_or(UNKNOWN)
}

#[inline]
fn lookup(extension: &str) -> Option<&'static str> {
    let extension = extension.to_ascii_lowercase();
    let index = TYPES.binary_search_by_key(&&*extension, |(known, _)| known);
    Some(TYPES.get(index.ok()?)?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_of_the_key_comes_first() {
        assert!(TYPES.is_sorted());
        for (key, file, expected) in [
            ("a/cat.JPG", None, "image/jpeg"),
            ("archive.tar.gz", None, "application/gzip"),
            ("a.b/c", None, UNKNOWN),
            ("no-extension", Some("x/report.pdf"), "application/pdf"),
            ("page.html", Some("x/report.pdf"), "text/html"),
            ("trailing.", None, UNKNOWN),
            ("", None, UNKNOWN),
        ] {
            assert_eq!(guess(key, file.map(Path::new)), expected, "{key}");
        }
    }
}
