//! The arguments of an operation: `w_300,h_400`.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// Opacity of a watermark that does not specify one.
const DEFAULT_OPACITY: f32 = 0.25;

/// Arguments of an operation. Arguments with an empty value are ignored, because clients send `c_`
/// for a watermark without a color.
#[derive(Debug)]
pub(super) struct OperationArguments<'a> {
    operation: &'static str,
    values: Vec<(char, &'a str)>,
}

impl<'a> OperationArguments<'a> {
    /// Parses the text after the colon. `letters` are the names of the known arguments.
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
                return Err(arguments.invalid(format_args!("duplicate argument {letter}")));
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

    /// Parses a whole number.
    pub(super) fn number(&self, letter: char) -> Result<Option<u32>, ApiError> {
        self.get(letter)
            .map(|text| {
                // `parse` accepts a plus sign, which the API does not.
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

    /// Parses the length of a side, in pixels.
    pub(super) fn length(&self, letter: char) -> Result<Option<NonZeroU32>, ApiError> {
        self.number(letter)?
            .map(|number| {
                NonZeroU32::new(number)
                    .ok_or_else(|| self.invalid(format_args!("{letter} must be at least 1")))
            })
            .transpose()
    }

    /// Parses one of several values.
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
                "{letter} {text:?} is not one of {}",
                names.join(", ")
            ))
        })
    }

    /// Decodes text in Base64 without padding.
    pub(super) fn base64(&self, letter: char) -> Result<Option<String>, ApiError> {
        self.get(letter)
            .map(|text| {
                STANDARD_NO_PAD
                    .decode(text)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .ok_or_else(|| {
                        self.invalid(format_args!(
                            "{letter} {text:?} is not UTF-8 text in Base64 without padding"
                        ))
                    })
            })
            .transpose()
    }

    /// Parses an opacity. Values above 1 count as 1, because an example in the API documents uses
    /// 2.
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
                    "{letter} {text:?} is not a number greater than 0 and at most 1"
                ))
            })
    }

    fn unknown(&self, name: &str, letters: &str) -> ApiError {
        let letters: Vec<_> = letters.chars().map(String::from).collect();
        let known = match letters.as_slice() {
            [] => "the operation does not have arguments".to_owned(),
            letters => format!("expected {}", letters.join(", ")),
        };
        self.invalid(format_args!("unknown argument {name:?}; {known}"))
    }

    fn invalid(&self, why: std::fmt::Arguments<'_>) -> ApiError {
        ApiError::new(
            ErrorCode::InvalidArgument,
            format!("{}: {why}", self.operation),
        )
    }
}
