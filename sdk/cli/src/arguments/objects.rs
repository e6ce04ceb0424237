//! Arguments of commands for buckets and objects.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::completion::{bucket_completer, remote_completer};
use crate::messages;
use crate::quantities::{parse_duration, parse_size, parse_validity};

/// Arguments of `ls`.
#[derive(Args, Debug)]
#[command(after_help = "\
PREFIX foo also matches foo2: write foo/ for the folder. The service caches
folders, so new ones may be missing for a while: -R lists all keys.

Examples:
  qingstor ls
  qingstor ls -l -H qs://bucket/photos/
  qingstor ls 'qs://bucket/logs/*/*.gz'
  qingstor ls -R --summarize qs://bucket")]
pub(crate) struct LsArguments {
    /// qs://BUCKET, qs://BUCKET/PREFIX or a pattern; all buckets by default
    #[arg(add = remote_completer())]
    pub(crate) path: Option<String>,
    /// Print time, size and storage class, too
    #[arg(long, short)]
    pub(crate) long: bool,
    /// Print sizes such as 1.5 MiB
    #[arg(long, short = 'H')]
    pub(crate) human: bool,
    /// List everything below the prefix
    #[arg(long, short = 'R')]
    pub(crate) recursive: bool,
    /// List all versions and delete markers
    #[arg(long)]
    pub(crate) versions: bool,
    /// Print the number of objects and their total size at the end
    #[arg(long)]
    pub(crate) summarize: bool,
    /// End each entry with a NUL character; for xargs -0, find -0 prints whole addresses
    #[arg(long, short = '0', conflicts_with_all = ["json", "summarize"])]
    pub(crate) print0: bool,
}

/// Arguments of `rm`.
#[derive(Args, Debug)]
#[command(after_help = "\
-r deletes the object KEY and everything below the folder KEY/, but not
other keys that start with KEY: the pattern 'qs://bucket/KEY*' selects those.

Examples:
  qingstor rm qs://bucket/a.txt qs://bucket/b.txt
  qingstor rm -r qs://bucket/photos
  qingstor rm --dry-run 'qs://bucket/logs/**/*.tmp'")]
pub(crate) struct RmArguments {
    /// qs://BUCKET/KEY or patterns
    #[arg(required = true, value_name = "PATH", add = remote_completer())]
    pub(crate) paths: Vec<String>,
    /// Delete folders with everything below them
    #[arg(long, short)]
    pub(crate) recursive: bool,
    /// Delete all versions and delete markers permanently
    #[arg(long)]
    pub(crate) versions: bool,
    /// Print what would be deleted, and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask; also -f and --force
    // `rm -rf` is a habit.
    #[arg(long, short, alias = "force", short_alias = 'f')]
    pub(crate) yes: bool,
}

/// Arguments of `cat`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  qingstor cat qs://bucket/notes.txt
  qingstor cat --range 0-99 qs://bucket/film.mov
  qingstor cat --range -100 qs://bucket/app.log")]
pub(crate) struct CatArguments {
    /// qs://BUCKET/KEY or patterns
    #[arg(required = true, value_name = "PATH", add = remote_completer())]
    pub(crate) paths: Vec<String>,
    /// Bytes to print: FIRST-LAST, FIRST-, or -N for the last N bytes
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true, value_parser = parse_range)]
    pub(crate) range: Option<String>,
    /// Version of the object
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<String>,
    /// File with the encryption key: 32 bytes, or their Base64
    #[arg(long, value_name = "FILE")]
    pub(crate) sse_key: Option<PathBuf>,
}

/// Arguments of `tee`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  make 2>&1 | qingstor tee qs://bucket/build.log")]
pub(crate) struct TeeArguments {
    /// qs://BUCKET/KEY
    #[arg(add = remote_completer())]
    pub(crate) path: String,
    #[command(flatten)]
    pub(crate) object: super::ObjectOptions,
}

/// Arguments of `stat`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  qingstor stat qs://bucket/a.txt
  qingstor stat --json qs://bucket")]
pub(crate) struct StatArguments {
    /// qs://BUCKET, qs://BUCKET/KEY or patterns
    #[arg(required = true, value_name = "PATH", add = remote_completer())]
    pub(crate) paths: Vec<String>,
    /// Print sizes such as 1.5 MiB
    #[arg(long, short = 'H')]
    pub(crate) human: bool,
    /// File with the encryption key: 32 bytes, or their Base64
    #[arg(long, value_name = "FILE")]
    pub(crate) sse_key: Option<PathBuf>,
}

/// Arguments of `du`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  qingstor du -H qs://bucket
  qingstor du qs://bucket/photos 'qs://bucket/logs/*.gz'")]
pub(crate) struct DuArguments {
    /// qs://BUCKET, qs://BUCKET/FOLDER or patterns
    #[arg(required = true, value_name = "PATH", add = remote_completer())]
    pub(crate) paths: Vec<String>,
    /// Print sizes such as 1.5 MiB
    #[arg(long, short = 'H')]
    pub(crate) human: bool,
}

/// Arguments of `find`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  qingstor find qs://bucket --name '*.log' --older-than 30d
  qingstor find -l -H qs://bucket/videos --larger 1G
  qingstor find -0 qs://bucket/tmp | xargs -0 qingstor --raw rm")]
pub(crate) struct FindArguments {
    /// qs://BUCKET or qs://BUCKET/FOLDER
    #[arg(add = remote_completer())]
    pub(crate) path: String,
    /// Only objects whose name, the part after the last /, matches this pattern
    #[arg(long, value_name = "GLOB")]
    pub(crate) name: Option<String>,
    /// Only objects last modified longer ago than this, such as 30d or 12h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) older_than: Option<Duration>,
    /// Only objects modified within this period, such as 30d or 12h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) newer_than: Option<Duration>,
    /// Only objects with more bytes, such as 10M
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) larger: Option<u64>,
    /// Only objects with fewer bytes, such as 1K
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) smaller: Option<u64>,
    /// Print time, size and storage class, too
    #[arg(long, short)]
    pub(crate) long: bool,
    /// Print sizes such as 1.5 MiB
    #[arg(long, short = 'H')]
    pub(crate) human: bool,
    /// End each entry with a NUL character, for xargs -0
    #[arg(long, short = '0', conflicts_with = "json")]
    pub(crate) print0: bool,
}

/// Arguments of `mb`.
#[derive(Args, Debug)]
#[command(after_help = "\
The zone is --zone or, without --profile and --config, QINGSTOR_ZONE.

Example:
  qingstor mb --zone pek3a qs://my-bucket")]
pub(crate) struct MbArguments {
    /// qs://BUCKET
    #[arg(required = true, value_name = "BUCKET")]
    pub(crate) buckets: Vec<String>,
}

/// Arguments of `rb`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  qingstor rb qs://my-bucket
  qingstor rb --force --yes qs://my-bucket")]
pub(crate) struct RbArguments {
    /// qs://BUCKET
    #[arg(required = true, value_name = "BUCKET", add = bucket_completer())]
    pub(crate) buckets: Vec<String>,
    /// Delete all objects, versions and unfinished uploads first
    #[arg(long)]
    pub(crate) force: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Arguments of `presign`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  qingstor presign --expires 1h qs://bucket/film.mov
  qingstor presign --curl --method PUT --content-type image/jpeg qs://bucket/cat.jpg")]
pub(crate) struct PresignArguments {
    /// qs://BUCKET/KEY
    #[arg(add = remote_completer())]
    pub(crate) path: String,
    /// Time during which the URL can be used, such as 10m, 1h or 7d
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_validity)]
    pub(crate) expires: Duration,
    /// GET, HEAD, PUT or DELETE
    #[arg(long, value_name = "METHOD", default_value = "GET", ignore_case = true, value_parser = ["GET", "HEAD", "PUT", "DELETE"])]
    pub(crate) method: String,
    /// Media type that the user of a PUT URL must send
    #[arg(long, value_name = "TYPE")]
    pub(crate) content_type: Option<String>,
    /// Print the curl command that uses the URL
    #[arg(long)]
    pub(crate) curl: bool,
}

/// Commands of `uploads`.
#[derive(Debug, Subcommand)]
pub(crate) enum UploadsCommand {
    /// List unfinished uploads
    #[command(after_help = "Example:\n  qingstor uploads ls qs://bucket/videos/")]
    Ls(UploadsArguments),
    /// Abort unfinished uploads, which frees their storage
    #[command(after_help = "Example:\n  qingstor uploads abort --older-than 7d qs://bucket")]
    Abort(AbortArguments),
}

/// Arguments of `uploads ls`.
#[derive(Args, Debug)]
pub(crate) struct UploadsArguments {
    /// qs://BUCKET or qs://BUCKET/FOLDER
    #[arg(add = remote_completer())]
    pub(crate) path: String,
    /// Only uploads started longer ago than this, such as 7d or 12h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) older_than: Option<Duration>,
}

/// Arguments of `uploads abort`.
#[derive(Args, Debug)]
pub(crate) struct AbortArguments {
    #[command(flatten)]
    pub(crate) uploads: UploadsArguments,
    /// Print what would be aborted, and abort nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Arguments of `doctor`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  qingstor doctor
  qingstor doctor qs://my-bucket")]
pub(crate) struct DoctorArguments {
    /// qs://BUCKET whose zone and rights are checked, too
    #[arg(value_name = "BUCKET", add = bucket_completer())]
    pub(crate) bucket: Option<String>,
}

/// Parses `FIRST-LAST`, `FIRST-` or `-N` into the value of a `Range` header.
fn parse_range(text: &str) -> Result<String, String> {
    let wrong = || Err(messages::expected_range());
    let Some((first, last)) = text.strip_prefix("bytes=").unwrap_or(text).split_once('-') else {
        return wrong();
    };
    let number = |text: &str| text.parse::<u64>().ok();
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(format!("bytes={first}-{last}")),
        (Some(first), None) if last.is_empty() => Ok(format!("bytes={first}-")),
        (None, Some(count)) if first.is_empty() && count > 0 => Ok(format!("bytes=-{count}")),
        _ => wrong(),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_range;

    #[test]
    fn ranges_have_three_forms() {
        for (text, header) in [
            ("0-99", "bytes=0-99"),
            ("5-", "bytes=5-"),
            ("-7", "bytes=-7"),
            ("bytes=1-2", "bytes=1-2"),
        ] {
            assert_eq!(parse_range(text).as_deref(), Ok(header), "{text}");
        }
        for text in ["", "-", "9-1", "a-b", "1-b", "-0", "1", "1-2-3"] {
            assert!(parse_range(text).is_err(), "{text}");
        }
    }
}
