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

    /// The page shows this cart.
    #[wasm_bindgen(js_name = setCart)]
    pub fn set_cart(&mut self, json: &str, provider_ref: Option<String>, now: f64) -> Result<bool, JsValue> {
        let cart = Cart::from_json(json).map_err(InputError::from)?;
        let provider_ref = provider_ref.map(|text| reference(&text)).transpose()?;
        Ok(self.handle(Event::CartSet { cart, provider_ref }, now))
    }

    /// The page shows no cart.
    #[wasm_bindgen(js_name = clearCart)]
    pub fn clear_cart(&mut self, now: f64) -> bool {
        self.handle(Event::CartCleared, now)
    }

    /// The shopper asked to pay, with a wallet whose sheet can ask for another card, or cannot.
    #[wasm_bindgen(js_name = openSheet)]
    pub fn open_sheet(&mut self, retries_in_place: bool, now: f64) -> bool {
        self.handle(Event::SheetRequested { retries_in_place }, now)
    }

    /// The shopper asked to check again.
    #[wasm_bindgen(js_name = checkAgain)]
    pub fn check_again(&mut self, now: f64) -> bool {
        self.handle(Event::CheckRequested, now)
    }

    /// The shopper has seen the receipt.
    pub fn acknowledge(&mut self, now: f64) -> bool {
        self.handle(Event::Acknowledged, now)
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

    /// The cart changed inside the sheet.
    #[wasm_bindgen(js_name = sheetCartChanged)]
    pub fn sheet_cart_changed(&mut self, sheet: u32, json: &str, now: f64) -> Result<bool, JsValue> {
        let cart = Cart::from_json(json).map_err(InputError::from)?;
        Ok(self.handle(Event::SheetCartChanged { sheet: EffectId(sheet), cart }, now))
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

    /// The shopper closed the sheet.
    #[wasm_bindgen(js_name = sheetCancelled)]
    pub fn sheet_cancelled(&mut self, sheet: u32, now: f64) -> bool {
        self.handle(Event::SheetCancelled { sheet: EffectId(sheet) }, now)
    }

    /// The sheet could not be shown.
    #[wasm_bindgen(js_name = sheetFailed)]
    pub fn sheet_failed(&mut self, sheet: u32, now: f64) -> bool {
        self.handle(Event::SheetFailed { sheet: EffectId(sheet) }, now)
    }

    /// Another sheet is showing.
    #[wasm_bindgen(js_name = sheetBusy)]
    pub fn sheet_busy(&mut self, sheet: u32, now: f64) -> bool {
        self.handle(Event::SheetBusy { sheet: EffectId(sheet) }, now)
    }

    /// The lock was granted, and then the journal held `record`; or it was refused.
    #[wasm_bindgen(js_name = lockAnswered)]
    pub fn lock_answered(
        &mut self,
        effect: u32,
        granted: bool,
        record: Option<String>,
        now: f64,
    ) -> Result<bool, JsValue> {
        let effect = EffectId(effect);
        Ok(if granted {
            let record = decoded(record)?;
            self.handle(Event::LockGranted { effect, record }, now)
        } else {
            self.handle(Event::LockRefused { effect }, now)
        })
    }

    /// The lock cannot be had, and not because of another tab.
    #[wasm_bindgen(js_name = lockFailed)]
    pub fn lock_failed(&mut self, effect: u32, now: f64) -> bool {
        self.handle(Event::LockFailed { effect: EffectId(effect) }, now)
    }

    /// The tab that held the lock let go of it, and then the journal held `record`.
    #[wasm_bindgen(js_name = lockFreed)]
    pub fn lock_freed(&mut self, record: Option<String>, now: f64) -> Result<bool, JsValue> {
        let record = decoded(record)?;
        Ok(self.handle(Event::LockFreed { record }, now))
    }

    /// Another tab wrote the journal, which holds `record` now.
    #[wasm_bindgen(js_name = journalChanged)]
    pub fn journal_changed(&mut self, record: Option<String>, now: f64) -> Result<bool, JsValue> {
        let record = decoded(record)?;
        Ok(self.handle(Event::JournalChanged { record }, now))
    }

    /// The page came back out of the back/forward cache.
    #[wasm_bindgen(js_name = pageRestored)]
    pub fn page_restored(&mut self, cart_follows: bool, now: f64) -> bool {
        self.handle(Event::PageRestored { cart_follows }, now)
    }

    /// The journal was written, or could not be.
    #[wasm_bindgen(js_name = journalAnswered)]
    pub fn journal_answered(&mut self, effect: u32, written: bool, durable: bool, now: f64) -> bool {
        let effect = EffectId(effect);
        self.handle(
            if written { Event::JournalWritten { effect, durable } } else { Event::JournalFailed { effect } },
            now,
        )
    }

    /// A send was answered. An outcome that the port read itself comes as a 200 in the words of the contract.
    #[wasm_bindgen(js_name = sendReplied)]
    pub fn send_replied(
        &mut self,
        effect: u32,
        status: u16,
        retry_after: Option<f64>,
        should_retry: Option<bool>,
        body: &str,
        now: f64,
    ) -> bool {
        let outcome = self.core.config().profile.classify(&reply(status, retry_after, should_retry, body));
        self.handle(Event::SendAnswered { effect: EffectId(effect), outcome }, now)
    }

    /// A send got no reply.
    #[wasm_bindgen(js_name = sendLost)]
    pub fn send_lost(&mut self, effect: u32, now: f64) -> bool {
        let outcome = Outcome::Ambiguous(Doubt::new(Cause::Network));
        self.handle(Event::SendAnswered { effect: EffectId(effect), outcome }, now)
    }

    /// A question for the truth was answered, as `sendReplied`.
    #[wasm_bindgen(js_name = settleReplied)]
    pub fn settle_replied(
        &mut self,
        effect: u32,
        status: u16,
        retry_after: Option<f64>,
        should_retry: Option<bool>,
        body: &str,
        now: f64,
    ) -> bool {
        let answer =
            self.core.config().profile.classify_settle(&reply(status, retry_after, should_retry, body));
        self.handle(Event::SettleAnswered { effect: EffectId(effect), answer }, now)
    }

    /// A question for the truth got no reply.
    #[wasm_bindgen(js_name = settleLost)]
    pub fn settle_lost(&mut self, effect: u32, now: f64) -> bool {
        let answer = SettleAnswer::Pending { retry_after: None };
        self.handle(Event::SettleAnswered { effect: EffectId(effect), answer }, now)
    }

    /// The merchant was told of a discarded session, or could not be reached.
    #[wasm_bindgen(js_name = discardAnswered)]
    pub fn discard_answered(&mut self, effect: u32, done: bool, now: f64) -> bool {
        self.handle(Event::DiscardAnswered { effect: EffectId(effect), done }, now)
    }

    /// A timer ran out.
    #[wasm_bindgen(js_name = timerFired)]
    pub fn timer_fired(&mut self, effect: u32, now: f64) -> bool {
        self.handle(Event::TimerFired { effect: EffectId(effect) }, now)
    }

    /// The challenge is over.
    #[wasm_bindgen(js_name = actionEnded)]
    pub fn action_ended(&mut self, effect: u32, completed: bool, now: f64) -> bool {
        self.handle(Event::ActionEnded { effect: EffectId(effect), completed }, now)
    }

    /// The device lost its network.
    #[wasm_bindgen(js_name = wentOffline)]
    pub fn went_offline(&mut self, now: f64) -> bool {
        self.handle(Event::WentOffline, now)
    }

    /// The device has a network again.
    #[wasm_bindgen(js_name = cameOnline)]
    pub fn came_online(&mut self, now: f64) -> bool {
        self.handle(Event::CameOnline, now)
    }

    /// What the page may know: the same object until something changed.
    pub fn snapshot(&mut self) -> JsValue {
        self.view.show(self.core.snapshot(), &self.host)
    }

    /// The redacted log as JSON text.
    #[wasm_bindgen(js_name = exportLog)]
    #[must_use]
    pub fn export_log(&self) -> String {
        self.core.log().to_json()
    }
}

impl WasmCheckout {
    /// Runs an event through the machine and queues what is to be done.
    fn handle(&mut self, event: Event, now: f64) -> bool {
        let taken: Result<Vec<Effect>, Rejection> = self.core.handle(event, millis(now));
        match taken {
            Ok(effects) => {
                for effect in &effects {
                    self.host.queue(effect);
                }
                true
            }
            Err(_harmless) => false,
        }
    }
}

fn decoded(record: Option<String>) -> Result<Option<Box<Record>>, JsValue> {
    let record = record.map(|text| Record::decode(&text)).transpose().map_err(InputError::from)?;
    Ok(record.map(Box::new))
}

fn reply(status: u16, retry_after: Option<f64>, should_retry: Option<bool>, body: &str) -> HttpReply<'_> {
    HttpReply { status, retry_after_ms: retry_after.map(millis), should_retry, body }
}

fn config(config: &HostConfig) -> Result<Config, InputError> {
    let profile = Profile::by_name(&config.profile()).ok_or(InputError::new("profile_unknown", "profile"))?;
    let durability =
        if config.durability_required() == Some(true) { Durability::Required } else { Durability::Preferred };
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
