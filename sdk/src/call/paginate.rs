//! [`Pages`] and [`Items`]: lists that the service returns in pages.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_core::Stream;

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::runtime::{self, ScopedTask};
use crate::call::Call;
use crate::client::spans::in_current_span;
use crate::message::response::response_error;

pub(crate) mod rule;

use rule::NextPage;
pub use rule::PagedOperation;

/// How many successive empty pages are accepted. The service may have to skip many deleted keys, but
/// the list must end.
const MAX_EMPTY_PAGES: u32 = 1000;

impl<I: PagedOperation> Call<I> {
    /// Returns the pages of the list, from the start of this call's input. See [`Pages`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let mut pages = bucket.list_objects().prefix("photos/").delimiter("/").pages();
    /// while let Some(page) = pages.next().await.transpose()? {
    ///     println!("{} keys, folders {:?}", page.keys.len(), page.common_prefixes);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn pages(self) -> Pages<I> {
        Pages {
            visited: LoopDetector::new(self.input.clone()),
            next: Some(self),
            fetch: None,
            empty_pages: 0,
            failed: false,
        }
    }

    /// Returns the items of all pages. See [`Items`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let mut keys = bucket.list_objects().prefix("logs/").items();
    /// while let Some(key) = keys.next().await.transpose()? {
    ///     println!("{} {} bytes", key.key, key.size);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn items(self) -> Items<I> {
        Items {
            pages: self.pages(),
            page: Vec::new().into_iter(),
            page_size: 0,
        }
    }
}

/// The pages of a list: a `Stream` of outputs, created by [`Call::pages`].
///
/// A page is requested when the stream is polled for it, in a task that ends if the stream is dropped.
/// The `limit` of the call sets the size of a page. An error ends the stream;
/// [`next_call`](Self::next_call) then requests the page that failed.
///
/// The stream ends with a `Decode` error if the service reports another page but not where it starts,
/// if a key or common prefix does not start with the `prefix` of the call, if the pages form a loop, or
/// after 1,000 successive pages without items and common prefixes.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<I: PagedOperation> {
    /// Requests the first page that was not returned.
    next: Option<Call<I>>,
    /// The request for the next page. In a task, because its timeouts would otherwise include the time
    /// in which nothing polls the stream.
    fetch: Option<ScopedTask<Result<I::Output>>>,
    visited: LoopDetector<I>,
    /// Number of successive empty pages.
    empty_pages: u32,
    failed: bool,
}

impl<I: PagedOperation> Pages<I> {
    /// Returns the next page; `None` after the last page and after an error.
    ///
    /// The future can be dropped: the next one continues with the same request.
    ///
    /// # Errors
    ///
    /// Returns the errors of the call, and `Decode` as described for [`Pages`].
    pub async fn next(&mut self) -> Option<Result<I::Output>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Returns the call for the first page that was not returned, to continue later or after an
    /// error. Its input contains the markers to store. `None` if all pages were returned.
    #[must_use]
    pub fn next_call(&self) -> Option<Call<I>> {
        self.next.clone()
    }

    /// Starts the request for the next page unless it is running. Returns `None` after the last page.
    ///
    /// # Errors
    ///
    /// Returns `Config` outside of a runtime.
    fn start_fetch(&mut self) -> Result<Option<&mut ScopedTask<Result<I::Output>>>> {
        let Some(call) = &self.next else {
            return Ok(None);
        };
        if self.fetch.is_none() {
            let unsent = |error: Error| error.with_call(call.dispatcher.unsent(I::INFO, ""));
            runtime::current().map_err(unsent)?;
            let task = ScopedTask::spawn(in_current_span(call.clone().send()));
            self.fetch = Some(task);
        }
        Ok(self.fetch.as_mut())
    }

    /// Fetches the next page. Returns `None` after the last page.
    fn poll_fetch(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<I::Output>>> {
        let Some(task) = self.start_fetch()? else {
            return Poll::Ready(Ok(None));
        };
        let joined = ready!(Pin::new(task).poll(cx));
        self.fetch = None;
        let page = runtime::joined(joined).unwrap_or_else(|error| {
            let text = "the runtime ended the request for the next page";
            Err(Error::new(ErrorKind::Io, text).with_source(error))
        });
        Poll::Ready(page.map(Some))
    }

    /// Changes `next` so that it requests the page after `page`.
    fn advance(&mut self, page: &I::Output) -> Result<()> {
        let Some(call) = &mut self.next else {
            return Ok(());
        };
        let mut input = call.input.clone();
        if let Some(key) = input.foreign_key(page) {
            let why = format!("the list contains {key:?}, which does not have the prefix");
            let context = call.dispatcher.unsent(I::INFO, "");
            return Err(response_error(ErrorKind::Decode, why, page, context));
        }
        let next_page = input.advance(page);
        self.empty_pages = match I::is_empty(page) {
            true => self.empty_pages + 1,
            false => 0,
        };
        let why = match next_page {
            NextPage::None => {
                self.next = None;
                return Ok(());
            }
            NextPage::WithoutMarker => {
                "the service reports another page, but not where it starts".to_owned()
            }
            NextPage::Exists
                if input.is_same_page(&call.input) || self.visited.contains(&input) =>
            {
                "the next page is one that was already returned".to_owned()
            }
            NextPage::Exists if self.empty_pages > MAX_EMPTY_PAGES => format!(
                "the service reports another page, but the last {MAX_EMPTY_PAGES} pages are empty"
            ),
            NextPage::Exists => {
                self.visited.record(&input);
                call.input = input;
                return Ok(());
            }
        };
        let context = call.dispatcher.unsent(I::INFO, "");
        Err(response_error(ErrorKind::Decode, why, page, context))
    }
}

/// Detects a loop of pages of any length (Brent's algorithm).
///
/// Remembers one input, and replaces it after 1, 2, 4, 8 and so on pages. A loop returns to the
/// remembered input as soon as the interval is at least as long as the loop.
struct LoopDetector<I> {
    remembered: I,
    pages: u64,
    interval: u64,
}

impl<I: PagedOperation> LoopDetector<I> {
    fn new(input: I) -> Self {
        Self {
            remembered: input,
            pages: 0,
            interval: 1,
        }
    }

    fn contains(&self, input: &I) -> bool {
        input.is_same_page(&self.remembered)
    }

    fn record(&mut self, input: &I) {
        self.pages += 1;
        if self.pages == self.interval {
            (self.pages, self.interval) = (0, self.interval.saturating_mul(2));
            self.remembered = input.clone();
        }
    }
}

impl<I: PagedOperation> Stream for Pages<I> {
    type Item = Result<I::Output>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.failed {
            return Poll::Ready(None);
        }
        let page = match ready!(self.poll_fetch(cx)) {
            Ok(Some(page)) => self.advance(&page).map(|()| page),
            Ok(None) => return Poll::Ready(None),
            Err(error) => Err(error),
        };
        self.failed = page.is_err();
        Poll::Ready(Some(page))
    }
}

/// The items of a list: a `Stream` over all pages, created by [`Call::items`].
///
/// When half of a page has been returned, the stream requests the next page, but never more than one
/// in advance. The time that the caller spends between items does not count towards a timeout. Common
/// prefixes are not items; [`Pages`] returns them. Errors are those of [`Pages`].
///
/// An entry that exists during the whole listing is returned once, if the service lists in a fixed
/// order. An entry that is added or removed in the meantime may or may not be returned. A list by
/// offset (the buckets) shifts if an earlier entry is added or removed.
#[must_use = "a stream does nothing until it is polled"]
pub struct Items<I: PagedOperation> {
    pages: Pages<I>,
    page: vec::IntoIter<I::Item>,
    /// Number of items of the current page.
    page_size: usize,
}

impl<I: PagedOperation> Items<I> {
    /// Returns the next item; `None` after the last item and after an error.
    ///
    /// The future can be dropped: the next one continues with the same request.
    ///
    /// # Errors
    ///
    /// As [`Pages::next`]. All items of earlier pages have been returned before.
    pub async fn next(&mut self) -> Option<Result<I::Item>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Returns the items of the current page that were not returned yet. [`next`](Self::next) returns
    /// them without a request.
    #[must_use]
    pub fn remaining(&self) -> &[I::Item] {
        self.page.as_slice()
    }

    /// Returns the call for the page after the current one, to continue later or after an error;
    /// `None` if there is none.
    ///
    /// Markers exist only between pages. To return every item exactly once, store the call when
    /// [`remaining`](Self::remaining) is empty, or store the remaining items with it.
    #[must_use]
    pub fn next_call(&self) -> Option<Call<I>> {
        self.pages.next_call()
    }

    /// Returns whether it is time to request the next page. The second half of a page shows that the
    /// caller continues to read.
    fn should_fetch_ahead(&self) -> bool {
        self.page_size - self.page.len() == self.page_size.div_ceil(2).max(2)
    }
}

impl<I: PagedOperation> Stream for Items<I> {
    type Item = Result<I::Item>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.page.next() {
                if self.should_fetch_ahead() {
                    // If the request cannot start, the poll for the next page reports it.
                    let _ = self.pages.start_fetch();
                }
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(cx)) {
                // A page may have only common prefixes and no items.
                Some(Ok(page)) => {
                    let items = I::into_items(page);
                    self.page_size = items.len();
                    self.page = items.into_iter();
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<I: PagedOperation + fmt::Debug> fmt::Debug for Pages<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl<I: PagedOperation + fmt::Debug> fmt::Debug for Items<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("remaining", &self.page.len())
            .field("next", &self.pages.next)
            .finish_non_exhaustive()
    }
}
