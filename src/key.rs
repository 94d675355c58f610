//! Identifiers, and where their randomness comes from.
//!
//! The core has no randomness of its own: every random bit comes through the [`Entropy`] port, is written to the log
//! and can be replayed (rule E2). Keys carry no personal data (rule K8): they are nothing but random.
#![forbid(unsafe_code)]

use crate::text;
use alloc::string::String;
use core::fmt;
use serde::{Deserialize, Serialize};

/// The port for randomness.
pub trait Entropy {
    /// 128 bits from a cryptographically secure source.
    fn draw(&mut self) -> u128;
}

/// The number in `[0, 1)` that 128 random bits stand for, with 53 bits of precision.
#[must_use]
pub fn unit(bits: u128) -> f64 {
    const PRECISION: u32 = 53;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    let fraction = (bits >> (u128::BITS - PRECISION)) as f64;
    #[expect(clippy::cast_precision_loss, reason = "a power of two is exact")]
    let scale = (1_u64 << PRECISION) as f64;
    fraction / scale
}

/// Where the version of a UUID is (RFC 9562 section 5.4).
const VERSION: u32 = 76;
/// Where its variant is.
const VARIANT: u32 = 62;

/// The version 4 UUID that these bits are random for.
const fn version_4(bits: u128) -> u128 {
    bits & !(0xF << VERSION) & !(0b11 << VARIANT) | 4 << VERSION | 0b10 << VARIANT
}

/// The hyphenated form: digits in groups of 8, 4, 4, 4 and 12.
fn hyphenated(id: u128) -> String {
    text::hex(&id.to_be_bytes(), &[4, 6, 8, 10])
}

/// The hyphenated form of a version 4 UUID, with digits of either case.
fn parse(text: &str) -> Option<u128> {
    let mut digits = String::new();
    for byte in text.bytes().filter(|byte| *byte != b'-') {
        digits.push(byte.to_ascii_lowercase().into());
    }
    let id = text::parse_hex_128(&digits).filter(|id| id >> VERSION & 0xF == 4)?;
    hyphenated(id).eq_ignore_ascii_case(text).then_some(id)
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u128);

        impl $name {
            /// Makes an id out of 128 random bits.
            #[must_use]
            pub fn from_entropy(bits: u128) -> Self {
                Self(version_4(bits))
            }

            /// Reads the hyphenated form of a version 4 UUID; nothing else is one of ours.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                parse(text).map(Self)
            }
        }

        impl $name {
            /// The hyphenated form, as [`fmt::Display`] has it; core's formatting would weigh more than all else here.
            pub(crate) fn hyphenated(self) -> String {
                hyphenated(self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.hyphenated())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.hyphenated())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <alloc::borrow::Cow<'_, str>>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a version 4 UUID"))
            }
        }
    };
}

random_id! {
    /// The key under which the merchant knows an attempt: a version 4 UUID (RFC 9562 section 5.4), the same on every
    /// send of the attempt (rule K2).
    ///
    /// ```
    /// use payonce::key::IdempotencyKey;
    /// let key = IdempotencyKey::from_entropy(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    /// assert_eq!(key.to_string(), "01234567-89ab-4def-8123-456789abcdef");
    /// assert_eq!(IdempotencyKey::parse(&key.to_string()), Some(key));
    /// ```
    IdempotencyKey
}

random_id! {
    /// The id of a session: the right to pay for one cart.
    SessionId
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;

    #[test]
    fn unit_spans_zero_to_one() {
        assert!(unit(0).abs() < f64::EPSILON);
        assert!(unit(u128::MAX) < 1.0);
        assert!(unit(u128::MAX) > 0.999_999_999);
        assert!((unit(1 << 127) - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn k8_only_version_4_uuids_are_keys() {
        for wrong in [
            "",
            "not-a-key",
            "01234567-89ab-1def-8123-456789abcdef",
            "0123456789ab4def8123456789abcdef",
            "0123456-789ab-4def-8123-456789abcdef",
            "01234567-89ab-4def-8123-456789abcdeg",
            "01234567-89ab-4def-8123-456789abcdef0",
            "-01234567-89ab-4def-8123-456789abcde",
        ] {
            assert_eq!(IdempotencyKey::parse(wrong), None, "{wrong}");
        }
        let key = IdempotencyKey::from_entropy(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(IdempotencyKey::parse("01234567-89AB-4DEF-8123-456789abcdef"), Some(key));
        for bits in [0, u128::MAX] {
            let id = IdempotencyKey::from_entropy(bits).to_string();
            assert_eq!((id.get(14..15), id.len()), (Some("4"), 36), "{id}");
            assert!(matches!(id.as_bytes().get(19), Some(b'8' | b'b')), "{id}");
        }
    }
}
