//! Payment providers as data: how each carries a key, how long it remembers one, and what its answers mean.
//!
//! A *profile* names the conventions that the merchant's backend follows, because it is built on that provider and
//! passes the provider's answers through. The backend may always say the outcome itself instead, in the words of
//! `docs/providers.md` (`{"outcome":"approved"}` and so on); that word comes before the profile's own reading.
//!
//! The one principle of the reading: an answer is definitive only where it cannot be anything else. A page from a
//! proxy, an unknown word, a success that contradicts its status are [`Outcome::Ambiguous`], which costs a question
//! to the merchant; a wrong "declined" costs the shopper a second charge.
//!
//! [`Outcome::Ambiguous`]: crate::outcome::Outcome::Ambiguous
#![forbid(unsafe_code)]

mod answers;
mod classify;
mod profiles;

use crate::outcome::{Outcome, SettleAnswer};

/// The largest body that is read, in bytes. No provider's answer to one payment comes near it.
pub const MAX_BODY: usize = 256 * 1024;

/// The conventions that the merchant's backend follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Profile {
    /// The `Idempotency-Key` header of the IETF HTTPAPI working group (draft-ietf-httpapi-idempotency-key-header-07),
    /// for a backend of one's own.
    #[default]
    Ietf,
    /// Stripe, API v1.
    Stripe,
    /// Adyen Checkout.
    Adyen,
    /// Orders v2 of paypal.com.
    Paypal,
    /// Square Payments.
    Square,
    /// Checkout.com.
    CheckoutCom,
}

/// Where a request carries its key (rule K7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyCarrier {
    /// In a request header.
    Header {
        /// The header's name.
        name: &'static str,
        /// How its value is written.
        form: KeyForm,
    },
    /// As a member of the JSON body.
    BodyField {
        /// The member's name.
        name: &'static str,
    },
}

/// How a header's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyForm {
    /// `"8e03978e-…"`: a String of RFC 9651 section 3.3.3, with its quotes.
    QuotedString,
    /// `8e03978e-…`: the key alone.
    Raw,
}

/// What came back over HTTP. A request without a reply never gets here: it is
/// [`Cause::Network`](crate::outcome::Cause::Network).
#[derive(Clone, Copy)]
pub struct HttpReply<'a> {
    /// The status code; 0 where the browser hides it (an opaque redirect).
    pub status: u16,
    /// `Retry-After` (RFC 9110 section 10.2.3), already turned into milliseconds from now.
    pub retry_after_ms: Option<u64>,
    /// `Stripe-Should-Retry`, or what a backend puts there out of its provider's equal (Adyen's `transient-error`).
    pub should_retry: Option<bool>,
    /// The body's text.
    pub body: &'a str,
}

/// The body may echo what was sent, a token for one, so it is not shown (rule T6).
impl core::fmt::Debug for HttpReply<'_> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("HttpReply")
            .field("status", &self.status)
            .field("retry_after_ms", &self.retry_after_ms)
            .field("should_retry", &self.should_retry)
            .field("body_len", &self.body.len())
            .finish()
    }
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 6] =
        [Self::Ietf, Self::Stripe, Self::Adyen, Self::Paypal, Self::Square, Self::CheckoutCom];

    /// The profile of that name: `ietf`, `stripe`, `adyen`, `paypal`, `square` or `checkout_com`.
    ///
    /// ```
    /// use payonce::provider::Profile;
    /// assert_eq!(Profile::by_name("stripe"), Some(Profile::Stripe));
    /// assert_eq!(Profile::by_name("Stripe"), None);
    /// ```
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.data().name
    }

    /// Where a request carries its key (rule K7).
    #[must_use]
    pub fn key_carrier(self) -> KeyCarrier {
        self.data().key_carrier
    }

    /// How long the provider remembers a key, in milliseconds.
    #[must_use]
    pub fn window_ms(self) -> u64 {
        self.data().window_ms
    }

    /// How long before the window's end a key is not resent any more, in milliseconds (rule K5): a request may lie
    /// in queues between here and the provider, and one that arrives after the window is a new charge.
    #[must_use]
    pub fn margin_ms(self) -> u64 {
        profiles::MARGIN_MS
    }

    /// The longest key that the provider takes, in characters.
    #[must_use]
    pub fn max_key_len(self) -> usize {
        self.data().max_key_len
    }

    /// What the reply to a send says of its attempt. Never panics, whatever the reply.
    ///
    /// A refusal tells of *this* request alone. Where an earlier send of the same attempt is still unknown, a refusal
    /// that comes from in front of the idempotency layer (an expired login, a firewall) says nothing about that send.
    ///
    /// ```
    /// use payonce::outcome::Outcome;
    /// use payonce::provider::{HttpReply, Profile};
    /// let body = r#"{"id":"pi_1","object":"payment_intent","status":"succeeded"}"#;
    /// let reply = HttpReply { status: 200, retry_after_ms: None, should_retry: None, body };
    /// assert!(matches!(Profile::Stripe.classify(&reply), Outcome::Approved(_)));
    /// ```
    #[must_use]
    pub fn classify(self, reply: &HttpReply<'_>) -> Outcome {
        classify::send(self.data(), reply)
    }

    /// What the reply to a settle request says. Never panics, whatever the reply.
    ///
    /// A failure of the settle request itself (no login, no such route) is no outcome of the attempt, so only a
    /// refusal in the backend's own words is taken for one; everything unknown is [`SettleAnswer::Pending`].
    #[must_use]
    pub fn classify_settle(self, reply: &HttpReply<'_>) -> SettleAnswer {
        classify::settle(self.data(), reply)
    }

    fn data(self) -> &'static profiles::Data {
        match self {
            Self::Ietf => &profiles::IETF,
            Self::Stripe => &profiles::STRIPE,
            Self::Adyen => &profiles::ADYEN,
            Self::Paypal => &profiles::PAYPAL,
            Self::Square => &profiles::SQUARE,
            Self::CheckoutCom => &profiles::CHECKOUT_COM,
        }
    }
}
