//! The arguments of an operation: `w_300,h_400`.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// The opacity of a watermark that says none.
const DEFAULT_OPACITY: f32 = 0.25;

/// The arguments of an operation, each at most once. Empty ones are left out: a client writes `c_`
/// when it has no color.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    operation: &'static str,
    values: Vec<(char, &'a str)>,
}

impl<'a> Arguments<'a> {
    /// Reads what stands behind the colon; `letters` are the arguments that there are.
    pub(super) fn parse(
        operation: &'static str,
        letters: &str,
        text: Option<&'a str>,
    ) -> Result<Self, ApiError> {
        let mut arguments = Self {
            operation,
            values: Vec::new(),
        };
        for pair in text.into_iter().flat_map(|text| text.split(',')) {
            let (name, value) = pair.split_once('_').ok_or_else(|| {
                arguments.invalid(format_args!(
                    "{pair:?} is not a letter and a value, such as w_300"
                ))
            })?;
            let letter = name
                .parse::<char>()
                .ok()
                .filter(|&letter| letters.contains(letter))
                .ok_or_else(|| arguments.unknown(name, letters))?;
            if arguments.values.iter().any(|(other, _)| *other == letter) {
                return Err(arguments.invalid(format_args!("{letter} stands there twice")));
            }
            arguments.values.push((letter, value));
        }
        arguments.values.retain(|(_, value)| !value.is_empty());
        Ok(arguments)
    }

    pub(super) fn get(&self, letter: char) -> Option<&'a str> {
        self.values
            .iter()
            .find(|(other, _)| *other == letter)
            .map(|(_, value)| *value)
    }

    pub(super) fn required<T>(&self, letter: char, value: Option<T>) -> Result<T, ApiError> {
        value.ok_or_else(|| self.invalid(format_args!("{letter} is required")))
    }

    /// A whole number.
    pub(super) fn number(&self, letter: char) -> Result<Option<u32>, ApiError> {
        self.get(letter)
            .map(|text| {
                // Without this, a plus would do as well.
                Some(text)
                    .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| {
                        self.invalid(format_args!(
                            "{letter} {text:?} is not a whole number from 0 to {}",
                            u32::MAX
                        ))
                    })
            })
            .transpose()
    }

    /// The length of a side.
    pub(super) fn length(&self, letter: char) -> Result<Option<NonZeroU32>, ApiError> {
        self.number(letter)?
            .map(|number| {
                NonZeroU32::new(number)
                    .ok_or_else(|| self.invalid(format_args!("{letter} must be at least 1")))
            })
            .transpose()
    }

    /// One of some values.
    pub(super) fn choice<T: Copy>(
        &self,
        letter: char,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.get(letter) else {
            return Ok(None);
        };
        let chosen = choices.iter().find(|(name, _)| *name == text);
        chosen.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            self.invalid(format_args!(
                "{letter} {text:?} is none of {}",
                names.join(", ")
            ))
        })
    }

    /// A text in Base64 without padding.
    pub(super) fn base64(&self, letter: char) -> Result<Option<String>, ApiError> {
        self.get(letter)
            .map(|text| {
                STANDARD_NO_PAD
                    .decode(text)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .ok_or_else(|| {
                        self.invalid(format_args!(
                            "{letter} {text:?} is not UTF-8 in Base64 without padding"
                        ))
                    })
            })
            .transpose()
    }

    /// An opacity. The API's own example has 2 where the API allows at most 1: more is clamped.
    pub(super) fn opacity(&self, letter: char) -> Result<f32, ApiError> {
        let Some(text) = self.get(letter) else {
            return Ok(DEFAULT_OPACITY);
        };
        text.parse::<f32>()
            .ok()
            .filter(|opacity| opacity.is_finite() && *opacity > 0.0)
            .map(|opacity| opacity.min(1.0))
            .ok_or_else(|| {
                self.invalid(format_args!(
                    "{letter} {text:?} is not a number over 0 and at most 1"
                ))
            })
    }

    fn unknown(&self, name: &str, letters: &str) -> ApiError {
        let letters: Vec<_> = letters.chars().map(String::from).collect();
        let known = match letters.as_slice() {
            [] => "it takes none".to_owned(),
            letters => format!("it takes {}", letters.join(", ")),
        };
        self.invalid(format_args!("there is no argument {name:?}; {known}"))
    }

    fn invalid(&self, why: std::fmt::Arguments<'_>) -> ApiError {
        ApiError::new(
            ErrorCode::InvalidArgument,
            format!("{}: {why}", self.operation),
        )
    }
}
