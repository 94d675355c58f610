//! Sessions, attempts and receipts: who pays for what, under which key.
#![forbid(unsafe_code)]

use crate::cart::{Cart, CartHash};
use crate::key::{IdempotencyKey, SessionId};
use crate::outcome::Text;
use crate::provider::{KeyCarrier, KeyForm, Profile};
use crate::token::{Fingerprint, Salt, WalletToken};
use alloc::string::String;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The cart that a session is bound to. Two are equal when the same is to be paid; labels and order do not count.
#[derive(Debug, Clone)]
pub struct BoundCart {
    /// What is paid.
    pub cart: Cart,
    /// What the page said last, where the sheet changed the cart since (rule C5). A page that goes on saying it, as a
    /// component that renders again does, says nothing new.
    pub on_page: Option<Cart>,
}

impl PartialEq for BoundCart {
    fn eq(&self, other: &Self) -> bool {
        let on_page = match (&self.on_page, &other.on_page) {
            (Some(ours), Some(theirs)) => ours.same_as(theirs),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        on_page && self.cart.same_as(&other.cart)
    }
}

impl Eq for BoundCart {}

impl BoundCart {
    /// Binds to the page's cart.
    #[must_use]
    pub const fn new(cart: Cart) -> Self {
        Self { cart, on_page: None }
    }

    /// Takes over a change that was made inside the sheet.
    pub fn rebind(&mut self, cart: Cart) {
        let before = core::mem::replace(&mut self.cart, cart);
        let on_page = self.on_page.take().unwrap_or(before);
        self.on_page = (!on_page.same_as(&self.cart)).then_some(on_page);
    }

    /// Whether a page that shows `cart` shows nothing new.
    #[must_use]
    pub fn covers(&self, cart: &Cart) -> bool {
        self.cart.same_as(cart) || self.on_page.as_ref().is_some_and(|on_page| on_page.same_as(cart))
    }
}

/// The right to pay for one cart. It dies with its cart hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, known to the merchant.
    pub id: SessionId,
    /// The cart that it pays for.
    pub bound: BoundCart,
    /// The provider's object (PaymentIntent, Checkout Session id), if there is one.
    pub provider_ref: Option<Text>,
    /// Milliseconds since the Unix epoch.
    pub created_at: u64,
}

/// One try to charge: exactly one token, one key, one cart hash, one session. The token itself is not here, so that
/// an attempt can be written down and outlive the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The same on every send.
    pub key: IdempotencyKey,
    /// Its session.
    pub session: SessionId,
    /// The session's provider object.
    pub provider_ref: Option<Text>,
    /// What the shopper agreed to pay, as bound when the token was given (rule C4).
    pub bound: BoundCart,
    /// Which token it spends.
    pub fingerprint: Fingerprint,
    /// When its first send was written down, in milliseconds since the Unix epoch; `None` while nothing can have
    /// reached the merchant.
    pub first_send: Option<u64>,
}

impl Attempt {
    /// The hash that this attempt is bound to.
    #[must_use]
    pub fn cart_hash(&self) -> &CartHash {
        self.bound.cart.hash()
    }
}

/// The proof of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The key of the attempt that was charged.
    pub key: IdempotencyKey,
    /// Its session.
    pub session: SessionId,
    /// The merchant's or provider's reference.
    pub reference: Option<Text>,
    /// The cart that was paid, which may not be the one on the page any more (rule C3).
    pub paid: BoundCart,
    /// When the page learned of it, in milliseconds since the Unix epoch.
    pub at: u64,
}

/// What an attempt sends: the token and the bytes that carry it. Wiped when dropped, shown by nothing (rule T6).
///
/// The bytes are made once, so every send of the attempt carries the same ones (rule K2).
#[cfg_attr(feature = "model", derive(Clone))]
pub struct Payload {
    token: WalletToken,
    body: Zeroizing<String>,
    expires_at: Option<u64>,
}

impl Payload {
    /// Composes the request body:
    /// `{"cart":…,"cartHash":…,"details":…,"providerRef":…,"session":…,"token":…}`, with the key as one more member
    /// where the provider carries it in the body (rule K7). `details` must be JSON.
    #[must_use]
    pub fn compose(
        attempt: &Attempt,
        token: WalletToken,
        details: Option<&str>,
        expires_at: Option<u64>,
        profile: Profile,
    ) -> Self {
        let hash = String::from(attempt.cart_hash().as_str());
        // Room for everything at once: a string that grows leaves copies of the token behind in freed memory.
        // Escaping makes a byte of a token six at the most. The hash and the reference, whose bytes it makes two, the
        // names and the ids need less than 1024.
        let room = [
            attempt.bound.cart.canonical().len(),
            details.map_or(0, str::len),
            6 * token.expose().len(),
            1024,
        ];
        let room = room.iter().sum();
        let mut body = Zeroizing::new(String::with_capacity(room));
        body.push_str("{\"cart\":");
        body.push_str(attempt.bound.cart.canonical());
        member(&mut body, "cartHash", &hash);
        if let Some(details) = details {
            body.push_str(",\"details\":");
            body.push_str(details);
        }
        if let KeyCarrier::BodyField { name } = profile.key_carrier() {
            member(&mut body, name, &attempt.key.hyphenated());
        }
        if let Some(provider_ref) = &attempt.provider_ref {
            member(&mut body, "providerRef", provider_ref.as_str());
        }
        member(&mut body, "session", &attempt.session.hyphenated());
        member(&mut body, "token", token.expose());
        body.push('}');
        debug_assert!(body.len() <= room, "the body outgrew its buffer");
        Self { token, body, expires_at }
    }

    /// The request body. Secret.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The token's fingerprint under another salt than this browser's own.
    #[must_use]
    pub fn fingerprint(&self, salt: Salt) -> Fingerprint {
        self.token.fingerprint(salt)
    }

    /// Whether the token may not be sent any more at `now` (rule T7).
    #[must_use]
    pub fn is_expired(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|at| now >= at)
    }

    /// Whether `text` gives the token away (rule T6).
    #[must_use]
    pub fn is_given_away_by(&self, text: &str) -> bool {
        self.token.appears_in(text)
    }
}

impl core::fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Payload(..)")
    }
}

fn member(body: &mut String, name: &str, value: &str) {
    body.push_str(",\"");
    body.push_str(name);
    body.push_str("\":");
    crate::json::write_string(body, value);
}

/// A header that carries a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyHeader {
    /// The header's name.
    pub name: String,
    /// Its value, in the form that the provider profile asks for.
    pub value: String,
}

/// The header that carries `key` to a merchant with this profile; none where the body carries it (rule K7).
#[must_use]
pub fn key_header(profile: Profile, key: IdempotencyKey) -> Option<KeyHeader> {
    match profile.key_carrier() {
        KeyCarrier::Header { name, form } => Some(KeyHeader {
            name: name.into(),
            value: match form {
                KeyForm::QuotedString => String::from_iter(["\"", &key.hyphenated(), "\""]),
                KeyForm::Raw => key.hyphenated(),
            },
        }),
        KeyCarrier::BodyField { .. } => None,
    }
}
