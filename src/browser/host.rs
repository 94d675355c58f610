//! What the driver gives the shell: an object that queues effects and builds snapshots.
#![deny(unsafe_code)]

use super::convert::double;
use crate::checkout::snapshot::{AttemptView, ReceiptView, SessionView};
use crate::checkout::{Effect, EffectId, Snapshot};
use crate::json;
use crate::outcome::{Opaque, Text};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The driver's side: it queues what is called here and runs it once the machine is not borrowed any more.
    pub type Host;

    /// What is in the cart of the next send, as JSON text.
    #[wasm_bindgen(method)]
    fn summary(this: &Host, json: Option<&str>);
    /// The session; without an id there is none.
    #[wasm_bindgen(method)]
    fn session(this: &Host, id: Option<&str>, cart_hash: &str, provider_ref: Option<&str>, created_at: f64);
    /// The open attempt; without a key there is none.
    #[wasm_bindgen(method)]
    fn attempt(this: &Host, key: Option<&str>, cart_hash: &str, fingerprint: &str);
    /// How far the open attempt has come.
    #[wasm_bindgen(method)]
    fn sends(this: &Host, sends: u32, first_send_at: Option<f64>);
    /// The receipt; without a key there is none. `paid` is a summary as JSON text.
    #[wasm_bindgen(method)]
    fn receipt(this: &Host, key: Option<&str>, session: &str, reference: Option<&str>, paid: &str, at: f64);
    /// The notices, as JSON text.
    #[wasm_bindgen(method)]
    fn notices(this: &Host, json: &str);
    /// The fingerprints of spent tokens, as JSON text.
    #[wasm_bindgen(method)]
    fn spent(this: &Host, json: &str);
    /// Builds the snapshot out of the parts that were named last.
    #[wasm_bindgen(method)]
    fn snapshot(this: &Host, state: u32, flags: u32) -> JsValue;
    #[wasm_bindgen(method, js_name = openSheet)]
    fn open_sheet(this: &Host, sheet: u32);
    #[wasm_bindgen(method, js_name = retrySheet)]
    fn retry_sheet(this: &Host, sheet: u32, why: &str);
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
            Effect::RetrySheet { sheet, why } => self.retry_sheet(sheet.0, &json::to_string(why)),
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
                &request.key.hyphenated(),
                &request.session.hyphenated(),
                request.cart_hash.as_str(),
                request.provider_ref.as_ref().map(Text::as_str),
                request.header.as_ref().map(|header| header.name.as_str()),
                request.header.as_ref().map(|header| header.value.as_str()),
                &request.body,
                request.send,
            ),
            Effect::SettleAttempt { effect, key, session, provider_ref } => self.settle_attempt(
                effect.0,
                &key.hyphenated(),
                &session.hyphenated(),
                provider_ref.as_ref().map(Text::as_str),
            ),
            Effect::AbortRequest { effect } => self.abort_request(effect.0),
            Effect::DiscardSession { effect, session, provider_ref } => {
                self.discard_session(
                    effect.0,
                    &session.hyphenated(),
                    provider_ref.as_ref().map(Text::as_str),
                );
            }
            Effect::StartTimer { effect, delay } => self.start_timer(effect.0, double(*delay)),
            Effect::CancelTimer { effect } => self.cancel_timer(effect.0),
            Effect::PerformAction { effect: EffectId(effect), key, kind, payload } => {
                self.perform_action(
                    *effect,
                    &key.hyphenated(),
                    kind.as_str(),
                    payload.as_ref().map(Opaque::expose),
                );
            }
        }
    }
}

/// The snapshot as JavaScript saw it last.
#[derive(Default)]
pub(super) struct View(Option<(Snapshot, JsValue)>);

impl View {
    /// The object for `snapshot`: the one from before where nothing changed, else a new one. The host is told of what
    /// changed alone, and keeps the other parts.
    pub fn show(&mut self, snapshot: Snapshot, host: &Host) -> JsValue {
        let before = match &self.0 {
            Some((shown, js)) if *shown == snapshot => return js.clone(),
            before => before.as_ref().map(|(shown, _)| shown),
        };
        if before.is_none_or(|before| before.cart != snapshot.cart) {
            host.summary(snapshot.cart.as_ref().map(json::to_string).as_deref());
        }
        if before.is_none_or(|before| before.session != snapshot.session) {
            host.show_session(snapshot.session.as_ref());
        }
        let shown = before.and_then(|before| before.attempt.as_ref());
        if before.is_none() || shown != snapshot.attempt.as_ref() {
            host.show_attempt(snapshot.attempt.as_ref(), shown);
        }
        if before.is_none_or(|before| before.receipt != snapshot.receipt) {
            host.show_receipt(snapshot.receipt.as_ref());
        }
        if before.is_none_or(|before| before.notices != snapshot.notices) {
            host.notices(&json::to_string(&snapshot.notices));
        }
        if before.is_none_or(|before| before.spent != snapshot.spent) {
            host.spent(&json::to_string(&snapshot.spent));
        }
        let js = host.snapshot(snapshot.state as u32, flags(&snapshot));
        self.0 = Some((snapshot, js.clone()));
        js
    }
}

impl Host {
    fn show_session(&self, session: Option<&SessionView>) {
        match session {
            None => self.session(None, "", None, 0.0),
            Some(SessionView { id, cart_hash, provider_ref, created_at }) => self.session(
                Some(&id.hyphenated()),
                cart_hash.as_str(),
                provider_ref.as_ref().map(Text::as_str),
                double(*created_at),
            ),
        }
    }

    fn show_attempt(&self, attempt: Option<&AttemptView>, shown: Option<&AttemptView>) {
        let Some(AttemptView { key, cart_hash, fingerprint, sends, first_send_at }) = attempt else {
            return self.attempt(None, "", "");
        };
        // With the first lock the ledger's salt may be another tab's, and the fingerprint another one.
        if shown.is_none_or(|shown| shown.key != *key || shown.fingerprint != *fingerprint) {
            self.attempt(Some(&key.hyphenated()), cart_hash.as_str(), &fingerprint.hex());
        }
        self.sends(*sends, first_send_at.map(double));
    }

    fn show_receipt(&self, receipt: Option<&ReceiptView>) {
        match receipt {
            None => self.receipt(None, "", None, "", 0.0),
            Some(ReceiptView { key, session, reference, paid, at }) => self.receipt(
                Some(&key.hyphenated()),
                &session.hyphenated(),
                reference.as_ref().map(Text::as_str),
                &json::to_string(paid),
                double(*at),
            ),
        }
    }
}

fn flags(snapshot: &Snapshot) -> u32 {
    [snapshot.can_pay, snapshot.can_check, snapshot.durable, snapshot.online, snapshot.cart_waiting]
        .into_iter()
        .rev()
        .fold(0, |flags, flag| flags << 1 | u32::from(flag))
}
