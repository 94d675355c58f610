//! D6: one tab pays at a time. The tabs share what the test copies from one journal to the other.

use crate::scenario::{CLICK, Numbers, Scenario, approved, cart, declined, discards, names, rejected};
use payonce::checkout::{Effect, Event, Rejection, StateKind};

/// Two tabs of one shopper, loaded one after the other, both with the same cart.
fn tabs() -> (Scenario, Scenario) {
    let a = Scenario::new().into_ready();
    let b = a.other_tab().into_sheet_open();
    (a.into_sheet_open(), b)
}

/// The lock goes to the other tab while this one asks for it.
fn refuse(tab: &mut Scenario, token: &str) -> Vec<Effect> {
    tab.lock_answers = false;
    tab.token(token);
    tab.lock_answers = true;
    let effect = tab.lock();
    tab.ok(Event::LockRefused { effect })
}

#[test]
fn d6_the_second_tab_is_blocked_and_sends_nothing() {
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    let effects = refuse(&mut b, "tok_b");
    assert_eq!(names(&effects), ["CloseSheet"]);
    assert_eq!((b.state(), b.notices(), b.sends()), (StateKind::Blocked, vec!["another_tab_pays"], vec![]));
    b.refused(CLICK, Rejection::AnotherTabPays);
    let token = b.token_event("tok_c");
    b.refused(token, Rejection::AnotherTabPays);
}

#[test]
fn d6_a_tab_that_asks_for_the_lock_leaves_the_payers_journal_alone() {
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    let writes = |effects: &[Effect]| {
        effects.iter().filter(|effect| matches!(effect, Effect::WriteJournal { .. })).count()
    };
    let before = writes(&b.effects);
    refuse(&mut b, "tok_b");
    b.set_cart(cart("sku", 2));
    b.go_offline();
    b.come_online();
    assert_eq!(writes(&b.effects), before);
}

#[test]
fn d6_the_blocked_tab_shows_the_result_when_it_comes() {
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    refuse(&mut b, "tok_b");
    a.approve();
    b.journal = a.journal.clone();
    b.ok(Event::LockFreed { record: b.record() });
    assert_eq!((b.state(), b.notices()), (StateKind::Succeeded, vec!["payment_received"]));
    assert_eq!(b.snapshot().receipt.unwrap().key, a.snapshot().receipt.unwrap().key);
    assert_eq!(b.sends(), []);
}

#[test]
fn d6_after_a_decline_there_the_blocked_tab_may_pay() {
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    refuse(&mut b, "tok_b");
    a.decline("insufficient_funds");
    b.journal = a.journal.clone();
    b.ok(Event::LockFreed { record: b.record() });
    assert_eq!(b.state(), StateKind::Ready);
    b.open_sheet();
    b.token("tok_b");
    assert_eq!(b.sends().len(), 1);
}

#[test]
fn d6_the_heir_of_a_dead_tab_settles_first() {
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    refuse(&mut b, "tok_b");
    // Tab a is killed: its lock is free, and its journal still names the attempt.
    b.journal = a.journal.clone();
    let effects = b.ok(Event::LockFreed { record: b.record() });
    assert_eq!(names(&effects), ["AcquireLock", "SettleAttempt"]);
    assert_eq!((b.state(), b.key()), (StateKind::Settling, a.key()));
    b.settle_with(approved());
    assert_eq!(b.state(), StateKind::Succeeded);
    assert_eq!(b.sends(), []);
}

#[test]
fn d6_a_tab_that_gets_the_lock_of_a_dead_one_settles_first() {
    for token in ["tok_b", "tok_a"] {
        let (mut a, mut b) = tabs();
        a.token("tok_a");
        b.journal = a.journal.clone();
        let effects = b.token(token);
        assert!(names(&effects).contains(&"SettleAttempt"), "{token}: {effects:?}");
        assert_eq!((b.state(), b.key()), (StateKind::Settling, a.key()), "{token}");
        assert_eq!(b.record().unwrap().open.unwrap().key, a.key(), "{token}");
        assert_eq!(b.sends(), []);
    }
}

#[test]
fn d6_a_tab_whose_cart_was_paid_elsewhere_meanwhile_does_not_charge_it_again() {
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    a.approve();
    b.journal = a.journal.clone();
    b.clear_cart();
    b.set_cart_with_ref(cart("sku", 1), "pi_2");
    b.open_sheet();
    let theirs = b.session();
    let effects = b.token("tok_b");
    assert_eq!((b.state(), b.sends()), (StateKind::Succeeded, vec![]));
    assert_eq!(discards(&effects), [(theirs, Some("pi_2"))], "the session that is not paid any more");
    assert_eq!(b.snapshot().receipt.unwrap().key, a.snapshot().receipt.unwrap().key);
    assert!(b.snapshot().notices.iter().any(|notice| notice.code() == "payment_received"));
}

#[test]
fn d6_nor_after_the_other_tab_has_moved_on() {
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    a.approve();
    a.ok(Event::Acknowledged);
    b.journal = a.journal.clone();
    b.token("tok_b");
    assert_eq!((b.state(), b.sends()), (StateKind::Succeeded, vec![]));
}

/// Found by a random walk over the driver: tabs that take a session up from the journal share it.
#[test]
fn d6_a_session_that_another_tab_paid_is_over_whatever_is_in_its_cart() {
    let (mut a, mut b) = tabs();
    let sheet = b.sheet();
    b.ok(Event::SheetCartChanged { sheet, cart: cart("sku", 2) });
    a.token("tok_a");
    let session = b.session();
    assert_eq!(a.session(), session);
    a.approve();
    a.ok(Event::Acknowledged);
    b.journal = a.journal.clone();
    b.token("tok_b");
    assert_eq!((b.state(), b.sends()), (StateKind::Succeeded, vec![]));
    assert_eq!(b.notices(), ["earlier_cart_paid"], "which is not what its sheet showed");
    b.ok(Event::Acknowledged);
    assert_ne!(b.session(), session);
}

#[test]
fn d6_nor_is_it_paid_again_by_the_tab_that_has_seen_its_receipt() {
    let mut a = Scenario::new().into_sending();
    let (mut b, session) = (a.other_tab(), a.session());
    b.settle_with(approved());
    b.ok(Event::Acknowledged);
    b.set_cart(cart("sku", 1));
    // The first tab, which pays, still says so in the journal, and is told of the charge only now.
    b.journal = a.journal.clone();
    b.lock_answers = false;
    b.ok(Event::JournalChanged { record: b.record() });
    let effect = b.lock();
    b.ok(Event::LockRefused { effect });
    b.lock_answers = true;
    a.approve();
    a.ok(Event::Acknowledged);
    b.journal = a.journal.clone();
    b.ok(Event::LockFreed { record: b.record() });
    assert_eq!(b.state(), StateKind::Succeeded);
    b.ok(Event::Acknowledged);
    b.set_cart(cart("sku", 1));
    assert_ne!(b.session(), session);
}

#[test]
fn d6_a_page_without_a_cart_takes_up_no_session_that_was_paid_meanwhile() {
    let mut a = Scenario::new().into_ready();
    let mut b = a.other_tab();
    let session = a.session();
    a = a.into_sending();
    a.approve();
    let mut c = b.other_tab();
    b.journal = a.journal.clone();
    b.ok(Event::JournalChanged { record: b.record() });
    b.set_cart(cart("sku", 1));
    assert_eq!(b.state(), StateKind::Succeeded, "nobody has seen the receipt yet");
    a.ok(Event::Acknowledged);
    c.journal = a.journal.clone();
    c.ok(Event::JournalChanged { record: c.record() });
    c.set_cart(cart("sku", 1));
    assert_ne!(c.session(), session);
}

#[test]
fn d6_what_a_tab_without_the_lock_writes_leaves_the_open_attempt_alone() {
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    let key = a.key();
    b.journal = a.journal.clone();
    let old = b.session();
    assert_eq!(discards(&b.set_cart(cart("sku", 2))), [(old, Some("pi_1"))]);
    assert_eq!(b.record().unwrap().open.unwrap().key, key);
    // Also when that tab has seen the record, and whatever it writes next.
    let record = b.record();
    b.ok(Event::LockFreed { record });
    for quantity in 3..6 {
        b.set_cart(cart("sku", quantity));
        assert_eq!(b.record().unwrap().open.unwrap().key, key, "{quantity}");
    }
    // Tab a dies: the next start settles its attempt.
    b.reload();
    assert_eq!((b.state(), b.key()), (StateKind::Settling, key));
}

#[test]
fn d6_what_a_tab_without_the_lock_writes_leaves_the_receipt_alone() {
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    a.approve();
    let receipt = a.snapshot().receipt.unwrap().key;
    b.journal = a.journal.clone();
    b.set_cart(cart("sku", 2));
    b.set_cart(cart("sku", 3));
    a.journal = b.journal.clone();
    a.reload();
    assert_eq!(a.snapshot().receipt.unwrap().key, receipt);
}

#[test]
fn d6_a_receipt_for_another_cart_does_not_stop_this_one() {
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    a.approve();
    b.journal = a.journal.clone();
    b.set_cart(cart("other", 1));
    b.open_sheet();
    b.journal = a.journal.clone();
    b.token("tok_b");
    assert_eq!(b.sends().len(), 1);
}

#[test]
fn d6_a_reloaded_page_asks_for_the_lock_before_it_settles() {
    let mut a = Scenario::new().into_sending();
    let mut b = Scenario::unread(a.config, a.journal.clone(), a.numbers.clone());
    b.lock_answers = false;
    assert_eq!(names(&b.read_journal()), ["AcquireLock"]);
    let effect = b.lock();
    b.ok(Event::LockRefused { effect });
    assert_eq!((b.state(), b.notices()), (StateKind::Blocked, vec!["another_tab_pays"]));
    b.set_cart(cart("sku", 1));
    a.decline("expired_card");
    b.journal = a.journal.clone();
    b.ok(Event::LockFreed { record: b.record() });
    assert_eq!(b.state(), StateKind::Ready);
}

#[test]
fn d6_only_the_lock_that_was_asked_for_counts() {
    let stray = payonce::checkout::EffectId(u32::MAX);
    let mut a = Scenario::new().into_sheet_open();
    a.lock_answers = false;
    a.token("tok_a");
    a.refused(Event::LockGranted { effect: stray, record: None }, Rejection::LateAnswer);
    a.refused(Event::LockRefused { effect: stray }, Rejection::LateAnswer);
    a.refused(Event::LockFailed { effect: stray }, Rejection::LateAnswer);
    let effect = a.lock();
    a.ok(Event::LockGranted { effect, record: a.record() });

    let mut b = Scenario::unread(a.config, a.journal.clone(), a.numbers.clone());
    b.lock_answers = false;
    b.read_journal();
    b.refused(Event::LockGranted { effect: stray, record: b.record() }, Rejection::LateAnswer);
    b.refused(Event::LockRefused { effect: stray }, Rejection::LateAnswer);
    b.refused(Event::LockFailed { effect: stray }, Rejection::LateAnswer);
}

#[test]
fn d6_the_attempt_that_stands_in_the_journal_with_the_lock_is_the_one_to_settle() {
    let mut a = Scenario::new().into_sending();
    let first = a.key();
    let mut b = Scenario::unread(a.config, a.journal.clone(), a.numbers.clone());
    b.lock_answers = false;
    b.read_journal();
    a.decline("expired_card");
    a.token("tok_b");
    b.journal = a.journal.clone();
    let effect = b.lock();
    let effects = b.ok(Event::LockGranted { effect, record: b.record() });
    assert_eq!(names(&effects), ["SettleAttempt"]);
    assert_eq!(b.key(), a.key());
    assert_ne!(b.key(), first);
}

#[test]
fn d6_a_lock_granted_late_finds_that_the_other_tabs_receipt_was_even_acknowledged() {
    let mut a = Scenario::new().into_sending();
    let mut b = Scenario::unread(a.config, a.journal.clone(), a.numbers.clone());
    b.lock_answers = false;
    b.read_journal();
    b.set_cart(cart("sku", 1));
    a.approve();
    a.ok(Event::Acknowledged);
    b.journal = a.journal.clone();
    let effect = b.lock();
    b.ok(Event::LockGranted { effect, record: b.record() });
    assert_eq!(b.state(), StateKind::Succeeded);
}

#[test]
fn d6_a_receipt_that_was_acknowledged_long_ago_is_not_that_of_an_attempt_that_was_declined() {
    let mut a = Scenario::new().into_sending();
    a.approve();
    a.ok(Event::Acknowledged);
    a.set_cart(cart("sku", 2));
    a.open_sheet();
    a.token("tok_b");
    let mut b = Scenario::unread(a.config, a.journal.clone(), a.numbers.clone());
    b.lock_answers = false;
    b.read_journal();
    b.set_cart(cart("sku", 2));
    a.decline("expired_card");
    b.journal = a.journal.clone();
    let effect = b.lock();
    b.ok(Event::LockGranted { effect, record: b.record() });
    assert_eq!((b.state(), b.snapshot().receipt), (StateKind::Ready, None));
}

#[test]
fn t3_a_token_spent_under_another_tabs_salt_stays_spent_without_the_journal() {
    let a = Scenario::new().into_ready();
    // Which began with an empty journal, too.
    let mut b = Scenario::start(a.config, None, Numbers::new(2)).into_sheet_open();
    b.journal = a.journal.clone();
    b.token("tok_b");
    b.decline("expired_card");
    b.journal = None;
    let sends = b.sends().len();
    b.token("tok_b");
    assert_eq!((b.notices(), b.sends().len()), (vec!["fresh_token_needed"], sends));
}

#[test]
fn t3_a_token_whose_mark_could_not_be_written_stays_spent_behind_the_next_lock() {
    let mut s = Scenario::new().into_sheet_open();
    let without = s.journal.clone();
    s.journal_answers = false;
    for token in ["tok_a", "tok_b"] {
        s.journal.clone_from(&without);
        s.token(token);
        let effect = s.write();
        s.ok(Event::JournalFailed { effect });
        s.decline("expired_card");
    }
    s.journal.clone_from(&without);
    s.token("tok_a");
    assert_eq!((s.notices(), s.sends().len()), (vec!["fresh_token_needed"], 2));
}

#[test]
fn d2_a_charge_of_what_could_not_be_written_is_its_receipt() {
    let mut s = Scenario::new().into_sheet_open();
    s.journal_answers = false;
    s.token("tok_a");
    let effect = s.write();
    s.ok(Event::JournalFailed { effect });
    let mut other = s.other_tab(); // which could read what was written all the same
    other.settle_with(approved());
    s.journal = other.journal.clone();
    s.journal_answers = true;
    s.lock_answers = false;
    s.ok(Event::PageRestored { cart_follows: false });
    let effect = s.lock();
    s.ok(Event::LockGranted { effect, record: s.record() });
    assert_eq!(s.state(), StateKind::Succeeded);
}

#[test]
fn d2_a_journal_that_could_not_be_written_says_nothing_of_the_attempt() {
    let mut s = Scenario::new().into_sheet_open();
    let without = s.record();
    s.journal_answers = false;
    s.token("tok_a");
    let effect = s.write();
    s.ok(Event::JournalFailed { effect });
    assert_eq!(s.sends().len(), 1);
    s.lock_answers = false;
    s.ok(Event::PageRestored { cart_follows: false });
    s.ok(Event::JournalChanged { record: without.clone() });
    let effect = s.lock();
    assert_eq!(names(&s.ok(Event::LockGranted { effect, record: without })), ["SettleAttempt"]);
}

#[test]
fn c4_a_sheet_whose_cart_a_newer_tab_replaced_is_closed() {
    let (mut a, mut b) = tabs();
    b.pass(1_000);
    b.set_cart(cart("sku", 2));
    let effects = a.ok(Event::JournalChanged { record: b.record() });
    assert!(names(&effects).contains(&"CloseSheet"));
    assert_eq!((a.state(), a.notices()), (StateKind::Ready, vec!["cart_changed"]));
}

#[test]
fn d6_another_tab_that_writes_of_the_same_cart_leaves_the_open_sheet_alone() {
    let (mut a, mut b) = tabs();
    b.pass(1_000);
    b.set_cart(cart("sku", 2));
    b.set_cart(cart("sku", 1));
    assert_eq!(names(&a.ok(Event::JournalChanged { record: b.record() })), [""; 0]);
    assert_eq!(a.state(), StateKind::SheetOpen);
}

#[test]
fn d3_the_session_of_an_attempt_is_the_one_in_the_journal() {
    let mut s = Scenario::new().into_sending();
    let session = s.snapshot().session;
    s.pass(5_000);
    s.reload();
    assert_eq!(s.snapshot().session, session);
}

#[test]
fn t3_a_token_spent_elsewhere_stays_spent_where_the_cart_is_stale_too() {
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    a.decline("expired_card");
    a.pass(1_000);
    a.set_cart(cart("sku", 2));
    b.journal = a.journal.clone();
    b.pass(2_000);
    b.token("tok_a");
    assert_eq!((b.state(), b.notices()), (StateKind::Ready, vec!["cart_changed"]));
    b.open_sheet();
    b.token("tok_a");
    assert_eq!((b.notices(), b.sends()), (vec!["fresh_token_needed"], vec![]));
    assert_eq!(b.record().unwrap().ledger.entries().len(), 1);
}

#[test]
fn t3_a_tab_that_gives_its_token_back_leaves_the_mark_of_another_tab() {
    let not_used = || rejected("postcode", false, true);
    let (mut a, mut b) = tabs();
    a.token("tok_a");
    let first = a.key();
    // Tab a comes back out of the back/forward cache. Meanwhile b learns that the token was not used, and spends it.
    b.journal = a.journal.clone();
    b.token("tok_a");
    b.settle_with(not_used());
    b.open_sheet();
    b.pass(1_000);
    b.token("tok_a");
    b.decline("expired_card");
    assert_ne!(b.last_send().key, first);
    a.journal = b.journal.clone();
    a.lock_answers = false;
    a.restore(false);
    // That the token was not used is true of the first attempt alone.
    a.report(first, not_used());
    assert_eq!(a.record().unwrap().ledger.entries().len(), 1);
    a.lock_answers = true;
    a.open_sheet();
    a.token("tok_a");
    assert_eq!((a.notices(), a.sends().len()), (vec!["fresh_token_needed"], 1));
}

#[test]
fn t3_a_token_that_both_tabs_were_handed_is_spent_in_the_one_that_does_not_get_the_lock_too() {
    let (mut a, mut b) = tabs();
    b.lock_answers = false;
    b.token("tok_a");
    a.token("tok_a");
    b.ok(Event::JournalChanged { record: a.record() });
    let effect = b.lock();
    b.ok(Event::LockRefused { effect });
    assert_eq!(b.snapshot().spent, a.snapshot().spent);
    // Even where the journal cannot be read any more.
    b.ok(Event::LockFreed { record: None });
    b.open_sheet();
    b.token("tok_a");
    assert_eq!((b.notices(), b.sends()), (vec!["fresh_token_needed"], vec![]));
}

#[test]
fn t3_what_was_heard_while_asking_for_the_lock_counts_where_the_journal_cannot_be_read_with_it() {
    let (mut a, mut b) = tabs();
    b.lock_answers = false;
    b.token("tok_a");
    a.token("tok_a");
    a.decline("expired_card");
    b.ok(Event::JournalChanged { record: a.record() });
    let effect = b.lock();
    b.ok(Event::LockGranted { effect, record: None });
    assert_eq!((b.notices(), b.sends()), (vec!["fresh_token_needed"], vec![]));
}

#[test]
fn c4_a_cart_of_an_older_tab_replaces_none() {
    for later in [0, 1_000] {
        let mut old = Scenario::new();
        old.set_cart(cart("sku", 2));
        let mut new = Scenario::new();
        new.pass(later);
        let mut new = new.into_sheet_open();
        new.journal = old.journal.clone();
        new.token("tok_a");
        assert_eq!(new.sends().len(), 1, "{later} ms later");
    }
}

#[test]
fn d6_a_lock_granted_late_finds_that_the_other_tab_ended_the_attempt() {
    let mut a = Scenario::new().into_sending();
    let mut b = Scenario::unread(a.config, a.journal.clone(), a.numbers.clone());
    b.lock_answers = false;
    b.read_journal();
    b.set_cart(cart("sku", 1));
    a.approve();
    b.journal = a.journal.clone();
    let effect = b.lock();
    assert_eq!(names(&b.ok(Event::LockGranted { effect, record: b.record() })), ["ReleaseLock"]);
    assert_eq!(b.state(), StateKind::Succeeded);
}

#[test]
fn d6_a_cart_changed_while_blocked_is_a_new_session_afterwards() {
    let mut s = Scenario::new().into_blocked();
    let old = s.session();
    let effects = s.set_cart(cart("sku", 2));
    assert_eq!(discards(&effects), [(old, Some("pi_1"))]);
    assert_eq!(s.state(), StateKind::Blocked);
    s.ok(Event::LockFreed { record: s.record() });
    assert_eq!(
        (s.state(), s.snapshot().session.unwrap().cart_hash),
        (StateKind::Ready, cart("sku", 2).hash().clone())
    );
}

#[test]
fn d6_the_lock_is_held_exactly_while_an_attempt_is_open() {
    let mut s = Scenario::new();
    let mut held = false;
    s = s.into_sheet_open();
    s.token("tok_a");
    s.decline("insufficient_funds");
    s.token("tok_b");
    s.answer(crate::scenario::challenge());
    s.end_action(true);
    s.settle_voided();
    s.open_sheet();
    s.token("tok_c");
    s.approve();
    for effect in &s.effects {
        match effect {
            Effect::AcquireLock { .. } => assert!(!core::mem::replace(&mut held, true)),
            Effect::ReleaseLock => assert!(core::mem::replace(&mut held, false)),
            Effect::SendAttempt { .. } | Effect::SettleAttempt { .. } | Effect::PerformAction { .. } => {
                assert!(held)
            }
            _ => {}
        }
    }
    assert!(!held);
}

#[test]
fn d6_an_outcome_reported_to_a_blocked_tab_counts() {
    let mut s = Scenario::new().into_sending();
    let key = s.key();
    s.decline("insufficient_funds");
    let effects = refuse(&mut s, "tok_b");
    assert_eq!(names(&effects), ["CloseSheet"]);
    s.report(key, approved());
    assert_eq!(s.state(), StateKind::Succeeded);
    s.refused(Event::OutcomeReported { key, outcome: declined("late") }, Rejection::AlreadyPaid);
}

#[test]
fn d6_a_receipt_that_nobody_has_seen_is_shown_to_a_tab_whose_cart_came_later() {
    let a = Scenario::new().into_ready();
    let mut b = a.other_tab();
    let mut a = a.into_sending();
    a.approve();
    b.journal = a.journal.clone();
    b.pass(60_000);
    b.set_cart(cart("sku", 1));
    b.open_sheet();
    b.token("tok_b");
    assert_eq!((b.state(), b.sends()), (StateKind::Succeeded, vec![]));
}

#[test]
fn d6_what_another_tab_paid_in_a_session_of_its_own_is_news_or_is_not() {
    // Whether this tab's session began after the charge, whether the receipt was seen, and whether it is shown here.
    for (later, seen, shown) in
        [(false, false, true), (true, false, true), (false, true, true), (true, true, false)]
    {
        let a = Scenario::new().into_ready();
        let mut b = a.other_tab();
        let shared = a.session();
        let mut a = a.into_sending();
        if later {
            b.pass(60_000);
        }
        b.set_cart(cart("sku", 2));
        b.set_cart(cart("sku", 1));
        assert_ne!(b.session(), shared);
        a.approve();
        if seen {
            a.ok(Event::Acknowledged);
        }
        b.journal = a.journal.clone();
        b.open_sheet();
        b.token("tok_b");
        assert_eq!(b.state() == StateKind::Succeeded, shown, "later: {later}, seen: {seen}");
    }
}

#[test]
fn d3_an_open_attempt_that_was_not_readable_with_the_lock_comes_first() {
    let mut a = Scenario::new().into_ready();
    let other = a.other_tab().into_sending();
    a.journal_answers = false;
    a.open_sheet();
    a.token("tok_a");
    let record = other.record();
    a.ok(Event::JournalChanged { record });
    assert_eq!((a.state(), a.key(), a.sends()), (StateKind::Settling, other.key(), vec![]));
    a.settle_voided();
    assert_eq!(a.state(), StateKind::Ready);
}

#[test]
fn d6_a_lock_that_fails_is_no_other_tab() {
    let mut a = Scenario::new().into_sheet_open();
    a.lock_answers = false;
    a.token("tok_a");
    let effect = a.lock();
    a.ok(Event::LockFailed { effect });
    assert_eq!(
        (a.state(), a.notices(), a.sends()),
        (StateKind::SheetOpen, vec!["record_unavailable"], vec![])
    );
    // Nothing was sent, so the same token is as good as new.
    a.lock_answers = true;
    a.token("tok_a");
    a.approve();
    assert_eq!(a.state(), StateKind::Succeeded);
}

#[test]
fn d6_a_lock_that_never_answers_is_given_up() {
    let mut a = Scenario::new().into_sheet_open();
    a.lock_answers = false;
    a.token("tok_a");
    let lock = a.lock();
    assert_eq!(a.timer().unwrap().1, a.config.retry.send_timeout);
    assert_eq!(names(&a.fire_timer()), ["RetrySheet", "ReleaseLock"]);
    assert_eq!(
        (a.state(), a.notices(), a.sends()),
        (StateKind::SheetOpen, vec!["record_unavailable"], vec![])
    );
    // Granted late it is nobody's: it was let go of.
    a.refused(Event::LockGranted { effect: lock, record: a.record() }, Rejection::LateAnswer);
    a.lock_answers = true;
    a.token("tok_a");
    a.approve();
    assert_eq!(a.state(), StateKind::Succeeded);
}

#[test]
fn d3_the_truth_is_asked_for_where_the_lock_never_answers() {
    let mut a = Scenario::new().into_sending();
    a.lock_answers = false;
    a.reload();
    let lock = a.lock();
    assert_eq!(names(&a.fire_timer()), ["SettleAttempt", "ReleaseLock"]);
    a.refused(Event::LockGranted { effect: lock, record: a.record() }, Rejection::LateAnswer);
    a.settle_with(approved());
    assert_eq!(a.state(), StateKind::Succeeded);
}

#[test]
fn d6_what_has_answered_is_not_waited_for() {
    for (state, running) in [(StateKind::Sending, 1), (StateKind::Blocked, 0)] {
        let s = Scenario::in_state(state);
        let count = |pick: fn(&Effect) -> bool| s.effects.iter().filter(|effect| pick(effect)).count();
        let started = count(|effect| matches!(effect, Effect::StartTimer { .. }));
        let stopped = count(|effect| matches!(effect, Effect::CancelTimer { .. }));
        assert_eq!(started - stopped, running, "{state:?}");
    }
}

#[test]
fn d3_the_truth_is_asked_for_even_without_a_lock() {
    let mut a = Scenario::new().into_sending();
    a.lock_answers = false;
    a.reload();
    let effect = a.lock();
    a.ok(Event::LockFailed { effect });
    a.settle_with(crate::scenario::approved());
    assert_eq!(a.state(), StateKind::Succeeded);
}

#[test]
fn c4_a_cart_that_a_newer_tab_replaced_is_not_charged_unless_asked_for_again() {
    let a = Scenario::new().into_ready();
    let mut b = a.other_tab();
    let mut a = a.into_sheet_open();
    b.pass(1_000);
    b.set_cart(cart("sku", 2));
    a.journal = b.journal.clone();
    a.token("tok_a");
    assert_eq!((a.state(), a.notices(), a.sends()), (StateKind::Ready, vec!["cart_changed"], vec![]));
    // The shopper sees it and wants this cart all the same; the token was never sent.
    a.pass(2_000);
    a.open_sheet();
    a.token("tok_a");
    assert_eq!(a.sends().len(), 1);
}
