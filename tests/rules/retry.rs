//! Retry: R2 to R7. The formulas of R1 stand beside their code in `src/retry.rs`.

use crate::scenario::{CONFIG, Scenario, approved, cart, doubt, lost, names};
use payonce::checkout::{Config, Effect, Event, StateKind};
use payonce::outcome::{Cause, Doubt, Outcome, SettleAnswer};
use payonce::retry::{Jitter, RetryPolicy};

fn with(retry: RetryPolicy) -> Scenario {
    Scenario::with(Config { retry, ..CONFIG })
}

fn after(retry_after: u64) -> Outcome {
    Outcome::Ambiguous(Doubt { retry_after: Some(retry_after), ..Doubt::new(Cause::RateLimited) })
}

#[test]
fn r1_the_delays_grow_as_the_policy_says_and_are_spread() {
    // Additive jitter shows the window: base * 2^n is its floor.
    let retry = RetryPolicy { jitter: Jitter::Additive, base: 1_000, ..CONFIG.retry };
    let mut s = with(retry).into_sending();
    for floor in [1_000, 2_000, 4_000, 8_000] {
        s.lose_reply();
        let (_, delay) = s.timer().unwrap();
        assert!((floor..=floor + 1_000).contains(&delay), "{delay} for {floor}");
        assert_ne!(delay, floor, "no jitter");
        s.fire_timer();
    }
}

#[test]
fn r1_the_merchant_is_told_again_of_a_session_that_is_over_at_the_same_pace() {
    let retry = RetryPolicy { jitter: Jitter::Additive, base: 1_000, ..CONFIG.retry };
    let mut s = with(retry).into_ready();
    s.set_cart(cart("sku", 2));
    for floor in [1_000, 2_000] {
        let effect = s.discard();
        s.ok(Event::DiscardAnswered { effect, done: false });
        let (_, delay) = s.timer().unwrap();
        assert!((floor..=floor + 1_000).contains(&delay), "{delay} for {floor}");
        s.fire_timer();
    }
}

#[test]
fn r1_full_jitter_is_the_default() {
    let delays: Vec<u64> = (0..64)
        .map(|seed| {
            let numbers = crate::scenario::Numbers::new(seed);
            let config = Config { retry: RetryPolicy::default(), ..CONFIG };
            let s = Scenario::start(config, None, numbers).into_waiting();
            s.timer().unwrap().1
        })
        .collect();
    assert!(delays.iter().all(|delay| *delay <= 2_000));
    assert!(delays.iter().any(|delay| *delay < 200), "there is a floor: {delays:?}");
    assert!(delays.iter().any(|delay| *delay > 1_800), "the window is not used: {delays:?}");
}

#[test]
fn r2_retry_after_is_a_lower_bound() {
    let mut s = Scenario::new().into_sending();
    s.answer(after(9_000));
    assert_eq!(s.state(), StateKind::Waiting);
    assert!(s.timer().unwrap().1 >= 9_000);
}

#[test]
fn r2_retry_after_holds_through_an_offline_spell() {
    let mut s = Scenario::new().into_sending();
    s.answer(after(9_000));
    s.pass(1_000).go_offline();
    s.pass(1_000).come_online();
    assert!(s.timer().unwrap().1 >= 7_000, "{:?}", s.timer());
    // And through one that began before the answer came.
    let mut s = Scenario::new().into_sending();
    s.go_offline();
    s.answer(after(9_000));
    s.pass(1_000).come_online();
    assert!(s.timer().unwrap().1 >= 8_000, "{:?}", s.timer());
}

#[test]
fn r2_retry_after_beyond_the_total_time_is_settled_but_not_before_the_bound() {
    let mut s = Scenario::new().into_sending();
    assert!(names(&s.answer(after(24_999 + 2_001))).is_empty());
    assert_eq!(s.state(), StateKind::Settling);
    // A shopper is not kept in the dark for longer than an attempt may last.
    assert_eq!(s.timer().unwrap().1, 25_000);
    assert_eq!(names(&s.fire_timer()), ["SettleAttempt"]);
}

#[test]
fn r2_stripe_should_retry_is_obeyed() {
    let answer = |cause, should_retry| {
        let mut s = Scenario::new().into_sending();
        s.answer(Outcome::Ambiguous(Doubt { should_retry: Some(should_retry), ..Doubt::new(cause) }));
        s.state()
    };
    for cause in [Cause::Network, Cause::Timeout, Cause::InFlight, Cause::RateLimited, Cause::ServerError] {
        assert_eq!(answer(cause, false), StateKind::Settling, "{cause:?}");
        assert_eq!(answer(cause, true), StateKind::Waiting, "{cause:?}");
    }
    assert_eq!(answer(Cause::UnexpectedState, true), StateKind::Waiting);
    // But "already used" and a mismatch are never resent (K6, U5).
    assert_eq!(answer(Cause::AlreadyUsed, true), StateKind::Settling);
    assert_eq!(answer(Cause::KeyMismatch, true), StateKind::Settling);
}

#[test]
fn r3_no_retries_means_none() {
    let mut s = with(RetryPolicy { max_retries: 0, ..CONFIG.retry }).into_sending();
    assert_eq!(names(&s.lose_reply()), ["SettleAttempt"]);
    assert_eq!(s.sends().len(), 1);
}

#[test]
fn r3_retries_are_counted() {
    let retry = RetryPolicy { max_retries: 2, total_time: u64::MAX, ..CONFIG.retry };
    let mut s = with(retry).into_sending();
    for _ in 0..2 {
        s.lose_reply();
        assert_eq!(names(&s.fire_timer()), ["SendAttempt"]);
    }
    assert_eq!(names(&s.lose_reply()), ["SettleAttempt"]);
    assert_eq!(s.sends().len(), 3);
}

#[test]
fn r4_the_total_time_is_bounded_then_settle() {
    let mut s = with(RetryPolicy { max_retries: 1_000, ..CONFIG.retry }).into_sending();
    let began = s.now;
    while s.state() != StateKind::Settling {
        assert!(s.now - began < 25_000, "still sending after {} ms", s.now - began);
        match s.state() {
            StateKind::Sending => _ = s.pass(500).lose_reply(),
            _ => _ = s.fire_timer(),
        }
    }
    assert!(s.sends().len() > 2);
}

#[test]
fn r4_a_resend_is_not_scheduled_beyond_the_total_time() {
    let mut s = Scenario::new().into_sending();
    s.pass(24_999);
    assert_eq!(names(&s.answer(after(1))), [""; 0]);
    assert_eq!(s.state(), StateKind::Settling);
}

#[test]
fn r4_coming_online_late_settles_instead_of_waiting_on() {
    let mut s = Scenario::new().into_waiting();
    s.go_offline();
    let wait = s.timer().unwrap().1;
    assert_eq!(s.now + wait, crate::scenario::START + 25_000);
    s.pass(wait - 1);
    assert_eq!(names(&s.come_online()), ["SettleAttempt"]);
}

#[test]
fn r4_a_timer_that_ran_while_the_machine_slept_settles() {
    let mut s = Scenario::new().into_waiting();
    s.pass(3_600_000);
    assert_eq!(names(&s.fire_timer()), ["SettleAttempt"]);
}

#[test]
fn r5_offline_pauses_and_uses_up_no_try() {
    let retry = RetryPolicy { max_retries: 1, ..CONFIG.retry };
    let mut s = with(retry).into_waiting();
    for _ in 0..5 {
        s.go_offline();
        assert_eq!((s.state(), s.notices()), (StateKind::Waiting, vec!["offline"]));
        s.come_online();
        assert_eq!((s.state(), s.notices()), (StateKind::Waiting, vec![]));
    }
    assert_eq!(names(&s.fire_timer()), ["SendAttempt"]);
    assert_eq!(names(&s.lose_reply()), ["SettleAttempt"]);
}

#[test]
fn r5_the_paused_timer_does_not_send() {
    let mut s = Scenario::new().into_waiting();
    let (effect, _) = s.timer().unwrap();
    s.go_offline();
    s.refused(Event::TimerFired { effect }, payonce::checkout::Rejection::LateAnswer);
}

#[test]
fn r5_a_reply_lost_while_offline_waits_for_the_network() {
    let retry = RetryPolicy { max_retries: 1, ..CONFIG.retry };
    let mut s = with(retry).into_sending();
    s.go_offline();
    assert!(names(&s.lose_reply()).is_empty());
    assert_eq!(s.state(), StateKind::Waiting);
    s.come_online();
    assert_eq!(names(&s.fire_timer()), ["SendAttempt"]);
    s.lose_reply();
    assert_eq!(names(&s.fire_timer()), ["SendAttempt"], "the offline spell used up the one retry");
}

#[test]
fn r5_an_attempt_made_offline_is_sent_once_online_or_given_back() {
    let mut s = Scenario::new().into_sheet_open();
    s.go_offline();
    s.token("tok_a");
    assert_eq!((s.state(), s.sends().len()), (StateKind::Waiting, 0));
    s.come_online();
    s.fire_timer();
    assert_eq!(s.sends().len(), 1);

    let mut s = Scenario::new().into_sheet_open();
    s.go_offline();
    s.token("tok_a");
    let effects = s.fire_timer();
    assert_eq!(names(&effects), ["RetrySheet", "ReleaseLock"]);
    assert_eq!((s.notices(), s.sends().len()), (vec!["payment_not_made"], 0));
    // Nothing was ever sent, so the token is usable and the next load finds nothing to settle.
    assert!(s.snapshot().spent.is_empty());
    assert_eq!(s.record().unwrap().open, None);
}

#[test]
fn r5_what_was_sent_and_waits_for_the_network_in_vain_is_settled_not_given_up() {
    let mut s = Scenario::new().into_waiting();
    s.go_offline();
    s.fire_timer();
    assert_eq!(s.state(), StateKind::Settling);
    assert_eq!(s.notices(), ["checking_payment", "offline"]);
    assert_eq!(s.snapshot().spent.len(), 1);
    assert_eq!(names(&s.come_online()), ["SettleAttempt"]);
}

#[test]
fn r5_what_was_never_sent_is_sent_however_late_the_network_comes_back() {
    let mut s = Scenario::new().into_sheet_open();
    s.go_offline();
    s.token("tok_a");
    s.pass(s.config.retry.total_time - 1);
    s.come_online();
    assert_eq!(s.state(), StateKind::Waiting);
    assert_eq!(names(&s.fire_timer()), ["SendAttempt"]);
}

#[test]
fn r5_settling_pauses_and_uses_up_no_question() {
    let mut s = Scenario::new().into_settling();
    for _ in 0..10 {
        s.settle_pending();
        s.go_offline();
        assert_eq!(s.state(), StateKind::Settling);
        s.come_online();
        if s.state() != StateKind::Settling {
            break;
        }
        let asked = s.effects.iter().filter(|effect| matches!(effect, Effect::SettleAttempt { .. })).count();
        assert!(asked <= 3);
        if asked == 3 {
            s.settle_pending();
            break;
        }
    }
    assert_eq!(s.state(), StateKind::Unresolved);
}

#[test]
fn r6_every_send_has_a_key() {
    let mut s = Scenario::new().into_waiting();
    s.fire_timer();
    for sent in s.sends() {
        let (name, value) = sent.header.unwrap();
        assert_eq!((name.as_str(), value), ("Idempotency-Key", sent.key.to_string()));
    }
}

#[test]
fn r7_a_send_that_never_settles_is_unknown_after_its_timeout() {
    let mut s = Scenario::new().into_sending();
    let (send, (_, timeout)) = (s.send(), s.timer().unwrap());
    assert_eq!(timeout, 10_000);
    let effects = s.fire_timer();
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::AbortRequest { effect } if *effect == send))
    );
    assert_eq!(s.state(), StateKind::Waiting);
    // The reply that comes now is late: the resend finds it at the merchant.
    s.refused(
        Event::SendAnswered { effect: send, outcome: approved() },
        payonce::checkout::Rejection::LateAnswer,
    );
}

#[test]
fn r7_a_question_that_never_settles_is_asked_again() {
    let mut s = Scenario::new().into_settling();
    let question = s.question();
    let effects = s.fire_timer();
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::AbortRequest { effect } if *effect == question))
    );
    assert_eq!(names(&s.fire_timer()), ["SettleAttempt"]);
    let late = Event::SettleAnswered { effect: question, answer: SettleAnswer::Voided };
    s.refused(late, payonce::checkout::Rejection::LateAnswer);
}

#[test]
fn r2_only_doubts_that_a_resend_can_end_are_resent() {
    for (cause, resent) in [
        (Cause::Network, true),
        (Cause::Timeout, true),
        (Cause::InFlight, true),
        (Cause::RateLimited, true),
        (Cause::ServerError, true),
        (Cause::Processing, false),
        (Cause::Unreadable, false),
        (Cause::UnexpectedState, false),
        (Cause::AlreadyUsed, false),
        (Cause::KeyMismatch, false),
    ] {
        let mut s = Scenario::new().into_sending();
        s.answer(doubt(cause));
        let expected = if resent { StateKind::Waiting } else { StateKind::Settling };
        assert_eq!(s.state(), expected, "{cause:?}");
    }
}

#[test]
fn r4_a_lost_reply_to_a_late_send_is_settled() {
    let mut s = Scenario::new().into_sending();
    s.pass(25_000);
    assert_eq!(names(&s.answer(lost())), ["SettleAttempt"]);
}
