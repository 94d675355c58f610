//! payonce's boundary without its rules: the same calls in, the same effects and strings out, the snapshot
//! out of parts that cross when they change. It believes whatever it is told, keeps no log,
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
    fn say(this: &Host, what: u32, id: u32, number: f64, words: Option<&str>, text: Option<&str>);
}

/// Of what payonce says, what a payment needs.
const ATTEMPT: u32 = 2;
const SENDS: u32 = 3;
const RECEIPT: u32 = 4;
const NOTICES: u32 = 5;
const SPENT_TOKENS: u32 = 6;
const SNAPSHOT: u32 = 7;
const OPEN_SHEET: u32 = 8;
const RETRY_SHEET: u32 = 9;
const COMPLETE_SHEET: u32 = 11;
const ACQUIRE_LOCK: u32 = 13;
const RELEASE_LOCK: u32 = 14;
const WRITE_JOURNAL: u32 = 15;
const SEND_ATTEMPT: u32 = 16;
const START_TIMER: u32 = 20;
const CANCEL_TIMER: u32 = 21;

/// Of what happens, what a payment needs.
const SHEET_REQUESTED_RETRYING: u32 = 2;
const LOCK_GRANTED: u32 = 8;
const JOURNAL_WRITTEN_DURABLE: u32 = 16;
const SEND_LOST: u32 = 18;
const TIMER_FIRED: u32 = 22;

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
        }
    }

    /// The shopper asked to pay, the lock was granted, the journal was written, a send got no reply, or a timer ran out.
    pub fn happened(
        &mut self,
        what: u32,
        _effect: u32,
        _record: Option<String>,
        now: f64,
    ) -> Result<bool, JsValue> {
        Ok(match what {
            SHEET_REQUESTED_RETRYING => {
                self.sheet = self.new_id();
                self.tell(OPEN_SHEET, self.sheet, 0.0);
                self.become_state(SHEET_OPEN)
            }
            LOCK_GRANTED => {
                self.write(RECORD_OPEN);
                self.tell(SENDS, 0, now);
                self.become_state(SENDING)
            }
            JOURNAL_WRITTEN_DURABLE if self.state == SENDING && self.sends == 0 => self.send(now),
            JOURNAL_WRITTEN_DURABLE => true,
            SEND_LOST => {
                self.tell(CANCEL_TIMER, self.timer, 0.0);
                self.timer = self.new_id();
                self.tell(START_TIMER, self.timer, 1000.0);
                self.become_state(WAITING)
            }
            TIMER_FIRED => self.send(now),
            _ => false,
        })
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
        self.tell(ACQUIRE_LOCK, lock, 0.0);
        let words = [&self.key, " ", CART_HASH, " ", FINGERPRINT, " "].concat();
        self.host.say(ATTEMPT, 0, 0.0, Some(&words), None);
        self.tell(SENDS, 0, -1.0);
        self.host.say(NOTICES, 0, 0.0, None, Some("[]"));
        self.host.say(SPENT_TOKENS, 0, 0.0, None, Some(SPENT));
        Ok(self.become_state(SENDING))
    }

    /// A send was answered.
    #[expect(clippy::too_many_arguments, reason = "as payonce takes them")]
    pub fn replied(
        &mut self,
        _effect: u32,
        _settling: bool,
        status: u16,
        _retry_after: Option<f64>,
        _should_retry: Option<bool>,
        _body: &str,
        now: f64,
    ) -> bool {
        self.tell(CANCEL_TIMER, self.timer, 0.0);
        self.tell(ATTEMPT, 0, 0.0);
        if status == 200 {
            self.tell(COMPLETE_SHEET, self.sheet, 1.0);
            let words = [&self.key, " ", SESSION, " ch_1 "].concat();
            self.host.say(RECEIPT, 0, now, Some(&words), Some(SUMMARY));
            self.host.say(NOTICES, 0, 0.0, None, Some(RECEIVED));
            self.become_state(SUCCEEDED);
        } else {
            self.host.say(RETRY_SHEET, self.sheet, 0.0, None, Some(DECLINED));
            self.host.say(NOTICES, 0, 0.0, None, Some(DECLINED));
            self.become_state(SHEET_OPEN);
        }
        self.write(RECORD);
        self.tell(RELEASE_LOCK, 0, 0.0);
        true
    }
}

impl Boundary {
    fn send(&mut self, now: f64) -> bool {
        self.sends += 1;
        let send = self.new_id();
        let words =
            [&self.key, " ", SESSION, " ", CART_HASH, "  Idempotency-Key \"", &self.key, "\" "].concat();
        self.host.say(SEND_ATTEMPT, send, self.sends.into(), Some(&words), Some(&self.body));
        self.timer = self.new_id();
        self.tell(START_TIMER, self.timer, 10_000.0);
        self.tell(SENDS, self.sends, now);
        self.become_state(SENDING)
    }

    fn write(&mut self, record: &str) {
        let effect = self.new_id();
        self.host.say(WRITE_JOURNAL, effect, 1.0, None, Some(record));
    }

    fn tell(&self, what: u32, id: u32, number: f64) {
        self.host.say(what, id, number, None, None);
    }

    fn become_state(&mut self, state: u32) -> bool {
        self.state = state;
        self.tell(SNAPSHOT, state, 13.0);
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
