//! [`run`]: carries out the actions of a plan.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::FolderTransfer;
use super::action::{DeleteTarget, FolderAction, FolderFailure, FolderSummary, SkipReason};
use super::context::{Context, Direction};
use super::local_folder;
use super::plan::{ActionStream, QUEUED_ACTIONS};
use super::planned_action::PlannedAction;
use super::planner;
use super::progress::ProgressCounter;
use super::transfer::{Results, SMALL, Transfers};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::runtime;
use crate::client::spans::{TransferSpan, in_current_span};
use crate::managed::batch_delete::{DeleteError, DeleteObjects};
use crate::managed::errors::{blocking, task_result};

/// Number of small files that one task transfers one after the other.
const GROUP: usize = 8;
/// Files in progress, unless the caller chooses their number.
const DEFAULT_JOBS: usize = 32;
/// Downloads that are repeated after the deletions, at most.
const MAX_REPEATED: usize = 10_000;

/// Carries out a transfer, in its span.
pub(super) async fn run(transfer: FolderTransfer) -> Result<FolderSummary> {
    let address = &transfer.bucket.dispatcher().address;
    let span = TransferSpan::start("TransferFolder", address, None);
    span.run(pin!(transfer_folder(transfer))).await
}

async fn transfer_folder(transfer: FolderTransfer) -> Result<FolderSummary> {
    let runtime = runtime::current()?;
    let context = Context::new(transfer, true).await?;
    let progress = ProgressCounter::new(context.options.on_progress.clone());
    let monitor = progress.monitor(context.options.max_bytes_per_second);
    let planned = Arc::clone(&context);
    let budget = context.bucket.transfer_budget();
    let mut runner = Runner {
        jobs: budget.limit_files(context.options.jobs.unwrap_or(DEFAULT_JOBS)),
        plan: Some(ActionStream::start(async { Ok(planned) })),
        waiting: VecDeque::new(),
        tasks: JoinSet::new(),
        runtime,
        blocked: Vec::new(),
        transfer_failed: false,
        repeats_blocked: matches!(context.direction, Direction::Down { .. })
            && context.options.delete,
        transfers: Arc::new(Transfers {
            context: Arc::clone(&context),
            monitor,
        }),
        context,
        progress,
        summary: FolderSummary::default(),
    };
    runner.transfer_all().await?;
    runner.delete_all().await?;
    runner.repeat_blocked().await?;
    Ok(std::mem::take(&mut runner.summary))
}

struct Runner {
    context: Arc<Context>,
    transfers: Arc<Transfers>,
    progress: Arc<ProgressCounter>,
    jobs: usize,
    /// `None` after its end.
    plan: Option<ActionStream>,
    /// Actions that have not started.
    waiting: VecDeque<PlannedAction>,
    tasks: JoinSet<Result<Results>>,
    runtime: Handle,
    /// Downloads for which a file is in the way that will be deleted.
    blocked: Vec<PlannedAction>,
    /// Whether to delete nothing. Blocked downloads do not count: they need the deletions.
    transfer_failed: bool,
    repeats_blocked: bool,
    summary: FolderSummary,
}

impl Drop for Runner {
    fn drop(&mut self) {
        if !self.tasks.is_empty() {
            let mut tasks = std::mem::take(&mut self.tasks);
            tasks.abort_all();
            let uploads = &self.context.bucket.dispatcher().shared.unfinished_uploads;
            uploads.add_until(&self.runtime, async move { tasks.shutdown().await });
        }
    }
}

enum Event {
    /// The next actions; none at the end of the plan.
    Planned(Vec<PlannedAction>),
    Failed(Error),
    Finished(Results),
    Idle,
}

impl Runner {
    /// Carries out all actions before the first deletion.
    async fn transfer_all(&mut self) -> Result<()> {
        loop {
            while self.tasks.len() < self.jobs && self.start_next() {}
            match poll_fn(|cx| self.poll_event(cx)).await {
                Event::Planned(planned) if planned.is_empty() => self.end_plan(),
                Event::Planned(planned) => {
                    for action in planned {
                        self.accept(action);
                    }
                }
                Event::Failed(error) => return Err(error),
                Event::Finished(results) => self.record(results),
                Event::Idle => return Ok(()),
            }
        }
    }

    fn poll_event(&mut self, cx: &mut TaskContext<'_>) -> Poll<Event> {
        let has_tasks = match self.tasks.poll_join_next(cx) {
            Poll::Ready(Some(joined)) => {
                return Poll::Ready(match task_result(joined).flatten() {
                    Ok(results) => Event::Finished(results),
                    Err(error) => Event::Failed(error),
                });
            }
            Poll::Ready(None) => false,
            Poll::Pending => true,
        };
        let waits_for_deletion = self.first_is_deletion();
        if self.waiting.len() < QUEUED_ACTIONS
            && let Some(plan) = &mut self.plan
        {
            let mut planned = Vec::new();
            match plan.poll_many(cx, &mut planned) {
                Poll::Ready(Ok(())) => return Poll::Ready(Event::Planned(planned)),
                Poll::Ready(Err(error)) => return Poll::Ready(Event::Failed(error)),
                Poll::Pending if has_tasks || !waits_for_deletion => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        match has_tasks {
            true => Poll::Pending,
            false => Poll::Ready(Event::Idle),
        }
    }

    fn first_is_deletion(&self) -> bool {
        let first = self.waiting.front().map(|planned| &planned.action);
        first.is_some_and(is_deletion)
    }

    fn accept(&mut self, planned: PlannedAction) {
        match &planned.action {
            FolderAction::Skip { .. } => self.skip(planned),
            FolderAction::Upload { size, .. } | FolderAction::Download { size, .. } => {
                self.progress.plan(*size);
                self.waiting.push_back(planned);
            }
            FolderAction::Copy { size, .. } if self.context.copies_need_client() => {
                self.progress.plan(*size);
                self.waiting.push_back(planned);
            }
            FolderAction::Copy { .. } | FolderAction::Delete { .. } => {
                self.progress.plan(0);
                self.waiting.push_back(planned);
            }
        }
    }

    fn end_plan(&mut self) {
        self.plan = None;
        self.progress.end_plan();
    }

    fn skip(&mut self, planned: PlannedAction) {
        let FolderAction::Skip { reason, .. } = &planned.action else {
            return;
        };
        match reason {
            SkipReason::Unchanged(_) => self.summary.unchanged += 1,
            reason if reason.is_failure() => {
                let of_reason = || Error::new(ErrorKind::Io, reason.to_string());
                let error = planned.error.unwrap_or_else(of_reason);
                return self.fail(planned.action, error);
            }
            _ => self.summary.skipped += 1,
        }
        self.report(&planned.action, Ok(()));
    }

    /// Starts a task for the next action, or for several small ones. Returns `false` if there is none
    /// before the deletions.
    fn start_next(&mut self) -> bool {
        let size = (self.waiting.len() / self.jobs).clamp(1, GROUP);
        let mut group = Vec::with_capacity(size);
        while group.len() < size
            && let Some(next) = self.waiting.front()
            && !is_deletion(&next.action)
        {
            let is_small = is_small(&next.action);
            if !is_small && !group.is_empty() {
                break;
            }
            if let Some(on_start) = &self.context.options.on_start {
                on_start(&next.action);
            }
            group.extend(self.waiting.pop_front());
            if !is_small {
                break;
            }
        }
        if group.is_empty() {
            return false;
        }
        let transfers = Arc::clone(&self.transfers);
        let task = async move { transfers.run(group).await };
        self.tasks.spawn(in_current_span(task));
        true
    }

    fn record(&mut self, results: Results) {
        for (planned, result) in results {
            match result {
                Ok(bytes) => self.succeed(&planned.action, bytes),
                Err(error) if self.repeats_blocked && is_blocked(&error) => {
                    if self.blocked.len() < MAX_REPEATED {
                        self.blocked.push(planned);
                    } else {
                        self.fail(planned.action, error);
                    }
                }
                Err(error) => {
                    self.transfer_failed |= !is_deletion(&planned.action);
                    self.fail(planned.action, error);
                }
            }
        }
    }

    fn succeed(&mut self, action: &FolderAction, bytes: u64) {
        let summary = &mut self.summary;
        summary.bytes += bytes;
        match action {
            FolderAction::Upload { .. } => summary.uploaded += 1,
            FolderAction::Download { .. } => summary.downloaded += 1,
            FolderAction::Copy { .. } => summary.copied += 1,
            FolderAction::Delete { .. } => summary.deleted += 1,
            FolderAction::Skip { .. } => {}
        }
        self.progress.finish();
        self.report(action, Ok(()));
    }

    fn fail(&mut self, action: FolderAction, error: Error) {
        self.summary.failed += 1;
        if !matches!(action, FolderAction::Skip { .. }) {
            self.progress.finish();
        }
        self.report(&action, Err(&error));
        if self.summary.failures.len() < FolderSummary::MAX_FAILURES {
            self.summary.failures.push(FolderFailure { action, error });
        }
    }

    fn report(&self, action: &FolderAction, result: Result<(), &Error>) {
        if let Some(on_result) = &self.context.options.on_result {
            on_result(action, result);
        }
    }

    /// Carries out the deletions, in batches. After a failed transfer, skips all of them.
    async fn delete_all(&mut self) -> Result<()> {
        loop {
            while self.waiting.len() < DeleteObjects::KEYS_PER_REQUEST
                && let Some(plan) = &mut self.plan
            {
                match poll_fn(|cx| plan.poll_next(cx)).await.transpose()? {
                    Some(planned) => self.accept(planned),
                    None => self.end_plan(),
                }
            }
            let count = self.waiting.len().min(DeleteObjects::KEYS_PER_REQUEST);
            if count == 0 {
                return Ok(());
            }
            let batch: Vec<PlannedAction> = self.waiting.drain(..count).collect();
            if self.transfer_failed {
                batch
                    .into_iter()
                    .for_each(|planned| self.refuse_deletion(planned.path));
                continue;
            }
            if let Some(on_start) = &self.context.options.on_start {
                batch.iter().for_each(|planned| on_start(&planned.action));
            }
            let results = match &self.context.direction {
                Direction::Down { .. } => self.delete_files(batch).await?,
                Direction::Up { .. } | Direction::Between { .. } => {
                    self.delete_objects(batch).await
                }
            };
            self.record(results);
        }
    }

    fn refuse_deletion(&mut self, path: String) {
        self.progress.finish();
        self.skip(planner::skip(path, SkipReason::TransferFailed));
    }

    async fn delete_objects(&self, batch: Vec<PlannedAction>) -> Results {
        let keys = batch.iter().filter_map(|planned| match &planned.action {
            FolderAction::Delete {
                target: DeleteTarget::Object(key),
            } => Some(key.clone()),
            _ => None,
        });
        let keys: Vec<String> = keys.collect();
        let deleted = self.context.bucket.delete_objects(keys).await;
        let errors = deleted.errors.into_iter();
        let mut errors: HashMap<String, DeleteError> =
            errors.map(|error| (error.key.clone(), error)).collect();
        let result = |planned: PlannedAction| {
            let error = match &planned.action {
                FolderAction::Delete {
                    target: DeleteTarget::Object(key),
                } => errors.remove(key),
                _ => None,
            };
            let result = match error {
                Some(error) => Err(error.into_error(&self.context.bucket)),
                None => Ok(0),
            };
            (planned, result)
        };
        batch.into_iter().map(result).collect()
    }

    async fn delete_files(&self, batch: Vec<PlannedAction>) -> Result<Results> {
        let context = Arc::clone(&self.context);
        let deleted = blocking(move || {
            let Direction::Down { folder } = &context.direction else {
                return Vec::new();
            };
            let delete = |planned: PlannedAction| {
                let name = context.name_on_disk(&planned.path);
                let result = match name.ends_with('/') {
                    true => local_folder::remove_folder(folder, &name),
                    false => local_folder::remove_file(folder, &name),
                };
                let result = result.map(|()| 0).map_err(|error| {
                    let local = context.local(&planned.path);
                    let text = format!("cannot delete {}: {error}", local.display());
                    Error::new(ErrorKind::Io, text).with_source(error)
                });
                (planned, result)
            };
            batch.into_iter().map(delete).collect()
        });
        deleted.await
    }

    /// Repeats the downloads for which a file or a folder was in the way.
    async fn repeat_blocked(&mut self) -> Result<()> {
        self.repeats_blocked = false;
        self.waiting.extend(std::mem::take(&mut self.blocked));
        self.transfer_all().await
    }
}

fn is_deletion(action: &FolderAction) -> bool {
    matches!(action, FolderAction::Delete { .. })
}

/// Returns whether several actions like this one are carried out by one task.
fn is_small(action: &FolderAction) -> bool {
    match action {
        FolderAction::Upload { size, .. } | FolderAction::Download { size, .. } => *size <= SMALL,
        FolderAction::Copy { .. } | FolderAction::Delete { .. } | FolderAction::Skip { .. } => {
            false
        }
    }
}

/// Returns whether a file is in the way of a folder, or a folder in that of a file.
fn is_blocked(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    let source = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|error| {
        use std::io::ErrorKind::{AlreadyExists, IsADirectory, NotADirectory};
        matches!(error.kind(), AlreadyExists | IsADirectory | NotADirectory)
    })
}
