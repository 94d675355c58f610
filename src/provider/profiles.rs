//! What is known of each provider, with its source. `docs/providers.md` has the same as a table.
#![forbid(unsafe_code)]

use super::answers::{self, Answer};
use super::classify::Word;
use super::{KeyCarrier, KeyForm};
use crate::outcome::Cause;

/// A profile's data.
pub(super) struct Data {
    pub name: &'static str,
    pub key_carrier: KeyCarrier,
    pub window_ms: u64,
    pub max_key_len: usize,
    /// Doubts after which the provider does not promise that a resend under the same key is harmless, so that it
    /// needs the reply's own word for it ([`super::HttpReply::should_retry`]).
    pub no_resend_after: &'static [Cause],
    /// The provider's decline codes in payonce's words (which are Stripe's decline codes).
    /// Entries with spaces between them: `code=word`.
    pub words: &'static str,
    /// What the provider's own body says. `None`: not understood.
    pub read: fn(&Answer<'_>) -> Option<Word>,
}

const HOUR_MS: u64 = 60 * 60 * 1000;

/// One hour. Whatever delays a request on its way and is not bounded by the send timeout has to fit in here: a proxy's
/// queue, the backend's own retries, a laptop lid. Settling an hour early costs one question.
pub(super) const MARGIN_MS: u64 = HOUR_MS;

/// draft-ietf-httpapi-idempotency-key-header-07: the value is an RFC 9651 String (section 2.1), how long a key lives
/// is the server's to publish (section 2.3). 24 hours and 255 characters are payonce's own, which its reference
/// merchant keeps.
pub(super) static IETF: Data = Data {
    name: "ietf",
    key_carrier: KeyCarrier::Header { name: "Idempotency-Key", form: KeyForm::QuotedString },
    window_ms: 24 * HOUR_MS,
    max_key_len: 255,
    no_resend_after: &[],
    words: "",
    read: answers::ietf,
};

/// <https://docs.stripe.com/api/idempotent_requests>: up to 255 characters, keys are removed "after they're at least
/// 24 hours old". API v1 replays the first answer, "including `500` errors".
pub(super) static STRIPE: Data = Data {
    name: "stripe",
    key_carrier: KeyCarrier::Header { name: "Idempotency-Key", form: KeyForm::Raw },
    window_ms: 24 * HOUR_MS,
    max_key_len: 255,
    no_resend_after: &[],
    words: "",
    read: answers::stripe,
};

/// <https://docs.adyen.com/development-resources/api-idempotency>: up to 64 characters, valid for at least 7 days;
/// a request under way is answered with error 704, to be sent again only where a `transient-error: true` header says
/// so. Codes: <https://docs.adyen.com/development-resources/refusal-reasons>, which asks not to expose details to
/// shoppers; so only what a shopper can act upon has a word, and the rest is `generic_decline`.
pub(super) static ADYEN: Data = Data {
    name: "adyen",
    key_carrier: KeyCarrier::Header { name: "Idempotency-Key", form: KeyForm::Raw },
    window_ms: 7 * 24 * HOUR_MS,
    max_key_len: 64,
    no_resend_after: &[Cause::InFlight],
    words: "3=call_issuer 4=processing_error 6=expired_card 8=incorrect_number 9=issuer_not_available \
            10=card_not_supported 11=authentication_failed 12=insufficient_funds 17=incorrect_pin \
            18=pin_try_exceeded 23=transaction_not_allowed 24=incorrect_cvc 26=revocation_of_authorization \
            28=card_velocity_exceeded 29=withdrawal_count_limit_exceeded 32=incorrect_address \
            38=authentication_required 39=authentication_failed 42=authentication_failed \
            46=do_not_try_again",
    read: answers::adyen,
};

/// <https://developer.paypal.com/api/orders/v2/orders-authorize>: "The server stores keys for 6 hours", 1 to 108
/// characters (a capture takes more, but one attempt may need both). Issues:
/// <https://developer.paypal.com/docs/api/reference/orders-v2-errors/>; four-digit codes are the `response_code` of
/// <https://developer.paypal.com/tools/sandbox/card-testing/>.
pub(super) static PAYPAL: Data = Data {
    name: "paypal",
    key_carrier: KeyCarrier::Header { name: "PayPal-Request-Id", form: KeyForm::Raw },
    window_ms: 6 * HOUR_MS,
    max_key_len: 108,
    no_resend_after: &[],
    words: "0500=do_not_honor 1330=invalid_account 5120=insufficient_funds 5180=incorrect_number \
            5400=expired_card 00N7=incorrect_cvc CARD_EXPIRED=expired_card \
            CARD_TYPE_NOT_SUPPORTED=card_not_supported COMPLIANCE_VIOLATION=generic_decline \
            INSTRUMENT_DECLINED=generic_decline MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED=do_not_try_again \
            PAYER_ACCOUNT_LOCKED_OR_CLOSED=generic_decline PAYER_ACCOUNT_RESTRICTED=generic_decline \
            PAYER_CANNOT_PAY=generic_decline REDIRECT_PAYER_FOR_ALTERNATE_FUNDING=generic_decline \
            TRANSACTION_REFUSED=generic_decline",
    read: answers::paypal,
};

/// <https://developer.squareup.com/reference/square/payments-api/create-payment>: `idempotency_key`, at most 45
/// characters. "We do not publish a retention period"
/// (<https://developer.squareup.com/forums/t/how-long-are-idempotency-keys-retained-for-the-createpayment-endpoint/28303>):
/// 24 hours, the shortest that is common, is an assumption. Codes: <https://developer.squareup.com/reference/square/enums/ErrorCode>.
pub(super) static SQUARE: Data = Data {
    name: "square",
    key_carrier: KeyCarrier::BodyField { name: "idempotency_key" },
    window_ms: 24 * HOUR_MS,
    max_key_len: 45,
    no_resend_after: &[],
    words: "ADDRESS_VERIFICATION_FAILURE=incorrect_address ALLOWABLE_PIN_TRIES_EXCEEDED=pin_try_exceeded \
            BAD_EXPIRATION=invalid_expiry CARD_DECLINED=generic_decline \
            CARD_DECLINED_CALL_ISSUER=call_issuer \
            CARD_DECLINED_VERIFICATION_REQUIRED=authentication_required CARD_EXPIRED=expired_card \
            CARD_NOT_SUPPORTED=card_not_supported \
            CARDHOLDER_INSUFFICIENT_PERMISSIONS=transaction_not_allowed CVV_FAILURE=incorrect_cvc \
            EXPIRATION_FAILURE=invalid_expiry GENERIC_DECLINE=generic_decline \
            INSUFFICIENT_FUNDS=insufficient_funds INVALID_ACCOUNT=invalid_account \
            INVALID_CARD=incorrect_number INVALID_CARD_DATA=incorrect_number \
            INVALID_EXPIRATION=invalid_expiry INVALID_PIN=incorrect_pin INVALID_POSTAL_CODE=incorrect_zip \
            PAN_FAILURE=incorrect_number TRANSACTION_LIMIT=card_velocity_exceeded \
            UNSUPPORTED_CARD_BRAND=card_not_supported VERIFY_AVS_FAILURE=incorrect_address \
            VERIFY_CVV_FAILURE=incorrect_cvc VOICE_FAILURE=call_issuer",
    read: answers::square,
};

/// <https://www.checkout.com/docs/payments/manage-payments/idempotency>: keys expire after 24 hours; "if the original
/// request returns a 4xx or 5xx response code, no idempotent result is saved and the payment is reattempted". The
/// page names no length: 255 is an assumption. Codes:
/// <https://www.checkout.com/docs/resources/codes/api-response-codes>; 3xxxx asks for the card, 4xxxx is the risk
/// engine, and neither is for the shopper to know.
pub(super) static CHECKOUT_COM: Data = Data {
    name: "checkout_com",
    key_carrier: KeyCarrier::Header { name: "Cko-Idempotency-Key", form: KeyForm::Raw },
    window_ms: 24 * HOUR_MS,
    max_key_len: 255,
    no_resend_after: &[Cause::ServerError],
    words: "20001=call_issuer 20005=do_not_honor 20014=incorrect_number 20051=insufficient_funds \
            20054=expired_card 20057=transaction_not_allowed 20061=card_velocity_exceeded \
            20065=withdrawal_count_limit_exceeded 20087=incorrect_cvc 20091=issuer_not_available \
            20096=processing_error",
    read: answers::checkout_com,
};
