//! Checks out specifications of git revisions, given as `REV:PATH`, into temporary folders.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::shown;

/// Temporary folders with the files of revisions.
#[derive(Default)]
pub(super) struct Revisions {
    folders: Vec<Revision>,
}

struct Revision {
    name: String,
    folder: TempDir,
    /// Parts of the tree that are already written.
    parts: Vec<String>,
}

impl Revisions {
    /// Returns the path of a file or folder that was given as a path or as `REV:PATH`.
    pub(super) fn path(&mut self, given: &str) -> Result<PathBuf> {
        let Some((revision, path)) = split(given) else {
            if !Path::new(given).exists() {
                bail!("error[diff]: {given}: no such file; write a revision as REV:PATH");
            }
            return Ok(PathBuf::from(given));
        };
        let path = clean(given, path)?;
        let tree = self.checked(given, revision, &path)?;
        let part = path.split('/').next().unwrap_or_default().to_owned();
        let index = self.folder(revision)?;
        let Some(there) = self.folders.get_mut(index) else {
            bail!("error[diff]: {given}: the temporary folder no longer exists");
        };
        if !there
            .parts
            .iter()
            .any(|known| *known == part || known.is_empty())
        {
            write(given, &tree, &part, there.folder.path())?;
            there.parts.push(part);
        }
        Ok(there.tree().join(path))
    }

    /// Returns the revision in the argument, and the folder with its files.
    pub(super) fn of(&self, given: &str) -> Option<(&str, PathBuf)> {
        let (revision, _) = split(given)?;
        let found = self.folders.iter().find(|one| one.name == revision)?;
        Some((&found.name, found.tree()))
    }

    /// Replaces the names of temporary folders in a message by their revisions.
    pub(super) fn named(&self, message: &str) -> String {
        let mut message = message.to_owned();
        for one in &self.folders {
            let folder = shown(&one.tree());
            let name = format!("{}:", one.name);
            message = message.replace(&format!("{folder}/"), &name);
            message = message.replace(&folder, &name);
        }
        message
    }

    /// Checks that the path exists in the revision, and returns the ID of the revision's tree.
    fn checked(&self, given: &str, revision: &str, path: &str) -> Result<String> {
        let tree = format!("{revision}^{{tree}}");
        let verify = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
        let output = git(Command::new("git").args(verify).arg(&tree))?;
        if !output.status.success() {
            bail!(
                "error[diff]: {given}: git does not know the revision `{revision}` here{}",
                detail(&output)
            );
        }
        let tree = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let found = git(Command::new("git").args(["cat-file", "-e", &format!("{tree}:{path}")]))?;
        if !found.status.success() {
            bail!(
                "error[diff]: {given}: `{revision}` does not contain `{path}`; the path starts at the root of the repository"
            );
        }
        Ok(tree)
    }

    fn folder(&mut self, revision: &str) -> Result<usize> {
        let known = self.folders.iter().position(|one| one.name == revision);
        if let Some(known) = known {
            return Ok(known);
        }
        self.folders.push(Revision {
            name: revision.to_owned(),
            folder: tempfile::tempdir().context("error[diff]: cannot create a temporary folder")?,
            parts: Vec::new(),
        });
        Ok(self.folders.len() - 1)
    }
}

impl Revision {
    fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }
}

/// Splits `REV:PATH`. Returns `None` if a file of that name exists, or if the argument is a path on
/// a drive.
fn split(given: &str) -> Option<(&str, &str)> {
    let (revision, path) = given.split_once(':')?;
    let drive = revision.len() == 1 && path.starts_with(['/', '\\']);
    (!revision.is_empty() && !drive && !Path::new(given).exists()).then_some((revision, path))
}

/// Returns the path in git's notation: empty for the root of the repository.
fn clean(given: &str, path: &str) -> Result<String> {
    let pieces = path.split('/').filter(|piece| !matches!(*piece, "" | "."));
    let pieces: Vec<_> = pieces.collect();
    if pieces.contains(&"..") {
        bail!("error[diff]: {given}: write the path from the root of the repository, without `..`");
    }
    Ok(pieces.join("/"))
}

/// Writes the top-level folder or file of the tree that contains the path, because a specification
/// can refer to files in other folders. An empty part is the whole tree. Uses a temporary index, so
/// that the index of the repository does not change.
fn write(given: &str, tree: &str, part: &str, folder: &Path) -> Result<()> {
    let files = folder.join("tree");
    std::fs::create_dir_all(&files).with_context(|| format!("error[diff]: {}", shown(&files)))?;
    let index = folder.join("index");
    let object = format!("{tree}:{part}");
    let kind = git(Command::new("git").args(["cat-file", "-t", &object]))?;
    let steps = if part.is_empty() {
        [vec!["read-tree".to_owned(), tree.to_owned()], checkout(&[])]
    } else if kind.stdout.starts_with(b"tree") {
        [
            vec!["read-tree".to_owned(), format!("--prefix={part}/"), object],
            checkout(&[]),
        ]
    } else {
        [
            vec!["read-tree".to_owned(), tree.to_owned()],
            checkout(&["--", part]),
        ]
    };
    for step in steps {
        let mut command = Command::new("git");
        command
            .args(step)
            .env("GIT_INDEX_FILE", &index)
            .env("GIT_WORK_TREE", &files);
        let output = git(&mut command)?;
        if !output.status.success() {
            bail!(
                "error[diff]: {given}: git cannot write the files{}",
                detail(&output)
            );
        }
    }
    // The next part needs an empty index.
    std::fs::remove_file(&index).with_context(|| format!("error[diff]: {}", shown(&index)))
}

fn checkout(paths: &[&str]) -> Vec<String> {
    let all = if paths.is_empty() {
        &["--all"][..]
    } else {
        paths
    };
    let words = ["checkout-index", "--force"].iter().chain(all);
    words.map(|word| (*word).to_owned()).collect()
}

fn git(command: &mut Command) -> Result<Output> {
    command
        .output()
        .context("error[diff]: cannot run git; install it, or use paths instead of revisions")
}

fn detail(output: &Output) -> String {
    let says = String::from_utf8_lossy(&output.stderr);
    let says = says.trim();
    if says.is_empty() {
        String::new()
    } else {
        format!(": {}", says.lines().next().unwrap_or_default())
    }
}
