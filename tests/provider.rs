//! What each provider's answers mean. The bodies are those of the providers' documentation, shortened where only
//! members that nobody reads are left out. Names carry the rule's number.
#![cfg(not(target_arch = "wasm32"))]
use payonce::outcome::{Advice, Cause, Outcome, SettleAnswer};
use payonce::provider::{HttpReply, KeyCarrier, KeyForm, MAX_BODY, Profile};
use proptest::prelude::*;

fn reply(status: u16, body: &str) -> HttpReply<'_> {
    HttpReply { status, retry_after_ms: None, should_retry: None, body }
}

fn advice(advice: Advice) -> &'static str {
    match advice {
        Advice::TryAgainLater => "later",
        Advice::OtherCard => "other",
        Advice::CorrectDetails => "correct",
        Advice::DoNotRetry => "never",
    }
}

/// An outcome in one line, so that a table of expectations can be read.
fn show(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Approved(approval) => {
            format!("approved {}", approval.reference.as_ref().map_or("-", |text| text.as_str()))
        }
        Outcome::Declined(decline) => {
            format!("declined {} {}", decline.code.as_str(), advice(decline.advice))
        }
        Outcome::ActionRequired(action) => format!("action {}", action.kind.as_str()),
        Outcome::Rejected(refusal) => format!(
            "rejected {}{}{}",
            refusal.code.as_str(),
            if refusal.token_consumed { "" } else { " unconsumed" },
            if refusal.may_retry { "" } else { " final" },
        ),
        Outcome::Ambiguous(doubt) => format!(
            "{:?}{}",
            doubt.cause,
            match doubt.should_retry {
                None => "",
                Some(true) => " resend",
                Some(false) => " keep",
            }
        ),
    }
}

fn show_settle(answer: &SettleAnswer) -> String {
    match answer {
        SettleAnswer::Outcome(outcome) => show(outcome),
        SettleAnswer::Voided => "voided".into(),
        SettleAnswer::Pending { .. } => "pending".into(),
    }
}

#[track_caller]
fn check_sends(profile: Profile, table: &[(u16, &str, &str)]) {
    for (status, body, expected) in table {
        assert_eq!(show(&profile.classify(&reply(*status, body))), *expected, "send, {status} {body}");
    }
}

#[track_caller]
fn check_settles(profile: Profile, table: &[(u16, &str, &str)]) {
    for (status, body, expected) in table {
        let answer = profile.classify_settle(&reply(*status, body));
        assert_eq!(show_settle(&answer), *expected, "settle, {status} {body}");
    }
}

// ---- keys -----------------------------------------------------------------------------------------------------------

#[test]
fn k7_each_profile_carries_the_key_its_own_way() {
    let header = |name, form| KeyCarrier::Header { name, form };
    let expected = [
        (Profile::Ietf, header("Idempotency-Key", KeyForm::QuotedString)),
        (Profile::Stripe, header("Idempotency-Key", KeyForm::Raw)),
        (Profile::Adyen, header("Idempotency-Key", KeyForm::Raw)),
        (Profile::Paypal, header("PayPal-Request-Id", KeyForm::Raw)),
        (Profile::Square, KeyCarrier::BodyField { name: "idempotency_key" }),
        (Profile::CheckoutCom, header("Cko-Idempotency-Key", KeyForm::Raw)),
    ];
    assert_eq!(expected.map(|(profile, _)| profile), Profile::ALL);
    for (profile, carrier) in expected {
        assert_eq!(profile.key_carrier(), carrier, "{}", profile.name());
    }
}

#[test]
fn k7_profiles_are_found_by_their_names_alone() {
    for profile in Profile::ALL {
        assert_eq!(Profile::by_name(profile.name()), Some(profile));
    }
    for wrong in ["", "Ietf", "stripe ", "checkout.com", "braintree"] {
        assert_eq!(Profile::by_name(wrong), None, "{wrong:?}");
    }
}

#[test]
fn k5_windows_are_the_published_ones_and_wider_than_their_margin() {
    const HOUR: u64 = 3_600_000;
    let windows = Profile::ALL.map(|profile| profile.window_ms() / HOUR);
    assert_eq!(windows, [24, 24, 168, 6, 24, 24]);
    for profile in Profile::ALL {
        assert!(profile.margin_ms() >= 60_000, "a request may wait longer than that");
        assert!(profile.margin_ms() * 2 < profile.window_ms(), "hardly anything could be resent");
    }
}

#[test]
fn k8_a_uuid_fits_every_provider() {
    const UUID_LEN: usize = 36;
    for profile in Profile::ALL {
        assert!(profile.max_key_len() >= UUID_LEN, "{}", profile.name());
    }
    assert_eq!(Profile::Square.max_key_len(), 45);
    assert_eq!(Profile::Adyen.max_key_len(), 64);
}

/// The table in the documentation is checked against the data, so that neither can move alone.
#[test]
fn k5_k7_the_documented_table_is_the_data() {
    let page = include_str!("../docs/providers.md");
    for profile in Profile::ALL {
        let carrier = match profile.key_carrier() {
            KeyCarrier::Header { name, form: KeyForm::QuotedString } => format!("header `{name}: \"…\"`"),
            KeyCarrier::Header { name, form: KeyForm::Raw } => format!("header `{name}: …`"),
            KeyCarrier::BodyField { name } => format!("body member `{name}`"),
        };
        let hours = profile.window_ms() / 3_600_000;
        let row = format!("| `{}` | {carrier} | {} | {hours} h |", profile.name(), profile.max_key_len());
        assert!(page.contains(&row), "docs/providers.md lacks {row}");
    }
}

// ---- the backend's own words ----------------------------------------------------------------------------------------

const BACKEND_SENDS: &[(u16, &str, &str)] = &[
    (
        200,
        r#"{"outcome":"approved","reference":"ch_1","amount":3000,"currency":"USD","cartHash":"ab"}"#,
        "approved ch_1",
    ),
    (201, r#"{"outcome":"approved"}"#, "approved -"),
    (200, r#"{"outcome":"approved","reference":"two words"}"#, "approved -"),
    (402, r#"{"outcome":"declined","code":"insufficient_funds"}"#, "declined insufficient_funds later"),
    (200, r#"{"outcome":"declined","code":"incorrect_cvc"}"#, "declined incorrect_cvc correct"),
    (402, r#"{"outcome":"declined"}"#, "declined generic_decline other"),
    (
        200,
        r#"{"outcome":"action_required","action":{"kind":"challenge","url":"/challenges/1"}}"#,
        "action challenge",
    ),
    (
        400,
        r#"{"outcome":"rejected","code":"postcode_invalid","tokenConsumed":false,"mayRetry":true}"#,
        "rejected postcode_invalid unconsumed",
    ),
    (
        400,
        r#"{"outcome":"rejected","code":"session_discarded","tokenConsumed":false,"mayRetry":false}"#,
        "rejected session_discarded unconsumed final",
    ),
    (400, r#"{"outcome":"rejected","code":"cart_hash_mismatch"}"#, "rejected cart_hash_mismatch"),
    (410, r#"{"outcome":"voided"}"#, "rejected voided"),
    (410, r#"{"outcome":"voided","tokenConsumed":false}"#, "rejected voided unconsumed"),
    (202, r#"{"outcome":"pending"}"#, "Processing"),
    (409, r#"{"code":"idempotency_key_in_flight"}"#, "InFlight"),
    (409, r#"{"code":"token_already_used"}"#, "AlreadyUsed"),
    (422, r#"{"code":"idempotency_key_reused"}"#, "KeyMismatch"),
    (400, r#"{"code":"idempotency_key_in_flight"}"#, "InFlight"),
    (400, r#"{"code":"unexpected_state"}"#, "UnexpectedState"),
];

#[test]
fn t4_k6_u5_the_backends_own_words_hold_in_every_profile() {
    for profile in Profile::ALL {
        for (status, body, expected) in BACKEND_SENDS {
            let shown = show(&profile.classify(&reply(*status, body)));
            // Adyen wants its own leave for a resend while a request is under way.
            let shown = shown.strip_suffix(" keep").unwrap_or(&shown);
            assert_eq!(shown, *expected, "{} {status} {body}", profile.name());
        }
    }
}

#[test]
fn t4_the_backends_word_comes_before_the_profiles_own_reading() {
    let both =
        r#"{"outcome":"declined","code":"expired_card","object":"payment_intent","status":"succeeded"}"#;
    check_sends(Profile::Stripe, &[(200, both, "declined expired_card other")]);
    // Stripe's charges have a member `outcome` of their own, which is no text.
    let charge = r#"{"id":"ch_1","object":"charge","status":"succeeded","outcome":{"type":"authorized"}}"#;
    check_sends(Profile::Stripe, &[(200, charge, "approved ch_1")]);
}

#[test]
fn u1_a_word_that_contradicts_its_status_decides_nothing() {
    for profile in Profile::ALL {
        for outcome in ["approved", "declined", "rejected", "voided", "action_required", "pending"] {
            let body = format!(r#"{{"outcome":"{outcome}","code":"x","action":{{"kind":"challenge"}}}}"#);
            for status in [0, 100, 302, 304, 500, 502, 503, 599, 600, u16::MAX] {
                let outcome = profile.classify(&reply(status, &body));
                assert!(matches!(outcome, Outcome::Ambiguous(_)), "{} {status} {body}", profile.name());
                let answer = profile.classify_settle(&reply(status, &body));
                assert!(matches!(answer, SettleAnswer::Pending { .. }), "{} {status} {body}", profile.name());
            }
        }
        let refused = profile.classify(&reply(400, r#"{"outcome":"approved"}"#));
        assert!(matches!(refused, Outcome::Ambiguous(_)), "{}", profile.name());
    }
    check_sends(Profile::Stripe, &[(402, &stripe_intent("succeeded", ""), "Unreadable")]);
}

#[test]
fn e1_incomplete_or_unknown_words_are_unreadable() {
    let table: Vec<_> = [
        r#"{"outcome":"paid"}"#,
        r#"{"outcome":"Approved"}"#,
        r#"{"outcome":""}"#,
        r#"{"outcome":"action_required"}"#,
        r#"{"outcome":"action_required","action":{}}"#,
        r#"{"outcome":"action_required","action":"challenge"}"#,
        r#"{"outcome":"approved","outcome":"declined"}"#,
        r#"["approved"]"#,
        r#""approved""#,
        r#"{"outcome":null}"#,
        r#"{"outcome":"approved"} {}"#,
    ]
    .map(|body| (200, body, "Unreadable"))
    .into();
    check_sends(Profile::Ietf, &table);
}

#[test]
fn u2_u3_u4_settle_in_the_backends_words() {
    let table = [
        (200, r#"{"outcome":"approved","reference":"ch_1"}"#, "approved ch_1"),
        (200, r#"{"outcome":"declined","code":"do_not_honor"}"#, "declined do_not_honor other"),
        (200, r#"{"outcome":"rejected","code":"invalid_token"}"#, "rejected invalid_token"),
        (200, r#"{"outcome":"action_required","action":{"kind":"challenge"}}"#, "action challenge"),
        (200, r#"{"outcome":"voided"}"#, "voided"),
        (410, r#"{"outcome":"voided"}"#, "voided"),
        (200, r#"{"outcome":"pending"}"#, "pending"),
        (200, r#"{"outcome":"gone"}"#, "pending"),
        (200, "", "pending"),
        (204, "", "pending"),
        (200, "<!doctype html><title>Shop</title>", "pending"),
        (302, r#"{"outcome":"voided"}"#, "pending"),
        (404, r#"{"code":"not_found"}"#, "pending"),
        (503, "", "pending"),
    ];
    for profile in Profile::ALL {
        check_settles(profile, &table);
    }
}

#[test]
fn u4_a_refused_settle_request_is_no_outcome_of_the_attempt() {
    let missing =
        r#"{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such pi"}}"#;
    check_sends(Profile::Stripe, &[(404, missing, "rejected resource_missing final")]);
    check_settles(Profile::Stripe, &[(404, missing, "pending")]);
    let login = r#"{"name":"AUTHENTICATION_FAILURE","message":"Authentication failed","debug_id":"1"}"#;
    check_settles(Profile::Paypal, &[(401, login, "pending")]);
    check_settles(Profile::Ietf, &[(401, r#"{"type":"about:blank","title":"Unauthorized"}"#, "pending")]);
}

#[test]
fn r2_retry_after_and_should_retry_are_handed_on() {
    for profile in Profile::ALL {
        let busy = HttpReply { status: 503, retry_after_ms: Some(7_000), should_retry: Some(true), body: "" };
        let Outcome::Ambiguous(doubt) = profile.classify(&busy) else { panic!("{}", profile.name()) };
        assert_eq!((doubt.cause, doubt.retry_after, doubt.should_retry), {
            (Cause::ServerError, Some(7_000), Some(true))
        });
        let answer = profile.classify_settle(&HttpReply { body: r#"{"outcome":"pending"}"#, ..busy });
        assert_eq!(answer, SettleAnswer::Pending { retry_after: Some(7_000) });
        let stop = HttpReply { should_retry: Some(false), ..busy };
        let Outcome::Ambiguous(doubt) = profile.classify(&stop) else { panic!("{}", profile.name()) };
        assert!(!doubt.may_resend());
    }
}

// ---- no answer at all -----------------------------------------------------------------------------------------------

#[test]
fn u1_what_no_backend_wrote_is_ambiguous_in_every_profile() {
    let page = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>";
    let table = [
        (200, "", "Unreadable"),
        (200, page, "Unreadable"),
        (200, "{}", "Unreadable"),
        (200, "null", "Unreadable"),
        (200, r#"{"ok":true}"#, "Unreadable"),
        (200, r#"{"status":"succeeded"}"#, "Unreadable"),
        (204, "", "Unreadable"),
        (0, "", "Unreadable"),
        (302, page, "Unreadable"),
        (400, page, "Unreadable"),
        (401, "", "Unreadable"),
        (403, page, "Unreadable"),
        (404, page, "Unreadable"),
        (404, r#"{"timestamp":"2026-01-01","status":404,"error":"Not Found","path":"/pay"}"#, "Unreadable"),
        (403, r#"{"message":"Forbidden"}"#, "Unreadable"),
        (422, page, "Unreadable"),
        (408, "", "Timeout"),
        (425, "", "RateLimited"),
        (429, page, "RateLimited"),
        (429, r#"{"code":"too_many"}"#, "RateLimited"),
    ];
    for profile in Profile::ALL {
        check_sends(profile, &table);
        for status in [500, 501, 502, 503, 504, 520, 599] {
            let Outcome::Ambiguous(doubt) = profile.classify(&reply(status, page)) else { panic!() };
            assert_eq!(doubt.cause, Cause::ServerError);
        }
        let Outcome::Ambiguous(doubt) = profile.classify(&reply(409, "")) else { panic!() };
        assert_eq!(doubt.cause, Cause::InFlight);
    }
}

#[test]
fn e1_an_oversized_or_deep_body_is_not_read() {
    let padded = |len: usize| {
        let frame = r#"{"outcome":"approved","x":""}"#;
        format!(r#"{{"outcome":"approved","x":"{}"}}"#, "x".repeat(len - frame.len()))
    };
    let (largest, too_large) = (padded(MAX_BODY), padded(MAX_BODY + 1));
    // What comes with everything expanded is long, and is read.
    check_sends(Profile::Ietf, &[(200, &padded(100_000), "approved -")]);
    assert_eq!((largest.len(), too_large.len()), (MAX_BODY, MAX_BODY + 1));
    let deep = format!(r#"{{"outcome":"approved","x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    check_sends(
        Profile::Ietf,
        &[(200, &largest, "approved -"), (200, &too_large, "Unreadable"), (200, &deep, "Unreadable")],
    );
}

// ---- the providers' own answers -------------------------------------------------------------------------------------

#[test]
fn k6_ietf_answers() {
    let problem =
        |title: &str| format!(r#"{{"type":"https://developer.example.com/idempotency","title":"{title}"}}"#);
    check_sends(
        Profile::Ietf,
        &[
            (400, &problem("Idempotency-Key is missing"), "rejected refused"),
            (400, r#"{"code":"idempotency_key_missing"}"#, "rejected idempotency_key_missing unconsumed"),
            (400, r#"{"code":"invalid_request"}"#, "rejected invalid_request"),
            (401, r#"{"type":"about:blank","title":"Unauthorized"}"#, "rejected refused final"),
            (409, &problem("A request is outstanding for this Idempotency-Key"), "InFlight"),
            (422, &problem("Idempotency-Key is already used"), "KeyMismatch"),
        ],
    );
}

/// `{"error":{…}}` as Stripe writes it.
fn stripe_error(members: &str) -> String {
    format!(
        r#"{{"error":{{{members},"message":"…","doc_url":"https://stripe.com/docs/error-codes","request_log_url":"…"}}}}"#
    )
}

fn stripe_intent(status: &str, more: &str) -> String {
    format!(
        r#"{{"id":"pi_3MtwBwLkdIwHu7ix28a3tqPa","object":"payment_intent","amount":2000,"client_secret":"pi_3_secret_Yr","currency":"usd","livemode":false,"status":"{status}"{more}}}"#
    )
}

#[test]
fn k4_k6_u5_stripe_answers() {
    let error = stripe_error;
    let intent = stripe_intent;
    let sends: &[(u16, &str, &str)] = &[
        (200, &intent("succeeded", ""), "approved pi_3MtwBwLkdIwHu7ix28a3tqPa"),
        (200, &intent("requires_capture", ""), "approved pi_3MtwBwLkdIwHu7ix28a3tqPa"),
        (200, &intent("processing", ""), "Processing"),
        (
            200,
            &intent("requires_action", r#","next_action":{"type":"use_stripe_sdk","use_stripe_sdk":{}}"#),
            "action use_stripe_sdk",
        ),
        (
            200,
            &intent(
                "requires_payment_method",
                r#","last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds"}"#,
            ),
            "declined insufficient_funds later",
        ),
        (200, &intent("requires_payment_method", r#","last_payment_error":null"#), "Unreadable"),
        (200, &intent("requires_confirmation", ""), "Unreadable"),
        (200, &intent("canceled", ""), "rejected voided final"),
        // The card errors of <https://docs.stripe.com/testing#declined-payments>.
        (
            402,
            &error(r#""type":"card_error","code":"card_declined","decline_code":"generic_decline""#),
            "declined generic_decline other",
        ),
        (
            402,
            &error(r#""type":"card_error","code":"card_declined","decline_code":"insufficient_funds""#),
            "declined insufficient_funds later",
        ),
        (
            402,
            &error(r#""type":"card_error","code":"card_declined","decline_code":"lost_card""#),
            "declined generic_decline other",
        ),
        (
            402,
            &error(
                r#""type":"card_error","code":"card_declined","decline_code":"stolen_card","advice_code":"do_not_try_again""#,
            ),
            "declined generic_decline other",
        ),
        (402, &error(r#""type":"card_error","code":"expired_card""#), "declined expired_card other"),
        (402, &error(r#""type":"card_error","code":"incorrect_cvc""#), "declined incorrect_cvc correct"),
        (402, &error(r#""type":"card_error","code":"processing_error""#), "declined processing_error later"),
        (
            402,
            &error(
                r#""type":"card_error","code":"card_declined","decline_code":"do_not_honor","advice_code":"try_again_later""#,
            ),
            "declined do_not_honor later",
        ),
        (
            402,
            &error(
                r#""type":"card_error","code":"card_declined","decline_code":"invalid_account","advice_code":"do_not_try_again""#,
            ),
            "declined invalid_account never",
        ),
        (
            402,
            &error(
                r#""type":"card_error","code":"card_declined","decline_code":"do_not_honor","advice_code":"confirm_card_data""#,
            ),
            "declined do_not_honor correct",
        ),
        (402, &error(r#""type":"card_error","code":"card_declined""#), "declined generic_decline other"),
        (
            402,
            &error(r#""type":"card_error","code":"card_declined","decline_code":"duplicate_transaction""#),
            "AlreadyUsed",
        ),
        (400, &error(r#""type":"idempotency_error""#), "KeyMismatch"),
        (409, &error(r#""type":"idempotency_error""#), "KeyMismatch"),
        (409, &error(r#""type":"invalid_request_error","code":"idempotency_key_in_use""#), "InFlight"),
        (409, &error(r#""type":"invalid_request_error","code":"lock_timeout""#), "InFlight"),
        (409, &error(r#""type":"idempotency_error","code":"idempotency_key_in_use""#), "InFlight"),
        (409, &error(r#""type":"invalid_request_error","code":"resource_busy""#), "InFlight"),
        (400, &error(r#""type":"invalid_request_error","code":"token_in_use""#), "InFlight"),
        (429, &error(r#""type":"invalid_request_error","code":"lock_timeout""#), "RateLimited"),
        (429, &error(r#""type":"invalid_request_error","code":"rate_limit""#), "RateLimited"),
        (400, &error(r#""type":"invalid_request_error","code":"token_already_used""#), "AlreadyUsed"),
        (400, &error(r#""type":"invalid_request_error","code":"resource_already_exists""#), "AlreadyUsed"),
        (
            400,
            &error(
                r#""type":"invalid_request_error","code":"payment_intent_unexpected_state","payment_intent":{"id":"pi_3","object":"payment_intent","status":"succeeded"}"#,
            ),
            "UnexpectedState",
        ),
        (
            400,
            &error(
                r#""type":"invalid_request_error","code":"payment_intent_unexpected_state","payment_intent":{"id":"pi_3","object":"payment_intent","status":"canceled"}"#,
            ),
            "rejected voided final",
        ),
        (401, &error(r#""type":"invalid_request_error""#), "rejected not_authorized unconsumed final"),
        (403, &error(r#""type":"invalid_request_error""#), "rejected not_authorized unconsumed final"),
        (
            400,
            &error(r#""type":"invalid_request_error","code":"parameter_missing""#),
            "rejected parameter_missing",
        ),
        (400, &error(r#""type":"invalid_request_error""#), "rejected invalid_request"),
        (400, &error(r#""type":"api_error""#), "Unreadable"),
        (500, &error(r#""type":"api_error""#), "ServerError"),
        (500, &error(r#""type":"card_error","code":"expired_card""#), "ServerError"),
        (200, &error(r#""type":"card_error","code":"expired_card""#), "Unreadable"),
        (200, r#"{"id":"ch_1","object":"charge","status":"failed","failure_code":"expired_card"}"#, {
            "declined expired_card other"
        }),
        (200, r#"{"id":"ch_1","object":"charge","status":"succeeded"}"#, "approved ch_1"),
        (200, r#"{"id":"ch_1","object":"charge","status":"pending"}"#, "Processing"),
    ];
    check_sends(Profile::Stripe, sends);
}

#[test]
fn u5_stripe_settling_never_trusts_an_error_of_an_attempt_before() {
    let stale = stripe_intent(
        "requires_payment_method",
        r#","last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds"}"#,
    );
    check_settles(
        Profile::Stripe,
        &[
            (200, &stale, "pending"),
            (200, &stripe_intent("succeeded", ""), "approved pi_3MtwBwLkdIwHu7ix28a3tqPa"),
            (200, &stripe_intent("processing", ""), "pending"),
            (200, &stripe_intent("canceled", ""), "rejected voided final"),
            (200, &stripe_intent("requires_action", ""), "action requires_action"),
        ],
    );
}

#[test]
fn k4_adyen_answers() {
    let refused = |code: &str| {
        format!(
            r#"{{"pspReference":"881572960484022G","refusalReason":"…","resultCode":"Refused","refusalReasonCode":"{code}","merchantReference":"Order 1"}}"#
        )
    };
    check_sends(
        Profile::Adyen,
        &[
            (
                200,
                r#"{"pspReference":"993617895204576J","resultCode":"Authorised","merchantReference":"Order 1"}"#,
                "approved 993617895204576J",
            ),
            (200, &refused("2"), "declined generic_decline other"),
            (200, &refused("6"), "declined expired_card other"),
            (200, &refused("12"), "declined insufficient_funds later"),
            (200, &refused("20"), "declined generic_decline other"),
            (200, &refused("24"), "declined incorrect_cvc correct"),
            (200, &refused("31"), "declined generic_decline other"),
            (200, &refused("46"), "declined do_not_try_again never"),
            (200, &refused("9999"), "declined generic_decline other"),
            (
                200,
                r#"{"resultCode":"Error","refusalReason":"Issuer Unavailable","refusalReasonCode":"9"}"#,
                "declined issuer_not_available later",
            ),
            (200, r#"{"resultCode":"Cancelled","refusalReasonCode":"16"}"#, "rejected voided"),
            (200, r#"{"resultCode":"Received"}"#, "Processing"),
            (200, r#"{"resultCode":"Pending"}"#, "Processing"),
            (
                200,
                r#"{"resultCode":"RedirectShopper","action":{"paymentMethodType":"scheme","url":"https://checkoutshopper-test.adyen.com/x","method":"GET","type":"redirect"}}"#,
                "action redirect",
            ),
            (
                200,
                r#"{"resultCode":"IdentifyShopper","action":{"paymentData":"Ab","token":"eyJ","subtype":"fingerprint","type":"threeDS2"}}"#,
                "action threeDS2",
            ),
            (200, r#"{"resultCode":"PartiallyAuthorised","pspReference":"A"}"#, "Unreadable"),
            (200, r#"{"resultCode":"AuthenticationFinished"}"#, "Unreadable"),
            (
                422,
                r#"{"status":422,"errorCode":"704","message":"request already processed or in progress","errorType":"validation"}"#,
                "InFlight keep",
            ),
            (
                409,
                r#"{"status":409,"errorCode":"704","message":"request already processed or in progress","errorType":"validation"}"#,
                "InFlight keep",
            ),
            (409, r#"{"status":409,"errorCode":"14_006","errorType":"validation"}"#, "InFlight keep"),
            (
                422,
                r#"{"status":422,"errorCode":"14_006","message":"…","errorType":"validation"}"#,
                "rejected 14_006",
            ),
            (
                401,
                r#"{"status":401,"errorCode":"000","message":"HTTP Status Response - Unauthorized","errorType":"security"}"#,
                "rejected 000 unconsumed final",
            ),
            (
                500,
                r#"{"status":500,"errorCode":"905","message":"Payment details are not supported","errorType":"configuration"}"#,
                "ServerError",
            ),
        ],
    );
    let transient = HttpReply {
        should_retry: Some(true),
        ..reply(409, r#"{"errorCode":"704","errorType":"validation"}"#)
    };
    assert_eq!(show(&Profile::Adyen.classify(&transient)), "InFlight resend");
    check_settles(
        Profile::Adyen,
        &[(200, r#"{"resultCode":"Cancelled"}"#, "voided"), (200, r#"{"resultCode":"Received"}"#, "pending")],
    );
}

fn paypal_order(payments: &str) -> String {
    format!(
        r#"{{"id":"3M049991JF5624929","status":"COMPLETED","purchase_units":[{{"reference_id":"default","payments":{{{payments}}}}}]}}"#
    )
}

fn paypal_issue(issue: &str) -> String {
    format!(
        r#"{{"name":"UNPROCESSABLE_ENTITY","details":[{{"issue":"{issue}","description":"…"}}],"message":"The requested action could not be performed, semantically incorrect, or failed business validation.","debug_id":"90957fca61718"}}"#
    )
}

#[test]
fn k6_u5_paypal_answers() {
    let capture = |status: &str, code: &str| {
        paypal_order(&format!(
            r#""captures":[{{"id":"2FB04508RA686960W","status":"{status}","processor_response":{{"avs_code":"G","cvv_code":"P","response_code":"{code}"}}}}]"#
        ))
    };
    let sends: &[(u16, &str, &str)] = &[
        (201, &capture("COMPLETED", "0000"), "approved 2FB04508RA686960W"),
        (201, &capture("PENDING", ""), "Processing"),
        // The rejection triggers of <https://developer.paypal.com/tools/sandbox/card-testing/>.
        (201, &capture("DECLINED", "5400"), "declined expired_card other"),
        (201, &capture("DECLINED", "5120"), "declined insufficient_funds later"),
        (201, &capture("DECLINED", "9500"), "declined generic_decline other"),
        (201, &capture("DECLINED", "9520"), "declined generic_decline other"),
        (201, &capture("DECLINED", "00N7"), "declined incorrect_cvc correct"),
        (201, &capture("REFUNDED", ""), "Unreadable"),
        (201, &paypal_order(r#""authorizations":[{"id":"0AW","status":"CREATED"}]"#), "approved 0AW"),
        (
            201,
            &paypal_order(r#""captures":[{"id":"A","status":"DECLINED"},{"id":"B","status":"COMPLETED"}]"#),
            "UnexpectedState",
        ),
        // The minimal representation does not say whether the payment inside was declined.
        (201, r#"{"id":"3M049991JF5624929","status":"COMPLETED","links":[]}"#, "Unreadable"),
        (200, r#"{"id":"5O1","status":"APPROVED"}"#, "Unreadable"),
        (
            200,
            r#"{"id":"5O1","status":"PAYER_ACTION_REQUIRED","links":[{"href":"https://www.paypal.com/checkoutnow?token=5O1","rel":"payer-action","method":"GET"}]}"#,
            "action payer_action",
        ),
        (422, &paypal_issue("PAYER_ACTION_REQUIRED"), "action payer_action"),
        (422, &paypal_issue("INSTRUMENT_DECLINED"), "declined generic_decline other"),
        (422, &paypal_issue("TRANSACTION_REFUSED"), "declined generic_decline other"),
        (422, &paypal_issue("CARD_EXPIRED"), "declined expired_card other"),
        (422, &paypal_issue("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED"), "declined do_not_try_again never"),
        (422, &paypal_issue("ORDER_ALREADY_CAPTURED"), "AlreadyUsed"),
        (422, &paypal_issue("ORDER_ALREADY_AUTHORIZED"), "AlreadyUsed"),
        (422, &paypal_issue("DUPLICATE_INVOICE_ID"), "AlreadyUsed"),
        (422, &paypal_issue("DUPLICATE_REQUEST_ID"), "KeyMismatch"),
        (422, &paypal_issue("PREVIOUS_REQUEST_IN_PROGRESS"), "InFlight"),
        (422, &paypal_issue("ORDER_NOT_APPROVED"), "rejected ORDER_NOT_APPROVED"),
        (
            409,
            r#"{"name":"RESOURCE_CONFLICT","details":[{"issue":"PREVIOUS_REQUEST_IN_PROGRESS"}],"debug_id":"1"}"#,
            "InFlight",
        ),
        (
            404,
            r#"{"name":"RESOURCE_NOT_FOUND","details":[{"field":"order_id","location":"path","issue":"INVALID_RESOURCE_ID"}],"debug_id":"772569867cdcc"}"#,
            "rejected INVALID_RESOURCE_ID final",
        ),
        (
            401,
            r#"{"name":"AUTHENTICATION_FAILURE","message":"Authentication failed due to invalid authentication credentials or a missing Authorization header.","debug_id":"1"}"#,
            "rejected AUTHENTICATION_FAILURE unconsumed final",
        ),
        (429, r#"{"name":"RATE_LIMIT_REACHED","message":"…","debug_id":"1"}"#, "RateLimited"),
        (500, r#"{"name":"INTERNAL_SERVER_ERROR","debug_id":"1"}"#, "ServerError"),
    ];
    check_sends(Profile::Paypal, sends);
    check_settles(
        Profile::Paypal,
        &[
            (200, &capture("DECLINED", "5120"), "pending"),
            (200, &capture("COMPLETED", ""), "approved 2FB04508RA686960W"),
            (200, r#"{"id":"5O1","status":"VOIDED"}"#, "rejected voided final"),
        ],
    );
}

#[test]
fn k6_u5_square_answers() {
    let error = |category: &str, code: &str| {
        format!(
            r#"{{"errors":[{{"category":"{category}","code":"{code}","detail":"…","field":"source_id"}}]}}"#
        )
    };
    let payment = |status: &str| {
        format!(
            r#"{{"payment":{{"id":"GQTFp1ZlXdpoW4o6eGiZhbjosiDFf","status":"{status}","card_details":{{"errors":[{{"category":"PAYMENT_METHOD_ERROR","code":"CVV_FAILURE"}}]}}}}}}"#
        )
    };
    let sends: &[(u16, &str, &str)] = &[
        (200, &payment("COMPLETED"), "approved GQTFp1ZlXdpoW4o6eGiZhbjosiDFf"),
        (200, &payment("APPROVED"), "approved GQTFp1ZlXdpoW4o6eGiZhbjosiDFf"),
        (200, &payment("PENDING"), "Processing"),
        (200, &payment("FAILED"), "declined incorrect_cvc correct"),
        (200, &payment("CANCELED"), "rejected voided"),
        (402, &error("PAYMENT_METHOD_ERROR", "GENERIC_DECLINE"), "declined generic_decline other"),
        (402, &error("PAYMENT_METHOD_ERROR", "INSUFFICIENT_FUNDS"), "declined insufficient_funds later"),
        (402, &error("PAYMENT_METHOD_ERROR", "CVV_FAILURE"), "declined incorrect_cvc correct"),
        (402, &error("PAYMENT_METHOD_ERROR", "CARD_EXPIRED"), "declined expired_card other"),
        (400, &error("PAYMENT_METHOD_ERROR", "INVALID_POSTAL_CODE"), "declined incorrect_zip correct"),
        (400, &error("INVALID_REQUEST_ERROR", "INVALID_CARD_DATA"), "declined incorrect_number correct"),
        (402, &error("PAYMENT_METHOD_ERROR", "RESERVATION_DECLINED"), "declined RESERVATION_DECLINED other"),
        (400, &error("INVALID_REQUEST_ERROR", "IDEMPOTENCY_KEY_REUSED"), "KeyMismatch"),
        (400, &error("INVALID_REQUEST_ERROR", "CARD_TOKEN_USED"), "AlreadyUsed"),
        (400, &error("INVALID_REQUEST_ERROR", "SOURCE_USED"), "AlreadyUsed"),
        (400, &error("INVALID_REQUEST_ERROR", "CARD_TOKEN_EXPIRED"), "rejected CARD_TOKEN_EXPIRED"),
        (400, &error("PAYMENT_METHOD_ERROR", "SOURCE_EXPIRED"), "rejected SOURCE_EXPIRED"),
        (400, &error("INVALID_REQUEST_ERROR", "VALUE_TOO_LOW"), "rejected VALUE_TOO_LOW"),
        (409, &error("INVALID_REQUEST_ERROR", "CONFLICT"), "InFlight"),
        (401, &error("AUTHENTICATION_ERROR", "UNAUTHORIZED"), "rejected UNAUTHORIZED unconsumed final"),
        (400, &error("API_ERROR", "INTERNAL_SERVER_ERROR"), "ServerError"),
        (429, &error("RATE_LIMIT_ERROR", "RATE_LIMITED"), "RateLimited"),
        (500, &error("API_ERROR", "INTERNAL_SERVER_ERROR"), "ServerError"),
    ];
    check_sends(Profile::Square, sends);
    check_settles(
        Profile::Square,
        &[(200, &payment("CANCELED"), "voided"), (200, &payment("PENDING"), "pending")],
    );
}

#[test]
fn k5_checkout_com_answers() {
    let payment = |status: &str, code: &str| {
        format!(
            r#"{{"id":"pay_mbabizu24mvu3mela5njyhpit4","action_id":"act_1","amount":6540,"currency":"USD","approved":{},"status":"{status}","response_code":"{code}"}}"#,
            code.starts_with('1')
        )
    };
    let sends: &[(u16, &str, &str)] = &[
        (201, &payment("Authorized", "10000"), "approved pay_mbabizu24mvu3mela5njyhpit4"),
        (201, &payment("Captured", "10000"), "approved pay_mbabizu24mvu3mela5njyhpit4"),
        (201, &payment("Authorized", "10010"), "Unreadable"),
        (201, &payment("Declined", "20005"), "declined do_not_honor other"),
        (201, &payment("Declined", "20051"), "declined insufficient_funds later"),
        (201, &payment("Declined", "20087"), "declined incorrect_cvc correct"),
        (201, &payment("Declined", "30041"), "declined generic_decline other"),
        (201, &payment("Declined", "40101"), "declined generic_decline other"),
        (
            202,
            r#"{"id":"pay_1","status":"Pending","_links":{"redirect":{"href":"https://api.checkout.com/3ds/pay_1"}}}"#,
            "action redirect",
        ),
        (202, r#"{"id":"pay_1","status":"Pending","_links":{"self":{"href":"…"}}}"#, "Processing"),
        (
            422,
            r#"{"request_id":"0HL80RJLS76I7","error_type":"request_invalid","error_codes":["payment_source_required"]}"#,
            "rejected payment_source_required",
        ),
        (422, r#"{"error_type":"request_invalid","error_codes":["token_used"]}"#, "AlreadyUsed"),
        (422, r#"{"error_type":"request_invalid","error_codes":["token_in_use"]}"#, "InFlight"),
        (
            422,
            r#"{"error_type":"processing_error","error_codes":["card_authorization_failed"]}"#,
            "ServerError keep",
        ),
        (409, "", "InFlight"),
        (409, r#"{"error_type":"request_invalid","error_codes":["duplicate_request"]}"#, "InFlight"),
        (429, "", "RateLimited"),
        (401, "", "Unreadable"),
        // Failures are not remembered under the key, so what failed half-way would be done again.
        (502, "", "ServerError keep"),
    ];
    check_sends(Profile::CheckoutCom, sends);
    check_settles(Profile::CheckoutCom, &[(200, &payment("Canceled", "10000"), "voided")]);
}

// ---- what may be shown ----------------------------------------------------------------------------------------------

fn decline(profile: Profile, code: &str) -> String {
    let body = serde_json::json!({ "outcome": "declined", "code": code }).to_string();
    show(&profile.classify(&reply(402, &body)))
}

#[test]
fn t6_codes_that_hint_at_theft_or_fraud_look_like_any_decline() {
    let plain = decline(Profile::Ietf, "generic_decline");
    let hints = [
        "fraudulent",
        "lost_card",
        "merchant_blacklist",
        "pickup_card",
        "restricted_card",
        "security_violation",
        "stolen_card",
    ];
    for profile in Profile::ALL {
        for code in hints {
            assert_eq!(decline(profile, code), plain, "{} {code}", profile.name());
        }
    }
}

#[test]
fn t6_a_code_is_echoed_only_if_it_looks_like_one() {
    let long = "x".repeat(65);
    let longest = "x".repeat(64);
    for (code, shown) in [
        ("some_new_code.v2-1", "some_new_code.v2-1"),
        ("12345678901", "12345678901"),
        ("123456789012", "unknown"),
        ("card_4242424242424242", "unknown"),
        ("4242424242424242_card", "unknown"),
        ("two words", "unknown"),
        ("<b>", "unknown"),
        ("größe", "unknown"),
        ("jane@example.com", "unknown"),
        (&long, "unknown"),
        (&longest, &longest),
    ] {
        assert_eq!(decline(Profile::Ietf, code), format!("declined {shown} other"));
        let body = serde_json::json!({ "outcome": "rejected", "code": code }).to_string();
        assert_eq!(show(&Profile::Ietf.classify(&reply(400, &body))), format!("rejected {shown}"));
        let body =
            serde_json::json!({ "outcome": "action_required", "action": { "kind": code } }).to_string();
        assert_eq!(show(&Profile::Ietf.classify(&reply(200, &body))), format!("action {shown}"));
    }
}

#[test]
fn t6_nothing_of_a_body_is_in_debug_output() {
    let secret = r#"{"outcome":"action_required","action":{"kind":"challenge","secret":"tok_visa_1"}}"#;
    let reply = reply(200, secret);
    let outcome = Profile::Ietf.classify(&reply);
    assert!(!format!("{reply:?}{outcome:?}").contains("tok_visa_1"));
    let Outcome::ActionRequired(action) = outcome else { panic!() };
    let payload = action.payload.expect("the port needs it");
    assert_eq!(payload.expose(), r#"{"kind":"challenge","secret":"tok_visa_1"}"#);
}

/// Every row of the page's advice table is what the code does.
#[test]
fn k4_the_documented_advice_is_the_codes() {
    let page = include_str!("../docs/providers.md");
    let table = page.split("## Decline advice").nth(1).expect("the section").split("\n## ").next();
    let mut rows = 0;
    for line in table.expect("the section").lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, code, shown, advice, ..] = cells.as_slice() else { panic!("{line}") };
        let expected = format!(
            "declined {} {}",
            shown.trim_matches('`'),
            match *advice {
                "try again later" => "later",
                "another card" => "other",
                "correct the details" => "correct",
                "do not retry" => "never",
                other => panic!("{other}"),
            }
        );
        assert_eq!(decline(Profile::Ietf, code.trim_matches('`')), expected, "{line}");
        rows += 1;
    }
    assert!(rows >= 30, "{rows} rows");
}

/// Every provider code of the page has the word that the code gives it.
#[test]
fn k4_the_documented_words_are_the_codes() {
    let page = include_str!("../docs/providers.md");
    let table = page.split("## Codes in payonce's words").nth(1).expect("the section");
    let mut seen = 0;
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, name, codes, ..] = cells.as_slice() else { panic!("{line}") };
        let profile = Profile::by_name(name).expect("a profile's name");
        for group in codes.split("; ") {
            let (codes, word) = group.split_once(" → ").expect("codes → word");
            for code in codes.split(", ") {
                let (code, word) = (code.trim_matches('`'), word.trim_matches('`'));
                assert_eq!(decline(profile, code), decline(profile, word), "{name} {code}");
                seen += 1;
            }
        }
    }
    assert!(seen > 60, "{seen} codes");
}

// ---- whatever comes -------------------------------------------------------------------------------------------------

fn profiles() -> impl Strategy<Value = Profile> {
    proptest::sample::select(Profile::ALL.to_vec())
}

/// JSON with the member names and words that the readers look for, in any arrangement.
fn plausible() -> impl Strategy<Value = String> {
    let names = vec![
        "outcome",
        "code",
        "action",
        "kind",
        "reference",
        "error",
        "type",
        "title",
        "status",
        "object",
        "id",
        "decline_code",
        "advice_code",
        "payment_intent",
        "last_payment_error",
        "next_action",
        "resultCode",
        "refusalReasonCode",
        "errorCode",
        "errorType",
        "pspReference",
        "name",
        "details",
        "issue",
        "purchase_units",
        "payments",
        "captures",
        "processor_response",
        "errors",
        "category",
        "payment",
        "card_details",
        "error_type",
        "error_codes",
        "_links",
        "redirect",
        "href",
        "tokenConsumed",
    ];
    let words = vec![
        "approved",
        "declined",
        "rejected",
        "voided",
        "pending",
        "action_required",
        "succeeded",
        "canceled",
        "requires_action",
        "card_error",
        "invalid_request_error",
        "idempotency_error",
        "payment_intent",
        "Authorised",
        "Refused",
        "704",
        "validation",
        "COMPLETED",
        "DECLINED",
        "UNPROCESSABLE_ENTITY",
        "INSTRUMENT_DECLINED",
        "PAYMENT_METHOD_ERROR",
        "Authorized",
        "Declined",
        "Pending",
        "4242424242424242",
    ];
    let leaf = prop_oneof![
        proptest::sample::select(words).prop_map(|word| serde_json::json!(word)),
        any::<bool>().prop_map(|value| serde_json::json!(value)),
        any::<i64>().prop_map(|value| serde_json::json!(value)),
        ".{0,20}".prop_map(|text| serde_json::json!(text)),
        Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let name = proptest::sample::select(names.clone());
        prop_oneof![
            4 => proptest::collection::vec((name, inner.clone()), 1..6).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
            1 => proptest::collection::vec(inner, 0..3).prop_map(serde_json::Value::Array),
        ]
    })
    .prop_map(|value| value.to_string())
}

fn longest_number(text: &str) -> usize {
    text.split(|char: char| !char.is_ascii_digit()).map(str::len).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn e1_any_reply_is_classified_safely(
        profile in profiles(),
        status in prop_oneof![any::<u16>(), 200_u16..=600, Just(200), Just(400), Just(402), Just(422)],
        body in prop_oneof![3 => plausible(), 1 => any::<String>()],
    ) {
        let reply = reply(status, &body);
        let outcome = profile.classify(&reply);
        let answer = profile.classify_settle(&reply);
        let decides = !matches!(outcome, Outcome::Ambiguous(_));
        // U1: nothing is decided by a server error, a redirect, or what is no JSON.
        prop_assert!(!decides || matches!(status, 200..=299 | 400..=499));
        prop_assert!(!decides || serde_json::from_str::<serde_json::Value>(&body).is_ok());
        prop_assert!(!matches!(outcome, Outcome::Approved(_)) || matches!(status, 200..=299));
        // Asking for the truth never says more than the send's own reply would: it may only be more careful.
        match &answer {
            SettleAnswer::Outcome(settled) => prop_assert_eq!(settled, &outcome),
            SettleAnswer::Voided => prop_assert!(show(&outcome).starts_with("rejected voided")),
            SettleAnswer::Pending { .. } => {}
        }
        // T6: no code looks like a card number.
        match &outcome {
            Outcome::Declined(decline) => prop_assert!(longest_number(decline.code.as_str()) < 12),
            Outcome::Rejected(refusal) => prop_assert!(longest_number(refusal.code.as_str()) < 12),
            Outcome::ActionRequired(action) => prop_assert!(longest_number(action.kind.as_str()) < 12),
            Outcome::Approved(_) | Outcome::Ambiguous(_) => {}
        }
    }
}

#[test]
fn u5_whatever_says_already_is_settled_before_anybody_sees_an_error() {
    for code in ["already_paid", "order_already_paid", "already_captured", "duplicate_transaction"] {
        for body in [
            format!(r#"{{"code":"{code}"}}"#),
            format!(r#"{{"outcome":"declined","code":"{code}"}}"#),
            format!(r#"{{"outcome":"rejected","code":"{code}","tokenConsumed":false}}"#),
        ] {
            for profile in Profile::ALL {
                let outcome = profile.classify(&reply(400, &body));
                assert!(matches!(outcome, Outcome::Ambiguous(_)), "{}: {body}: {outcome:?}", profile.name());
            }
        }
    }
}

#[test]
fn u5_a_refusal_as_a_duplicate_is_settled() {
    let adyen = r#"{"resultCode":"Refused","refusalReason":"DUPLICATE transaction","refusalReasonCode":"0"}"#;
    assert!(matches!(Profile::Adyen.classify(&reply(200, adyen)), Outcome::Ambiguous(_)));
    let paypal = r#"{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"TOKEN_ALREADY_USED"}]}"#;
    assert!(matches!(Profile::Paypal.classify(&reply(422, paypal)), Outcome::Ambiguous(_)));
}

/// Incidents in which the charge was there, and the shopper was told of an error. The bodies are the providers' own.
#[test]
fn u5_whatever_a_provider_did_before_is_settled_in_whatever_words_it_says_so() {
    let again = "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.";
    let square =
        |code: &str| format!(r#"{{"errors":[{{"category":"INVALID_REQUEST_ERROR","code":"{code}"}}]}}"#);
    let incidents: &[(&str, Profile, u16, &str)] = &[
        (
            "woocommerce-payments#323",
            Profile::Stripe,
            400,
            &format!(r#"{{"error":{{"message":"{again}","type":"invalid_request_error"}}}}"#),
        ),
        (
            "stripe-payments-demo#133",
            Profile::Stripe,
            400,
            r#"{"error":{"code":"payment_intent_unexpected_state","message":"You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.","payment_intent":{"id":"pi_1","object":"payment_intent","status":"succeeded"},"type":"invalid_request_error"}}"#,
        ),
        ("paypal-woocommerce#2129", Profile::Paypal, 422, &paypal_issue("ORDER_ALREADY_CAPTURED")),
        ("PayPal-node-SDK#415", Profile::Paypal, 422, &paypal_issue("AUTHORIZATION_ALREADY_CAPTURED")),
        (
            "adyen-magento2#2211",
            Profile::Adyen,
            422,
            r#"{"error":"request already processed or in progress"}"#,
        ),
        ("square: captured", Profile::Square, 400, &square("DELAYED_TRANSACTION_CAPTURED")),
        ("square: try that again", Profile::Square, 400, &square("TEMPORARY_ERROR")),
        ("medusa#2948", Profile::Ietf, 400, r#"{"code":"cart_already_completed","type":"not_allowed"}"#),
    ];
    for (incident, profile, status, body) in incidents {
        let outcome = profile.classify(&reply(*status, body));
        assert!(matches!(outcome, Outcome::Ambiguous(_)), "{incident}: {outcome:?}");
    }
    // And a decline in such an order is none of the order's success.
    let declined = r#"{"id":"5O1","status":"COMPLETED","purchase_units":[{"payments":{"captures":[{"id":"2FB","status":"DECLINED","processor_response":{"response_code":"5120"}}]}}]}"#;
    let outcome = Profile::Paypal.classify(&reply(201, declined));
    assert!(matches!(outcome, Outcome::Declined(_)), "Checkout-NodeJS-SDK#46: {outcome:?}");
}
