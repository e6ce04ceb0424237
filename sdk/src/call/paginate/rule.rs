//! [`PagedOperation`]: how an operation requests its next page.

use crate::message::operation::Operation;

/// An operation that returns a list in pages. Implemented by the generated inputs, according to the
/// paging rule of the specification.
pub trait PagedOperation: Operation<Output: Unpin> + Clone + Unpin {
    /// Type of the list's items.
    type Item: Send + Unpin;

    /// Returns the items of a page.
    #[doc(hidden)]
    fn into_items(page: Self::Output) -> Vec<Self::Item>;

    /// Returns whether a page is empty: without items, and without entries in its other lists.
    #[doc(hidden)]
    fn is_empty(page: &Self::Output) -> bool;

    /// Returns the first key or common prefix of a page that does not have the prefix of the request.
    #[doc(hidden)]
    fn foreign_key<'a>(&self, _page: &'a Self::Output) -> Option<&'a str> {
        None
    }

    /// Changes the input so that it requests the page after `page`.
    #[doc(hidden)]
    fn advance(&mut self, page: &Self::Output) -> NextPage;

    /// Returns whether both inputs request the same page.
    #[doc(hidden)]
    fn is_same_page(&self, other: &Self) -> bool;
}

/// Whether a list has another page.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextPage {
    /// Yes.
    Exists,
    /// No: this was the last page.
    None,
    /// Yes, but the response does not say where it starts.
    WithoutMarker,
}

/// A response field from which the next page is requested.
pub(crate) trait Marker {
    /// Type of the request parameter.
    type Parameter;

    /// Returns the value for the parameter; `None` if the field is empty.
    fn value(&self) -> Option<Self::Parameter>;
}

impl Marker for String {
    type Parameter = Self;

    fn value(&self) -> Option<Self> {
        (!self.is_empty()).then(|| self.clone())
    }
}

impl<T: Marker> Marker for Option<T> {
    type Parameter = T::Parameter;

    fn value(&self) -> Option<T::Parameter> {
        self.as_ref()?.value()
    }
}

macro_rules! numbers_are_markers {
    ($($number:ty),*) => {$(
        impl Marker for $number {
            type Parameter = Self;

            fn value(&self) -> Option<Self> {
                Some(*self)
            }
        }
    )*};
}
numbers_are_markers!(i32, i64, u32, u64);

/// Sets a request parameter from a response field. Returns whether the field has a value.
pub(crate) fn set_marker<M: Marker>(parameter: &mut Option<M::Parameter>, field: &M) -> bool {
    *parameter = field.value();
    parameter.is_some()
}

/// Advances an offset by the number of items of a page, unless they were the last ones of `total`.
pub(crate) fn advance_offset<T>(
    offset: &mut Option<T>,
    items: usize,
    total: Option<impl Into<i128>>,
) -> NextPage
where
    T: Copy + Default + Into<i128> + TryFrom<i128>,
{
    let before: i128 = offset.unwrap_or_default().into();
    let after = before + i128::try_from(items).unwrap_or(i128::MAX >> 1);
    if items == 0 || total.is_some_and(|total| after >= total.into()) {
        return NextPage::None;
    }
    *offset = T::try_from(after).ok();
    if offset.is_some() {
        NextPage::Exists
    } else {
        NextPage::WithoutMarker
    }
}

/// Implements [`PagedOperation`]: `paged! { Input, items: Item, rule }`, with a rule that corresponds
/// to `x-paging` in the specification.
///
/// | rule | the next page starts |
/// | --- | --- |
/// | `more: field, next: [parameter = field, ..]` | at the values of response fields; there is none if `more` is false or the first field is empty |
/// | `last: [parameter = field, ..]` | after the last item; an empty page ends the list |
/// | `offset: parameter, total: field` | after the number of items received so far |
///
/// `besides: [field, ..]` names the other lists of a page, such as common prefixes. `prefix: parameter of
/// [field, list, ..]` names the parameter with which that field of each item and the texts of these lists
/// must start.
macro_rules! paged {
    (@ $input:ident, $items:ident: $item:ty, [$($other:ident),*],
     [$($prefix:ident of [$key:ident $(, $folders:ident)*])?], [$($to:ident),+], $page:ident, $self:ident $advance:block) => {
        impl crate::call::paginate::rule::PagedOperation for $input {
            type Item = $item;

            #[inline]
            fn into_items(page: Self::Output) -> Vec<$item> {
                page.$items
            }

            fn is_empty(page: &Self::Output) -> bool {
                page.$items.is_empty() $(&& page.$other.is_empty())*
            }

            $(#[inline]
            fn foreign_key<'a>(&self, page: &'a Self::Output) -> Option<&'a str> {
                let prefix = self.$prefix.as_deref()?;
                let keys = page.$items.iter().map(|item| &item.$key);
                let mut keys = keys$(.chain(&page.$folders))*;
                keys.find(|key| !key.starts_with(prefix)).map(String::as_str)
            })?

            #[inline]
            fn advance(&mut $self, $page: &Self::Output) -> crate::call::paginate::rule::NextPage {
                $advance
            }

            fn is_same_page(&self, other: &Self) -> bool {
                true $(&& self.$to == other.$to)+
            }
        }
    };
    ($input:ident, $items:ident: $item:ty, $(besides: [$($other:ident),+],)?
     $(prefix: $prefix:ident of [$key:ident $(, $folders:ident)*],)? $(more: $more:ident,)?
     next: [$first:ident = $field:ident $(, $to:ident = $from:ident)*]) => {
        paged! { @ $input, $items: $item, [$($($other),+)?],
                 [$($prefix of [$key $(, $folders)*])?], [$first $(, $to)*], page, self {
            $(if !crate::call::paginate::rule::is_set(page.$more) {
                return crate::call::paginate::rule::NextPage::None;
            })?
            $(crate::call::paginate::rule::set_marker(&mut self.$to, &page.$from);)*
            if crate::call::paginate::rule::set_marker(&mut self.$first, &page.$field) {
                return crate::call::paginate::rule::NextPage::Exists;
            }
            $(if crate::call::paginate::rule::is_set(page.$more) {
                return crate::call::paginate::rule::NextPage::WithoutMarker;
            })?
            crate::call::paginate::rule::NextPage::None
        } }
    };
    ($input:ident, $items:ident: $item:ty, last: [$($to:ident = $from:ident),+]) => {
        paged! { @ $input, $items: $item, [], [], [$($to),+], page, self {
            let Some(last) = page.$items.last() else {
                return crate::call::paginate::rule::NextPage::None;
            };
            if true $(&& crate::call::paginate::rule::set_marker(&mut self.$to, &last.$from))+ {
                crate::call::paginate::rule::NextPage::Exists
            } else {
                crate::call::paginate::rule::NextPage::WithoutMarker
            }
        } }
    };
    ($input:ident, $items:ident: $item:ty, offset: $offset:ident, total: $total:ident) => {
        paged! { @ $input, $items: $item, [], [], [$offset], page, self {
            let total = crate::call::paginate::rule::Marker::value(&page.$total);
            crate::call::paginate::rule::advance_offset(&mut self.$offset, page.$items.len(), total)
        } }
    };
}
pub(crate) use paged;

/// Returns the value of a flag. A flag that is an option is `true` if it is absent.
pub(crate) fn is_set(flag: impl Into<Option<bool>>) -> bool {
    flag.into().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_counts_the_received_items() {
        let mut offset: Option<u32> = None;
        assert_eq!(
            advance_offset(&mut offset, 3, Some(5_u32)),
            NextPage::Exists
        );
        assert_eq!(offset, Some(3));
        assert_eq!(advance_offset(&mut offset, 2, Some(5_u32)), NextPage::None);
        // Without a total, an empty page ends the list.
        assert_eq!(
            advance_offset(&mut offset, 2, None::<u32>),
            NextPage::Exists
        );
        assert_eq!(advance_offset(&mut offset, 0, None::<u32>), NextPage::None);
        assert_eq!(offset, Some(5));
        let mut offset = Some(u32::MAX);
        assert_eq!(
            advance_offset(&mut offset, 1, None::<u32>),
            NextPage::WithoutMarker
        );
    }

    #[test]
    fn an_empty_marker_is_none() {
        let mut parameter = Some("old".to_owned());
        assert!(set_marker(&mut parameter, &Some("next".to_owned())));
        assert_eq!(parameter.as_deref(), Some("next"));
        assert!(!set_marker(&mut parameter, &Some(String::new())));
        assert_eq!(parameter, None);
        assert!(!set_marker(&mut parameter, &None::<String>));
    }
}
