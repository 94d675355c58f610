//! A random walk: two tabs of one shopper, one journal, one lock, one merchant, and everything that can go wrong. A
//! small model of what must hold is kept beside it, made of what can be seen from outside alone.
//!
//! In an honest world the merchant tells the truth, late or not at all, and nobody is charged twice. In a dishonest
//! world it says anything at any time, the journal fails, and still no token leaves the page twice.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "a test fails by panicking, and tells what it covered"
)]

use payonce::cart::{Cart, CartHash};
use payonce::checkout::effect::Request;
use payonce::checkout::table::{Cell, cell};
use payonce::checkout::{
    Checkout, Config, Durability, Effect, EffectId, Event, EventKind, Rejection, Snapshot, StateKind,
};
use payonce::journal::Record;
use payonce::key::{Entropy, IdempotencyKey, SessionId};
use payonce::log;
use payonce::outcome::{
    Action, Advice, Approval, Cause, Decline, Doubt, Opaque, Outcome, Refusal, SettleAnswer, Text,
};
use payonce::provider::Profile;
use payonce::retry::{Jitter, RetryPolicy};
use payonce::token::WalletToken;
use std::cell::Cell as Mutable;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::LazyLock;

const WALKS: u64 = 500;
const STEPS: usize = 400;
const START: u64 = 1_767_225_600_000;
const MINUTE: u64 = 60_000;
/// How many events are told of when something does not hold.
const TRAIL: usize = 40;

/// SplitMix64.
#[derive(Clone)]
struct Dice(Rc<Mutable<u64>>);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    /// True once in `times` rolls.
    fn once_in(&self, times: u64) -> bool {
        self.roll(times) == 0
    }

    fn pick<T: Clone>(&self, from: &[T]) -> Option<T> {
        let sides = u64::try_from(from.len()).unwrap();
        (sides > 0).then(|| from[usize::try_from(self.roll(sides)).unwrap()].clone())
    }

    /// Takes one out.
    fn take<T>(&self, from: &mut Vec<T>) -> Option<T> {
        let sides = u64::try_from(from.len()).unwrap();
        (sides > 0).then(|| from.swap_remove(usize::try_from(self.roll(sides)).unwrap()))
    }
}

impl Entropy for Dice {
    fn draw(&mut self) -> u128 {
        u128::from(self.roll(u64::MAX)) << 64 | u128::from(self.roll(u64::MAX))
    }
}

/// An event, for the story of a failure.
#[derive(Debug)]
struct Footprint {
    #[expect(dead_code, reason = "shown by Debug")]
    tab: usize,
    #[expect(dead_code, reason = "shown by Debug")]
    at: i64,
    #[expect(dead_code, reason = "shown by Debug")]
    from: StateKind,
    #[expect(dead_code, reason = "shown by Debug")]
    became: Result<StateKind, Rejection>,
    #[expect(dead_code, reason = "shown by Debug")]
    event: Event,
}

/// A request that is out.
#[derive(Clone, Copy)]
struct Out {
    effect: EffectId,
    key: IdempotencyKey,
}

/// One tab, with what is under way for it.
struct Tab {
    checkout: Checkout,
    base: Option<Box<Record>>,
    /// Journal writes in order, each stored when it is answered.
    writes: VecDeque<(EffectId, String, bool)>,
    sheets: Vec<EffectId>,
    sends: Vec<Out>,
    questions: Vec<Out>,
    actions: Vec<Out>,
    timers: Vec<(EffectId, u64)>,
    discards: Vec<EffectId>,
    lock_asked: Option<EffectId>,
    releasing: bool,
    /// What the page shows.
    page: Option<CartHash>,
    /// What the shopper agreed to with the last token, and what the page showed then.
    agreed: Option<(CartHash, Option<CartHash>)>,
    /// Whether the cart is another one than agreed upon.
    stale: bool,
    offline: bool,
    ids: HashSet<EffectId>,
    /// The salts of its own records and of those it read. Two tabs that begin with an empty journal at once have two.
    salts: HashSet<String>,
}

/// What the merchant knows of a key.
#[derive(Clone, PartialEq)]
enum Fate {
    Challenged,
    Decided(Outcome),
    Voided,
}

/// What is known of a key for good, by everybody.
struct Known {
    token: String,
    hash: CartHash,
    session: SessionId,
    body: String,
    header: Option<String>,
    /// The charges that some tab had shown when this key was sent first.
    shown_before: HashSet<IdempotencyKey>,
}

struct World {
    seed: u64,
    dice: Dice,
    honest: bool,
    config: Config,
    now: u64,
    tabs: [Tab; 2],
    stored: Option<String>,
    lock: Option<usize>,
    /// Requests that may still arrive at the merchant.
    wire: Vec<IdempotencyKey>,
    fates: HashMap<IdempotencyKey, Fate>,
    charged: Vec<IdempotencyKey>,
    /// The charges that a tab has shown.
    shown: HashSet<IdempotencyKey>,
    keys: HashMap<IdempotencyKey, Known>,
    /// Under which key each token was sent.
    tokens: HashMap<String, IdempotencyKey>,
    minted: Vec<String>,
    /// Until when the token that was handed over last may be sent.
    expires_at: [Option<u64>; 2],
    /// The key whose outcome nobody in the browser knows.
    in_doubt: Option<IdempotencyKey>,
    /// A record could not be written: what it said may be missing in the journal.
    journal_failed: bool,
    covered: HashMap<(StateKind, EventKind), u32>,
    trail: VecDeque<Footprint>,
}

/// The carts of this shop, made once: hashing is what takes the time here.
static CARTS: LazyLock<Vec<Cart>> = LazyLock::new(|| {
    let cart = |quantity| {
        let total = quantity * 500;
        Cart::from_json(&format!(
            r#"{{"currency":"EUR","lines":[{{"id":"sku","quantity":{quantity},"unitAmount":500}}],"total":{total}}}"#
        ))
        .unwrap()
    };
    (1..=4).map(cart).collect()
});

fn cart(n: u64) -> Cart {
    CARTS[usize::try_from(n).unwrap()].clone()
}

fn config(dice: &Dice, honest: bool) -> Config {
    Config {
        profile: dice.pick(&Profile::ALL).unwrap(),
        retry: RetryPolicy {
            jitter: dice
                .pick(&[Jitter::Full, Jitter::Additive, Jitter::Equal, Jitter::Decorrelated])
                .unwrap(),
            max_retries: u32::try_from(dice.roll(5)).unwrap(),
            max_settles: 1 + u32::try_from(dice.roll(4)).unwrap(),
            ..RetryPolicy::default()
        },
        // Without a journal nothing can be promised beyond the life of the page.
        durability: if honest || dice.once_in(3) { Durability::Required } else { Durability::Preferred },
    }
}

const fn is_open(state: StateKind) -> bool {
    matches!(
        state,
        StateKind::Sending
            | StateKind::Waiting
            | StateKind::ActionRequired
            | StateKind::Settling
            | StateKind::Unresolved
    )
}

impl Tab {
    fn new(config: Config, dice: &Dice) -> Self {
        Self {
            checkout: Checkout::new(config, Box::new(dice.clone())),
            base: None,
            writes: VecDeque::new(),
            sheets: Vec::new(),
            sends: Vec::new(),
            questions: Vec::new(),
            actions: Vec::new(),
            timers: Vec::new(),
            discards: Vec::new(),
            lock_asked: None,
            releasing: false,
            page: None,
            agreed: None,
            stale: false,
            offline: false,
            ids: HashSet::new(),
            salts: HashSet::new(),
        }
    }

    /// Takes note of a cart that the page or the sheet shows.
    fn see(&mut self, hash: Option<CartHash>) {
        self.stale = match (&self.agreed, &hash) {
            (Some((agreed, page)), Some(hash)) => agreed != hash && page.as_ref() != Some(hash),
            _ => true,
        };
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let dice = Dice(Rc::new(Mutable::new(seed)));
        let honest = seed.is_multiple_of(2);
        let config = config(&dice, honest);
        let tabs = [Tab::new(config, &dice), Tab::new(config, &dice)];
        Self {
            seed,
            dice,
            honest,
            config,
            now: START,
            tabs,
            stored: None,
            lock: None,
            wire: Vec::new(),
            fates: HashMap::new(),
            charged: Vec::new(),
            shown: HashSet::new(),
            keys: HashMap::new(),
            tokens: HashMap::new(),
            minted: Vec::new(),
            expires_at: [None; 2],
            in_doubt: None,
            journal_failed: false,
            covered: HashMap::new(),
            trail: VecDeque::new(),
        }
    }

    fn record(&self) -> Option<Box<Record>> {
        self.stored.as_deref().map(|text| Box::new(Record::decode(text).unwrap()))
    }

    #[track_caller]
    fn check(&self, holds: bool, what: &str) {
        if holds {
            return;
        }
        let Self { seed, honest, trail, .. } = self;
        let trail: Vec<_> = trail.iter().map(|footprint| format!("{footprint:?}")).collect();
        panic!("{what} (seed {seed}, honest: {honest})\n{}", trail.join("\n"));
    }

    /// Whether something could not be written down and the policy says to go on: it dies with its page.
    fn forgetful(&self) -> bool {
        self.journal_failed && self.config.durability == Durability::Preferred
    }

    // The merchant

    /// A request arrives: the first one with its key decides.
    fn arrive(&mut self, key: IdempotencyKey) {
        if self.fates.contains_key(&key) {
            return;
        }
        let fate = match self.dice.roll(10) {
            0..=4 => Fate::Decided(self.charge(key)),
            5..=6 => Fate::Decided(self.decline()),
            7..=8 => Fate::Challenged,
            _ => Fate::Decided(self.refusal()),
        };
        self.fates.insert(key, fate);
    }

    fn charge(&mut self, key: IdempotencyKey) -> Outcome {
        let shown = &self.keys[&key].shown_before;
        let unseen = self.honest && self.charged.iter().any(|earlier| !shown.contains(earlier));
        self.check(
            !unseen,
            "charged although an earlier charge was not shown to the shopper when this one was made",
        );
        self.charged.push(key);
        Outcome::Approved(Approval { reference: Some(Text::new("ch_1")) })
    }

    fn decline(&self) -> Outcome {
        let advice = self.dice.pick(&[Advice::TryAgainLater, Advice::OtherCard, Advice::DoNotRetry]).unwrap();
        Outcome::Declined(Decline { code: Text::new("card_declined"), advice })
    }

    fn refusal(&self) -> Outcome {
        let (token_consumed, may_retry) = (self.dice.once_in(2), self.dice.once_in(2));
        Outcome::Rejected(Refusal { code: Text::new("postcode"), token_consumed, may_retry })
    }

    fn challenge() -> Outcome {
        let payload = Some(Opaque::new(r#"{"secret":"cs_secret"}"#));
        Outcome::ActionRequired(Action { kind: Text::new("challenge"), payload })
    }

    fn doubt(&self) -> Outcome {
        let causes = [
            Cause::Network,
            Cause::Timeout,
            Cause::InFlight,
            Cause::RateLimited,
            Cause::ServerError,
            Cause::Processing,
            Cause::AlreadyUsed,
            Cause::UnexpectedState,
            Cause::KeyMismatch,
            Cause::Unreadable,
        ];
        Outcome::Ambiguous(Doubt {
            cause: self.dice.pick(&causes).unwrap(),
            retry_after: self.dice.once_in(4).then(|| self.dice.roll(30_000)),
            should_retry: self.dice.once_in(4).then(|| self.dice.once_in(2)),
        })
    }

    fn anything(&self) -> Outcome {
        match self.dice.roll(5) {
            0 => Outcome::Approved(Approval { reference: None }),
            1 => self.decline(),
            2 => self.refusal(),
            3 => Self::challenge(),
            _ => self.doubt(),
        }
    }

    fn reply_to_send(&mut self, key: IdempotencyKey, resent: bool) -> Outcome {
        if !self.honest {
            return self.anything();
        }
        if self.dice.once_in(4) {
            return self.doubt();
        }
        if resent && self.dice.once_in(8) {
            // Refused in front of the merchant: a login that ran out between two sends.
            return Outcome::Rejected(Refusal {
                code: Text::new("unauthorized"),
                token_consumed: false,
                may_retry: true,
            });
        }
        self.arrive(key);
        match self.fates[&key].clone() {
            Fate::Decided(outcome) => outcome,
            Fate::Challenged => Self::challenge(),
            Fate::Voided => Outcome::Rejected(Refusal {
                code: Text::new("voided"),
                token_consumed: true,
                may_retry: true,
            }),
        }
    }

    fn reply_to_question(&mut self, key: IdempotencyKey) -> SettleAnswer {
        let pending = SettleAnswer::Pending { retry_after: None };
        if !self.honest {
            return match self.dice.roll(3) {
                0 => SettleAnswer::Voided,
                1 => pending,
                _ => SettleAnswer::Outcome(self.anything()),
            };
        }
        if self.dice.once_in(3) {
            return pending;
        }
        match self.fates.get(&key).cloned() {
            Some(Fate::Decided(outcome)) => SettleAnswer::Outcome(outcome),
            Some(Fate::Challenged) if self.dice.once_in(3) => SettleAnswer::Outcome(Self::challenge()),
            Some(Fate::Challenged) if self.dice.once_in(3) => {
                let outcome = self.charge(key);
                self.fates.insert(key, Fate::Decided(outcome.clone()));
                SettleAnswer::Outcome(outcome)
            }
            Some(Fate::Challenged | Fate::Voided) | None => {
                self.fates.insert(key, Fate::Voided);
                SettleAnswer::Voided
            }
        }
    }

    // The walk

    fn step(&mut self) {
        self.now += self.dice.roll(400);
        if self.dice.once_in(200) {
            self.now += self.dice.roll(60) * MINUTE;
        }
        if self.dice.once_in(200) {
            self.now -= self.dice.roll(30) * MINUTE;
        }
        let t = usize::try_from(self.dice.roll(2)).unwrap();
        match self.dice.roll(100) {
            0..=54 => self.answer(t),
            55..=84 => self.shopper(t),
            85..=87 => self.network(t),
            88..=89 => {
                if let Some(key) = self.dice.take(&mut self.wire) {
                    self.arrive(key);
                }
            }
            90 => self.report(t),
            91 => self.kill(t),
            92..=94 => self.page_life(t),
            _ => self.nonsense(t),
        }
        self.lock_goes_round();
    }

    /// Answers something that is under way.
    fn answer(&mut self, t: usize) {
        let dice = self.dice.clone();
        let tab = &self.tabs[t];
        let waiting = [
            tab.writes.is_empty(),
            tab.sends.is_empty(),
            tab.questions.is_empty(),
            tab.actions.is_empty(),
            tab.timers.is_empty(),
            tab.discards.is_empty(),
        ];
        let waiting: Vec<_> = (0..6).filter(|&n| !waiting[n]).collect();
        match dice.pick(&waiting) {
            None => {}
            Some(0) => self.answer_write(t),
            Some(1) => {
                if let Some(out) = dice.take(&mut self.tabs[t].sends) {
                    let attempt = self.tabs[t].checkout.snapshot().attempt;
                    let resent = attempt.is_some_and(|attempt| attempt.sends > 1);
                    let outcome = self.reply_to_send(out.key, resent);
                    self.event(t, Event::SendAnswered { effect: out.effect, outcome });
                }
            }
            Some(2) => {
                if let Some(out) = dice.take(&mut self.tabs[t].questions) {
                    let answer = self.reply_to_question(out.key);
                    self.event(t, Event::SettleAnswered { effect: out.effect, answer });
                }
            }
            Some(3) => {
                if let Some(out) = dice.take(&mut self.tabs[t].actions) {
                    self.event(t, Event::ActionEnded { effect: out.effect, completed: dice.once_in(2) });
                }
            }
            Some(4) => {
                if let Some((effect, due)) = dice.take(&mut self.tabs[t].timers) {
                    self.now = self.now.max(due);
                    self.event(t, Event::TimerFired { effect });
                }
            }
            Some(_) => {
                if let Some(effect) = dice.take(&mut self.tabs[t].discards) {
                    self.event(t, Event::DiscardAnswered { effect, done: dice.once_in(2) });
                }
            }
        }
    }

    fn answer_write(&mut self, t: usize) {
        let Some((effect, text, holds_lock)) = self.tabs[t].writes.pop_front() else { return };
        if !self.honest && self.dice.once_in(10) {
            self.journal_failed = true;
            self.event(t, Event::JournalFailed { effect });
            return;
        }
        let ours = Record::decode(&text).unwrap();
        let stored = self.record().map(|stored| *stored);
        let Ok(merged) = ours.clone().merged(self.tabs[t].base.as_deref(), stored, holds_lock) else {
            // As the driver does: the core is shown what stands in the way, then told that nothing was written.
            let record = self.record();
            self.event(t, Event::JournalChanged { record });
            self.event(t, Event::JournalFailed { effect });
            return;
        };
        self.stored = Some(merged.encode());
        self.tabs[t].base = Some(Box::new(ours));
        let durable = self.honest || !self.dice.once_in(10);
        self.event(t, Event::JournalWritten { effect, durable });
    }

    fn shopper(&mut self, t: usize) {
        let sheet = self.tabs[t].sheets.last().copied().unwrap_or(EffectId(0));
        // Mostly what makes sense, so that the walk gets somewhere.
        let sensible = match self.tabs[t].checkout.snapshot().state {
            StateKind::Empty => 0,
            StateKind::Ready | StateKind::Failed => 6,
            StateKind::SheetOpen => 10,
            StateKind::Unresolved => 18,
            StateKind::Succeeded => 19,
            _ => 20,
        };
        match if self.dice.once_in(2) { self.dice.roll(20) } else { sensible } {
            0..=3 => {
                let n = if self.dice.once_in(4) { self.dice.roll(4) } else { 0 };
                let provider_ref = self.dice.once_in(2).then(|| Text::new("pi_1"));
                self.event(t, Event::CartSet { cart: cart(n), provider_ref });
            }
            4 if self.dice.once_in(6) => self.event(t, Event::CartCleared),
            5 => self.event(t, Event::SheetCartChanged { sheet, cart: cart(self.dice.roll(3)) }),
            6..=9 => self.click(t),
            10..=15 => {
                let event = self.token(t, sheet);
                self.event(t, event);
            }
            16 => self.event(t, Event::SheetCancelled { sheet }),
            17 if self.dice.once_in(2) => self.event(t, Event::SheetFailed { sheet }),
            17 => self.event(t, Event::SheetBusy { sheet }),
            18 => self.event(t, Event::CheckRequested),
            19 => self.event(t, Event::Acknowledged),
            _ => {}
        }
    }

    fn click(&mut self, t: usize) {
        let before = self.tabs[t].checkout.snapshot();
        let sheets = self.tabs[t].sheets.len();
        let retries_in_place = self.dice.once_in(2);
        self.event(t, Event::SheetRequested { retries_in_place });
        let opened = self.tabs[t].sheets.len() > sheets;
        self.check(opened == before.can_pay, "the snapshot promised something else of a click");
    }

    /// Mostly a new token; sometimes one that was handed over before.
    fn token(&self, _tab: usize, sheet: EffectId) -> Event {
        let again = self.dice.once_in(3).then(|| self.dice.pick(&self.minted)).flatten();
        let text = again.unwrap_or_else(|| format!("tok_secret_{}_4242424242424242", self.minted.len()));
        let expires_at = match self.dice.roll(6) {
            0 => Some(self.now + self.dice.roll(20_000)),
            1 => Some(self.now.saturating_sub(1)),
            _ => None,
        };
        let cart_hash = self.dice.once_in(6).then(|| cart(self.dice.roll(3)).hash().clone());
        let details = self.dice.once_in(2).then(|| Opaque::new(r#"{"email":"ada@example.org"}"#));
        let token = WalletToken::new(text).unwrap();
        Event::TokenReceived { sheet, token, expires_at, cart_hash, details }
    }

    fn network(&mut self, t: usize) {
        self.tabs[t].offline = !self.tabs[t].offline;
        self.event(t, if self.tabs[t].offline { Event::WentOffline } else { Event::CameOnline });
    }

    fn report(&mut self, t: usize) {
        let keys: Vec<_> = self.keys.keys().copied().collect();
        let Some(key) = self.dice.pick(&sorted(keys)) else { return };
        let outcome = if self.honest {
            let Some(Fate::Decided(outcome)) = self.fates.get(&key).cloned() else { return };
            outcome
        } else {
            self.anything()
        };
        self.event(t, Event::OutcomeReported { key, outcome });
    }

    fn page_life(&mut self, t: usize) {
        let record = self.record();
        match self.dice.roll(8) {
            0 => self.event(t, Event::LockFreed { record }),
            1 => self.event(t, Event::JournalRead { record }),
            2..=5 => self.event(t, Event::JournalChanged { record }),
            _ => {
                let cart_follows = self.dice.once_in(2);
                self.event(t, Event::PageRestored { record, cart_follows });
            }
        }
    }

    /// The tab is killed, with everything that was under way in it, and opened again.
    fn kill(&mut self, t: usize) {
        let old = std::mem::replace(&mut self.tabs[t], Tab::new(self.config, &self.dice));
        if self.dice.once_in(10) {
            self.check_log(&old);
        }
        // What was on its way to the journal may or may not have got there.
        let stored = usize::try_from(self.dice.roll(3)).unwrap();
        let mut base = old.base;
        for (_, text, holds_lock) in old.writes.into_iter().take(stored) {
            let ours = Record::decode(&text).unwrap();
            let stored = self.record().map(|record| *record);
            let Ok(merged) = ours.clone().merged(base.as_deref(), stored, holds_lock) else { continue };
            self.stored = Some(merged.encode());
            base = Some(Box::new(ours));
        }
        if self.lock == Some(t) {
            self.lock = None;
        }
        let record = self.record();
        if self.forgetful() {
            self.tokens.clear();
        }
        self.event(t, Event::JournalRead { record });
    }

    fn nonsense(&mut self, t: usize) {
        let dice = self.dice.clone();
        let effect = EffectId(u32::try_from(dice.roll(60)).unwrap());
        // An id that is really under way is not nonsense.
        let tab = &self.tabs[t];
        let live = tab.sends.iter().chain(&tab.questions).chain(&tab.actions).any(|out| out.effect == effect)
            || tab.timers.iter().any(|(timer, _)| *timer == effect)
            || tab.discards.contains(&effect)
            || tab.writes.iter().any(|(write, ..)| *write == effect)
            || tab.lock_asked == Some(effect)
            || tab.sheets.last() == Some(&effect);
        if live {
            return;
        }
        let key = IdempotencyKey::from_entropy(u128::from(dice.roll(9)));
        let event = match dice.roll(13) {
            0 => Event::SendAnswered { effect, outcome: self.anything() },
            1 => Event::SettleAnswered { effect, answer: SettleAnswer::Voided },
            2 => Event::TimerFired { effect },
            3 => Event::ActionEnded { effect, completed: true },
            4 => Event::LockGranted { effect, record: self.record() },
            5 => Event::LockRefused { effect },
            6 => Event::JournalWritten { effect, durable: true },
            7 => Event::JournalFailed { effect },
            8 => Event::DiscardAnswered { effect, done: true },
            9 => Event::OutcomeReported { key, outcome: self.anything() },
            10 => Event::SheetCancelled { sheet: effect },
            11 => Event::SheetCartChanged { sheet: effect, cart: cart(2) },
            _ => self.token(t, effect),
        };
        let kind = event.kind();
        let before = self.tabs[t].checkout.snapshot();
        self.event(t, event);
        self.check(self.tabs[t].checkout.snapshot() == before, &format!("nonsense was taken: {kind:?}"));
    }

    /// Grants and releases the lock as the browser would.
    fn lock_goes_round(&mut self) {
        for t in 0..2 {
            // The lock is let go of once the writes before are done.
            if self.tabs[t].releasing && self.tabs[t].writes.is_empty() {
                self.tabs[t].releasing = false;
                if self.lock == Some(t) {
                    self.lock = None;
                }
            }
        }
        for t in 0..2 {
            if self.tabs[t].releasing || self.dice.once_in(3) {
                continue;
            }
            let Some(effect) = self.tabs[t].lock_asked else { continue };
            self.tabs[t].lock_asked = None;
            let record = self.record();
            if self.lock.is_some_and(|holder| holder != t) {
                self.event(t, Event::LockRefused { effect });
            } else {
                self.lock = Some(t);
                self.event(t, Event::LockGranted { effect, record });
            }
        }
        for t in 0..2 {
            let blocked = self.tabs[t].checkout.snapshot().state == StateKind::Blocked;
            if blocked && self.lock.is_none() {
                let record = self.record();
                self.event(t, Event::LockFreed { record });
            }
        }
    }

    // Into the machine, and the model of what must hold

    fn event(&mut self, t: usize, event: Event) {
        let before = self.tabs[t].checkout.snapshot();
        let kind = event.kind();
        let seen = event.clone();
        let result = self.tabs[t].checkout.handle(event, self.now);
        let after = self.tabs[t].checkout.snapshot();
        if self.trail.len() >= TRAIL {
            self.trail.pop_front();
        }
        let became = result.as_ref().map(|_| after.state).map_err(|rejection| *rejection);
        let at = self.now.wrapping_sub(START).cast_signed();
        self.trail.push_back(Footprint { tab: t, at, event: seen.clone(), from: before.state, became });
        match result {
            Err(_) => self.check(after == before, "a rejected event changed something"),
            Ok(effects) => {
                let allowed = match cell(before.state, kind) {
                    Cell::To(states) => states.contains(&after.state),
                    Cell::Reject(_) => false,
                };
                self.check(allowed, "this transition is not in the table");
                *self.covered.entry((before.state, kind)).or_default() += 1;
                self.observe(t, &seen, &before, &after);
                for effect in effects {
                    self.run(t, effect, &before);
                }
                self.check_state(t, &after);
            }
        }
    }

    /// What an accepted event means for the model.
    fn observe(&mut self, t: usize, event: &Event, before: &Snapshot, after: &Snapshot) {
        let open = before.attempt.as_ref().map(|attempt| attempt.key);
        match event {
            Event::CartSet { cart, .. } => {
                let hash = cart.hash().clone();
                self.tabs[t].see(Some(hash.clone()));
                self.tabs[t].page = Some(hash);
            }
            Event::CartCleared => {
                self.tabs[t].see(None);
                self.tabs[t].page = None;
            }
            Event::SheetCartChanged { cart, .. } if is_open(before.state) => {
                self.tabs[t].see(Some(cart.hash().clone()));
            }
            Event::TokenReceived { token, expires_at, .. } => {
                self.expires_at[t] = *expires_at;
                self.minted.push(token.expose().to_owned());
                let shown = before.cart.as_ref().map(|cart| cart.hash().clone()).unwrap();
                self.tabs[t].agreed = Some((shown, self.tabs[t].page.clone()));
                self.tabs[t].stale = false;
            }
            Event::SendAnswered { outcome, .. } => {
                let sends = before.attempt.as_ref().unwrap().sends;
                let definitive = match outcome {
                    // A refusal of a resend says nothing about the sends before it.
                    Outcome::Rejected(refusal) => sends == 1 || refusal.code.as_str() == "voided",
                    outcome => outcome.is_definitive(),
                };
                if definitive {
                    self.end(open.unwrap(), outcome);
                }
            }
            Event::SettleAnswered { answer: SettleAnswer::Voided, .. } => self.in_doubt = None,
            Event::SettleAnswered { answer: SettleAnswer::Outcome(outcome), .. }
                if outcome.is_definitive() =>
            {
                self.end(open.unwrap(), outcome);
            }
            Event::OutcomeReported { key, outcome } if open == Some(*key) => self.end(*key, outcome),
            Event::JournalRead { record }
            | Event::LockGranted { record, .. }
            | Event::LockFreed { record }
            | Event::JournalChanged { record }
            | Event::PageRestored { record, .. } => {
                self.tabs[t].base = record.clone();
                self.tabs[t].salts.extend(record.iter().map(|record| format!("{:?}", record.ledger.salt())));
            }
            _ => {}
        }
        if let Some(receipt) = &after.receipt {
            self.shown.insert(receipt.key);
        }
    }

    fn end(&mut self, key: IdempotencyKey, outcome: &Outcome) {
        if self.in_doubt == Some(key) {
            self.in_doubt = None;
        }
        if let Outcome::Rejected(Refusal { token_consumed: false, .. }) = outcome
            && let Some(known) = self.keys.get(&key)
        {
            self.tokens.remove(&known.token);
        }
    }

    fn run(&mut self, t: usize, effect: Effect, before: &Snapshot) {
        let id = match &effect {
            Effect::OpenSheet { sheet } => Some(*sheet),
            Effect::AcquireLock { effect }
            | Effect::WriteJournal { effect, .. }
            | Effect::SendAttempt { effect, .. }
            | Effect::SettleAttempt { effect, .. }
            | Effect::DiscardSession { effect, .. }
            | Effect::StartTimer { effect, .. }
            | Effect::PerformAction { effect, .. } => Some(*effect),
            _ => None,
        };
        if let Some(id) = id {
            let fresh = self.tabs[t].ids.insert(id);
            self.check(fresh, "an effect's id was used twice");
        }
        let tab = &mut self.tabs[t];
        match effect {
            Effect::OpenSheet { sheet } => tab.sheets.push(sheet),
            Effect::AcquireLock { effect } => tab.lock_asked = Some(effect),
            Effect::ReleaseLock => {
                tab.lock_asked = None;
                tab.releasing = true;
            }
            Effect::WriteJournal { effect, record, holds_lock } => {
                let held = self.lock == Some(t) && !tab.releasing;
                tab.salts.insert(format!("{:?}", Record::decode(&record).unwrap().ledger.salt()));
                tab.writes.push_back((effect, record, holds_lock));
                self.check(!holds_lock || held, "wrote as the holder of a lock that it does not hold");
            }
            Effect::SendAttempt { effect, request } => {
                tab.sends.push(Out { effect, key: request.key });
                self.wire.push(request.key);
                self.check_send(t, &request, before);
            }
            Effect::SettleAttempt { effect, key, .. } => {
                tab.questions.push(Out { effect, key });
                self.check(self.lock == Some(t) || self.forgetful(), "asks for the truth without the lock");
            }
            Effect::AbortRequest { effect } => {
                tab.sends.retain(|out| out.effect != effect);
                tab.questions.retain(|out| out.effect != effect);
                tab.actions.retain(|out| out.effect != effect);
            }
            Effect::DiscardSession { effect, .. } => tab.discards.push(effect),
            Effect::StartTimer { effect, delay } => tab.timers.push((effect, self.now.saturating_add(delay))),
            Effect::CancelTimer { effect } => tab.timers.retain(|(timer, _)| *timer != effect),
            Effect::PerformAction { effect, key, .. } => tab.actions.push(Out { effect, key }),
            Effect::RetrySheet { .. }
            | Effect::UpdateSheet { .. }
            | Effect::CompleteSheet { .. }
            | Effect::CloseSheet { .. } => {}
        }
    }

    /// Everything that must hold whenever a request for a charge goes out.
    fn check_send(&mut self, t: usize, request: &Request, before: &Snapshot) {
        let key = request.key;
        let after = self.tabs[t].checkout.snapshot();
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        let token = body["token"].as_str().unwrap().to_owned();
        let header = request.header.as_ref().map(|header| header.value.clone());

        self.check(
            matches!(before.state, StateKind::Sending | StateKind::Waiting)
                && after.state == StateKind::Sending,
            "sent in a state that does not send",
        );
        self.check(self.lock == Some(t), "sent without the lock");
        self.check(!self.tabs[t].offline, "sent while offline");
        self.check(self.expires_at[t].is_none_or(|at| self.now < at), "sent after the token expired");
        self.check(!self.tabs[t].stale, "sent although the cart has changed");
        self.check(
            after.session.is_some_and(|session| {
                session.cart_hash == request.cart_hash && session.id == request.session
            }),
            "sent for another session than the one that is there",
        );
        self.check(body["cartHash"] == request.cart_hash.as_str(), "the body names another cart");
        let in_doubt = self.in_doubt.is_some_and(|other| other != key);
        self.check(!in_doubt || self.forgetful(), "sent while another attempt is in doubt");
        self.in_doubt = Some(key);
        let under = *self.tokens.entry(token.clone()).or_insert(key);
        self.check(under == key, "a token went out under a second key");
        let named = self.record().and_then(|record| record.open).map(|attempt| attempt.key);
        self.check(named == Some(key) || self.forgetful(), "the journal does not name what is sent");
        let known = self.keys.entry(key).or_insert_with(|| Known {
            token: token.clone(),
            hash: request.cart_hash.clone(),
            session: request.session,
            body: request.body.to_string(),
            header: header.clone(),
            shown_before: self.shown.clone(),
        });
        let same = known.token == token
            && known.hash == request.cart_hash
            && known.session == request.session
            && known.body == *request.body
            && known.header == header;
        self.check(same, "two sends of one key differ");
    }

    fn check_state(&self, t: usize, after: &Snapshot) {
        self.check(
            after.attempt.is_some() == is_open(after.state),
            "an attempt where none is, or none where one is",
        );
        self.check(!(after.can_pay && after.attempt.is_some()), "a second attempt is offered");
        self.check(
            after.receipt.is_some() == (after.state == StateKind::Succeeded),
            "a receipt without success, or success without one",
        );
        if self.honest
            && let Some(receipt) = &after.receipt
        {
            self.check(self.charged.contains(&receipt.key), "success is shown without a charge");
        }
        let sending = self.tabs[t].sends.len();
        self.check(sending <= 1 || after.state == StateKind::Sending, "a request was forgotten");
        self.check(sending <= 1, "two requests for a charge are out at once");
    }

    fn check_log(&self, tab: &Tab) {
        let checkout = &tab.checkout;
        let json = checkout.log().to_json();
        for secret in ["tok_secret", "4242424242424242", "ada@example.org", "cs_secret"] {
            self.check(!json.contains(secret), &format!("{secret} is in the log"));
        }
        self.check(checkout.log().entries().len() <= log::CAPACITY, "the log is not bounded");
        if tab.salts.len() > 1 {
            return; // A logged token is known by its fingerprint under one salt.
        }
        match log::replay(&json) {
            Ok(replayed) => {
                let (replayed, original) = (replayed.snapshot(), checkout.snapshot());
                let same = replayed.attempt == original.attempt
                    && replayed.session == original.session
                    && replayed.notices == original.notices
                    && replayed.spent == original.spent
                    && replayed.cart_waiting == original.cart_waiting
                    && replayed.cart.map(|cart| cart.hash().clone())
                        == original.cart.map(|cart| cart.hash().clone());
                self.check(same, "the replay ends elsewhere");
            }
            Err(log::ReplayError::Truncated) => {}
            Err(error) => {
                let until = tab.checkout.log().entries().map(|entry| format!("{} {:?}", entry.n, entry));
                self.check(false, &format!("no replay: {error}\n{}", until.collect::<Vec<_>>().join("\n")));
            }
        }
    }
}

fn sorted(mut keys: Vec<IdempotencyKey>) -> Vec<IdempotencyKey> {
    keys.sort_unstable();
    keys
}

#[test]
fn a_random_walk_holds_every_invariant() {
    let mut covered: HashMap<(StateKind, EventKind), u32> = HashMap::new();
    let (mut steps, mut charges, mut sends) = (0_usize, 0, 0);
    for seed in 0..WALKS {
        let mut world = World::new(seed);
        for t in 0..2 {
            let record = world.record();
            world.event(t, Event::JournalRead { record });
        }
        for _ in 0..STEPS {
            world.step();
        }
        if seed.is_multiple_of(5) {
            world.tabs.iter().for_each(|tab| world.check_log(tab));
        }
        steps += STEPS;
        charges += world.charged.len();
        sends += world.keys.len();
        for (cell, times) in world.covered {
            *covered.entry(cell).or_default() += times;
        }
    }
    let all =
        StateKind::ALL.iter().flat_map(|&state| EventKind::ALL.iter().map(move |&event| (state, event)));
    let taken: Vec<_> = all.filter(|&(state, event)| matches!(cell(state, event), Cell::To(_))).collect();
    let missed: Vec<_> = taken.iter().filter(|cell| !covered.contains_key(cell)).collect();
    eprintln!(
        "{steps} steps, {sends} attempts sent, {charges} charges, {} of {} cells entered; not entered: {missed:?}",
        taken.len() - missed.len(),
        taken.len(),
    );
    assert!(steps >= 200_000 && charges > 500);
    let states: HashSet<_> = covered.keys().map(|(state, _)| *state).collect();
    assert_eq!(states.len(), StateKind::ALL.len(), "some state was never left: {states:?}");
    assert!(missed.len() * 10 <= taken.len(), "the walk does not get around: {missed:?}");
}
