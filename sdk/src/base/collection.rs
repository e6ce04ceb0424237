//! [`CollectionFormat`]: how a parameter contains the values of a list.

use std::borrow::Cow;

use crate::base::error::{Error, Result};
use crate::base::parameter::Parameter;

/// How one parameter contains the values of a list (`collectionFormat` in Swagger).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectionFormat {
    /// `a,b`
    Csv,
    /// `a b`
    Ssv,
    /// `a<tab>b`
    Tsv,
    /// `a|b`
    Pipes,
    /// `name=a&name=b`
    Multi,
}

impl CollectionFormat {
    /// Returns the separator of two values.
    pub fn separator(self) -> char {
        match self {
            Self::Ssv => ' ',
            Self::Tsv => '\t',
            Self::Pipes => '|',
            Self::Csv | Self::Multi => ',',
        }
    }

    /// Returns the texts of the parameters that contain the values: one for each value, or one for all of
    /// them. None for an empty list.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub(crate) fn texts<'a>(
        self,
        name: &str,
        values: &'a [impl Parameter],
    ) -> Result<Vec<Cow<'a, str>>> {
        Ok(match self {
            Self::Multi => values.iter().filter_map(Parameter::text).collect(),
            _ => self
                .join(name, values)?
                .into_iter()
                .map(Cow::Owned)
                .collect(),
        })
    }

    /// Joins the values; returns `None` if there are none.
    ///
    /// # Errors
    ///
    /// Returns an error if a value contains the separator, because the service would read it as two
    /// values.
    pub fn join(self, name: &str, values: &[impl Parameter]) -> Result<Option<String>> {
        let separator = self.separator();
        let mut joined: Option<String> = None;
        for value in values.iter().filter_map(Parameter::text) {
            if value.contains(separator) {
                return Err(Error::invalid_input(format!(
                    "{name}: {value:?} contains {separator:?}, which separates the values of this list"
                )));
            }
            match &mut joined {
                Some(text) => {
                    text.push(separator);
                    text.push_str(&value);
                }
                None => joined = Some(value.into_owned()),
            }
        }
        Ok(joined)
    }
}
