//! One-time codes: O1 to O4, and what of D5, E1, E2 and T6 is theirs.

use crate::scenario::{Numbers, START};
use payonce::checkout::EffectId;
use payonce::one_time_code::log::{CAPACITY, Log};
use payonce::one_time_code::record::{KEPT, MAX_FLOWS, Record, Stage};
use payonce::one_time_code::table::Rejection;
use payonce::one_time_code::{
    Brought, Change, Config, Effect, Event, ExchangeAnswer, FlowState, Found, OneTimeCode, Parameters,
    Reason, Secret, StateKind, Verdict, challenge, classify,
};
use payonce::outcome::Opaque;
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

const MINUTE: u64 = 60_000;
const CODE: &str = "SplxlOBeZQQYbYS6WxSbIA";

/// The record that the tabs of a shopper share.
type Journal = Rc<RefCell<Option<String>>>;

/// A page, with a journal that answers at once.
struct Page {
    machine: OneTimeCode,
    journal: Journal,
    numbers: Numbers,
    now: u64,
    /// Everything that was to be done so far.
    effects: Vec<Effect>,
    journal_works: bool,
}

impl Page {
    fn new() -> Self {
        Self::with(Config::default(), Journal::default(), Numbers::new(7), START)
    }

    fn with(config: Config, journal: Journal, numbers: Numbers, now: u64) -> Self {
        let machine = OneTimeCode::new(config, Box::new(numbers.clone()));
        Self { machine, journal, numbers, now, effects: Vec::new(), journal_works: true }
    }

    /// Another page of the same shopper: the next one, or another tab.
    fn another(&self) -> Self {
        Self::with(*self.machine.config(), Rc::clone(&self.journal), self.numbers.clone(), self.now)
    }

    fn handle(&mut self, event: Event) -> Result<(), Rejection> {
        let mut queue = self.machine.handle(event, self.now)?;
        while !queue.is_empty() {
            let mut next = Vec::new();
            for effect in queue {
                next.extend(self.run(&effect));
                self.effects.push(effect);
            }
            queue = next;
        }
        Ok(())
    }

    fn run(&mut self, effect: &Effect) -> Vec<Effect> {
        let event = match effect {
            Effect::ChangeRecord { effect, .. } if !self.journal_works => {
                Event::RecordFailed { effect: *effect }
            }
            Effect::ChangeRecord { effect, what } => {
                let mut change = Change::new(what.clone(), self.machine.config().limits);
                let stored = self.journal.borrow().clone();
                let text = change.apply(stored.as_deref(), self.now).unwrap();
                *self.journal.borrow_mut() = Some(text);
                Event::RecordStored { effect: *effect, verdict: change.into_verdict() }
            }
            Effect::ReadRecord => self.read(),
            _ => return Vec::new(),
        };
        self.machine.handle(event, self.now).unwrap()
    }

    fn read(&self) -> Event {
        let stored = self.journal.borrow();
        let record = stored.as_deref().map(|text| Record::decode(text).unwrap()).unwrap_or_default();
        Event::RecordRead { found: record.find(self.machine.flow()).map(Found::from) }
    }

    /// Another tab wrote.
    fn told(&mut self) {
        let event = self.read();
        self.handle(event).unwrap();
    }

    /// Goes to the provider. Returns `state`.
    fn begin(&mut self) -> FlowState {
        self.handle(Event::BeginRequested).unwrap();
        match self.effects.last() {
            Some(Effect::Leave { state, .. }) => state.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn returns(&mut self, state: &FlowState) {
        self.brings(state, Brought::Code(Secret(Opaque::new(CODE))));
    }

    fn brings(&mut self, state: &FlowState, brought: Brought) {
        self.handle(Event::Returned { state: Some(state.clone()), brought, received_at: self.now }).unwrap();
    }

    fn exchanges(&self) -> Vec<(EffectId, &str, Option<&str>)> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Exchange { effect, code, verifier, .. } => {
                    Some((*effect, code.expose(), verifier.as_ref().map(Opaque::expose)))
                }
                _ => None,
            })
            .collect()
    }

    fn answers(&mut self, answer: ExchangeAnswer) {
        let effect = self.exchanges().last().unwrap().0;
        self.handle(Event::ExchangeAnswered { effect, answer }).unwrap();
    }

    fn questions(&self) -> Vec<EffectId> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::AskStatus { effect, .. } => Some(*effect),
                _ => None,
            })
            .collect()
    }

    fn says(&mut self, connected: impl Into<Option<bool>>) {
        let effect = *self.questions().last().unwrap();
        self.handle(Event::StatusAnswered { effect, connected: connected.into() }).unwrap();
    }

    /// Lets the timer that was started last run out.
    fn wait(&mut self) {
        let timer = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::StartTimer { effect, delay } => Some((*effect, *delay)),
            _ => None,
        });
        let (effect, delay) = timer.unwrap();
        self.now += delay;
        self.handle(Event::TimerFired { effect }).unwrap();
    }

    fn state(&self) -> StateKind {
        self.machine.snapshot().state
    }

    fn reason(&self) -> Option<Reason> {
        self.machine.snapshot().reason
    }

    fn record(&self) -> String {
        self.journal.borrow().clone().unwrap_or_default()
    }

    /// A page whose shopper is back and whose code is out.
    fn exchanging() -> (Self, FlowState) {
        let mut before = Self::new();
        let state = before.begin();
        let mut page = before.another();
        page.returns(&state);
        assert_eq!(page.state(), StateKind::Exchanging);
        (page, state)
    }
}

fn total_time() -> u64 {
    Config::default().retry.total_time
}

// ---------------------------------------------------------------------------------------------------- O1

#[test]
fn o1_state_and_verifier_are_made_per_flow() {
    let mut page = Page::new();
    let flows: Vec<_> = (0..8).map(|_| page.begin()).collect();
    let distinct: HashSet<_> = flows.iter().map(FlowState::as_str).collect();
    assert_eq!(distinct.len(), 8);
    let challenges: HashSet<_> = page
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Leave { challenge, .. } => challenge.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(challenges.len(), 8);
}

#[test]
fn o1_the_verifier_that_is_sent_belongs_to_the_challenge_that_was_given() {
    let mut before = Page::new();
    let state = before.begin();
    let Some(Effect::Leave { challenge: Some(given), .. }) = before.effects.last() else { panic!() };
    let mut page = before.another();
    page.returns(&state);
    let (_, code, verifier) = page.exchanges()[0];
    assert_eq!(code, CODE);
    // RFC 7636 section 4.1: 43 to 128 characters.
    assert_eq!(verifier.unwrap().len(), 43);
    assert_eq!(&challenge(verifier.unwrap()), given);
}

#[test]
fn o1_nobody_leaves_before_the_flow_is_written_down() {
    let mut page = Page::new();
    page.journal_works = false;
    page.handle(Event::BeginRequested).unwrap();
    assert!(!page.effects.iter().any(|effect| matches!(effect, Effect::Leave { .. })));
    assert_eq!((page.state(), page.reason()), (StateKind::Failed, Some(Reason::RecordUnavailable)));
    page.journal_works = true;
    page.begin();
    assert_eq!(page.state(), StateKind::Away);
}

#[test]
fn o1_without_pkce_there_is_no_verifier() {
    let config = Config { pkce: false, ..Config::default() };
    let mut page = Page::with(config, Journal::default(), Numbers::new(1), START);
    let state = page.begin();
    assert_eq!(*page.machine.config(), config);
    assert!(matches!(page.effects.last(), Some(Effect::Leave { challenge: None, .. })));
    page.returns(&state);
    assert_eq!(page.exchanges()[0].2, None);
}

#[test]
fn o1_a_forged_state_is_never_sent_for() {
    let mut page = Page::new();
    page.begin();
    let forged = FlowState::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let mut victim = page.another();
    victim.returns(&forged);
    assert_eq!((victim.exchanges().len(), victim.state()), (0, StateKind::Asking));
    victim.says(false);
    assert_eq!((victim.state(), victim.reason()), (StateKind::Failed, Some(Reason::StateUnknown)));
    assert!(victim.machine.snapshot().can_begin());
}

#[test]
fn o1_a_return_without_a_state_of_ours_is_none() {
    for text in ["", "short", "AAAAAAAAAAAAAAAAAAAAA+", "AAAAAAAAAAAAAAAAAAAAAAA", "ééééééééééé"] {
        assert_eq!(FlowState::parse(text), None, "{text}");
    }
    let mut page = Page::new();
    let brought = Brought::Code(Secret(Opaque::new(CODE)));
    page.handle(Event::Returned { state: None, brought, received_at: 0 }).unwrap();
    assert_eq!((page.state(), page.reason()), (StateKind::Failed, Some(Reason::StateUnknown)));
    assert!(page.effects.is_empty());
}

#[test]
fn o1_the_verifier_is_wiped_with_the_claim() {
    let (page, _) = Page::exchanging();
    let verifier = page.exchanges()[0].2.unwrap();
    assert!(!page.record().contains(verifier));
    assert!(page.record().contains(r#""verifier":null"#));
}

#[test]
fn o1_several_flows_at_once_do_not_disturb_each_other() {
    let mut first = Page::new();
    let mut second = first.another();
    let (a, b) = (first.begin(), second.begin());
    let (mut back_b, mut back_a) = (second.another(), first.another());
    back_b.returns(&b);
    back_a.returns(&a);
    assert_ne!(back_a.exchanges()[0].2, back_b.exchanges()[0].2);
    back_b.answers(ExchangeAnswer::Refused);
    back_a.answers(ExchangeAnswer::Connected);
    assert_eq!((back_a.state(), back_b.state()), (StateKind::Connected, StateKind::Failed));
}

#[test]
fn o1_another_issuers_answer_and_a_denial_end_the_flow_unsent() {
    for reason in [Reason::Denied, Reason::ProviderError, Reason::IssuerMismatch] {
        let mut page = Page::new();
        let state = page.begin();
        let mut back = page.another();
        back.brings(&state, Brought::Nothing(reason));
        assert_eq!((back.state(), back.reason()), (StateKind::Failed, Some(reason)));
        // A code that comes for the same flow afterwards is not sent either.
        let mut again = page.another();
        again.returns(&state);
        assert_eq!((again.exchanges().len(), again.reason()), (0, Some(reason)));
    }
}

#[test]
fn o1_the_providers_answer_is_read_strictly() {
    let issuer = Some("https://provider.example");
    let read = |code: Option<&str>, error, iss, repeated, issuer| {
        let code = code.map(Opaque::new);
        match (Parameters { code, error, iss, repeated }).read(issuer) {
            Brought::Code(_) => None,
            Brought::Nothing(reason) => Some(reason),
        }
    };
    assert_eq!(read(Some(CODE), None, None, false, None), None);
    assert_eq!(read(Some(CODE), None, Some("https://whoever.example"), false, None), None);
    assert_eq!(read(Some(CODE), None, issuer, false, issuer), None);
    for iss in [None, Some("https://provider.example/"), Some("https://evil.example")] {
        assert_eq!(read(Some(CODE), None, iss, false, issuer), Some(Reason::IssuerMismatch), "{iss:?}");
        assert_eq!(read(None, Some("access_denied"), iss, false, issuer), Some(Reason::IssuerMismatch));
    }
    assert_eq!(read(None, Some("access_denied"), None, false, None), Some(Reason::Denied));
    assert_eq!(read(None, Some("server_error"), None, false, None), Some(Reason::ProviderError));
    let long = "x".repeat(Parameters::MAX_CODE + 1);
    for (code, error, repeated) in [
        (None, None, false),
        (Some(""), None, false),
        (Some(long.as_str()), None, false),
        (Some(CODE), Some("access_denied"), false),
        (Some(CODE), None, true),
    ] {
        assert_eq!(read(code, error, None, repeated, None), Some(Reason::Malformed));
    }
}

#[test]
fn o1_a_malformed_answer_does_not_use_up_the_flow() {
    let mut page = Page::new();
    let state = page.begin();
    let mut back = page.another();
    back.brings(&state, Brought::Nothing(Reason::Malformed));
    assert_eq!((back.state(), back.reason()), (StateKind::Failed, Some(Reason::Malformed)));
    let mut again = page.another();
    again.returns(&state);
    assert_eq!(again.exchanges().len(), 1);
}

// ---------------------------------------------------------------------------------------------------- O2

#[test]
fn o2_scenario_31_of_many_returns_with_one_code_one_sends() {
    let mut page = Page::new();
    let state = page.begin();
    let mut pages: Vec<_> = (0..10).map(|_| page.another()).collect();
    for page in &mut pages {
        page.returns(&state);
    }
    let sent: Vec<_> = pages.iter().map(|page| page.exchanges().len()).collect();
    assert_eq!(sent.iter().sum::<usize>(), 1, "{sent:?}");
    pages[0].answers(ExchangeAnswer::Connected);
    for page in &mut pages[1..] {
        assert_eq!(page.state(), StateKind::Asking);
        page.told();
    }
    assert!(pages.iter().all(|page| page.state() == StateKind::Connected));
}

#[test]
fn o2_a_second_return_on_the_same_page_is_not_taken() {
    let (mut page, state) = Page::exchanging();
    let brought = Brought::Code(Secret(Opaque::new(CODE)));
    let again = Event::Returned { state: Some(state), brought, received_at: 0 };
    assert_eq!(page.handle(again), Err(Rejection::UnderWay));
    assert_eq!(page.handle(Event::Resumed { state: None }), Err(Rejection::AlreadyStarted));
    assert_eq!(page.exchanges().len(), 1);
}

#[test]
fn o2_nothing_is_sent_that_could_not_be_claimed() {
    let mut before = Page::new();
    let state = before.begin();
    let mut page = before.another();
    page.journal_works = false;
    page.returns(&state);
    assert_eq!((page.exchanges().len(), page.state()), (0, StateKind::Asking));
    page.says(false);
    assert_eq!(page.reason(), Some(Reason::RecordUnavailable));
}

#[test]
fn o2_a_claim_that_was_stored_without_a_word_is_still_its_claimants() {
    let mut before = Page::new();
    let state = before.begin();
    let mut page = before.another();
    let brought = Brought::Code(Secret(Opaque::new(CODE)));
    let returned = Event::Returned { state: Some(state.clone()), brought, received_at: 0 };
    let effects = page.machine.handle(returned, page.now).unwrap();
    let [Effect::ChangeRecord { effect, what }] = &effects[..] else { panic!("{effects:?}") };
    let mut change = Change::new(what.clone(), page.machine.config().limits);
    let stored = before.record();
    let once = change.apply(Some(&stored), START).unwrap();
    // The connection broke: the journal runs the change again, over what it had stored in truth.
    let twice = change.apply(Some(&once), START).unwrap();
    assert_eq!(once, twice);
    let stored = Event::RecordStored { effect: *effect, verdict: change.into_verdict() };
    let effects = page.machine.handle(stored, page.now).unwrap();
    assert!(matches!(&effects[0], Effect::Exchange { verifier: Some(_), .. }));

    // Run again over what another page stored meanwhile, it loses.
    let mut other = Change::new(what.clone(), page.machine.config().limits);
    other.apply(Some(&before.record()), START).unwrap();
    let mut rival = before.another();
    rival.returns(&state);
    other.apply(Some(&rival.record()), START).unwrap();
    assert!(matches!(other.into_verdict(), Verdict::Lost { .. }));
}

#[test]
fn o2_a_beginning_that_was_stored_without_a_word_is_one_flow() {
    let mut page = Page::new();
    let effects = page.machine.handle(Event::BeginRequested, page.now).unwrap();
    let [Effect::ChangeRecord { what, .. }] = &effects[..] else { panic!("{effects:?}") };
    let mut change = Change::new(what.clone(), page.machine.config().limits);
    let once = change.apply(None, START).unwrap();
    *page.journal.borrow_mut() = Some(once.clone());
    let state = page.machine.flow().unwrap().clone();
    let mut back = page.another();
    back.returns(&state);
    assert_eq!(back.exchanges().len(), 1);
    // Only now the journal of the first page runs its change again.
    let again = change.apply(Some(&back.record()), START).unwrap();
    assert_eq!(again, back.record());
    *page.journal.borrow_mut() = Some(again);
    let mut twin = page.another();
    twin.returns(&state);
    assert_eq!(twin.exchanges().len(), 0);
}

/// The end of the flow before is perhaps still being written down.
#[test]
fn o2_what_became_of_another_change_sends_no_code_and_nobody_away() {
    let mut before = Page::new();
    let state = before.begin();
    let effect = EffectId(u32::MAX);
    let brought = Brought::Code(Secret(Opaque::new(CODE)));
    for event in [Event::BeginRequested, Event::Returned { state: Some(state), brought, received_at: START }]
    {
        let mut machine = before.another().machine;
        machine.handle(event, START).unwrap();
        let snapshot = machine.snapshot();
        for answer in [
            Event::RecordStored { effect, verdict: Verdict::Won { verifier: None, left: 1 } },
            Event::RecordFailed { effect },
        ] {
            assert!(machine.handle(answer, START).unwrap().is_empty());
            assert_eq!(machine.snapshot(), snapshot);
        }
    }
}

#[test]
fn o2_a_reload_after_the_claim_asks_and_a_reload_after_the_end_knows() {
    let (mut page, state) = Page::exchanging();
    let mut reloaded = page.another();
    reloaded.handle(Event::Resumed { state: Some(state.clone()) }).unwrap();
    assert_eq!((reloaded.state(), reloaded.exchanges().len()), (StateKind::Asking, 0));
    // As long as the first page may be at it, "no" is not the last word.
    reloaded.says(false);
    assert_eq!(reloaded.state(), StateKind::Asking);
    page.answers(ExchangeAnswer::Connected);
    reloaded.told();
    assert_eq!(reloaded.state(), StateKind::Connected);

    let mut later = page.another();
    later.handle(Event::Resumed { state: Some(state) }).unwrap();
    assert_eq!((later.state(), later.questions().len()), (StateKind::Connected, 0));
}

#[test]
fn o2_the_next_start_asks_what_became_of_a_claim_whoever_made_it() {
    let (page, _) = Page::exchanging();
    let mut next = page.another();
    next.handle(Event::Resumed { state: None }).unwrap();
    assert_eq!(next.state(), StateKind::Asking);
    next.says(true);
    assert_eq!(next.state(), StateKind::Connected);
    let mut calm = page.another();
    calm.handle(Event::Resumed { state: None }).unwrap();
    assert_eq!((calm.state(), calm.questions().len()), (StateKind::Idle, 0));
}

// ---------------------------------------------------------------------------------------------------- O3

#[test]
fn o3_scenario_30_already_used_is_no_error_where_the_backend_is_connected() {
    let (mut page, _) = Page::exchanging();
    page.answers(ExchangeAnswer::AlreadyUsed);
    assert_eq!((page.state(), page.reason()), (StateKind::Asking, None));
    page.says(true);
    assert_eq!(page.state(), StateKind::Connected);
    assert_eq!(page.exchanges().len(), 1);
}

#[test]
fn o3_already_used_and_not_connected_offers_a_fresh_flow() {
    let (mut page, state) = Page::exchanging();
    page.answers(ExchangeAnswer::AlreadyUsed);
    page.says(false);
    assert_eq!((page.state(), page.reason()), (StateKind::Failed, Some(Reason::NotConnected)));
    assert_ne!(page.begin(), state);
}

#[test]
fn o3_a_no_counts_only_once_the_exchange_cannot_be_under_way_any_more() {
    let (mut page, _) = Page::exchanging();
    page.answers(ExchangeAnswer::Unknown);
    let end = START + total_time();
    while page.state() == StateKind::Asking {
        page.says(false);
        if page.state() == StateKind::Asking {
            assert!(page.now < end);
            page.wait();
        }
    }
    assert_eq!((page.state(), page.reason()), (StateKind::Failed, Some(Reason::NotConnected)));
    assert!(page.now >= end);
    assert_eq!(page.exchanges().len(), 1);
}

#[test]
fn o3_a_no_from_before_that_does_not_count_either_however_late_it_is_heard() {
    let (mut page, _) = Page::exchanging();
    page.answers(ExchangeAnswer::Unknown);
    // The backend answers, the device sleeps, the exchange arrives.
    page.now += 60 * MINUTE;
    page.says(false);
    assert_eq!(page.state(), StateKind::Asking);
    page.wait();
    page.says(true);
    assert_eq!(page.state(), StateKind::Connected);
}

#[test]
fn o3_a_claim_by_a_clock_that_was_set_back_since_keeps_nobody_waiting_for_longer() {
    let (page, _) = Page::exchanging();
    let mut next = page.another();
    next.now -= 24 * 60 * MINUTE;
    let end = next.now + total_time() + Config::default().retry.cap;
    next.handle(Event::Resumed { state: None }).unwrap();
    while next.state() == StateKind::Asking && next.now < end {
        next.says(false);
        if next.state() == StateKind::Asking {
            next.wait();
        }
    }
    assert_eq!((next.state(), next.reason()), (StateKind::Failed, Some(Reason::NotConnected)));
    assert!(next.now >= START - 24 * 60 * MINUTE + total_time());
}

#[test]
fn o3_an_exchange_that_takes_too_long_is_asked_about() {
    let (mut page, _) = Page::exchanging();
    page.wait();
    assert_eq!(page.state(), StateKind::Asking);
    assert!(page.effects.iter().any(|effect| matches!(effect, Effect::AbortRequest { .. })));
    page.says(true);
    assert_eq!((page.state(), page.exchanges().len()), (StateKind::Connected, 1));
}

#[test]
fn o3_a_backend_that_does_not_answer_is_asked_a_bounded_number_of_times() {
    let (mut page, _) = Page::exchanging();
    page.answers(ExchangeAnswer::Unknown);
    while page.state() == StateKind::Asking {
        page.says(None);
        if page.state() == StateKind::Asking {
            page.wait();
        }
    }
    assert_eq!(page.state(), StateKind::Unresolved);
    assert_eq!(page.questions().len(), usize::try_from(Config::default().retry.max_settles).unwrap());
    assert_eq!(page.handle(Event::BeginRequested), Err(Rejection::UnderWay));
    page.handle(Event::CheckRequested).unwrap();
    page.says(true);
    assert_eq!(page.state(), StateKind::Connected);
}

#[test]
fn o3_a_no_that_does_not_count_yet_is_not_silence() {
    let retry = payonce::retry::RetryPolicy { max_settles: 0, ..Config::default().retry };
    let config = Config { retry, ..Config::default() };
    let mut page = Page::with(config, Journal::default(), Numbers::new(1), START);
    let state = page.begin();
    page.returns(&state);
    page.answers(ExchangeAnswer::Unknown);
    page.says(false);
    assert_eq!(page.state(), StateKind::Asking);
    page.wait();
    page.says(None);
    assert_eq!(page.state(), StateKind::Unresolved);
}

#[test]
fn o3_what_nobody_waits_for_any_more_is_stopped() {
    let stopped = |page: &Page, request: EffectId| {
        let timer = EffectId(request.0 + 1);
        let aborted =
            |effect: &Effect| matches!(effect, Effect::AbortRequest { effect } if *effect == request);
        let cancelled =
            |effect: &Effect| matches!(effect, Effect::CancelTimer { effect } if *effect == timer);
        page.effects.iter().any(aborted) && page.effects.iter().any(cancelled)
    };
    let (mut page, state) = Page::exchanging();
    page.handle(Event::PageRestored).unwrap();
    assert!(stopped(&page, page.exchanges()[0].0), "the exchange of a page that came back");
    let first = page.questions()[0];
    page.handle(Event::PageRestored).unwrap();
    assert!(stopped(&page, first), "the question of a page that came back");
    let mut other = page.another();
    other.handle(Event::Resumed { state: Some(state.clone()) }).unwrap();
    page.says(true);
    other.told();
    assert!(stopped(&other, other.questions()[0]), "a question that another tab has answered");
    let mut unsure = Page::new();
    unsure.returns(&state);
    let question = unsure.questions()[0];
    unsure.returns(&state);
    assert!(stopped(&unsure, question), "a question about an older flow");
}

#[test]
fn o3_an_unanswered_question_times_out_and_is_put_again() {
    let (mut page, _) = Page::exchanging();
    page.answers(ExchangeAnswer::Unknown);
    page.wait(); // the question's own time
    page.wait(); // the pause
    assert_eq!((page.state(), page.questions().len()), (StateKind::Asking, 2));
    page.handle(Event::CameOnline).unwrap();
    assert_eq!(page.questions().len(), 2, "one question at a time");
}

#[test]
fn o3_a_network_that_comes_back_is_used_at_once() {
    let (mut page, _) = Page::exchanging();
    page.answers(ExchangeAnswer::Unknown);
    page.says(None);
    page.handle(Event::CameOnline).unwrap();
    assert_eq!(page.questions().len(), 2);
}

#[test]
fn o3_only_the_answer_to_its_own_question_counts() {
    let effect = EffectId(u32::MAX);
    let late = |page: &mut Page| {
        let before = page.machine.snapshot();
        for event in [
            Event::ExchangeAnswered { effect, answer: ExchangeAnswer::Connected },
            Event::StatusAnswered { effect, connected: Some(true) },
            Event::TimerFired { effect },
        ] {
            assert_eq!(page.handle(event), Err(Rejection::LateAnswer));
            assert_eq!(page.machine.snapshot(), before);
        }
    };
    let (mut page, _) = Page::exchanging();
    late(&mut page);
    page.answers(ExchangeAnswer::Unknown);
    late(&mut page);
    page.says(None);
    late(&mut page);
    // And nothing was lost by it.
    page.wait();
    page.says(true);
    assert_eq!(page.state(), StateKind::Connected);
}

#[test]
fn e1_answers_are_found_by_their_names_alone() {
    use ExchangeAnswer::{AlreadyUsed, Connected, Refused, Unknown};
    for answer in [Connected, AlreadyUsed, Refused, Unknown] {
        let name = serde_json::to_value(answer).unwrap();
        assert_eq!(name.as_str().and_then(ExchangeAnswer::by_name), Some(answer), "{name}");
    }
    assert_eq!(ExchangeAnswer::by_name("Connected"), None);
}

#[test]
fn o3_a_refusal_is_definitive() {
    let (mut page, state) = Page::exchanging();
    page.answers(ExchangeAnswer::Refused);
    assert_eq!((page.state(), page.reason()), (StateKind::Failed, Some(Reason::Refused)));
    let mut reloaded = page.another();
    reloaded.handle(Event::Resumed { state: Some(state) }).unwrap();
    assert_eq!((reloaded.reason(), reloaded.questions().len()), (Some(Reason::Refused), 0));
}

#[test]
fn o3_who_asked_too_early_learns_that_it_is_connected_after_all() {
    let (mut sender, state) = Page::exchanging();
    let mut other = sender.another();
    other.now += total_time();
    other.handle(Event::Resumed { state: Some(state) }).unwrap();
    other.says(false);
    assert_eq!(other.reason(), Some(Reason::NotConnected));
    sender.answers(ExchangeAnswer::Connected);
    other.told();
    assert_eq!(other.state(), StateKind::Connected);
    // And nobody says otherwise afterwards.
    let mut late = sender.another();
    late.handle(Event::Resumed { state: sender.machine.flow().cloned() }).unwrap();
    assert_eq!(late.state(), StateKind::Connected);
}

#[test]
fn o3_the_tab_that_sent_the_shopper_away_sees_the_result() {
    let mut opener = Page::new();
    let state = opener.begin();
    let mut popup = opener.another();
    popup.returns(&state);
    opener.told();
    assert_eq!(opener.state(), StateKind::Away);
    popup.answers(ExchangeAnswer::Connected);
    opener.told();
    assert_eq!(opener.state(), StateKind::Connected);
}

#[test]
fn o3_answers_are_read_strictly() {
    use ExchangeAnswer::{AlreadyUsed, Connected, Refused, Unknown};
    for (status, body, answer) in [
        (200, r#"{"connected":true,"account":"acct_1"}"#, Connected),
        (200, r#"{"connected":false}"#, Refused),
        (200, "", Unknown),
        (200, "{}", Unknown),
        (200, r#"{"connected":"true"}"#, Unknown),
        (200, "<!doctype html><title>Sign in</title>", Unknown),
        (204, "", Unknown),
        (302, r#"{"connected":true}"#, Unknown),
        (400, r#"{"error":"invalid_grant"}"#, AlreadyUsed),
        (409, r#"{"error":"code_already_used"}"#, AlreadyUsed),
        (400, r#"{"error":"invalid_client"}"#, Refused),
        (401, r#"{"error":"login_required"}"#, Unknown),
        (404, "", Unknown),
        (429, r#"{"error":"slow_down"}"#, Unknown),
        (500, r#"{"error":"invalid_client"}"#, Unknown),
        (502, "", Unknown),
    ] {
        assert_eq!(classify(status, body), answer, "{status} {body}");
    }
}

// ---------------------------------------------------------------------------------------------------- O4

#[test]
fn o4_an_old_code_is_not_sent() {
    let lifetime = Config::default().limits.lifetime;
    for (age, sent) in [(lifetime - 1, 1), (lifetime, 0)] {
        let mut before = Page::new();
        let state = before.begin();
        let mut page = before.another();
        page.now += 20 * MINUTE + age;
        let brought = Brought::Code(Secret(Opaque::new(CODE)));
        let received_at = page.now - age;
        page.handle(Event::Returned { state: Some(state), brought, received_at }).unwrap();
        assert_eq!(page.exchanges().len(), sent, "{age}");
        if sent == 0 {
            assert_eq!((page.state(), page.reason()), (StateKind::Failed, Some(Reason::Expired)));
        }
    }
}

#[test]
fn o4_a_code_that_became_old_while_the_page_slept_is_not_sent() {
    let lifetime = Config::default().limits.lifetime;
    for (slept, sent) in [(lifetime - 1, 1), (lifetime, 0)] {
        let mut before = Page::new();
        let state = before.begin();
        let mut page = before.another();
        let (brought, received_at) = (Brought::Code(Secret(Opaque::new(CODE))), page.now);
        let returned = Event::Returned { state: Some(state), brought, received_at };
        let effects = page.machine.handle(returned, page.now).unwrap();
        let Some(Effect::ChangeRecord { effect, what }) = effects.into_iter().next() else { panic!() };
        let mut change = Change::new(what, Config::default().limits);
        change.apply(page.journal.borrow().as_deref(), page.now).unwrap();
        page.now += slept;
        page.handle(Event::RecordStored { effect, verdict: change.into_verdict() }).unwrap();
        assert_eq!(page.exchanges().len(), sent, "{slept}");
        assert_eq!(page.reason(), (sent == 0).then_some(Reason::Expired));
    }
}

#[test]
fn o4_where_nobody_knows_when_the_code_came_it_is_as_old_as_its_flow() {
    let mut before = Page::new();
    let state = before.begin();
    let mut page = before.another();
    page.now += Config::default().limits.lifetime;
    let brought = Brought::Code(Secret(Opaque::new(CODE)));
    page.handle(Event::Returned { state: Some(state), brought, received_at: 0 }).unwrap();
    assert_eq!(page.reason(), Some(Reason::Expired));
}

#[test]
fn o4_a_flow_that_took_too_long_is_over() {
    let mut before = Page::new();
    let state = before.begin();
    let mut page = before.another();
    page.now += Config::default().limits.away;
    page.returns(&state);
    assert_eq!((page.exchanges().len(), page.reason()), (0, Some(Reason::Expired)));
}

#[test]
fn o4_a_clock_that_was_set_back_makes_no_code_old() {
    let mut before = Page::new();
    let state = before.begin();
    let mut page = before.another();
    page.now -= 24 * 60 * MINUTE;
    page.returns(&state);
    assert_eq!(page.exchanges().len(), 1);
}

#[test]
fn o3_what_became_of_a_flow_is_known_for_a_day() {
    let (mut page, state) = Page::exchanging();
    page.answers(ExchangeAnswer::Refused);
    for (passed, known) in [(24 * 60 * MINUTE - 1, true), (1, false)] {
        page.now += passed;
        page.begin();
        assert_eq!(Record::decode(&page.record()).unwrap().find(Some(&state)).is_some(), known);
    }
}

#[test]
fn o1_a_clock_beyond_all_numbers_leaves_a_record_that_can_be_read() {
    let mut before = Page::new();
    before.now = u64::MAX;
    let state = before.begin();
    let mut page = before.another();
    page.returns(&state);
    assert_eq!(page.exchanges().len(), 1);
}

#[test]
fn o4_old_flows_are_forgotten_with_their_secrets() {
    let mut page = Page::new();
    let abandoned = page.begin();
    page.now += Config::default().limits.away;
    page.begin();
    assert!(!page.record().contains(abandoned.as_str()));
    for _ in 0..2 * MAX_FLOWS {
        page.begin();
    }
    assert_eq!(page.record().matches("\"state\"").count(), MAX_FLOWS);
    page.now += KEPT;
    page.begin();
    assert_eq!(page.record().matches("\"state\"").count(), 1);
}

// ---------------------------------------------------------------------------------------------------- the rest

#[test]
fn d4_a_page_out_of_the_cache_asks_instead_of_waiting_for_what_is_dead() {
    let (mut page, _) = Page::exchanging();
    page.handle(Event::PageRestored).unwrap();
    assert_eq!((page.state(), page.questions().len()), (StateKind::Asking, 1));
    let late = Event::ExchangeAnswered { effect: page.exchanges()[0].0, answer: ExchangeAnswer::Unknown };
    assert_eq!(page.handle(late), Err(Rejection::LateAnswer));
    page.handle(Event::PageRestored).unwrap();
    assert_eq!(page.questions().len(), 2);

    let mut away = Page::new();
    away.begin();
    away.handle(Event::PageRestored).unwrap();
    assert_eq!((away.state(), away.machine.snapshot().can_begin()), (StateKind::Idle, true));
}

#[test]
fn d5_a_record_that_cannot_be_read_sends_nothing() {
    let mut before = Page::new();
    let state = before.begin();
    let whole = before.record();
    for text in
        ["", "garbage", "{}", r#"{"version":1}"#, &whole[..whole.len() - 1], &whole.replace("away", "x")]
    {
        assert!(Record::decode(text).is_err(), "{text}");
        *before.journal.borrow_mut() = Some(text.to_owned());
        let mut page = before.another();
        page.returns(&state);
        assert_eq!((page.exchanges().len(), page.state()), (0, StateKind::Asking), "{text}");
    }
    let mut change = Change::new(
        payonce::one_time_code::What::End { state, end: payonce::one_time_code::End::Connected },
        Config::default().limits,
    );
    let error = change.apply(Some(r#"{"version":2,"flows":[]}"#), START).unwrap_err();
    assert_eq!(error.code.as_str(), "journal_newer");
}

#[test]
fn d5_a_record_is_read_up_to_a_length() {
    let mut page = Page::new();
    page.begin();
    let longest = 64 * 1024;
    for (len, read) in [(longest, true), (longest + 1, false), (2 * longest, false)] {
        let text = page.record() + &" ".repeat(len - page.record().len());
        assert_eq!(Record::decode(&text).is_ok(), read, "{len}");
    }
}

#[test]
fn d5_a_record_reads_back() {
    let (mut page, _) = Page::exchanging();
    page.another().begin();
    page.answers(ExchangeAnswer::Connected);
    let mut denied = page.another();
    let state = denied.begin();
    denied.brings(&state, Brought::Nothing(Reason::Denied));
    let record = Record::decode(&page.record()).unwrap();
    assert_eq!(record.encode(), page.record());
    let kept = record.find(Some(&state)).unwrap();
    assert!(matches!(kept.stage, Stage::Ended(_)));
}

#[test]
fn t6_no_code_verifier_or_state_is_in_the_log_the_record_or_debug_output() {
    let (mut page, state) = Page::exchanging();
    let verifier = page.exchanges()[0].2.unwrap().to_owned();
    page.answers(ExchangeAnswer::Unknown);
    page.says(true);
    let log = page.machine.log().to_json();
    let debug = format!("{:?} {:?}", page.effects, page.machine.log());
    for text in [&log, &debug, &page.record()] {
        assert!(!text.contains(CODE) && !text.contains(&verifier), "{text}");
    }
    assert!(!log.contains(state.as_str()) && !debug.contains(state.as_str()));
}

#[test]
fn e2_the_log_is_bounded_and_replays_to_the_same_states() {
    let (mut page, _) = Page::exchanging();
    page.answers(ExchangeAnswer::Unknown);
    page.says(None);
    page.wait();
    assert_eq!(page.handle(Event::BeginRequested), Err(Rejection::UnderWay));
    page.says(true);

    let log: Log = serde_json::from_str(&page.machine.log().to_json()).unwrap();
    assert_eq!(log.entries().len(), page.machine.log().entries().len());
    let mut replayed = OneTimeCode::new(Config::default(), Box::new(Numbers::new(99)));
    for entry in log.entries() {
        let rejected = replayed.handle(entry.event.clone(), entry.at).err();
        assert_eq!((replayed.snapshot().state, rejected), (entry.to, entry.rejected), "{entry:?}");
    }
    assert_eq!(replayed.snapshot(), page.machine.snapshot());

    assert_eq!(page.machine.log().dropped(), 0);
    for _ in 0..2 * CAPACITY {
        page.handle(Event::CameOnline).unwrap();
    }
    assert_eq!(page.machine.log().entries().len(), CAPACITY);
    assert!(page.machine.log().dropped() > 1);
}
