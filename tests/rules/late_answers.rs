//! A late or second answer to any effect is a typed, harmless rejection (DESIGN, section 3).

use crate::scenario::{Scenario, approved, cart, declined};
use payonce::checkout::{EffectId, Event, Rejection, StateKind};
use payonce::outcome::SettleAnswer;

fn send_answered(effect: EffectId) -> Event {
    Event::SendAnswered { effect, outcome: approved() }
}

fn settle_answered(effect: EffectId) -> Event {
    Event::SettleAnswered { effect, answer: SettleAnswer::Voided }
}

#[test]
fn second_answers() {
    let mut s = Scenario::new().into_sending();
    let (lock, write, send) = (s.lock(), s.write(), s.send());
    s.refused(Event::LockGranted { effect: lock, record: None }, Rejection::LateAnswer);
    s.refused(Event::LockRefused { effect: lock }, Rejection::LateAnswer);
    s.refused(Event::JournalWritten { effect: write, durable: false }, Rejection::LateAnswer);
    s.refused(Event::JournalFailed { effect: write }, Rejection::LateAnswer);
    s.lose_reply();
    s.refused(send_answered(send), Rejection::LateAnswer);
    let (timer, _) = s.timer().unwrap();
    s.fire_timer();
    s.refused(Event::TimerFired { effect: timer }, Rejection::LateAnswer);
    s.refused(send_answered(send), Rejection::LateAnswer);
    s.answer(crate::scenario::challenge());
    let action = s.action();
    s.end_action(true);
    s.refused(Event::ActionEnded { effect: action, completed: false }, Rejection::LateAnswer);
    let question = s.question();
    s.settle_pending();
    s.refused(settle_answered(question), Rejection::LateAnswer);
    s.fire_timer();
    s.refused(settle_answered(question), Rejection::LateAnswer);
    s.settle_voided();
    s.set_cart(cart("sku", 2));
    let discard = s.discard();
    s.ok(Event::DiscardAnswered { effect: discard, done: true });
    s.refused(Event::DiscardAnswered { effect: discard, done: false }, Rejection::LateAnswer);
    s.refused(Event::JournalRead { record: None }, Rejection::AlreadyStarted);
}

#[test]
fn answers_after_they_were_superseded() {
    let mut s = Scenario::new().into_sending();
    let (send, (timeout, _)) = (s.send(), s.timer().unwrap());
    let key = s.key();
    s.report(key, declined("expired_card"));
    s.refused(send_answered(send), Rejection::LateAnswer);
    s.refused(Event::TimerFired { effect: timeout }, Rejection::LateAnswer);

    let mut s = Scenario::new().into_settling();
    let (question, (timeout, _)) = (s.question(), s.timer().unwrap());
    let key = s.key();
    s.report(key, approved());
    s.refused(settle_answered(question), Rejection::LateAnswer);
    s.refused(Event::TimerFired { effect: timeout }, Rejection::LateAnswer);

    let mut s = Scenario::new().into_action_required();
    let action = s.action();
    s.ok(Event::CheckRequested);
    s.refused(Event::ActionEnded { effect: action, completed: true }, Rejection::LateAnswer);

    let mut s = Scenario::new().into_waiting();
    let (timer, _) = s.timer().unwrap();
    s.set_cart(cart("sku", 2));
    s.refused(Event::TimerFired { effect: timer }, Rejection::LateAnswer);

    let mut s = Scenario::new().into_ready();
    s.set_cart(cart("sku", 2));
    let discard = s.discard();
    s.ok(Event::DiscardAnswered { effect: discard, done: false });
    let (timer, _) = s.timer().unwrap();
    s.refused(Event::DiscardAnswered { effect: discard, done: true }, Rejection::LateAnswer);
    s.fire_timer();
    s.refused(Event::TimerFired { effect: timer }, Rejection::LateAnswer);
    s.refused(Event::DiscardAnswered { effect: discard, done: true }, Rejection::LateAnswer);
}

#[test]
fn answers_to_nothing_change_nothing_in_any_state() {
    for &state in StateKind::ALL {
        let mut s = Scenario::in_state(state);
        for effect in [EffectId(0), EffectId(7_777), EffectId(u32::MAX)] {
            let sheet = effect;
            for event in [
                Event::LockGranted { effect, record: None },
                Event::LockRefused { effect },
                Event::JournalWritten { effect, durable: false },
                Event::JournalFailed { effect },
                send_answered(effect),
                settle_answered(effect),
                Event::DiscardAnswered { effect, done: true },
                Event::TimerFired { effect },
                Event::ActionEnded { effect, completed: true },
                Event::SheetCancelled { sheet },
                Event::SheetFailed { sheet },
                Event::SheetBusy { sheet },
                Event::SheetCartChanged { sheet, cart: cart("sku", 9) },
            ] {
                let before = s.snapshot();
                let shown = format!("{event:?}");
                let refused = s.try_event(event).expect_err(&shown);
                assert!(
                    matches!(refused, Rejection::LateAnswer | Rejection::StaleSheet),
                    "{state:?} {shown}"
                );
                assert_eq!(s.snapshot(), before, "{state:?} {shown}");
            }
        }
    }
}

#[test]
fn no_effect_id_is_used_twice() {
    for &state in StateKind::ALL {
        let s = Scenario::in_state(state);
        let ids: Vec<u64> = s
            .effects
            .iter()
            .filter_map(|effect| {
                let json = serde_json::to_value(effect).unwrap();
                match json["type"].as_str().unwrap() {
                    "open_sheet" => json["sheet"].as_u64(),
                    "cancel_timer" | "abort_request" => None,
                    _ => json["effect"].as_u64(),
                }
            })
            .collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{state:?}: {ids:?}");
    }
}
