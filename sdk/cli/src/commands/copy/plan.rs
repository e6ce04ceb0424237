//! The transfers that the operands of `cp` and `mv` select.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use qingstor_sdk::SkipReason;

use super::super::folder::{FolderJob, LocationPair};
use super::super::inapplicable_options;
use super::claimed_targets::ClaimedTargets;
use super::file::{FileJob, failed_verb};
use crate::action::{Action, Operands, Verb};
use crate::arguments::{CopyArguments, of_transfer};
use crate::exit::{UsageError, usage};
use crate::listing::{Selection, find, has_objects_below, nothing};
use crate::location::{Location, Remote, both_local, ends_with_separator};
use crate::messages;
use crate::messages::reasons::skip_reason;
use crate::output::Output;
use crate::pattern::Pattern;
use crate::session::Session;
use crate::special_files::is_terminal;

/// One operand and its target.
pub(super) enum Job {
    /// A single file or object.
    File(FileJob),
    /// A folder, or a part of it.
    Folder(FolderJob),
}

impl Job {
    /// Returns whether content is printed where a progress display is.
    pub(super) fn prints_on_terminal(&self) -> bool {
        let Self::File(file) = self else { return false };
        io::stderr().is_terminal()
            && match &file.target {
                Location::Stdio => io::stdout().is_terminal(),
                Location::Local(path) => is_terminal(path),
                Location::Remote(_) => false,
            }
    }
}

/// The kind of a source.
enum Source {
    File(Location),
    Folder(Location),
    /// A folder, and an object with its name, which is not a part of it.
    ObjectAndFolder(Location),
    /// The folder of a pattern, the pattern, and the operand.
    Pattern(Location, Pattern, String),
}

impl Source {
    /// Returns the file or object, or the folder.
    fn location(&self) -> &Location {
        match self {
            Self::File(location)
            | Self::Folder(location)
            | Self::ObjectAndFolder(location)
            | Self::Pattern(location, ..) => location,
        }
    }

    /// Returns the operand, as the user wrote it.
    fn operand(&self) -> String {
        match self {
            Self::Pattern(.., operand) => operand.clone(),
            source => source.location().to_string(),
        }
    }
}

/// Plans the transfers, and returns them with the targets of single files. A source that cannot be
/// used, or whose target another one has, is reported, and the others are planned.
///
/// # Errors
///
/// Returns a usage error if the operands do not go together.
pub(super) async fn plan(
    session: &Session,
    output: &Output,
    arguments: &CopyArguments,
    is_move: bool,
) -> Result<(Vec<Job>, ClaimedTargets)> {
    let (target, sources) = match arguments.paths.split_last() {
        Some((target, sources)) if !sources.is_empty() => (target, sources),
        _ => return Err(usage(messages::needs_target())),
    };
    let target_text = target;
    let target = Location::parse_target(target)?;
    target.check_target()?;
    let verb = |source: &Location| failed_verb(source, &target, is_move);
    let operands = |source: &Location| Operands::new(verb(source), source).to(&target);
    let locations: Vec<_> = sources
        .iter()
        .map(|source| {
            let parsed = Location::parse_source(source);
            parsed.with_context(|| of_transfer(source, Some(target_text), is_move))
        })
        .collect::<Result<_>>()?;
    for source in &locations {
        if matches!(
            (source, &target),
            (
                Location::Local(_) | Location::Stdio,
                Location::Local(_) | Location::Stdio
            )
        ) {
            return Err(both_local(source, &target).context(operands(source)));
        }
    }
    inapplicable_options::check(&arguments.transfer, &arguments.object, &locations, &target)?;
    let filter = arguments.filters.path_filter()?;
    if target == Location::Stdio {
        if is_move {
            return Err(usage(messages::move_to_stdout()));
        }
        output.print_content();
    }
    let mut kinds = Vec::new();
    for location in locations {
        // A path that ends in `/` is the folder that a link leads to.
        if arguments.transfer.no_follow_symlinks
            && matches!(&location, Location::Local(path) if path.is_symlink())
        {
            let (name, reason) = (location.to_string(), messages::symbolic_link());
            let mut action = Action::new(Verb::Skip, &name);
            action.reason = Some(&reason);
            output.action(&action);
            continue;
        }
        session.prepare_copy(&location, &target).await;
        match kind(session, arguments, is_move, &location).await {
            Ok(Source::ObjectAndFolder(location)) => {
                let name = location.to_string();
                let action = Action::new(verb(&location), &name);
                output.failed(&action, &anyhow!(messages::object_and_folder()));
                kinds.push(Source::Folder(location));
            }
            Ok(Source::File(file))
                if file != Location::Stdio && !filter.includes(&file_name(&file)) => {}
            Ok(source) => kinds.push(source),
            Err(error) if error.is::<UsageError>() => {
                return Err(error.context(operands(&location)));
            }
            Err(error) => {
                let name = location.to_string();
                output.failed(&Action::new(verb(&location), &name), &error);
            }
        }
    }
    let is_folder = match &target {
        Location::Remote(remote) => remote.is_folder(),
        Location::Local(path) => ends_with_separator(path) || path.is_dir(),
        Location::Stdio => false,
    };
    let has_several = sources.len() > 1;
    if has_several && !is_folder {
        if target == Location::Stdio {
            return Err(usage(messages::several_to_stdout()));
        }
        if matches!(&target, Location::Local(path) if path.exists()) {
            return Err(usage(messages::several_to_one(target_text.display())));
        }
    }
    let mut targets = ClaimedTargets::new(&target, !arguments.transfer.dry_run);
    let mut jobs = Vec::new();
    for source in kinds {
        let (location, operand) = (source.location().clone(), source.operand());
        let job = match job(source, &target, is_folder || has_several, has_several) {
            Err(error) if error.is::<UsageError>() => {
                return Err(error.context(operands(&location)));
            }
            Err(error) => {
                output.failed(&Action::new(verb(&location), &operand), &error);
                continue;
            }
            Ok(job) => job,
        };
        if let Job::Folder(folder) = &job {
            let checked = folder.locations.check(folder.pattern.as_ref(), is_move);
            checked.with_context(|| folder.operands(is_move))?;
        }
        if let Job::File(file) = &job {
            let (source, path) = (file.source.to_string(), file.target.to_string());
            if let Err(error) = targets.add(&path, &source) {
                let action = Action::new(verb(&file.source), &source).to(&path);
                output.failed(&action, &error);
                continue;
            }
        }
        jobs.push(job);
    }
    Ok((jobs, targets))
}

async fn kind(
    session: &Session,
    arguments: &CopyArguments,
    is_move: bool,
    location: &Location,
) -> Result<Source> {
    let recursive = arguments.recursive;
    match location {
        Location::Stdio => Ok(Source::File(Location::Stdio)),
        Location::Remote(remote) => match Selection::of(session, remote, recursive).await? {
            Selection::Object => Ok(Source::File(location.clone())),
            Selection::Folder if recursive => {
                let source = location.clone();
                if remote.is_folder() || find(session, remote).await?.is_none() {
                    return Ok(Source::Folder(source));
                }
                Ok(match has_objects_below(session, remote).await? {
                    true => Source::ObjectAndFolder(source),
                    false => Source::File(source),
                })
            }
            Selection::Folder => Err(usage(messages::folder_needs_recursive(remote))),
            Selection::Pattern(pattern) => {
                let folder = Remote::new(&remote.bucket, pattern.folder());
                Ok(Source::Pattern(
                    Location::Remote(folder),
                    pattern,
                    remote.to_string(),
                ))
            }
        },
        // The files belong to the other folder, which the link would outlive.
        Location::Local(path) if is_move && recursive && path.is_symlink() && path.is_dir() => {
            Err(anyhow!(messages::move_of_link(path.display())))
        }
        Location::Local(path) => local_kind(session, recursive, path),
    }
}

/// A file that exists under the literal name wins over a pattern.
fn local_kind(session: &Session, recursive: bool, path: &Path) -> Result<Source> {
    let location = Location::Local(path.to_owned());
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
            return Err(anyhow!(skip_reason(&SkipReason::DanglingLink)));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match local_pattern(session, path)? {
                Some((folder, pattern)) if folder.is_dir() => {
                    let pattern = pattern.recursive(recursive);
                    let operand = path.display().to_string();
                    Ok(Source::Pattern(Location::Local(folder), pattern, operand))
                }
                Some(_) => Err(nothing(&path.display().to_string())),
                None => Err(anyhow!(messages::no_such_file(path.display()))),
            };
        }
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    if metadata.is_dir() {
        return match recursive {
            true => Ok(Source::Folder(location)),
            false => Err(usage(messages::folder_needs_recursive(path.display()))),
        };
    }
    match metadata.is_file() {
        true => Ok(Source::File(location)),
        false => Err(anyhow!(messages::not_a_file(path.display()))),
    }
}

/// Returns the folder of a pattern for files, and the pattern for paths below it.
fn local_pattern(session: &Session, path: &Path) -> Result<Option<(PathBuf, Pattern)>> {
    let text = path.to_str().filter(|_| !session.options().raw);
    let Some(text) = text else {
        return Ok(None);
    };
    let Some(pattern) = Pattern::parse(text)? else {
        return Ok(None);
    };
    let folder = pattern.folder().to_owned();
    let below = text.get(folder.len()..).unwrap_or_default();
    let folder = if folder.is_empty() {
        PathBuf::from(".")
    } else {
        PathBuf::from(folder)
    };
    Ok(Pattern::parse(below)?.map(|pattern| (folder, pattern)))
}

/// Returns the transfer of a source. `into_folder` means that the target is a folder; `named`, that a
/// folder keeps its name, because there are several sources.
fn job(source: Source, target: &Location, into_folder: bool, named: bool) -> Result<Job> {
    match source {
        Source::File(source) => {
            let target = match into_folder {
                true => below(target, &name(&source)?),
                false => target.clone(),
            };
            Ok(Job::File(FileJob { source, target }))
        }
        Source::Folder(source) | Source::ObjectAndFolder(source) => {
            let target = match named {
                true => below(target, &name(&source)?),
                false => target.clone(),
            };
            Ok(Job::Folder(FolderJob {
                operand: source.to_string(),
                locations: LocationPair { source, target },
                pattern: None,
                excluded: Arc::default(),
            }))
        }
        Source::Pattern(source, pattern, operand) => Ok(Job::Folder(FolderJob {
            locations: LocationPair {
                source,
                target: target.clone(),
            },
            pattern: Some(pattern),
            operand,
            excluded: Arc::default(),
        })),
    }
}

/// Returns the name of a file or object, for filters.
fn file_name(file: &Location) -> String {
    match file {
        Location::Remote(remote) => remote.name().to_owned(),
        Location::Local(path) => {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        }
        Location::Stdio => String::new(),
    }
}

/// Returns the last name of a path.
fn name(source: &Location) -> Result<String> {
    match source {
        Location::Stdio => Err(usage(messages::stdin_needs_key())),
        Location::Remote(remote) => {
            let folder = Remote::new("", remote.key.trim_end_matches('/'));
            let name = match folder.name() {
                "" => &remote.bucket,
                name => name,
            };
            match name {
                "." | ".." => Err(anyhow!(messages::unsafe_name(&remote.key))),
                name => Ok(name.to_owned()),
            }
        }
        Location::Local(path) => {
            let name = match path.file_name() {
                Some(name) => Some(name.to_owned()),
                // `.` and `..` have the names of the folders that they lead to.
                None => {
                    let whole = path.canonicalize();
                    let whole = whole.with_context(|| path.display().to_string())?;
                    whole.file_name().map(ToOwned::to_owned)
                }
            };
            let name = name.unwrap_or_default();
            match name.to_str() {
                Some(name) => Ok(name.to_owned()),
                None => Err(anyhow!(skip_reason(&SkipReason::NotUtf8))),
            }
        }
    }
}

/// Returns the place of a name in a folder.
fn below(folder: &Location, name: &str) -> Location {
    match folder {
        Location::Remote(remote) => {
            let key = format!("{}{name}", remote.folder_prefix());
            Location::Remote(Remote::new(&remote.bucket, key))
        }
        Location::Local(path) => Location::Local(path.join(name)),
        Location::Stdio => Location::Stdio,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(key: &str) -> Location {
        Location::Remote(Remote::new("b", key))
    }

    #[test]
    fn names_and_folders_make_targets() {
        assert_eq!(name(&remote("a/b.txt")).unwrap(), "b.txt");
        assert_eq!(name(&remote("a/b/")).unwrap(), "b");
        assert_eq!(name(&remote("")).unwrap(), "b");
        assert!(name(&remote("a/..")).is_err());
        assert_eq!(below(&remote(""), "x"), remote("x"));
        assert_eq!(below(&remote("f"), "x"), remote("f/x"));
        assert_eq!(below(&remote("f/"), "x"), remote("f/x"));
        let folder = Location::Local("d/".into());
        assert_eq!(below(&folder, "x"), Location::Local("d/x".into()));
    }
}
