//! `codegen generate --watch`

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use qingstor_codegen::Generator;
use qingstor_codegen::Stale;

use super::streams::print_error;

/// Time to wait for further events, because editors save a file in several steps.
const PAUSE: Duration = Duration::from_millis(100);

/// Events that wake the main loop.
enum Event {
    /// Files were created, written, renamed or removed.
    Changed(Vec<PathBuf>),
    /// The watcher failed.
    Broken(notify::Error),
    /// The user pressed Ctrl-C.
    Stop,
}

pub(crate) fn watch(generator: &Generator) -> Result<ExitCode> {
    let (sender, events) = mpsc::channel();
    let stop = sender.clone();
    // Only sends an event, so that a write in progress is completed before the command ends.
    ctrlc::set_handler(move || drop(stop.send(Event::Stop))).context("cannot handle Ctrl-C")?;
    let mut watched = Watched::new(sender)?;
    watched.extend(generator)?;
    render(generator)?;
    writeln!(std::io::stdout(), "watching; press Ctrl-C to end")?;
    while let Some(changed) = next_change(&events, &watched)? {
        let names: Vec<String> = changed
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        writeln!(std::io::stdout(), "changed: {}", names.join(", "))?;
        render(generator)?;
        watched.extend(generator)?;
    }
    writeln!(std::io::stdout(), "ended")?;
    Ok(ExitCode::SUCCESS)
}

/// Renders once. Prints errors and returns normally, so that the user can correct the input.
fn render(generator: &Generator) -> Result<()> {
    match generator.update() {
        Ok(changes) => {
            let mut out = std::io::stdout().lock();
            for change in &changes {
                let (added, removed) = line_counts(change);
                writeln!(
                    out,
                    "{} {} +{added} -{removed}",
                    change.kind.verb(),
                    change.path
                )?;
            }
            match changes.len() {
                0 => writeln!(out, "nothing to write")?,
                count => writeln!(out, "{count} files changed")?,
            }
        }
        Err(error) => print_error(error.to_string().trim_end()),
    }
    Ok(())
}

/// Counts the lines that a diff adds and removes. Skips its first two lines, which name the files.
fn line_counts(change: &Stale) -> (usize, usize) {
    let lines = || change.diff.lines().skip(2);
    let count = |mark| lines().filter(|line| line.starts_with(mark)).count();
    (count('+'), count('-'))
}

/// Waits for changes of inputs, and until no more follow within [`PAUSE`]. Returns `None` if the
/// command must end.
fn next_change(events: &Receiver<Event>, watched: &Watched) -> Result<Option<BTreeSet<PathBuf>>> {
    let mut changed = BTreeSet::new();
    loop {
        let event = if changed.is_empty() {
            events.recv().ok()
        } else {
            match events.recv_timeout(PAUSE) {
                Ok(event) => Some(event),
                Err(mpsc::RecvTimeoutError::Timeout) => return Ok(Some(changed)),
                Err(mpsc::RecvTimeoutError::Disconnected) => None,
            }
        };
        match event {
            None | Some(Event::Stop) => return Ok(None),
            Some(Event::Broken(error)) => return Err(error).context("cannot watch files"),
            Some(Event::Changed(paths)) => {
                changed.extend(paths.into_iter().filter(|path| watched.is_input(path)));
            }
        }
    }
}

/// Inputs of a generator. Watches folders instead of files, because editors replace files.
struct Watched {
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    /// Files of the specification and its overlays.
    files: BTreeSet<PathBuf>,
    /// Packs and the folders that override them.
    packs: BTreeSet<PathBuf>,
}

impl Watched {
    fn new(sender: Sender<Event>) -> Result<Self> {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let event = match event {
                // The generator itself causes access events when it reads files.
                Ok(event) if event.kind.is_access() => return,
                Ok(event) => Event::Changed(event.paths),
                Err(error) => Event::Broken(error),
            };
            // The receiver is gone when the command ends.
            drop(sender.send(event));
        })
        .context("cannot watch files")?;
        Ok(Self {
            watcher,
            folders: BTreeSet::new(),
            files: BTreeSet::new(),
            packs: BTreeSet::new(),
        })
    }

    /// Adds the current inputs. Keeps the previous ones, because a missing file can come back.
    fn extend(&mut self, generator: &Generator) -> Result<()> {
        for pack in generator.pack_folders() {
            let pack = absolute(pack);
            self.watch(&pack, RecursiveMode::Recursive)?;
            self.packs.insert(pack);
        }
        for file in generator.spec_files() {
            let file = absolute(&file);
            if let Some(folder) = file.parent() {
                self.watch(folder, RecursiveMode::NonRecursive)?;
            }
            self.files.insert(file);
        }
        Ok(())
    }

    fn watch(&mut self, folder: &Path, mode: RecursiveMode) -> Result<()> {
        if folder.is_dir() && self.folders.insert(folder.to_owned()) {
            let watching = self.watcher.watch(folder, mode);
            watching.with_context(|| format!("{} cannot be watched", folder.display()))?;
        }
        Ok(())
    }

    fn is_input(&self, path: &Path) -> bool {
        let in_pack = self.packs.iter().any(|pack| path.starts_with(pack));
        let name = path.file_name().unwrap_or_default();
        let is_template = path
            .extension()
            .is_some_and(|extension| extension == "tera");
        self.files.contains(path) || (in_pack && (is_template || name == "pack.json"))
    }
}

/// Returns the path in the form that the watcher reports.
fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
