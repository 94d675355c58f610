//! The fingerprint of a state in which ids are only names.
//!
//! Keys, sessions, salts, fingerprints and effects are known by random or running numbers. Two states that differ in
//! nothing but those go on alike, so each id is replaced by the place where it comes first.
#![forbid(unsafe_code)]

use xxhash_rust::xxh3::xxh3_128;

/// An id, and whose it is: effects are numbered by each tab for itself.
type Id = (u8, u128);

/// Everybody's ids.
const SHARED: u8 = u8::MAX;

/// A part of a state: what is left of its text without the ids, and the ids in their order.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    rest: u128,
    ids: Vec<Id>,
}

impl Shape {
    /// The shape of texts as `Debug` writes them, each with the tab whose effects are in it.
    pub fn of<'a>(texts: impl Iterator<Item = (u8, &'a str)>) -> Self {
        let mut rest = Vec::with_capacity(8192);
        let mut ids = Vec::with_capacity(128);
        for (tab, text) in texts {
            let mut parts = text.split('(');
            rest.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
            let mut before = rest.ends_with(b"EffectId");
            for part in parts {
                rest.push(b'(');
                let (inside, behind) = part.split_once(')').unwrap_or((part, ""));
                let id = if before { inside.parse().ok().map(|n| (tab, n)) } else { long_id(inside) };
                if let Some(id) = id {
                    ids.push(id);
                    rest.extend_from_slice(behind.as_bytes());
                } else {
                    rest.extend_from_slice(part.as_bytes());
                }
                before = part.ends_with("EffectId");
            }
            rest.push(0xff); // in no text
        }
        Self { rest: xxh3_128(&rest), ids }
    }
}

/// The fingerprint of a state made of these shapes. Of ten million states some two share one with a probability of
/// 10^-25.
pub(crate) fn fingerprint<'a>(shapes: impl Iterator<Item = &'a Shape>) -> u128 {
    let mut seen: Vec<Id> = Vec::with_capacity(64);
    let mut bytes = Vec::with_capacity(1024);
    for shape in shapes {
        bytes.extend_from_slice(&shape.rest.to_le_bytes());
        for id in &shape.ids {
            let place = seen.iter().position(|seen| seen == id).unwrap_or_else(|| {
                seen.push(*id);
                seen.len() - 1
            });
            bytes.extend(u16::try_from(place).unwrap_or(u16::MAX).to_le_bytes());
        }
    }
    xxh3_128(&bytes)
}

/// The number of a UUID in its hyphenated form, or of 32 hexadecimal digits.
fn long_id(text: &str) -> Option<Id> {
    if !matches!(text.len(), 32 | 36) {
        return None;
    }
    let digits = text.bytes().filter(|byte| *byte != b'-');
    let number = digits.into_iter().try_fold(0_u128, |number, byte| {
        char::from(byte).to_digit(16).map(|digit| number << 4 | u128::from(digit))
    });
    number.map(|number| (SHARED, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::fmt::Debug;
    use payonce::checkout::EffectId;
    use payonce::key::IdempotencyKey;

    fn fingerprint_of(parts: &[&dyn Debug]) -> u128 {
        let texts: Vec<_> = parts.iter().map(|part| format!("{{ id: {part:?}, n: Some(7) }}")).collect();
        let shapes: Vec<_> =
            texts.iter().map(|text| Shape::of(core::iter::once((0, text.as_str())))).collect();
        fingerprint(shapes.iter())
    }

    #[test]
    fn ids_are_names() {
        let key = IdempotencyKey::from_entropy;
        assert_eq!(
            fingerprint_of(&[&key(1), &key(2), &key(1)]),
            fingerprint_of(&[&key(7), &key(3), &key(7)])
        );
        assert_ne!(
            fingerprint_of(&[&key(1), &key(2), &key(1)]),
            fingerprint_of(&[&key(1), &key(2), &key(2)])
        );
        let effect = |n| Some(EffectId(n));
        assert_eq!(fingerprint_of(&[&effect(4), &effect(9)]), fingerprint_of(&[&effect(1), &effect(2)]));
        assert_ne!(fingerprint_of(&[&effect(4), &effect(4)]), fingerprint_of(&[&effect(1), &effect(2)]));
        assert_ne!(fingerprint_of(&[&Some(4)]), fingerprint_of(&[&Some(5)]));
    }

    #[test]
    fn effects_of_two_tabs_are_not_the_same() {
        let of = |tabs: [u8; 2]| {
            let texts = ["EffectId(1)", "EffectId(1)"];
            fingerprint(core::iter::once(&Shape::of(tabs.into_iter().zip(texts))))
        };
        assert_ne!(of([0, 0]), of([0, 1]));
    }
}
