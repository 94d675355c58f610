//! What became of a send, and what the merchant answers when it is asked for the truth.
//!
//! Only [`Outcome::Approved`], [`Outcome::Declined`] and [`Outcome::Rejected`] are *definitive*: after them the
//! attempt is over. [`Outcome::Ambiguous`] means that nobody on this side knows, which is neither a failure nor a
//! success (rule U1).
#![forbid(unsafe_code)]

use alloc::string::String;
use alloc::sync::Arc;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The outcome of one send of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The charge went through.
    Approved(Approval),
    /// The issuer or the provider said no. The token is spent.
    Declined(Decline),
    /// The shopper must do something first (3-D Secure, redirect). The attempt stays open.
    ActionRequired(Action),
    /// A definitive refusal before any charge.
    Rejected(Refusal),
    /// Nobody knows. The attempt stays open.
    Ambiguous(Doubt),
}

impl Outcome {
    /// Whether this outcome ends its attempt.
    #[must_use]
    pub const fn is_definitive(&self) -> bool {
        match self {
            Self::Approved(_) | Self::Declined(_) | Self::Rejected(_) => true,
            Self::ActionRequired(_) | Self::Ambiguous(_) => false,
        }
    }

    /// What the log keeps of it: what a challenge needs is not kept after it.
    pub(crate) fn redacted(&self) -> Self {
        match self {
            Self::ActionRequired(Action { kind, payload: _ }) => {
                Self::ActionRequired(Action { kind: kind.clone(), payload: None })
            }
            other => other.clone(),
        }
    }
}

/// What the merchant says of a charge that went through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The merchant's or provider's reference, for the receipt.
    pub reference: Option<Text>,
}

/// A decline and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decline {
    /// A stable code, safe to show: codes that hint at theft or fraud are already replaced by `generic_decline`.
    pub code: Text,
    /// What the shopper may try.
    pub advice: Advice,
}

/// What a shopper may try after a decline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// The same card may work later (insufficient funds today, issuer unreachable).
    TryAgainLater,
    /// Another card is needed (expired, not supported, blocked).
    OtherCard,
    /// Correct what was typed (CVC, expiry, postcode) and pay again.
    CorrectDetails,
    /// The provider forbids another try.
    DoNotRetry,
}

/// Something that the shopper must do before the charge can go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// What kind of action, in the merchant's words (`challenge`, `redirect`, `three_d_secure`).
    pub kind: Text,
    /// What the merchant port needs to perform it: JSON text, opaque to the machine, never kept after the action.
    #[serde(skip)]
    pub payload: Option<Opaque>,
}

/// A definitive refusal before the charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// A stable code.
    pub code: Text,
    /// Whether the provider consumed the token (rule T4). `false` only where the reply says so or the provider
    /// never saw it.
    pub token_consumed: bool,
    /// Whether another try on the same session can succeed (a corrected postcode: yes; an unknown session: no).
    pub may_retry: bool,
}

/// Why the outcome is unknown, and what the merchant asked of the next request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Doubt {
    /// Why it is unknown.
    pub cause: Cause,
    /// Lower bound for the delay before the next request, in milliseconds (`Retry-After`, RFC 9110 section 10.2.3).
    pub retry_after: Option<u64>,
    /// What `Stripe-Should-Retry` said, where it was there.
    pub should_retry: Option<bool>,
}

impl Doubt {
    /// A doubt for which the merchant gave no advice.
    #[must_use]
    pub const fn new(cause: Cause) -> Self {
        Self { cause, retry_after: None, should_retry: None }
    }

    /// Whether the same bytes under the same key may be sent once more. Otherwise only settling can tell.
    #[must_use]
    pub const fn may_resend(&self) -> bool {
        match self.cause {
            Cause::AlreadyUsed | Cause::KeyMismatch => false,
            Cause::Network | Cause::Timeout | Cause::InFlight | Cause::RateLimited | Cause::ServerError => {
                !matches!(self.should_retry, Some(false))
            }
            Cause::Processing | Cause::Unreadable | Cause::UnexpectedState => {
                matches!(self.should_retry, Some(true))
            }
        }
    }
}

/// Why the outcome of a send is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// No reply, or it broke off.
    Network,
    /// No complete reply within the send timeout (rule R7).
    Timeout,
    /// The merchant is still working on the first request with this key.
    InFlight,
    /// 429 or the provider's equal.
    RateLimited,
    /// A 5xx: the charge may or may not have happened.
    ServerError,
    /// The provider accepted the payment and will know later.
    Processing,
    /// "Already used", "already paid": perhaps by this very attempt (rule U5).
    AlreadyUsed,
    /// The provider's object is in a state in which this request makes no sense, `succeeded` for one (rule U5).
    UnexpectedState,
    /// The key is known with other parameters (rule K6).
    KeyMismatch,
    /// A reply that is no answer: an HTML page, an empty body, a redirect, unknown JSON.
    Unreadable,
}

/// What the merchant answers when it is asked to settle a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettleAnswer {
    /// The outcome of the attempt.
    Outcome(Outcome),
    /// The key can never be charged any more (the fence stands).
    Voided,
    /// Not known yet, or not knowable by this merchant. `retry_after` is a lower bound in milliseconds.
    Pending {
        /// Lower bound for the delay before the next question, in milliseconds.
        retry_after: Option<u64>,
    },
}

/// Short text from outside that may be shown and kept: 1 to 128 visible ASCII characters, else `unknown`.
///
/// A merchant's reply is input like any other: whatever does not look like a code or a reference never gets into a
/// snapshot, the journal or the log (rule T6).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(Arc<str>);

impl Text {
    /// The longest text that is kept, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Takes `text` if it may be shown and kept, else the word `unknown`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let fits =
            (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        Self(if fits { text } else { "unknown" }.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Text that is passed through to a port and shown nowhere: its `Debug` form hides it, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Opaque(Zeroizing<String>);

impl Opaque {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for the port.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Debug for Opaque {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Opaque(..)")
    }
}
