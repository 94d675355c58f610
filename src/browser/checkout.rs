//! The checkout for JavaScript.
#![deny(unsafe_code)]

use super::convert::{self, HostConfig, InputError, millis};
use super::entropy::BrowserEntropy;
use super::host::{Host, View};
use crate::cart::{Cart, CartError, CartHash};
use crate::checkout::{Checkout, Config, Durability, Effect, EffectId, Event, Rejection};
use crate::journal::Record;
use crate::key::{Entropy, IdempotencyKey};
use crate::outcome::{Cause, Doubt, Opaque, Outcome, SettleAnswer, Text};
use crate::provider::{HttpReply, Profile};
use crate::token::{Salt, TokenError, WalletToken};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use wasm_bindgen::prelude::*;

/// The hash of a cart, given as `JSON.stringify` writes it.
///
/// # Errors
/// A text with the code and the path when the cart is not valid.
#[wasm_bindgen(js_name = cartHash)]
pub fn cart_hash(json: &str) -> Result<String, JsValue> {
    Ok(Cart::from_json(json).map_err(InputError::from)?.hash().as_str().into())
}

/// What the journal must hold after `record` was written over what is `stored` there by now. `base` is what this page
/// wrote or read last. All are records as text.
///
/// # Errors
/// A text with the code and the path when one of them cannot be read; then nothing may be written.
#[wasm_bindgen(js_name = mergeRecords)]
pub fn merge_records(
    record: &str,
    base: Option<String>,
    stored: Option<String>,
    holds_lock: bool,
) -> Result<String, JsValue> {
    if stored.is_none() || holds_lock && stored == base {
        return Ok(record.into());
    }
    let ours = Record::decode(record).map_err(InputError::from)?;
    let (base, stored) = (decoded(base)?, decoded(stored)?);
    let merged = ours.merged(base.as_deref(), stored.map(|stored| *stored), holds_lock);
    Ok(merged.map_err(InputError::from)?.encode())
}

/// What may be taken up of a journal's `text` that cannot be read: nothing, or a record of the open attempt alone.
///
/// # Errors
/// A text with the code and the path when the text must stay where it is, and nobody may pay past it.
#[wasm_bindgen(js_name = salvageRecord)]
pub fn salvage_record(text: &str) -> Result<Option<String>, JsValue> {
    let salt = Salt::from_entropy(BrowserEntropy::new()?.draw());
    let record = Record::salvage(text, salt).map_err(InputError::from)?;
    Ok(record.map(|record| record.encode()))
}

/// Whether a journal's `text` can be read.
///
/// # Errors
/// A text with the code and the path when it cannot.
#[wasm_bindgen(js_name = checkRecord)]
pub fn check_record(text: &str) -> Result<(), JsValue> {
    Record::decode(text).map_err(InputError::from)?;
    Ok(())
}

/// A checkout for JavaScript. Every event returns whether it was taken; `false` is harmless and in the log.
#[wasm_bindgen]
pub struct WasmCheckout {
    core: Checkout,
    host: Host,
    view: View,
}

/// Each event's time is milliseconds since the Unix epoch.
#[wasm_bindgen]
impl WasmCheckout {
    /// A checkout that takes up what the journal holds.
    #[wasm_bindgen(constructor)]
    pub fn new(
        host: Host,
        config: &HostConfig,
        record: Option<String>,
        now: f64,
    ) -> Result<WasmCheckout, JsValue> {
        let config = self::config(config)?;
        let core = Checkout::new(config, Box::new(BrowserEntropy::new()?));
        let mut checkout = Self { core, host, view: View::default() };
        let record = decoded(record)?;
        checkout.handle(Event::JournalRead { record }, now);
        Ok(checkout)
    }

    /// What happened, where that, the effect or sheet that it answers and the journal's record say it all. Every export
    /// weighs as much as a rule, so there is one for all these.
    pub fn happened(
        &mut self,
        what: u32,
        effect: u32,
        record: Option<String>,
        now: f64,
    ) -> Result<bool, JsValue> {
        let record = decoded(record)?;
        Ok(event(what, EffectId(effect), record).is_some_and(|event| self.handle(event, now)))
    }

    /// The page shows this cart; or, where `sheet` is not 0, the cart changed inside that sheet.
    #[wasm_bindgen(js_name = cartShown)]
    pub fn cart_shown(
        &mut self,
        sheet: u32,
        json: &str,
        provider_ref: Option<String>,
        now: f64,
    ) -> Result<bool, JsValue> {
        let cart = Cart::from_json(json).map_err(InputError::from)?;
        let event = if sheet == 0 {
            let provider_ref = provider_ref.map(|text| reference(&text)).transpose()?;
            Event::CartSet { cart, provider_ref }
        } else {
            Event::SheetCartChanged { sheet: EffectId(sheet), cart }
        };
        Ok(self.handle(event, now))
    }

    /// An outcome came from elsewhere, in the words of the backend contract.
    #[wasm_bindgen(js_name = outcomeReported)]
    pub fn outcome_reported(&mut self, key: &str, outcome: &str, now: f64) -> Result<bool, JsValue> {
        let key = IdempotencyKey::parse(key).ok_or(InputError::new("key_invalid", "key"))?;
        let outcome = self.core.config().profile.classify(&reply(200, None, None, outcome));
        if matches!(&outcome, Outcome::Ambiguous(doubt) if doubt.cause == Cause::Unreadable) {
            // A misspelt word must not look like a report that came too late.
            return Err(InputError::new("outcome_unknown", "outcome").into());
        }
        Ok(self.handle(Event::OutcomeReported { key, outcome }, now))
    }

    /// The sheet returned a token.
    #[wasm_bindgen(js_name = tokenReceived)]
    pub fn token_received(
        &mut self,
        sheet: u32,
        token: String,
        expires_at: Option<f64>,
        cart_hash: Option<String>,
        details: Option<String>,
        now: f64,
    ) -> Result<bool, JsValue> {
        let token = WalletToken::new(token).map_err(InputError::from)?;
        let details = details.map(Opaque::new);
        let expires_at = expires_at.map(|at| convert::moment(at, "expiresAt")).transpose()?;
        let cart_hash = cart_hash
            .map(|hash| CartHash::parse(&hash))
            .transpose()
            .map_err(|_| InputError::new("hash_invalid", "cartHash"))?;
        let sheet = EffectId(sheet);
        Ok(self.handle(Event::TokenReceived { sheet, token, expires_at, cart_hash, details }, now))
    }

    /// A send was answered, or a question for the truth. An outcome that the port read itself comes as a 200 in the words
    /// of the contract.
    #[expect(clippy::too_many_arguments, reason = "as JavaScript hands them over")]
    pub fn replied(
        &mut self,
        effect: u32,
        settling: bool,
        status: u16,
        retry_after: Option<f64>,
        should_retry: Option<bool>,
        body: &str,
        now: f64,
    ) -> bool {
        let effect = EffectId(effect);
        let reply = reply(status, retry_after, should_retry, body);
        let profile = self.core.config().profile;
        let event = if settling {
            Event::SettleAnswered { effect, answer: profile.classify_settle(&reply) }
        } else {
            Event::SendAnswered { effect, outcome: profile.classify(&reply) }
        };
        self.handle(event, now)
    }

    /// The redacted log as JSON text.
    #[wasm_bindgen(js_name = exportLog)]
    #[must_use]
    pub fn export_log(&self) -> String {
        self.core.log().to_json()
    }
}

impl WasmCheckout {
    /// Runs an event through the machine and says what is to be done, and what the page may know then.
    fn handle(&mut self, event: Event, now: f64) -> bool {
        let taken: Result<Vec<Effect>, Rejection> = self.core.handle(event, millis(now));
        for effect in taken.iter().flatten() {
            self.host.queue(effect);
        }
        self.view.show(self.core.snapshot(), &self.host);
        taken.is_ok()
    }
}

/// What happened, as JavaScript names it: these are the numbers of `pkg/src/core.ts`, too.
pub mod what {
    #![allow(missing_docs, reason = "the names are those of the events")]
    pub const CART_CLEARED: u32 = 0;
    pub const SHEET_REQUESTED: u32 = 1;
    /// With a wallet whose sheet can ask for another card.
    pub const SHEET_REQUESTED_RETRYING: u32 = 2;
    pub const CHECK_REQUESTED: u32 = 3;
    pub const ACKNOWLEDGED: u32 = 4;
    pub const SHEET_CANCELLED: u32 = 5;
    pub const SHEET_FAILED: u32 = 6;
    pub const SHEET_BUSY: u32 = 7;
    pub const LOCK_GRANTED: u32 = 8;
    pub const LOCK_REFUSED: u32 = 9;
    pub const LOCK_FAILED: u32 = 10;
    pub const LOCK_FREED: u32 = 11;
    pub const JOURNAL_CHANGED: u32 = 12;
    pub const PAGE_RESTORED: u32 = 13;
    /// And the page will say what is in the cart.
    pub const PAGE_RESTORED_CART_FOLLOWS: u32 = 14;
    pub const JOURNAL_WRITTEN: u32 = 15;
    /// And it survives a crash of the browser.
    pub const JOURNAL_WRITTEN_DURABLE: u32 = 16;
    pub const JOURNAL_FAILED: u32 = 17;
    pub const SEND_LOST: u32 = 18;
    pub const SETTLE_LOST: u32 = 19;
    pub const DISCARDED: u32 = 20;
    pub const NOT_DISCARDED: u32 = 21;
    pub const TIMER_FIRED: u32 = 22;
    pub const ACTION_COMPLETED: u32 = 23;
    pub const ACTION_GIVEN_UP: u32 = 24;
    pub const WENT_OFFLINE: u32 = 25;
    pub const CAME_ONLINE: u32 = 26;
}

fn event(what: u32, effect: EffectId, record: Option<Box<Record>>) -> Option<Event> {
    Some(match what {
        what::CART_CLEARED => Event::CartCleared,
        what::SHEET_REQUESTED => Event::SheetRequested { retries_in_place: false },
        what::SHEET_REQUESTED_RETRYING => Event::SheetRequested { retries_in_place: true },
        what::CHECK_REQUESTED => Event::CheckRequested,
        what::ACKNOWLEDGED => Event::Acknowledged,
        what::SHEET_CANCELLED => Event::SheetCancelled { sheet: effect },
        what::SHEET_FAILED => Event::SheetFailed { sheet: effect },
        what::SHEET_BUSY => Event::SheetBusy { sheet: effect },
        what::LOCK_GRANTED => Event::LockGranted { effect, record },
        what::LOCK_REFUSED => Event::LockRefused { effect },
        what::LOCK_FAILED => Event::LockFailed { effect },
        what::LOCK_FREED => Event::LockFreed { record },
        what::JOURNAL_CHANGED => Event::JournalChanged { record },
        what::PAGE_RESTORED => Event::PageRestored { cart_follows: false },
        what::PAGE_RESTORED_CART_FOLLOWS => Event::PageRestored { cart_follows: true },
        what::JOURNAL_WRITTEN => Event::JournalWritten { effect, durable: false },
        what::JOURNAL_WRITTEN_DURABLE => Event::JournalWritten { effect, durable: true },
        what::JOURNAL_FAILED => Event::JournalFailed { effect },
        what::SEND_LOST => {
            Event::SendAnswered { effect, outcome: Outcome::Ambiguous(Doubt::new(Cause::Network)) }
        }
        what::SETTLE_LOST => {
            Event::SettleAnswered { effect, answer: SettleAnswer::Pending { retry_after: None } }
        }
        what::DISCARDED => Event::DiscardAnswered { effect, done: true },
        what::NOT_DISCARDED => Event::DiscardAnswered { effect, done: false },
        what::TIMER_FIRED => Event::TimerFired { effect },
        what::ACTION_COMPLETED => Event::ActionEnded { effect, completed: true },
        what::ACTION_GIVEN_UP => Event::ActionEnded { effect, completed: false },
        what::WENT_OFFLINE => Event::WentOffline,
        what::CAME_ONLINE => Event::CameOnline,
        _ => return None,
    })
}

fn decoded(record: Option<String>) -> Result<Option<Box<Record>>, JsValue> {
    let record = record.map(|text| Record::decode(&text)).transpose().map_err(InputError::from)?;
    Ok(record.map(Box::new))
}

fn reply(status: u16, retry_after: Option<f64>, should_retry: Option<bool>, body: &str) -> HttpReply<'_> {
    HttpReply { status, retry_after_ms: retry_after.map(millis), should_retry, body }
}

fn config(config: &HostConfig) -> Result<Config, InputError> {
    let profile = config.text("profile").and_then(|name| Profile::by_name(&name));
    let profile = profile.ok_or(InputError::new("profile_unknown", "merchant.profile"))?;
    // A number in JavaScript's eyes: 1 for `true`.
    let required = config.number("durabilityRequired") == Some(1.0);
    let durability = if required { Durability::Required } else { Durability::Preferred };
    Ok(Config { profile, retry: convert::retry(config)?, durability })
}

fn reference(text: &str) -> Result<Text, InputError> {
    let kept = Text::new(text);
    if kept.as_str() == text { Ok(kept) } else { Err(InputError::new("provider_ref_invalid", "providerRef")) }
}

impl From<CartError> for InputError {
    fn from(error: CartError) -> Self {
        Self { code: error.code.as_str(), path: error.path }
    }
}

impl From<TokenError> for InputError {
    fn from(error: TokenError) -> Self {
        Self::new(error.code(), "token")
    }
}
