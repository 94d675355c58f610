//! Truth: U1 to U8.

use crate::scenario::{
    Scenario, approved, cart, challenge, declined, discards, doubt, lost, names, rejected,
};
use payonce::checkout::{Effect, Event, Rejection, StateKind};
use payonce::key::IdempotencyKey;
use payonce::outcome::{Cause, SettleAnswer};
use payonce::provider::{HttpReply, Profile};

const SETTLED: [&str; 2] = ["payment_received", "earlier_cart_paid"];
const FAILED: [&str; 3] = ["payment_declined", "payment_rejected", "payment_not_made"];

#[test]
fn u1_unknown_is_shown_neither_as_failed_nor_as_success() {
    for state in [StateKind::Waiting, StateKind::Settling, StateKind::Unresolved, StateKind::ActionRequired] {
        let s = Scenario::in_state(state);
        let notices = s.notices();
        assert!(!notices.iter().any(|code| SETTLED.contains(code) || FAILED.contains(code)), "{notices:?}");
        assert!(s.snapshot().receipt.is_none() && s.snapshot().attempt.is_some());
        assert!(!names(&s.effects).iter().any(|name| name.starts_with("CompleteSheet")));
    }
}

#[test]
fn u2_settling_is_retried_with_backoff_and_then_unresolved() {
    let mut s = Scenario::new().into_settling();
    let key = s.key();
    for _ in 0..2 {
        s.settle_pending();
        assert_eq!(s.notices(), ["checking_payment"]);
        assert_eq!(names(&s.fire_timer()), ["SettleAttempt"]);
    }
    assert_eq!(names(&s.settle_pending()), ["CloseSheet"]);
    assert_eq!((s.state(), s.notices()), (StateKind::Unresolved, vec!["do_not_pay_again"]));
    assert_eq!((s.key(), s.snapshot().can_pay, s.snapshot().can_check), (key, false, true));
    // The attempt is still open: the lock is not let go of and the journal names it.
    assert!(!names(&s.effects).contains(&"ReleaseLock"));
    assert_eq!(s.record().unwrap().open.unwrap().key, key);
}

#[test]
fn u2_no_new_attempt_starts_until_it_is_resolved() {
    let mut s = Scenario::new().into_unresolved();
    s.set_cart(cart("sku", 2));
    assert_eq!(s.state(), StateKind::Unresolved);
    let token = s.token_event("tok_b");
    s.refused(token, Rejection::AttemptOpen);
    assert_eq!(names(&s.ok(Event::CheckRequested)), ["SettleAttempt"]);
    s.settle_voided();
    assert_eq!(s.state(), StateKind::Ready);
}

#[test]
fn u2_the_questions_are_spread_and_keep_the_merchants_bound() {
    let mut s = Scenario::new().into_settling();
    s.settle(SettleAnswer::Pending { retry_after: Some(5_000) });
    assert!(s.timer().unwrap().1 >= 5_000);
}

#[test]
fn u2_a_timer_that_is_over_puts_no_question() {
    let mut s = Scenario::new().into_settling();
    let (over, _) = s.timer().unwrap();
    s.settle_pending();
    s.refused(Event::TimerFired { effect: over }, Rejection::LateAnswer);
}

#[test]
fn u3_voided_frees_the_shopper_to_try_again_with_a_new_key() {
    let mut s = Scenario::new().into_settling();
    let key = s.key();
    let effects = s.settle_voided();
    assert_eq!(names(&effects), ["RetrySheet", "ReleaseLock"]);
    assert_eq!((s.state(), s.notices()), (StateKind::SheetOpen, vec!["payment_not_made"]));
    s.token("tok_b");
    assert_ne!(s.key(), key);
    assert_eq!(s.sends().len(), 2);
}

#[test]
fn u4_pending_never_leads_to_a_new_attempt() {
    let mut s = Scenario::new().into_unresolved();
    let key = s.key();
    for _ in 0..5 {
        s.ok(Event::CheckRequested);
        for _ in 0..2 {
            s.settle_pending();
            s.fire_timer();
        }
        s.settle_pending();
        assert_eq!((s.state(), s.key()), (StateKind::Unresolved, key));
    }
    assert_eq!(s.sends().len(), 1);
    s.ok(Event::CheckRequested);
    s.settle_with(approved());
    assert_eq!(s.state(), StateKind::Succeeded);
}

#[test]
fn u5_already_used_is_settled_before_anyone_sees_an_error() {
    for cause in [Cause::AlreadyUsed, Cause::UnexpectedState] {
        let mut s = Scenario::new().into_sending();
        assert_eq!(names(&s.answer(doubt(cause))), ["SettleAttempt"]);
        assert_eq!(s.notices(), ["checking_payment"]);
        s.settle_with(approved());
        assert_eq!(s.notices(), ["payment_received"]);
    }
}

#[test]
fn u5_already_used_after_a_lost_reply() {
    let mut s = Scenario::new().into_waiting();
    s.fire_timer();
    assert_eq!(names(&s.answer(doubt(Cause::AlreadyUsed))), ["SettleAttempt"]);
    assert_eq!(s.sends().len(), 2);
}

#[test]
fn u6_an_outcome_from_outside_ends_the_open_attempt_wherever_it_stands() {
    let open = [
        StateKind::Sending,
        StateKind::Waiting,
        StateKind::ActionRequired,
        StateKind::Settling,
        StateKind::Unresolved,
    ];
    for state in open {
        let mut s = Scenario::in_state(state);
        let key = s.key();
        s.report(key, approved());
        assert_eq!((s.state(), s.notices()), (StateKind::Succeeded, vec!["payment_received"]), "{state:?}");
        assert_eq!(s.timer(), None, "{state:?}: a timer was left running");

        let mut s = Scenario::in_state(state);
        let key = s.key();
        s.report(key, declined("expired_card"));
        assert!(matches!(s.state(), StateKind::SheetOpen | StateKind::Ready), "{state:?}");
        assert_eq!(s.notices(), ["payment_declined"], "{state:?}");
    }
}

#[test]
fn u6_overrides_a_decline_that_the_page_believes() {
    let mut s = Scenario::new().into_sending();
    let key = s.key();
    s.decline("insufficient_funds");
    assert_eq!(names(&s.report(key, approved())), ["CloseSheet", "ReleaseLock"]);
    let snapshot = s.snapshot();
    assert_eq!((snapshot.state, snapshot.receipt.unwrap().key), (StateKind::Succeeded, key));
    assert_eq!(s.notices(), ["payment_received"]);
}

#[test]
fn u6_stops_the_attempt_that_is_open_meanwhile() {
    // Voided, tried again, and then the first charge turns out to have happened: the second must not be charged too.
    let mut s = Scenario::new().into_settling();
    let first = s.key();
    s.settle_voided();
    s.token("tok_b");
    let second = s.key();
    s.report(first, approved());
    assert_eq!((s.state(), s.key()), (StateKind::Sending, second));
    assert_eq!(names(&s.lose_reply()), ["SettleAttempt"], "it was resent");
    s.settle_voided();
    let snapshot = s.snapshot();
    assert_eq!((snapshot.state, snapshot.receipt.unwrap().key), (StateKind::Succeeded, first));
}

#[test]
fn u6_a_charge_of_an_earlier_attempt_is_not_the_open_ones() {
    type Stage = fn(&mut Scenario);
    let stages: [(&str, Stage, &[&str]); 5] = [
        ("sending", |_| (), &[]),
        ("waiting", |s| _ = s.lose_reply(), &["SettleAttempt"]),
        ("challenged", |s| _ = s.answer(challenge()), &["AbortRequest", "SettleAttempt"]),
        ("settling", |s| _ = s.answer(doubt(Cause::AlreadyUsed)), &[]),
        (
            "unresolved",
            |s| {
                s.answer(doubt(Cause::AlreadyUsed));
                while s.state() == StateKind::Settling {
                    s.settle_pending();
                    if s.timer().is_some() {
                        s.fire_timer();
                    }
                }
            },
            &[],
        ),
    ];
    for (name, stage, effects) in stages {
        let mut s = Scenario::new().into_settling();
        let first = s.key();
        s.settle_voided();
        s.token("tok_b");
        let second = s.key();
        stage(&mut s);
        assert_eq!(names(&s.report(first, approved())), effects, "{name}");
        let snapshot = s.snapshot();
        assert_eq!(snapshot.attempt.map(|attempt| attempt.key), Some(second), "{name}: its end is not known");
        s.report(second, declined("expired_card"));
        assert_eq!(s.snapshot().receipt.map(|receipt| receipt.key), Some(first), "{name}");
    }
}

#[test]
fn u6_an_earlier_charge_ends_an_attempt_that_was_never_sent() {
    let mut s = Scenario::new().into_settling();
    let first = s.key();
    s.settle_voided();
    s.go_offline();
    s.token("tok_b");
    assert_eq!(s.state(), StateKind::Waiting);
    s.report(first, approved());
    assert_eq!(s.snapshot().receipt.map(|receipt| receipt.key), Some(first));
    assert_eq!(s.sends().len(), 1);
}

#[test]
fn u6_an_earlier_charge_is_not_forgotten_by_a_reload() {
    let mut s = Scenario::new().into_settling();
    let first = s.key();
    s.settle_voided();
    s.token("tok_b");
    s.report(first, approved());
    s.reload();
    s.settle_voided();
    let snapshot = s.snapshot();
    assert_eq!(snapshot.state, StateKind::Succeeded, "the shopper was told to pay again: {:?}", s.notices());
    assert_eq!(snapshot.receipt.unwrap().key, first);
}

#[test]
fn u6_a_charge_reported_before_the_page_shows_its_cart_is_that_carts() {
    let mut s = Scenario::new().into_settling();
    let key = s.key();
    s.reload();
    s.settle_voided();
    assert_eq!(s.state(), StateKind::Empty);
    s.report(key, approved());
    assert_eq!(s.state(), StateKind::Succeeded);
    s.set_cart(cart("sku", 1));
    assert_eq!(s.state(), StateKind::Succeeded, "the paid cart can be paid again");
}

#[test]
fn u6_the_session_that_is_not_paid_any_more_is_discarded() {
    let mut s = Scenario::new().into_sending();
    let first = s.key();
    s.decline("insufficient_funds");
    s.set_cart(cart("sku", 2));
    let second = s.session();
    let effects = s.report(first, approved());
    assert_eq!(discards(&effects), [(second, None)]);
    assert_eq!(s.notices(), ["earlier_cart_paid"]);
}

/// A provider that goes back on a decline has charged the shopper twice. Nothing on this page can undo that, so it is said,
/// and stays said until the receipt is acknowledged.
#[test]
fn u6_a_second_charge_is_told() {
    let late: [fn(&mut Scenario, IdempotencyKey); 2] = [
        |s, first| {
            s.report(first, approved());
            s.approve();
        },
        |s, first| {
            s.approve();
            s.report(first, approved());
        },
    ];
    for order in late {
        let mut s = Scenario::new().into_sending();
        let first = s.key();
        s.decline("insufficient_funds");
        s.token("tok_b");
        let second = s.key();
        order(&mut s, first);
        assert_eq!(s.snapshot().receipt.unwrap().key, second);
        assert_eq!(s.notices(), ["payment_received", "charged_twice"]);
        for (key, outcome) in [(second, approved()), (first, declined("late")), (second, declined("late"))] {
            s.refused(Event::OutcomeReported { key, outcome }, Rejection::AlreadyPaid);
        }
        s.set_cart(cart("sku", 1));
        assert_eq!(s.notices(), ["payment_received", "charged_twice"], "nothing but the shopper ends it");
        s.ok(Event::Acknowledged);
        assert_eq!(s.notices(), [""; 0]);
    }
}

#[test]
fn u6_a_charge_that_was_seen_is_no_news() {
    let mut s = Scenario::new().into_sending();
    let declined_at_first = s.key();
    s.decline("insufficient_funds");
    s.report(declined_at_first, approved());
    s.ok(Event::Acknowledged);
    s.set_cart(cart("sku", 2));
    s.open_sheet();
    s.token("tok_b");
    let second = s.key();
    s.approve();
    s.ok(Event::Acknowledged);
    s.set_cart(cart("sku", 3));
    for key in [declined_at_first, second] {
        s.refused(Event::OutcomeReported { key, outcome: approved() }, Rejection::UnknownKey);
    }
    assert_eq!((s.state(), s.notices()), (StateKind::Ready, vec![]));
}

#[test]
fn u6_a_second_charge_is_told_after_the_receipt_was_seen() {
    let mut s = Scenario::new().into_sending();
    let first = s.key();
    s.decline("insufficient_funds");
    s.token("tok_b");
    s.approve();
    s.ok(Event::Acknowledged);
    s.report(first, approved());
    assert_eq!(s.snapshot().receipt.unwrap().key, first);
    assert_eq!(s.notices(), ["payment_received", "charged_twice"]);
}

#[test]
fn u6_a_charge_of_another_purchase_is_no_second_one() {
    let mut s = Scenario::new().into_sending();
    let first = s.key();
    s.decline("insufficient_funds");
    s.set_cart(cart("sku", 2));
    s.open_sheet();
    s.token("tok_b");
    s.approve();
    s.ok(Event::Acknowledged);
    s.report(first, approved());
    assert_eq!(s.notices(), ["payment_received"]);
}

#[test]
fn u6_only_definitive_outcomes_of_known_keys_count() {
    let mut s = Scenario::new().into_settling();
    let key = s.key();
    for outcome in [lost(), challenge()] {
        s.refused(Event::OutcomeReported { key, outcome }, Rejection::NotDefinitive);
    }
    let unknown = payonce::key::IdempotencyKey::from_entropy(7);
    s.refused(Event::OutcomeReported { key: unknown, outcome: approved() }, Rejection::UnknownKey);
}

#[test]
fn u7_an_error_after_success_is_logged_and_never_shown() {
    let mut s = Scenario::new().into_succeeded();
    let key = s.snapshot().receipt.unwrap().key;
    let (send, sheet) = (s.send(), s.sheet());
    let later = [
        Event::OutcomeReported { key, outcome: declined("insufficient_funds") },
        Event::OutcomeReported { key, outcome: rejected("gone", true, false) },
        Event::SendAnswered { effect: send, outcome: declined("token_already_used") },
        Event::SheetFailed { sheet },
        Event::SheetCancelled { sheet },
    ];
    for event in later {
        let why = match event {
            Event::OutcomeReported { .. } => Rejection::AlreadyPaid,
            Event::SendAnswered { .. } => Rejection::LateAnswer,
            _ => Rejection::StaleSheet,
        };
        s.refused(event, why);
    }
    assert_eq!((s.state(), s.notices()), (StateKind::Succeeded, vec!["payment_received"]));
    assert!(s.checkout.log().to_json().contains("token_already_used"));
}

#[test]
fn u8_notices_end_with_their_attempt() {
    let mut s = Scenario::new().into_sending();
    s.decline("insufficient_funds");
    assert_eq!(s.notices(), ["payment_declined"]);
    s.token("tok_b");
    assert_eq!(s.notices(), [""; 0]);

    let mut s = Scenario::new().into_failed();
    assert_eq!(s.notices(), ["payment_rejected"]);
    s.open_sheet();
    assert_eq!(s.notices(), [""; 0]);
}

#[test]
fn u1_the_sheet_is_told_of_success_and_of_nothing_before_it() {
    let mut s = Scenario::new().into_settling();
    assert!(!names(&s.effects).iter().any(|name| name.starts_with("CompleteSheet")));
    assert_eq!(names(&s.settle_with(approved())), ["CompleteSheet(success)", "ReleaseLock"]);
}

#[test]
fn u2_coming_online_checks_again() {
    let mut s = Scenario::new().into_unresolved();
    s.go_offline();
    assert_eq!(names(&s.come_online()), ["SettleAttempt"]);
    let questions = s.effects.iter().filter(|effect| matches!(effect, Effect::SettleAttempt { .. })).count();
    assert_eq!(questions, 4);
}

#[test]
fn u3_a_challenge_that_was_given_up_is_settled_and_not_offered_again() {
    let mut s = Scenario::new().into_action_required();
    assert_eq!(names(&s.end_action(false)), ["SettleAttempt"]);
    assert!(!names(&s.settle_with(challenge())).contains(&"PerformAction"));
    assert_eq!(s.state(), StateKind::Settling);
    s.fire_timer();
    s.settle_voided();
    assert_eq!((s.state(), s.notices()), (StateKind::Ready, vec!["payment_not_made"]));
}

#[test]
fn u3_nor_after_the_page_was_away() {
    let mut s = Scenario::new().into_action_required();
    s.end_action(false);
    let effects = s.restore(false);
    assert_eq!(names(&effects), ["AbortRequest", "AcquireLock", "SettleAttempt"]);
    assert!(!names(&s.settle_with(challenge())).contains(&"PerformAction"));
    s.fire_timer();
    assert!(!names(&s.settle_with(challenge())).contains(&"PerformAction"));
}

#[test]
fn u1_a_challenge_that_was_completed_is_no_success_yet() {
    let mut s = Scenario::new().into_action_required();
    assert_eq!(names(&s.end_action(true)), ["SettleAttempt"]);
    assert_eq!(s.notices(), ["checking_payment"]);
    s.settle_with(declined("authentication_failed"));
    assert_eq!(s.notices(), ["payment_declined"]);
}

/// What Stripe says of a PaymentIntent that can never be paid any more.
fn canceled() -> SettleAnswer {
    let body = r#"{"id":"pi_1","object":"payment_intent","status":"canceled"}"#;
    let reply = HttpReply { status: 200, retry_after_ms: None, should_retry: None, body };
    Profile::Stripe.classify_settle(&reply)
}

#[test]
fn u3_a_fence_that_ends_the_providers_object_ends_the_session() {
    let mut s = Scenario::new().into_settling();
    let old = s.session();
    s.settle(canceled());
    assert_eq!((s.state(), s.notices()), (StateKind::Failed, vec!["payment_not_made"]));
    assert_eq!(discards(&s.open_sheet()), [(old, Some("pi_1"))]);
    s.token("tok_b");
    assert_ne!(s.last_send().session, old);
    assert_eq!(s.last_send().provider_ref, None);
}

#[test]
fn u3_nor_is_it_taken_up_by_a_page_that_was_loaded_anew() {
    let mut s = Scenario::new().into_settling();
    let old = s.session();
    s.reload();
    assert_eq!(discards(&s.settle(canceled())), [(old, Some("pi_1"))]);
    assert_eq!(s.state(), StateKind::Empty);
    s.set_cart(cart("sku", 1));
    assert_ne!(s.session(), old);
    assert_eq!(s.snapshot().session.unwrap().provider_ref, None);
}
