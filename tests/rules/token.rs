//! Token: T1 to T5 and T7. T6 is in `everything`.

use crate::scenario::{
    HOUR, START, Scenario, approved, cart, challenge, declined, doubt, lost, names, rejected,
};
use payonce::checkout::{Event, Rejection, StateKind};
use payonce::outcome::{Cause, Opaque};
use payonce::token::WalletToken;

/// Delivers a token that must not leave the page, and checks that it does not.
#[track_caller]
fn comes_to_nothing(s: &mut Scenario, token: &str) -> Vec<&'static str> {
    let sent = s.sends().len();
    let effects = s.token(token);
    assert_eq!(s.sends().len(), sent, "{token} was sent again");
    assert_eq!(s.notices(), ["fresh_token_needed"]);
    names(&effects)
}

#[test]
fn t1_a_token_is_spent_by_the_attempt_that_received_it() {
    let mut s = Scenario::new().into_sheet_open();
    assert!(s.snapshot().spent.is_empty());
    s.token("tok_a");
    let snapshot = s.snapshot();
    assert_eq!(snapshot.spent, [snapshot.attempt.unwrap().fingerprint]);
    assert_eq!(s.last_send().token(), "tok_a");
}

#[test]
fn t2_the_fingerprint_stays_after_every_end_but_a_refusal_that_says_otherwise() {
    type End = fn(&mut Scenario);
    let ends: [(&str, End); 9] = [
        ("decline", |s| _ = s.decline("insufficient_funds")),
        ("approval", |s| _ = s.approve()),
        ("refusal", |s| _ = s.answer(rejected("postcode", true, true))),
        ("final refusal", |s| _ = s.answer(rejected("session_unknown", true, false))),
        ("challenge given up", |s| {
            s.answer(challenge());
            s.end_action(false);
            s.settle_voided();
        }),
        ("cart change", |s| {
            s.set_cart(cart("sku", 2));
            s.lose_reply();
            s.settle_voided();
        }),
        ("voided", |s| {
            s.answer(doubt(Cause::AlreadyUsed));
            s.settle_voided();
        }),
        ("expiry", |s| {
            s.lose_reply();
            s.pass(HOUR);
            s.fire_timer();
            s.settle_voided();
        }),
        ("reported from outside", |s| {
            let key = s.key();
            s.report(key, declined("expired_card"));
        }),
    ];
    for (name, end) in ends {
        let mut s = Scenario::new().into_sheet_open();
        let expires_at = s.now + HOUR;
        s.token_until("tok_a", expires_at);
        let spent = s.snapshot().spent;
        end(&mut s);
        assert!(s.snapshot().attempt.is_none(), "{name}");
        assert_eq!(s.snapshot().spent, spent, "{name}");
    }
}

#[test]
fn t3_a_spent_token_that_comes_again_in_the_same_sheet_is_not_sent() {
    let mut s = Scenario::new().into_sending();
    assert_eq!(names(&s.decline("insufficient_funds")), ["RetrySheet", "ReleaseLock"]);
    assert_eq!(comes_to_nothing(&mut s, "tok_a"), ["RetrySheet"]);
    // A wallet that hands over the same token for ever is closed; the next sheet begins anew.
    assert_eq!(comes_to_nothing(&mut s, "tok_a"), ["CloseSheet"]);
    assert_eq!(s.state(), StateKind::Ready);
    s.open_sheet();
    assert_eq!(s.notices(), [""; 0]);
    s.token("tok_b");
    assert_eq!(s.last_send().token(), "tok_b");
}

#[test]
fn t3_a_good_token_makes_up_for_the_useless_ones_before() {
    let mut s = Scenario::new().into_sending();
    s.decline("insufficient_funds");
    assert_eq!(comes_to_nothing(&mut s, "tok_a"), ["RetrySheet"]);
    s.token("tok_b");
    s.decline("insufficient_funds");
    assert_eq!(comes_to_nothing(&mut s, "tok_b"), ["RetrySheet"]);
    assert_eq!(comes_to_nothing(&mut s, "tok_a"), ["CloseSheet"]);
}

#[test]
fn t1_a_token_of_an_earlier_sheet_is_nobodys() {
    let mut s = Scenario::new().into_sheet_open();
    let late = s.token_event("tok_late");
    s.cancel_sheet();
    s.open_sheet();
    s.refused(late, Rejection::StaleSheet);
    assert!(s.sends().is_empty() && s.snapshot().spent.is_empty());
}

#[test]
fn t3_a_sheet_that_cannot_ask_again_is_closed() {
    let mut s = Scenario::new();
    s.retries_in_place = false;
    let mut s = s.into_sending();
    assert_eq!(names(&s.decline("insufficient_funds")), ["CompleteSheet(fail)", "ReleaseLock"]);
    s.open_sheet();
    assert_eq!(comes_to_nothing(&mut s, "tok_a"), ["CloseSheet"]);
    assert_eq!(s.state(), StateKind::Ready);
}

#[test]
fn t3_holds_after_a_reload() {
    let mut s = Scenario::new().into_sending();
    s.decline("insufficient_funds");
    s.reload();
    let mut s = s.into_sheet_open();
    comes_to_nothing(&mut s, "tok_a");
}

#[test]
fn t3_holds_after_a_crash_in_the_middle_of_a_send() {
    let mut s = Scenario::new().into_sending();
    s.reload();
    s.settle_voided();
    let mut s = s.into_sheet_open();
    comes_to_nothing(&mut s, "tok_a");
}

#[test]
fn t3_holds_for_another_cart() {
    let mut s = Scenario::new().into_sending();
    s.decline("insufficient_funds");
    s.set_cart(cart("sku", 2));
    s.open_sheet();
    comes_to_nothing(&mut s, "tok_a");
}

#[test]
fn t3_holds_across_tabs() {
    let mut a = Scenario::new();
    let mut b = a.other_tab().into_sheet_open();
    a = a.into_sending();
    a.decline("insufficient_funds");
    b.journal = a.journal.clone();
    let effects = b.token("tok_a");
    assert_eq!(b.sends(), []);
    assert!(names(&effects).contains(&"ReleaseLock"));
    assert_eq!((b.state(), b.notices()), (StateKind::SheetOpen, vec!["fresh_token_needed"]));
    // And what the other tab spent is spent here from now on.
    comes_to_nothing(&mut b, "tok_a");
}

#[test]
fn t3_a_token_that_another_tab_spent_stays_spent_although_that_tabs_attempt_is_settled_first() {
    let mut a = Scenario::new();
    let mut b = a.other_tab().into_sheet_open();
    a = a.into_sending();
    a.decline("insufficient_funds");
    a.token("tok_b");
    // Tab a dies. Tab b gets the token of a's first attempt, and must take over a's second one.
    b.journal = a.journal.clone();
    let effects = b.token("tok_a");
    assert!(names(&effects).contains(&"SettleAttempt"));
    b.settle_voided();
    b.open_sheet();
    comes_to_nothing(&mut b, "tok_a");
}

#[test]
fn t4_a_refusal_before_the_provider_saw_the_token_leaves_it_usable() {
    let mut s = Scenario::new().into_sending();
    let first = s.key();
    s.answer(rejected("postcode", false, true));
    assert!(s.snapshot().spent.is_empty());
    s.token("tok_a");
    assert_eq!(s.last_send().token(), "tok_a");
    assert_ne!(s.last_send().key, first);
}

#[test]
fn t4_only_if_the_outcome_says_so() {
    let mut s = Scenario::new().into_sending();
    s.answer(rejected("postcode", true, true));
    comes_to_nothing(&mut s, "tok_a");
}

#[test]
fn t4_a_token_that_was_never_sent_is_as_good_as_new() {
    let mut s = Scenario::new().into_blocked();
    assert!(s.snapshot().spent.is_empty());
    s.ok(Event::LockFreed { record: s.record() });
    s.open_sheet();
    s.token("tok_a");
    assert_eq!(s.last_send().token(), "tok_a");
}

#[test]
fn t5_the_same_content_is_the_same_token() {
    let mut s = Scenario::new().into_sending();
    s.decline("insufficient_funds");
    comes_to_nothing(&mut s, " tok_a\n");
    // One object, mutated by `retry()`, with new content is a new token.
    s.token("tok_a2");
    assert_eq!(s.last_send().token(), "tok_a2");
}

#[test]
fn t7_an_expired_token_is_not_sent() {
    let mut s = Scenario::new().into_sheet_open();
    // It is refused at once: no lock is asked for, no attempt begins.
    assert_eq!(names(&s.token_until("tok_a", START)), ["RetrySheet"]);
    assert_eq!(s.sends(), []);
    assert_eq!(s.notices(), ["fresh_token_needed"]);
    // Nor later, should the wallet leave out the date.
    comes_to_nothing(&mut s, "tok_a");
}

#[test]
fn t7_a_token_that_expires_before_its_first_send_is_not_sent() {
    let mut s = Scenario::new().into_sheet_open();
    s.journal_answers = false;
    s.token_until("tok_a", START + 60_000);
    s.pass(60_000);
    let effect = s.write();
    let effects = s.ok(Event::JournalWritten { effect, durable: true });
    assert_eq!(names(&effects), ["RetrySheet", "ReleaseLock"]);
    assert_eq!((s.sends(), s.notices()), (vec![], vec!["fresh_token_needed"]));
    assert_eq!(s.record().unwrap().open, None);
}

#[test]
fn t7_a_token_that_expires_between_two_sends_is_settled_instead() {
    let mut s = Scenario::new().into_sheet_open();
    s.token_until("tok_a", START + 1);
    s.lose_reply();
    s.pass(1);
    assert_eq!(names(&s.fire_timer()), ["SettleAttempt"]);
    assert_eq!(s.sends().len(), 1);
}

#[test]
fn t7_a_clock_that_is_set_back_does_not_make_a_token_young_again() {
    let mut s = Scenario::new().into_sheet_open();
    s.token_until("tok_a", START + 10_000);
    s.answer(lost());
    s.now += 10_000;
    s.ok(Event::WentOffline);
    s.now -= 60_000;
    s.ok(Event::CameOnline);
    let (effect, _) = s.timer().unwrap();
    assert_eq!(names(&s.ok(Event::TimerFired { effect })), ["SettleAttempt"]);
    assert_eq!(s.sends().len(), 1);
}

#[test]
fn t2_a_paid_token_is_not_sent_for_the_next_cart() {
    let mut s = Scenario::new().into_sending();
    s.answer(approved());
    s.set_cart(cart("sku", 2));
    s.ok(Event::Acknowledged);
    s.open_sheet();
    comes_to_nothing(&mut s, "tok_a");
}

/// A body that outgrew its buffer would leave copies of the token in freed memory; an assertion in the machine says so.
#[test]
fn t6_a_body_of_nothing_but_escapes_fits_its_buffer() {
    for (token, details) in [(1, 0), (3_000, 0), (1, 20_000), (3_000, 20_000)] {
        let mut s = Scenario::new().into_ready();
        s.set_cart_with_ref(cart(&"\\\"".repeat(60), 1), &"\\".repeat(128));
        s.open_sheet();
        let event = Event::TokenReceived {
            sheet: s.sheet(),
            token: WalletToken::new("\u{1}".repeat(token) + "x").unwrap(),
            expires_at: None,
            cart_hash: None,
            details: Some(Opaque::new(format!("\"{}\"", "d".repeat(details)))),
        };
        s.ok(event);
        assert_eq!(s.sends().len(), 1);
    }
}
