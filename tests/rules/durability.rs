//! Durability: the machine's part of D1, D2, D3, D5 and D7.

use crate::scenario::{
    CONFIG, HOUR, START, Scenario, approved, cart, challenge, declined, discards, names, rejected,
};
use payonce::checkout::{Config, Durability, Effect, Event, Rejection, StateKind};
use payonce::journal::Record;
use payonce::outcome::SettleAnswer;

const REQUIRED: Config = Config { durability: Durability::Required, ..CONFIG };

fn position(effects: &[Effect], is: impl Fn(&Effect) -> bool) -> Option<usize> {
    effects.iter().position(is)
}

#[test]
fn d1_the_attempt_is_in_the_journal_before_its_first_send() {
    let mut s = Scenario::new().into_sheet_open();
    s.journal_answers = false;
    let effects = s.token("tok_a");
    assert_eq!(s.sends(), []);
    let key = s.key();
    let written: Vec<Record> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::WriteJournal { record, .. } => Some(Record::decode(record).unwrap()),
            _ => None,
        })
        .collect();
    let open = written.last().unwrap().open.clone().unwrap();
    assert_eq!((open.key, open.cart_hash()), (key, cart("sku", 1).hash()));
    assert_eq!(written.last().unwrap().ledger.entries().len(), 1);
    let effect = s.write();
    s.ok(Event::JournalWritten { effect, durable: true });
    assert_eq!(s.last_send().key, key);
}

#[test]
fn d1_the_answer_to_another_write_does_not_send() {
    let mut s = Scenario::new().into_sheet_open();
    s.journal_answers = false;
    let earlier = s.write();
    s.token("tok_a");
    s.refused(Event::JournalWritten { effect: earlier, durable: true }, Rejection::LateAnswer);
    assert_eq!(s.sends(), []);
}

#[test]
fn d1_a_write_that_changes_while_the_attempt_is_recorded_has_an_id_of_its_own() {
    let mut s = Scenario::new().into_ready();
    s.set_cart(cart("sku", 2));
    let discard = s.discard();
    s.open_sheet();
    s.journal_answers = false;
    s.token("tok_a");
    let recording = s.write();
    s.ok(Event::DiscardAnswered { effect: discard, done: true });
    assert_ne!(s.write(), recording);
    assert_eq!(s.record().unwrap().open.unwrap().key, s.key());
    s.ok(Event::JournalWritten { effect: recording, durable: true });
    assert_eq!(s.sends().len(), 1);
}

#[test]
fn d1_the_journal_is_up_to_date_before_the_lock_is_let_go_of() {
    for state in [StateKind::Sending, StateKind::Settling] {
        for outcome in [approved(), declined("expired_card")] {
            let mut s = Scenario::in_state(state);
            let effects = match state {
                StateKind::Sending => s.answer(outcome),
                _ => s.settle_with(outcome),
            };
            let write = position(&effects, |effect| matches!(effect, Effect::WriteJournal { .. })).unwrap();
            let release = position(&effects, |effect| matches!(effect, Effect::ReleaseLock)).unwrap();
            assert!(write < release);
            assert_eq!(s.record().unwrap().open, None);
        }
    }
}

#[test]
fn d2_required_refuses_to_send_without_a_journal_that_lasts() {
    for forgets in [false, true] {
        let mut s = Scenario::with(REQUIRED).into_sheet_open();
        s.journal_answers = false;
        s.token("tok_a");
        let effect = s.write();
        let effects = s.ok(if forgets {
            Event::JournalWritten { effect, durable: false }
        } else {
            Event::JournalFailed { effect }
        });
        // Another card would not help, so the sheet is closed.
        assert_eq!(names(&effects), ["CompleteSheet(fail)", "ReleaseLock"]);
        assert_eq!((s.sends(), s.notices()), (vec![], vec!["record_unavailable"]));
        // The token was never sent.
        assert!(s.snapshot().spent.is_empty());
    }
}

#[test]
fn d2_preferred_goes_on_and_says_so() {
    let mut s = Scenario::new().into_sheet_open();
    assert!(s.snapshot().durable);
    s.journal_answers = false;
    s.token("tok_a");
    let effect = s.write();
    s.ok(Event::JournalFailed { effect });
    assert_eq!(s.sends().len(), 1);
    assert!(!s.snapshot().durable);
}

#[test]
fn d2_what_could_not_be_written_is_tried_again_with_each_send() {
    let mut s = Scenario::new().into_sheet_open();
    s.journal_answers = false;
    s.token("tok_a");
    let first = s.write();
    let again =
        |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::WriteJournal { .. }));
    assert!(again(&s.ok(Event::JournalFailed { effect: first })), "the first send goes out all the same");
    // Trying at once, over and over, would be no better than not trying.
    let second = s.write();
    assert!(!again(&s.ok(Event::JournalFailed { effect: second })));
    s.lose_reply();
    assert!(again(&s.fire_timer()), "the resend");
    let third = s.write();
    s.answer(challenge());
    s.ok(Event::JournalFailed { effect: third });
    assert_eq!(s.state(), StateKind::ActionRequired);

    // Once it is written, it is written once.
    let mut s = Scenario::new().into_sheet_open();
    s.journal_answers = false;
    s.token("tok_a");
    let first = s.write();
    s.ok(Event::JournalFailed { effect: first });
    let second = s.write();
    s.ok(Event::JournalWritten { effect: second, durable: true });
    assert!(s.snapshot().durable);
    s.lose_reply();
    assert!(!again(&s.fire_timer()));
}

#[test]
fn d2_a_journal_that_never_answers_is_one_that_cannot_be_written() {
    for (config, sent) in [(CONFIG, 1), (REQUIRED, 0)] {
        let mut s = Scenario::with(config).into_sheet_open();
        s.journal_answers = false;
        s.token("tok_a");
        let write = s.write();
        assert_eq!(s.timer().unwrap().1, s.config.retry.send_timeout);
        s.fire_timer();
        assert_eq!((s.sends().len(), s.snapshot().durable), (sent, false));
        s.refused(Event::JournalWritten { effect: write, durable: true }, Rejection::LateAnswer);
    }
}

#[test]
fn d2_a_token_that_a_silent_journal_kept_from_being_sent_is_as_good_as_new() {
    let mut s = Scenario::with(REQUIRED).into_sheet_open();
    s.journal_answers = false;
    s.token("tok_a");
    assert_eq!(names(&s.fire_timer()), ["CompleteSheet(fail)", "ReleaseLock"]);
    assert_eq!((s.state(), s.notices()), (StateKind::Ready, vec!["record_unavailable"]));
    assert_eq!(s.record().unwrap().open, None);
    s.journal_answers = true;
    s.open_sheet();
    s.token("tok_a");
    assert_eq!(s.sends().len(), 1);
}

#[test]
fn d2_a_journal_that_forgets_says_so() {
    let mut s = Scenario::new().into_sheet_open();
    s.journal_answers = false;
    s.token("tok_a");
    let effect = s.write();
    s.ok(Event::JournalWritten { effect, durable: false });
    assert!(!s.snapshot().durable);
}

#[test]
fn d3_a_restart_with_an_open_attempt_settles_the_same_key() {
    for state in [
        StateKind::Sending,
        StateKind::Waiting,
        StateKind::ActionRequired,
        StateKind::Settling,
        StateKind::Unresolved,
    ] {
        let mut s = Scenario::in_state(state);
        let (key, session, sent) = (s.key(), s.session(), s.sends().len());
        let effects = s.reload();
        assert_eq!(names(&effects), ["AcquireLock", "SettleAttempt"], "{state:?}");
        let asked = effects.iter().find_map(|effect| match effect {
            Effect::SettleAttempt { key, session, .. } => Some((*key, *session)),
            _ => None,
        });
        assert_eq!(asked, Some((key, session)), "{state:?}");
        assert_eq!((s.state(), s.notices()), (StateKind::Settling, vec!["checking_payment"]));
        s.set_cart(cart("sku", 1));
        s.settle_voided();
        assert_eq!((s.state(), s.session(), s.sends().len()), (StateKind::Ready, session, sent));
    }
}

#[test]
fn d3_whenever_the_page_dies_the_journal_names_what_is_out() {
    // Dies after each single effect of a payment: whatever had been sent by then is settled by the next page.
    let mut whole = Scenario::new().into_sheet_open();
    whole.token("tok_a");
    let journal_at_send = whole.journal.clone();
    whole.lose_reply();
    whole.fire_timer();
    for journal in [journal_at_send, whole.journal.clone()] {
        let next = Scenario::start(CONFIG, journal, whole.numbers.clone());
        assert_eq!((next.state(), next.key()), (StateKind::Settling, whole.key()));
    }
}

#[test]
fn d3_an_attempt_that_was_not_sent_leaves_nothing_to_settle() {
    let mut s = Scenario::new().into_sheet_open();
    s.lock_answers = false;
    s.token("tok_a");
    s.lock_answers = true;
    s.reload();
    assert_eq!(s.state(), StateKind::Empty);
}

#[test]
fn d3_a_challenge_that_is_open_after_a_reload_is_offered_again() {
    let mut s = Scenario::new().into_action_required();
    let key = s.key();
    s.reload();
    s.set_cart(cart("sku", 1));
    assert_eq!(names(&s.settle_with(challenge())), ["PerformAction"]);
    assert_eq!((s.state(), s.key()), (StateKind::ActionRequired, key));
}

#[test]
fn d3_a_receipt_survives_a_reload_until_it_is_acknowledged() {
    let mut s = Scenario::new().into_succeeded();
    let receipt = s.snapshot().receipt.unwrap();
    s.reload();
    assert_eq!((s.state(), s.notices()), (StateKind::Succeeded, vec!["payment_received"]));
    assert_eq!(s.snapshot().receipt.unwrap().key, receipt.key);
    s.set_cart(cart("sku", 1));
    assert_eq!(s.state(), StateKind::Succeeded);
    s.ok(Event::Acknowledged);
    s.reload();
    assert_eq!(s.state(), StateKind::Empty);
}

#[test]
fn d7_a_session_goes_when_the_key_window_is_over_and_the_merchant_is_told() {
    let mut s = Scenario::new().into_ready();
    let old = s.session();
    let effects = s.pass(24 * HOUR).reload();
    assert_eq!(discards(&effects), [(old, Some("pi_1"))]);
    s.set_cart(cart("sku", 1));
    assert_ne!(s.session(), old);
}

#[test]
fn d5_an_old_open_attempt_is_never_treated_as_clean() {
    let mut s = Scenario::new().into_waiting();
    let key = s.key();
    s.pass(30 * 24 * HOUR);
    assert!(names(&s.reload()).contains(&"SettleAttempt"));
    assert_eq!(s.key(), key);
}

#[test]
fn d7_receipts_and_spent_tokens_go_when_the_key_window_is_over() {
    for (age, kept) in [(24 * HOUR - 1, true), (24 * HOUR, false)] {
        let mut s = Scenario::new().into_succeeded();
        s.pass(age).reload();
        assert_eq!(s.state() == StateKind::Succeeded, kept, "after {age} ms");
        assert_eq!(s.snapshot().spent.len(), usize::from(kept), "after {age} ms");
    }
}

#[test]
fn d1_a_cart_that_changes_while_the_attempt_is_recorded_leaves_no_open_attempt_behind() {
    let mut s = Scenario::new().into_sheet_open();
    s.journal_answers = false;
    s.token("tok_a");
    assert!(s.record().unwrap().open.is_some());
    s.set_cart(cart("sku", 2));
    assert_eq!(s.record().unwrap().open, None);
    assert!(s.record().unwrap().ledger.entries().is_empty());
}

#[test]
fn d4_an_attempt_that_could_not_be_written_down_is_settled_all_the_same() {
    for granted in [true, false] {
        let mut s = Scenario::new().into_sheet_open();
        s.journal_answers = false;
        let journal = s.journal.clone();
        s.token("tok_a");
        s.journal = journal;
        let (key, effect) = (s.key(), s.write());
        s.ok(Event::JournalFailed { effect });
        assert_eq!(s.sends().len(), 1);
        // Back from the back/forward cache, where the lock was lost. The journal knows nothing of the attempt.
        s.lock_answers = false;
        s.restore(false);
        let (effect, record) = (s.lock(), s.record());
        let effects =
            s.ok(if granted { Event::LockGranted { effect, record } } else { Event::LockRefused { effect } });
        assert!(names(&effects).contains(&"SettleAttempt"), "{granted}: {effects:?}");
        assert_eq!((s.state(), s.key()), (StateKind::Settling, key));
    }
}

#[test]
fn d4_a_restored_page_asks_before_anything_is_enabled() {
    for state in [
        StateKind::Sending,
        StateKind::Waiting,
        StateKind::ActionRequired,
        StateKind::Settling,
        StateKind::Unresolved,
    ] {
        let mut s = Scenario::in_state(state);
        let (key, sent) = (s.key(), s.sends().len());
        let effects = s.restore(false);
        assert!(names(&effects).ends_with(&["AcquireLock", "SettleAttempt"]), "{state:?}: {effects:?}");
        assert_eq!((s.state(), s.key(), s.sends().len()), (StateKind::Settling, key, sent), "{state:?}");
        assert!(!s.snapshot().can_pay);
        s.settle_with(approved());
        assert_eq!(s.state(), StateKind::Succeeded);
    }
}

#[test]
fn d3_a_session_outlives_an_attempt_that_was_not_charged_and_no_refusal() {
    for (answer, discarded) in [
        (SettleAnswer::Voided, false),
        (SettleAnswer::Outcome(declined("expired_card")), false),
        (SettleAnswer::Outcome(rejected("session_unknown", true, false)), true),
    ] {
        let mut s = Scenario::new().into_sending();
        let session = s.session();
        s.reload();
        let effects = s.settle(answer);
        assert_eq!(names(&effects).contains(&"DiscardSession"), discarded);
        s.set_cart(cart("sku", 1));
        assert_eq!((s.state(), s.session() == session), (StateKind::Ready, !discarded));
    }
}

#[test]
fn d4_a_restored_page_waits_for_its_cart() {
    for state in [StateKind::Ready, StateKind::SheetOpen, StateKind::Failed] {
        let mut s = Scenario::in_state(state);
        s.restore(true);
        assert!(!s.snapshot().can_pay, "{state:?}");
        s.set_cart(cart("sku", 2));
        assert_eq!((s.state(), s.notices()), (StateKind::Ready, vec!["cart_changed"]), "{state:?}");
    }
}

#[test]
fn d4_a_restored_page_waits_for_its_cart_after_an_open_attempt_too() {
    for (cart_follows, state) in [(true, StateKind::Empty), (false, StateKind::Ready)] {
        let mut s = Scenario::new().into_sending();
        s.restore(cart_follows);
        s.settle_voided();
        assert_eq!((s.state(), s.snapshot().can_pay), (state, !cart_follows));
        s.set_cart(cart("sku", 1));
        assert_eq!(s.state(), StateKind::Ready);
    }
}

#[test]
fn d4_a_restored_page_that_waits_for_its_cart_leaves_no_sheet_open() {
    for offline in [false, true] {
        let mut s = Scenario::new().into_sheet_open();
        if offline {
            s.go_offline();
        } else {
            s.lock_answers = false;
        }
        s.token("tok_a");
        let effects = s.ok(Event::PageRestored { cart_follows: true });
        assert_eq!((s.state(), s.sends()), (StateKind::Empty, vec![]));
        assert!(names(&effects).contains(&"CloseSheet"), "{offline}: {effects:?}");
    }
}

#[test]
fn d4_a_restored_page_settles_only_what_was_sent() {
    for (sent, state) in [(true, StateKind::Settling), (false, StateKind::Ready)] {
        let mut s = Scenario::new().into_sheet_open();
        if sent {
            s.token("tok_a");
            s.lose_reply();
        } else {
            s.go_offline();
            s.token("tok_a");
        }
        assert_eq!(s.state(), StateKind::Waiting);
        // An attempt that the journal names is settled in any case: another tab may have found it there.
        s.ok(Event::PageRestored { cart_follows: false });
        assert_eq!(s.state(), state);
    }
}

#[test]
fn d4_a_refused_session_stays_refused_on_a_page_that_goes_on_with_its_cart() {
    let mut s = Scenario::new().into_failed();
    s.restore(false);
    assert_eq!(s.state(), StateKind::Failed);
}

#[test]
fn d4_a_restored_page_shows_what_another_tab_paid() {
    let mut a = Scenario::new().into_ready();
    let mut b = a.other_tab().into_sheet_open();
    a = a.into_sending();
    a.approve();
    b.journal = a.journal.clone();
    b.restore(false);
    assert_eq!(b.state(), StateKind::Succeeded);
}

#[test]
fn d4_a_restored_page_that_waits_for_its_cart_shows_what_another_tab_paid() {
    let mut a = Scenario::new().into_ready();
    let mut b = a.other_tab().into_sheet_open();
    a = a.into_sending();
    b.lock_answers = false;
    b.journal = a.journal.clone();
    b.restore(true);
    assert_eq!((b.state(), b.notices()), (StateKind::Settling, vec!["checking_payment"]));
    let effect = b.lock();
    b.ok(Event::LockRefused { effect });
    assert!(!b.snapshot().can_pay);
    a.approve();
    b.journal = a.journal.clone();
    let record = b.record();
    b.ok(Event::LockFreed { record });
    b.set_cart(cart("sku", 1));
    assert_eq!((b.state(), b.notices()), (StateKind::Succeeded, vec!["payment_received"]));

    // The same where it was paid by the time that the page comes back. Another cart is another purchase.
    for (quantity, shown) in [
        (1, (StateKind::Succeeded, vec!["payment_received"])),
        (2, (StateKind::Ready, vec!["earlier_cart_paid"])),
    ] {
        let mut c = Scenario::new().into_sheet_open();
        c.journal = a.journal.clone();
        c.restore(true);
        c.set_cart(cart("sku", quantity));
        assert_eq!((c.state(), c.notices()), shown);
    }
}

#[test]
fn d4_a_page_restored_before_its_first_send_shows_what_another_tab_paid() {
    for state in [StateKind::Sending, StateKind::Waiting] {
        let mut a = Scenario::new().into_ready();
        let mut b = a.other_tab().into_sheet_open();
        if state == StateKind::Waiting {
            b.go_offline();
        } else {
            b.lock_answers = false;
        }
        b.token("tok_b");
        assert_eq!(b.state(), state);
        a = a.into_sending();
        a.approve();
        b.journal = a.journal.clone();
        b.restore(false);
        assert_eq!((b.state(), b.sends()), (StateKind::Succeeded, vec![]));
    }
}

/// Found by the model checker: it let go of the lock behind asking for it, so the question was never asked.
#[test]
fn d4_a_page_restored_before_its_first_send_waits_for_the_tab_that_pays() {
    let mut a = Scenario::new().into_ready();
    let mut b = a.other_tab().into_sheet_open();
    a = a.into_sending();
    b.lock_answers = false;
    b.token("tok_b");
    b.journal = a.journal.clone();
    let effects = b.restore(false);
    assert_eq!(names(&effects).last(), Some(&"AcquireLock"), "{effects:?}");
    let effect = b.lock();
    b.ok(Event::LockRefused { effect });
    a.approve();
    b.journal = a.journal.clone();
    let record = b.record();
    b.ok(Event::LockFreed { record });
    assert_eq!((b.state(), b.sends().len()), (StateKind::Succeeded, 0));
}

#[test]
fn c2_a_merchant_that_is_not_there_is_told_again_and_once_more_when_the_network_is_back() {
    let mut s = Scenario::new().into_ready();
    s.set_cart(cart("sku", 2));
    for _ in 1..s.config.retry.max_settles {
        let effect = s.discard();
        s.ok(Event::DiscardAnswered { effect, done: false });
        assert_eq!(names(&s.fire_timer()), ["DiscardSession"]);
    }
    let effect = s.discard();
    let given_up = s.ok(Event::DiscardAnswered { effect, done: false });
    assert!(!given_up.iter().any(|effect| matches!(effect, Effect::StartTimer { .. })));
    s.go_offline();
    assert_eq!(names(&s.come_online()), ["DiscardSession"]);
}

#[test]
fn d1_only_the_record_that_names_the_attempt_lets_it_be_sent() {
    let mut s = Scenario::new().into_ready();
    s.journal_answers = false;
    s.set_cart(cart("sku", 2));
    let earlier = s.write();
    s.open_sheet();
    s.token("tok_a");
    assert_ne!(s.write(), earlier);
    s.ok(Event::JournalWritten { effect: earlier, durable: true });
    assert!(s.sends().is_empty());
}

/// Changes the cart so often, with provider objects in every second session, while the merchant takes note of nothing.
fn undelivered(changes: u64) -> Scenario {
    let mut s = Scenario::new();
    for n in 1..=changes {
        if n % 2 == 0 {
            s.set_cart(cart("sku", n));
        } else {
            s.set_cart_with_ref(cart("sku", n), &format!("pi_{n}"));
        }
        for _ in 0..s.config.retry.max_settles {
            if n > 1 {
                let effect = s.discard();
                s.try_run(Event::DiscardAnswered { effect, done: false }).ok(); // too late where it is not kept
                if let Some((effect, _)) = s.timer() {
                    s.try_run(Event::TimerFired { effect }).ok();
                }
            }
        }
    }
    s
}

#[test]
fn c2_what_the_merchant_takes_no_note_of_is_kept_but_not_for_ever() {
    let s = undelivered(60);
    let kept = s.record().unwrap().discards;
    assert_eq!(kept.len(), 32);
    // All that have a provider object, and the oldest of the others.
    let objects = kept.iter().filter(|discard| discard.provider_ref.is_some()).count();
    assert_eq!(objects, 30);
}

#[test]
fn c2_what_was_kept_goes_out_one_after_the_other() {
    for reload in [false, true] {
        let mut s = undelivered(5);
        let mut kept: Vec<_> = s.record().unwrap().discards.into_iter().map(|kept| kept.session).collect();
        assert_eq!(kept.len(), 4);
        let mut effects = if reload { s.reload() } else { s.come_online() };
        let mut told = Vec::new();
        while let [(session, _)] = discards(&effects)[..] {
            told.push(session);
            let effect = s.discard();
            effects = s.ok(Event::DiscardAnswered { effect, done: true });
        }
        assert!(discards(&effects).is_empty());
        kept.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, kept, "reload: {reload}");
    }
}

#[test]
fn c2_a_network_that_comes_and_goes_begins_no_second_row() {
    let mut s = undelivered(5);
    assert_eq!(discards(&s.come_online()).len(), 1);
    for _ in 0..3 {
        s.go_offline();
        assert_eq!(discards(&s.come_online()), []);
    }
    // Nor does it while the one that is told waits for its next try.
    let effect = s.discard();
    s.ok(Event::DiscardAnswered { effect, done: false });
    assert_eq!(discards(&s.come_online()), []);
    assert_eq!(discards(&s.fire_timer()).len(), 1);
}

#[test]
fn d3_a_clock_beyond_all_numbers_leaves_a_record_that_can_be_read() {
    // Nanoseconds; and a clock that jumps there once.
    for (before, after) in [(START * 1_000_000, START * 1_000_000), (START, u64::MAX), (u64::MAX, START)] {
        let mut s = Scenario::new();
        s.now = before;
        s.set_cart(cart("sku", 1));
        s.open_sheet();
        s.now = after;
        s.token("tok_a");
        let key = s.key();
        s.reload();
        assert_eq!((s.state(), s.key()), (StateKind::Settling, key), "{before}, {after}");
    }
}
