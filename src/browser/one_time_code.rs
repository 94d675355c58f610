//! One-time codes for JavaScript: exports and conversion, no decisions.
#![deny(unsafe_code)]

use super::convert::{self, HostConfig, InputError, millis, moment};
use super::entropy::BrowserEntropy;
use crate::checkout::EffectId;
use crate::journal::{JournalError, JournalErrorCode};
use crate::one_time_code::record::Record;
use crate::one_time_code::{
    Change, Config, Effect, Event, ExchangeAnswer, FlowState, Found, Limits, OneTimeCode, Parameters,
    classify,
};
use crate::outcome::Opaque;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The driver's side: it queues what is called here and runs it once the machine is not borrowed any more.
    pub type CodeHost;

    #[wasm_bindgen(method, js_name = changeRecord)]
    fn change_record(this: &CodeHost, effect: u32);
    #[wasm_bindgen(method, js_name = readRecord)]
    fn read_record(this: &CodeHost);
    #[wasm_bindgen(method)]
    fn leave(this: &CodeHost, state: &str, challenge: Option<&str>);
    #[wasm_bindgen(method)]
    fn exchange(this: &CodeHost, effect: u32, state: &str, code: &str, verifier: Option<&str>);
    #[wasm_bindgen(method, js_name = askStatus)]
    fn ask_status(this: &CodeHost, effect: u32, state: &str);
    #[wasm_bindgen(method, js_name = abortRequest)]
    fn abort_request(this: &CodeHost, effect: u32);
    #[wasm_bindgen(method, js_name = startTimer)]
    fn start_timer(this: &CodeHost, effect: u32, delay: f64);
    #[wasm_bindgen(method, js_name = cancelTimer)]
    fn cancel_timer(this: &CodeHost, effect: u32);
}

/// Whether a record of flows can be read.
///
/// # Errors
/// A JavaScript object with `code` and `path` when it cannot.
#[wasm_bindgen(js_name = checkFlows)]
pub fn check_flows(text: &str) -> Result<(), JsValue> {
    Record::decode(text).map_err(InputError::from)?;
    Ok(())
}

/// One page's part in its flows. Every event returns whether it was taken; `false` is harmless and in the log.
#[wasm_bindgen]
pub struct WasmOneTimeCode {
    core: OneTimeCode,
    host: CodeHost,
    issuer: Option<String>,
    /// Changes of the record that are not stored yet.
    changes: Vec<(EffectId, Change)>,
}

/// Each event's time is milliseconds since the Unix epoch.
#[wasm_bindgen]
impl WasmOneTimeCode {
    /// A page that was just loaded. `lifetime` and `away` are milliseconds.
    #[wasm_bindgen(constructor)]
    pub fn new(
        host: CodeHost,
        config: &HostConfig,
        pkce: bool,
        issuer: Option<String>,
        lifetime: Option<f64>,
        away: Option<f64>,
    ) -> Result<WasmOneTimeCode, JsValue> {
        let default = Limits::default();
        let limits = Limits {
            lifetime: convert::number(lifetime, default.lifetime, "lifetime")?,
            away: convert::number(away, default.away, "maxAway")?,
        };
        let config = Config { retry: convert::retry(config)?, limits, pkce };
        let core = OneTimeCode::new(config, Box::new(BrowserEntropy::new()?));
        Ok(Self { core, host, issuer, changes: Vec::new() })
    }

    /// The shopper wants to go to the provider.
    pub fn begin(&mut self, now: f64) -> bool {
        self.handle(Event::BeginRequested, now)
    }

    /// The shopper came back with these parameters.
    #[expect(
        clippy::too_many_arguments,
        clippy::needless_pass_by_value,
        reason = "as JavaScript hands them over"
    )]
    pub fn returned(
        &mut self,
        state: Option<String>,
        code: Option<String>,
        error: Option<String>,
        iss: Option<String>,
        repeated: bool,
        received_at: f64,
        now: f64,
    ) -> Result<bool, JsValue> {
        let parameters = Parameters {
            code: code.map(Opaque::new),
            error: error.as_deref(),
            iss: iss.as_deref(),
            repeated,
        };
        let brought = parameters.read(self.issuer.as_deref());
        let state = state.as_deref().and_then(FlowState::parse);
        let received_at = moment(received_at, "receivedAt")?;
        Ok(self.handle(Event::Returned { state, brought, received_at }, now))
    }

    /// The page was loaded without such parameters. `state` is what its address was about before.
    #[expect(clippy::needless_pass_by_value, reason = "as JavaScript hands it over")]
    pub fn resumed(&mut self, state: Option<String>, now: f64) -> bool {
        self.handle(Event::Resumed { state: state.as_deref().and_then(FlowState::parse) }, now)
    }

    /// What the journal must hold in the place of `stored`, for that effect. To be called within a transaction.
    #[expect(clippy::needless_pass_by_value, reason = "as JavaScript hands it over")]
    pub fn change(&mut self, effect: u32, stored: Option<String>, now: f64) -> Result<String, JsValue> {
        let waiting = self.changes.iter_mut().find(|(id, _)| id.0 == effect);
        let (_, change) = waiting.ok_or_else(|| InputError::new("effect_unknown", "effect"))?;
        Ok(change.apply(stored.as_deref(), millis(now)).map_err(InputError::from)?)
    }

    /// The transaction is stored, or it is not.
    pub fn changed(&mut self, effect: u32, done: bool, now: f64) -> bool {
        let Some(at) = self.changes.iter().position(|(id, _)| id.0 == effect) else { return false };
        let (effect, change) = self.changes.swap_remove(at);
        let event = if done {
            Event::RecordStored { effect, verdict: change.into_verdict() }
        } else {
            Event::RecordFailed { effect }
        };
        self.handle(event, now)
    }

    /// What the journal holds.
    #[wasm_bindgen(js_name = recordRead)]
    #[expect(clippy::needless_pass_by_value, reason = "as JavaScript hands it over")]
    pub fn record_read(&mut self, stored: Option<String>, now: f64) -> bool {
        let event = match stored.as_deref().map(Record::decode).transpose() {
            Err(JournalError { code: JournalErrorCode::Newer, .. }) => Event::RecordUnreadable,
            // A damaged one counts as empty.
            record => {
                let record = record.unwrap_or_default().unwrap_or_default();
                Event::RecordRead { found: record.find(self.core.flow()).map(Found::from) }
            }
        };
        self.handle(event, now)
    }

    /// The journal could not be read.
    #[wasm_bindgen(js_name = recordUnreadable)]
    pub fn record_unreadable(&mut self, now: f64) -> bool {
        self.handle(Event::RecordUnreadable, now)
    }

    /// The backend replied to an exchange.
    #[wasm_bindgen(js_name = exchangeReplied)]
    pub fn exchange_replied(&mut self, effect: u32, status: u16, body: &str, now: f64) -> bool {
        self.exchanged(effect, classify(status, body), now)
    }

    /// The storefront itself says what came of an exchange.
    #[wasm_bindgen(js_name = exchangeAnswered)]
    pub fn exchange_answered(&mut self, effect: u32, answer: &str, now: f64) -> Result<bool, JsValue> {
        let answer =
            ExchangeAnswer::by_name(answer).ok_or_else(|| InputError::new("answer_unknown", "exchange"))?;
        Ok(self.exchanged(effect, answer, now))
    }

    /// An exchange got no reply.
    #[wasm_bindgen(js_name = exchangeLost)]
    pub fn exchange_lost(&mut self, effect: u32, now: f64) -> bool {
        self.exchanged(effect, ExchangeAnswer::Unknown, now)
    }

    /// The backend said whether it is connected, or said nothing.
    #[wasm_bindgen(js_name = statusAnswered)]
    pub fn status_answered(&mut self, effect: u32, connected: Option<bool>, now: f64) -> bool {
        self.handle(Event::StatusAnswered { effect: EffectId(effect), connected }, now)
    }

    /// A timer ran out.
    #[wasm_bindgen(js_name = timerFired)]
    pub fn timer_fired(&mut self, effect: u32, now: f64) -> bool {
        self.handle(Event::TimerFired { effect: EffectId(effect) }, now)
    }

    /// The shopper wants to know what became of it.
    #[wasm_bindgen(js_name = checkAgain)]
    pub fn check_again(&mut self, now: f64) -> bool {
        self.handle(Event::CheckRequested, now)
    }

    /// The device has a network again.
    #[wasm_bindgen(js_name = cameOnline)]
    pub fn came_online(&mut self, now: f64) -> bool {
        self.handle(Event::CameOnline, now)
    }

    /// The page came out of the back/forward cache.
    #[wasm_bindgen(js_name = pageRestored)]
    pub fn page_restored(&mut self, now: f64) -> bool {
        self.handle(Event::PageRestored, now)
    }

    /// What the page may know: the state in the lowest eight bits, then whether a flow may begin, whether the truth may be
    /// asked for, and in the next eight the reason of a failure, counted from 1.
    #[must_use]
    pub fn snapshot(&self) -> u32 {
        let snapshot = self.core.snapshot();
        let reason = snapshot.reason.map_or(0, |reason| reason as u32 + 1);
        snapshot.state as u32
            | u32::from(snapshot.can_begin()) << 8
            | u32::from(snapshot.can_check()) << 9
            | reason << 16
    }

    /// The redacted log as JSON text.
    #[wasm_bindgen(js_name = exportLog)]
    #[must_use]
    pub fn export_log(&self) -> String {
        self.core.log().to_json()
    }
}

impl WasmOneTimeCode {
    fn exchanged(&mut self, effect: u32, answer: ExchangeAnswer, now: f64) -> bool {
        self.handle(Event::ExchangeAnswered { effect: EffectId(effect), answer }, now)
    }

    /// Runs an event through the machine and queues what is to be done.
    fn handle(&mut self, event: Event, now: f64) -> bool {
        match self.core.handle(event, millis(now)) {
            Ok(effects) => {
                for effect in effects {
                    self.queue(effect);
                }
                true
            }
            Err(_harmless) => false,
        }
    }

    fn queue(&mut self, effect: Effect) {
        let host = &self.host;
        match effect {
            Effect::ChangeRecord { effect, what } => {
                self.changes.push((effect, Change::new(what, self.core.config().limits)));
                host.change_record(effect.0);
            }
            Effect::ReadRecord => host.read_record(),
            Effect::Leave { state, challenge } => host.leave(state.as_str(), challenge.as_deref()),
            Effect::Exchange { effect, state, code, verifier } => {
                let verifier = verifier.as_ref().map(Opaque::expose);
                host.exchange(effect.0, state.as_str(), code.expose(), verifier);
            }
            Effect::AskStatus { effect, state } => host.ask_status(effect.0, state.as_str()),
            Effect::AbortRequest { effect } => host.abort_request(effect.0),
            Effect::StartTimer { effect, delay } => host.start_timer(effect.0, convert::double(delay)),
            Effect::CancelTimer { effect } => host.cancel_timer(effect.0),
        }
    }
}
