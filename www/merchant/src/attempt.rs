//! Reading one attempt from a request: its key and its body.
#![forbid(unsafe_code)]

use axum::http::HeaderMap;
use payonce::cart::Cart;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

use crate::answer::Answer;

/// An SHA-256 digest.
pub type Digest256 = [u8; 32];

/// What names one attempt: 1 to 255 visible ASCII characters without quote, backslash and comma, so that the quoted
/// and the raw form of the header cannot be taken for each other. Clients send a UUID.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// Why a request names no attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// There is no `Idempotency-Key`.
    Missing,
    /// There is more than one, or it is not a key.
    Invalid,
}

impl IdempotencyKey {
    /// The key of a request.
    ///
    /// Taken are an RFC 9651 string, as draft-ietf-httpapi-idempotency-key-header-07 section 2.1 has it, and the raw
    /// form that most providers document.
    ///
    /// # Errors
    /// [`KeyError`] where there is not exactly one valid key.
    pub fn of(headers: &HeaderMap) -> Result<Self, KeyError> {
        let mut values = headers.get_all("idempotency-key").iter();
        let value = values.next().ok_or(KeyError::Missing)?;
        if values.next().is_some() {
            return Err(KeyError::Invalid);
        }
        let text = value.to_str().map_err(|_| KeyError::Invalid)?.trim_matches([' ', '\t']);
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        Self::new(bare).ok_or(KeyError::Invalid)
    }

    /// `text`, where it is a key.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=255).contains(&text.len());
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b','));
        (fits && plain).then(|| Self(text.to_owned()))
    }

    /// The key itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as one segment of a URL's path (RFC 3986 section 3.3).
    #[must_use]
    pub fn in_path(&self) -> String {
        const RESERVED: &AsciiSet = &CONTROLS
            .add(b' ')
            .add(b'"')
            .add(b'#')
            .add(b'%')
            .add(b'/')
            .add(b'<')
            .add(b'>')
            .add(b'?')
            .add(b'[')
            .add(b'\\')
            .add(b']')
            .add(b'^')
            .add(b'`')
            .add(b'{')
            .add(b'|')
            .add(b'}');
        utf8_percent_encode(&self.0, RESERVED).to_string()
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One send of an attempt. No `Debug`: it holds the wallet token.
pub struct Attempt {
    /// What names it.
    pub key: IdempotencyKey,
    /// SHA-256 of the body: the same key must always come with the same bytes.
    pub request: Digest256,
    /// The session, in the hyphenated lower-case form.
    pub session: String,
    /// The hash that the storefront bound the session to.
    pub cart_hash: String,
    /// The hash of the cart as it came, computed here.
    pub computed_hash: String,
    /// What is to be charged, in minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// The wallet token.
    pub token: String,
    /// Whatever else the storefront sends along (a postcode, say).
    pub details: Option<Value>,
}

/// The body as payonce composes it.
///
/// `providerRef` is not read: it names the provider's object for the session, and the test cards have no provider
/// behind them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow)]
    cart: &'a RawValue,
    cart_hash: String,
    session: Uuid,
    token: String,
    details: Option<Value>,
}

impl Attempt {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// The refusal to be sent. It says where the body is wrong and never repeats what it holds.
    pub fn read(key: IdempotencyKey, body: &[u8]) -> Result<Self, Answer> {
        let wire: Wire<'_> = serde_json::from_slice(body)
            .map_err(|error| invalid_request(&format!("line {} column {}", error.line(), error.column())))?;
        let cart =
            Cart::from_json(wire.cart.get()).map_err(|error| invalid_request(&format!("cart: {error}")))?;
        Ok(Self {
            key,
            request: Sha256::digest(body).into(),
            session: wire.session.to_string(),
            cart_hash: wire.cart_hash,
            computed_hash: cart.hash().to_string(),
            amount: cart.total().minor(),
            currency: cart.currency().to_string(),
            token: wire.token,
            details: wire.details,
        })
    }

    /// SHA-256 of the token: all that is kept of it.
    #[must_use]
    pub fn fingerprint(&self) -> Digest256 {
        Sha256::digest(self.token.as_bytes()).into()
    }
}

/// The refusal of a request that could not be read. It is not kept under the key: nothing was begun, and the same
/// bytes would be refused again.
fn invalid_request(detail: &str) -> Answer {
    refusal(400, "invalid_request", Some(detail))
}

/// A definitive refusal of a request that no ledger row was written for.
#[must_use]
pub fn refusal(status: u16, code: &str, detail: Option<&str>) -> Answer {
    let mut body = json!({ "outcome": "rejected", "code": code, "tokenConsumed": false, "mayRetry": false });
    if let (Some(detail), Some(members)) = (detail, body.as_object_mut()) {
        members.insert("detail".to_owned(), detail.into());
    }
    Answer::new(status, &body)
}

#[cfg(test)]
mod tests {
    use super::{IdempotencyKey, KeyError};
    use axum::http::{HeaderMap, HeaderValue};

    fn key_of(values: &[&str]) -> Result<String, KeyError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("idempotency-key", HeaderValue::from_str(value).unwrap());
        }
        IdempotencyKey::of(&headers).map(|key| key.to_string())
    }

    #[test]
    fn a_key_is_read_in_both_forms() {
        assert_eq!(key_of(&["\"8e03978e-40d5-43dd-bc93-6894a57f9324\""]).unwrap().len(), 36);
        assert_eq!(key_of(&["abc"]), Ok("abc".to_owned()));
        assert_eq!(key_of(&["\"abc\""]), Ok("abc".to_owned()));
    }

    #[test]
    fn anything_but_one_key_is_refused() {
        assert_eq!(key_of(&[]), Err(KeyError::Missing));
        for values in [
            &[""][..],
            &["\"\""],
            &["\""],
            &["\"abc"],
            &["a b"],
            &["a,b"],
            &["a\\b"],
            &["\"a\";p=1"],
            &["a", "a"],
        ] {
            assert_eq!(key_of(values), Err(KeyError::Invalid), "{values:?}");
        }
        assert!(key_of(&[&"k".repeat(255)]).is_ok());
        assert_eq!(key_of(&[&"k".repeat(256)]), Err(KeyError::Invalid));
    }

    #[test]
    fn a_key_is_one_segment_of_a_path() {
        assert_eq!(IdempotencyKey::new("a/b?c%d").unwrap().in_path(), "a%2Fb%3Fc%25d");
    }
}
