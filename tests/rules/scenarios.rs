//! What really went wrong elsewhere, where the machine alone can tell. The numbers are those of the acceptance
//! scenarios; the incident is named with each.

use crate::scenario::{
    CLICK, Scenario, approved, cart, challenge, discards, doubt, lost, names, rejected, sends,
};
use payonce::checkout::{Rejection, StateKind};
use payonce::outcome::Cause;
use std::collections::{HashMap, HashSet};

/// No token under two keys, no key with two bodies.
fn assert_sane(s: &Scenario) {
    let mut bodies = HashMap::new();
    let mut tokens = HashMap::new();
    for sent in sends(&s.effects) {
        assert_eq!(bodies.entry(sent.key).or_insert_with(|| sent.body.clone()), &sent.body);
        assert_eq!(*tokens.entry(sent.token()).or_insert(sent.key), sent.key);
    }
}

/// stripe/react-stripe-js#581.
#[test]
fn scenario_01_another_card_in_the_same_sheet() {
    let mut s = Scenario::new().into_sending();
    assert_eq!(names(&s.decline("card_declined")), ["RetrySheet", "ReleaseLock"]);
    // The wallet hands over the token of the first card again, and the second one after it was asked for.
    s.token("tok_a");
    assert_eq!(s.notices(), ["fresh_token_needed"]);
    s.token("tok_b");
    s.approve();
    assert_eq!(s.sends().iter().map(|sent| sent.token()).collect::<Vec<_>>(), ["tok_a", "tok_b"]);
    assert_eq!(s.state(), StateKind::Succeeded);
    assert_sane(&s);
}

/// braintree-web-drop-in#408.
#[test]
fn scenario_03_a_cancelled_challenge_spends_the_token() {
    let mut s = Scenario::new().into_action_required();
    s.end_action(false);
    s.settle_voided();
    s.open_sheet();
    s.token("tok_a");
    assert_eq!((s.sends().len(), s.notices()), (1, vec!["fresh_token_needed"]));
}

/// scandipwa#1032.
#[test]
fn scenario_05_no_token_under_a_second_key_after_any_error() {
    for outcome in [
        lost(),
        doubt(Cause::ServerError),
        doubt(Cause::Unreadable),
        doubt(Cause::AlreadyUsed),
        challenge(),
        rejected("invalid_request", true, true),
        crate::scenario::declined("card_declined"),
    ] {
        let mut s = Scenario::new().into_sending();
        s.answer(outcome.clone());
        for _ in 0..16 {
            match s.state() {
                StateKind::Waiting => _ = s.fire_timer(),
                StateKind::Sending => _ = s.answer(outcome.clone()),
                StateKind::ActionRequired => _ = s.end_action(true),
                StateKind::Settling => _ = s.settle_voided(),
                _ => break,
            }
        }
        if s.state() == StateKind::Ready {
            s.open_sheet();
        }
        assert_eq!(s.state(), StateKind::SheetOpen, "{outcome:?}");
        s.token("tok_a");
        assert_eq!(s.notices(), ["fresh_token_needed"], "{outcome:?}");
        assert_sane(&s);
    }
}

/// medusa#16292.
#[test]
fn scenario_06_a_timeout_keeps_the_key_and_a_refusal_does_not() {
    let mut s = Scenario::new().into_sending();
    s.fire_timer();
    s.fire_timer();
    assert_eq!(s.sends().iter().map(|sent| sent.key).collect::<HashSet<_>>().len(), 1);
    let mut s = Scenario::new().into_sending();
    s.answer(rejected("invalid_request", false, true));
    s.token("tok_a");
    assert_eq!(s.sends().iter().map(|sent| sent.key).collect::<HashSet<_>>().len(), 2);
}

/// woocommerce-gateway-stripe#489.
#[test]
fn scenario_07_a_changed_order_is_a_new_attempt() {
    let mut s = Scenario::new().into_sending();
    s.decline("card_declined");
    s.set_cart(cart("sku", 2));
    s.open_sheet();
    s.token("tok_b");
    let sends = s.sends();
    assert_ne!(sends[0].key, sends[1].key);
    assert_ne!(sends[0].session, sends[1].session);
    assert_eq!(sends[1].hash, cart("sku", 2).hash().as_str());
    assert_sane(&s);
}

/// saleor#14926, incacook-app#36.
#[test]
fn scenario_10_the_key_survives_a_reload() {
    let mut s = Scenario::new().into_sending();
    let key = s.key();
    for _ in 0..3 {
        s.reload();
        s.set_cart(cart("sku", 1));
        s.refused(CLICK, Rejection::AttemptOpen);
        assert_eq!(s.key(), key);
    }
    s.settle_with(approved());
    assert_eq!((s.snapshot().receipt.unwrap().key, s.sends().len()), (key, 1));
}

/// adyen-web#2703.
#[test]
fn scenario_12_fifty_clicks_make_one_call() {
    let mut s = Scenario::new().into_ready();
    let clicked: usize = (0..50).filter(|_| s.try_event(CLICK).is_ok()).count();
    assert_eq!(clicked, 1);
    s.token("tok_a");
    for _ in 0..50 {
        s.refused(CLICK, Rejection::AttemptOpen);
    }
    assert_eq!(s.sends().len(), 1);
}

/// adyen-web#972.
#[test]
fn scenario_14_the_wallet_fires_twice() {
    let mut s = Scenario::new().into_sheet_open();
    let twice = s.token_event("tok_a");
    s.token("tok_a");
    s.refused(twice, Rejection::AttemptOpen);
    assert_eq!(s.sends().len(), 1);
}

/// adyen-web#3113.
#[test]
fn scenario_15_a_timeout_of_a_payment_that_went_through_is_never_shown_as_failed() {
    let mut s = Scenario::new().into_sending();
    s.cancel_sheet();
    let mut seen = vec![s.notices()];
    while s.state() != StateKind::Settling {
        s.fire_timer();
        seen.push(s.notices());
    }
    s.settle_with(approved());
    assert!(seen.iter().flatten().all(|code| *code == "checking_payment"), "{seen:?}");
    assert_eq!(s.notices(), ["payment_received"]);
}

/// woocommerce-gateway-stripe#3638.
#[test]
fn scenario_16_a_click_after_a_timeout_makes_no_second_attempt() {
    let mut s = Scenario::new().into_unresolved();
    let key = s.key();
    assert_eq!(names(&s.open_sheet()), ["SettleAttempt"]);
    assert_eq!((s.key(), s.sends().len()), (key, 1));
}

/// reaction#5891.
#[test]
fn scenario_19_the_reply_is_lost_and_the_cart_is_gone() {
    let mut s = Scenario::new().into_sending();
    let key = s.key();
    s.reload();
    s.clear_cart();
    s.settle_with(approved());
    let snapshot = s.snapshot();
    assert_eq!((snapshot.state, snapshot.receipt.unwrap().key), (StateKind::Succeeded, key));
}

#[test]
fn scenario_20_an_edited_cart_fences_the_attempt_before_its_session_starts() {
    let mut s = Scenario::new().into_waiting();
    let old = s.session();
    assert_eq!(names(&s.set_cart(cart("sku", 2))), ["SettleAttempt"]);
    assert_eq!(s.session(), old);
    assert_eq!(discards(&s.settle_voided()), [(old, Some("pi_1"))]);
    assert_ne!(s.session(), old);
    assert_sane(&s);
}

/// opencart#14744, #12216.
#[test]
fn scenario_21_back_to_the_cart_and_to_the_payment_page_again() {
    let mut s = Scenario::new().into_sheet_open();
    let old = s.session();
    // Another page load, with another quantity.
    s.reload();
    let effects = s.set_cart_with_ref(cart("sku", 2), "pi_2");
    assert_eq!(discards(&effects), [(old, Some("pi_1"))]);
    assert_eq!(s.notices(), ["cart_changed"]);
    s.open_sheet();
    s.token("tok_a");
    let sent = s.last_send();
    assert_eq!(
        (sent.provider_ref.as_deref(), sent.hash.as_str()),
        (Some("pi_2"), cart("sku", 2).hash().as_str())
    );
}

/// medusa#15589.
#[test]
fn scenario_24_rendering_again_with_an_equal_cart_makes_no_new_session() {
    let mut s = Scenario::new().into_ready();
    let session = s.session();
    for _ in 0..100 {
        assert!(s.set_cart_with_ref(cart("sku", 1), "pi_1").is_empty());
    }
    assert_eq!(s.session(), session);
}

/// koala73/worldmonitor#4437.
#[test]
fn scenario_29_returning_from_a_redirect_is_not_success() {
    let mut s = Scenario::new().into_action_required();
    s.reload();
    s.set_cart(cart("sku", 1));
    assert_eq!(s.state(), StateKind::Settling);
    s.settle_with(crate::scenario::declined("authentication_failed"));
    assert_eq!((s.state(), s.notices()), (StateKind::Ready, vec!["payment_declined"]));
}

/// opencollective#7821.
#[test]
fn scenario_32_the_old_error_ends_with_its_attempt() {
    let mut s = Scenario::new().into_sending();
    s.decline("card_declined");
    s.cancel_sheet();
    assert_eq!(s.notices(), ["payment_declined"]);
    s.open_sheet();
    assert!(s.notices().is_empty());
}

/// woocommerce-gateway-stripe#3861.
#[test]
fn scenario_33_opening_the_sheet_waits_for_nothing() {
    let mut s = Scenario::new();
    (s.lock_answers, s.journal_answers) = (false, false);
    s.set_cart(cart("sku", 1));
    assert_eq!(names(&s.try_event(CLICK).unwrap()), ["OpenSheet"]);
}
