//! [`Planner`]: merges source and target, and decides what happens to each path.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::action::{DeleteTarget, FolderAction, SkipReason, TransferReason};
use super::compare::{Decision, Rules, Version, decide};
use super::context::{Context, Direction, local_path};
use super::entry::EntryStream;
use super::facts;
use super::listing::{self, ListOptions};
use super::merge::{MergeOptions, Merger, NextSide, Step};
use super::planned_action::PlannedAction;
use super::spool::Spool;
use super::walk::{self, Role, WalkOptions};
use crate::base::error::{Error, Result};
use crate::base::runtime::ScopedTask;
use crate::client::spans::in_current_span;
use crate::managed::errors::task_result;
use crate::message::object_key::{self, KeyPlace};

/// Why a plan ends early.
pub(super) enum PlanError {
    ConsumerEnded,
    Failed(Error),
}

impl From<Error> for PlanError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Number of comparisons that wait for a request or a file at the same time.
const COMPARISONS: usize = 32;

/// Merges source and target, and sends the actions in the order of their paths.
pub(super) struct Planner {
    context: Arc<Context>,
    rules: Rules,
    sender: mpsc::Sender<PlannedAction>,
    /// Actions in their order; some are not decided yet.
    pending: VecDeque<Pending>,
    deletions: Spool,
    /// Whether a path of the source cannot be transferred.
    has_failure: bool,
}

enum Pending {
    Decided(PlannedAction),
    Comparing(ScopedTask<PlannedAction>),
}

impl Planner {
    pub(super) fn new(context: Arc<Context>, sender: mpsc::Sender<PlannedAction>) -> Self {
        let rules = Rules {
            compare: context.options.compare,
            direction: context.kinds(),
            overwrite: context.options.overwrite,
            update: context.options.update,
        };
        Self {
            context,
            rules,
            sender,
            pending: VecDeque::new(),
            deletions: Spool::new(),
            has_failure: false,
        }
    }

    pub(super) async fn run(mut self) -> Result<(), PlanError> {
        let (mut source, mut target) = (self.source(), self.target());
        let target_is_local = matches!(self.context.direction, Direction::Down { .. });
        let ignores_case = target_is_local && self.context.names.ignores_case;
        let mut merger = Merger::new(MergeOptions {
            target_is_local,
            delete: self.context.options.delete,
            ignores_case,
        });
        let mut steps = Vec::new();
        let comparisons = self.context.bucket.transfer_budget();
        let comparisons = comparisons.limit_files(COMPARISONS);
        loop {
            // The target first: if its list fails, nothing is transferred.
            let in_target = target.peek().await?;
            let in_source = source.peek().await?;
            match NextSide::of(in_source, in_target, ignores_case) {
                NextSide::End => break,
                NextSide::Source => {
                    let entry = source.take();
                    entry
                        .into_iter()
                        .for_each(|entry| merger.source_only(entry, &mut steps));
                }
                NextSide::Target => {
                    let next = in_source.map(|entry| entry.path.as_str());
                    let entry = target.take();
                    let entry = entry.into_iter();
                    entry.for_each(|entry| merger.target_only(entry, next, &mut steps));
                }
                NextSide::Both => {
                    if let (Some(in_source), Some(in_target)) = (source.take(), target.take()) {
                        merger.both(in_source, in_target, &mut steps);
                    }
                }
            }
            for step in steps.drain(..) {
                self.add(step).await?;
            }
            self.send_decided(comparisons).await?;
        }
        merger.finish(&mut steps);
        for step in steps {
            self.add(step).await?;
        }
        self.send_decided(0).await?;
        self.send_deletions(merger.source_files()).await
    }

    fn source(&self) -> EntryStream {
        let context = &self.context;
        match &context.direction {
            Direction::Up { folder } => walk::stream(WalkOptions {
                root: folder.clone(),
                filter: context.options.filter.clone(),
                role: Role::Source {
                    follow_symlinks: context.options.follow_symlinks,
                },
                encoding: context.options.rename_invalid.then_some(context.names),
                ignores_case: false,
            }),
            Direction::Down { .. } => listing::stream(ListOptions {
                bucket: context.bucket.clone(),
                prefix: context.prefix.clone(),
                filter: context.options.filter.clone(),
                rejects_marker_content: true,
                ignores_case: context.names.ignores_case,
            }),
            Direction::Between {
                source,
                source_prefix,
            } => listing::stream(ListOptions {
                bucket: source.clone(),
                prefix: source_prefix.clone(),
                filter: context.options.filter.clone(),
                rejects_marker_content: false,
                ignores_case: false,
            }),
        }
    }

    fn target(&self) -> EntryStream {
        let context = &self.context;
        let options = &context.options;
        match &context.direction {
            Direction::Down { folder } => walk::stream(WalkOptions {
                root: folder.clone(),
                filter: options.filter.clone(),
                role: Role::Target,
                encoding: options.rename_invalid.then_some(context.names),
                ignores_case: context.names.ignores_case,
            }),
            // Everything is transferred, and nothing deleted, whatever the target contains.
            _ if options.compare.is_none()
                && options.overwrite
                && !options.update
                && !options.delete =>
            {
                EntryStream::empty()
            }
            _ => listing::stream(ListOptions {
                bucket: context.bucket.clone(),
                prefix: context.prefix.clone(),
                filter: options.filter.clone(),
                rejects_marker_content: false,
                ignores_case: false,
            }),
        }
    }

    async fn add(&mut self, step: Step) -> Result<()> {
        let decided = match step {
            Step::Skip { path, reason } => skip(path, reason),
            Step::New { path, source } => match self.problem(&path) {
                Some(reason) => skip(path, reason),
                None => self.transfer(path, source, TransferReason::New),
            },
            Step::NewFolder { path, is_empty } => {
                let is_wanted = match self.context.direction {
                    Direction::Up { .. } => is_empty && self.context.options.folder_markers,
                    Direction::Down { .. } | Direction::Between { .. } => true,
                };
                if !is_wanted {
                    return Ok(());
                }
                match self.problem(&path) {
                    Some(reason) => skip(path, reason),
                    None => self.transfer(path, Version::default(), TransferReason::New),
                }
            }
            Step::Both {
                path,
                source,
                target,
            } => return self.compare(path, source, target),
            Step::Delete { path } => {
                return self.deletions.push(path).await;
            }
        };
        self.pending.push_back(Pending::Decided(decided));
        Ok(())
    }

    /// Returns why a new path cannot be stored in the target.
    fn problem(&self, path: &str) -> Option<SkipReason> {
        let context = &self.context;
        match context.direction {
            Direction::Down { .. } => {
                let problem = context.names.problem(&context.name_on_disk(path));
                problem.map(SkipReason::InvalidFileName)
            }
            Direction::Up { .. } | Direction::Between { .. } => {
                let checked = object_key::check("key", &context.key(path), KeyPlace::Path);
                let error = checked.err()?;
                Some(SkipReason::InvalidKey(error.message().to_owned()))
            }
        }
    }

    fn compare(&mut self, path: String, source: Version, target: Version) -> Result<()> {
        let decision = decide(self.rules, &source, &target, facts::none());
        let pending = match decision {
            Decision::Skip(reason) => Pending::Decided(skip(path, reason)),
            Decision::Transfer(reason) => Pending::Decided(self.transfer(path, source, reason)),
            Decision::Need(_) => {
                let (context, rules) = (Arc::clone(&self.context), self.rules);
                Pending::Comparing(ScopedTask::spawn(in_current_span(async move {
                    match facts::decide(&context, rules, &path, &source, &target).await {
                        Ok(Decision::Skip(reason)) => skip(path, reason),
                        Ok(Decision::Transfer(reason)) => transfer(&context, path, source, reason),
                        // All facts are known.
                        Ok(Decision::Need(_)) => {
                            transfer(&context, path, source, TransferReason::ContentDiffers)
                        }
                        Err(error) => {
                            let reason = SkipReason::NotCompared(error.to_string());
                            PlannedAction {
                                error: Some(error),
                                ..skip(path, reason)
                            }
                        }
                    }
                })))
            }
        };
        self.pending.push_back(pending);
        Ok(())
    }

    fn transfer(&self, path: String, source: Version, reason: TransferReason) -> PlannedAction {
        transfer(&self.context, path, source, reason)
    }

    /// Sends actions in their order, until at most `keep` of them wait for a comparison.
    async fn send_decided(&mut self, keep: usize) -> Result<(), PlanError> {
        while let Some(pending) = self.pending.pop_front() {
            let decided = match pending {
                Pending::Decided(decided) => decided,
                Pending::Comparing(comparison)
                    if self.pending.len() < keep && !comparison.is_finished() =>
                {
                    self.pending.push_front(Pending::Comparing(comparison));
                    return Ok(());
                }
                Pending::Comparing(comparison) => task_result(comparison.await)?,
            };
            self.send(decided).await?;
        }
        Ok(())
    }

    async fn send(&mut self, planned: PlannedAction) -> Result<(), PlanError> {
        if let FolderAction::Skip { reason, .. } = &planned.action {
            self.has_failure |= reason.is_failure();
        }
        let sent = self.sender.send(planned).await;
        sent.map_err(|_| PlanError::ConsumerEnded)
    }

    /// Sends the deletions, or the reason why there are none.
    async fn send_deletions(&mut self, source_files: u64) -> Result<(), PlanError> {
        let mut deletions = std::mem::replace(&mut self.deletions, Spool::new());
        let max = self.context.options.max_delete;
        let refusal = match max {
            Some(max) if deletions.len() > max => Some(SkipReason::TooManyDeletions),
            _ if self.has_failure => Some(SkipReason::TransferFailed),
            None if source_files == 0 => Some(SkipReason::EmptySource),
            _ => None,
        };
        loop {
            let batch = deletions.next_batch().await?;
            if batch.is_empty() {
                return Ok(());
            }
            for path in batch {
                let planned = match &refusal {
                    Some(reason) => skip(path, reason.clone()),
                    None => self.delete(path),
                };
                self.send(planned).await?;
            }
        }
    }

    fn delete(&self, path: String) -> PlannedAction {
        let context = &self.context;
        let target = match &context.direction {
            Direction::Down { folder } => {
                let local = local_path(folder, &context.name_on_disk(&path));
                match path.ends_with('/') {
                    true => DeleteTarget::Folder(local),
                    false => DeleteTarget::File(local),
                }
            }
            Direction::Up { .. } | Direction::Between { .. } => {
                DeleteTarget::Object(context.key(&path))
            }
        };
        PlannedAction {
            action: FolderAction::Delete { target },
            path,
            source: None,
            error: None,
        }
    }
}

/// Returns the action for a path that is skipped.
pub(super) fn skip(path: String, reason: SkipReason) -> PlannedAction {
    let action = FolderAction::Skip {
        path: path.clone(),
        reason,
    };
    PlannedAction {
        action,
        path,
        source: None,
        error: None,
    }
}

fn transfer(
    context: &Context,
    path: String,
    source: Version,
    reason: TransferReason,
) -> PlannedAction {
    let size = source.size;
    let key = context.key(&path);
    let action = match &context.direction {
        Direction::Up { folder } => FolderAction::Upload {
            file: match &source.disk_path {
                Some(disk_path) => folder.join(disk_path),
                None => local_path(folder, &path),
            },
            key,
            size,
            modified: source.modified,
            reason,
        },
        Direction::Down { folder } => FolderAction::Download {
            key,
            file: local_path(folder, &context.name_on_disk(&path)),
            size,
            etag: source.etag.clone(),
            reason,
        },
        Direction::Between { source_prefix, .. } => FolderAction::Copy {
            source: format!("{source_prefix}{path}"),
            key,
            size,
            etag: source.etag.clone(),
            reason,
        },
    };
    PlannedAction {
        action,
        path,
        source: Some(Box::new(source)),
        error: None,
    }
}
