//! Small things done to text, for which core has larger means: its formatting and its searching would weigh more in the
//! wasm than all of this crate's own handling of text.
#![forbid(unsafe_code)]

use alloc::string::String;
use core::iter;

/// The lower four bits as a lower-case digit.
pub(crate) fn hex_digit(bits: u8) -> char {
    let value = bits & 0xF;
    char::from(if value < 10 { b'0' + value } else { b'a' - 10 + value })
}

/// Two lower-case digits for each byte, and a hyphen before those bytes.
pub(crate) fn hex(bytes: &[u8], hyphens: &[usize]) -> String {
    let mut text = String::with_capacity(2 * bytes.len() + hyphens.len());
    for (n, byte) in bytes.iter().enumerate() {
        if hyphens.contains(&n) {
            text.push('-');
        }
        text.push(hex_digit(byte >> 4));
        text.push(hex_digit(*byte));
    }
    text
}

/// 128 bits out of 32 lower-case digits.
pub(crate) fn parse_hex_128(text: &str) -> Option<u128> {
    let digits = text.bytes().map(|byte| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    });
    let bits = digits.into_iter().try_fold(0, |bits, digit| Some(bits << 4 | u128::from(digit?)));
    bits.filter(|_| text.len() == 32)
}

/// The words of `text`, which single spaces part. One text with many words weighs less than a list of them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    iter::from_fn(move || {
        let text = rest?;
        let end = text.bytes().position(|byte| byte == b' ').unwrap_or(text.len());
        rest = text.get(end + 1..);
        text.get(..end)
    })
}

/// Where `needle`, which is not empty, begins in `text`.
pub(crate) fn find(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len().max(1)).position(|window| window == needle.as_bytes())
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_parsed() {
        for bits in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210] {
            let text = hex(&bits.to_be_bytes(), &[]);
            assert_eq!(text, format!("{bits:032x}"));
            assert_eq!(parse_hex_128(&text), Some(bits));
        }
        for wrong in ["", "0", "0123456789abcdef0123456789ABCDEF", "0123456789abcdef0123456789abcdefa", "é"]
        {
            assert_eq!(parse_hex_128(wrong), None, "{wrong}");
        }
    }
    #[test]
    fn words_are_parted_by_spaces() {
        assert_eq!(words("a bc d").collect::<Vec<_>>(), ["a", "bc", "d"]);
        assert_eq!(words("é").collect::<Vec<_>>(), ["é"]);
    }

    #[test]
    fn what_is_there_is_found() {
        assert_eq!(find("abcabd", "abd"), Some(3));
        assert_eq!(find("é\"open\"", "\"open\""), Some(2));
        assert_eq!(find("ab", "abc"), None);
        assert_eq!(find("", "a"), None);
    }
}
