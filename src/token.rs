//! Wallet tokens: single-use, secret, and outlived by nothing but a fingerprint.
//!
//! A token is known by its content (rule T5): a wallet that mutates one response object, or copies it, hands over the
//! same token as long as the content is the same.
#![forbid(unsafe_code)]

use crate::json::{self, Value};
use crate::text;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What the sheet returned. Its memory is wiped when it is dropped, and its `Debug` form shows nothing.
///
/// A redacted token is what the log keeps in its place: enough to replay what the machine did, not enough to pay.
#[derive(Clone)]
pub struct WalletToken(Content);

#[derive(Clone)]
enum Content {
    Secret(Zeroizing<String>),
    Redacted(Fingerprint),
}

impl WalletToken {
    /// The longest token that is taken, in bytes. Apple Pay's largest are below 10 KiB.
    pub const MAX_LEN: usize = 64 * 1024;

    /// Takes over a token.
    ///
    /// # Errors
    /// [`TokenError`] when the text is blank or longer than [`Self::MAX_LEN`]; the text is wiped all the same.
    pub fn new(text: String) -> Result<Self, TokenError> {
        let text = Zeroizing::new(text);
        if text.trim_ascii().is_empty() {
            Err(TokenError::Blank)
        } else if text.len() > Self::MAX_LEN {
            Err(TokenError::TooLong)
        } else {
            Ok(Self(Content::Secret(text)))
        }
    }

    /// The token's fingerprint under `salt`.
    #[must_use]
    pub fn fingerprint(&self, salt: Salt) -> Fingerprint {
        match &self.0 {
            Content::Redacted(fingerprint) => *fingerprint,
            Content::Secret(text) => Fingerprint::of(text.as_bytes(), salt),
        }
    }

    /// What the log keeps of this token.
    #[must_use]
    pub fn redacted(&self, salt: Salt) -> Self {
        Self(Content::Redacted(self.fingerprint(salt)))
    }

    /// The token's text; blank for a redacted one.
    #[must_use]
    pub fn expose(&self) -> &str {
        match &self.0 {
            Content::Secret(text) => text,
            Content::Redacted(_) => "",
        }
    }

    /// Whether `text` gives this token away, or one of the texts within it where the token is JSON.
    #[must_use]
    pub fn appears_in(&self, text: &str) -> bool {
        let token = self.expose().trim_ascii();
        !token.is_empty()
            && (text::find(text, token).is_some()
                || json::parse(token).is_ok_and(|value| gives_away(text, &value)))
    }
}

/// Whether `text` holds one of the texts and long numbers within `value`. Wallets wrap JSON in strings of JSON.
fn gives_away(text: &str, value: &Value<'_>) -> bool {
    // What is shorter (a version, a card network, a currency) is no secret, and may well be in any text.
    let found = |secret: &str| secret.len() >= 8 && text::find(text, secret).is_some();
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(digits) => found(digits),
        Value::String(secret) => {
            found(secret) || json::parse(secret).is_ok_and(|inner| gives_away(text, &inner))
        }
        Value::Array(items) => items.iter().any(|item| gives_away(text, item)),
        Value::Object(object) => object.members.iter().any(|(_, member)| gives_away(text, member)),
    }
}

impl fmt::Debug for WalletToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WalletToken(..)")
    }
}

impl Serialize for WalletToken {
    /// Only a redacted token can be written; a secret one is written as `null`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Content::Redacted(fingerprint) => fingerprint.serialize(serializer),
            Content::Secret(_) => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for WalletToken {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Fingerprint::deserialize(deserializer).map(|fingerprint| Self(Content::Redacted(fingerprint)))
    }
}

/// Why a token was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// There is nothing in it.
    Blank,
    /// Longer than [`WalletToken::MAX_LEN`].
    TooLong,
}

impl TokenError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Blank => "token_blank",
            Self::TooLong => "token_too_long",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl core::error::Error for TokenError {}

macro_rules! hex_128 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u128);

        impl $name {
            /// Reads 32 lower-case hexadecimal digits.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                text::parse_hex_128(text).map(Self)
            }

            /// Its 32 digits.
            pub(crate) fn hex(self) -> String {
                text::hex(&self.0.to_be_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{:032x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({:032x})"), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.hex())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <alloc::borrow::Cow<'_, str>>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not 32 hexadecimal digits"))
            }
        }
    };
}

hex_128! {
    /// The first 128 bits of SHA-256 over the salt and the token: all that outlives a token.
    Fingerprint
}

hex_128! {
    /// What makes the fingerprints of one shopper's browser worthless elsewhere. Random, kept in the journal.
    Salt
}

impl Fingerprint {
    fn of(text: &[u8], salt: Salt) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(salt.0.to_be_bytes());
        hasher.update(text.trim_ascii());
        let digest: [u8; 32] = hasher.finalize().into();
        Self(digest.iter().take(16).fold(0, |value, byte| value << 8 | u128::from(*byte)))
    }
}

impl Salt {
    /// A salt out of 128 random bits.
    #[must_use]
    pub const fn from_entropy(bits: u128) -> Self {
        Self(bits)
    }

    /// What the log has in its place: as different as salts are, but of no use to whoever wants to test guesses of a
    /// token.
    #[must_use]
    pub fn alias(self) -> u128 {
        Fingerprint::of(&[], self).0
    }
}

/// The fingerprints of spent tokens, oldest first (rules T2, T3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentLedger {
    salt: Salt,
    spent: Vec<Spent>,
}

/// A spent token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Which one.
    pub fingerprint: Fingerprint,
    /// When it was spent, in milliseconds since the Unix epoch.
    pub at: u64,
}

impl SpentLedger {
    /// How many spent tokens are remembered; beyond that the oldest is forgotten. Wallet tokens live for minutes, and
    /// nobody is declined this often meanwhile.
    pub const CAPACITY: usize = 1024;

    /// A ledger without entries.
    #[must_use]
    pub const fn new(salt: Salt) -> Self {
        Self { salt, spent: Vec::new() }
    }

    /// The entries alone, for the log.
    #[must_use]
    pub fn without_salt(&self) -> Self {
        Self { salt: Salt(0), spent: self.spent.clone() }
    }

    /// The salt of its fingerprints.
    #[must_use]
    pub const fn salt(&self) -> Salt {
        self.salt
    }

    /// Replaces the salt, under which no token is recognised then, and keeps the entries.
    pub const fn set_salt(&mut self, salt: Salt) {
        self.salt = salt;
    }

    /// The entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Spent] {
        &self.spent
    }

    /// Whether the token with this fingerprint is spent.
    #[must_use]
    pub fn contains(&self, fingerprint: Fingerprint) -> bool {
        self.spent.iter().any(|spent| spent.fingerprint == fingerprint)
    }

    /// Whether `text` is a spent token, or one of its words is.
    #[must_use]
    pub fn is_given_away_by(&self, text: &str) -> bool {
        let is_spent = |word: &[u8]| self.contains(Fingerprint::of(word, self.salt));
        let ends_word = |byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-');
        is_spent(text.as_bytes()) || text.as_bytes().split(ends_word).any(is_spent)
    }

    /// Marks a token as spent. A mark is known by its token and its moment: the same one a second time changes nothing,
    /// but a token that was given back and is spent again, in another tab perhaps, has a mark of its own.
    pub fn spend(&mut self, fingerprint: Fingerprint, at: u64) {
        let mark = Spent { fingerprint, at };
        if !self.spent.contains(&mark) {
            if self.spent.len() >= Self::CAPACITY {
                self.spent.remove(0);
            }
            self.spent.push(mark);
        }
    }

    /// Takes the mark back that was made `at` that moment, and no other one: the provider never saw that token (rule T4).
    pub fn release(&mut self, fingerprint: Fingerprint, at: Option<u64>) {
        self.spent.retain(|spent| spent.fingerprint != fingerprint || Some(spent.at) != at);
    }

    /// Takes over what another tab spent under the same salt.
    pub fn merge(&mut self, other: &Self) {
        if self.salt == other.salt {
            for spent in &other.spent {
                self.spend(spent.fingerprint, spent.at);
            }
        }
    }

    /// Takes over what another tab spent since `base`, but not what this tab took back since then.
    pub fn merge_news(&mut self, stored: &Self, base: Option<&Self>) {
        for spent in &stored.spent {
            if !base.is_some_and(|base| base.spent.contains(spent)) {
                self.spend(spent.fingerprint, spent.at);
            }
        }
    }

    /// Forgets what was spent more than `window` milliseconds before `now` (rule D7).
    pub fn prune(&mut self, now: u64, window: u64) {
        self.spent.retain(|spent| now.saturating_sub(spent.at) < window);
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;

    fn token(text: &str) -> WalletToken {
        WalletToken::new(text.into()).unwrap()
    }

    #[test]
    fn t5_a_token_is_known_by_its_content() {
        let salt = Salt::from_entropy(7);
        assert_eq!(token("tok_a").fingerprint(salt), token(" tok_a\n").fingerprint(salt));
        assert_ne!(token("tok_a").fingerprint(salt), token("tok_b").fingerprint(salt));
        assert_ne!(token("tok_a").fingerprint(salt), token("tok_a").fingerprint(Salt::from_entropy(8)));
    }

    #[test]
    fn t6_debug_and_serialized_forms_hide_the_token() {
        let secret = token("tok_4242424242424242");
        assert_eq!(format!("{secret:?}"), "WalletToken(..)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "null");
        let redacted = secret.redacted(Salt::from_entropy(1));
        let text = serde_json::to_string(&redacted).unwrap();
        assert!(!text.contains("4242"), "{text}");
        let again: WalletToken = serde_json::from_str(&text).unwrap();
        assert_eq!(again.fingerprint(Salt::from_entropy(2)), secret.fingerprint(Salt::from_entropy(1)));
        assert_eq!(again.expose(), "");
    }

    #[test]
    fn t6_a_token_is_given_away_by_a_part_of_it() {
        let google = r#"{"version":"ECv2","signedMessage":"{\"encrypted\":\"c2VjcmV0LXRva2Vu\",\"n\":[4242424242424242]}"}"#;
        for text in ["charged c2VjcmV0LXRva2Vu", "4242424242424242", google] {
            assert!(token(google).appears_in(text), "{text}");
        }
        for text in ["ECv2", "encrypted", "ch_1", ""] {
            assert!(!token(google).appears_in(text), "{text}");
        }
        assert!(token("tok_a").appears_in("ch_tok_a"));
    }

    #[test]
    fn e1_blank_and_endless_tokens_are_refused() {
        assert_eq!(WalletToken::new("  ".into()).unwrap_err().to_string(), "token_blank");
        let endless = "x".repeat(WalletToken::MAX_LEN + 1);
        assert_eq!(WalletToken::new(endless).unwrap_err().code(), "token_too_long");
    }

    #[test]
    fn t4_only_the_mark_of_that_moment_is_taken_back() {
        let mut ledger = SpentLedger::new(Salt::from_entropy(1));
        let [ours, theirs] = ["tok_a", "tok_b"].map(|text| token(text).fingerprint(ledger.salt()));
        for (fingerprint, at) in [(ours, 1), (ours, 2), (theirs, 1)] {
            ledger.spend(fingerprint, at);
        }
        ledger.release(ours, None);
        assert_eq!(ledger.entries().len(), 3);
        ledger.release(ours, Some(1));
        let left = [Spent { fingerprint: ours, at: 2 }, Spent { fingerprint: theirs, at: 1 }];
        assert_eq!(ledger.entries(), left);
    }

    #[test]
    fn t3_the_ledger_remembers_the_newest_tokens() {
        let mut ledger = SpentLedger::new(Salt::from_entropy(1));
        for at in 0..=SpentLedger::CAPACITY as u64 {
            ledger.spend(token(&format!("tok_{at}")).fingerprint(ledger.salt()), at);
        }
        assert_eq!(ledger.entries().len(), SpentLedger::CAPACITY);
        assert!(!ledger.contains(token("tok_0").fingerprint(ledger.salt())));
        assert!(ledger.contains(token("tok_1024").fingerprint(ledger.salt())));
        ledger.prune(1024, 10);
        assert_eq!(ledger.entries().len(), 10);
    }
}
