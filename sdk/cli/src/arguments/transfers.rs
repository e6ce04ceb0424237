//! Arguments of commands that transfer files and objects.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use qingstor_sdk::PathFilter;

use crate::completion::path_completer;
use crate::exit::usage;
use crate::messages;
use crate::messages::reasons::filter_reason;
use crate::quantities::{parse_part_size, parse_rate};

const FILTER_EXAMPLE: &str = "\
A filter without / matches the name of a file or folder at any depth. With a
/ at the start or in the middle, it matches the path below the source. A
filter that matches a folder matches everything in it. Of several filters,
the last one that matches decides; a path that none matches is included,
unless the first filter is --include:

  --exclude '*.log' --include important.log
  --exclude .git --exclude node_modules --exclude '/build/*.tmp'
  --include '*.{jpg,png}' --exclude /drafts/";

/// Arguments of `cp` and `mv`.
#[derive(Args, Clone, Debug)]
#[command(after_help = copy_help())]
pub(crate) struct CopyArguments {
    /// Files, folders, qs://BUCKET/KEY, patterns, or - for standard input; then the target
    #[arg(required = true, num_args = 1.., value_name = "PATH", add = path_completer())]
    pub(crate) paths: Vec<OsString>,
    /// Include folders with everything below them
    #[arg(long, short)]
    pub(crate) recursive: bool,
    #[command(flatten)]
    pub(crate) filters: Filters,
    #[command(flatten)]
    pub(crate) transfer: TransferOptions,
    /// Skip targets that exist
    #[arg(long, short = 'n')]
    pub(crate) no_clobber: bool,
    #[command(flatten)]
    pub(crate) object: ObjectOptions,
}

const TARGETS: &str = "\
The target is a folder if it ends in /, is an existing folder, or if there
are several sources; otherwise it is the name of the copy.";

fn copy_help() -> String {
    format!(
        "{FILTER_EXAMPLE}

{TARGETS}

Examples:
  qingstor cp report.pdf qs://bucket/reports/
  qingstor cp -r photos qs://bucket/photos
  qingstor cp 'qs://bucket/logs/2026-*/*.gz' logs/
  qingstor cp qs://bucket/film.mov qs://archive/film.mov
  pg_dump db | qingstor cp - qs://bucket/db.sql"
    )
}

/// Returns the notes and examples of `mv`.
pub(super) fn move_help() -> String {
    format!(
        "{FILTER_EXAMPLE}

{TARGETS}

With -r, local folders that become empty are deleted, also the source. Those
that were empty before stay.

Examples:
  qingstor mv report.pdf qs://bucket/reports/
  qingstor mv -r logs qs://bucket/logs
  qingstor mv qs://bucket/a qs://archive/a"
    )
}

/// Arguments of `sync`.
#[derive(Args, Clone, Debug)]
#[command(after_help = sync_help())]
pub(crate) struct SyncArguments {
    /// Folder or qs://BUCKET/FOLDER to read
    #[arg(add = path_completer())]
    pub(crate) source: OsString,
    /// Folder or qs://BUCKET/FOLDER to change
    #[arg(add = path_completer())]
    pub(crate) target: OsString,
    /// Delete what the source does not have
    #[arg(long)]
    pub(crate) delete: bool,
    /// Delete nothing if more than this number would be deleted
    #[arg(long, value_name = "N", requires = "delete")]
    pub(crate) max_delete: Option<u64>,
    #[command(flatten)]
    pub(crate) comparison: Comparison,
    /// Do not replace targets that are newer than the source
    #[arg(long)]
    pub(crate) update: bool,
    #[command(flatten)]
    pub(crate) filters: Filters,
    #[command(flatten)]
    pub(crate) transfer: TransferOptions,
    #[command(flatten)]
    pub(crate) object: ObjectOptions,
}

fn sync_help() -> String {
    format!(
        "{FILTER_EXAMPLE}

Excluded paths are neither copied nor deleted.

Examples:
  qingstor sync photos qs://bucket/photos
  qingstor sync --delete --dry-run qs://bucket/photos photos
  qingstor sync qs://bucket/photos qs://archive/photos"
    )
}

/// Arguments of `check`.
#[derive(Args, Clone, Debug)]
#[command(after_help = check_help())]
pub(crate) struct CheckArguments {
    /// Folder or qs://BUCKET/FOLDER
    #[arg(add = path_completer())]
    pub(crate) source: OsString,
    /// Folder or qs://BUCKET/FOLDER
    #[arg(add = path_completer())]
    pub(crate) target: OsString,
    #[command(flatten)]
    pub(crate) comparison: Comparison,
    /// Do not report targets that are newer than the source
    #[arg(long)]
    pub(crate) update: bool,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// Skip symbolic links instead of following them
    #[arg(long)]
    pub(crate) no_follow_symlinks: bool,
    /// Compare keys that cannot be file names here with their encoded names, as --rename-invalid of sync
    #[arg(long)]
    pub(crate) rename_invalid: bool,
    /// Print sizes such as 1.5 MiB
    #[arg(long, short = 'H')]
    pub(crate) human: bool,
    /// File with the encryption key: 32 bytes, or their Base64
    #[arg(long, value_name = "FILE")]
    pub(crate) sse_key: Option<PathBuf>,
}

fn check_help() -> String {
    format!(
        "{FILTER_EXAMPLE}

A pair differs if its sizes, contents or times do, whichever side is newer. The
contents decide if both MD5s are known without reading a large file.

Exit codes: 0 equal, 1 something differs, 2 something could not be compared.

Examples:
  qingstor check photos qs://bucket/photos
  qingstor check --checksum qs://bucket/photos qs://archive/photos"
    )
}

/// How two files are compared.
#[derive(Args, Clone, Debug)]
pub(crate) struct Comparison {
    /// Compare sizes, not times
    #[arg(long, conflicts_with_all = ["checksum", "update"])]
    pub(crate) size_only: bool,
    /// Compare sizes and checksums, not times
    #[arg(long, conflicts_with = "update")]
    pub(crate) checksum: bool,
}

/// Which paths below a folder are included: `true` and a glob for `--include`, `false` and a glob for
/// `--exclude`, in the order of the command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    pub(crate) globs: Vec<(bool, String)>,
}

impl Filters {
    /// Returns the filter of paths.
    ///
    /// # Errors
    ///
    /// Returns a usage error if a glob is invalid.
    pub(crate) fn path_filter(&self) -> Result<PathFilter> {
        self.add_to(PathFilter::new(), PathFilter::include, PathFilter::exclude)
    }

    /// Adds the globs to a filter or a transfer, in their order.
    ///
    /// # Errors
    ///
    /// Returns a usage error if a glob is invalid.
    pub(crate) fn add_to<T>(
        &self,
        filtered: T,
        include: impl Fn(T, &str) -> Result<T, qingstor_sdk::Error>,
        exclude: impl Fn(T, &str) -> Result<T, qingstor_sdk::Error>,
    ) -> Result<T> {
        let mut globs = self.globs.iter();
        globs.try_fold(filtered, |filtered, (is_included, glob)| {
            let added = match is_included {
                true => include(filtered, glob),
                false => exclude(filtered, glob),
            };
            added.map_err(|error| invalid_filter(glob, &error))
        })
    }
}

/// Returns the usage error for a filter that is not a valid glob.
fn invalid_filter(glob: &str, error: &qingstor_sdk::Error) -> anyhow::Error {
    let text = error.message();
    let reason = text.strip_prefix(&format!("invalid glob `{glob}`: "));
    let reason = filter_reason(reason.unwrap_or(text));
    usage(messages::invalid_pattern(glob, reason))
}

// clap's derive does not keep the order of different options.
impl Args for Filters {
    fn augment_args(command: Command) -> Command {
        let filter = |name| {
            Arg::new(name)
                .long(name)
                .value_name("GLOB")
                .action(ArgAction::Append)
        };
        command
            .arg(filter("include").help("Include the paths that match; can be repeated"))
            .arg(filter("exclude").help("Exclude the paths that match; can be repeated"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Filters {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut globs = Vec::new();
        for (name, is_included) in [("include", true), ("exclude", false)] {
            let places = matches.indices_of(name).into_iter().flatten();
            let values = matches.get_many::<String>(name).into_iter().flatten();
            globs.extend(
                places
                    .zip(values)
                    .map(|(place, glob)| (place, (is_included, glob.clone()))),
            );
        }
        globs.sort_by_key(|(place, _)| *place);
        Ok(Self {
            globs: globs.into_iter().map(|(_, glob)| glob).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// How files and objects are transferred.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Transfers")]
pub(crate) struct TransferOptions {
    /// Print what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Number of files at the same time; by default 16 single files, or 32 files of a folder
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Number of parts of one file at the same time; by default, it adapts to the throughput
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) concurrency: Option<u16>,
    /// Size of the parts of large files, 4M to 5G; by default 8M, or 512M for copies in a zone; copies between zones keep those of the source
    #[arg(long, value_name = "SIZE", value_parser = parse_part_size)]
    pub(crate) part_size: Option<u64>,
    /// Maximum bytes per second of the whole command, such as 2M; single files follow one after the other
    #[arg(long, value_name = "SIZE", value_parser = parse_rate)]
    pub(crate) limit_rate: Option<u64>,
    #[command(flatten)]
    pub(crate) verification: Verification,
    /// Wait until downloaded files are on the disk; mv always does
    #[arg(long)]
    pub(crate) fsync: bool,
    /// Continue interrupted transfers of large files, and keep what this one leaves
    #[arg(long)]
    pub(crate) resume: bool,
    /// Show progress even if standard error is not a terminal: a line every few seconds
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) progress: bool,
    /// Skip symbolic links instead of following them
    #[arg(long)]
    pub(crate) no_follow_symlinks: bool,
    /// Encode keys that cannot be file names here, instead of reporting them; uploads decode them
    #[arg(long)]
    pub(crate) rename_invalid: bool,
}

/// Whether checksums are compared after a transfer.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Verification {
    /// Compare checksums after each transfer (default)
    #[arg(long, overrides_with = "no_verify")]
    pub(crate) verify: bool,
    /// Do not compare checksums, which saves CPU time
    #[arg(long)]
    pub(crate) no_verify: bool,
}

/// Properties of stored objects.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Properties of stored objects")]
pub(crate) struct ObjectOptions {
    /// Media type; by default, that of the file name extension, or of the copied object
    #[arg(long, value_name = "TYPE")]
    pub(crate) content_type: Option<String>,
    /// Storage class, such as STANDARD_IA; by default STANDARD, or that of the copied object
    #[arg(long, value_name = "CLASS")]
    pub(crate) storage_class: Option<String>,
    /// User metadata; can be repeated. Replaces that of copied objects, except the time of the file
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) meta: Vec<(String, String)>,
    /// File with the encryption key: 32 bytes, or their Base64
    #[arg(long, value_name = "FILE")]
    pub(crate) sse_key: Option<PathBuf>,
}

/// Parses `KEY=VALUE`.
fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(messages::expected_pair(text)),
    }
}
