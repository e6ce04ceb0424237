//! Names of symbols that identifiers cannot contain.

/// Spells out symbols: `+1` becomes `plus 1`, and an empty name `empty`.
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

/// Returns a word for the letter case of a name, to distinguish names that differ only in case.
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
