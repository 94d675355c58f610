//! What the merchant answers about an attempt.
//!
//! Every definitive answer says so with an `outcome` member. An answer without one leaves the outcome open: the
//! storefront has to ask again.
#![forbid(unsafe_code)]

use crate::attempt::IdempotencyKey;
use serde_json::json;

/// An answer that is kept under its key and given again to every send that follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The charge went through.
    Approved {
        /// The merchant's name for the charge.
        reference: String,
        /// What was charged, in minor units.
        amount: i64,
        /// ISO 4217.
        currency: String,
        /// The cart that was paid.
        cart_hash: String,
    },
    /// The bank said no.
    Declined {
        /// A stable code.
        code: &'static str,
    },
    /// The shopper has to pass a challenge at `/challenges/{key}` first.
    ActionRequired {
        /// The attempt.
        key: IdempotencyKey,
    },
    /// Refused before any charge.
    Rejected {
        /// A stable code.
        code: &'static str,
        /// Whether the token is spent all the same.
        token_consumed: bool,
        /// Whether another try on the same session can succeed.
        may_retry: bool,
    },
    /// Fenced: this key can never be charged.
    Voided,
}

impl Verdict {
    /// The answer to the send that brought this verdict about.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let (status, body) = match self {
            Self::Approved { reference, amount, currency, cart_hash } => (
                200,
                json!({
                    "outcome": "approved", "reference": reference, "amount": amount, "currency": currency,
                    "cartHash": cart_hash,
                }),
            ),
            Self::Declined { code } => (402, json!({ "outcome": "declined", "code": code })),
            Self::ActionRequired { key } => {
                let url = format!("/challenges/{}", key.in_path());
                (200, json!({ "outcome": "action_required", "action": { "kind": "challenge", "url": url } }))
            }
            Self::Rejected { code, token_consumed, may_retry } => (
                400,
                json!({
                    "outcome": "rejected", "code": code, "tokenConsumed": token_consumed, "mayRetry": may_retry,
                }),
            ),
            Self::Voided => (410, json!({ "outcome": "voided" })),
        };
        Answer::new(status, &body)
    }

    /// The code that the ledger shows.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Declined { code } | Self::Rejected { code, .. } => Some(code),
            Self::Approved { .. } | Self::ActionRequired { .. } | Self::Voided => None,
        }
    }
}

/// One answer, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
    /// Whether it was given before.
    pub replayed: bool,
    /// When to ask again, in seconds.
    pub retry_after: Option<u64>,
}

impl Answer {
    /// An answer given for the first time.
    #[must_use]
    pub fn new(status: u16, body: &serde_json::Value) -> Self {
        Self { status, body: body.to_string(), replayed: false, retry_after: None }
    }

    /// An answer that leaves the outcome open.
    #[must_use]
    pub fn open(status: u16, code: &str) -> Self {
        Self::new(status, &json!({ "code": code }))
    }

    /// The first send with this key is still being processed.
    #[must_use]
    pub fn in_flight() -> Self {
        Self { retry_after: Some(1), ..Self::open(409, "idempotency_key_in_flight") }
    }
}
