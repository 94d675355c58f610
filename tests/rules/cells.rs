//! Every cell of the transition table, entered from the state as a shopper gets there: what the table says is what the
//! machine does.

use crate::scenario::{CLICK, Scenario, approved, cart};
use payonce::checkout::table::{Cell, cell};
use payonce::checkout::{Effect, EffectId, Event, EventKind, StateKind};
use payonce::key::IdempotencyKey;
use payonce::outcome::SettleAnswer;

/// An event of that kind, as the world would send it: the answer to the last effect that asks for one.
fn event(s: &Scenario, kind: EventKind) -> Event {
    let last = |pick: fn(&Effect) -> Option<EffectId>| {
        s.effects.iter().rev().find_map(pick).unwrap_or(EffectId(u32::MAX))
    };
    macro_rules! effect {
        ($name:ident, $id:ident) => {
            last(|effect| if let Effect::$name { $id, .. } = effect { Some(*$id) } else { None })
        };
    }
    let sheet = effect!(OpenSheet, sheet);
    let record = s.record();
    match kind {
        EventKind::JournalRead => Event::JournalRead { record },
        EventKind::CartSet => Event::CartSet { cart: cart("sku", 2), provider_ref: None },
        EventKind::CartCleared => Event::CartCleared,
        EventKind::SheetCartChanged => Event::SheetCartChanged { sheet, cart: cart("sku", 3) },
        EventKind::SheetRequested => CLICK,
        EventKind::TokenReceived => Event::TokenReceived {
            sheet,
            token: payonce::token::WalletToken::new("tok_cell".into()).unwrap(),
            expires_at: None,
            cart_hash: None,
            details: None,
        },
        EventKind::SheetCancelled => Event::SheetCancelled { sheet },
        EventKind::SheetFailed => Event::SheetFailed { sheet },
        EventKind::SheetBusy => Event::SheetBusy { sheet },
        EventKind::LockGranted => Event::LockGranted { effect: effect!(AcquireLock, effect), record },
        EventKind::LockRefused => Event::LockRefused { effect: effect!(AcquireLock, effect) },
        EventKind::LockFailed => Event::LockFailed { effect: effect!(AcquireLock, effect) },
        EventKind::LockFreed => Event::LockFreed { record },
        EventKind::JournalChanged => Event::JournalChanged { record },
        EventKind::PageRestored => Event::PageRestored { cart_follows: false },
        EventKind::JournalWritten => {
            Event::JournalWritten { effect: effect!(WriteJournal, effect), durable: true }
        }
        EventKind::JournalFailed => Event::JournalFailed { effect: effect!(WriteJournal, effect) },
        EventKind::SendAnswered => {
            Event::SendAnswered { effect: effect!(SendAttempt, effect), outcome: approved() }
        }
        EventKind::SettleAnswered => {
            Event::SettleAnswered { effect: effect!(SettleAttempt, effect), answer: SettleAnswer::Voided }
        }
        EventKind::DiscardAnswered => {
            Event::DiscardAnswered { effect: effect!(DiscardSession, effect), done: true }
        }
        EventKind::TimerFired => Event::TimerFired { effect: effect!(StartTimer, effect) },
        EventKind::ActionEnded => {
            Event::ActionEnded { effect: effect!(PerformAction, effect), completed: true }
        }
        EventKind::WentOffline => Event::WentOffline,
        EventKind::CameOnline => Event::CameOnline,
        EventKind::OutcomeReported => {
            let sent = s.sends().last().map(|sent| sent.key);
            let key = sent.unwrap_or_else(|| IdempotencyKey::from_entropy(0));
            Event::OutcomeReported { key, outcome: approved() }
        }
        EventKind::CheckRequested => Event::CheckRequested,
        EventKind::Acknowledged => Event::Acknowledged,
    }
}

#[test]
fn e1_every_cell_does_what_the_table_says() {
    for &state in StateKind::ALL {
        for &kind in EventKind::ALL {
            let mut s = Scenario::in_state(state);
            let event = event(&s, kind);
            match cell(state, kind) {
                Cell::Reject(why) => s.refused(event, why),
                Cell::To(states) => {
                    let before = s.snapshot();
                    match s.try_event(event) {
                        Ok(_) => assert!(states.contains(&s.state()), "{state:?}, {kind:?}: {:?}", s.state()),
                        // The answer came before; the snapshot must not tell.
                        Err(_) => assert_eq!(s.snapshot(), before, "{state:?}, {kind:?}"),
                    }
                }
            }
        }
    }
}
