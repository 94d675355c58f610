//! One tab: the real core, and around it what the TypeScript driver keeps (pkg/src/checkout.ts, records.ts, lock.ts).
#![forbid(unsafe_code)]

use crate::faults::Fault;
use crate::names::Shape;
use crate::setting::Setting;
use core::fmt::Write as _;
use payonce::cart::{Cart, CartHash};
use payonce::checkout::{Checkout, Config, Durability, EffectId};
use payonce::journal::Record;
use payonce::key::{Entropy, IdempotencyKey};
use payonce::provider::Profile;
use payonce::retry::RetryPolicy;
use std::cell::{Cell, OnceCell};
use std::collections::VecDeque;
use std::rc::Rc;

pub(crate) const PROFILE: Profile = Profile::Ietf;

/// Numbers that nobody has drawn before: the low bits count, so delays with full jitter are 0.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    next: Rc<Cell<u64>>,
    stride: u64,
}

impl Draws {
    /// Each life of each tab draws from a range of its own.
    pub fn new(tab: u8, life: u8, setting: &Setting) -> Self {
        let range = (u64::from(tab) << 8 | u64::from(life)) << 32;
        Self { next: Rc::new(Cell::new(range + 1)), stride: u64::from(!setting.has(Fault::NoRandomness)) }
    }

    fn fork(&self) -> Self {
        Self { next: Rc::new(Cell::new(self.next.get())), stride: self.stride }
    }
}

impl Entropy for Draws {
    fn draw(&mut self) -> u128 {
        let next = self.next.get();
        self.next.set(next + self.stride);
        u128::from(next)
    }
}

/// A write that is not done yet.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub effect: EffectId,
    pub record: Rc<Record>,
    pub holds_lock: bool,
    /// Whether the core was told that it is done.
    pub answered: bool,
}

/// What the shopper agreed to with the token of the attempt at hand.
#[derive(Debug, Clone)]
pub(crate) struct Agreed {
    pub key: IdempotencyKey,
    pub hash: CartHash,
    /// What the page showed meanwhile.
    pub page: Option<CartHash>,
    /// The charges that the shopper had been shown.
    pub shown: Vec<IdempotencyKey>,
}

pub(crate) struct Tab {
    pub checkout: Checkout,
    draws: Draws,
    /// What this tab read first or wrote last (records.ts).
    pub base: Option<Rc<Record>>,
    pub writes: VecDeque<Write>,
    pub lock_asked: Option<EffectId>,
    /// Whether the lock is to be let go of behind the writes.
    pub releasing: bool,
    /// Whether it waits for another tab to let go of the lock.
    pub watching: bool,
    /// Whether another tab wrote the journal since this one heard of it.
    pub news: bool,
    /// The sheet that was opened last, and what it shows.
    pub sheet: Option<EffectId>,
    pub shows: Option<CartHash>,
    pub page: Option<CartHash>,
    pub action: Option<EffectId>,
    pub timers: Vec<EffectId>,
    pub online: bool,
    /// Whether it is in the back/forward cache.
    pub frozen: bool,
    pub agreed: Option<Agreed>,
    shape: OnceCell<Shape>,
}

impl Tab {
    pub fn new(draws: Draws, setting: &Setting) -> Self {
        let config = Config {
            profile: PROFILE,
            retry: RetryPolicy {
                max_retries: setting.resends,
                max_settles: setting.questions,
                ..RetryPolicy::default()
            },
            // Without a journal nothing can be promised beyond the life of a page.
            durability: Durability::Required,
        };
        Self {
            checkout: Checkout::new(config, Box::new(draws.clone())),
            draws,
            base: None,
            writes: VecDeque::new(),
            lock_asked: None,
            releasing: false,
            watching: false,
            news: false,
            sheet: None,
            shows: None,
            page: None,
            action: None,
            timers: Vec::new(),
            online: true,
            frozen: false,
            agreed: None,
            shape: OnceCell::new(),
        }
    }

    /// Forgets what it looked like: it is going to change.
    pub fn touch(&mut self) {
        self.shape.take();
    }

    /// All that what it does next depends on.
    pub fn shape(&self, t: u8) -> &Shape {
        self.shape.get_or_init(|| {
            let Self {
                checkout,
                draws: _, // names
                base,
                writes,
                lock_asked,
                releasing,
                watching,
                news,
                sheet,
                shows,
                page,
                action,
                timers,
                online,
                frozen,
                agreed,
                shape: _,
            } = self;
            let mut text = String::with_capacity(4096);
            // Writing into a string does not fail.
            let _ = checkout.describe(&mut text);
            let _ =
                write!(text, "{base:?}{writes:?}{lock_asked:?}{releasing}{watching}{news}{sheet:?}{shows:?}");
            let _ = write!(text, "{page:?}{action:?}{timers:?}{online}{frozen}{agreed:?}");
            Shape::of(core::iter::once((t, text.as_str())))
        })
    }
}

impl Clone for Tab {
    fn clone(&self) -> Self {
        let draws = self.draws.fork();
        Self {
            checkout: self.checkout.fork(Box::new(draws.clone())),
            draws,
            base: self.base.clone(),
            writes: self.writes.clone(),
            lock_asked: self.lock_asked,
            releasing: self.releasing,
            watching: self.watching,
            news: self.news,
            sheet: self.sheet,
            shows: self.shows.clone(),
            page: self.page.clone(),
            action: self.action,
            timers: self.timers.clone(),
            online: self.online,
            frozen: self.frozen,
            agreed: self.agreed.clone(),
            shape: OnceCell::new(),
        }
    }
}

/// The two carts of the shop.
pub(crate) fn cart(n: u8) -> Cart {
    thread_local! {
        static CARTS: [Cart; 2] = ["aa", "bb"].map(|hash| {
            let json = format!(r#"{{"hash":"{hash}","currency":"EUR","total":1000}}"#);
            Cart::from_json(&json).unwrap_or_else(|error| unreachable!("{error}"))
        });
    }
    CARTS.with(|[one, other]| if n == 0 { one.clone() } else { other.clone() })
}

/// The other one.
pub(crate) fn other_cart(hash: Option<&CartHash>) -> Cart {
    let first = cart(0);
    if hash == Some(first.hash()) { cart(1) } else { first }
}
