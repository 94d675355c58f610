//! A world around the machine: two tabs of one shopper, one journal, one lock, one merchant, and everything that can go
//! wrong. A small model of what must hold is kept beside it, made of what can be seen from outside alone.
//!
//! In an honest world the merchant tells the truth, late or not at all, and nobody is charged twice. In a dishonest
//! world it says anything at any time, the journal fails, and still no token leaves the page twice.

mod checks;
mod dice;
mod merchant;
mod walk;

pub use dice::Dice;

use merchant::Fate;
use payonce::cart::{Cart, CartHash};
use payonce::checkout::{Checkout, Config, Durability, EffectId, Event, EventKind, Rejection, StateKind};
use payonce::journal::Record;
use payonce::key::{IdempotencyKey, SessionId};
use payonce::provider::Profile;
use payonce::retry::{Jitter, RetryPolicy};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::LazyLock;

const START: u64 = 1_767_225_600_000;
const MINUTE: u64 = 60_000;
/// How many events are told of when something does not hold.
const TRAIL: usize = 40;

/// An event, for the story of a failure.
#[derive(Debug)]
#[allow(dead_code, reason = "shown by Debug")]
struct Footprint {
    tab: usize,
    at: i64,
    from: StateKind,
    became: Result<StateKind, Rejection>,
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
    /// Whether it goes on without the lock, which did not answer.
    unlocked: bool,
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

pub struct World {
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
            unlocked: false,
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
    /// Two tabs that were just loaded.
    pub fn new(dice: Dice, honest: bool) -> Self {
        let config = config(&dice, honest);
        let tabs = [Tab::new(config, &dice), Tab::new(config, &dice)];
        let mut world = Self {
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
        };
        for t in 0..2 {
            world.event(t, Event::JournalRead { record: None });
        }
        world
    }

    /// Goes on for so many steps, or until the dice's script is over. Panics as soon as something does not hold.
    pub fn walk(&mut self, steps: usize) {
        for _ in 0..steps {
            if self.dice.is_spent() {
                return;
            }
            self.step();
        }
    }

    /// Checks that the log of each tab replays to where the tab is. Costs as much as the walk.
    pub fn check_logs(&self) {
        self.tabs.iter().for_each(|tab| self.check_log(tab));
    }

    /// How many charges the merchant made.
    pub fn charges(&self) -> usize {
        self.charged.len()
    }

    /// How many attempts were sent.
    pub fn attempts(&self) -> usize {
        self.keys.len()
    }

    /// Which cells of the transition table were entered, and how often.
    pub fn covered(&self) -> &HashMap<(StateKind, EventKind), u32> {
        &self.covered
    }

    fn record(&self) -> Option<Box<Record>> {
        self.stored.as_deref().map(|text| Box::new(Record::decode(text).unwrap()))
    }

    #[track_caller]
    fn check(&self, holds: bool, what: &str) {
        if holds {
            return;
        }
        let Self { honest, trail, .. } = self;
        let trail: Vec<_> = trail.iter().map(|footprint| format!("{footprint:?}")).collect();
        panic!("{what} (honest: {honest})\n{}", trail.join("\n"));
    }

    /// Whether something could not be written down and the policy says to go on: it dies with its page.
    fn forgetful(&self) -> bool {
        self.journal_failed && self.config.durability == Durability::Preferred
    }
}
