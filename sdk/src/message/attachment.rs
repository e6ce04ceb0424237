//! [`attachment`]: the header for the file name of a download.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that are percent-encoded: all except those that a header parameter and a signed query
/// may contain unchanged.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns the `Content-Disposition` with which a browser saves an object under this file name, in any
/// script.
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use std::time::Duration;
///
/// let name = qingstor_sdk::attachment("图 1.pdf");
/// assert_eq!(name, "attachment; filename=\"%E5%9B%BE%201.pdf\"; filename*=utf-8''%E5%9B%BE%201.pdf");
/// // Stored with the object, or only for one URL.
/// bucket.put_object("plan.pdf").content_disposition(&name).body("..").await?;
/// let get = bucket.get_object("plan.pdf").response_content_disposition(&name);
/// println!("{}", get.presign(Duration::from_secs(600))?);
/// # Ok(()) }
/// ```
#[must_use]
pub fn attachment(file_name: &str) -> String {
    let name = utf8_percent_encode(file_name, ENCODED);
    format!("attachment; filename=\"{name}\"; filename*=utf-8''{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_no_parameter_and_no_header() {
        for (name, encoded) in [
            ("report-1_a.b~.pdf", "report-1_a.b~.pdf"),
            ("张三.pdf", "%E5%BC%A0%E4%B8%89.pdf"),
            ("a&b \"c\";d\r\n%", "a%26b%20%22c%22%3Bd%0D%0A%25"),
            ("it's", "it%27s"),
        ] {
            let expected =
                format!("attachment; filename=\"{encoded}\"; filename*=utf-8''{encoded}");
            assert_eq!(attachment(name), expected);
        }
    }
}
