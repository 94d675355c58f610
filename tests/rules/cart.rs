//! Cart and session: C1 to C5 and C8. C6 and C7 are about the cart alone and stand in `tests/cart.rs`.

use crate::scenario::{CLICK, Scenario, approved, cart, declined, discards, lost, names, rejected};
use payonce::cart::Cart;
use payonce::checkout::{Effect, Event, Rejection, StateKind};
use payonce::outcome::{Cause, SettleAnswer};

fn in_sheet(scenario: &mut Scenario, cart: Cart) -> Vec<Effect> {
    let sheet = scenario.sheet();
    scenario.ok(Event::SheetCartChanged { sheet, cart })
}

#[test]
fn c1_an_unchanged_hash_changes_nothing_in_any_state() {
    for &state in StateKind::ALL {
        if matches!(state, StateKind::Empty) {
            continue;
        }
        let mut s = Scenario::in_state(state);
        let before = s.snapshot();
        let effects = s.set_cart_with_ref(cart("sku", 1), "pi_1");
        assert!(effects.is_empty(), "{state:?}: {effects:?}");
        assert_eq!(s.snapshot(), before, "{state:?}");
    }
}

#[test]
fn c1_reordered_lines_are_the_same_cart() {
    let line = |id| format!(r#"{{"id":"{id}","quantity":1,"unitAmount":500}}"#);
    let of = |first, second, currency| {
        Cart::from_json(&format!(
            r#"{{"currency":"{currency}","lines":[{},{}],"total":1000}}"#,
            line(first),
            line(second)
        ))
        .unwrap()
    };
    let mut s = Scenario::new();
    s.set_cart(of("a", "b", "USD"));
    let session = s.session();
    assert_eq!(s.set_cart(of("b", "a", "usd")).len(), 0);
    assert_eq!(s.session(), session);
}

#[test]
fn c2_a_changed_cart_supersedes_the_session() {
    let mut s = Scenario::new().into_ready();
    let old = s.session();
    let effects = s.set_cart(cart("sku", 2));
    assert_eq!(discards(&effects), [(old, Some("pi_1"))]);
    assert_ne!(s.session(), old);
    assert_eq!(s.snapshot().session.unwrap().cart_hash, *cart("sku", 2).hash());
    assert_eq!((s.state(), s.notices()), (StateKind::Ready, vec!["cart_changed"]));
}

#[test]
fn c2_a_changed_cart_closes_the_open_sheet_whose_token_is_then_nobodys() {
    let mut s = Scenario::new().into_sheet_open();
    let token = s.token_event("tok_a");
    let effects = s.set_cart(cart("sku", 2));
    assert_eq!(names(&effects), ["CloseSheet", "DiscardSession"]);
    s.refused(token, payonce::checkout::Rejection::StaleSheet);
    assert_eq!(s.sends(), []);
}

#[test]
fn c2_the_discard_is_repeated_until_the_merchant_took_note_and_survives_a_reload() {
    let mut s = Scenario::new().into_ready();
    let old = s.session();
    s.set_cart(cart("sku", 2));
    let effect = s.discard();
    s.ok(Event::DiscardAnswered { effect, done: false });
    assert_eq!(discards(&s.fire_timer()), [(old, Some("pi_1"))]);
    assert_eq!(discards(&s.reload()), [(old, Some("pi_1"))]);
    let effect = s.discard();
    s.ok(Event::DiscardAnswered { effect, done: true });
    assert_eq!(discards(&s.reload()), []);
}

#[test]
fn c2_a_session_that_the_merchant_refused_is_over_with_its_cart_alone() {
    let mut s = Scenario::new().into_failed();
    s.set_cart(cart("sku", 1));
    assert_eq!(s.state(), StateKind::Failed);
    s.set_cart(cart("sku", 2));
    assert_eq!(s.state(), StateKind::Ready);
}

#[test]
fn c2_a_session_of_an_earlier_page_is_taken_up_by_its_cart_and_superseded_by_another() {
    let mut s = Scenario::new().into_ready();
    let old = s.session();
    s.reload();
    assert_eq!(discards(&s.set_cart(cart("sku", 1))), []);
    assert_eq!(s.session(), old);
    s.reload();
    assert_eq!(discards(&s.set_cart(cart("sku", 2))), [(old, Some("pi_1"))]);
    assert_ne!(s.session(), old);
    assert_eq!(s.notices(), ["cart_changed"]);
}

#[test]
fn c2_an_emptied_cart_ends_the_session() {
    let mut s = Scenario::new().into_sheet_open();
    let old = s.session();
    let effects = s.clear_cart();
    assert_eq!(names(&effects), ["CloseSheet", "DiscardSession"]);
    assert_eq!(discards(&effects), [(old, Some("pi_1"))]);
    assert_eq!((s.state(), s.snapshot().cart), (StateKind::Empty, None));
}

#[test]
fn c3_a_changed_cart_waits_for_a_send_that_is_out() {
    let mut s = Scenario::new().into_sending();
    let (session, key) = (s.session(), s.key());
    assert!(names(&s.set_cart(cart("sku", 2))).is_empty());
    assert!(s.snapshot().cart_waiting);
    // The reply is lost: nothing goes out again for the old cart, the attempt is fenced.
    let effects = s.lose_reply();
    assert_eq!(names(&effects), ["SettleAttempt"]);
    let effects = s.settle_voided();
    assert_eq!(discards(&effects), [(session, Some("pi_1"))]);
    assert_eq!(s.state(), StateKind::Ready);
    assert!(s.notices().contains(&"cart_changed"));
    assert_eq!(s.snapshot().session.unwrap().cart_hash, *cart("sku", 2).hash());
    assert_eq!(s.sends().len(), 1);
    s.open_sheet();
    s.token("tok_b");
    assert_ne!(s.key(), key);
    assert_eq!(s.last_send().hash, cart("sku", 2).hash().as_str());
}

#[test]
fn c3_a_changed_cart_ends_the_backoff_and_fences() {
    let mut s = Scenario::new().into_waiting();
    let (timer, _) = s.timer().unwrap();
    let effects = s.set_cart(cart("sku", 2));
    assert_eq!(names(&effects), ["SettleAttempt"]);
    s.refused(Event::TimerFired { effect: timer }, payonce::checkout::Rejection::LateAnswer);
    assert_eq!(s.sends().len(), 1);
}

#[test]
fn c3_a_changed_cart_breaks_off_the_challenge_and_fences() {
    let mut s = Scenario::new().into_action_required();
    let effects = s.set_cart(cart("sku", 2));
    assert_eq!(names(&effects), ["AbortRequest", "SettleAttempt"]);
    // The merchant still says that the challenge is open: it is not shown again for a cart that nobody wants.
    let effects = s.settle_with(crate::scenario::challenge());
    assert!(!names(&effects).contains(&"PerformAction"));
    assert_eq!(s.state(), StateKind::Settling);
}

#[test]
fn c3_if_the_old_cart_was_paid_the_receipt_names_it_and_the_new_one_is_not_charged() {
    for unknown in [false, true] {
        let mut s = Scenario::new().into_sending();
        s.set_cart(cart("sku", 2));
        if unknown {
            s.lose_reply();
            s.settle_with(approved());
        } else {
            s.approve();
        }
        let snapshot = s.snapshot();
        assert_eq!(snapshot.state, StateKind::Succeeded);
        assert_eq!(snapshot.receipt.unwrap().paid.total().minor(), 1_000);
        assert_eq!(snapshot.cart.unwrap().total().minor(), 2_000);
        assert_eq!(s.notices(), ["earlier_cart_paid"]);
        assert_eq!(s.sends().len(), 1);
        // Only after the shopper has seen that can the new cart be paid.
        s.refused(CLICK, payonce::checkout::Rejection::AlreadyPaid);
        s.ok(Event::Acknowledged);
        assert_eq!(s.state(), StateKind::Ready);
        assert_eq!(s.snapshot().session.unwrap().cart_hash, *cart("sku", 2).hash());
    }
}

#[test]
fn c3_a_decline_of_the_old_cart_starts_the_new_session() {
    let mut s = Scenario::new().into_sending();
    let old = s.session();
    s.set_cart(cart("sku", 2));
    let effects = s.decline("insufficient_funds");
    assert_eq!(names(&effects), ["CloseSheet", "DiscardSession", "ReleaseLock"]);
    assert_ne!(s.session(), old);
    assert_eq!(s.notices(), ["payment_declined", "cart_changed"]);
}

#[test]
fn c3_an_attempt_that_was_never_sent_needs_no_settling() {
    for stop_at_journal in [false, true] {
        let mut s = Scenario::new().into_sheet_open();
        s.lock_answers = stop_at_journal;
        s.journal_answers = false;
        s.token("tok_a");
        let effects = s.set_cart(cart("sku", 2));
        assert_eq!(names(&effects), ["CloseSheet", "DiscardSession", "ReleaseLock"]);
        assert_eq!(s.state(), StateKind::Ready);
        // What was under way is answered late and changes nothing.
        if stop_at_journal {
            s.journal_answers = true;
        } else {
            let effect = s.lock();
            let late = Event::LockGranted { effect, record: None };
            s.refused(late, payonce::checkout::Rejection::LateAnswer);
        }
        assert_eq!(s.sends(), []);
    }
}

#[test]
fn c1_the_same_cart_said_again_before_the_first_send_changes_nothing() {
    let mut s = Scenario::new().into_sheet_open();
    s.lock_answers = false;
    s.token("tok_a");
    assert!(names(&s.set_cart(cart("sku", 1))).is_empty());
    assert_eq!(s.state(), StateKind::Sending);
    let effect = s.lock();
    let record = s.record();
    let effects = s.ok(Event::LockGranted { effect, record });
    assert_eq!(names(&effects), ["SendAttempt"]);
}

#[test]
fn c3_an_emptied_cart_is_a_changed_cart() {
    let mut s = Scenario::new().into_sending();
    let old = s.session();
    s.clear_cart();
    assert_eq!(names(&s.lose_reply()), ["SettleAttempt"]);
    assert_eq!(discards(&s.settle_voided()), [(old, Some("pi_1"))]);
    assert_eq!(s.state(), StateKind::Empty);
}

#[test]
fn c3_the_next_session_never_has_the_discarded_ones_provider_object() {
    let mut s = Scenario::new().into_sending();
    in_sheet(&mut s, cart("sku", 2));
    s.decline("insufficient_funds");
    let session = s.snapshot().session.unwrap();
    assert_eq!(session.cart_hash, *cart("sku", 2).hash());
    assert_eq!(session.provider_ref, None);
}

#[test]
fn c3_a_cart_that_comes_back_is_the_attempts_own_again() {
    let mut s = Scenario::new().into_sending();
    let key = s.key();
    s.set_cart(cart("sku", 2));
    s.set_cart(cart("sku", 1));
    assert!(!s.snapshot().cart_waiting);
    s.lose_reply();
    s.fire_timer();
    assert_eq!(s.sends().len(), 2);
    assert_eq!(s.last_send().key, key);
}

#[test]
fn c4_a_token_given_for_another_cart_is_not_sent() {
    let mut s = Scenario::new().into_sheet_open();
    let Event::TokenReceived { sheet, token, .. } = s.token_event("tok_a") else { unreachable!() };
    let shown = Some(cart("sku", 2).hash().clone());
    let effects =
        s.ok(Event::TokenReceived { sheet, token, expires_at: None, cart_hash: shown, details: None });
    assert_eq!(names(&effects), ["RetrySheet"]);
    assert_eq!(s.notices(), ["cart_changed"]);
    // The token itself is not spent: with the right cart it pays.
    s.token("tok_a");
    assert_eq!(s.sends().len(), 1);
}

#[test]
fn c4_every_send_names_the_hash_that_the_session_was_bound_to() {
    let mut s = Scenario::new().into_sending();
    s.lose_reply();
    s.fire_timer();
    let hash = s.snapshot().session.unwrap().cart_hash.to_string();
    assert_eq!(s.sends().iter().filter(|sent| sent.hash == hash).count(), 2);
}

#[test]
fn c5_a_change_inside_the_sheet_rebinds_without_closing_it() {
    let mut s = Scenario::new().into_sheet_open();
    let session = s.session();
    let effects = in_sheet(&mut s, cart("sku", 3));
    assert_eq!(names(&effects), ["UpdateSheet"]);
    assert_eq!((s.session(), s.state()), (session, StateKind::SheetOpen));
    s.token("tok_a");
    assert_eq!(s.last_send().hash, cart("sku", 3).hash().as_str());
    assert_eq!(s.last_send().provider_ref.as_deref(), Some("pi_1"));
}

#[test]
fn c5_a_page_that_goes_on_showing_its_cart_says_nothing_new() {
    let mut s = Scenario::new().into_sheet_open();
    in_sheet(&mut s, cart("sku", 3));
    assert!(s.set_cart(cart("sku", 1)).is_empty());
    assert_eq!(s.snapshot().cart.unwrap().hash(), cart("sku", 3).hash());
    // But a cart that neither the page nor the sheet showed before is a changed one.
    assert_eq!(names(&s.set_cart(cart("sku", 4))), ["CloseSheet", "DiscardSession"]);
}

#[test]
fn c5_what_the_sheet_and_the_page_made_of_the_cart_is_in_the_journal() {
    let mut s = Scenario::new().into_sheet_open();
    let written = |s: &Scenario| {
        let bound = s.record().unwrap().session.unwrap().bound;
        (bound.cart.total().minor(), bound.on_page.map(|cart| cart.total().minor()))
    };
    in_sheet(&mut s, cart("sku", 3));
    assert_eq!(written(&s), (3_000, Some(1_000)));
    in_sheet(&mut s, cart("sku", 4));
    assert_eq!(written(&s), (4_000, Some(1_000)));
    s.set_cart(cart("sku", 4));
    assert_eq!(written(&s), (4_000, None));
}

#[test]
fn c5_a_page_that_caught_up_with_the_sheet_and_goes_back_has_changed() {
    for before_the_token in [true, false] {
        let mut s = Scenario::new().into_sheet_open();
        in_sheet(&mut s, cart("sku", 3));
        if before_the_token {
            s.set_cart(cart("sku", 3));
            s.token("tok_a");
        } else {
            s.token("tok_a");
            s.set_cart(cart("sku", 3));
        }
        s.set_cart(cart("sku", 1));
        assert!(s.snapshot().cart_waiting);
        assert_eq!(names(&s.lose_reply()), ["SettleAttempt"]);
    }
}

#[test]
fn c5_not_once_a_token_was_received() {
    let mut s = Scenario::new().into_sending();
    let hash = s.last_send().hash;
    in_sheet(&mut s, cart("sku", 3));
    assert!(s.snapshot().cart_waiting);
    assert_eq!(names(&s.lose_reply()), ["SettleAttempt"]);
    assert!(s.sends().iter().all(|sent| sent.hash == hash));
}

#[test]
fn c8_the_snapshot_shows_what_the_next_send_would_pay() {
    let total = |s: &Scenario| s.snapshot().cart.map(|cart| cart.total().minor());
    let mut s = Scenario::new();
    assert_eq!(total(&s), None);
    s.set_cart(cart("sku", 1));
    s.open_sheet();
    in_sheet(&mut s, cart("sku", 3));
    assert_eq!(total(&s), Some(3_000));
    s.token("tok_a");
    assert_eq!(total(&s), Some(3_000));
    s.set_cart(cart("sku", 5));
    assert_eq!(total(&s), Some(5_000));
    s.lose_reply();
    assert_eq!(total(&s), Some(5_000));
    s.settle_voided();
    assert_eq!(total(&s), Some(5_000));
}

#[test]
fn c8_what_is_sent_is_what_the_snapshot_showed() {
    let mut s = Scenario::new().into_sheet_open();
    let shown = s.snapshot().cart.unwrap();
    s.token("tok_a");
    let body: serde_json::Value = serde_json::from_str(&s.last_send().body).unwrap();
    let canonical: serde_json::Value = serde_json::from_str(shown.canonical()).unwrap();
    assert_eq!(body["cart"], canonical);
    assert_eq!(body["cartHash"], shown.hash().as_str());
}

#[test]
fn c8_a_receipt_of_an_earlier_cart_does_not_hide_the_cart_on_the_page() {
    // Declined for one cart, another cart is being paid, and then the first charge turns out to have happened.
    let mut s = Scenario::new().into_sending();
    let first = s.key();
    s.decline("insufficient_funds");
    s.set_cart(cart("sku", 2));
    s.open_sheet();
    s.token("tok_b");
    let second_session = s.session();
    s.report(first, approved());
    s.lose_reply();
    let effects = s.settle(SettleAnswer::Voided);
    assert!(discards(&effects).iter().any(|(session, _)| *session == second_session));
    let snapshot = s.snapshot();
    assert_eq!(snapshot.state, StateKind::Succeeded);
    assert_eq!(snapshot.receipt.unwrap().paid.total().minor(), 1_000);
    assert_eq!(snapshot.cart.unwrap().total().minor(), 2_000);
    assert_eq!(s.notices(), ["earlier_cart_paid"]);
}

#[test]
fn c3_every_end_without_a_charge_leads_to_the_new_session() {
    for (outcome, settled) in [
        (declined("do_not_honor"), false),
        (rejected("postcode", true, true), false),
        (rejected("session_unknown", true, false), false),
        (lost(), true),
        (crate::scenario::doubt(Cause::KeyMismatch), true),
        (crate::scenario::challenge(), true),
    ] {
        let mut s = Scenario::new().into_sending();
        s.set_cart(cart("sku", 2));
        s.answer(outcome.clone());
        if settled {
            s.settle_voided();
        }
        assert_eq!(s.state(), StateKind::Ready, "{outcome:?}");
        assert_eq!(s.snapshot().session.unwrap().cart_hash, *cart("sku", 2).hash(), "{outcome:?}");
        assert_eq!(s.sends().len(), 1);
    }
}

#[test]
fn c3_a_paid_cart_that_flickers_is_still_paid() {
    let mut s = Scenario::new().into_succeeded();
    s.clear_cart();
    s.set_cart(cart("sku", 1));
    assert_eq!((s.state(), s.notices()), (StateKind::Succeeded, vec!["payment_received"]));
    s.refused(CLICK, Rejection::AlreadyPaid);
    // Another cart after an empty one is another purchase.
    s.clear_cart();
    s.set_cart(cart("sku", 2));
    assert_eq!(s.state(), StateKind::Ready);
}

#[test]
fn u8_a_cart_that_is_back_as_it_was_paid_is_simply_paid() {
    let mut s = Scenario::new().into_succeeded();
    s.set_cart(cart("sku", 2));
    assert_eq!(s.notices(), ["earlier_cart_paid"]);
    s.set_cart(cart("sku", 1));
    assert_eq!(s.notices(), ["payment_received"]);
}

#[test]
fn c2_another_provider_object_for_the_same_cart_replaces_the_first() {
    let mut s = Scenario::new();
    s.set_cart_with_ref(cart("sku", 1), "pi_1");
    let old = s.session();
    let effects = s.set_cart_with_ref(cart("sku", 1), "pi_2");
    assert_eq!(discards(&effects), [(old, Some("pi_1"))]);
    assert_eq!((s.state(), s.notices()), (StateKind::Ready, vec![]));
    assert!(s.set_cart(cart("sku", 1)).is_empty(), "a page that does not say changes nothing");
}

#[test]
fn c3_the_same_cart_can_be_bought_again_once_its_receipt_was_acknowledged() {
    let mut s = Scenario::new().into_succeeded();
    let first = s.last_send();
    s.ok(Event::Acknowledged);
    s.set_cart(cart("sku", 1)); // within the same millisecond
    s.open_sheet();
    s.token("tok_b");
    assert_eq!(s.state(), StateKind::Sending);
    let second = s.last_send();
    assert_ne!((second.key, second.session), (first.key, first.session));
}
