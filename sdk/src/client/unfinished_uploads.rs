//! [`UnfinishedUploads`]: the multipart uploads that transfers must still complete or abort.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout_at;

use crate::base::deadline::deadline;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::runtime;
use crate::client::QingStor;
use crate::client::spans::in_current_span;

/// Counts the multipart uploads of a client that are neither complete nor aborted. Those that stay on
/// purpose, to be resumed, do not count. Clones share their state.
#[derive(Clone, Default)]
pub(crate) struct UnfinishedUploads(Arc<watch::Sender<State>>);

#[derive(Default)]
struct State {
    count: usize,
    /// The first error of an abort that was not returned yet.
    failure: Option<Error>,
}

/// A multipart upload that is counted until this is dropped.
pub(crate) struct UnfinishedUpload(UnfinishedUploads);

impl UnfinishedUploads {
    /// Counts an upload.
    #[inline]
    pub(crate) fn add(&self) -> UnfinishedUpload {
        self.0.send_modify(|state| state.count += 1);
        UnfinishedUpload(self.clone())
    }

    /// Counts one until `ended` completes: tasks that were canceled, but may own uploads until they
    /// are dropped.
    #[inline]
    pub(crate) fn add_until(
        &self,
        runtime: &Handle,
        ended: impl Future<Output = ()> + Send + 'static,
    ) {
        let unfinished = self.add();
        runtime.spawn(in_current_span(async move {
            ended.await;
            drop(unfinished);
        }));
    }
}

impl UnfinishedUpload {
    /// Ends the upload, which could not be aborted.
    #[inline]
    pub(crate) fn fail(self, error: Error) {
        self.0.0.send_modify(|state| {
            state.failure.get_or_insert(error);
        });
    }
}

impl Drop for UnfinishedUpload {
    #[inline]
    fn drop(&mut self) {
        self.0.0.send_modify(|state| state.count -= 1);
    }
}

impl QingStor {
    /// Waits until no multipart upload of this client is left that is to be aborted. Call it before
    /// the program ends: the uploads of transfers that were dropped are aborted in the background, and
    /// their parts use storage if the runtime ends first.
    ///
    /// Drop the transfers first, for example at the signal that ends the program: an upload or a copy
    /// in parts that continues counts as well, until it has completed. Resumable uploads do not count.
    /// If nothing is left, the method returns at once.
    ///
    /// ```no_run
    /// # async fn serve(bucket: qingstor_sdk::Bucket) {}
    /// # async fn termination_signal() {}
    /// # async fn example(qingstor: qingstor_sdk::QingStor) -> qingstor_sdk::Result<()> {
    /// use std::time::Duration;
    ///
    /// let bucket = qingstor.bucket("my-bucket", "pek3a")?;
    /// tokio::select! {
    ///     () = serve(bucket) => {}
    ///     () = termination_signal() => {} // drops the future of `serve`, with its uploads
    /// }
    /// qingstor.wait_for_aborts(Duration::from_secs(10)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns `Timeout` if an upload is left after `timeout`, or the first error of an abort, of a
    /// transfer that was dropped or has failed, since the client was created or this method returned
    /// such an error. The parts of such an upload use storage: see
    /// [`Bucket::list_multipart_uploads`](crate::Bucket::list_multipart_uploads). Returns `Config`
    /// outside of a Tokio runtime.
    pub async fn wait_for_aborts(&self, timeout: Duration) -> Result<()> {
        runtime::current()?;
        let uploads = &self.dispatcher().shared.unfinished_uploads.0;
        let mut receiver = uploads.subscribe();
        let none_left = receiver.wait_for(|state| state.count == 0);
        // The result of `none_left` locks the state.
        let is_in_time = timeout_at(deadline(timeout), none_left).await.is_ok();
        if !is_in_time {
            let count = uploads.borrow().count;
            let text = format!(
                "multipart uploads that are neither complete nor aborted after {timeout:?}: {count}"
            );
            return Err(Error::new(ErrorKind::Timeout, text));
        }
        let mut failure = None;
        uploads.send_if_modified(|state| {
            failure = state.failure.take();
            false
        });
        failure.map_or(Ok(()), Err)
    }
}
