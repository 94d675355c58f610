//! Writes JSON: a serializer for serde that knows this one form, and only the types that payonce writes.
//!
//! It exists for its size, as the reader does: it cannot fail, so what serde derives for a type becomes a row of calls
//! without a single check. That, and the two serializers that it took the place of, made a tenth of the module.
#![forbid(unsafe_code)]

use super::write_string;
use crate::text;
use alloc::string::{String, ToString as _};
use core::convert::Infallible;
use core::fmt::Display;
use serde::ser::{self, Serialize};

/// `value` as JSON text, without white space: what `serde_json` would write.
pub(crate) fn to_string<T: Serialize + ?Sized>(value: &T) -> String {
    // Room for a journal's record: growing copies what is there each time.
    let mut writer = Writer(String::with_capacity(1024));
    let Ok(()) = value.serialize(&mut writer);
    writer.0
}

/// Appends `value` in decimal digits.
pub(crate) fn write_integer(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    write_digits(out, value.unsigned_abs());
}

/// Appends `[index]`, as it stands in a path.
pub(crate) fn write_index(path: &mut String, index: usize) {
    path.push('[');
    write_digits(path, index as u64);
    path.push(']');
}

fn write_digits(out: &mut String, value: u64) {
    if value >= 10 {
        write_digits(out, value / 10);
    }
    out.push(text::hex_digit((value % 10) as u8));
}

/// What was written so far.
struct Writer(String);

/// Nothing that is written here can go wrong.
#[derive(Debug)]
pub(crate) struct Never(Infallible);

impl Display for Never {
    fn fmt(&self, _: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {}
    }
}

impl core::error::Error for Never {}

impl ser::Error for Never {
    #[expect(clippy::panic, reason = "only a `Serialize` by hand could call this, and none of ours does")]
    fn custom<T: Display>(_: T) -> Self {
        panic!("serialized by hand")
    }
}

impl Writer {
    /// What comes before the next element or name.
    fn separate(&mut self) {
        if !matches!(self.0.as_bytes().last(), Some(b'{' | b'[')) {
            self.0.push(',');
        }
    }

    /// A member's name, or a variant's: words of ours, which need no escapes.
    fn name(&mut self, name: &'static str) {
        self.separate();
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    fn open(&mut self, bracket: char) -> &mut Self {
        self.0.push(bracket);
        self
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        self.separate();
        value.serialize(self)
    }

    fn member<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Never> {
        self.name(name);
        value.serialize(self)
    }

    fn close(&mut self, brackets: &str) {
        self.0.push_str(brackets);
    }
}

impl ser::Serializer for &mut Writer {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn serialize_bool(self, value: bool) -> Result<(), Never> {
        self.0.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Never> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Never> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Never> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Never> {
        write_integer(&mut self.0, value);
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Never> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Never> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Never> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Never> {
        write_digits(&mut self.0, value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Never> {
        self.serialize_f64(value.into())
    }

    /// None of ours has one: amounts and times are integers.
    fn serialize_f64(self, value: f64) -> Result<(), Never> {
        self.0.push_str(&value.to_string());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Never> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Never> {
        write_string(&mut self.0, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Never> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), Never> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Never> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Never> {
        self.0.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Never> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Never> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        self.open('{').name(variant);
        value.serialize(&mut *self)?;
        self.0.push('}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Never> {
        Ok(self.open('['))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Never> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, Never> {
        self.open('{').name(variant);
        Ok(self.open('['))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Never> {
        Ok(self.open('{'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, Never> {
        self.open('{').name(variant);
        Ok(self.open('{'))
    }
}

macro_rules! elements {
    ($($kind:ident::$add:ident, $close:literal;)+) => {
        $(
            impl ser::$kind for &mut Writer {
                type Ok = ();
                type Error = Never;

                fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
                    self.element(value)
                }

                fn end(self) -> Result<(), Never> {
                    self.close($close);
                    Ok(())
                }
            }
        )+
    };
}

elements! {
    SerializeSeq::serialize_element, "]";
    SerializeTuple::serialize_element, "]";
    SerializeTupleStruct::serialize_field, "]";
    SerializeTupleVariant::serialize_field, "]}";
}

macro_rules! members {
    ($($kind:ident, $close:literal;)+) => {
        $(
            impl ser::$kind for &mut Writer {
                type Ok = ();
                type Error = Never;

                fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Never> {
                    self.member(name, value)
                }

                fn end(self) -> Result<(), Never> {
                    self.close($close);
                    Ok(())
                }
            }
        )+
    };
}

members! {
    SerializeStruct, "}";
    SerializeStructVariant, "}}";
}

/// Names must be texts.
impl ser::SerializeMap for &mut Writer {
    type Ok = ();
    type Error = Never;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Never> {
        self.element(name)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        self.0.push(':');
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Never> {
        self.close("}");
        Ok(())
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use serde::{Serialize, Serializer};

    #[derive(Serialize)]
    struct Unit;

    #[derive(Serialize)]
    struct Newtype(i64);

    #[derive(Serialize)]
    struct Pair(u8, Option<bool>);

    struct Bytes(&'static [u8]);

    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }

    #[derive(Serialize)]
    struct Members {
        first: Vec<i64>,
        second: BTreeMap<&'static str, u64>,
    }

    #[derive(Serialize)]
    enum Any {
        Unit,
        Newtype(Newtype),
        Tuple(i8, i16, i32),
        Struct { char: char, text: &'static str },
    }

    #[test]
    fn writes_what_serde_json_writes() {
        #[track_caller]
        fn check(value: &impl Serialize) {
            assert_eq!(to_string(value), serde_json::to_string(value).unwrap());
        }
        for value in [0, 9, 10, -1, -10, 1_234_567_890, i64::MAX, i64::MIN] {
            check(&value);
        }
        check(&(i8::MIN, i16::MIN, i32::MIN));
        check(&(u8::MAX, u16::MAX, u32::MAX, u64::MAX));
        check(&(1.5_f32, -0.25_f64, true, false, 'é', "\"\n"));
        check(&Bytes(b"ab"));
        check(&(Unit, (), None::<u8>, Some(7), Newtype(3), Pair(1, Some(true)), Pair(2, None)));
        check(&Members { first: vec![], second: BTreeMap::new() });
        check(&Members { first: vec![1, -2, 3], second: BTreeMap::from([("a", 1), ("b\"", 2)]) });
        check(&[Any::Unit, Any::Newtype(Newtype(4)), Any::Tuple(1, 2, 3)]);
        check(&(Any::Struct { char: '"', text: "" }, [[1], [2]]));
    }
}
