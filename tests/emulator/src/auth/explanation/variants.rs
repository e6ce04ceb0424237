//! Mistakes that change one part in steps, so that a client can make two of them.

use std::borrow::Cow;

use crate::auth::explanation::mistake::{Change, Likelihood, Mistakes};
use crate::auth::signature::Part;

/// Longest part in which rare mistakes and two mistakes are tried, in bytes.
const MAX_LENGTH: usize = 1 << 10;

/// A mistake that changes the model of a part.
struct Variant<'a, T> {
    likelihood: Likelihood,
    /// As in [`Description::Text`](crate::auth::explanation::mistake::Description::Text).
    description: Cow<'static, str>,
    change: Box<dyn Fn(&mut T) + 'a>,
}

/// Mistakes that change the model of a part. If a client makes two of them, they change the model
/// in the order of the list.
pub(super) struct Variants<'a, T> {
    list: Vec<Variant<'a, T>>,
}

impl<'a, T: Clone> Variants<'a, T> {
    pub(super) fn new() -> Self {
        Self { list: Vec::new() }
    }

    pub(super) fn add(
        &mut self,
        likelihood: Likelihood,
        description: impl Into<Cow<'static, str>>,
        change: impl Fn(&mut T) + 'a,
    ) {
        self.list.push(Variant {
            likelihood,
            description: description.into(),
            change: Box::new(change),
        });
    }

    /// Adds each mistake of the list, and each two common ones.
    pub(super) fn add_to(
        &self,
        mistakes: &mut Mistakes<'_>,
        part: Part,
        right: &T,
        write: impl Fn(&T) -> Vec<u8>,
    ) {
        let right_text = mistakes.right(part);
        let is_long = right_text.len() > MAX_LENGTH;
        let mut common = Vec::new();
        for variant in &self.list {
            if is_long && variant.likelihood != Likelihood::Common {
                continue;
            }
            let mut model = right.clone();
            (variant.change)(&mut model);
            let text = write(&model);
            if text == right_text {
                continue;
            }
            let description = variant.description.clone();
            mistakes.part(variant.likelihood, part, text, description);
            if variant.likelihood == Likelihood::Common {
                common.push((variant, model));
            }
        }
        if is_long {
            return;
        }
        for (index, (first, model)) in common.iter().enumerate() {
            for (second, _) in common.iter().skip(index + 1) {
                let mut model = model.clone();
                (second.change)(&mut model);
                let both = [&*first.description, &*second.description];
                let both = both.iter().filter(|text| !text.is_empty()).copied();
                mistakes.add(
                    Likelihood::Double,
                    Change::Parts(vec![(part, write(&model))]),
                    both.collect::<Vec<_>>().join(", and if "),
                );
            }
        }
    }
}
