//! The machine: what happens in which state.
//!
//! [`Checkout`] is sans-IO. An [`Event`] goes in, [`Effect`]s come out, and that is all: no clock (time is an
//! argument), no randomness of its own (the [`Entropy`] port is injected), no JavaScript. The same code runs in the
//! browser, natively and in tests.
//!
//! | file | what is decided there |
//! |---|---|
//! | `table` | which event is taken in which state |
//! | `session` | carts, sessions and the sheet (rules C, S) |
//! | `paying` | tokens, attempts, sends and resends (rules T, K, R) |
//! | `settling` | the truth about an attempt whose outcome is unknown (rules U) |
//! | `tabs` | who pays when several tabs do, and what is still true on a page that comes back (rules D) |
//! | `upkeep` | the journal, and sessions to discard (rules D) |
//! | `snapshot` | what the page may know |
//! | `model` | what a model checker needs, with the feature of that name |
#![forbid(unsafe_code)]

pub mod effect;
pub mod event;
pub mod snapshot;
pub mod table;

#[cfg(feature = "model")]
mod model;
mod paying;
mod session;
mod settling;
mod state;
mod tabs;
mod upkeep;

pub use effect::{Effect, EffectId};
pub use event::{Event, EventKind};
pub use snapshot::Snapshot;
pub use state::StateKind;
pub use table::Rejection;

use crate::attempt::{Attempt, Receipt};
use crate::journal::Record;
use crate::json::MAX_SAFE_INTEGER;
use crate::key::{self, Entropy};
use crate::log::{Entry, Log};
use crate::notice::Notice;
use crate::provider::Profile;
use crate::retry::RetryPolicy;
use crate::token::{Salt, SpentLedger};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use state::{Stage, State};

/// What a checkout is set up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How the merchant's provider carries keys and how long it keeps them.
    pub profile: Profile,
    /// When to send again.
    pub retry: RetryPolicy,
    /// Whether a journal that cannot be written stops the payment (rule D2).
    pub durability: Durability,
}

/// What happens where the journal cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Pay all the same; the snapshot says `durable: false`.
    #[default]
    Preferred,
    /// Do not pay.
    Required,
}

/// One checkout: at most one session, at most one open attempt.
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct Checkout {
    config: Config,
    entropy: Box<dyn Entropy>,
    clock: Clock,
    state: State,
    started: bool,
    online: bool,
    durable: bool,
    ledger: SpentLedger,
    notices: Vec<Notice>,
    discards: Vec<upkeep::Discarding>,
    /// Attempts of this instance that came to an end without a charge, newest last (rule U6).
    ended: Vec<Attempt>,
    /// What the journal holds, or will once the last write is done.
    written: Option<Record>,
    /// Whether the last write that was answered failed.
    unwritten: bool,
    /// Writes that are not answered yet.
    writing: Vec<EffectId>,
    log: Log,
    /// What the event at hand has led to so far.
    effects: Vec<Effect>,
    draws: Vec<u128>,
    /// The id that the write before an attempt's first send is to carry.
    recording: Option<EffectId>,
    /// What is waited for, and the timer that ends the wait.
    patience: Option<(EffectId, EffectId)>,
    /// Whether the lock is ours.
    locked: bool,
    release_lock: bool,
    /// The last charge that the shopper has seen.
    past: Option<Receipt>,
    last_id: u32,
}

/// What a handler made of an event.
struct Step {
    state: State,
    result: Result<(), Rejection>,
}

impl Step {
    const fn to(state: State) -> Self {
        Self { state, result: Ok(()) }
    }

    const fn reject(state: State, rejection: Rejection) -> Self {
        Self { state, result: Err(rejection) }
    }
}

impl Checkout {
    /// A checkout without a cart. The first event it takes is [`Event::JournalRead`].
    #[must_use]
    pub fn new(config: Config, entropy: Box<dyn Entropy>) -> Self {
        Self {
            config,
            entropy,
            clock: Clock::default(),
            state: State::default(),
            started: false,
            online: true,
            durable: false,
            ledger: SpentLedger::new(Salt::from_entropy(0)),
            notices: Vec::new(),
            discards: Vec::new(),
            ended: Vec::new(),
            written: None,
            unwritten: false,
            writing: Vec::new(),
            log: Log::new(config),
            effects: Vec::new(),
            draws: Vec::new(),
            recording: None,
            patience: None,
            locked: false,
            release_lock: false,
            past: None,
            last_id: 0,
        }
    }

    /// Takes an event that happened at `now` (milliseconds since the Unix epoch) and says what to do.
    ///
    /// Run the effects in the order given. An effect whose answer is still out stays valid whatever happens
    /// meanwhile: an answer that comes too late, or twice, is rejected here and harms nothing.
    ///
    /// # Errors
    /// [`Rejection`] when the event has no meaning now. The state is unchanged.
    pub fn handle(&mut self, event: Event, now: u64) -> Result<Vec<Effect>, Rejection> {
        let wall = now;
        let event = self.without_tokens(event);
        let before = self.clock;
        let now = self.clock.advance(wall);
        let from = self.state.kind();
        let logged = event.redacted(self.ledger.salt());
        let result = match table::cell(from, event.kind()) {
            table::Cell::Reject(rejection) => Err(rejection),
            table::Cell::To(_) => {
                let state = mem::take(&mut self.state);
                let step = self.step(state, event, wall, now);
                self.state = step.state;
                self.keep_patience();
                self.keep_record();
                step.result
            }
        };
        if result.is_err() {
            self.clock = before;
        }
        let effects = mem::take(&mut self.effects);
        self.log.push(Entry {
            n: 0,
            at: wall,
            event: logged,
            from,
            to: self.state.kind(),
            effects: effects.iter().map(Effect::redacted).collect(),
            draws: mem::take(&mut self.draws),
            rejected: result.err(),
            repeated: 0,
        });
        result.map(|()| effects)
    }

    /// The log of what happened so far, redacted.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// What this checkout was set up with.
    #[must_use]
    pub const fn config(&self) -> Config {
        self.config
    }

    fn step(&mut self, state: State, event: Event, wall: u64, now: u64) -> Step {
        match event {
            Event::JournalRead { record } => self.journal_read(state, record, now),
            Event::JournalWritten { effect, durable } => {
                self.journal_answered(state, effect, Some(durable), now)
            }
            Event::JournalFailed { effect } => self.journal_answered(state, effect, None, now),
            Event::LockGranted { effect, record } => self.lock_granted(state, effect, record, now),
            Event::LockRefused { effect } => self.lock_refused(state, effect),
            Event::LockFailed { effect } => self.lock_failed(state, effect, now),
            Event::LockFreed { record } => self.lock_freed(state, record),
            Event::JournalChanged { record } => self.journal_changed(state, record, now),
            Event::PageRestored { cart_follows } => Step::to(self.page_restored(state, cart_follows, now)),
            Event::DiscardAnswered { effect, done } => self.discard_answered(state, effect, done),
            Event::CartSet { cart, provider_ref } => self.cart_set(state, cart, provider_ref, now),
            Event::CartCleared => self.cart_cleared(state, now),
            Event::SheetCartChanged { sheet, cart } => self.sheet_cart_changed(state, sheet, cart, now),
            Event::SheetRequested { retries_in_place } => self.sheet_requested(state, retries_in_place, now),
            Event::SheetCancelled { sheet } => self.sheet_over(state, sheet, None),
            Event::SheetFailed { sheet } => self.sheet_over(state, sheet, Some(Notice::SheetUnavailable)),
            Event::SheetBusy { sheet } => self.sheet_over(state, sheet, Some(Notice::AnotherSheetOpen)),
            Event::TokenReceived { sheet, token, expires_at, cart_hash, details } => {
                // An expiry is a moment of the wall clock; the machine's own clock never runs backwards.
                let expires_at = expires_at.map(|at| now.saturating_add(at.saturating_sub(wall)));
                let delivery = paying::Delivery { token, expires_at, cart_hash, details };
                self.token_received(state, sheet, delivery, now)
            }
            Event::SendAnswered { effect, outcome } => self.send_answered(state, effect, outcome, now),
            Event::SettleAnswered { effect, answer } => self.settle_answered(state, effect, answer, now),
            Event::TimerFired { effect } => self.timer_fired(state, effect, now),
            Event::ActionEnded { effect, completed } => self.action_ended(state, effect, completed),
            Event::WentOffline => self.went_offline(state, now),
            Event::CameOnline => self.came_online(state, now),
            Event::OutcomeReported { key, outcome } => self.outcome_reported(state, key, outcome, now),
            Event::CheckRequested => self.check_requested(state),
            Event::Acknowledged => self.acknowledged(state, now),
        }
    }

    fn timer_fired(&mut self, state: State, effect: EffectId, now: u64) -> Step {
        if let Some((awaited, _)) = self.patience.take_if(|(_, timer)| *timer == effect) {
            return match state {
                State::Sending { stage: Stage::Recording(_), .. } => {
                    self.journal_answered(state, awaited, None, now)
                }
                asking => self.lock_failed(asking, awaited, now),
            };
        }
        if self.discard_timer_fired(effect) {
            return Step::to(state);
        }
        match state {
            State::Sending { open, payload, stage } => self.send_timed_out(open, payload, stage, effect, now),
            State::Waiting { open, payload, until } if until.timer() == effect => {
                Step::to(self.wait_over(open, payload, until, now))
            }
            State::Settling { open, ask, asked } => self.settle_timer_fired(open, ask, asked, effect),
            other => Step::reject(other, Rejection::LateAnswer),
        }
    }

    fn went_offline(&mut self, state: State, now: u64) -> Step {
        self.online = false;
        Step::to(match state {
            State::Waiting { open, payload, until } => self.pause_sending(open, payload, until, now),
            State::Settling { open, ask, asked } => self.pause_settling(open, ask, asked),
            other => other,
        })
    }

    fn came_online(&mut self, state: State, now: u64) -> Step {
        self.online = true;
        self.notices.retain(|notice| *notice != Notice::Offline);
        self.resume_discards();
        Step::to(match state {
            State::Waiting { open, payload, until } => self.resume_sending(open, payload, until, now),
            State::Settling { open, ask: state::Ask::Offline, asked } => self.ask(open, asked),
            State::Unresolved { open } => self.settle(open, None),
            other => other,
        })
    }

    /// Gives the lock, and the journal before a first send, so long to answer and no longer: a port that never does must
    /// not keep the shopper waiting for ever.
    fn keep_patience(&mut self) {
        let awaited = self.state.awaited();
        if self.patience.map(|(awaited, _)| awaited) == awaited {
            return;
        }
        if let Some((_, timer)) = self.patience.take() {
            self.cancel_timer(timer);
        }
        self.patience = awaited.map(|awaited| (awaited, self.start_timer(self.config.retry.send_timeout)));
    }

    /// Replaces what the shopper is told, but for what only people can mend.
    fn tell(&mut self, notice: Notice) {
        self.notices.retain(|notice| matches!(notice, Notice::ChargedTwice { .. }));
        self.notices.insert(0, notice);
    }

    /// Adds to what the shopper is told.
    fn tell_too(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    const fn new_id(&mut self) -> EffectId {
        self.last_id = self.last_id.wrapping_add(1);
        EffectId(self.last_id)
    }

    fn emit(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn start_timer(&mut self, delay: u64) -> EffectId {
        let effect = self.new_id();
        self.emit(Effect::StartTimer { effect, delay });
        effect
    }

    fn cancel_timer(&mut self, effect: EffectId) {
        self.emit(Effect::CancelTimer { effect });
    }

    fn draw(&mut self) -> u128 {
        let bits = self.entropy.draw();
        self.draws.push(bits);
        bits
    }

    fn unit(&mut self) -> f64 {
        key::unit(self.draw())
    }
}

impl core::fmt::Debug for Checkout {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_struct("Checkout").field("state", &self.state.kind()).finish_non_exhaustive()
    }
}

/// The machine's own clock: the wall clock, but one that never runs backwards.
///
/// A wall clock that is set back, by a day perhaps, must neither make a delay negative nor a key look young again, and
/// one that jumps ahead (the machine slept) must count. So every step forward is taken over and every step back is
/// not.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    /// What the wall clock said last.
    wall: u64,
    /// How far the wall clock was set back in all.
    offset: u64,
}

impl Clock {
    /// No moment lies beyond what the journal can be read back with: a clock that counts nanoseconds, or jumps there
    /// once, must not make an open attempt unreadable.
    fn advance(&mut self, wall: u64) -> u64 {
        self.offset = self.offset.saturating_add(self.wall.saturating_sub(wall));
        self.wall = wall;
        wall.saturating_add(self.offset).min(MAX_SAFE_INTEGER.unsigned_abs())
    }
}
