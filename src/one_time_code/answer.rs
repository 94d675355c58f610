//! What the provider's answer means, and the backend's reply to an exchange.
#![forbid(unsafe_code)]

use super::{Brought, ExchangeAnswer, Reason, Secret};
use crate::json::{self, Value};
use crate::outcome::Opaque;

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

/// The parameters with which the provider sent the shopper back (RFC 6749 section 4.1.2), each as it was decoded.
#[derive(Debug, Default)]
pub struct Parameters<'a> {
    /// `code`.
    pub code: Option<Opaque>,
    /// `error`.
    pub error: Option<&'a str>,
    /// `iss` (RFC 9207).
    pub iss: Option<&'a str>,
    /// Whether one of them is there more than once, which RFC 6749 section 3.1 forbids.
    pub repeated: bool,
}

impl Parameters<'_> {
    /// The longest code that is taken, in bytes. RFC 6749 leaves it open; what provider's codes need is far below.
    pub const MAX_CODE: usize = 4096;

    /// What the provider gave, if it is the one that was asked. Its own description of an error is shown nowhere: anybody
    /// can put words into a link.
    #[must_use]
    pub fn read(self, issuer: Option<&str>) -> Brought {
        let Self { code, error, iss, repeated } = self;
        if repeated {
            return Brought::Nothing(Reason::Malformed);
        }
        // RFC 9207 section 2.4: compared as it is, and to be there.
        if issuer.is_some() && iss != issuer {
            return Brought::Nothing(Reason::IssuerMismatch);
        }
        match (code, error) {
            (Some(code), None) if (1..=Self::MAX_CODE).contains(&code.expose().len()) => {
                Brought::Code(Secret(code))
            }
            (None, Some("access_denied")) => Brought::Nothing(Reason::Denied),
            (None, Some(_)) => Brought::Nothing(Reason::ProviderError),
            _ => Brought::Nothing(Reason::Malformed),
        }
    }
}
