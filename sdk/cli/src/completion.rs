//! Completion of buckets, keys and files in a shell.

pub(crate) mod shells;

use std::ffi::OsStr;
use std::time::Duration;

use anyhow::Result;
use clap_complete::CompletionCandidate;
use clap_complete::engine::{ArgValueCompleter, PathCompleter, ValueCompleter as _};
use qingstor_sdk::{QingStor, RetryPolicy};

use crate::global_options::GlobalOptions;
use crate::location::SCHEME;
use crate::session::Session;

/// The longest time that a shell waits for candidates.
const MAX_WAIT: Duration = Duration::from_secs(3);
/// The largest number of candidates.
const MAX_CANDIDATES: usize = 200;

/// Returns the completer of arguments that are paths of files or objects.
pub(crate) fn path_completer() -> ArgValueCompleter {
    ArgValueCompleter::new(complete_path)
}

/// Returns the completer of arguments that are paths of objects.
pub(crate) fn remote_completer() -> ArgValueCompleter {
    ArgValueCompleter::new(complete_remote)
}

/// Returns the completer of arguments that are buckets.
pub(crate) fn bucket_completer() -> ArgValueCompleter {
    ArgValueCompleter::new(complete_bucket)
}

/// Returns the buckets, or the keys and folders of a bucket, that start with the text; for other
/// texts, files.
fn complete_path(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(text) = current.to_str().map(unquoted) else {
        return PathCompleter::any().complete(current);
    };
    if text.starts_with(SCHEME) {
        return complete_remote(current);
    }
    let mut all = PathCompleter::any().complete(OsStr::new(&text));
    if !text.is_empty() {
        all.extend(complete_remote(current));
    }
    all
}

/// Returns the buckets, or the keys and folders of a bucket, that start with the text.
fn complete_remote(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = unquoted(current.to_str().unwrap_or_default());
    match text.strip_prefix(SCHEME) {
        Some(rest) => candidates(SCHEME, rest),
        None if SCHEME.starts_with(&text) => candidates(SCHEME, ""),
        None => Vec::new(),
    }
}

/// Returns the buckets that start with the text, which may have a scheme.
fn complete_bucket(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = unquoted(current.to_str().unwrap_or_default());
    let (scheme, rest) = match text.strip_prefix(SCHEME) {
        Some(rest) => (SCHEME, rest),
        None => ("", text.as_str()),
    };
    match rest.contains('/') {
        true => Vec::new(),
        false => candidates(scheme, rest),
    }
}

/// Returns the word that a shell makes of a word in the command line, which can be incomplete: the
/// scripts pass it with its quotes. The backslash of Windows is a separator.
fn unquoted(word: &str) -> String {
    if cfg!(windows) {
        return word.to_owned();
    }
    let mut text = String::new();
    let mut quote = None;
    let mut characters = word.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\'' | '"', None) => quote = Some(character),
            (end, Some(start)) if end == start => quote = None,
            ('\\', Some('"')) => {
                let escaped = characters.next_if(|next| "\\\"$`".contains(*next));
                text.push(escaped.unwrap_or('\\'));
            }
            ('\\', None) => text.extend(characters.next()),
            (character, _) => text.push(character),
        }
    }
    text
}

/// Returns the global options in the words of the command line: they select the settings.
fn global_options(words: impl IntoIterator<Item = String>) -> GlobalOptions {
    let mut options = GlobalOptions::default();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let mut value = || {
            value
                .clone()
                .or_else(|| words.next())
                .as_deref()
                .map(unquoted)
        };
        match name {
            "--config" => options.config = value().map(Into::into),
            "--profile" => options.profile = value(),
            "--endpoint" => options.endpoint = value(),
            "--zone" => options.zone = value(),
            "--anonymous" => options.anonymous = true,
            _ => {}
        }
    }
    options
}

/// A shell has no place for errors, so an error is the same as no candidates.
fn candidates(scheme: &str, rest: &str) -> Vec<CompletionCandidate> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return Vec::new();
    };
    let found =
        runtime.block_on(async { tokio::time::timeout(MAX_WAIT, list(scheme, rest)).await });
    let found = found.ok().and_then(Result::ok).unwrap_or_default();
    // Shells read one candidate per line.
    let found = found
        .into_iter()
        .filter(|text| !text.contains(char::is_control));
    found.map(CompletionCandidate::new).collect()
}

async fn list(scheme: &str, rest: &str) -> Result<Vec<String>> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    let options = global_options(words.filter_map(|word| word.into_string().ok()));
    let session = Session::new(options);
    let client = QingStor::new(session.config()?.retry(RetryPolicy::never()))?;
    let Some((name, prefix)) = rest.split_once('/') else {
        // An address continues with a key.
        let end = if scheme.is_empty() { "" } else { "/" };
        let mut names = Vec::new();
        let mut buckets = client.list_buckets().items();
        while let Some(bucket) = buckets.next().await {
            let bucket = bucket?;
            if bucket.name.starts_with(rest) && names.len() < MAX_CANDIDATES {
                names.push(format!("{scheme}{}{end}", bucket.name));
            }
        }
        return Ok(names);
    };
    let bucket = match session.known_bucket(&client, name) {
        Some(bucket) => bucket?,
        None => client.bucket_in_its_zone(name).await?,
    };
    let page = bucket
        .list_objects()
        .prefix(prefix)
        .delimiter("/")
        .limit(MAX_CANDIDATES as u32)
        .await?;
    let keys = page.keys.into_iter().map(|object| object.key);
    let all = page.common_prefixes.into_iter().chain(keys);
    Ok(all.map(|key| format!("{scheme}{name}/{key}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(windows))]
    fn words_lose_their_quotes() {
        for (word, expected) in [
            ("qs://b/a", "qs://b/a"),
            (r"a\ b\", "a b"),
            ("'a b", "a b"),
            (r"'a\b' c", r"a\b c"),
            (r#""a\"b\c$""#, r#"a"b\c$"#),
            (r#"it\'s"#, "it's"),
            ("文\\ 件", "文 件"),
            ("", ""),
        ] {
            assert_eq!(unquoted(word), expected, "{word}");
        }
    }

    #[test]
    fn options_of_the_command_line_select_the_settings() {
        let words = "qingstor ls --profile work --zone=pek3a --anonymous -l --config";
        let found = global_options(words.split(' ').map(str::to_owned));
        let expected = GlobalOptions {
            profile: Some("work".to_owned()),
            zone: Some("pek3a".to_owned()),
            anonymous: true,
            ..GlobalOptions::default()
        };
        assert_eq!(found, expected);
    }
}
