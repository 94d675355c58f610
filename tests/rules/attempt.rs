//! Attempt and key: K1 to K8.

use crate::scenario::{
    CLICK, CONFIG, HOUR, Scenario, cart, challenge, declined, discards, lost, names, rejected,
};
use payonce::checkout::{Config, Effect, Event, Rejection, StateKind};
use payonce::key::IdempotencyKey;
use payonce::outcome::{Cause, Doubt, Outcome};
use payonce::provider::Profile;
use payonce::retry::RetryPolicy;
use std::collections::HashSet;

#[test]
fn k1_many_deliveries_make_one_attempt() {
    let mut s = Scenario::new().into_sheet_open();
    (s.lock_answers, s.journal_answers) = (false, false);
    s.token("tok_a");
    let key = s.key();
    // Nothing asynchronous has been answered yet, and the guard holds already.
    for n in 0..50 {
        let again = s.token_event(if n % 2 == 0 { "tok_a" } else { "tok_b" });
        s.refused(again, Rejection::AttemptOpen);
        s.refused(CLICK, Rejection::AttemptOpen);
    }
    assert_eq!(s.key(), key);
    let locks = s.effects.iter().filter(|effect| matches!(effect, Effect::AcquireLock { .. })).count();
    assert_eq!(locks, 1);
}

#[test]
fn k1_in_every_state_of_an_open_attempt() {
    for state in [StateKind::Sending, StateKind::Waiting, StateKind::ActionRequired, StateKind::Settling] {
        let mut s = Scenario::in_state(state);
        let key = s.key();
        let again = s.token_event("tok_b");
        s.refused(again, Rejection::AttemptOpen);
        s.refused(CLICK, Rejection::AttemptOpen);
        assert_eq!(s.key(), key);
    }
    let mut s = Scenario::new().into_unresolved();
    let again = s.token_event("tok_b");
    s.refused(again, Rejection::AttemptOpen);
}

#[test]
fn k1_many_clicks_open_one_sheet() {
    let mut s = Scenario::new().into_sheet_open();
    for _ in 0..50 {
        s.refused(CLICK, Rejection::AlreadyOpen);
    }
    let sheets = s.effects.iter().filter(|effect| matches!(effect, Effect::OpenSheet { .. })).count();
    assert_eq!(sheets, 1);
}

#[test]
fn k2_every_send_carries_the_same_key_and_the_same_bytes() {
    for profile in Profile::ALL {
        let mut s = Scenario::with(Config { profile, ..CONFIG }).into_waiting();
        for _ in 0..2 {
            s.fire_timer();
            s.lose_reply();
        }
        let sends = s.sends();
        assert_eq!(sends.len(), 3, "{profile:?}");
        assert!(sends.iter().all(|sent| *sent == sends[0]), "{profile:?}: {sends:?}");
    }
}

#[test]
fn k2_renaming_a_line_between_two_sends_changes_no_byte() {
    let mut s = Scenario::new().into_waiting();
    let renamed = r#"{"currency":"USD","lines":[{"id":"sku","quantity":1,"unitAmount":1000,"name":"Thé"}],"total":1000}"#;
    s.set_cart(payonce::cart::Cart::from_json(renamed).unwrap());
    s.fire_timer();
    let sends = s.sends();
    assert_eq!(sends.len(), 2);
    assert_eq!(sends[0], sends[1]);
}

#[test]
fn k3_while_the_outcome_is_unknown_a_click_resumes_that_attempt() {
    let mut s = Scenario::new().into_unresolved();
    let key = s.key();
    assert!(!s.snapshot().can_pay);
    let effects = s.open_sheet();
    assert_eq!(names(&effects), ["SettleAttempt"]);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::SettleAttempt { key: asked, .. } if *asked == key))
    );
    assert_eq!(s.key(), key);
}

#[test]
fn k3_a_new_key_after_each_definitive_end_and_only_then() {
    let mut s = Scenario::new().into_sheet_open();
    let mut keys = HashSet::new();
    for (n, end) in [declined("a"), rejected("b", true, true), declined("c")].into_iter().enumerate() {
        s.token(&format!("tok_{n}"));
        let key = s.key();
        s.lose_reply();
        s.fire_timer();
        assert_eq!(s.key(), key);
        // What a resend is told is believed once it was asked for.
        s.answer(end.clone());
        assert_eq!((s.state(), s.key()), (StateKind::Settling, key));
        s.settle_with(end);
        assert!(keys.insert(key));
        assert_eq!(s.state(), StateKind::SheetOpen);
    }
}

#[test]
fn k4_a_refusal_gets_a_new_key_on_the_next_try() {
    let mut s = Scenario::new().into_sending();
    let refused = s.last_send();
    s.answer(rejected("postcode", false, true));
    s.token("tok_a");
    let corrected = s.last_send();
    assert_ne!(corrected.key, refused.key);
    assert_eq!((s.sends().len(), corrected.token()), (2, "tok_a".into()));
}

#[test]
fn k4_a_refused_session_is_replaced_on_the_next_try() {
    let mut s = Scenario::new().into_failed();
    let refused = s.session();
    let effects = s.open_sheet();
    assert_eq!(crate::scenario::discards(&effects), [(refused, Some("pi_1"))]);
    s.token("tok_b");
    assert_ne!(s.last_send().session, refused);
    assert_eq!(s.last_send().provider_ref, None);
}

#[test]
fn k4_a_refused_session_is_taken_up_neither_after_a_reload_nor_out_of_the_cache() {
    for reload in [true, false] {
        let mut s = Scenario::new().into_failed();
        let refused = s.session();
        let effects = if reload { s.reload() } else { s.restore(true) };
        assert_eq!(discards(&effects), [(refused, Some("pi_1"))]);
        s.set_cart(cart("sku", 1));
        s.open_sheet();
        s.token("tok_b");
        assert_ne!(s.last_send().session, refused);
        assert_eq!(s.last_send().provider_ref, None);
    }
}

#[test]
fn k4_a_refusal_of_a_resend_says_nothing_about_the_first_send() {
    let mut s = Scenario::new().into_waiting();
    s.fire_timer();
    let effects = s.answer(rejected("unauthorized", false, true));
    assert_eq!(names(&effects), ["SettleAttempt"]);
    assert_eq!(s.state(), StateKind::Settling);
    s.settle_with(crate::scenario::approved());
    assert_eq!(s.state(), StateKind::Succeeded);
}

/// Retries that only the key's window ends.
fn endless(profile: Profile) -> Config {
    let retry = RetryPolicy { total_time: u64::MAX, send_timeout: u64::MAX, ..CONFIG.retry };
    Config { profile, retry, ..CONFIG }
}

#[test]
fn k5_a_key_is_not_resent_once_its_window_is_nearly_over() {
    for (profile, hours) in [(Profile::Stripe, 24), (Profile::Paypal, 6), (Profile::Adyen, 7 * 24)] {
        assert_eq!(profile.window_ms(), hours * HOUR);
        let window = profile.window_ms() - profile.margin_ms();
        for (age, resent) in [(window - 1, true), (window, false), (window + HOUR, false)] {
            let mut s = Scenario::with(endless(profile)).into_waiting();
            let (effect, _) = s.timer().unwrap();
            s.now = s.snapshot().attempt.unwrap().first_send_at.unwrap() + age;
            let effects = s.ok(Event::TimerFired { effect });
            let expected = if resent { "SendAttempt" } else { "SettleAttempt" };
            assert_eq!(names(&effects), [expected], "{profile:?} after {age} ms");
        }
    }
}

#[test]
fn k5_a_clock_that_is_set_back_does_not_make_a_key_young_again() {
    let mut s = Scenario::with(endless(Profile::Stripe)).into_waiting();
    s.pass(23 * HOUR).go_offline();
    s.now -= 24 * HOUR;
    s.come_online();
    let (effect, _) = s.timer().unwrap();
    assert_eq!(names(&s.ok(Event::TimerFired { effect })), ["SettleAttempt"]);
}

#[test]
fn k6_a_mismatch_is_settled_and_never_answered_with_a_new_key() {
    for should_retry in [None, Some(true)] {
        let mut s = Scenario::new().into_sending();
        let key = s.key();
        let doubt = Doubt { should_retry, ..Doubt::new(Cause::KeyMismatch) };
        assert_eq!(names(&s.answer(Outcome::Ambiguous(doubt))), ["SettleAttempt"]);
        assert_eq!((s.key(), s.sends().len()), (key, 1));
    }
}

#[test]
fn k7_the_key_goes_where_the_profile_says() {
    for (profile, header) in [
        (Profile::Ietf, Some(("Idempotency-Key", true))),
        (Profile::Stripe, Some(("Idempotency-Key", false))),
        (Profile::Adyen, Some(("Idempotency-Key", false))),
        (Profile::Paypal, Some(("PayPal-Request-Id", false))),
        (Profile::Square, None),
        (Profile::CheckoutCom, Some(("Cko-Idempotency-Key", false))),
    ] {
        let mut s = Scenario::with(Config { profile, ..CONFIG }).into_sending();
        let key = s.key().to_string();
        let expected = header
            .map(|(name, quoted)| (name.to_owned(), if quoted { format!("\"{key}\"") } else { key.clone() }));
        assert_eq!(s.last_send().header, expected, "{profile:?}");
        let body: serde_json::Value = serde_json::from_str(&s.last_send().body).unwrap();
        let in_body = (profile == Profile::Square).then_some(key.as_str());
        assert_eq!(body["idempotency_key"].as_str(), in_body, "{profile:?}");
        s.lose_reply();
        s.fire_timer();
        assert_eq!(s.last_send().header, expected, "{profile:?}");
    }
}

#[test]
fn k8_a_key_is_random_and_nothing_else() {
    // The same shopper, cart, session data and token twice, with other random numbers: nothing of the key is the same
    // but the six bits that make it a UUID of version 4.
    let key = |seed| {
        let numbers = crate::scenario::Numbers::new(seed);
        let mut s = Scenario::start(CONFIG, None, numbers).into_sheet_open();
        s.token("tok_a");
        s.key()
    };
    assert_eq!(key(1), key(1));
    let bits = |key: IdempotencyKey| u128::from_str_radix(&key.to_string().replace('-', ""), 16).unwrap();
    let (mut ones, mut zeros) = (0, 0);
    for seed in 0..64 {
        ones |= bits(key(seed));
        zeros |= !bits(key(seed));
    }
    assert_eq!((ones & zeros).count_ones(), 122);
}

#[test]
fn k3_a_challenge_keeps_the_key() {
    let mut s = Scenario::new().into_sending();
    let key = s.key();
    s.answer(challenge());
    s.end_action(true);
    // The provider may need a moment to take note, so the merchant is asked twice before there is another.
    s.settle_with(challenge());
    assert_eq!((s.state(), s.key()), (StateKind::Settling, key));
    s.fire_timer();
    s.settle_with(challenge());
    assert_eq!((s.state(), s.key()), (StateKind::ActionRequired, key));
    s.end_action(true);
    s.settle_with(lost());
    assert_eq!((s.state(), s.key()), (StateKind::Settling, key));
}

#[test]
fn u2_a_merchant_that_asks_for_challenges_for_ever_ends_unresolved() {
    let mut s = Scenario::new().into_sending();
    s.answer(challenge());
    let mut shown = 1;
    while s.state() != StateKind::Unresolved {
        s.end_action(true);
        while s.state() == StateKind::Settling {
            s.settle_with(challenge());
            if s.state() == StateKind::Settling {
                s.fire_timer();
            }
        }
        shown += u32::from(s.state() == StateKind::ActionRequired);
        assert!(shown < 10, "the shopper is challenged for ever");
    }
    assert_eq!((shown, s.notices()), (3, vec!["do_not_pay_again"]));
}

#[test]
fn k3_a_page_that_reloads_keeps_the_key_whatever_its_cart() {
    let mut s = Scenario::new().into_waiting();
    let key = s.key();
    s.reload();
    assert_eq!(s.key(), key);
    s.set_cart(cart("sku", 2));
    assert_eq!(s.key(), key);
}
