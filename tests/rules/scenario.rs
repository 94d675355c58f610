//! A checkout with a fake world around it. The lock and the journal answer at once unless a test takes that over; the
//! shopper, the merchant and the timers are the test's.

use payonce::cart::Cart;
use payonce::checkout::effect::Request;
use payonce::checkout::table;
use payonce::checkout::{
    Checkout, Config, Durability, Effect, EffectId, Event, Rejection, Snapshot, StateKind,
};
use payonce::journal::Record;
use payonce::key::{Entropy, IdempotencyKey, SessionId};
use payonce::outcome::{
    Action, Advice, Approval, Cause, Decline, Doubt, Opaque, Outcome, Refusal, SettleAnswer, Text,
};
use payonce::provider::Profile;
use payonce::retry::RetryPolicy;
use payonce::token::WalletToken;
use std::cell::Cell;
use std::rc::Rc;

/// 2026-01-01T00:00:00Z.
pub const START: u64 = 1_767_225_600_000;
pub const HOUR: u64 = 3_600_000;

pub const CONFIG: Config = Config {
    profile: Profile::Stripe,
    retry: RetryPolicy {
        jitter: payonce::retry::Jitter::Full,
        base: 2_000,
        cap: 8_000,
        max_retries: 4,
        total_time: 25_000,
        send_timeout: 10_000,
        max_settles: 3,
    },
    durability: Durability::Preferred,
};

/// The shopper asks to pay with a wallet whose sheet can ask for another card.
pub const CLICK: Event = Event::SheetRequested { retries_in_place: true };

/// SplitMix64, twice per draw. Shared, so that checkouts that follow each other in a test never draw the same.
#[derive(Clone)]
pub struct Numbers(Rc<Cell<u64>>);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(Rc::new(Cell::new(seed)))
    }

    pub fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Entropy for Numbers {
    fn draw(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }
}

/// A merchant's request, with the secret body that `Request` does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub key: IdempotencyKey,
    pub session: SessionId,
    pub hash: String,
    pub provider_ref: Option<String>,
    pub header: Option<(String, String)>,
    pub body: String,
}

impl From<&Request> for Sent {
    fn from(request: &Request) -> Self {
        Self {
            key: request.key,
            session: request.session,
            hash: request.cart_hash.to_string(),
            provider_ref: request.provider_ref.as_ref().map(|text| text.as_str().to_owned()),
            header: request.header.as_ref().map(|header| (header.name.clone(), header.value.clone())),
            body: request.body.to_string(),
        }
    }
}

impl Sent {
    /// The token that the body carries.
    pub fn token(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body["token"].as_str().unwrap().to_owned()
    }
}

pub struct Scenario {
    pub checkout: Checkout,
    pub config: Config,
    pub now: u64,
    /// Everything that was to be done so far, by this checkout and those before it.
    pub effects: Vec<Effect>,
    /// What the journal holds.
    pub journal: Option<String>,
    /// What this checkout read there or wrote there last.
    base: Option<Box<Record>>,
    /// Whether the wallet's sheet can ask for another card.
    pub retries_in_place: bool,
    /// Whether the lock is granted and the journal written at once.
    pub lock_answers: bool,
    pub journal_answers: bool,
    pub numbers: Numbers,
}

impl Scenario {
    /// A page that was just loaded, with nothing in its journal.
    pub fn new() -> Self {
        Self::with(CONFIG)
    }

    pub fn with(config: Config) -> Self {
        Self::start(config, None, Numbers::new(1))
    }

    pub fn start(config: Config, journal: Option<String>, numbers: Numbers) -> Self {
        let mut scenario = Self::unread(config, journal, numbers);
        scenario.read_journal();
        scenario
    }

    /// A page that has not read its journal yet.
    pub fn unread(config: Config, journal: Option<String>, numbers: Numbers) -> Self {
        Self {
            checkout: Checkout::new(config, Box::new(numbers.clone())),
            config,
            now: START,
            effects: Vec::new(),
            journal,
            base: None,
            retries_in_place: true,
            lock_answers: true,
            journal_answers: true,
            numbers,
        }
    }

    pub fn read_journal(&mut self) -> Vec<Effect> {
        let record = self.record();
        self.ok(Event::JournalRead { record })
    }

    /// Another tab of the same shopper, loaded now.
    pub fn other_tab(&self) -> Self {
        let mut tab = Self::unread(self.config, self.journal.clone(), self.numbers.clone());
        tab.now = self.now;
        tab.read_journal();
        tab
    }

    /// The page is loaded anew, after a reload, a crash or a kill. The effects so far stay on record.
    pub fn reload(&mut self) -> Vec<Effect> {
        self.checkout = Checkout::new(self.config, Box::new(self.numbers.clone()));
        self.read_journal()
    }

    /// The page comes back out of the back/forward cache, and reads the journal.
    pub fn restore(&mut self, cart_follows: bool) -> Vec<Effect> {
        let mut effects = self.ok(Event::PageRestored { cart_follows });
        let record = self.record();
        effects.extend(self.ok(Event::JournalChanged { record }));
        effects
    }

    pub fn record(&self) -> Option<Box<Record>> {
        self.journal.as_deref().map(|text| Box::new(Record::decode(text).unwrap()))
    }

    // Steps

    /// Hands over an event and nothing else.
    pub fn try_event(&mut self, event: Event) -> Result<Vec<Effect>, Rejection> {
        let read = match &event {
            Event::JournalRead { record }
            | Event::LockGranted { record, .. }
            | Event::LockFreed { record } => Some(record.clone()),
            _ => None,
        };
        let cell = (self.state(), event.kind());
        let result = self.checkout.handle(event, self.now);
        crate::coverage::enter(cell, result.is_ok());
        let effects = result?;
        let (before, event) = cell;
        let allowed =
            matches!(table::cell(before, event), table::Cell::To(states) if states.contains(&self.state()));
        assert!(allowed, "{before:?} became {:?} with {event:?}, which is not in the table", self.state());
        self.base = read.unwrap_or(self.base.take());
        self.effects.extend(effects.iter().cloned());
        for effect in &effects {
            if let Effect::WriteJournal { record, holds_lock, .. } = effect {
                let ours = Record::decode(record).unwrap();
                let stored = self.record().map(|stored| *stored);
                let merged = ours.clone().merged(self.base.as_deref(), stored, *holds_lock).unwrap();
                self.journal = Some(merged.encode());
                self.base = Some(Box::new(ours));
            }
        }
        Ok(effects)
    }

    /// Hands over an event that must be taken, and runs the lock and the journal. Gives everything that came of it.
    pub fn ok(&mut self, event: Event) -> Vec<Effect> {
        let shown = format!("{event:?}");
        self.try_run(event).unwrap_or_else(|error| panic!("{error}: {shown}"))
    }

    /// Hands over an event, and runs the lock and the journal. Gives everything that came of it.
    pub fn try_run(&mut self, event: Event) -> Result<Vec<Effect>, Rejection> {
        let mut all = self.try_event(event)?;
        let mut done = 0;
        while let Some(effect) = all.get(done).cloned() {
            done += 1;
            let answer = match effect {
                Effect::AcquireLock { effect } if self.lock_answers => {
                    Event::LockGranted { effect, record: self.record() }
                }
                Effect::WriteJournal { effect, .. } if self.journal_answers => {
                    Event::JournalWritten { effect, durable: true }
                }
                _ => continue,
            };
            all.extend(self.try_event(answer).unwrap());
        }
        Ok(all)
    }

    /// Hands over an event that must be rejected, and checks that it changed nothing.
    pub fn refused(&mut self, event: Event, why: Rejection) {
        let before = self.snapshot();
        let shown = format!("{event:?}");
        assert_eq!(self.try_event(event).map(drop), Err(why), "{shown}");
        assert_eq!(self.snapshot(), before, "{shown} was rejected, but changed something");
    }

    pub fn set_cart(&mut self, cart: Cart) -> Vec<Effect> {
        self.ok(Event::CartSet { cart, provider_ref: None })
    }

    pub fn set_cart_with_ref(&mut self, cart: Cart, provider_ref: &str) -> Vec<Effect> {
        self.ok(Event::CartSet { cart, provider_ref: Some(Text::new(provider_ref)) })
    }

    pub fn clear_cart(&mut self) -> Vec<Effect> {
        self.ok(Event::CartCleared)
    }

    pub fn open_sheet(&mut self) -> Vec<Effect> {
        self.ok(Event::SheetRequested { retries_in_place: self.retries_in_place })
    }

    pub fn cancel_sheet(&mut self) -> Vec<Effect> {
        let sheet = self.sheet();
        self.ok(Event::SheetCancelled { sheet })
    }

    pub fn token(&mut self, text: &str) -> Vec<Effect> {
        let event = self.token_event(text);
        self.ok(event)
    }

    pub fn token_event(&self, text: &str) -> Event {
        Event::TokenReceived {
            sheet: self.sheet(),
            token: WalletToken::new(text.into()).unwrap(),
            expires_at: None,
            cart_hash: None,
            details: None,
        }
    }

    pub fn token_until(&mut self, text: &str, expires_at: u64) -> Vec<Effect> {
        let event = Event::TokenReceived {
            sheet: self.sheet(),
            token: WalletToken::new(text.into()).unwrap(),
            expires_at: Some(expires_at),
            cart_hash: None,
            details: None,
        };
        self.ok(event)
    }

    pub fn answer(&mut self, outcome: Outcome) -> Vec<Effect> {
        let effect = self.send();
        self.ok(Event::SendAnswered { effect, outcome })
    }

    pub fn approve(&mut self) -> Vec<Effect> {
        self.answer(approved())
    }

    pub fn decline(&mut self, code: &str) -> Vec<Effect> {
        self.answer(declined(code))
    }

    pub fn lose_reply(&mut self) -> Vec<Effect> {
        self.answer(lost())
    }

    pub fn settle(&mut self, answer: SettleAnswer) -> Vec<Effect> {
        let effect = self.question();
        self.ok(Event::SettleAnswered { effect, answer })
    }

    pub fn settle_voided(&mut self) -> Vec<Effect> {
        self.settle(SettleAnswer::Voided)
    }

    pub fn settle_pending(&mut self) -> Vec<Effect> {
        self.settle(SettleAnswer::Pending { retry_after: None })
    }

    pub fn settle_with(&mut self, outcome: Outcome) -> Vec<Effect> {
        self.settle(SettleAnswer::Outcome(outcome))
    }

    pub fn report(&mut self, key: IdempotencyKey, outcome: Outcome) -> Vec<Effect> {
        self.ok(Event::OutcomeReported { key, outcome })
    }

    pub fn end_action(&mut self, completed: bool) -> Vec<Effect> {
        let effect = self.action();
        self.ok(Event::ActionEnded { effect, completed })
    }

    pub fn go_offline(&mut self) -> Vec<Effect> {
        self.ok(Event::WentOffline)
    }

    pub fn come_online(&mut self) -> Vec<Effect> {
        self.ok(Event::CameOnline)
    }

    /// Lets the running timer run out, at its time.
    pub fn fire_timer(&mut self) -> Vec<Effect> {
        let (effect, delay) = self.timer().expect("no timer is running");
        self.now += delay;
        self.ok(Event::TimerFired { effect })
    }

    pub fn pass(&mut self, millis: u64) -> &mut Self {
        self.now += millis;
        self
    }

    // States, each reached the way a shopper would

    pub fn into_ready(mut self) -> Self {
        self.set_cart_with_ref(cart("sku", 1), "pi_1");
        self.expect(StateKind::Ready)
    }

    pub fn into_sheet_open(self) -> Self {
        let mut scenario = self.into_ready();
        scenario.open_sheet();
        scenario.expect(StateKind::SheetOpen)
    }

    /// The first send of `tok_a` is on the network.
    pub fn into_sending(self) -> Self {
        let mut scenario = self.into_sheet_open();
        scenario.token("tok_a");
        scenario.expect(StateKind::Sending)
    }

    pub fn into_waiting(self) -> Self {
        let mut scenario = self.into_sending();
        scenario.lose_reply();
        scenario.expect(StateKind::Waiting)
    }

    pub fn into_action_required(self) -> Self {
        let mut scenario = self.into_sending();
        scenario.answer(challenge());
        scenario.expect(StateKind::ActionRequired)
    }

    pub fn into_settling(self) -> Self {
        let mut scenario = self.into_sending();
        scenario.answer(doubt(Cause::AlreadyUsed));
        scenario.expect(StateKind::Settling)
    }

    pub fn into_unresolved(self) -> Self {
        let mut scenario = self.into_settling();
        for _ in 1..scenario.config.retry.max_settles {
            scenario.settle_pending();
            scenario.fire_timer();
        }
        scenario.settle_pending();
        scenario.expect(StateKind::Unresolved)
    }

    pub fn into_succeeded(self) -> Self {
        let mut scenario = self.into_sending();
        scenario.approve();
        scenario.expect(StateKind::Succeeded)
    }

    pub fn into_blocked(self) -> Self {
        let mut scenario = self.into_sheet_open();
        scenario.lock_answers = false;
        scenario.token("tok_a");
        let effect = scenario.lock();
        scenario.ok(Event::LockRefused { effect });
        scenario.lock_answers = true;
        scenario.expect(StateKind::Blocked)
    }

    pub fn into_failed(self) -> Self {
        let mut scenario = self.into_sending();
        scenario.answer(rejected("session_unknown", true, false));
        scenario.expect(StateKind::Failed)
    }

    /// A scenario in that state.
    pub fn in_state(state: StateKind) -> Self {
        let scenario = Self::new();
        match state {
            StateKind::Empty => scenario,
            StateKind::Ready => scenario.into_ready(),
            StateKind::SheetOpen => scenario.into_sheet_open(),
            StateKind::Sending => scenario.into_sending(),
            StateKind::Waiting => scenario.into_waiting(),
            StateKind::ActionRequired => scenario.into_action_required(),
            StateKind::Settling => scenario.into_settling(),
            StateKind::Unresolved => scenario.into_unresolved(),
            StateKind::Succeeded => scenario.into_succeeded(),
            StateKind::Blocked => scenario.into_blocked(),
            StateKind::Failed => scenario.into_failed(),
        }
        .expect(state)
    }

    #[track_caller]
    fn expect(self, state: StateKind) -> Self {
        assert_eq!(self.state(), state);
        self
    }

    // What can be seen

    pub fn snapshot(&self) -> Snapshot {
        self.checkout.snapshot()
    }

    pub fn state(&self) -> StateKind {
        self.snapshot().state
    }

    /// The codes of the notices, in order.
    pub fn notices(&self) -> Vec<&'static str> {
        self.snapshot().notices.iter().map(payonce::notice::Notice::code).collect()
    }

    pub fn key(&self) -> IdempotencyKey {
        self.snapshot().attempt.expect("no attempt is open").key
    }

    pub fn session(&self) -> SessionId {
        self.snapshot().session.expect("there is no session").id
    }

    /// Every request for a charge, in order.
    pub fn sends(&self) -> Vec<Sent> {
        sends(&self.effects)
    }

    pub fn last_send(&self) -> Sent {
        self.sends().pop().expect("nothing was sent")
    }

    fn last(&self, pick: impl Fn(&Effect) -> Option<EffectId>) -> EffectId {
        self.effects.iter().rev().find_map(pick).expect("there was no such effect")
    }

    pub fn sheet(&self) -> EffectId {
        self.last(|effect| if let Effect::OpenSheet { sheet } = effect { Some(*sheet) } else { None })
    }

    pub fn send(&self) -> EffectId {
        self.last(|effect| if let Effect::SendAttempt { effect, .. } = effect { Some(*effect) } else { None })
    }

    pub fn question(&self) -> EffectId {
        self.last(
            |effect| if let Effect::SettleAttempt { effect, .. } = effect { Some(*effect) } else { None },
        )
    }

    pub fn action(&self) -> EffectId {
        self.last(
            |effect| if let Effect::PerformAction { effect, .. } = effect { Some(*effect) } else { None },
        )
    }

    pub fn lock(&self) -> EffectId {
        self.last(|effect| if let Effect::AcquireLock { effect } = effect { Some(*effect) } else { None })
    }

    pub fn write(&self) -> EffectId {
        self.last(
            |effect| if let Effect::WriteJournal { effect, .. } = effect { Some(*effect) } else { None },
        )
    }

    pub fn discard(&self) -> EffectId {
        self.last(
            |effect| if let Effect::DiscardSession { effect, .. } = effect { Some(*effect) } else { None },
        )
    }

    /// The timer that was started last, unless it was stopped.
    pub fn timer(&self) -> Option<(EffectId, u64)> {
        let (timer, delay) = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::StartTimer { effect, delay } => Some((*effect, *delay)),
            _ => None,
        })?;
        let stopped = |effect: &Effect| matches!(effect, Effect::CancelTimer { effect } if *effect == timer);
        (!self.effects.iter().any(stopped)).then_some((timer, delay))
    }
}

pub fn sends(effects: &[Effect]) -> Vec<Sent> {
    effects
        .iter()
        .filter_map(|effect| {
            if let Effect::SendAttempt { request, .. } = effect { Some(request.into()) } else { None }
        })
        .collect()
}

/// The effects' names, without timers and the journal, which most tests do not care about.
pub fn names(effects: &[Effect]) -> Vec<&'static str> {
    effects
        .iter()
        .filter_map(|effect| {
            Some(match effect {
                Effect::OpenSheet { .. } => "OpenSheet",
                Effect::RetrySheet { .. } => "RetrySheet",
                Effect::UpdateSheet { .. } => "UpdateSheet",
                Effect::CompleteSheet { success: true, .. } => "CompleteSheet(success)",
                Effect::CompleteSheet { success: false, .. } => "CompleteSheet(fail)",
                Effect::CloseSheet { .. } => "CloseSheet",
                Effect::AcquireLock { .. } => "AcquireLock",
                Effect::ReleaseLock => "ReleaseLock",
                Effect::SendAttempt { .. } => "SendAttempt",
                Effect::SettleAttempt { .. } => "SettleAttempt",
                Effect::AbortRequest { .. } => "AbortRequest",
                Effect::DiscardSession { .. } => "DiscardSession",
                Effect::PerformAction { .. } => "PerformAction",
                Effect::WriteJournal { .. } | Effect::StartTimer { .. } | Effect::CancelTimer { .. } => {
                    return None;
                }
            })
        })
        .collect()
}

/// The sessions that the merchant was told of, with their provider objects.
pub fn discards(effects: &[Effect]) -> Vec<(SessionId, Option<&str>)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::DiscardSession { session, provider_ref, .. } => {
                Some((*session, provider_ref.as_ref().map(Text::as_str)))
            }
            _ => None,
        })
        .collect()
}

/// `quantity` pieces of `id` at 10.00 each.
pub fn cart(id: &str, quantity: u64) -> Cart {
    let total = quantity * 1_000;
    Cart::from_json(&format!(
        r#"{{"currency":"USD","lines":[{{"id":"{id}","quantity":{quantity},"unitAmount":1000}}],"total":{total}}}"#
    ))
    .unwrap()
}

pub fn approved() -> Outcome {
    Outcome::Approved(Approval { reference: Some(Text::new("ch_1")) })
}

pub fn declined(code: &str) -> Outcome {
    Outcome::Declined(Decline { code: Text::new(code), advice: Advice::OtherCard })
}

pub fn rejected(code: &str, token_consumed: bool, may_retry: bool) -> Outcome {
    Outcome::Rejected(Refusal { code: Text::new(code), token_consumed, may_retry })
}

pub fn doubt(cause: Cause) -> Outcome {
    Outcome::Ambiguous(Doubt::new(cause))
}

/// The reply never came.
pub fn lost() -> Outcome {
    doubt(Cause::Network)
}

pub fn challenge() -> Outcome {
    Outcome::ActionRequired(Action {
        kind: Text::new("challenge"),
        payload: Some(Opaque::new(r#"{"clientSecret":"pi_1_secret_xyz"}"#)),
    })
}
