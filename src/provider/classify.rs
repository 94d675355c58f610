//! What a reply means: the backend's own words first, then the provider's, then the status alone.
#![forbid(unsafe_code)]

use super::answers::Answer;
use super::profiles::Data;
use super::{HttpReply, MAX_BODY};
use crate::json::{self, Object, Value};
use crate::outcome::{
    Action, Advice, Approval, Cause, Decline, Doubt, Opaque, Outcome, Refusal, SettleAnswer, Text,
};
use crate::text;

/// What was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Send,
    Settle,
}

/// What a reply says.
pub(super) enum Word {
    Approved(Option<Text>),
    Declined(Decline),
    ActionRequired(Action),
    Rejected(Refusal),
    /// Nothing was charged under this key, and nothing ever will be.
    Voided(Refusal),
    Unknown(Cause),
}

pub(super) fn send(data: &Data, reply: &HttpReply<'_>) -> Outcome {
    match read(data, reply, Ask::Send) {
        Word::Approved(reference) => Outcome::Approved(Approval { reference }),
        Word::Declined(decline) => Outcome::Declined(decline),
        Word::ActionRequired(action) => Outcome::ActionRequired(action),
        Word::Rejected(refusal) | Word::Voided(refusal) => Outcome::Rejected(refusal),
        Word::Unknown(cause) => Outcome::Ambiguous(Doubt {
            cause,
            retry_after: reply.retry_after_ms,
            should_retry: reply.should_retry.or(data.no_resend_after.contains(&cause).then_some(false)),
        }),
    }
}

pub(super) fn settle(data: &Data, reply: &HttpReply<'_>) -> SettleAnswer {
    SettleAnswer::Outcome(match read(data, reply, Ask::Settle) {
        Word::Approved(reference) => Outcome::Approved(Approval { reference }),
        Word::Declined(decline) => Outcome::Declined(decline),
        Word::ActionRequired(action) => Outcome::ActionRequired(action),
        Word::Rejected(refusal) => Outcome::Rejected(refusal),
        // A fence that ends the session as well is no invitation to try the same one again.
        Word::Voided(refusal) if !refusal.may_retry => Outcome::Rejected(refusal),
        Word::Voided(_) => return SettleAnswer::Voided,
        Word::Unknown(_) => return SettleAnswer::Pending { retry_after: reply.retry_after_ms },
    })
}

fn read(data: &Data, reply: &HttpReply<'_>, ask: Ask) -> Word {
    understood(data, reply, ask).unwrap_or(Word::Unknown(by_status(reply.status)))
}

fn understood(data: &Data, reply: &HttpReply<'_>, ask: Ask) -> Option<Word> {
    // A redirect or a server error decides nothing, whatever its body says.
    if !matches!(reply.status, 200..=299 | 400..=499) || reply.body.len() > MAX_BODY {
        return None;
    }
    let body = json::parse(reply.body).ok()?;
    let answer = Answer { data, ask, status: reply.status, body: &body };
    if let Some(outcome) = answer.text("outcome") {
        return backend_word(&answer, outcome);
    }
    if matches!(reply.status, 408 | 425 | 429) {
        return None;
    }
    if let Some(cause) = answer.text("code").and_then(backend_doubt) {
        return Some(Word::Unknown(cause));
    }
    match (data.read)(&answer) {
        // It is the settle request that was refused, not the attempt.
        Some(Word::Rejected(_)) if ask == Ask::Settle => None,
        Some(Word::Rejected(Refusal { code, .. }) | Word::Declined(Decline { code, .. }))
            if says_before(code.as_str()) =>
        {
            Some(Word::Unknown(Cause::AlreadyUsed))
        }
        word => word,
    }
}

/// Whether a provider refuses because this was done before: perhaps by this very attempt (rule U5). Providers have many
/// codes for that, and more each year.
pub(super) fn says_before(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["already", "duplicate", "previously"].iter().any(|word| text::find(&text, word).is_some())
}

/// What the status alone says. Never anything definitive: a 403 or 404 may be a proxy's.
fn by_status(status: u16) -> Cause {
    match status {
        408 => Cause::Timeout,
        409 => Cause::InFlight,
        425 | 429 => Cause::RateLimited,
        500..=599 => Cause::ServerError,
        _ => Cause::Unreadable,
    }
}

/// The outcome in the backend's own words, which are the same for every profile.
fn backend_word(answer: &Answer<'_>, outcome: &str) -> Option<Word> {
    let flag = |name: &str| answer.body.get(name).and_then(Value::as_bool).unwrap_or(true);
    let code = answer.text("code").unwrap_or_default();
    Some(match outcome {
        "approved" if answer.succeeded() => approved(answer.text("reference")),
        // A provider that declines a duplicate has perhaps charged the original (rule U5).
        "declined" | "rejected" if backend_doubt(code).is_some() => Word::Unknown(backend_doubt(code)?),
        "declined" => declined(answer.data, code),
        "action_required" => {
            action(answer.text("action.kind")?, answer.body.get("action").and_then(Value::as_object)?)
        }
        "rejected" => rejected(code, flag("tokenConsumed"), flag("mayRetry")),
        // A fence says nothing of the token: it may have been used for a challenge that nobody finished. So it
        // counts as consumed unless the backend says otherwise (rule T4), which costs the shopper one more tap.
        "voided" => voided(flag("tokenConsumed"), flag("mayRetry")),
        "pending" => Word::Unknown(Cause::Processing),
        _ => return None,
    })
}

/// Codes by which the backend says that it cannot tell the outcome.
fn backend_doubt(code: &str) -> Option<Cause> {
    Some(match code {
        "idempotency_key_in_flight" => Cause::InFlight,
        "idempotency_key_reused" => Cause::KeyMismatch,
        "token_already_used"
        | "already_paid"
        | "order_already_paid"
        | "order_already_captured"
        | "already_captured"
        | "already_processed"
        | "duplicate_transaction" => Cause::AlreadyUsed,
        "payment_intent_unexpected_state" | "unexpected_state" => Cause::UnexpectedState,
        _ => return None,
    })
}

pub(super) fn approved(reference: Option<&str>) -> Word {
    // A reference that cannot be shown is left out: "unknown" would look like one.
    Word::Approved(reference.map(Text::new).filter(|text| Some(text.as_str()) == reference))
}

pub(super) fn action(kind: &str, payload: &Object<'_>) -> Word {
    Word::ActionRequired(Action { kind: code_text(kind), payload: Some(Opaque::new(payload.raw)) })
}

pub(super) fn rejected(code: &str, token_consumed: bool, may_retry: bool) -> Word {
    Word::Rejected(Refusal { code: code_text(code), token_consumed, may_retry })
}

pub(super) fn voided(token_consumed: bool, may_retry: bool) -> Word {
    Word::Voided(Refusal { code: Text::new("voided"), token_consumed, may_retry })
}

const GENERIC: &str = "generic_decline";

/// Decline codes that hint at theft or fraud. A thief must not learn that the card is known to be stolen, and an
/// honest shopper must not be accused: Stripe asks to show such a decline like `generic_decline`
/// (<https://docs.stripe.com/declines/codes>).
const HIDDEN: &str = "fraudulent lost_card merchant_blacklist pickup_card restricted_card security_violation \
     stolen_card";

/// Declines after which the same card may work.
const TRY_AGAIN_LATER: &str = "approve_with_id authentication_failed authentication_required card_velocity_exceeded \
     insufficient_funds issuer_not_available processing_error reenter_transaction try_again_later \
     withdrawal_count_limit_exceeded";

/// Declines because of something that the shopper typed.
const CORRECT_DETAILS: &str = "incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip invalid_cvc \
     invalid_expiry invalid_expiry_month invalid_expiry_year invalid_number invalid_pin";

/// Declines after which the provider or the card network forbids another try.
const DO_NOT_RETRY: &str = "do_not_try_again revocation_of_all_authorizations revocation_of_authorization \
     stop_payment_order";

/// A decline under `code`, which is the provider's own or one of payonce's words.
pub(super) fn declined(data: &Data, code: &str) -> Word {
    let word = word_for(data, code).unwrap_or(code);
    let word = if word.is_empty() || is_among(HIDDEN, word) { GENERIC } else { word };
    let advice = if is_among(TRY_AGAIN_LATER, word) {
        Advice::TryAgainLater
    } else if is_among(CORRECT_DETAILS, word) {
        Advice::CorrectDetails
    } else if is_among(DO_NOT_RETRY, word) {
        Advice::DoNotRetry
    } else {
        // Hidden codes must end here, where `generic_decline` does: other advice would give them away.
        Advice::OtherCard
    };
    Word::Declined(Decline { code: code_text(word), advice })
}

fn is_among(words: &str, word: &str) -> bool {
    text::words(words).any(|known| known == word)
}

/// A decline under a code that means nothing to a shopper unless it has a word (`20`, `5100`, `40101`).
pub(super) fn declined_by_number(data: &Data, code: &str) -> Word {
    declined(data, word_for(data, code).unwrap_or(GENERIC))
}

pub(super) fn word_for(data: &Data, code: &str) -> Option<&'static str> {
    text::words(data.words).find_map(|entry| entry.strip_prefix(code)?.strip_prefix("="))
}

/// A code from outside, else `unknown`: one to 64 letters, digits, `_`, `.` or `-`, and never so many digits in a
/// row that they may be a card number's (rule T6; the shortest card numbers in use have 12).
fn code_text(code: &str) -> Text {
    const MAX_LEN: usize = 64;
    const CARD_DIGITS: usize = 12;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let mut digits = 0;
    let mut number = |byte: u8| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        digits >= CARD_DIGITS
    };
    let fits =
        (1..=MAX_LEN).contains(&code.len()) && code.bytes().all(plain) && !code.bytes().any(&mut number);
    Text::new(if fits { code } else { "unknown" })
}
