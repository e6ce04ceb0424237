//! [`Pages`] and [`Items`]: lists that the service gives page by page.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_core::Stream;

use crate::base::error::{Error, ErrorKind, Result};
use crate::call::Call;
use crate::message::operation::Operation;

/// How many items are given between two looks at the page that is fetched ahead: one look costs
/// more than to give many items.
const LOOK_EVERY: usize = 64;
/// How many empty pages may follow each other before the list is given up. A service may have to
/// skip many deleted keys, but not without end.
const MAX_EMPTY_PAGES: u32 = 1000;

/// An operation that gives a list page by page. Implemented by rendered inputs, as the
/// specification tells how the next page is asked for.
pub trait Paged: Operation<Output: Send + Unpin> + Clone + Send + Unpin + 'static {
    /// Type of the list's items.
    type Item: Send + Unpin;

    /// The items of a page.
    #[doc(hidden)]
    fn into_items(page: Self::Output) -> Vec<Self::Item>;

    /// Returns whether a page has nothing in it: no items, and nothing in its other lists.
    #[doc(hidden)]
    fn is_empty(page: &Self::Output) -> bool;

    /// Makes this the input for the page after `page`.
    #[doc(hidden)]
    fn advance(&mut self, page: &Self::Output) -> Step;

    /// Whether both ask for the same page.
    #[doc(hidden)]
    fn asks_the_same(&self, other: &Self) -> bool;
}

/// What follows a page.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Another page.
    Next,
    /// Nothing: it was the last one.
    End,
    /// Another page, but the answer does not say where it begins.
    Lost,
}

/// A response field from which the next page is requested.
pub(crate) trait Marker {
    /// Type of the request parameter.
    type Place;

    /// The place; `None` where there is none.
    fn place(&self) -> Option<Self::Place>;
}

impl Marker for String {
    type Place = Self;

    fn place(&self) -> Option<Self> {
        (!self.is_empty()).then(|| self.clone())
    }
}

impl<T: Marker> Marker for Option<T> {
    type Place = T::Place;

    fn place(&self) -> Option<T::Place> {
        self.as_ref()?.place()
    }
}

macro_rules! numbers_are_markers {
    ($($number:ty),*) => {$(
        impl Marker for $number {
            type Place = Self;

            fn place(&self) -> Option<Self> {
                Some(*self)
            }
        }
    )*};
}
numbers_are_markers!(i32, i64, u32, u64);

/// Sets a parameter from the answer; says whether there was something to set.
pub(crate) fn follow<M: Marker>(parameter: &mut Option<M::Place>, field: &M) -> bool {
    *parameter = field.place();
    parameter.is_some()
}

/// Skips the items that were given, too, unless they were the last of `total`.
pub(crate) fn skip<T>(skipped: &mut Option<T>, given: usize, total: Option<impl Into<i128>>) -> Step
where
    T: Copy + Default + Into<i128> + TryFrom<i128>,
{
    let before: i128 = skipped.unwrap_or_default().into();
    let after = before + i128::try_from(given).unwrap_or(i128::MAX >> 1);
    if given == 0 || total.is_some_and(|total| after >= total.into()) {
        return Step::End;
    }
    *skipped = T::try_from(after).ok();
    if skipped.is_some() {
        Step::Next
    } else {
        Step::Lost
    }
}

/// Tells how the pages of an operation follow each other: `paged! { Input, items: Item, rule }`
/// with one of the rules that the specification's `x-paging` has.
///
/// | rule | the next page begins |
/// | --- | --- |
/// | `more: field, next: [parameter = field, ..]` | where fields of the answer say; the first decides, and `more` before it |
/// | `last: [parameter = field, ..]` | behind the last item; an empty page ends the list |
/// | `offset: parameter, total: field` | behind as many items as were given |
///
/// `besides: [field, ..]` names the other lists of a page, such as the folders among keys.
macro_rules! paged {
    (@ $input:ident, $items:ident: $item:ty, [$($other:ident),*], [$($to:ident),+], $page:ident, $self:ident $advance:block) => {
        impl crate::call::paginate::Paged for $input {
            type Item = $item;

            fn into_items(page: Self::Output) -> Vec<$item> {
                page.$items
            }

            fn is_empty(page: &Self::Output) -> bool {
                page.$items.is_empty() $(&& page.$other.is_empty())*
            }

            fn advance(&mut $self, $page: &Self::Output) -> crate::call::paginate::Step {
                $advance
            }

            fn asks_the_same(&self, other: &Self) -> bool {
                true $(&& self.$to == other.$to)+
            }
        }
    };
    ($input:ident, $items:ident: $item:ty, $(besides: [$($other:ident),+],)? $(more: $more:ident,)?
     next: [$first:ident = $field:ident $(, $to:ident = $from:ident)*]) => {
        paged! { @ $input, $items: $item, [$($($other),+)?], [$first $(, $to)*], page, self {
            $(if !crate::call::paginate::is_set(page.$more) {
                return crate::call::paginate::Step::End;
            })?
            $(crate::call::paginate::follow(&mut self.$to, &page.$from);)*
            if crate::call::paginate::follow(&mut self.$first, &page.$field) {
                return crate::call::paginate::Step::Next;
            }
            $(if crate::call::paginate::is_set(page.$more) {
                return crate::call::paginate::Step::Lost;
            })?
            crate::call::paginate::Step::End
        } }
    };
    ($input:ident, $items:ident: $item:ty, last: [$($to:ident = $from:ident),+]) => {
        paged! { @ $input, $items: $item, [], [$($to),+], page, self {
            let Some(last) = page.$items.last() else {
                return crate::call::paginate::Step::End;
            };
            if true $(&& crate::call::paginate::follow(&mut self.$to, &last.$from))+ {
                crate::call::paginate::Step::Next
            } else {
                crate::call::paginate::Step::Lost
            }
        } }
    };
    ($input:ident, $items:ident: $item:ty, offset: $offset:ident, total: $total:ident) => {
        paged! { @ $input, $items: $item, [], [$offset], page, self {
            let total = crate::call::paginate::Marker::place(&page.$total);
            crate::call::paginate::skip(&mut self.$offset, page.$items.len(), total)
        } }
    };
}
pub(crate) use paged;

/// Reads a flag. It is an option if its absence means `true`.
pub(crate) fn is_set(flag: impl Into<Option<bool>>) -> bool {
    flag.into().unwrap_or(true)
}

impl<I: Paged> Call<I> {
    /// The list page by page, from where this call's input begins. See [`Pages`].
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
            milestone: self.input.clone(),
            next: Some(self),
            fetch: Fetch::Idle,
            steps: 0,
            stride: 1,
            empty_pages: 0,
            failed: false,
        }
    }

    /// The list item by item, over all pages. See [`Items`].
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
            size: 0,
        }
    }
}

enum Fetch<T> {
    Idle,
    Running(Pin<Box<dyn Future<Output = Result<T>> + Send>>),
    Done(Result<T>),
}

/// A list page by page: a `Stream` of outputs, made by [`Call::pages`].
///
/// A page is asked for when it is wanted, and not before. An error ends the stream; the pages
/// given before it stand, and [`next_call`](Self::next_call) goes on from there. Where the service
/// says that there is more but not where, or sends the list in a circle, that is a `Decode` error.
/// So is the page after 1,000 pages in a row with nothing in them, neither items nor folders, while
/// the service says that there is more: [`next_call`](Self::next_call) continues the list all the
/// same. The size of a page is the call's `limit`.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<I: Paged> {
    /// Asks for the first page that was not given.
    next: Option<Call<I>>,
    fetch: Fetch<I::Output>,
    /// An input of some pages ago, and how far it is back. It moves on in growing strides, so that
    /// a list that runs in a circle, however long, meets it (Brent's algorithm).
    milestone: I,
    steps: u64,
    stride: u64,
    /// How many empty pages have followed each other.
    empty_pages: u32,
    failed: bool,
}

impl<I: Paged> Pages<I> {
    /// The next page; `None` behind the last one, and behind an error. Dropping the future loses
    /// nothing: another one goes on.
    ///
    /// # Errors
    ///
    /// Those of the call, and `Decode` where the list leads nowhere or in a circle, or after 1,000
    /// empty pages in a row.
    pub async fn next(&mut self) -> Option<Result<I::Output>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The call for the first page that was not given, to go on later or after an error: its input
    /// holds the markers to store. `None` when all pages were given.
    #[must_use]
    pub fn next_call(&self) -> Option<Call<I>> {
        self.next.clone()
    }

    /// Begins to fetch the next page, or looks whether it has come.
    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(call) = &self.next else {
            return Poll::Ready(());
        };
        if let Fetch::Idle = self.fetch {
            self.fetch = Fetch::Running(Box::pin(call.clone().send()));
        }
        if let Fetch::Running(fetch) = &mut self.fetch {
            self.fetch = Fetch::Done(ready!(fetch.as_mut().poll(cx)));
        }
        Poll::Ready(())
    }

    /// Goes on behind the page.
    fn advance(&mut self, page: &I::Output) -> Result<()> {
        let Some(call) = &mut self.next else {
            return Ok(());
        };
        let mut input = call.input.clone();
        let step = input.advance(page);
        self.empty_pages = match I::is_empty(page) {
            true => self.empty_pages + 1,
            false => 0,
        };
        let why = match step {
            Step::End => {
                self.next = None;
                return Ok(());
            }
            Step::Lost => "the answer says that there is more, but not where".to_owned(),
            Step::Next
                if input.asks_the_same(&call.input) || input.asks_the_same(&self.milestone) =>
            {
                "the answer leads back to a page that was given".to_owned()
            }
            Step::Next if self.empty_pages > MAX_EMPTY_PAGES => format!(
                "the service says that there is more, but the last {MAX_EMPTY_PAGES} pages are empty"
            ),
            Step::Next => {
                self.steps += 1;
                if self.steps == self.stride {
                    (self.steps, self.stride) = (0, self.stride.saturating_mul(2));
                    self.milestone = input.clone();
                }
                call.input = input;
                return Ok(());
            }
        };
        Err(Error::new(ErrorKind::Decode, why).with_call(call.handle.unsent(I::INFO)))
    }
}

impl<I: Paged> Stream for Pages<I> {
    type Item = Result<I::Output>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.failed {
            return Poll::Ready(None);
        }
        ready!(self.drive(cx));
        let Fetch::Done(page) = std::mem::replace(&mut self.fetch, Fetch::Idle) else {
            return Poll::Ready(None);
        };
        let page = page.and_then(|page| self.advance(&page).map(|()| page));
        self.failed = page.is_err();
        Poll::Ready(Some(page))
    }
}

/// A list item by item: a `Stream` over all pages, made by [`Call::items`].
///
/// Pages are fetched as they are needed. Once half of a page is given, the next one is asked for,
/// so that it is there in time; never more than one, and without a task: dropping the stream ends
/// it. Folders (`common_prefixes`) are not among the items: they come by [`Pages`].
///
/// Empty pages are skipped, at most 1,000 in a row: then [`Pages`] gives a `Decode` error, and so
/// does this stream.
///
/// What was there from the first page to the last is given once, if the service keeps its order;
/// what is added or removed meanwhile may be given or not. A list by offset (the buckets) shifts
/// when something before its place is added or removed.
#[must_use = "a stream does nothing until it is polled"]
pub struct Items<I: Paged> {
    pages: Pages<I>,
    page: vec::IntoIter<I::Item>,
    /// How many items the page at hand had.
    size: usize,
}

impl<I: Paged> Items<I> {
    /// The next item; `None` behind the last one, and behind an error. Dropping the future loses
    /// nothing: another one goes on.
    ///
    /// # Errors
    ///
    /// As [`Pages::next`]. The items of earlier pages were all given.
    pub async fn next(&mut self) -> Option<Result<I::Item>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// What is left of the page at hand: items that [`next`](Self::next) gives without a call.
    #[must_use]
    pub fn remaining(&self) -> &[I::Item] {
        self.page.as_slice()
    }

    /// The call for the page behind the one at hand, to go on later or after an error; `None` when
    /// there is none. Markers stand between pages only: no item comes twice and none is missed if
    /// the place is stored when [`remaining`](Self::remaining) is empty, or together with what
    /// remains.
    #[must_use]
    pub fn next_call(&self) -> Option<Call<I>> {
        self.pages.next_call()
    }

    /// Whether it is time to look after the next page: not before the caller has shown that it
    /// reads on.
    fn looks_ahead(&self) -> bool {
        let given = self.size - self.page.len();
        let late = given.checked_sub(self.size.div_ceil(2).max(2));
        late.is_some_and(|late| late % LOOK_EVERY == 0)
    }
}

impl<I: Paged> Stream for Items<I> {
    type Item = Result<I::Item>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.page.next() {
                if self.looks_ahead() {
                    let _comes_later = self.pages.drive(cx);
                }
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(cx)) {
                // A page may hold no items, only folders.
                Some(Ok(page)) => {
                    let items = I::into_items(page);
                    self.size = items.len();
                    self.page = items.into_iter();
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<I: Paged + fmt::Debug> fmt::Debug for Pages<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl<I: Paged + fmt::Debug> fmt::Debug for Items<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("remaining", &self.page.len())
            .field("next", &self.pages.next)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_counts_what_was_given() {
        let mut offset: Option<u32> = None;
        assert_eq!(skip(&mut offset, 3, Some(5_u32)), Step::Next);
        assert_eq!(offset, Some(3));
        assert_eq!(skip(&mut offset, 2, Some(5_u32)), Step::End);
        // Without a total, an empty page ends the list.
        assert_eq!(skip(&mut offset, 2, None::<u32>), Step::Next);
        assert_eq!(skip(&mut offset, 0, None::<u32>), Step::End);
        assert_eq!(offset, Some(5));
        let mut offset = Some(u32::MAX);
        assert_eq!(skip(&mut offset, 1, None::<u32>), Step::Lost);
    }

    #[test]
    fn an_empty_marker_is_none() {
        let mut parameter = Some("old".to_owned());
        assert!(follow(&mut parameter, &Some("next".to_owned())));
        assert_eq!(parameter.as_deref(), Some("next"));
        assert!(!follow(&mut parameter, &Some(String::new())));
        assert_eq!(parameter, None);
        assert!(!follow(&mut parameter, &None::<String>));
    }
}
