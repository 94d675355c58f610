//! The test cards: what becomes of a charge is decided by the wallet token's text.
//!
//! The mock wallet issues tokens as `tok_<card>_<random>`. The decline codes are those of the providers' public lists
//! (<https://docs.stripe.com/declines/codes>).
#![forbid(unsafe_code)]

use serde_json::Value;

/// What the bank says about one charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Charge it.
    Charge,
    /// No, and the token is spent all the same.
    Decline(&'static str),
    /// Ask the shopper first (3-D Secure). The token is spent.
    Challenge,
    /// Refused before any bank saw it: the token is not spent.
    Refuse {
        /// A stable code.
        code: &'static str,
        /// Whether another try on the same session can succeed.
        may_retry: bool,
    },
}

/// The postcode that the `postcode` card wants to see in `details.postcode`.
const POSTCODE: &str = "12345";

/// What the bank says to `token`, given the request's `details`.
#[must_use]
pub fn decide(token: &str, details: Option<&Value>) -> Decision {
    let unknown = Decision::Refuse { code: "invalid_token", may_retry: false };
    // The card's name may hold underscores itself; the random part may not.
    let Some((card, random)) = token.strip_prefix("tok_").and_then(|rest| rest.rsplit_once('_')) else {
        return unknown;
    };
    if random.is_empty() {
        return unknown;
    }
    match card {
        "approved" => Decision::Charge,
        "challenge" => Decision::Challenge,
        "postcode" => match details.and_then(|details| details.get("postcode")).and_then(Value::as_str) {
            Some(POSTCODE) => Decision::Charge,
            _ => Decision::Refuse { code: "postcode_invalid", may_retry: true },
        },
        "do_not_honor" => Decision::Decline("do_not_honor"),
        "expired_card" => Decision::Decline("expired_card"),
        "fraudulent" => Decision::Decline("fraudulent"),
        "incorrect_cvc" => Decision::Decline("incorrect_cvc"),
        "insufficient_funds" => Decision::Decline("insufficient_funds"),
        "lost_card" => Decision::Decline("lost_card"),
        "processing_error" => Decision::Decline("processing_error"),
        "stolen_card" => Decision::Decline("stolen_card"),
        _ => unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, decide};
    use serde_json::json;

    #[test]
    fn the_card_is_read_from_the_token() {
        assert_eq!(decide("tok_approved_x1", None), Decision::Charge);
        assert_eq!(decide("tok_insufficient_funds_x1", None), Decision::Decline("insufficient_funds"));
        assert_eq!(decide("tok_challenge_x1", None), Decision::Challenge);
    }

    #[test]
    fn the_postcode_card_wants_its_postcode() {
        let refused = Decision::Refuse { code: "postcode_invalid", may_retry: true };
        assert_eq!(decide("tok_postcode_x1", None), refused);
        assert_eq!(decide("tok_postcode_x1", Some(&json!({ "postcode": "54321" }))), refused);
        assert_eq!(decide("tok_postcode_x1", Some(&json!({ "postcode": 12345 }))), refused);
        assert_eq!(decide("tok_postcode_x1", Some(&json!({ "postcode": "12345" }))), Decision::Charge);
    }

    #[test]
    fn anything_else_is_refused_unspent() {
        for token in ["", "tok_", "tok_approved", "tok_approved_", "tok_no_such_card_x1", "pm_approved_x1"] {
            let refused = Decision::Refuse { code: "invalid_token", may_retry: false };
            assert_eq!(decide(token, None), refused, "{token:?}");
        }
    }
}
