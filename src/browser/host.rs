//! What the driver gives the shell: an object that queues effects and builds snapshots.
#![deny(unsafe_code)]

use super::convert::double;
use crate::checkout::snapshot::SummaryView;
use crate::checkout::{Effect, EffectId, Snapshot, StateKind};
use crate::outcome::{Opaque, Text};
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// How a checkout is set up; missing members mean the default.
    pub type HostConfig;

    #[wasm_bindgen(method, getter)]
    pub(super) fn profile(this: &HostConfig) -> String;
    #[wasm_bindgen(method, getter, js_name = durabilityRequired)]
    pub(super) fn durability_required(this: &HostConfig) -> Option<bool>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn jitter(this: &HostConfig) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn base(this: &HostConfig) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn cap(this: &HostConfig) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = maxRetries)]
    pub(super) fn max_retries(this: &HostConfig) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = totalTime)]
    pub(super) fn total_time(this: &HostConfig) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = sendTimeout)]
    pub(super) fn send_timeout(this: &HostConfig) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = maxSettles)]
    pub(super) fn max_settles(this: &HostConfig) -> Option<f64>;

    /// The driver's side: it queues what is called here and runs it once the machine is not borrowed any more.
    pub type Host;

    #[wasm_bindgen(method)]
    fn snapshot(
        this: &Host,
        state: u32,
        flags: u32,
        summary: &JsValue,
        session: &JsValue,
        attempt: &JsValue,
        receipt: &JsValue,
        notices: &JsValue,
        spent: &JsValue,
    ) -> JsValue;
    #[wasm_bindgen(method, js_name = openSheet)]
    fn open_sheet(this: &Host, sheet: u32);
    #[wasm_bindgen(method, js_name = retrySheet)]
    fn retry_sheet(this: &Host, sheet: u32, why: JsValue);
    #[wasm_bindgen(method, js_name = updateSheet)]
    fn update_sheet(this: &Host, sheet: u32);
    #[wasm_bindgen(method, js_name = completeSheet)]
    fn complete_sheet(this: &Host, sheet: u32, success: bool);
    #[wasm_bindgen(method, js_name = closeSheet)]
    fn close_sheet(this: &Host, sheet: u32);
    #[wasm_bindgen(method, js_name = acquireLock)]
    fn acquire_lock(this: &Host, effect: u32);
    #[wasm_bindgen(method, js_name = releaseLock)]
    fn release_lock(this: &Host);
    #[wasm_bindgen(method, js_name = writeJournal)]
    fn write_journal(this: &Host, effect: u32, record: &str, holds_lock: bool);
    #[wasm_bindgen(method, js_name = sendAttempt)]
    fn send_attempt(
        this: &Host,
        effect: u32,
        key: &str,
        session: &str,
        cart_hash: &str,
        provider_ref: Option<&str>,
        header_name: Option<&str>,
        header_value: Option<&str>,
        body: &str,
        send: u32,
    );
    #[wasm_bindgen(method, js_name = abortRequest)]
    fn abort_request(this: &Host, effect: u32);
    #[wasm_bindgen(method, js_name = settleAttempt)]
    fn settle_attempt(this: &Host, effect: u32, key: &str, session: &str, provider_ref: Option<&str>);
    #[wasm_bindgen(method, js_name = discardSession)]
    fn discard_session(this: &Host, effect: u32, session: &str, provider_ref: Option<&str>);
    #[wasm_bindgen(method, js_name = startTimer)]
    fn start_timer(this: &Host, effect: u32, delay: f64);
    #[wasm_bindgen(method, js_name = cancelTimer)]
    fn cancel_timer(this: &Host, effect: u32);
    #[wasm_bindgen(method, js_name = performAction)]
    fn perform_action(this: &Host, effect: u32, key: &str, kind: &str, payload: Option<&str>);
}

impl Host {
    /// Hands over an effect. The host only queues it.
    pub fn queue(&self, effect: &Effect) {
        match effect {
            Effect::OpenSheet { sheet } => self.open_sheet(sheet.0),
            Effect::RetrySheet { sheet, why } => self.retry_sheet(sheet.0, object(why)),
            Effect::UpdateSheet { sheet } => self.update_sheet(sheet.0),
            Effect::CompleteSheet { sheet, success } => self.complete_sheet(sheet.0, *success),
            Effect::CloseSheet { sheet } => self.close_sheet(sheet.0),
            Effect::AcquireLock { effect } => self.acquire_lock(effect.0),
            Effect::ReleaseLock => self.release_lock(),
            Effect::WriteJournal { effect, record, holds_lock } => {
                self.write_journal(effect.0, record, *holds_lock);
            }
            Effect::SendAttempt { effect, request } => self.send_attempt(
                effect.0,
                &request.key.to_string(),
                &request.session.to_string(),
                request.cart_hash.as_str(),
                request.provider_ref.as_ref().map(Text::as_str),
                request.header.as_ref().map(|header| header.name.as_str()),
                request.header.as_ref().map(|header| header.value.as_str()),
                &request.body,
                request.send,
            ),
            Effect::SettleAttempt { effect, key, session, provider_ref } => self.settle_attempt(
                effect.0,
                &key.to_string(),
                &session.to_string(),
                provider_ref.as_ref().map(Text::as_str),
            ),
            Effect::AbortRequest { effect } => self.abort_request(effect.0),
            Effect::DiscardSession { effect, session, provider_ref } => {
                self.discard_session(effect.0, &session.to_string(), provider_ref.as_ref().map(Text::as_str));
            }
            Effect::StartTimer { effect, delay } => self.start_timer(effect.0, double(*delay)),
            Effect::CancelTimer { effect } => self.cancel_timer(effect.0),
            Effect::PerformAction { effect: EffectId(effect), key, kind, payload } => {
                self.perform_action(
                    *effect,
                    &key.to_string(),
                    kind.as_str(),
                    payload.as_ref().map(Opaque::expose),
                );
            }
        }
    }
}

/// The snapshot as JavaScript sees it, and the parts it was made of.
#[derive(Default)]
pub(super) struct View {
    shown: Option<Shown>,
}

struct Shown {
    snapshot: Snapshot,
    js: JsValue,
    summary: JsValue,
    session: JsValue,
    attempt: JsValue,
    receipt: JsValue,
    notices: JsValue,
    spent: JsValue,
}

impl View {
    /// The object for `snapshot`: the one from before where nothing changed, else a new one out of the parts from
    /// before and those that did change.
    pub fn show(&mut self, snapshot: Snapshot, host: &Host) -> JsValue {
        let before = self.shown.take();
        if let Some(shown) = before.as_ref().filter(|shown| shown.snapshot == snapshot) {
            let js = shown.js.clone();
            self.shown = before;
            return js;
        }
        macro_rules! part {
            ($name:ident, $changed:ident, $make:expr) => {
                match &before {
                    Some(shown) if shown.snapshot.$changed == snapshot.$changed => shown.$name.clone(),
                    _ => $make,
                }
            };
        }
        let summary = part!(summary, cart, object(&snapshot.cart.as_ref().map(SummaryView::from)));
        let session = part!(session, session, object(&snapshot.session));
        let attempt = part!(attempt, attempt, object(&snapshot.attempt));
        let receipt = part!(receipt, receipt, object(&snapshot.receipt));
        let notices = part!(notices, notices, object(&snapshot.notices));
        let spent = part!(spent, spent, object(&snapshot.spent));
        let js = host.snapshot(
            state_number(snapshot.state),
            flags(&snapshot),
            &summary,
            &session,
            &attempt,
            &receipt,
            &notices,
            &spent,
        );
        let shown = js.clone();
        self.shown = Some(Shown { snapshot, js, summary, session, attempt, receipt, notices, spent });
        shown
    }
}

/// The place of a state in [`StateKind::ALL`], which the driver's list of names follows.
fn state_number(state: StateKind) -> u32 {
    state as u32
}

fn flags(snapshot: &Snapshot) -> u32 {
    [snapshot.can_pay, snapshot.can_check, snapshot.durable, snapshot.online, snapshot.cart_waiting]
        .into_iter()
        .rev()
        .fold(0, |flags, flag| flags << 1 | u32::from(flag))
}

/// The JavaScript object that `JSON.parse` would make of `value`.
fn object<T: Serialize>(value: &T) -> JsValue {
    // These types have no maps with odd keys and no numbers beyond 2^53, so this cannot fail.
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).unwrap_or(JsValue::NULL)
}
