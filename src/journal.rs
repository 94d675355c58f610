//! The durable record: the session, the open attempt, the last receipt and the spent ledger. Never a token.
//!
//! It is written before the first send of an attempt (rule D1), so whatever happens to the page, the next start knows
//! which key to settle (rule D3). The format is JSON with a version; it is written with serde and read by hand,
//! because reading with serde would cost the wasm more than everything else in it.
#![forbid(unsafe_code)]

use crate::attempt::{Attempt, BoundCart, Receipt, Session};
use crate::cart::Cart;
use crate::json::{self, Value};
use crate::key::{IdempotencyKey, SessionId};
use crate::outcome::Text;
use crate::text;
use crate::token::{Fingerprint, Salt, SpentLedger};
use alloc::string::String;
use alloc::vec::Vec;
use core::{fmt, iter};
use serde::{Serialize, Serializer};

/// The version of the record that this crate writes.
pub const VERSION: u64 = 1;

/// The longest record that is read, in bytes; ours stay far below.
pub const MAX_LEN: usize = 1024 * 1024;

/// All that must not be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which tokens are spent.
    pub ledger: SpentLedger,
    /// The session, open or not.
    pub session: Option<Session>,
    /// The attempt whose end is not known yet.
    pub open: Option<Attempt>,
    /// The last charge, until its key's window is over (rule D7).
    pub paid: Option<Paid>,
    /// Sessions that the merchant still has to be told of.
    pub discards: Vec<Discard>,
}

/// A charge that is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// Its receipt.
    pub receipt: Receipt,
    /// Whether the shopper has seen it. Then it is not shown any more, but another tab that still has the same cart
    /// open must not pay it again.
    pub acknowledged: bool,
}

/// A session that must not be paid any more, and that the merchant has not confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Discard {
    /// Which one.
    pub session: SessionId,
    /// Its provider object.
    pub provider_ref: Option<Text>,
}

impl Record {
    /// The record as JSON text.
    #[must_use]
    pub fn encode(&self) -> String {
        json::to_string(&Wire {
            version: VERSION,
            salt: self.ledger.salt(),
            spent: self.ledger.entries().iter().map(|spent| (spent.fingerprint, spent.at)).collect(),
            session: self.session.as_ref().map(|session| SessionWire {
                id: session.id,
                cart: CartWire(&session.bound.cart),
                on_page: session.bound.on_page.as_ref().map(CartWire),
                provider_ref: session.provider_ref.as_ref(),
                created_at: session.created_at,
            }),
            open: self.open.as_ref().map(|attempt| AttemptWire {
                key: attempt.key,
                session: attempt.session,
                provider_ref: attempt.provider_ref.as_ref(),
                cart: CartWire(&attempt.bound.cart),
                on_page: attempt.bound.on_page.as_ref().map(CartWire),
                fingerprint: attempt.fingerprint,
                first_send: attempt.first_send,
            }),
            paid: self.paid.as_ref().map(|Paid { receipt, acknowledged }| ReceiptWire {
                key: receipt.key,
                session: receipt.session,
                reference: receipt.reference.as_ref(),
                cart: CartWire(&receipt.paid.cart),
                on_page: receipt.paid.on_page.as_ref().map(CartWire),
                at: receipt.at,
                acknowledged: *acknowledged,
            }),
            discards: &self.discards,
        })
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`JournalError`], and then nothing of the text was used: a record is read as a whole or not at all (rule D5).
    pub fn decode(text: &str) -> Result<Self, JournalError> {
        if text.len() > MAX_LEN {
            return Err(corrupt(""));
        }
        let value = json::parse(text).map_err(|_| corrupt(""))?;
        match value.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(VERSION..) => {
                return Err(JournalError { code: JournalErrorCode::Newer, path: "version".into() });
            }
            _ => return Err(corrupt("version")),
        }
        let node = Node::top(&value, "");
        let mut ledger = SpentLedger::new(node.parsed("salt", Salt::parse)?);
        node.list("spent", &mut |entry| {
            let (fingerprint, at) = match entry.value.as_array() {
                Some([Value::String(fingerprint), at]) => (Fingerprint::parse(fingerprint), at.as_u64()),
                _ => (None, None),
            };
            let (fingerprint, at) = fingerprint.zip(at).ok_or_else(|| entry.corrupt())?;
            ledger.spend(fingerprint, at);
            Ok(())
        })?;
        let session = node
            .optional("session")?
            .map(|node| {
                Ok(Session {
                    id: node.parsed("id", SessionId::parse)?,
                    bound: node.bound()?,
                    provider_ref: node.text("providerRef")?,
                    created_at: node.number("createdAt")?,
                })
            })
            .transpose()?;
        let open = node.optional("open")?.map(|node| node.attempt()).transpose()?;
        let paid = node
            .optional("paid")?
            .map(|node| {
                let receipt = Receipt {
                    key: node.parsed("key", IdempotencyKey::parse)?,
                    session: node.parsed("session", SessionId::parse)?,
                    reference: node.text("reference")?,
                    paid: node.bound()?,
                    at: node.number("at")?,
                };
                let acknowledged = node.get("acknowledged")?;
                let acknowledged = acknowledged.value.as_bool().ok_or_else(|| acknowledged.corrupt())?;
                Ok(Paid { receipt, acknowledged })
            })
            .transpose()?;
        let mut discards = Vec::new();
        node.list("discards", &mut |node| {
            discards.push(Discard {
                session: node.parsed("session", SessionId::parse)?,
                provider_ref: node.text("providerRef")?,
            });
            Ok(())
        })?;
        Ok(Self { ledger, session, open, paid, discards })
    }

    /// What is left of a `text` that [`Self::decode`] refused: nothing where it names no open attempt, or a record of
    /// that attempt alone, under a fresh `salt`. Anything else that the text says is not used (rule D5).
    ///
    /// A text names none if it is no object at all or says `"open":null`; nothing else counts as saying so.
    ///
    /// # Errors
    /// [`JournalError`] when the text is of a newer version, or names an open attempt that cannot be read: then it
    /// must stay where it is.
    pub fn salvage(text: &str, salt: Salt) -> Result<Option<Self>, JournalError> {
        const NAME: &str = "\"open\"";
        if let Err(newer @ JournalError { code: JournalErrorCode::Newer, .. }) = Self::decode(text) {
            return Err(newer);
        }
        let saved = |open: &Value<'_>| {
            let open = Node::top(open, "open").attempt().map_err(|_| unreadable())?;
            let ledger = SpentLedger::new(salt);
            Ok(Some(Self { ledger, session: None, open: Some(open), paid: None, discards: Vec::new() }))
        };
        if let Ok(value @ Value::Object(_)) = json::parse(text) {
            return match value.get("open") {
                Some(Value::Null) => Ok(None),
                Some(open) => saved(open),
                None => Err(unreadable()),
            };
        }
        // No JSON, so the name is looked for. Within a string these quotes would be escaped.
        let other = |(_, value): (&str, &str)| {
            !value.starts_with("1") || value.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
        };
        if after(text, "\"version\"").is_some_and(other) {
            return Err(unreadable()); // another version may name it otherwise
        }
        let mut rest = text;
        let mut named = iter::from_fn(|| {
            let value;
            (rest, value) = after(rest, NAME)?;
            Some(Some(value).filter(|value| !value.starts_with("null")))
        });
        match (named.next(), named.next()) {
            (None, _) if !text.trim_ascii_start().starts_with("{") => Ok(None),
            (Some(None), None) => Ok(None),
            (Some(Some(value)), None) => saved(&json::Reader::new(value).value().map_err(|_| unreadable())?),
            _ => Err(unreadable()),
        }
    }

    /// What the journal must hold after this record was written over what is `stored` there by now, which another tab
    /// may have written since. `base` is what this tab wrote or read last.
    ///
    /// The open attempt belongs to whoever holds the lock (rule D6); so does its session. What is spent, paid or to be
    /// discarded is nobody's to forget but the tab's that knows of it.
    ///
    /// # Errors
    /// [`JournalErrorCode::Conflict`] when an open attempt is stored of which the holder of the lock has never heard:
    /// it could not read the journal when it got the lock. That attempt must be settled first.
    pub fn merged(
        mut self,
        base: Option<&Self>,
        stored: Option<Self>,
        holds_lock: bool,
    ) -> Result<Self, JournalError> {
        let Some(stored) = stored else { return Ok(self) };
        if holds_lock && Some(&stored) == base {
            return Ok(self);
        }
        let key = |record: &Self| record.open.as_ref().map(|attempt| attempt.key);
        if holds_lock
            && key(&stored).is_some()
            && key(&stored) != key(&self)
            && key(&stored) != base.and_then(key)
        {
            return Err(JournalError { code: JournalErrorCode::Conflict, path: "open.key".into() });
        }
        if self.ledger.salt() == stored.ledger.salt() {
            self.ledger.merge_news(&stored.ledger, base.map(|base| &base.ledger));
        } else {
            // Two tabs began with an empty journal at once. Each takes over what is stored with its first lock, before
            // it spends anything, so only the holder's marks are worth anything.
            if !holds_lock {
                self.ledger = stored.ledger;
            }
        }
        if !holds_lock && stored.open.is_some() {
            self.session = stored.session;
        }
        if !holds_lock {
            self.open = stored.open;
        }
        let dropped = self.paid.is_none() && base.is_some_and(|base| base.paid == stored.paid);
        if !dropped {
            self.paid = newer(self.paid, stored.paid);
        }
        let known = base.map_or(&[][..], |base| &base.discards);
        for discard in stored.discards {
            if !known.contains(&discard) && !self.discards.contains(&discard) {
                self.discards.push(discard);
            }
        }
        Ok(self)
    }
}

/// What comes after `name` in a text that is no JSON, and its value, if that is what comes.
fn after<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let rest = text.get(text::find(text, name)? + name.len()..)?;
    Some((rest, rest.trim_ascii_start().strip_prefix(":").unwrap_or_default().trim_ascii_start()))
}

/// The later of two charges; of one charge, the version that the shopper has seen.
fn newer(ours: Option<Paid>, theirs: Option<Paid>) -> Option<Paid> {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if ours.receipt.key == theirs.receipt.key => {
            let acknowledged = ours.acknowledged || theirs.acknowledged;
            Some(Paid { acknowledged, ..ours })
        }
        (Some(ours), Some(theirs)) if ours.receipt.at < theirs.receipt.at => Some(theirs),
        (ours, theirs) => ours.or(theirs),
    }
}

/// Why a record could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalError {
    /// What is wrong.
    pub code: JournalErrorCode,
    /// Where: `open.key`, for example; empty for the record as a whole.
    pub path: String,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalErrorCode {
    /// Not what this crate writes.
    Corrupt,
    /// Written by a newer version of this crate.
    Newer,
    /// It names an open attempt that must not be written over.
    Conflict,
    /// It is corrupt and may name an open attempt, of which nothing else is known.
    OpenAttemptUnreadable,
}

impl JournalErrorCode {
    /// The stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Corrupt => "journal_corrupt",
            Self::Newer => "journal_newer",
            Self::Conflict => "journal_conflict",
            Self::OpenAttemptUnreadable => "journal_open_attempt_unreadable",
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at `{}`", self.code.as_str(), self.path)
    }
}

impl core::error::Error for JournalError {}

pub(crate) fn corrupt(path: impl Into<String>) -> JournalError {
    JournalError { code: JournalErrorCode::Corrupt, path: path.into() }
}

fn unreadable() -> JournalError {
    JournalError { code: JournalErrorCode::OpenAttemptUnreadable, path: "open".into() }
}

/// A value and where it stands in the record. Paths are made of it only where something is wrong.
pub(crate) struct Node<'a> {
    pub value: &'a Value<'a>,
    at: At<'a>,
}

enum At<'a> {
    /// A value by itself, or the member of that name of the record.
    Top(&'a str),
    Member(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    fn path(&self) -> String {
        match self {
            Self::Top(name) => String::from(*name),
            Self::Member(parent, name) => String::from_iter([&parent.path(), ".", name]),
            Self::Item(parent, index) => {
                let mut path = parent.path();
                json::write_index(&mut path, *index);
                path
            }
        }
    }
}

impl<'a> Node<'a> {
    pub const fn top(value: &'a Value<'a>, name: &'a str) -> Self {
        Self { value, at: At::Top(name) }
    }

    /// What is here is not what must be.
    pub fn corrupt(&self) -> JournalError {
        corrupt(self.at.path())
    }

    fn member(&'a self, name: &'a str) -> At<'a> {
        if let At::Top("") = self.at { At::Top(name) } else { At::Member(&self.at, name) }
    }

    pub fn get(&'a self, name: &'a str) -> Result<Self, JournalError> {
        let at = self.member(name);
        match self.value.get(name) {
            Some(value) => Ok(Self { value, at }),
            None => Err(corrupt(at.path())),
        }
    }

    pub fn optional(&'a self, name: &'a str) -> Result<Option<Self>, JournalError> {
        self.get(name).map(|node| if let Value::Null = node.value { None } else { Some(node) })
    }

    /// Gives each item of the list `name` to `read`.
    pub fn list(
        &self,
        name: &str,
        read: &mut dyn FnMut(&Node<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let node = self.get(name)?;
        let items = node.value.as_array().ok_or_else(|| node.corrupt())?;
        for (n, value) in items.iter().enumerate() {
            read(&Node { value, at: At::Item(&node.at, n) })?;
        }
        Ok(())
    }

    fn integer(&self) -> Result<u64, JournalError> {
        self.value.as_u64().ok_or_else(|| self.corrupt())
    }

    pub fn number(&self, name: &str) -> Result<u64, JournalError> {
        self.get(name)?.integer()
    }

    pub fn parsed<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, JournalError> {
        let node = self.get(name)?;
        node.value.as_str().and_then(parse).ok_or_else(|| node.corrupt())
    }

    fn text(&self, name: &str) -> Result<Option<Text>, JournalError> {
        let Some(node) = self.optional(name)? else { return Ok(None) };
        node.value.as_str().map(|text| Some(Text::new(text))).ok_or_else(|| node.corrupt())
    }

    fn cart(&self) -> Result<Cart, JournalError> {
        let cart = self.value.as_object().and_then(|object| Cart::from_json(object.raw).ok());
        cart.ok_or_else(|| self.corrupt())
    }

    fn attempt(&self) -> Result<Attempt, JournalError> {
        Ok(Attempt {
            key: self.parsed("key", IdempotencyKey::parse)?,
            session: self.parsed("session", SessionId::parse)?,
            provider_ref: self.text("providerRef")?,
            bound: self.bound()?,
            fingerprint: self.parsed("fingerprint", Fingerprint::parse)?,
            first_send: self.optional("firstSend")?.map(|node| node.integer()).transpose()?,
        })
    }

    fn bound(&self) -> Result<BoundCart, JournalError> {
        Ok(BoundCart {
            cart: self.get("cart")?.cart()?,
            on_page: self.optional("onPage")?.map(|node| node.cart()).transpose()?,
        })
    }
}

/// A cart as it is kept: known by its hash, with what is to be paid. It is read as a cart that brought its own hash.
pub(crate) struct CartWire<'a>(pub &'a Cart);

impl Serialize for CartWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Kept<'a> {
            hash: &'a str,
            currency: &'a str,
            total: i64,
        }
        let currency = self.0.currency();
        Kept { hash: self.0.hash().as_str(), currency: currency.as_str(), total: self.0.total().minor() }
            .serialize(serializer)
    }
}

#[derive(Serialize)]
struct Wire<'a> {
    version: u64,
    salt: Salt,
    spent: Vec<(Fingerprint, u64)>,
    session: Option<SessionWire<'a>>,
    open: Option<AttemptWire<'a>>,
    paid: Option<ReceiptWire<'a>>,
    discards: &'a [Discard],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionWire<'a> {
    id: SessionId,
    cart: CartWire<'a>,
    on_page: Option<CartWire<'a>>,
    provider_ref: Option<&'a Text>,
    created_at: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttemptWire<'a> {
    key: IdempotencyKey,
    session: SessionId,
    provider_ref: Option<&'a Text>,
    cart: CartWire<'a>,
    on_page: Option<CartWire<'a>>,
    fingerprint: Fingerprint,
    first_send: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptWire<'a> {
    key: IdempotencyKey,
    session: SessionId,
    reference: Option<&'a Text>,
    cart: CartWire<'a>,
    on_page: Option<CartWire<'a>>,
    at: u64,
    acknowledged: bool,
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;

    const OPEN: &str = r#"{"key":"0188c5d1-7a3f-4b6e-9c2d-5e8f1a2b3c4d","session":"SESSION","providerRef":"pi_1","cart":{"hash":"h1","currency":"USD","total":100},"onPage":null,"fingerprint":"00000000000000000000000000000007","firstSend":5}"#;

    fn open() -> String {
        OPEN.replace("SESSION", &SessionId::from_entropy(3).to_string())
    }

    fn salvage(text: &str) -> Result<Option<Record>, &'static str> {
        assert!(Record::decode(text).is_err(), "{text}");
        Record::salvage(text, Salt::from_entropy(9)).map_err(|error| error.code.as_str())
    }

    #[test]
    fn d5_a_record_that_names_no_open_attempt_may_be_set_aside() {
        for text in [
            "",
            " \n",
            "[]",
            "garbage",
            r#"{"version":1,"salt":"bad","open":null}"#,
            r#"{"open" : null, "version":1"#,
            r#"{"providerRef":"\"open\":{","open":null"#,
        ] {
            assert_eq!(salvage(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn d5_an_open_attempt_is_read_out_of_a_damaged_record() {
        for (before, after) in [
            (r#"{"version":1,"salt":"bad","#, r#","paid":null,"discards":[]}"#),
            ("", ""),
            ("{", ",\"paid\":{\"ke"),
        ] {
            let text = format!("{before}\"open\": {}{after}", open());
            let record = salvage(&text).unwrap().unwrap();
            let attempt = record.open.as_ref().unwrap();
            assert_eq!(attempt.key.to_string(), "0188c5d1-7a3f-4b6e-9c2d-5e8f1a2b3c4d");
            assert_eq!(attempt.first_send, Some(5));
            assert_eq!(Record::decode(&record.encode()).unwrap(), record);
        }
    }

    #[test]
    fn d5_what_may_name_an_open_attempt_is_never_treated_as_clean() {
        let whole = format!("{{\"version\":1,\"salt\":\"bad\",\"open\":{}", open());
        // Cut anywhere, it is never taken for a record without an attempt.
        for end in 1..whole.len() - 1 {
            let found = salvage(&whole[..end]);
            assert_eq!(found, Err("journal_open_attempt_unreadable"), "{}", &whole[..end]);
        }
        for text in [
            "{}",
            r#"{"version":1}"#,
            r#"{"open":{}}"#,
            r#"{"open":nul"#,
            r#"{"open":null,"open":{"key":"x"}}"#,
            r#"{"open":{"key":"x"},"open":null}"#,
            r#"{"version":1,"op\u0065n":{"key":"x"}}"#,
            r#"{"version":1,"opem":{"key":"x"},"session":{"open":null}}"#,
            r#"{"version":2,"open":null,"attempts":[{"#,
            r#"{"version":10,"open":null,"attempts":[{"#,
            r#"{"version""#,
        ] {
            assert_eq!(salvage(text), Err("journal_open_attempt_unreadable"), "{text}");
        }
        assert_eq!(salvage(r#"{"version":2,"open":null}"#), Err("journal_newer"));
    }
}
