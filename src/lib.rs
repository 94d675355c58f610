//! One cart, one charge: the state of a browser-side payment sheet.
//!
//! A storefront opens a wallet's sheet, gets a token, sends it to its backend and shows what came of it. Between
//! those steps replies get lost, pages are reloaded, shoppers click twice and wallets hand over tokens that were used
//! before. This crate owns the state in between, so that no shopper pays twice, pays for a stale cart, has a spent
//! token sent again, or sees an error for a payment that went through.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | [cart](cart::Cart) | currency, lines, adjustments, total; its [hash](cart::CartHash) is SHA-256 over a canonical form |
//! | [session](attempt::Session) | the right to pay for one cart; it dies with its cart hash |
//! | sheet | the wallet's user interface |
//! | [wallet token](token::WalletToken) | what the sheet returns: single-use, secret; all that outlives it is a [fingerprint](token::Fingerprint) in the [spent ledger](token::SpentLedger) |
//! | [attempt](attempt::Attempt) | one try to charge: one token, one [idempotency key](key::IdempotencyKey), one cart hash, one session |
//! | send | one HTTP request of an attempt; all of an attempt's sends are the same bytes under the same key |
//! | [outcome](outcome::Outcome) | what became of a send: approved, declined, action required, rejected, or ambiguous: nobody knows |
//! | settle | to ask the merchant for the truth about a key: an outcome, or a fence that voids it for ever |
//! | [notice](notice::Notice) | what the shopper should be told |
//! | [journal](journal::Record) | the durable record of session, open attempt and spent ledger; never a token |
//!
//! # Driving it
//!
//! [`Checkout`](checkout::Checkout) does no I/O. An [event](checkout::Event) goes in, [effects](checkout::Effect) come
//! out; whoever drives it runs them and hands back what came of each as another event. Time is an argument,
//! randomness is [injected](key::Entropy).
//!
//! 1. The first event is [`JournalRead`](checkout::Event::JournalRead).
//! 2. Run the effects of one event in their order, before anybody else is told.
//! 3. Answer each effect once, with its id. Late and second answers are [rejected](checkout::Rejection) and harmless.
//!
//! ```
//! use payonce::cart::Cart;
//! use payonce::checkout::{Checkout, Config, Durability, Effect, Event, StateKind};
//! use payonce::key::Entropy;
//! use payonce::outcome::{Approval, Cause, Doubt, Outcome};
//! use payonce::provider::Profile;
//! use payonce::retry::RetryPolicy;
//! use payonce::token::WalletToken;
//!
//! struct Counter(u128); // for the example alone: use the operating system's randomness
//! impl Entropy for Counter {
//!     fn draw(&mut self) -> u128 {
//!         self.0 += 1;
//!         self.0
//!     }
//! }
//!
//! let config = Config {
//!     profile: Profile::Ietf,
//!     retry: RetryPolicy::default(),
//!     durability: Durability::Preferred,
//! };
//! let mut checkout = Checkout::new(config, Box::new(Counter(0)));
//! checkout.handle(Event::JournalRead { record: None }, 0)?;
//! let cart = Cart::from_json(
//!     r#"{"currency":"EUR","lines":[{"id":"mug","quantity":1,"unitAmount":990}],"total":990}"#,
//! )?;
//! checkout.handle(Event::CartSet { cart, provider_ref: None }, 1)?;
//!
//! let effects = checkout.handle(Event::SheetRequested { retries_in_place: true }, 2)?;
//! let [Effect::OpenSheet { sheet }] = effects[..] else { panic!() };
//!
//! let token = WalletToken::new("tok_1".into())?;
//! let effects = checkout.handle(
//!     Event::TokenReceived { sheet, token, expires_at: None, cart_hash: None, details: None },
//!     3,
//! )?;
//! let lock = effects.iter().find_map(|effect| match effect {
//!     Effect::AcquireLock { effect } => Some(*effect),
//!     _ => None,
//! });
//! let effects = checkout.handle(Event::LockGranted { effect: lock.unwrap(), record: None }, 4)?;
//! let write = effects.iter().find_map(|effect| match effect {
//!     Effect::WriteJournal { effect, .. } => Some(*effect),
//!     _ => None,
//! });
//! // The journal names the attempt before anything is sent.
//! let effects = checkout.handle(Event::JournalWritten { effect: write.unwrap(), durable: true }, 5)?;
//! let sent = effects.iter().find_map(|effect| match effect {
//!     Effect::SendAttempt { effect, request } => Some((*effect, request.key)),
//!     _ => None,
//! });
//! let (send, key) = sent.unwrap();
//!
//! // The reply is lost: nobody knows whether the card was charged.
//! let lost = Outcome::Ambiguous(Doubt::new(Cause::Network));
//! let effects = checkout.handle(Event::SendAnswered { effect: send, outcome: lost }, 6)?;
//! assert_eq!(checkout.snapshot().state, StateKind::Waiting);
//! let timer = effects.iter().find_map(|effect| match effect {
//!     Effect::StartTimer { effect, .. } => Some(*effect),
//!     _ => None,
//! });
//!
//! // The same attempt is sent again, under the same key.
//! let effects = checkout.handle(Event::TimerFired { effect: timer.unwrap() }, 2_000)?;
//! let again = effects.iter().find_map(|effect| match effect {
//!     Effect::SendAttempt { effect, request } => Some((*effect, request.key)),
//!     _ => None,
//! });
//! assert_eq!(again.unwrap().1, key);
//!
//! let outcome = Outcome::Approved(Approval { reference: None });
//! checkout.handle(Event::SendAnswered { effect: again.unwrap().0, outcome }, 2_100)?;
//! assert_eq!(checkout.snapshot().state, StateKind::Succeeded);
//! assert_eq!(checkout.snapshot().receipt.unwrap().key, key);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # On a server
//!
//! A Rust backend verifies what the browser sent with the same code: [`cart::Cart::from_json`] and
//! [`cart::Cart::hash`].
#![cfg_attr(not(test), no_std)]
#![warn(clippy::pedantic)]
#![allow(clippy::similar_names, reason = "a stage of a state is called stage")]
#![allow(
    clippy::single_char_pattern,
    reason = "looking for a character brings code of its own into the module"
)]
#![allow(clippy::ref_option, reason = "`with` functions of serde take what serde gives")]

extern crate alloc;
// For its allocator and its panics; a module brings its own.
#[cfg(not(all(feature = "module", target_arch = "wasm32")))]
extern crate std;

pub mod attempt;
#[cfg(target_arch = "wasm32")]
pub mod browser;
pub mod cart;
pub mod checkout;
pub mod journal;
mod json;
pub mod key;
mod kinds;
pub mod log;
pub mod money;
pub mod notice;
pub mod one_time_code;
pub mod outcome;
pub mod provider;
pub mod retry;
mod text;
pub mod token;
