//! What a backend's reply to an exchange means.
#![forbid(unsafe_code)]

use super::ExchangeAnswer;
use crate::json::{self, Value};

/// Reads a reply: HTTP status and body.
///
/// `{"connected": true}` or `false` is the backend's own word. An error of RFC 6749 section 5.2, which backends pass on,
/// is a refusal, but for `invalid_grant`: that is what a provider says of a code that is wrong, that has expired, *and* of
/// one that was used before, so it is for the backend to say which (rule O3). Anything else tells nothing.
///
/// ```
/// use payonce::one_time_code::{ExchangeAnswer, classify};
/// assert_eq!(classify(200, r#"{"connected":true}"#), ExchangeAnswer::Connected);
/// assert_eq!(classify(400, r#"{"error":"invalid_grant"}"#), ExchangeAnswer::AlreadyUsed);
/// assert_eq!(classify(200, "<!doctype html>"), ExchangeAnswer::Unknown);
/// ```
#[must_use]
pub fn classify(status: u16, body: &str) -> ExchangeAnswer {
    let Ok(body) = json::parse(body) else { return ExchangeAnswer::Unknown };
    match status {
        200..300 => match body.get("connected").and_then(Value::as_bool) {
            Some(true) => ExchangeAnswer::Connected,
            Some(false) => ExchangeAnswer::Refused,
            None => ExchangeAnswer::Unknown,
        },
        400..500 => match body.get("error").and_then(Value::as_str) {
            Some("invalid_grant") => ExchangeAnswer::AlreadyUsed,
            Some(error) if error.contains("already") => ExchangeAnswer::AlreadyUsed,
            Some(
                "invalid_request"
                | "invalid_client"
                | "unauthorized_client"
                | "unsupported_grant_type"
                | "invalid_scope",
            ) => ExchangeAnswer::Refused,
            _ => ExchangeAnswer::Unknown,
        },
        _ => ExchangeAnswer::Unknown,
    }
}
