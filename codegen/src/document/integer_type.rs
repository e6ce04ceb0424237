//! The type of an integer, by its format and limits.

use super::types::Schema;

/// Size and sign of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IntegerType {
    /// 32 or 64.
    pub(crate) bits: u8,
    /// Whether it can be negative.
    pub(crate) signed: bool,
}

impl IntegerType {
    /// Returns the type of an integer schema with this format.
    pub(crate) fn of(schema: &Schema, format: Option<&str>) -> Self {
        let minimum = schema.limits.minimum.as_ref();
        Self {
            bits: match format {
                Some("int8" | "int16" | "int32" | "uint8" | "uint16" | "uint32") => 32,
                _ => 64,
            },
            signed: !format.is_some_and(|format| format.starts_with("uint"))
                && minimum
                    .and_then(serde_json::Number::as_f64)
                    .is_none_or(|least| least < 0.0),
        }
    }

    /// Returns whether the type has a whole number.
    pub(crate) fn contains(self, number: &serde_json::Number) -> bool {
        let magnitude = u32::from(self.bits) - u32::from(self.signed);
        // A number with a decimal point or exponent, and large ones, are doubles.
        match number.as_i128() {
            Some(number) => {
                let end = 1_i128 << magnitude;
                let least = if self.signed { -end } else { 0 };
                (least..end).contains(&number)
            }
            None => {
                let number = number.as_f64().unwrap_or(f64::INFINITY);
                let end = 2_f64.powi(magnitude.cast_signed());
                let least = if self.signed { -end } else { 0.0 };
                (least..end).contains(&number)
            }
        }
    }
}
