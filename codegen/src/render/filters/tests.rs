use proptest::prelude::*;

use super::*;

/// Generates text with characters that have a meaning in output languages.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => any::<String>(),
        4 => proptest::sample::select(vec![
            "*/", "/*", "\"#", "{{ x }}", "\n", "\r", "\r\n", "\u{2028}", "\u{85}", "]", "[a](b)", "<b>",
            "</script>", "```", "~~~", "    fn main() {}", "`", "``", "https://a.example/b_c?d[0]", "- ",
            "1. ", "\n- ", "\n# ", "\u{202e}", "\u{61c}", "\\", "&lt;", "-->", "|", "$(x)", " ", "word ", "'",
        ]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn rust_doc_only_writes_doc_comments(text in hostile(), indent in 0_usize..9) {
        let doc = rust_doc(&text, indent, false);
        let marker = format!("{}///", " ".repeat(indent));
        for line in doc.lines() {
            prop_assert!(line.starts_with(&marker), "{doc:?}");
        }
        let file: syn::File = syn::parse_str(&format!("{doc}\npub fn only() {{}}\n")).unwrap();
        prop_assert_eq!(file.items.len(), 1);
        let syn::Item::Fn(only) = &file.items[0] else { panic!("{doc}") };
        prop_assert!(only.attrs.iter().all(|attribute| attribute.path().is_ident("doc")));
        prop_assert!(only.block.stmts.is_empty());
    }

    #[test]
    fn rust_str_represents_the_text(text in hostile()) {
        let literal: syn::LitStr = syn::parse_str(&rust_str(&text)).unwrap();
        prop_assert_eq!(literal.value(), text.clone());
        let hidden = |c: char| matches!(c, '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        prop_assert!(!rust_str(&text).contains(hidden), "the compiler refuses these");
    }

    #[test]
    fn rust_ident_writes_valid_identifiers(text in hostile()) {
        syn::parse_str::<syn::Ident>(&rust_ident(&text, &[])).unwrap();
    }

    #[test]
    fn markdown_filters_stay_within_a_table_cell(text in hostile()) {
        for escaped in [md(&text), md_code(&text), md_text(&text)] {
            prop_assert!(!escaped.contains(['\n', '\r', '\u{2028}']), "{escaped:?}");
            let mut previous = ' ';
            for c in escaped.chars() {
                prop_assert!(c != '|' || previous == '\\', "{escaped:?}");
                previous = c;
            }
        }
        prop_assert!(!md(&text).replace("\\<", "").contains('<'));
    }

    #[test]
    fn py_str_writes_printable_text_on_one_line(text in hostile()) {
        let literal = py_str(&text);
        prop_assert!(literal.chars().all(|c| (' '..='~').contains(&c)));
        let inner = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
        prop_assert!(!inner.replace("\\\\", "").replace("\\\"", "").contains('"'));
    }

    #[test]
    fn text_cannot_end_a_docstring(text in hostile(), indent in 0..12_usize) {
        let doc = py_doc(&text, indent, 4);
        let plain = doc.replace("\\\\", "").replace("\\\"", "");
        prop_assert!(!plain.contains('"') && !plain.contains('\\'), "{doc}");
        let ends = ['\r', '\u{2028}', '\u{85}', '\0'];
        prop_assert!(!doc.contains(ends));
        let margin = " ".repeat(indent);
        prop_assert!(doc.lines().skip(1).all(|line| line.is_empty() || line.starts_with(&margin)));
    }

    #[test]
    fn text_cannot_end_a_comment(text in hostile(), width in 0..40_usize) {
        let comment = comment(&text, "#", (width > 20).then_some(width));
        prop_assert!(comment.lines().all(|line| line.starts_with('#')));
        prop_assert!(!comment.contains("*/") && !comment.contains("-->"));
        let ends = ['\r', '\u{2028}', '\u{85}'];
        prop_assert!(!comment.contains(ends));
    }
}

#[test]
fn doc_comments_wrap_and_keep_code_lists_and_links() {
    let text =
        "Keeps `a[0]` but not [b] or <i>.\nSee https://example.com/x_y.\n\n\n- one\n- two `\nafter";
    let expected = "\
/// Keeps `a[0]` but not \\[b\\] or \\<i>.
/// See <https://example.com/x_y>.
///
/// - one
/// - two \\`
///
/// after";
    assert_eq!(rust_doc(text, 0, false), expected);
    assert_eq!(rust_doc(" \n ", 4, false), "");
    assert_eq!(rust_doc("a\n\nb", 2, true), "  //! a\n  //!\n  //! b");
}

#[test]
fn wrapped_list_items_are_aligned() {
    let doc = rust_doc(
        &format!("- {} 1. x\n{} #yy", "word ".repeat(19), "word ".repeat(19)),
        0,
        false,
    );
    assert!(doc.lines().all(|line| line.len() <= 100), "{doc}");
    assert!(doc.contains("\n///   1\\. x\n"), "{doc}");
    assert!(doc.ends_with("\n/// \\#yy"), "{doc}");
}

#[test]
fn md_code_uses_enough_backquotes() {
    assert_eq!(md_code("a"), "`a`");
    assert_eq!(md_code("a``b|"), "```a``b\\|```");
    assert_eq!(md_code("`"), "`` ` ``");
    assert_eq!(md_text(" a_b `c_d` *e* "), "a\\_b `c_d` \\*e\\*");
    assert_eq!(md_text("a `b|c` `d"), "a `b\\|c` \\`d");
    assert_eq!(md_text("``a`"), "\\`\\`a\\`");
    assert_eq!(md_text(""), "");
    assert_eq!(md("a*b\n[c](d)|"), "a\\*b \\[c\\](d)\\|");
}

#[test]
fn comments_are_wrapped_between_words() {
    assert_eq!(comment("one two three", "//", None), "// one two three");
    assert_eq!(
        comment("one two three\nfour", "//", Some(10)),
        "// one two\n// three\n// four"
    );
    assert_eq!(
        comment("incomprehensible is", "#", Some(6)),
        "# incomprehensible\n# is"
    );
    assert_eq!(comment(" ", "#", Some(1)), "#");
}

#[test]
fn text_cannot_end_comments_of_other_languages() {
    for (text, expected) in [
        ("a */ b --> c ?> d", "// a * / b -- > c ? > d"),
        (r"C:\users \u000a x", r"// C:\ users \ u000a x"),
        ("goes on \\\nhere", "// goes on \\.\n// here"),
    ] {
        assert_eq!(comment(text, "//", None), expected);
    }
    assert_eq!(comment("a */", "", None), "a * /");
}

#[test]
fn json_is_valid_in_other_languages() {
    let text = "a\u{feff}b\u{2028}c\u{85}d\u{202e}e\u{7f}\n\"ü";
    let written = json(&text, false).unwrap();
    assert_eq!(written, r#""a\ufeffb\u2028c\u0085d\u202ee\u007f\n\"ü""#);
    let read: String = serde_json::from_str(&written).unwrap();
    assert_eq!(read, text);
    assert_eq!(json(&[1], true).unwrap(), "[\n  1\n]");
}

#[test]
fn every_listed_filter_exists() {
    let mut tera = Tera::default();
    register(&mut tera, &Naming::default());
    for name in NAMES {
        let text = format!("{{{{ \"x\" | {name} }}}}");
        assert!(tera.add_raw_template("t", &text).is_ok(), "{name}");
    }
    let guide = include_str!("../../../../templates/README.md");
    for name in NAMES {
        let is_described =
            guide.contains(&format!("`{name}`")) || guide.contains(&format!("`{name}("));
        assert!(is_described, "the guide does not describe {name}");
    }
}

#[test]
fn the_arguments_of_every_filter_are_listed() {
    for name in NAMES {
        assert!(super::super::template_check::lists_filter(name), "{name}");
    }
}
