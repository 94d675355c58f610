//! Sheet: S1 to S4.

use crate::scenario::{CLICK, Scenario, cart, names};
use payonce::checkout::{Effect, Event, Rejection, StateKind};

#[test]
fn s1_the_sheet_opens_in_the_same_call() {
    for state in [StateKind::Ready, StateKind::Failed] {
        let mut s = Scenario::in_state(state);
        assert!(s.snapshot().can_pay);
        let effects = s.try_event(CLICK).unwrap();
        assert!(effects.iter().any(|effect| matches!(effect, Effect::OpenSheet { .. })), "{state:?}");
        assert_eq!(s.state(), StateKind::SheetOpen);
    }
}

#[test]
fn s1_whatever_else_is_slow() {
    // Offline, no answer from the journal, a discard that is out: the click opens the sheet all the same.
    let mut s = Scenario::new();
    s.journal_answers = false;
    s.go_offline();
    s.set_cart(cart("sku", 1));
    s.set_cart(cart("sku", 2));
    assert_eq!(names(&s.open_sheet()), ["OpenSheet"]);
}

#[test]
fn s2_opening_an_open_sheet_is_ignored() {
    let mut s = Scenario::new().into_sheet_open();
    s.refused(CLICK, Rejection::AlreadyOpen);
}

#[test]
fn s3_a_cancel_while_an_attempt_is_open_never_means_not_charged() {
    for state in [StateKind::Sending, StateKind::Waiting, StateKind::Settling] {
        let s = Scenario::in_state(state);
        let (before, sheet) = (s.snapshot(), s.sheet());
        for event in
            [Event::SheetCancelled { sheet }, Event::SheetFailed { sheet }, Event::SheetBusy { sheet }]
        {
            let mut s = Scenario::in_state(state);
            assert!(s.ok(event.clone()).is_empty());
            assert_eq!(s.snapshot(), before, "{state:?} {event:?}");
            s.refused(event, Rejection::StaleSheet);
        }
    }
}

#[test]
fn s3_the_outcome_counts_although_the_sheet_is_gone() {
    let mut s = Scenario::new().into_sending();
    s.cancel_sheet();
    assert_eq!(names(&s.approve()), ["ReleaseLock"]);
    assert_eq!((s.state(), s.notices()), (StateKind::Succeeded, vec!["payment_received"]));

    let mut s = Scenario::new().into_sending();
    s.cancel_sheet();
    assert_eq!(names(&s.decline("insufficient_funds")), ["ReleaseLock"]);
    assert_eq!((s.state(), s.notices()), (StateKind::Ready, vec!["payment_declined"]));
}

#[test]
fn s3_a_cancel_without_an_attempt_is_just_that() {
    let mut s = Scenario::new().into_sheet_open();
    let session = s.session();
    assert!(names(&s.cancel_sheet()).is_empty());
    assert_eq!((s.state(), s.session(), s.notices()), (StateKind::Ready, session, vec![]));
}

#[test]
fn s4_another_sheet_has_its_own_notice() {
    let mut s = Scenario::new().into_sheet_open();
    let sheet = s.sheet();
    s.ok(Event::SheetBusy { sheet });
    assert_eq!((s.state(), s.notices()), (StateKind::Ready, vec!["another_sheet_open"]));

    let mut s = Scenario::new().into_sheet_open();
    let sheet = s.sheet();
    s.ok(Event::SheetFailed { sheet });
    assert_eq!((s.state(), s.notices()), (StateKind::Ready, vec!["sheet_unavailable"]));
}

#[test]
fn s2_events_of_an_earlier_sheet_do_not_touch_the_one_that_is_open() {
    let mut s = Scenario::new().into_sheet_open();
    let old = s.sheet();
    s.cancel_sheet();
    s.open_sheet();
    assert_ne!(s.sheet(), old);
    for event in [
        Event::SheetCancelled { sheet: old },
        Event::SheetFailed { sheet: old },
        Event::SheetBusy { sheet: old },
        Event::SheetCartChanged { sheet: old, cart: cart("sku", 2) },
    ] {
        s.refused(event, Rejection::StaleSheet);
    }
}
