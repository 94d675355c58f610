//! The machine's table: every cell is decided, every state can be reached and left, and the diagram in the docs is
//! drawn from it. `UPDATE_DIAGRAM=1 cargo test --test table` draws it anew.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

use payonce::checkout::table::{self, Cell, cell};
use payonce::checkout::{EventKind, StateKind};
use std::collections::HashSet;
use std::fs;
use std::path::Path;

const DIAGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/state-diagram.md");

fn targets(state: StateKind, event: EventKind) -> &'static [StateKind] {
    match cell(state, event) {
        Cell::To(states) => states,
        Cell::Reject(_) => &[],
    }
}

/// The states that can be reached from `from`, itself included.
fn reachable(from: StateKind) -> HashSet<StateKind> {
    let mut seen = HashSet::from([from]);
    let mut todo = vec![from];
    while let Some(state) = todo.pop() {
        let next = EventKind::ALL.iter().flat_map(|&event| targets(state, event));
        todo.extend(next.copied().filter(|&state| seen.insert(state)));
    }
    seen
}

#[test]
fn every_cell_is_decided() {
    for &state in StateKind::ALL {
        for &event in EventKind::ALL {
            if let Cell::To(states) = cell(state, event) {
                let distinct: HashSet<_> = states.iter().collect();
                assert!(!states.is_empty(), "{state:?}, {event:?} leads nowhere");
                assert_eq!(distinct.len(), states.len(), "{state:?}, {event:?} names a state twice");
            }
        }
    }
}

#[test]
fn states_and_events_are_listed_once() {
    let states: HashSet<_> = StateKind::ALL.iter().map(|state| state.name()).collect();
    let events: HashSet<_> = EventKind::ALL.iter().map(|event| event.name()).collect();
    assert_eq!((states.len(), events.len()), (StateKind::ALL.len(), EventKind::ALL.len()));
}

#[test]
fn every_state_can_be_reached_and_none_is_a_dead_end() {
    let all: HashSet<_> = StateKind::ALL.iter().copied().collect();
    assert_eq!(reachable(StateKind::Empty), all);
    for &state in StateKind::ALL {
        assert!(reachable(state).contains(&StateKind::Ready), "{state:?} never leads to another purchase");
    }
}

#[test]
fn an_open_attempt_is_never_left_by_a_click() {
    let open = [
        StateKind::Sending,
        StateKind::Waiting,
        StateKind::ActionRequired,
        StateKind::Settling,
        StateKind::Unresolved,
    ];
    for state in open {
        for event in [EventKind::SheetRequested, EventKind::TokenReceived, EventKind::CheckRequested] {
            assert!(targets(state, event).iter().all(|to| open.contains(to)), "{state:?}, {event:?}");
        }
        assert!(
            matches!(cell(state, EventKind::TokenReceived), Cell::Reject(_)),
            "{state:?}: a second attempt"
        );
    }
}

#[test]
fn only_paying_leads_to_sending() {
    for &state in StateKind::ALL {
        for &event in EventKind::ALL {
            if state != StateKind::Sending && targets(state, event).contains(&StateKind::Sending) {
                let pays = matches!(
                    (state, event),
                    (StateKind::SheetOpen, EventKind::TokenReceived)
                        | (StateKind::Waiting, EventKind::TimerFired)
                );
                assert!(pays, "{event:?} in {state:?} sends");
            }
        }
    }
}

/// For `make coverage`, which compares it with what the tests entered.
#[test]
fn the_cells_are_listed_for_the_coverage() {
    let mut list = String::new();
    for &state in StateKind::ALL {
        for &event in EventKind::ALL {
            let decision = match cell(state, event) {
                Cell::To(_) => "taken",
                Cell::Reject(_) => "rejected",
            };
            list += &format!("{}\t{}\t{decision}\n", state.name(), event.name());
        }
    }
    assert_eq!(list.lines().count(), StateKind::ALL.len() * EventKind::ALL.len());
    if let Some(folder) = std::env::var_os("PAYONCE_COVERAGE") {
        fs::write(Path::new(&folder).join("cells"), list).unwrap();
    }
}

#[test]
fn the_diagram_in_the_docs_is_the_table() {
    let drawn = format!("# The states\n\n{}", table::mermaid());
    if std::env::var_os("UPDATE_DIAGRAM").is_some() {
        fs::write(DIAGRAM, &drawn).unwrap();
    }
    let kept = fs::read_to_string(DIAGRAM).unwrap();
    assert!(
        kept == drawn,
        "docs/state-diagram.md is not what the table says: UPDATE_DIAGRAM=1 draws it anew"
    );
}
