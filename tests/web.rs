//! The wasm class itself, in a real browser: what crosses the boundary, its errors, and its memory.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

use js_sys::{Array, JSON, Object, Reflect};
use payonce::browser::{Host, HostConfig, WasmCheckout, cart_hash, what};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = r#"
    // In the order of `What`.
    const SAID = [
        'summary', 'session', 'attempt', 'sends', 'receipt', 'notices', 'spent', 'snapshot', 'openSheet', 'retrySheet',
        'updateSheet', 'completeSheet', 'closeSheet', 'acquireLock', 'releaseLock', 'writeJournal', 'sendAttempt', 'settleAttempt',
        'abortRequest', 'discardSession', 'startTimer', 'cancelTimer', 'performAction',
    ];

    // Takes note of all that is said, as the driver does.
    export function recordingHost() {
        return {
            calls: [],
            say(what, id, number, words, text) {
                this.calls.push({ name: SAID[what], id, number, words: words?.split(' ') ?? [], text });
            },
        };
    }

    // Drawn in JavaScript, so that it is in the wasm's memory only if payonce put it there.
    export function secretToken() {
        return 'tok_' + crypto.randomUUID() + crypto.randomUUID();
    }

    export function memoryHolds(memory, text) {
        const bytes = new Uint8Array(memory.buffer);
        const wanted = new TextEncoder().encode(text);
        for (let at = bytes.indexOf(wanted[0]); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
            if (wanted.every((byte, n) => bytes[at + n] === byte)) return true;
        }
        return false;
    }

    export function pagesOf(memory) {
        return memory.buffer.byteLength / 65536;
    }
"#)]
extern "C" {
    #[wasm_bindgen(js_name = recordingHost)]
    fn recording_host() -> Object;
    #[wasm_bindgen(js_name = secretToken)]
    fn secret_token() -> JsValue;
    #[wasm_bindgen(js_name = memoryHolds)]
    fn memory_holds(memory: &JsValue, text: &JsValue) -> bool;
    #[wasm_bindgen(js_name = pagesOf)]
    fn pages_of(memory: &JsValue) -> f64;
}

const CART: &str = r#"{"currency":"eur","lines":[{"id":"mug","quantity":1,"unitAmount":990}],"total":990}"#;
const NOW: f64 = 1_800_000_000_000.0;

fn config(members: &str) -> HostConfig {
    JSON::parse(members).unwrap().unchecked_into()
}

struct Page {
    checkout: WasmCheckout,
    host: Object,
}

impl Page {
    fn new() -> Self {
        let host = recording_host();
        let config = config(r#"{"profile":"ietf"}"#);
        let checkout = WasmCheckout::new(host.clone().unchecked_into::<Host>(), &config, None, NOW).unwrap();
        Self { checkout, host }
    }

    /// What was said last under that name.
    fn last(&self, name: &str) -> JsValue {
        let calls: Array = get(&self.host, "calls").unchecked_into();
        let call = calls.iter().filter(|call| get(call, "name") == name).last();
        call.unwrap_or_else(|| panic!("{name} was not said"))
    }

    fn count(&self, name: &str) -> usize {
        let calls: Array = get(&self.host, "calls").unchecked_into();
        calls.iter().filter(|call| get(call, "name") == name).count()
    }

    fn id(&self, name: &str) -> u32 {
        number(&get(&self.last(name), "id"))
    }

    /// Opens the sheet, delivers `token` and answers lock and journal, so that the first send is out.
    fn to_sending(&mut self, token: &JsValue) {
        assert!(self.set_cart(CART, None).unwrap());
        assert!(self.happened(what::SHEET_REQUESTED_RETRYING, 0));
        self.deliver(token);
    }

    fn deliver(&mut self, token: &JsValue) {
        let sheet = self.id("openSheet");
        let token = token.as_string().unwrap();
        assert!(self.checkout.token_received(sheet, token, None, None, None, NOW).unwrap());
        assert!(self.happened(what::LOCK_GRANTED, self.id("acquireLock")));
        assert!(self.happened(what::JOURNAL_WRITTEN_DURABLE, self.id("writeJournal")));
    }

    fn happened(&mut self, what: u32, effect: u32) -> bool {
        self.checkout.happened(what, effect, None, NOW).unwrap()
    }

    fn set_cart(&mut self, json: &str, provider_ref: Option<&str>) -> Result<bool, JsValue> {
        self.checkout.cart_shown(0, json, provider_ref.map(String::from), NOW)
    }

    fn send_replied(&mut self, status: u16, body: &str) -> bool {
        self.checkout.replied(self.id("sendAttempt"), false, status, None, None, body, NOW)
    }

    fn state(&self) -> u32 {
        self.id("snapshot")
    }
}

/// One of the words that came with a call.
fn word(call: &JsValue, n: u32) -> String {
    get(call, "words").unchecked_into::<Array>().get(n).as_string().unwrap()
}

/// What the text that came with a call says.
fn told(call: &JsValue) -> JsValue {
    JSON::parse(&get(call, "text").as_string().unwrap()).unwrap()
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ids and states are small")]
fn number(value: &JsValue) -> u32 {
    value.as_f64().unwrap() as u32
}

fn code_and_path(error: &JsValue) -> (String, String) {
    let text = error.as_string().unwrap();
    let (code, path) = text.split_once(' ').unwrap();
    (code.into(), path.into())
}

#[wasm_bindgen_test]
fn a_payment_goes_through_the_class() {
    let mut page = Page::new();
    page.to_sending(&"tok_1".into());
    let send = page.last("sendAttempt");
    let body = told(&send);
    assert_eq!(get(&body, "token"), "tok_1");
    assert_eq!(get(&body, "session"), word(&send, 1));
    assert_eq!(get(&body, "cartHash"), cart_hash(CART).unwrap());
    assert_eq!(word(&send, 2), cart_hash(CART).unwrap());
    assert_eq!(word(&send, 3), "", "no reference");
    assert_eq!(word(&send, 4), "Idempotency-Key");
    let key = word(&send, 0);
    assert_eq!(word(&send, 5), format!("\"{key}\""));

    let approved = r#"{"outcome":"approved","reference":"ch_1"}"#;
    assert!(page.send_replied(200, approved));
    assert_eq!(page.state(), 8);
    let receipt = page.last("receipt");
    assert_eq!(word(&receipt, 0), key);
    assert_eq!(word(&receipt, 2), "ch_1");
    assert_eq!(get(&told(&receipt), "total"), 990.0);
}

#[wasm_bindgen_test]
fn the_snapshot_is_said_when_something_changed_and_then_only_what_did() {
    const PARTS: [&str; 7] = ["summary", "session", "attempt", "receipt", "notices", "spent", "snapshot"];
    let mut page = Page::new();
    assert_eq!(PARTS.map(|part| page.count(part)), [1; 7], "a fresh one says all");
    page.set_cart(CART, None).unwrap();
    assert_eq!(PARTS.map(|part| page.count(part)), [2, 2, 1, 1, 1, 1, 2]);
    page.set_cart(CART, None).unwrap();
    assert!(!page.happened(what::CHECK_REQUESTED, 0));
    assert_eq!(PARTS.map(|part| page.count(part)), [2, 2, 1, 1, 1, 1, 2], "nothing changed");
    page.happened(what::SHEET_REQUESTED_RETRYING, 0);
    assert_eq!(PARTS.map(|part| page.count(part)), [2, 2, 1, 1, 1, 1, 3], "the state alone");
    let sheet = page.id("openSheet");
    page.happened(what::SHEET_FAILED, sheet);
    assert_eq!(PARTS.map(|part| page.count(part)), [2, 2, 1, 1, 2, 1, 4]);
}

#[wasm_bindgen_test]
fn e1_malformed_input_is_an_error_with_code_and_path_and_changes_nothing() {
    let mut page = Page::new();
    page.set_cart(CART, None).unwrap();
    let before = page.count("snapshot");

    let wrong = CART.replace("990}]", "9.9}]");
    let error = page.set_cart(&wrong, None).unwrap_err();
    assert_eq!(code_and_path(&error).1, "lines[0].unitAmount");
    let error = page.set_cart(CART, Some("not a reference")).unwrap_err();
    assert_eq!(code_and_path(&error), ("provider_ref_invalid".into(), "providerRef".into()));
    let error = page.checkout.outcome_reported("no key", "{}", NOW).unwrap_err();
    assert_eq!(code_and_path(&error), ("key_invalid".into(), "key".into()));
    assert_eq!(page.count("snapshot"), before);

    page.happened(what::SHEET_REQUESTED_RETRYING, 0);
    let sheet = page.id("openSheet");
    let error = page.checkout.token_received(sheet, " ".into(), None, None, None, NOW).unwrap_err();
    assert_eq!(code_and_path(&error), ("token_blank".into(), "token".into()));
    let error =
        page.checkout.token_received(sheet, "tok".into(), Some(f64::NAN), None, None, NOW).unwrap_err();
    assert_eq!(code_and_path(&error), ("number_invalid".into(), "expiresAt".into()));
    assert_eq!(page.count("acquireLock"), 0);
}

#[wasm_bindgen_test]
fn e1_a_checkout_is_not_made_from_wrong_options_or_an_unreadable_journal() {
    let make = |members: &str, record: Option<&str>| {
        let host = recording_host().unchecked_into::<Host>();
        code_and_path(
            &WasmCheckout::new(host, &config(members), record.map(String::from), NOW).err().unwrap(),
        )
    };
    assert_eq!(make(r#"{"profile":"bank"}"#, None), ("profile_unknown".into(), "merchant.profile".into()));
    let retry = |member: &str| format!(r#"{{"profile":"ietf",{member}}}"#);
    assert_eq!(make(&retry(r#""jitter":"some""#), None).0, "jitter_unknown");
    assert_eq!(make(&retry(r#""base":-1"#), None), ("number_invalid".into(), "retry.base".into()));
    assert_eq!(make(&retry(r#""maxRetries":1e9"#), None).1, "retry.maxRetries");
    assert_eq!(make(r#"{"profile":"ietf"}"#, Some("{")).0, "journal_corrupt");
    assert_eq!(make(r#"{"profile":"ietf"}"#, Some(r#"{"version":99}"#)).0, "journal_newer");
}

#[wasm_bindgen_test]
fn k7_the_key_is_carried_as_the_profile_asks() {
    for (profile, header) in
        [("stripe", Some("Idempotency-Key")), ("paypal", Some("PayPal-Request-Id")), ("square", None)]
    {
        let host = recording_host();
        let config = config(&format!(r#"{{"profile":"{profile}"}}"#));
        let checkout = WasmCheckout::new(host.clone().unchecked_into::<Host>(), &config, None, NOW).unwrap();
        let mut page = Page { checkout, host };
        page.to_sending(&"tok_1".into());
        let send = page.last("sendAttempt");
        assert_eq!(word(&send, 4), header.unwrap_or_default(), "{profile}");
        assert_eq!(get(&told(&send), "idempotency_key") == word(&send, 0), header.is_none(), "{profile}");
    }
}

#[wasm_bindgen_test]
fn t2_a_spent_token_leaves_no_trace_in_the_memory() {
    let memory = wasm_bindgen::memory();
    let token = secret_token();
    let mut page = Page::new();
    page.to_sending(&token);
    assert!(memory_holds(&memory, &token), "it is there as long as it may be sent");
    let declined = r#"{"outcome":"declined","code":"insufficient_funds"}"#;
    assert!(page.send_replied(402, declined));
    assert_eq!(page.state(), 2, "the sheet is asked for another card");
    assert!(!memory_holds(&memory, &token), "a decline wipes it");

    let token = secret_token();
    page.deliver(&token);
    let approved = r#"{"outcome":"approved"}"#;
    assert!(page.send_replied(200, approved));
    assert!(!memory_holds(&memory, &token), "an approval wipes it");
    assert!(!page.checkout.export_log().contains(&token.as_string().unwrap()));

    let token = secret_token();
    let mut page = Page::new();
    page.to_sending(&token);
    drop(page);
    assert!(!memory_holds(&memory, &token), "dispose wipes it");
}

#[wasm_bindgen_test]
fn e5_a_thousand_checkouts_leave_nothing_behind() {
    let memory = wasm_bindgen::memory();
    let round = || {
        for _ in 0..100 {
            let mut page = Page::new();
            page.to_sending(&"tok_1".into());
        }
    };
    round();
    let pages = pages_of(&memory);
    for _ in 0..10 {
        round();
    }
    assert!((pages_of(&memory) - pages).abs() < f64::EPSILON, "{pages} pages grew to {}", pages_of(&memory));
}
