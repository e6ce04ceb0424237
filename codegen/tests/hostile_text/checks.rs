//! Checks that the hostile text is escaped, for each language.

use proc_macro2::{TokenStream, TokenTree};
use serde_json::Value;

/// A word that is an identifier, a heading or a link only if the hostile text was not escaped.
const WORD: &str = "canary";

/// Checks that no line end of another language is in the file, and no text that hides other text.
fn check_characters(text: &str) -> Result<(), String> {
    let found = text.chars().find(|c| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    found.map_or(Ok(()), |c| Err(format!("contains {c:?}")))
}

pub(crate) fn check_rust(path: &str, text: &str) -> Result<(), String> {
    check_characters(text)?;
    if path.ends_with(".rs") {
        syn::parse_file(text).map_err(|error| error.to_string())?;
        check_tokens(text.parse().map_err(|_| "cannot be parsed")?)?;
    }
    Ok(())
}

fn check_tokens(tokens: TokenStream) -> Result<(), String> {
    let mut doc = String::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if ident == WORD => return Err("contains code".into()),
            TokenTree::Group(group) => {
                let attribute: Vec<_> = group.stream().into_iter().collect();
                match attribute.as_slice() {
                    // A doc comment is an attribute.
                    [TokenTree::Ident(name), _, TokenTree::Literal(line)] if name == "doc" => {
                        let line: syn::LitStr =
                            syn::parse_str(&line.to_string()).map_err(|error| error.to_string())?;
                        doc.push_str(&line.value());
                        doc.push('\n');
                    }
                    _ => {
                        check_examples(&std::mem::take(&mut doc))?;
                        check_tokens(group.stream())?;
                    }
                }
            }
            TokenTree::Punct(_) => {}
            _ => check_examples(&std::mem::take(&mut doc))?,
        }
    }
    check_examples(&doc)
}

/// Checks the code in fences, and the text outside of them.
fn check_examples(text: &str) -> Result<(), String> {
    /// A fence with its language and its code.
    struct Fence<'t> {
        ticks: &'t str,
        language: &'t str,
        code: String,
    }
    let mut fence: Option<Fence<'_>> = None;
    for line in text.lines() {
        let start = line.trim_start();
        let ticks = start.len() - start.trim_start_matches('`').len();
        match &mut fence {
            Some(open) if start.trim_end() == open.ticks => {
                check_code(open.language, &open.code)?;
                fence = None;
            }
            Some(open) => {
                open.code.push_str(line);
                open.code.push('\n');
            }
            None if ticks >= 3 => {
                let (ticks, language) = start.split_at(ticks);
                let code = String::new();
                fence = Some(Fence {
                    ticks,
                    language,
                    code,
                });
            }
            None => check_line(line)?,
        }
    }
    fence.map_or(Ok(()), |fence| {
        Err(format!("has an open fence {}", fence.ticks))
    })
}

fn check_code(language: &str, code: &str) -> Result<(), String> {
    match language {
        "" | "no_run" | "rust no_run" => {
            let tokens = code.parse();
            check_tokens(tokens.map_err(|_| format!("cannot parse the example\n{code}"))?)
        }
        "json" => {
            let value: Result<Value, _> = serde_json::from_str(code);
            value.map(drop).map_err(|error| format!("{error}\n{code}"))
        }
        // Text of the Python pack.
        "python" | "sh" | "yaml" if !code.contains(WORD) => Ok(()),
        _ => Err(format!("has a fence for {language}\n{code}")),
    }
}

/// Checks a line of Markdown.
fn check_line(line: &str) -> Result<(), String> {
    let start = line.trim_start_matches([' ', '#', '|', '>', '-']);
    if start.starts_with(WORD) && start != line.trim_start_matches(' ') {
        return Err(format!("contains markup in {line}"));
    }
    let prose = without_code(line);
    for markup in [format!("]({WORD}"), format!("<{WORD}")] {
        for (at, _) in prose.match_indices(&markup) {
            let escapes = prose[..at].len() - prose[..at].trim_end_matches('\\').len();
            if escapes.is_multiple_of(2) {
                return Err(format!("contains markup in {line}"));
            }
        }
    }
    Ok(())
}

/// Removes code between equal runs of backquotes.
fn without_code(line: &str) -> String {
    let mut prose = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        if ticks > 0 {
            let after = &rest[ticks..];
            let is_end = |(at, _): &(usize, &str)| {
                let run = after[*at..].len() - after[*at..].trim_start_matches('`').len();
                run == ticks && !after[..*at].ends_with('`')
            };
            rest = match after.match_indices('`').find(is_end) {
                Some((end, _)) => &after[end + ticks..],
                None => after,
            };
            continue;
        }
        // An escaped backquote does not begin code.
        let length = if c == '\\' {
            1 + rest[1..].chars().next().map_or(0, char::len_utf8)
        } else {
            c.len_utf8()
        };
        prose.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    prose
}

pub(crate) fn check_markdown(_: &str, text: &str) -> Result<(), String> {
    check_characters(text)?;
    check_examples(text)?;
    let mut columns = None;
    for line in text.lines() {
        if !line.starts_with('|') {
            columns = None;
            continue;
        }
        let cells = line.replace("\\|", "").matches('|').count();
        if *columns.get_or_insert(cells) != cells {
            return Err(format!("has another number of columns in {line}"));
        }
    }
    Ok(())
}

pub(crate) fn check_python(path: &str, text: &str) -> Result<(), String> {
    check_characters(text)?;
    match path {
        _ if path.ends_with(".md") => check_markdown(path, text),
        _ if path.ends_with(".py") => {
            let code = without_python_literals(text)?;
            let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            match words.any(|word| word == WORD) {
                true => Err("contains code".into()),
                false => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Removes comments and literals.
fn without_python_literals(text: &str) -> Result<String, String> {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '#' {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            continue;
        }
        if c != '"' && c != '\'' {
            code.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let is_raw = code.ends_with('r') || code.ends_with("rb");
        let triple = c.to_string().repeat(3);
        let quote = if rest.starts_with(&triple) {
            triple
        } else {
            c.to_string()
        };
        rest = &rest[quote.len()..];
        while !rest.starts_with(&quote) {
            let length = match rest.chars().next() {
                Some('\\') => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
                Some('\n') if quote.len() == 1 && !is_raw => {
                    return Err("has an open literal".into());
                }
                Some(c) => c.len_utf8(),
                None => return Err("has an open literal".into()),
            };
            rest = &rest[length..];
        }
        rest = &rest[quote.len()..];
    }
    Ok(code)
}
