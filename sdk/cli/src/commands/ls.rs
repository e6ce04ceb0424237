//! `ls`: lists buckets or objects.

use std::collections::HashSet;

use anyhow::Result;
use qingstor_sdk::Timestamp;
use qingstor_sdk::types::{ObjectSummary, ObjectVersionSummary, StorageClass};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::arguments::LsArguments;
use crate::exit::usage;
use crate::listing::{PAGE_SIZE, Selection, nothing};
use crate::location::{Remote, SCHEME};
use crate::messages;
use crate::output::{Output, printable};
use crate::pattern::Pattern;
use crate::quantities::{size_phrase, size_text};
use crate::session::Session;

/// Width of the column of sizes.
const SIZE_WIDTH: usize = 12;
/// Width of the column of storage classes.
const CLASS_WIDTH: usize = 11;
/// Width of the column of times.
const TIME_WIDTH: usize = 20;

/// Runs the command.
pub(super) async fn run(session: &Session, output: &Output, arguments: LsArguments) -> Result<()> {
    if arguments.print0 {
        output.end_with_nul();
    }
    let Some(path) = &arguments.path else {
        for (option, is_set) in [
            ("-R", arguments.recursive),
            ("--versions", arguments.versions),
            ("--summarize", arguments.summarize),
            ("-H", arguments.human),
        ] {
            if is_set {
                return Err(usage(messages::needs_listed_bucket(option)));
            }
        }
        return list_buckets(session, output, &arguments).await;
    };
    if arguments.human && !arguments.long && !arguments.summarize && !output.json() {
        return Err(usage(messages::needs_sizes()));
    }
    let remote = Remote::parse(path)?;
    list(session, output, &arguments, &remote).await
}

async fn list(
    session: &Session,
    output: &Output,
    arguments: &LsArguments,
    remote: &Remote,
) -> Result<()> {
    let pattern = match Selection::of(session, remote, arguments.recursive).await? {
        Selection::Pattern(pattern) => Some(pattern),
        Selection::Object | Selection::Folder => None,
    };
    let mut list = List {
        output,
        arguments,
        remote,
        pattern,
        objects: 0,
        bytes: 0,
        folders: HashSet::new(),
    };
    match arguments.versions {
        true => list.versions(session).await?,
        false => list.objects(session).await?,
    }
    if list.objects == 0 && list.folders.is_empty() && !remote.key.is_empty() {
        return Err(nothing(&remote.to_string()));
    }
    match arguments.summarize {
        true => list.summary(),
        false => Ok(()),
    }
}

async fn list_buckets(session: &Session, output: &Output, arguments: &LsArguments) -> Result<()> {
    let mut call = session.client()?.list_buckets();
    if let Some(zone) = session.zone() {
        call = call.location(zone);
    }
    let mut buckets = call.items();
    while let Some(bucket) = buckets.next().await {
        let bucket = bucket?;
        let address = format!("{SCHEME}{}", bucket.name);
        let text = |address: &str| match arguments.long {
            true => format!(
                "{:TIME_WIDTH$}  {:8}  {address}",
                time_text(bucket.created),
                printable(&bucket.location)
            ),
            false => address.to_owned(),
        };
        output.entry(&address, text, || json!(bucket))?;
    }
    Ok(())
}

struct List<'a> {
    output: &'a Output,
    arguments: &'a LsArguments,
    remote: &'a Remote,
    pattern: Option<Pattern>,
    objects: u64,
    bytes: u64,
    /// The folders that are listed, with `/` at the end.
    folders: HashSet<String>,
}

impl List<'_> {
    fn prefix(&self) -> String {
        match &self.pattern {
            Some(pattern) => pattern.prefix().to_owned(),
            None => self.remote.key.clone(),
        }
    }

    /// Returns the delimiter, if folders are shown instead of what is below them.
    fn delimiter(&self) -> Option<&'static str> {
        let is_in_folder = Pattern::stays_in_folder;
        let has_folders = !self.arguments.recursive;
        (has_folders && self.pattern.as_ref().is_none_or(is_in_folder)).then_some("/")
    }

    async fn objects(&mut self, session: &Session) -> Result<()> {
        let bucket = session.bucket(&self.remote.bucket).await?;
        let mut call = bucket.list_objects().prefix(self.prefix()).limit(PAGE_SIZE);
        if let Some(delimiter) = self.delimiter() {
            call = call.delimiter(delimiter);
        }
        let mut pages = call.pages();
        while let Some(page) = pages.next().await {
            let page = page?;
            self.common_prefixes(&page.common_prefixes)?;
            for object in &page.keys {
                self.object(object)?;
            }
        }
        Ok(())
    }

    async fn versions(&mut self, session: &Session) -> Result<()> {
        let bucket = session.bucket(&self.remote.bucket).await?;
        let mut call = bucket
            .list_object_versions()
            .prefix(self.prefix())
            .limit(PAGE_SIZE);
        if let Some(delimiter) = self.delimiter() {
            call = call.delimiter(delimiter);
        }
        let mut pages = call.pages();
        while let Some(page) = pages.next().await {
            let page = page?;
            self.common_prefixes(&page.common_prefixes)?;
            for version in &page.keys {
                self.version(version)?;
            }
        }
        Ok(())
    }

    fn common_prefixes(&mut self, prefixes: &[String]) -> Result<()> {
        for prefix in prefixes {
            self.folder(prefix)?;
        }
        Ok(())
    }

    /// Lists the folders that contain a key, and match the pattern, if the list has no common prefixes.
    fn folders_above(&mut self, key: &str) -> Result<()> {
        if self.arguments.recursive || self.delimiter().is_some() {
            return Ok(());
        }
        for (end, _) in key.match_indices('/') {
            self.folder(key.get(..=end).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Lists a folder, unless it is already listed, or does not match.
    fn folder(&mut self, prefix: &str) -> Result<()> {
        let mut pattern = self.pattern.iter();
        if !pattern.all(|pattern| pattern.matches_folder(prefix)) || self.folders.contains(prefix) {
            return Ok(());
        }
        self.folders.insert(prefix.to_owned());
        let text = |prefix: &str| match self.arguments.long {
            true => columns(None, None, None, prefix),
            false => prefix.to_owned(),
        };
        self.output.entry(
            prefix,
            text,
            || json!({"bucket": self.remote.bucket, "prefix": prefix}),
        )
    }

    fn object(&mut self, object: &ObjectSummary) -> Result<()> {
        self.folders_above(&object.key)?;
        if !self.is_listed(&object.key) {
            return Ok(());
        }
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(object.size);
        let text = |key: &str| match self.arguments.long {
            true => object_columns(object, self.arguments.human, key),
            false => key.to_owned(),
        };
        self.output.entry(&object.key, text, || {
            with_bucket(object, &self.remote.bucket)
        })
    }

    fn version(&mut self, version: &ObjectVersionSummary) -> Result<()> {
        self.folders_above(&version.key)?;
        if !self.is_listed(&version.key) {
            return Ok(());
        }
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(version.size);
        let text = |key: &str| {
            let key = match self.arguments.long {
                true => columns(
                    version.modified,
                    version.storage_class.as_ref(),
                    Some(size_text(version.size, self.arguments.human)),
                    key,
                ),
                false => key.to_owned(),
            };
            let marks = [
                (version.is_latest, " latest"),
                (version.delete_marker, " deleted"),
            ];
            let marks: String = marks
                .iter()
                .filter(|(is_set, _)| *is_set)
                .map(|(_, mark)| *mark)
                .collect();
            format!("{key}  {}{marks}", printable(&version.version_id))
        };
        self.output.entry(&version.key, text, || {
            with_bucket(version, &self.remote.bucket)
        })
    }

    /// Returns whether a key matches, and is not listed as a folder.
    fn is_listed(&self, key: &str) -> bool {
        let mut pattern = self.pattern.iter();
        pattern.all(|pattern| pattern.matches(key)) && !self.folders.contains(key)
    }

    fn summary(&self) -> Result<()> {
        let size = size_phrase(self.bytes, self.arguments.human);
        self.output.result(
            || messages::summary(self.objects, messages::plural(self.objects), size),
            || json!({"objects": self.objects, "bytes": self.bytes}),
        )
    }
}

/// Returns the line of an object with its time, storage class and size. `name`: its key or address.
pub(super) fn object_columns(object: &ObjectSummary, human: bool, name: &str) -> String {
    columns(
        object.modified,
        object.storage_class.as_ref(),
        Some(size_text(object.size, human)),
        name,
    )
}

fn columns(
    time: Option<Timestamp>,
    class: Option<&StorageClass>,
    size: Option<String>,
    name: &str,
) -> String {
    let size = size.unwrap_or_default();
    let class = class.map(StorageClass::as_str).unwrap_or_default();
    let time = time_text(time);
    format!("{time:TIME_WIDTH$}  {class:CLASS_WIDTH$}  {size:>SIZE_WIDTH$}  {name}")
}

/// Returns the fields of a listed object or upload, and its bucket.
pub(super) fn with_bucket(object: &impl Serialize, bucket: &str) -> Value {
    let mut value = json!(object);
    if let Value::Object(fields) = &mut value {
        fields.insert("bucket".to_owned(), bucket.into());
        unify(fields);
    }
    value
}

/// Gives the fields of the API one form: times are ISO texts, ETags have no quotes.
pub(super) fn unify(fields: &mut Map<String, Value>) {
    if let Some(modified) = fields.get_mut("modified")
        && let Some(seconds) = modified.as_i64()
        && let Ok(time) = Timestamp::from_unix_seconds(seconds)
    {
        *modified = time.to_string().into();
    }
    if let Some(Value::String(etag)) = fields.get_mut("etag") {
        *etag = etag.trim_matches('"').to_owned();
    }
}

/// Returns a time as text, to the second.
pub(super) fn time_text(time: Option<Timestamp>) -> String {
    let time = time.and_then(|time| Timestamp::from_unix_seconds(time.as_unix_seconds()).ok());
    time.map(|time| time.to_string()).unwrap_or_default()
}
