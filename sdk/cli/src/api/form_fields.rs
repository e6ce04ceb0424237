//! The fields of a form body.

/// Returns the names and values of the fields of a `multipart/form-data` body, in their order, without
/// files.
pub(super) fn parse(form: &str) -> Vec<(String, String)> {
    // The body starts with the boundary, which no value contains.
    let boundary = form.lines().next().unwrap_or_default();
    let separator = format!("\r\n{boundary}");
    let first = form.strip_prefix(boundary).unwrap_or_default();
    first.split(&separator).filter_map(field).collect()
}

fn field(part: &str) -> Option<(String, String)> {
    let (header, value) = part.split_once("\r\n\r\n")?;
    let name = header
        .trim_start()
        .strip_prefix("Content-Disposition: form-data; name=\"")?;
    // A file has more after its name.
    let name = name.strip_suffix('"').filter(|name| !name.contains('"'))?;
    Some((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_without_the_file() {
        let form = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na\r\n\r\nb\r\n\
                    --b\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n\
                    --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\
                    Content-Type: text/plain\r\n\r\n\r\n--b--\r\n";
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            parse(form),
            [field("key", "a\r\n\r\nb"), field("empty", "")]
        );
        assert_eq!(parse(""), []);
    }
}
