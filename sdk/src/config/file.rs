//! Reads the configuration file.

use std::collections::HashSet;
use std::fmt::Display;
use std::io;
use std::path::Path;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use zeroize::Zeroizing;

use super::Config;
use super::address_settings::SettingSource;
use super::settings::{CREDENTIALS, SETTINGS};
use super::unknown_setting::UnknownSetting;
use crate::base::error::{Error, Result};
use crate::base::fs::regular_file;
use crate::config::credentials::{Credentials, incomplete_credentials, missing_credentials};

/// Maximum length of the file, in bytes.
const MAX_LEN: u64 = 1 << 20;
/// Maximum nesting of lists and maps.
const MAX_DEPTH: usize = 32;

/// Reads the text of a configuration file. Blocks.
///
/// # Errors
///
/// Returns an error if the path does not lead to a regular file of at most 1 MiB of UTF-8 text.
pub(crate) fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let file = regular_file::open(path)?;
    let bytes = Zeroizing::new(regular_file::read_at_most(&file, MAX_LEN)?);
    let invalid = |why| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    match std::str::from_utf8(&bytes) {
        // The YAML library would treat it as the end of the file.
        Ok(text) if text.contains('\0') => {
            invalid("has a NUL character, as UTF-16 has: the file must be UTF-8")
        }
        // Some editors start a file with a byte order mark, which would become a part of the first
        // key.
        Ok(text) => Ok(Zeroizing::new(
            text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
        )),
        Err(_) => invalid("is not valid UTF-8"),
    }
}

/// Returns the key pair in the text of a configuration file.
#[inline]
pub(crate) fn credentials(path: &Path, text: &str) -> Result<Credentials> {
    let place = path.display().to_string();
    let mut config = Config::anonymous();
    let keys = apply(&mut config, text).map_err(|why| Error::config(format!("{place}{why}")))?;
    if keys.check_credentials(&config, &place)? {
        return config.resolve_credentials();
    }
    let reason = format!("{place} has no access_key_id and secret_access_key");
    Err(missing_credentials(&reason))
}

/// The keys of a file.
#[derive(Debug, Default)]
pub(super) struct FileKeys {
    /// The credentials that are set.
    credentials: Vec<&'static str>,
    pub(super) unknown: Vec<UnknownSetting>,
}

impl FileKeys {
    /// Checks the credentials of a file, which are applied to `config`, and returns whether there are
    /// any. `place` is the start of the message, and names the file.
    ///
    /// # Errors
    ///
    /// Returns `Config` if they are invalid, if only one of them is set, or if the name of a missing one
    /// is misspelled.
    pub(super) fn check_credentials(&self, config: &Config, place: &str) -> Result<bool> {
        let is_missing = |name: &&&'static str| !self.credentials.contains(name);
        let mut unknown = self.unknown.iter();
        let misspelled = unknown.find_map(|unknown| {
            let similar = unknown.similar?;
            CREDENTIALS
                .iter()
                .find(|name| **name == similar && is_missing(name))?;
            Some((unknown, similar))
        });
        if let Some((UnknownSetting { key, line, .. }, similar)) = misspelled {
            let text =
                format!("{place}:{line}: unknown setting `{key}`; did you mean `{similar}`?");
            return Err(Error::config(text));
        }
        match (&*self.credentials, CREDENTIALS.iter().find(is_missing)) {
            ([], _) => Ok(false),
            ([set, ..], Some(missing)) => Err(incomplete_credentials(
                &format!("{place}: `{set}`"),
                &format!("`{missing}`"),
            )),
            (_, None) => config.check_key_pair(place).map(|()| true),
        }
    }
}

/// Applies each known setting, and returns the other keys and which credentials are set. An error starts
/// with its line and never contains a value that may be secret.
pub(super) fn apply(config: &mut Config, text: &str) -> Result<FileKeys, String> {
    let mut keys = FileKeys::default();
    let source = std::mem::replace(&mut config.address.source, SettingSource::File);
    for entry in entries(text)? {
        let Entry { key, value, line } = entry;
        let Some((name, set)) = SETTINGS.iter().find(|(known, _)| *known == key) else {
            keys.unknown.push(UnknownSetting::new(key, line));
            continue;
        };
        let wrong = |why: &dyn Display| Err(format!(":{line}: `{key}`{why}"));
        let is_credential = CREDENTIALS.contains(&&*key);
        let value = match value {
            Value::Null => continue,
            // YAML would parse `0123` as a number, so the key would change.
            Value::Other(_) if is_credential => return wrong(&" must be in quotes"),
            Value::Text(text) | Value::Other(text) => text,
            Value::Collection => return wrong(&" must be a plain value"),
        };
        if value.is_empty() {
            continue;
        }
        if let Err(why) = set(config, &value) {
            return wrong(&format_args!(": {why}"));
        }
        if is_credential {
            keys.credentials.push(name);
        }
    }
    config.address.source = source;
    Ok(keys)
}

/// A setting at the top level of the file.
struct Entry {
    key: String,
    value: Value,
    line: usize,
}

/// A value of a setting, as YAML's core schema reads it.
enum Value {
    Null,
    Text(String),
    /// A number or a boolean.
    Other(String),
    /// A list or a map, which no setting has.
    Collection,
}

/// Returns the entries of the map that the first document is.
///
/// Does not build a tree: nested lists and maps are counted and skipped, so that neither their
/// number nor their depth takes memory or stack. Aliases, which can stand for any number of values,
/// are refused.
fn entries(text: &str) -> Result<Vec<Entry>, String> {
    let mut parser = Parser::new_from_str(text);
    let mut entries = Vec::new();
    let mut names = HashSet::new();
    let (mut documents, mut depth) = (0, 0_usize);
    // A key before its value. A key that is not a string is `None`.
    let mut pending: Option<(Option<String>, usize)> = None;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let at = error.marker();
            format!(":{}:{}: {}", at.line(), at.col() + 1, error.info())
        })?;
        let line = span.start.line();
        let is_map = matches!(event, Event::MappingStart(..));
        let value = match event {
            Event::DocumentStart(_) => {
                documents += 1;
                continue;
            }
            Event::Alias(_) => return Err(refused(line, "aliases (`*name`) are not supported")),
            Event::SequenceEnd | Event::MappingEnd => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let why = format!("lists and maps are nested more than {MAX_DEPTH} deep");
                    return Err(refused(line, &why));
                }
                Value::Collection
            }
            Event::Scalar(text, style, _, tag) => scalar(text.into_owned(), style, tag.as_deref()),
            Event::Nothing | Event::StreamStart | Event::DocumentEnd | Event::StreamEnd => continue,
        };
        let starts_collection = matches!(value, Value::Collection);
        // The other documents of the file belong to other programs.
        match (documents, depth) {
            (1, 0) if !matches!(value, Value::Null) => {
                return Err(": it must be a map of settings".into());
            }
            (1, 1) if starts_collection && is_map => continue,
            (1, 1) if starts_collection => return Err(": it must be a map of settings".into()),
            (1, 1) => {}
            (1, 2) if starts_collection => {}
            _ => continue,
        }
        let Some((key, line)) = pending.take() else {
            let key = match value {
                Value::Text(key) => Some(key),
                _ => None,
            };
            if let Some(key) = &key
                && !names.insert(key.clone())
            {
                return Err(refused(line, &format!("`{key}` is set twice")));
            }
            pending = Some((key, line));
            continue;
        };
        if let Some(key) = key {
            entries.push(Entry { key, value, line });
        }
    }
    Ok(entries)
}

fn refused(line: usize, why: &str) -> String {
    format!(":{line}: {why}")
}

/// Returns the value of a scalar by YAML's core schema: only unquoted text may be a number, a boolean
/// or null, unless a tag marks it as a string.
fn scalar(text: String, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let typed = tag.is_none_or(|tag| {
        tag.is_yaml_core_schema() && matches!(&*tag.suffix, "bool" | "int" | "float" | "null")
    });
    if style != ScalarStyle::Plain || !typed {
        return Value::Text(text);
    }
    let integer = |prefix, radix| i64::from_str_radix(text.strip_prefix(prefix)?, radix).ok();
    // Rust also parses `inf` and `nan`, which are text in YAML.
    let is_decimal = text.contains(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok();
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Value::Other(text),
        _ => match integer("0x", 16).or_else(|| integer("0o", 8)) {
            Some(number) => Value::Other(number.to_string()),
            None if is_decimal => Value::Other(text),
            None => Value::Text(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn refusal(text: &str) -> String {
        apply(&mut Config::anonymous(), text).unwrap_err()
    }

    #[test]
    fn skips_what_belongs_to_other_programs() {
        let text = "other: {a: [1, {b: 2}], access_key_id: no}\n\
                    ? [a, b]\n: c\n1: x\n\
                    access_key_id: &anchor 'ID'\n\
                    list:\n- access_key_id: no\n\
                    secret_access_key: !!str 0123\n\
                    port: 0x50\nhost:\n---\naccess_key_id: no\n";
        let mut config = Config::anonymous();
        let keys = apply(&mut config, text).unwrap();
        assert!(keys.check_credentials(&config, "file").unwrap());
        let unknown: Vec<_> = keys.unknown.iter().map(|unknown| &*unknown.key).collect();
        assert_eq!(unknown, ["other", "list"]);
        assert_eq!(config.access_key_id, "ID");
        assert_eq!(&*config.secret_access_key, "0123");
        let service = config.resolve_endpoint().unwrap().service().unwrap();
        assert_eq!(service.origin(), "https://qingstor.com:80");
        for nothing in ["", "# text\n", "---\n", "~\n", "{}\n"] {
            let keys = apply(&mut config, nothing).unwrap();
            assert!(keys.credentials.is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn reads_values_by_the_core_schema() {
        for (text, read) in [
            ("80", Ok("80")),
            ("+80", Ok("+80")),
            ("0x50", Ok("80")),
            ("0o120", Ok("80")),
            ("1.5e3", Ok("1.5e3")),
            ("True", Ok("True")),
            ("\"80\"", Err("80")),
            ("!!str 80", Err("80")),
            ("!own 80", Err("80")),
            ("!!int '80'", Err("80")),
            ("0x", Err("0x")),
            ("12:30", Err("12:30")),
            ("2026-01-01", Err("2026-01-01")),
            ("inf", Err("inf")),
            ("infinity", Err("infinity")),
            ("NaN", Err("NaN")),
            ("yes", Err("yes")),
            ("'null'", Err("null")),
        ] {
            let entries = entries(&format!("key: {text}")).unwrap();
            let value = match &entries[0].value {
                Value::Other(text) => Ok(&**text),
                Value::Text(text) => Err(&**text),
                Value::Null | Value::Collection => panic!("{text:?}"),
            };
            assert_eq!(value, read, "{text:?}");
        }
        for text in ["", "~", "null", "Null", "NULL", "# comment"] {
            let entries = entries(&format!("key: {text}")).unwrap();
            let is_null = matches!(
                &*entries,
                [Entry {
                    value: Value::Null,
                    ..
                }]
            );
            assert!(is_null, "{text:?}");
        }
    }

    #[test]
    fn refuses_with_the_line() {
        for (text, says) in [
            (
                "a: 1\nb: &x [1]\nc: *x\n",
                ":3: aliases (`*name`) are not supported",
            ),
            ("port: 1\n\nport: 2\n", ":3: `port` is set twice"),
            ("\n\n  host: [a]\n", ":3: `host` must be a plain value"),
            (
                "a:\n  b: 1\nhost: {c: d}\n",
                ":3: `host` must be a plain value",
            ),
            ("text\n", ": it must be a map of settings"),
            ("[a]\n", ": it must be a map of settings"),
        ] {
            assert_eq!(refusal(text), says, "{text:?}");
        }
    }

    /// None of these texts may take much memory, stack or time.
    #[test]
    fn refuses_bombs_at_once() {
        let len = usize::try_from(MAX_LEN).unwrap();
        let nested_maps: String = (0..5000)
            .map(|depth| format!("{}a:\n", " ".repeat(depth.min(200))))
            .collect();
        let aliases: String = (1..30)
            .map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(9)))
            .collect();
        let bombs = [
            "[".repeat(len),
            "{".repeat(len),
            "{a: ".repeat(len / 4),
            "- ".repeat(len / 2),
            "? ".repeat(len / 2),
            "a:\n".to_owned() + &"- ".repeat(len / 2),
            nested_maps,
            format!("a0: &a0 x\n{aliases}"),
            "x: &x\n  y: *x\n".to_owned(),
            "&a ".repeat(len / 3),
            "!!str ".repeat(len / 6),
            "'".repeat(len),
        ];
        let start = Instant::now();
        for bomb in &bombs {
            assert!(refusal(bomb).starts_with(':'));
        }
        // These texts are long, but harmless.
        for text in [
            "a: [".to_owned() + &"[],".repeat(len / 3 - 10) + "]",
            "a: {".to_owned() + &"b: c,".repeat(len / 5 - 10) + "}",
            "#".repeat(len),
            "\n".repeat(len),
            "a: ".to_owned() + &"b".repeat(len - 10),
            (0..len / 10).map(|n| format!("k{n}: v\n")).collect(),
        ] {
            let keys = apply(&mut Config::anonymous(), &text).unwrap();
            assert!(keys.credentials.is_empty(), "{:?}", text.get(..20));
        }
        assert!(start.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn reads_regular_files_of_at_most_1_mib() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        let len = usize::try_from(MAX_LEN).unwrap();
        std::fs::write(&path, "#".repeat(len)).unwrap();
        assert_eq!(read(&path).unwrap().len(), len);
        std::fs::write(&path, "#".repeat(len + 1)).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert_eq!(error, "is longer than 1048576 bytes");
        std::fs::write(&path, "\u{feff}a: b").unwrap();
        assert_eq!(read(&path).unwrap().as_str(), "a: b");
        for nul in [&b"a: b\0c: d"[..], b"a\0:\0 \0b\0"] {
            std::fs::write(&path, nul).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains("must be UTF-8"), "{error}");
        }
        std::fs::write(&path, b"a: \xff").unwrap();
        assert_eq!(read(&path).unwrap_err().to_string(), "is not valid UTF-8");
        assert!(
            read(folder.path())
                .unwrap_err()
                .to_string()
                .contains("a directory")
        );
    }
}
