//! The providers' own answers, as a backend passes them through. Sources are in `profiles` and `docs/providers.md`.
//!
//! Each reader gets a JSON body with a status of 2xx or 4xx and says `None` for whatever it does not know for sure.
#![forbid(unsafe_code)]

use super::classify::{
    Ask, Word, action, approved, declined, declined_by_number, rejected, says_before, voided, word_for,
};
use super::profiles::Data;
use crate::json::Value;
use crate::outcome::{Advice, Cause};

/// A reply whose body is JSON.
pub(super) struct Answer<'a> {
    pub data: &'a Data,
    pub ask: Ask,
    pub status: u16,
    pub body: &'a Value<'a>,
}

impl Answer<'_> {
    pub(super) fn succeeded(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The text at a path of member names (`error.code`).
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.body.path(path)?.as_str()
    }

    /// The whole body for the merchant port, which knows what to do with it.
    fn action(&self, kind: &str) -> Option<Word> {
        Some(action(kind, self.body.as_object()?))
    }

    /// A refusal of the request's content. No provider promises that the token is still good after it (rule T4).
    fn invalid(&self, code: &str) -> Word {
        rejected(code, true, self.status != 404)
    }
}

/// Nobody was let in, so nobody saw the token; and the next try will not be let in either.
fn not_let_in(code: &str) -> Word {
    rejected(code, false, false)
}

fn first<'a>(list: Option<&'a Value<'a>>) -> Option<&'a Value<'a>> {
    list?.as_array()?.first()
}

fn text<'a>(value: &'a Value<'_>, path: &str) -> Option<&'a str> {
    value.path(path)?.as_str()
}

/// A backend of one's own that does not use payonce's words. Section 2.7 of the draft: 400 the key is missing, 409 the
/// first request is still being processed, 422 the key was used with another payload, each with a problem (RFC 9457).
pub(super) fn ietf(answer: &Answer<'_>) -> Option<Word> {
    match answer.status {
        200..=299 | 409 => None,
        422 => Some(Word::Unknown(Cause::KeyMismatch)),
        status => {
            let code = match answer.text("code") {
                Some(code) => code,
                // A problem's `type` is a URI and no code. A body without both is some gateway's, not the backend's.
                None => answer.text("type").and(answer.text("title")).map(|_| "refused")?,
            };
            let saw_token = code != "idempotency_key_missing";
            Some(rejected(code, saw_token, !matches!(status, 401 | 403 | 404 | 405)))
        }
    }
}

/// Stripe: <https://docs.stripe.com/error-low-level>, <https://docs.stripe.com/error-codes>,
/// <https://docs.stripe.com/payments/paymentintents/lifecycle>.
pub(super) fn stripe(answer: &Answer<'_>) -> Option<Word> {
    match answer.body.get("error") {
        Some(error) if !answer.succeeded() => stripe_error(answer, error),
        None if answer.succeeded() => match answer.text("object")? {
            "payment_intent" => stripe_intent(answer, answer.body),
            "charge" => match answer.text("status")? {
                "succeeded" => Some(approved(answer.text("id"))),
                "pending" => Some(Word::Unknown(Cause::Processing)),
                "failed" => Some(declined(answer.data, answer.text("failure_code").unwrap_or_default())),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn stripe_intent(answer: &Answer<'_>, intent: &Value<'_>) -> Option<Word> {
    match text(intent, "status")? {
        "succeeded" | "requires_capture" => Some(approved(text(intent, "id"))),
        "processing" => Some(Word::Unknown(Cause::Processing)),
        "requires_action" => answer.action(text(intent, "next_action.type").unwrap_or("requires_action")),
        // The intent outlives its attempts: when settling, the last error may be that of an attempt before this one,
        // whose own request is still under way.
        "requires_payment_method" if answer.ask == Ask::Send => {
            stripe_decline(answer, intent.get("last_payment_error")?)
        }
        // It can never be charged again, and no new attempt can use it: the session is over.
        "canceled" => Some(voided(true, false)),
        _ => None,
    }
}

fn stripe_error(answer: &Answer<'_>, error: &Value<'_>) -> Option<Word> {
    let kind = text(error, "type")?;
    let code = text(error, "code").unwrap_or_default();
    Some(match (kind, code, answer.status) {
        (_, "lock_timeout" | "token_in_use", _) | (_, "idempotency_key_in_use", 409) => {
            Word::Unknown(Cause::InFlight)
        }
        ("idempotency_error", ..) => Word::Unknown(Cause::KeyMismatch),
        (_, _, 409) => Word::Unknown(Cause::InFlight),
        // A PaymentMethod that was used before is refused in words alone.
        ("invalid_request_error", "", _) if text(error, "message").is_some_and(says_before) => {
            Word::Unknown(Cause::AlreadyUsed)
        }
        (_, "payment_intent_unexpected_state", _) => match text(error, "payment_intent.status") {
            Some("canceled") => voided(true, false),
            _ => Word::Unknown(Cause::UnexpectedState),
        },
        ("card_error", ..) | (_, _, 402) => return stripe_decline(answer, error),
        ("invalid_request_error" | "authentication_error", _, 401 | 403) => {
            not_let_in(if code.is_empty() { "not_authorized" } else { code })
        }
        ("invalid_request_error", ..) => {
            answer.invalid(if code.is_empty() { "invalid_request" } else { code })
        }
        _ => return None,
    })
}

fn stripe_decline(answer: &Answer<'_>, error: &Value<'_>) -> Option<Word> {
    let code = text(error, "decline_code").or_else(|| text(error, "code"))?;
    let code = if code == "card_declined" { "generic_decline" } else { code };
    let mut word = declined(answer.data, code);
    // <https://docs.stripe.com/declines/card#retrying-issuer-declines>. Not for what is shown as `generic_decline`:
    // there it would tell more than the code does.
    if let Word::Declined(decline) = &mut word
        && decline.code.as_str() != "generic_decline"
    {
        match text(error, "advice_code") {
            Some("try_again_later") => decline.advice = Advice::TryAgainLater,
            Some("confirm_card_data") => decline.advice = Advice::CorrectDetails,
            Some("do_not_try_again") => decline.advice = Advice::DoNotRetry,
            _ => {}
        }
    }
    Some(word)
}

/// Adyen: <https://docs.adyen.com/online-payments/build-your-integration/payment-result-codes>,
/// <https://docs.adyen.com/development-resources/error-codes>.
pub(super) fn adyen(answer: &Answer<'_>) -> Option<Word> {
    if !answer.succeeded() {
        let code = answer.text("errorCode")?;
        return match (code, answer.text("errorType")?) {
            // "Request already processed or in progress", with 422 or 409.
            ("704", _) => Some(Word::Unknown(Cause::InFlight)),
            (_, "security" | "configuration") => Some(not_let_in(code)),
            (_, "validation") if answer.status != 409 => Some(answer.invalid(code)),
            _ => None,
        };
    }
    match answer.text("resultCode")? {
        "Authorised" => Some(approved(answer.text("pspReference"))),
        // `Error` is a final state too: "There was an error when the payment was being processed".
        "Refused" | "Error" => {
            // A refusal as a duplicate has perhaps an original that was charged (rule U5).
            if answer.text("refusalReason").is_some_and(says_before) {
                return Some(Word::Unknown(Cause::AlreadyUsed));
            }
            Some(declined_by_number(answer.data, answer.text("refusalReasonCode").unwrap_or_default()))
        }
        "Cancelled" => Some(voided(true, true)),
        "RedirectShopper" | "ChallengeShopper" | "IdentifyShopper" | "PresentToShopper" | "Pending"
        | "Received" => Some(match answer.body.get("action").and_then(Value::as_object) {
            Some(payload) => action(answer.text("action.type")?, payload),
            None => Word::Unknown(Cause::Processing),
        }),
        // `PartiallyAuthorised` is neither a payment of this cart nor none.
        _ => None,
    }
}

/// Orders v2: <https://developer.paypal.com/docs/api/orders/v2/>.
pub(super) fn paypal(answer: &Answer<'_>) -> Option<Word> {
    if answer.succeeded() {
        return match answer.text("status")? {
            "PAYER_ACTION_REQUIRED" => answer.action("payer_action"),
            "VOIDED" => Some(voided(true, false)),
            // "A completed order can indicate a payment was authorized, an authorized payment was captured, or a
            // payment was declined": only the payments inside tell.
            "COMPLETED" => paypal_payments(answer),
            _ => None,
        };
    }
    let name = answer.text("name")?;
    let issue = first(answer.body.get("details")).and_then(|detail| text(detail, "issue"));
    Some(match (name, issue.unwrap_or(name)) {
        (_, "PAYER_ACTION_REQUIRED") => return answer.action("payer_action"),
        (_, "DUPLICATE_REQUEST_ID" | "PAYPAL_REQUEST_ID_PREVIOUSLY_USED") => {
            Word::Unknown(Cause::KeyMismatch)
        }
        (_, "PREVIOUS_REQUEST_IN_PROGRESS") => Word::Unknown(Cause::InFlight),
        (_, "ORDER_COMPLETED_OR_VOIDED") => Word::Unknown(Cause::AlreadyUsed),
        (_, issue) if word_for(answer.data, issue).is_some() => declined(answer.data, issue),
        ("AUTHENTICATION_FAILURE" | "NOT_AUTHORIZED", issue) => not_let_in(issue),
        ("INVALID_REQUEST" | "UNPROCESSABLE_ENTITY" | "RESOURCE_NOT_FOUND", issue) => answer.invalid(issue),
        _ => return None,
    })
}

fn paypal_payments(answer: &Answer<'_>) -> Option<Word> {
    let mut found = None;
    for unit in answer.body.get("purchase_units")?.as_array()? {
        for path in ["payments.captures", "payments.authorizations"] {
            for payment in unit.path(path).and_then(Value::as_array).unwrap_or_default() {
                // Several payments that do not agree are for the backend to judge.
                if text(payment, "status") != text(found.unwrap_or(payment), "status") {
                    return Some(Word::Unknown(Cause::UnexpectedState));
                }
                found = found.or(Some(payment));
            }
        }
    }
    let first = found?;
    match text(first, "status")? {
        "COMPLETED" | "CREATED" | "CAPTURED" => Some(approved(text(first, "id"))),
        "PENDING" => Some(Word::Unknown(Cause::Processing)),
        // Like a PaymentIntent, an order outlives its attempts.
        "DECLINED" | "DENIED" | "FAILED" if answer.ask == Ask::Send => {
            let code = text(first, "processor_response.response_code").unwrap_or_default();
            Some(declined_by_number(answer.data, code))
        }
        _ => None,
    }
}

/// Square: <https://developer.squareup.com/docs/payments-api/error-codes>,
/// <https://developer.squareup.com/reference/square/objects/Payment>.
pub(super) fn square(answer: &Answer<'_>) -> Option<Word> {
    if answer.succeeded() {
        return match answer.text("payment.status")? {
            "COMPLETED" | "APPROVED" => Some(approved(answer.text("payment.id"))),
            "PENDING" => Some(Word::Unknown(Cause::Processing)),
            "CANCELED" => Some(voided(true, true)),
            "FAILED" => {
                let error = first(answer.body.path("payment.card_details.errors"));
                let code = error.and_then(|error| text(error, "code")).unwrap_or_default();
                Some(declined(answer.data, code))
            }
            _ => None,
        };
    }
    let error = first(answer.body.get("errors"))?;
    Some(match (text(error, "category")?, text(error, "code")?) {
        (_, "IDEMPOTENCY_KEY_REUSED") => Word::Unknown(Cause::KeyMismatch),
        (_, "CARD_TOKEN_USED" | "SOURCE_USED" | "DELAYED_TRANSACTION_CAPTURED") => {
            Word::Unknown(Cause::AlreadyUsed)
        }
        (_, code @ ("CARD_TOKEN_EXPIRED" | "SOURCE_EXPIRED")) => rejected(code, true, true),
        // Of the latter Square says: "You can safely retry your call using the same idempotency key."
        ("API_ERROR", _) | (_, "TEMPORARY_ERROR") => Word::Unknown(Cause::ServerError),
        (_, code) if word_for(answer.data, code).is_some() => declined(answer.data, code),
        ("PAYMENT_METHOD_ERROR", code) => declined(answer.data, code),
        ("AUTHENTICATION_ERROR", code) => not_let_in(code),
        ("INVALID_REQUEST_ERROR", code) if answer.status != 409 => answer.invalid(code),
        _ => return None,
    })
}

/// Checkout.com: <https://www.checkout.com/docs/resources/codes/api-response-codes>,
/// <https://www.checkout.com/docs/previous/resources/codes/error-codes>.
pub(super) fn checkout_com(answer: &Answer<'_>) -> Option<Word> {
    if answer.succeeded() {
        return match answer.text("status")? {
            // "Partial Value Approved" is neither a payment of this cart nor none.
            "Authorized" | "Captured" if answer.text("response_code") != Some("10010") => {
                Some(approved(answer.text("id")))
            }
            "Declined" => {
                Some(declined_by_number(answer.data, answer.text("response_code").unwrap_or_default()))
            }
            "Pending" if answer.text("_links.redirect.href").is_some() => answer.action("redirect"),
            "Pending" => Some(Word::Unknown(Cause::Processing)),
            "Canceled" | "Expired" | "Voided" => Some(voided(true, true)),
            _ => None,
        };
    }
    let code = first(answer.body.get("error_codes")).and_then(Value::as_str);
    Some(match (answer.text("error_type")?, code.unwrap_or("invalid_request")) {
        (_, "token_used") => Word::Unknown(Cause::AlreadyUsed),
        (_, "token_in_use") => Word::Unknown(Cause::InFlight),
        ("request_invalid", code) if answer.status != 409 => answer.invalid(code),
        // `processing_error`: failures are not remembered under the key, so it may not be sent again.
        ("processing_error", _) => Word::Unknown(Cause::ServerError),
        _ => return None,
    })
}
