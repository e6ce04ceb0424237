//! Names for characters that can't stand in an identifier.

/// A name with its symbols spelled out: `+1` is `plus 1`, an empty name is `empty`.
pub(super) fn spelled(name: &str) -> String {
    if name.is_empty() {
        return "empty".to_owned();
    }
    let mut spelled = String::new();
    for c in name.chars() {
        match symbol(c) {
            Some(word) => {
                spelled.push(' ');
                spelled.push_str(word);
                spelled.push(' ');
            }
            None => spelled.push(c),
        }
    }
    spelled
}

/// How a name is written, to tell it from one that differs in capitals only.
pub(crate) fn variant(name: &str) -> &'static str {
    let has = |test: fn(char) -> bool| name.chars().any(test);
    match (has(char::is_uppercase), has(char::is_lowercase)) {
        (true, false) => "upper",
        (false, true) => "lower",
        _ => "mixed",
    }
}

fn symbol(c: char) -> Option<&'static str> {
    Some(match c {
        ' ' => "space",
        '!' => "bang",
        '"' => "quote",
        '#' => "hash",
        '$' => "dollar",
        '%' => "percent",
        '&' => "and",
        '\'' => "apostrophe",
        '(' | ')' => "parenthesis",
        '*' => "star",
        '+' => "plus",
        ',' => "comma",
        '-' => "minus",
        '.' => "dot",
        '/' => "slash",
        ':' => "colon",
        ';' => "semicolon",
        '<' => "less",
        '=' => "equals",
        '>' => "greater",
        '?' => "question",
        '@' => "at",
        '[' | ']' => "bracket",
        '\\' => "backslash",
        '^' => "caret",
        '_' => "underscore",
        '`' => "backquote",
        '{' | '}' => "brace",
        '|' => "pipe",
        '~' => "tilde",
        c if c.is_ascii_control() => "control",
        _ => return None,
    })
}
