//! One-time codes: the table, and a random walk of tabs that share a record, with a provider that takes each code once,
//! a network that loses and delays, and pages that die at any point.
//!
//! `UPDATE_DIAGRAM=1 cargo test --test one_time_code` draws the diagram in the docs anew.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

use payonce::checkout::EffectId;
use payonce::key::Entropy;
use payonce::one_time_code::record::Record;
use payonce::one_time_code::table::{self, cell};
use payonce::one_time_code::{
    Brought, Change, Config, Effect, Event, EventKind, ExchangeAnswer, FlowState, Found, OneTimeCode, Reason,
    Secret, Snapshot, StateKind, What,
};
use payonce::outcome::Opaque;
use payonce::retry::RetryPolicy;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::rc::Rc;

const DIAGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/one-time-code-diagram.md");

// ---------------------------------------------------------------------------------------------------- the table

#[test]
fn the_diagram_in_the_docs_is_drawn_from_the_table() {
    let drawn = format!("# The states of a one-time code\n\n{}", table::mermaid());
    if std::env::var_os("UPDATE_DIAGRAM").is_some() {
        fs::write(DIAGRAM, &drawn).unwrap();
    }
    assert_eq!(
        fs::read_to_string(DIAGRAM).unwrap(),
        drawn,
        "UPDATE_DIAGRAM=1 cargo test --test one_time_code"
    );
}

#[test]
fn every_state_can_be_reached_and_left_for_another_flow() {
    let reachable = |from: StateKind| {
        let mut seen = HashSet::from([from]);
        let mut todo = vec![from];
        while let Some(state) = todo.pop() {
            let next = EventKind::ALL.iter().filter_map(|&event| cell(state, event).ok()).flatten();
            todo.extend(next.copied().filter(|&state| seen.insert(state)));
        }
        seen
    };
    assert_eq!(reachable(StateKind::Idle).len(), StateKind::ALL.len());
    for &state in StateKind::ALL {
        assert!(reachable(state).contains(&StateKind::Beginning), "{state:?}");
    }
}

#[test]
fn e1_the_page_is_offered_what_would_be_taken() {
    for &state in StateKind::ALL {
        let snapshot = Snapshot { state, reason: None };
        let free =
            matches!(state, StateKind::Idle | StateKind::Away | StateKind::Connected | StateKind::Failed);
        assert_eq!(snapshot.can_begin(), free, "{state:?}");
        assert_eq!(snapshot.can_check(), state == StateKind::Unresolved, "{state:?}");
    }
}

#[test]
fn o2_only_a_claim_that_was_stored_leads_to_an_exchange() {
    for &state in StateKind::ALL {
        for &event in EventKind::ALL {
            let leads = cell(state, event).is_ok_and(|to| to.contains(&StateKind::Exchanging));
            let stored = state == StateKind::Claiming && event == EventKind::RecordStored;
            assert_eq!(leads, stored || state == StateKind::Exchanging && leads, "{state:?}, {event:?}");
        }
    }
}

// ---------------------------------------------------------------------------------------------------- the walk

const WALKS: u64 = 200;
const STEPS: usize = 250;
fn config() -> Config {
    let retry = RetryPolicy { max_settles: 2, ..RetryPolicy::default() };
    Config { retry, ..Config::default() }
}

const START: u64 = 1_767_225_600_000;

/// SplitMix64.
#[derive(Clone)]
struct Dice(Rc<Cell<u64>>);

impl Dice {
    fn roll(&self, sides: usize) -> usize {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }
}

impl Entropy for Dice {
    fn draw(&mut self) -> u128 {
        (0..16).fold(0, |bits, _| bits << 8 | u128::try_from(self.roll(256)).unwrap())
    }
}

/// A request on its way to the backend, or its answer on the way back.
struct Out {
    /// Whose, and which life of that tab.
    tab: usize,
    life: u64,
    effect: EffectId,
    state: FlowState,
    /// The code, for an exchange.
    code: Option<String>,
    sent_at: u64,
}

struct Tab {
    machine: OneTimeCode,
    life: u64,
    timers: Vec<(EffectId, u64)>,
    /// The journal's transactions, in order.
    writes: Vec<Effect>,
}

#[derive(Default)]
struct Seen {
    states: HashSet<StateKind>,
    reasons: HashSet<Reason>,
    exchanges: u64,
    crashes: u64,
    lost: u64,
}

struct World {
    dice: Dice,
    now: u64,
    journal: Option<String>,
    tabs: Vec<Tab>,
    lives: u64,
    out: Vec<Out>,
    /// The codes that the provider gave, by flow.
    codes: HashMap<String, String>,
    flows: Vec<FlowState>,
    /// How often each code reached the provider.
    arrivals: HashMap<String, u64>,
    connected: HashSet<String>,
    /// Flows whose end could not be written down: who asked too early for them is not told.
    untold: HashSet<String>,
}

impl World {
    fn new(seed: u64) -> Self {
        let dice = Dice(Rc::new(Cell::new(seed)));
        let mut world = Self {
            dice,
            now: START,
            journal: None,
            tabs: Vec::new(),
            lives: 0,
            out: Vec::new(),
            codes: HashMap::new(),
            flows: Vec::new(),
            arrivals: HashMap::new(),
            connected: HashSet::new(),
            untold: HashSet::new(),
        };
        for _ in 0..3 {
            let tab = world.fresh();
            world.tabs.push(tab);
        }
        world
    }

    fn fresh(&mut self) -> Tab {
        self.lives += 1;
        let machine = OneTimeCode::new(config(), Box::new(self.dice.clone()));
        Tab { machine, life: self.lives, timers: Vec::new(), writes: Vec::new() }
    }

    fn handle(&mut self, at: usize, event: Event, seen: &mut Seen) {
        let tab = &mut self.tabs[at];
        let before = tab.machine.snapshot().state;
        let allowed = cell(before, event.kind());
        let handled = tab.machine.handle(event.clone(), self.now);
        let snapshot = tab.machine.snapshot();
        match &handled {
            Ok(_) => assert!(allowed.unwrap().contains(&snapshot.state), "{before:?} {event:?} {snapshot:?}"),
            Err(_) => assert_eq!(before, snapshot.state),
        }
        seen.states.insert(snapshot.state);
        seen.reasons.extend(snapshot.reason);
        if before != StateKind::Connected && snapshot.state == StateKind::Connected {
            let flow = tab.machine.flow().unwrap();
            assert!(self.connected.contains(flow.as_str()), "shown as connected, and is not");
        }
        for effect in handled.unwrap_or_default() {
            let life = self.tabs[at].life;
            let out = |effect, state, code| Out { tab: at, life, effect, state, code, sent_at: self.now };
            match effect {
                Effect::ChangeRecord { .. } | Effect::ReadRecord => self.tabs[at].writes.push(effect),
                Effect::Leave { state, .. } => {
                    let code = format!("code_{}", self.codes.len());
                    self.codes.insert(state.as_str().to_owned(), code);
                    self.flows.push(state);
                }
                Effect::Exchange { effect, state, code, .. } => {
                    seen.exchanges += 1;
                    self.out.push(out(effect, state, Some(code.expose().to_owned())));
                }
                Effect::AskStatus { effect, state } => self.out.push(out(effect, state, None)),
                Effect::StartTimer { effect, delay } => self.tabs[at].timers.push((effect, self.now + delay)),
                Effect::CancelTimer { effect } => self.tabs[at].timers.retain(|(timer, _)| *timer != effect),
                Effect::AbortRequest { .. } => {} // what is on its way arrives all the same
            }
        }
    }

    /// The journal runs a tab's next transaction.
    fn write(&mut self, at: usize, seen: &mut Seen) {
        if self.tabs[at].writes.is_empty() {
            return;
        }
        let event = match self.tabs[at].writes.remove(0) {
            Effect::ChangeRecord { effect, what } => {
                let mut change = Change::new(what.clone(), self.tabs[at].machine.config().limits);
                let fails = self.dice.roll(12) == 0;
                let again = self.dice.roll(8) == 0;
                let text = change.apply(self.journal.as_deref(), self.now).unwrap();
                if fails {
                    if let What::End { state, .. } = what {
                        self.untold.insert(state.as_str().to_owned());
                    }
                    Event::RecordFailed { effect }
                } else {
                    self.journal = Some(text);
                    if again {
                        self.journal = Some(change.apply(self.journal.as_deref(), self.now).unwrap());
                    }
                    // The page may die before it hears of it.
                    Event::RecordStored { effect, verdict: change.into_verdict() }
                }
            }
            Effect::ReadRecord => self.read(at),
            other => panic!("{other:?}"),
        };
        self.handle(at, event, seen);
        for other in 0..self.tabs.len() {
            if self.dice.roll(3) == 0 {
                let event = self.read(other);
                self.handle(other, event, seen);
            }
        }
    }

    fn read(&self, at: usize) -> Event {
        let record = self.journal.as_deref().map(|text| Record::decode(text).unwrap()).unwrap_or_default();
        Event::RecordRead { found: record.find(self.tabs[at].machine.flow()).map(Found::from) }
    }

    /// A request arrives, and its answer comes back, or one of them is lost.
    fn deliver(&mut self, which: usize, honest: bool, seen: &mut Seen) {
        let Out { tab, life, effect, state, code, .. } = self.out.remove(which);
        let fate = if honest { 9 } else { self.dice.roll(10) };
        let event = if let Some(code) = code {
            let answer = if fate == 0 {
                seen.lost += 1;
                ExchangeAnswer::Unknown // the request is lost
            } else {
                let arrivals = self.arrivals.entry(code.clone()).or_default();
                *arrivals += 1;
                assert_eq!(*arrivals, 1, "{code} was sent twice");
                if fate == 1 {
                    ExchangeAnswer::Refused
                } else {
                    self.connected.insert(state.as_str().to_owned());
                    if fate < 4 {
                        seen.lost += 1;
                        ExchangeAnswer::Unknown // the reply is lost
                    } else if fate == 4 {
                        ExchangeAnswer::AlreadyUsed // a proxy sent it twice
                    } else {
                        ExchangeAnswer::Connected
                    }
                }
            };
            Event::ExchangeAnswered { effect, answer }
        } else {
            let known = self.connected.contains(state.as_str());
            Event::StatusAnswered { effect, connected: (fate > 1).then_some(known) }
        };
        if self.tabs[tab].life == life {
            self.handle(tab, event, seen);
        }
    }

    fn step(&mut self, seen: &mut Seen) {
        let at = self.dice.roll(self.tabs.len());
        match self.dice.roll(16) {
            0 => self.handle(at, Event::BeginRequested, seen),
            1..4 => {
                // The shopper comes back, once, twice, in any tab; or an attacker's link is followed.
                let forged = self.dice.roll(10) == 0;
                let state = if forged {
                    FlowState::parse("forged-forged-forged-0")
                } else if self.flows.is_empty() {
                    return;
                } else {
                    let recent = self.flows.len().min(3);
                    let which = self.flows.len() - 1 - self.dice.roll(recent);
                    self.flows.get(which).cloned()
                };
                let given = state.as_ref().and_then(|state| self.codes.get(state.as_str()));
                let code = given.cloned().unwrap_or_else(|| "code_of_an_attacker".to_owned());
                let brought = match self.dice.roll(20) {
                    0 => Brought::Nothing(Reason::Denied),
                    1 => Brought::Nothing(Reason::IssuerMismatch),
                    _ => Brought::Code(Secret(Opaque::new(code))),
                };
                let received_at = self.now;
                self.handle(at, Event::Returned { state, brought, received_at }, seen);
            }
            4 => {
                let state = (self.dice.roll(2) == 0).then(|| self.flows.last().cloned()).flatten();
                self.handle(at, Event::Resumed { state }, seen);
            }
            5..9 => self.write(at, seen),
            9..12 => {
                if !self.out.is_empty() {
                    let which = self.dice.roll(self.out.len());
                    self.deliver(which, false, seen);
                }
            }
            12 => {
                // Time passes; what is due fires. A backend is done with a request within `total_time`.
                let oldest = self.out.iter().filter(|out| out.code.is_some()).map(|out| out.sent_at).min();
                let until = oldest.map_or(u64::MAX, |at| at + config().retry.total_time - 1);
                self.now = (self.now + 4_000).min(until.max(self.now));
                self.fire(seen);
            }
            13 => {
                // The page dies: a crash, a reload, a tab that is closed.
                seen.crashes += 1;
                self.tabs[at] = self.fresh();
            }
            14 => self.handle(at, Event::PageRestored, seen),
            _ => {
                let event = if self.dice.roll(2) == 0 { Event::CheckRequested } else { Event::CameOnline };
                self.handle(at, event, seen);
            }
        }
    }

    fn fire(&mut self, seen: &mut Seen) {
        for at in 0..self.tabs.len() {
            let due: Vec<_> = self.tabs[at]
                .timers
                .iter()
                .filter(|(_, due)| *due <= self.now)
                .map(|(timer, _)| *timer)
                .collect();
            for effect in due {
                self.tabs[at].timers.retain(|(timer, _)| *timer != effect);
                self.handle(at, Event::TimerFired { effect }, seen);
            }
        }
    }

    /// Everything that is under way comes to its end, with a network that works.
    fn settle(&mut self, seen: &mut Seen) {
        for _ in 0..30 {
            for at in 0..self.tabs.len() {
                self.handle(at, Event::CheckRequested, seen);
                while !self.tabs[at].writes.is_empty() {
                    self.write(at, seen);
                }
                let event = self.read(at);
                self.handle(at, event, seen);
            }
            while !self.out.is_empty() {
                self.deliver(0, true, seen);
            }
            self.now += 4_000;
            self.fire(seen);
        }
        for at in 0..self.tabs.len() {
            let event = self.read(at);
            self.handle(at, event, seen);
            let snapshot = self.tabs[at].machine.snapshot();
            let flow = self.tabs[at].machine.flow();
            let connected = flow.is_some_and(|flow| self.connected.contains(flow.as_str()));
            match snapshot.state {
                StateKind::Idle | StateKind::Away => {}
                StateKind::Connected => assert!(connected),
                StateKind::Failed if flow.is_some_and(|flow| self.untold.contains(flow.as_str())) => {}
                StateKind::Failed => assert!(!connected, "connected, and an error is shown: {snapshot:?}"),
                other => panic!("{other:?} for ever"),
            }
        }
    }
}

#[test]
fn o2_o3_a_random_walk_sends_no_code_twice_and_shows_the_truth_in_the_end() {
    let mut seen = Seen::default();
    for seed in 0..WALKS {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step(&mut seen);
        }
        world.settle(&mut seen);
    }
    // The walk has been everywhere.
    assert_eq!(seen.states.len(), StateKind::ALL.len(), "{:?}", seen.states);
    for reason in [Reason::Denied, Reason::StateUnknown, Reason::IssuerMismatch, Reason::Refused] {
        assert!(seen.reasons.contains(&reason), "{reason:?}");
    }
    assert!(
        seen.reasons.contains(&Reason::NotConnected) && seen.reasons.contains(&Reason::RecordUnavailable)
    );
    let counts = (seen.exchanges, seen.crashes, seen.lost);
    assert!(seen.exchanges > 500 && seen.crashes > 1_000 && seen.lost > 50, "{counts:?}");
}
