//! A source that has whatever a type asks for: values of any type, without a line for each.

use serde::Deserializer;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, VariantAccess, Visitor};

/// Gives values that its number decides.
#[derive(Clone, Copy)]
pub(crate) struct Arbitrary(u64);

impl Arbitrary {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed).next(0)
    }

    /// Another one, as different as the number (SplitMix64).
    fn next(self, number: u64) -> Self {
        let mut state = self
            .0
            .wrapping_add((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(state ^ (state >> 31))
    }

    fn text(self) -> &'static str {
        let texts = [
            "",
            "a",
            "READ",
            "中文 \"\\\n",
            "null",
            "7",
            "tomorrow's",
            "a/b?c",
        ];
        texts[self.0 as usize % texts.len()]
    }

    /// Seconds since 1970, up to the year 2096: every format of a time can express them.
    fn seconds(self) -> i64 {
        (self.0 % 4_000_000_000) as i64
    }
}

impl<'de> IntoDeserializer<'de> for Arbitrary {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($function:ident $visit:ident $number:ty,)*) => {$(
        fn $function<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit((self.seconds() % <$number>::MAX as i64) as $number)
        }
    )*};
}

impl<'de> Deserializer<'de> for Arbitrary {
    type Error = Error;

    numbers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
    }

    /// Asked for where a value may be of any kind.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 % 3 {
            0 => visitor.visit_str(self.text()),
            // Of texts alone: lists of lists are nowhere in the API.
            1 => {
                let texts = (0..self.0 % 4).map(|number| self.next(number).text());
                visitor.visit_seq(SeqDeserializer::new(texts))
            }
            _ => visitor.visit_str("x"),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.0.is_multiple_of(2))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f32(self.seconds() as f32 / 8.0)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f64(self.seconds() as f64 / 8.0)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_char('c')
    }

    /// Borrowed text is asked for by times alone.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(&format!(
            "2026-11-22T10:11:{:02}.{:03}Z",
            self.0 % 60,
            self.0 % 1000
        ))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.text())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 % 3 {
            0 => visitor.visit_none(),
            _ => visitor.visit_some(self.next(7)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let items = (0..self.0 % 3).map(|number| self.next(number));
        visitor.visit_seq(SeqDeserializer::new(items))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        let items = (0..len as u64).map(|number| self.next(number));
        visitor.visit_seq(SeqDeserializer::new(items))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let entries = (0..self.0 % 3).map(|number| (format!("key{number}"), self.next(number)));
        visitor.visit_map(MapDeserializer::new(entries))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == "Duration" {
            let entries = [("secs", self), ("nanos", Self(self.0 % 1_000_000_000))];
            return visitor.visit_map(MapDeserializer::new(entries.into_iter()));
        }
        let entries = fields
            .iter()
            .zip(0..)
            .map(|(name, number)| (*name, self.next(number)));
        visitor.visit_map(MapDeserializer::new(entries))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let variant = variants[self.0 as usize % variants.len()];
        visitor.visit_enum(Variant(variant, self.next(0)))
    }

    serde::forward_to_deserialize_any! {
        bytes byte_buf unit unit_struct tuple_struct identifier ignored_any
    }
}

/// One of the variants of an enum, and what it holds.
struct Variant(&'static str, Arbitrary);

impl<'de> EnumAccess<'de> for Variant {
    type Error = Error;
    type Variant = Arbitrary;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Arbitrary), Error> {
        let name = IntoDeserializer::<Error>::into_deserializer(self.0);
        Ok((seed.deserialize(name)?, self.1))
    }
}

impl<'de> VariantAccess<'de> for Arbitrary {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_struct("", fields, visitor)
    }
}
