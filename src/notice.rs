//! What the shopper should be told. The text comes from a locale catalogue; here are only codes.
#![forbid(unsafe_code)]

use crate::outcome::{Advice, Decline, Refusal, Text};
use serde::{Serialize, Serializer};

/// Something that the shopper should be told. A notice belongs to one attempt and disappears with the next (rule U8).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The cart is another one than before; the session that was there is void.
    CartChanged,
    /// The wallet handed over a token that is spent or too old.
    FreshTokenNeeded,
    /// The payment was declined.
    PaymentDeclined {
        /// The decline's code, safe to show.
        reason: Text,
        /// What may be tried.
        advice: Advice,
    },
    /// The merchant refused before any charge.
    PaymentRejected {
        /// The refusal's code.
        reason: Text,
    },
    /// Nothing was charged and nothing will be: paying again is safe.
    PaymentNotMade,
    /// The outcome is being looked up.
    CheckingPayment,
    /// The outcome is unknown and the merchant could not tell yet.
    DoNotPayAgain,
    /// The charge went through.
    PaymentReceived,
    /// The charge went through, for the cart as it was before the last change.
    EarlierCartPaid,
    /// Besides the receipt's charge there is another one: the provider went back on a decline (rule U6). Only people can
    /// give it back, so this stays until the receipt is acknowledged.
    ChargedTwice {
        /// The other charge's reference.
        reference: Option<Text>,
    },
    /// The sheet could not be shown.
    SheetUnavailable,
    /// Another sheet is showing, in another tab or frame (rule S4).
    AnotherSheetOpen,
    /// The shopper must confirm the payment elsewhere.
    ActionRequired,
    /// The device is offline; the payment goes on when it is back.
    Offline,
    /// The journal cannot be written, and the policy says not to pay without it (rule D2).
    RecordUnavailable,
    /// Another tab is paying (rule D6).
    AnotherTabPays,
}

/// How urgent a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Good to know.
    Info,
    /// What was hoped for.
    Success,
    /// Something needs attention.
    Warning,
    /// The payment did not happen.
    Error,
}

impl Severity {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Notice {
    /// The notice for a decline.
    #[must_use]
    pub fn declined(decline: Decline) -> Self {
        Self::PaymentDeclined { reason: decline.code, advice: decline.advice }
    }

    /// The notice for a refusal.
    #[must_use]
    pub fn rejected(refusal: Refusal) -> Self {
        Self::PaymentRejected { reason: refusal.code }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CartChanged => "cart_changed",
            Self::FreshTokenNeeded => "fresh_token_needed",
            Self::PaymentDeclined { .. } => "payment_declined",
            Self::PaymentRejected { .. } => "payment_rejected",
            Self::PaymentNotMade => "payment_not_made",
            Self::CheckingPayment => "checking_payment",
            Self::DoNotPayAgain => "do_not_pay_again",
            Self::PaymentReceived => "payment_received",
            Self::EarlierCartPaid => "earlier_cart_paid",
            Self::ChargedTwice { .. } => "charged_twice",
            Self::SheetUnavailable => "sheet_unavailable",
            Self::AnotherSheetOpen => "another_sheet_open",
            Self::ActionRequired => "action_required",
            Self::Offline => "offline",
            Self::RecordUnavailable => "record_unavailable",
            Self::AnotherTabPays => "another_tab_pays",
        }
    }

    /// How urgent it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::PaymentReceived => Severity::Success,
            Self::CheckingPayment | Self::ActionRequired | Self::PaymentNotMade => Severity::Info,
            Self::CartChanged
            | Self::FreshTokenNeeded
            | Self::DoNotPayAgain
            | Self::EarlierCartPaid
            | Self::ChargedTwice { .. }
            | Self::AnotherSheetOpen
            | Self::Offline
            | Self::AnotherTabPays => Severity::Warning,
            Self::PaymentDeclined { .. }
            | Self::PaymentRejected { .. }
            | Self::SheetUnavailable
            | Self::RecordUnavailable => Severity::Error,
        }
    }
}

impl Serialize for Notice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            code: &'static str,
            severity: &'static str,
            params: Params<'a>,
        }
        #[derive(Serialize)]
        struct Params<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'a Text>,
            #[serde(skip_serializing_if = "Option::is_none")]
            advice: Option<Advice>,
            #[serde(skip_serializing_if = "Option::is_none")]
            reference: Option<&'a Text>,
        }
        let (reason, advice, reference) = match self {
            Self::PaymentDeclined { reason, advice } => (Some(reason), Some(*advice), None),
            Self::PaymentRejected { reason } => (Some(reason), None, None),
            Self::ChargedTwice { reference } => (None, None, reference.as_ref()),
            _ => (None, None, None),
        };
        let params = Params { reason, advice, reference };
        Shown { code: self.code(), severity: self.severity().as_str(), params }.serialize(serializer)
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn u8_a_notice_is_a_code_a_severity_and_parameters() {
        let decline = Decline { code: Text::new("expired_card"), advice: Advice::OtherCard };
        let refusal = Refusal { code: Text::new("postcode"), token_consumed: false, may_retry: true };
        let notices = [
            (Notice::declined(decline), "error", json!({ "reason": "expired_card", "advice": "other_card" })),
            (Notice::rejected(refusal), "error", json!({ "reason": "postcode" })),
            (Notice::Offline, "warning", json!({})),
            (
                Notice::ChargedTwice { reference: Some(Text::new("ch_1")) },
                "warning",
                json!({ "reference": "ch_1" }),
            ),
            (Notice::ChargedTwice { reference: None }, "warning", json!({})),
            (Notice::CheckingPayment, "info", json!({})),
            (Notice::PaymentReceived, "success", json!({})),
        ];
        for (notice, severity, params) in notices {
            let expected = json!({ "code": notice.code(), "severity": severity, "params": params });
            assert_eq!(serde_json::to_value(&notice).unwrap(), expected);
        }
    }
}
