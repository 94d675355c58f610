//! payonce's boundary without its rules: the same calls in, the same effects and strings out, the snapshot from one
//! imported constructor out of parts that cross when they change. It believes whatever it is told, keeps no log,
//! compares nothing and hashes nothing. What payonce's core takes longer than this is what its rules cost.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::missing_errors_doc, reason = "nothing fails; the signatures are those of payonce")]

use uuid::Builder;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// What queues effects and builds snapshots.
    pub type Host;

    #[wasm_bindgen(method)]
    fn attempt(this: &Host, key: Option<&str>, cart_hash: &str, fingerprint: &str);
    #[wasm_bindgen(method)]
    fn sends(this: &Host, sends: u32, first_send_at: Option<f64>);
    #[wasm_bindgen(method)]
    fn receipt(this: &Host, key: &str, session: &str, reference: &str, paid: &str, at: f64);
    #[wasm_bindgen(method)]
    fn notices(this: &Host, json: &str);
    #[wasm_bindgen(method)]
    fn spent(this: &Host, json: &str);
    #[wasm_bindgen(method)]
    fn snapshot(this: &Host, state: u32, flags: u32) -> JsValue;
    #[wasm_bindgen(method, js_name = openSheet)]
    fn open_sheet(this: &Host, sheet: u32);
    #[wasm_bindgen(method, js_name = retrySheet)]
    fn retry_sheet(this: &Host, sheet: u32, why: &str);
    #[wasm_bindgen(method, js_name = completeSheet)]
    fn complete_sheet(this: &Host, sheet: u32, success: bool);
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
    #[wasm_bindgen(method, js_name = startTimer)]
    fn start_timer(this: &Host, effect: u32, delay: f64);
    #[wasm_bindgen(method, js_name = cancelTimer)]
    fn cancel_timer(this: &Host, effect: u32);
}

/// The places of these states among all of payonce's.
const READY: u32 = 1;
const SHEET_OPEN: u32 = 2;
const SENDING: u32 = 3;
const WAITING: u32 = 4;
const SUCCEEDED: u32 = 8;

const CART_HASH: &str = "868b6af69777d74f38f2533ecbf22b463eab56d6266cca5a810a290157367798";
const SESSION: &str = "01234567-89ab-4def-8123-456789abcdef";
const FINGERPRINT: &str = "0123456789abcdef0123456789abcdef";
const SPENT: &str = r#"["0123456789abcdef0123456789abcdef"]"#;
const DECLINED: &str =
    r#"[{"code":"payment_declined","severity":"error","params":{"reason":"insufficient_funds"}}]"#;
const RECEIVED: &str = r#"[{"code":"payment_received","severity":"success","params":{}}]"#;
const SUMMARY: &str = r#"{"cartHash":"868b6af69777d74f38f2533ecbf22b463eab56d6266cca5a810a290157367798","decimals":2,"currency":"USD","lines":[{"id":"mug","quantity":2,"unitAmount":1250,"name":"Mug"}],"adjustments":[{"kind":"shipping","amount":500}],"total":3000}"#;
/// As long as payonce's own with an open attempt, and without.
const RECORD_OPEN: &str = match core::str::from_utf8(&[b'x'; 700]) {
    Ok(text) => text,
    Err(_) => "",
};
const RECORD: &str = match core::str::from_utf8(&[b'x'; 400]) {
    Ok(text) => text,
    Err(_) => "",
};
const BODY: &str = match core::str::from_utf8(&[b'x'; 300]) {
    Ok(text) => text,
    Err(_) => "",
};

/// Something that behaves like a checkout as long as everybody else behaves.
#[wasm_bindgen]
pub struct Boundary {
    host: Host,
    pool: [u8; 256],
    used: usize,
    id: u32,
    sheet: u32,
    timer: u32,
    state: u32,
    key: String,
    body: String,
    sends: u32,
    shown: Option<JsValue>,
}

#[wasm_bindgen]
impl Boundary {
    /// Ready to pay.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host) -> Boundary {
        Self {
            host,
            pool: [0; 256],
            used: 256,
            id: 0,
            sheet: 0,
            timer: 0,
            state: READY,
            key: String::new(),
            body: String::new(),
            sends: 0,
            shown: None,
        }
    }

    /// The shopper asked to pay.
    #[wasm_bindgen(js_name = openSheet)]
    pub fn open_sheet(&mut self, _retries_in_place: bool, _now: f64) -> bool {
        self.sheet = self.new_id();
        self.host.open_sheet(self.sheet);
        self.become_state(SHEET_OPEN)
    }

    /// The sheet returned a token.
    #[wasm_bindgen(js_name = tokenReceived)]
    pub fn token_received(
        &mut self,
        _sheet: u32,
        token: String,
        _expires_at: Option<f64>,
        _cart_hash: Option<String>,
        _details: Option<String>,
        _now: f64,
    ) -> Result<bool, JsValue> {
        self.key = Builder::from_random_bytes(self.draw()).into_uuid().as_hyphenated().to_string();
        self.body = [BODY, &token].concat();
        self.sends = 0;
        let lock = self.new_id();
        self.host.acquire_lock(lock);
        self.host.attempt(Some(&self.key), CART_HASH, FINGERPRINT);
        self.host.sends(0, None);
        self.host.notices("[]");
        self.host.spent(SPENT);
        Ok(self.become_state(SENDING))
    }

    /// The lock was granted.
    #[wasm_bindgen(js_name = lockAnswered)]
    pub fn lock_answered(
        &mut self,
        _effect: u32,
        _granted: bool,
        _record: Option<String>,
        now: f64,
    ) -> Result<bool, JsValue> {
        self.write(RECORD_OPEN);
        self.host.sends(0, Some(now));
        Ok(self.become_state(SENDING))
    }

    /// The journal was written.
    #[wasm_bindgen(js_name = journalAnswered)]
    pub fn journal_answered(&mut self, _effect: u32, _written: bool, _durable: bool, now: f64) -> bool {
        if self.state == SENDING && self.sends == 0 { self.send(now) } else { true }
    }

    /// A send was answered.
    #[wasm_bindgen(js_name = sendReplied)]
    pub fn send_replied(
        &mut self,
        _effect: u32,
        status: u16,
        _retry_after: Option<f64>,
        _should_retry: Option<bool>,
        _body: &str,
        now: f64,
    ) -> bool {
        self.host.cancel_timer(self.timer);
        self.host.attempt(None, "", "");
        if status == 200 {
            self.host.complete_sheet(self.sheet, true);
            self.host.receipt(&self.key, SESSION, "ch_1", SUMMARY, now);
            self.host.notices(RECEIVED);
            self.become_state(SUCCEEDED);
        } else {
            self.host.retry_sheet(self.sheet, DECLINED);
            self.host.notices(DECLINED);
            self.become_state(SHEET_OPEN);
        }
        self.write(RECORD);
        self.host.release_lock();
        true
    }

    /// A send got no reply.
    #[wasm_bindgen(js_name = sendLost)]
    pub fn send_lost(&mut self, _effect: u32, _now: f64) -> bool {
        self.host.cancel_timer(self.timer);
        self.timer = self.new_id();
        self.host.start_timer(self.timer, 1000.0);
        self.become_state(WAITING)
    }

    /// A timer ran out.
    #[wasm_bindgen(js_name = timerFired)]
    pub fn timer_fired(&mut self, _effect: u32, now: f64) -> bool {
        self.send(now)
    }

    /// The same object until something changed.
    pub fn snapshot(&mut self) -> JsValue {
        let Self { host, state, shown, .. } = self;
        shown.get_or_insert_with(|| host.snapshot(*state, 13)).clone()
    }
}

impl Boundary {
    fn send(&mut self, now: f64) -> bool {
        self.sends += 1;
        let send = self.new_id();
        let header = ["\"", &self.key, "\""].concat();
        self.host.send_attempt(
            send,
            &self.key,
            SESSION,
            CART_HASH,
            None,
            Some("Idempotency-Key"),
            Some(&header),
            &self.body,
            self.sends,
        );
        self.timer = self.new_id();
        self.host.start_timer(self.timer, 10_000.0);
        self.host.sends(self.sends, Some(now));
        self.become_state(SENDING)
    }

    fn write(&mut self, record: &str) {
        let effect = self.new_id();
        self.host.write_journal(effect, record, true);
    }

    fn become_state(&mut self, state: u32) -> bool {
        self.state = state;
        self.shown = None;
        true
    }

    const fn new_id(&mut self) -> u32 {
        self.id += 1;
        self.id
    }

    /// From a pool, as payonce does: a call across the boundary costs more than the bytes.
    fn draw(&mut self) -> [u8; 16] {
        if self.used == self.pool.len() {
            #[expect(clippy::disallowed_methods, reason = "this is a port")]
            if getrandom::fill(&mut self.pool).is_err() {
                wasm_bindgen::throw_str("no_entropy");
            }
            self.used = 0;
        }
        let mut bytes = [0; 16];
        for (byte, random) in bytes.iter_mut().zip(self.pool.iter().skip(self.used)) {
            *byte = *random;
        }
        self.used += bytes.len();
        bytes
    }
}
