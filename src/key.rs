//! Identifiers, and where their randomness comes from.
//!
//! The core has no randomness of its own: every random bit comes through the [`Entropy`] port, is written to the log
//! and can be replayed (rule E2). Keys carry no personal data (rule K8): they are nothing but random.
#![forbid(unsafe_code)]

use alloc::string::String;
use core::fmt;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

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

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes an id out of 128 random bits.
            #[must_use]
            pub fn from_entropy(bits: u128) -> Self {
                Self(Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
            }

            /// Reads the hyphenated form of a version 4 UUID; nothing else is one of ours.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let id = Uuid::try_parse(text).ok()?;
                (text.len() == uuid::fmt::Hyphenated::LENGTH && id.get_version_num() == 4).then_some(Self(id))
            }
        }

        impl $name {
            /// The hyphenated form, as [`fmt::Display`] has it; core's formatting would weigh more than all else here.
            pub(crate) fn hyphenated(self) -> String {
                let mut buffer = Uuid::encode_buffer();
                String::from(&*self.0.as_hyphenated().encode_lower(&mut buffer))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(formatter)
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
        for wrong in
            ["", "not-a-key", "01234567-89ab-1def-8123-456789abcdef", "0123456789ab4def8123456789abcdef"]
        {
            assert_eq!(IdempotencyKey::parse(wrong), None, "{wrong}");
        }
    }
}
