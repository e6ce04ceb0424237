//! Fetches in progress, so that an object is not fetched twice at the same time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Mutex, MutexGuard};

use tokio::sync::watch;

use crate::base::api_error::ApiError;
use crate::base::locks;
use crate::store::ObjectAddress;

/// An object to fetch, and its URL.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct DownloadJob {
    bucket: String,
    key: String,
    url: String,
}

impl DownloadJob {
    pub(crate) fn new(target: &ObjectAddress, url: &url::Url) -> Self {
        Self {
            bucket: target.bucket.clone(),
            key: target.key.clone(),
            url: url.to_string(),
        }
    }
}

/// Result of a job, or `None` while it runs.
type Outcome = Option<Result<(), ApiError>>;

/// The jobs in progress.
#[derive(Default)]
pub(crate) struct DownloadJobs(Mutex<HashMap<DownloadJob, watch::Receiver<Outcome>>>);

impl fmt::Debug for DownloadJobs {
    /// The URL is hidden, because it may contain a signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownloadJobs").finish_non_exhaustive()
    }
}

/// Result of starting a job.
pub(crate) enum JobStart<'j> {
    Started(RunningDownload<'j>),
    /// Another request runs the job.
    Joined(watch::Receiver<Outcome>),
}

/// A job in progress. Dropping it ends the job.
pub(crate) struct RunningDownload<'j> {
    jobs: &'j DownloadJobs,
    job: DownloadJob,
    outcome: watch::Sender<Outcome>,
}

impl DownloadJobs {
    pub(crate) fn begin(&self, job: DownloadJob) -> JobStart<'_> {
        match self.lock().entry(job) {
            Entry::Occupied(other) => JobStart::Joined(other.get().clone()),
            Entry::Vacant(free) => {
                let job = free.key().clone();
                let (outcome, receiver) = watch::channel(None);
                free.insert(receiver);
                JobStart::Started(RunningDownload {
                    jobs: self,
                    job,
                    outcome,
                })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DownloadJob, watch::Receiver<Outcome>>> {
        locks::lock(&self.0)
    }
}

impl RunningDownload<'_> {
    /// Ends the job, and wakes the waiting requests with its result.
    pub(crate) fn finish(self, outcome: Result<(), ApiError>) {
        self.outcome.send_replace(Some(outcome));
    }
}

impl Drop for RunningDownload<'_> {
    fn drop(&mut self) {
        self.jobs.lock().remove(&self.job);
    }
}

/// Waits for the job of another request. Returns `None` if the job was dropped.
pub(crate) async fn wait_for_outcome(mut job: watch::Receiver<Outcome>) -> Outcome {
    match job.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone(),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::error_codes::ErrorCode;

    fn job(key: &str) -> DownloadJob {
        let target = ObjectAddress {
            bucket: "photos".to_owned(),
            key: key.to_owned(),
        };
        DownloadJob::new(&target, &url::Url::parse("http://a/?secret").unwrap())
    }

    fn others(begun: JobStart<'_>) -> watch::Receiver<Outcome> {
        match begun {
            JobStart::Started(_) => panic!("the job is already running"),
            JobStart::Joined(job) => job,
        }
    }

    #[tokio::test]
    async fn concurrent_requests_share_one_job() {
        let jobs = DownloadJobs::default();
        let JobStart::Started(first) = jobs.begin(job("a")) else {
            panic!("the job did not start");
        };
        let waiting = others(jobs.begin(job("a")));
        assert!(matches!(jobs.begin(job("b")), JobStart::Started(_)));
        assert!(!format!("{jobs:?}").contains("secret"));
        first.finish(Err(ApiError::new(ErrorCode::UpstreamFailed, "")));
        let error = wait_for_outcome(waiting).await.unwrap().unwrap_err();
        assert_eq!(error.code(), "upstream_failed");

        let JobStart::Started(dropped) = jobs.begin(job("a")) else {
            panic!("the first job did not end");
        };
        let waiting = others(jobs.begin(job("a")));
        drop(dropped);
        assert!(wait_for_outcome(waiting).await.is_none());
        assert!(matches!(jobs.begin(job("a")), JobStart::Started(_)));
    }
}
