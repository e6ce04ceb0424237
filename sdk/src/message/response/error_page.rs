//! The first words of an error response that is not an error document, such as a proxy's page.

use std::borrow::Cow;

/// Longest result, in characters.
const MAX_CHARS: usize = 200;
/// How many bytes of the body are read.
const MAX_BYTES: usize = 4096;

/// Returns the first words of a body: the title of an HTML or XML document, or its text without the
/// tags. Leaves out `status_line` (`502 Bad Gateway`). Returns `None` without other text.
///
/// The text is UTF-8, or Latin-1 if `content_type` says so.
pub(super) fn first_words(body: &[u8], content_type: &str, status_line: &str) -> Option<String> {
    let text = text(body, is_latin_1(content_type))?;
    if !text.starts_with('<') {
        return without_status_line(&text, status_line);
    }
    let page = Page::read(&text);
    without_status_line(&page.title, status_line)
        .or_else(|| without_status_line(&page.text, status_line))
}

fn is_latin_1(content_type: &str) -> bool {
    let content_type = content_type.to_ascii_lowercase();
    ["iso-8859-1", "latin1", "windows-1252"].iter().any(|name| {
        let charset = content_type.split_once("charset=");
        charset.is_some_and(|(_, charset)| {
            let charset = charset.trim_start_matches('"').strip_prefix(name);
            charset.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
        })
    })
}

/// Decodes the first bytes of the body; `None` if they are not text.
fn text(body: &[u8], is_latin_1: bool) -> Option<String> {
    let first = body.get(..MAX_BYTES).unwrap_or(body);
    let text = match is_latin_1 {
        true => first.iter().copied().map(char::from).collect(),
        false => String::from_utf8_lossy(first),
    };
    // The last character may be incomplete.
    let text = text.trim_start_matches('\u{feff}').trim();
    let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    let (mut all, mut binary) = (0_usize, 0_usize);
    for character in text.chars() {
        all += 1;
        let is_binary = character == char::REPLACEMENT_CHARACTER
            || character.is_control() && !character.is_whitespace();
        binary += usize::from(is_binary);
    }
    (binary <= all / 10 && !text.contains('\0')).then(|| text.to_owned())
}

/// Returns the text on one line, shortened, without a status line at its start; `None` if nothing
/// else is left.
fn without_status_line(text: &str, status_line: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let (code, reason) = status_line.split_once(' ').unwrap_or((status_line, ""));
    let mut rest = &*line;
    while let Some(next) = [status_line, reason, code]
        .iter()
        .find_map(|known| strip_words(rest, known))
    {
        rest = next;
    }
    if rest.is_empty() || rest.eq_ignore_ascii_case("error") {
        return None;
    }
    let mut short: String = rest.chars().take(MAX_CHARS).collect();
    if short.len() < rest.len() {
        short.push_str("..");
    }
    Some(short)
}

/// Strips the words `known` from the start of `text`, ignoring case.
fn strip_words<'a>(text: &'a str, known: &str) -> Option<&'a str> {
    let start = text.get(..known.len())?;
    let rest = text.get(known.len()..)?;
    let is_separate = !rest.starts_with(|next: char| next.is_alphanumeric());
    (!known.is_empty() && start.eq_ignore_ascii_case(known) && is_separate).then(|| {
        rest.trim_start_matches(|next: char| next.is_whitespace() || ".:-|,".contains(next))
    })
}

/// The text of a page of HTML or XML.
#[derive(Default)]
struct Page {
    title: String,
    text: String,
}

impl Page {
    fn read(markup: &str) -> Self {
        let mut page = Self::default();
        let mut in_title = false;
        let mut rest = markup;
        while let Some(at) = rest.find('<') {
            let (before, from) = rest.split_at(at);
            page.push(before, in_title);
            let Some(tag) = Tag::read(from) else {
                // A lone `<` is text.
                page.push("<", in_title);
                rest = from.get(1..).unwrap_or_default();
                continue;
            };
            rest = tag.rest;
            match &*tag.name {
                "title" => in_title = true,
                "/title" => in_title = false,
                // The content of these elements is not text.
                "script" | "style" => rest = after_end(rest, &tag.name),
                _ => {}
            }
            page.push(" ", in_title);
        }
        page.push(rest, in_title);
        page
    }

    fn push(&mut self, text: &str, in_title: bool) {
        let to = if in_title {
            &mut self.title
        } else {
            &mut self.text
        };
        to.push_str(&unescaped(text));
    }
}

struct Tag<'a> {
    /// Name in lower case, including the slash of an end tag.
    name: String,
    rest: &'a str,
}

impl<'a> Tag<'a> {
    /// Parses a tag, comment or declaration. Without an end, it extends to the end of the text.
    fn read(from: &'a str) -> Option<Self> {
        let inner = from.strip_prefix('<')?;
        if !inner.starts_with(|next: char| next.is_ascii_alphabetic() || "/!?".contains(next)) {
            return None;
        }
        let end = if inner.starts_with("!--") { "-->" } else { ">" };
        let (content, rest) = inner.split_once(end).unwrap_or((inner, ""));
        let is_name = |next: char| next.is_ascii_alphanumeric() || next == '/';
        let name = content.chars().take_while(|next| is_name(*next));
        let name = name.collect::<String>().to_ascii_lowercase();
        Some(Self { name, rest })
    }
}

/// Returns the text from the end tag of an element on, skipping its content.
fn after_end<'a>(text: &'a str, name: &str) -> &'a str {
    let end = format!("</{name}");
    let at = text.to_ascii_lowercase().find(&end);
    at.and_then(|at| text.get(at..)).unwrap_or_default()
}

/// Decodes character references and the most common entities.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('&') {
        out.push_str(before);
        let entity = from.split_once(';').and_then(|(name, after)| {
            let character = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                "nbsp" => ' ',
                "copy" => '©',
                "mdash" | "ndash" => '-',
                _ => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix(['x', 'X']) {
                        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(code)?
                }
            };
            Some((character, after))
        });
        let (character, after) = entity.unwrap_or(('&', from));
        out.push(character);
        rest = after;
    }
    out.push_str(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Option<String> {
        first_words(body.as_bytes(), "", "502 Bad Gateway")
    }

    #[test]
    fn finds_the_words_of_a_page() {
        for (body, words) in [
            ("upstream  connect\r\n error", "upstream connect error"),
            (
                "<!DOCTYPE html><html><head><title>Down for\n maintenance</title></head><body>x</body>",
                "Down for maintenance",
            ),
            (
                "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                 <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n",
                "nginx/1.18.0",
            ),
            (
                "<HTML><STYLE>p {}</STYLE><script>if (a < b) x</script><!-- <b> --><P>Tom &amp; &#74;erry &#x41;&bogus;</P>",
                "Tom & Jerry A&bogus;",
            ),
            (
                "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>gone</Message></Error>",
                "NoSuchKey gone",
            ),
            ("<p>1 < 2</p", "1 < 2"),
            ("502 Bad Gateway: no backend", "no backend"),
            ("\u{feff}Bad Gateways", "Bad Gateways"),
            ("{\"error\": \"quota\"}", "{\"error\": \"quota\"}"),
        ] {
            assert_eq!(of(body).as_deref(), Some(words), "{body}");
        }
    }

    #[test]
    fn ignores_bodies_without_information() {
        for body in [
            "",
            " \n",
            "502 Bad Gateway",
            "bad gateway.",
            "<html></html>",
            "<!--",
            "Error\n",
            "<title>502</title>",
        ] {
            assert_eq!(of(body), None, "{body}");
        }
        for binary in [
            &b"\x1f\x8b\x08\0\0\0"[..],
            b"\xff\xfe<\0h\0",
            &[0xc3; 100],
            &[1; 50],
        ] {
            assert_eq!(first_words(binary, "", "502 Bad Gateway"), None);
        }
    }

    #[test]
    fn reads_the_declared_latin_1() {
        let body = b"<title>\xdcberlastet: sp\xe4ter, bitte</title>";
        for kind in [
            "text/html; charset=iso-8859-1",
            "text/html; Charset=\"ISO-8859-1\"",
            "text/html;charset=windows-1252; x=y",
        ] {
            let words = first_words(body, kind, "503 Service Unavailable");
            assert_eq!(
                words.as_deref(),
                Some("Überlastet: später, bitte"),
                "{kind}"
            );
        }
        let utf8 = first_words("später".as_bytes(), "text/html; charset=iso-8859-15", "503");
        assert_eq!(utf8.as_deref(), Some("später"));
    }

    #[test]
    fn limits_the_length() {
        let long = of(&"中".repeat(5000)).unwrap();
        assert_eq!(long.chars().count(), MAX_CHARS + 2);
        assert!(long.ends_with("中.."));
        assert!(of(&format!("{}x", "<b>".repeat(1000))).is_some());
    }

    proptest::proptest! {
        #[test]
        fn accepts_any_bytes(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = first_words(&body, "", "502 Bad Gateway");
        }

        #[test]
        fn accepts_any_markup(body in "[<>/!&#;x \\-a-c中]{0,60}") {
            if let Some(words) = first_words(body.as_bytes(), "", "502 Bad Gateway") {
                proptest::prop_assert!(words.chars().count() <= MAX_CHARS + 2);
            }
        }
    }
}
