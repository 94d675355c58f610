//! The wasm class itself, in a real browser: what crosses the boundary, its errors, and its memory.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

use js_sys::{Array, JSON, Object, Reflect};
use payonce::browser::{Host, HostConfig, WasmCheckout, cart_hash};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = r#"
    // Takes note of every call, as the driver does.
    export function recordingHost() {
        const calls = [];
        return new Proxy({ calls, built: 0 }, {
            get(target, name) {
                if (name in target) return target[name];
                if (name === 'snapshot') {
                    return (state, flags) => {
                        target.built += 1;
                        return { state, flags };
                    };
                }
                return (...args) => { calls.push({ name, args }); };
            },
        });
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

    /// The arguments of the last call of that name.
    fn last(&self, name: &str) -> Array {
        let calls: Array = get(&self.host, "calls").unchecked_into();
        let call = calls.iter().filter(|call| get(call, "name") == name).last();
        get(&call.unwrap_or_else(|| panic!("{name} was not called")), "args").unchecked_into()
    }

    fn count(&self, name: &str) -> usize {
        let calls: Array = get(&self.host, "calls").unchecked_into();
        calls.iter().filter(|call| get(call, "name") == name).count()
    }

    fn id(&self, name: &str) -> u32 {
        number(&self.last(name).get(0))
    }

    /// Opens the sheet, delivers `token` and answers lock and journal, so that the first send is out.
    fn to_sending(&mut self, token: &JsValue) {
        assert!(self.checkout.set_cart(CART, None, NOW).unwrap());
        assert!(self.checkout.open_sheet(true, NOW));
        self.deliver(token);
    }

    fn deliver(&mut self, token: &JsValue) {
        let sheet = self.id("openSheet");
        let token = token.as_string().unwrap();
        assert!(self.checkout.token_received(sheet, token, None, None, None, NOW).unwrap());
        assert!(self.checkout.lock_answered(self.id("acquireLock"), true, None, NOW).unwrap());
        assert!(self.checkout.journal_answered(self.id("writeJournal"), true, true, NOW));
    }

    fn state(&mut self) -> u32 {
        number(&get(&self.checkout.snapshot(), "state"))
    }
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
    let body = JSON::parse(&send.get(7).as_string().unwrap()).unwrap();
    assert_eq!(get(&body, "token"), "tok_1");
    assert_eq!(get(&body, "cartHash"), cart_hash(CART).unwrap());
    assert_eq!(send.get(5), "Idempotency-Key");
    let key = send.get(1).as_string().unwrap();
    assert_eq!(send.get(6), format!("\"{key}\""));

    let approved = r#"{"outcome":"approved","reference":"ch_1"}"#;
    assert!(page.checkout.send_replied(number(&send.get(0)), 200, None, None, approved, NOW));
    let snapshot = page.checkout.snapshot();
    assert_eq!(number(&get(&snapshot, "state")), 8);
    let receipt = page.last("receipt");
    assert_eq!(receipt.get(0), key);
    assert_eq!(receipt.get(2), "ch_1");
    assert_eq!(get(&JSON::parse(&receipt.get(3).as_string().unwrap()).unwrap(), "total"), 990.0);
}

#[wasm_bindgen_test]
fn the_snapshot_is_the_same_object_until_something_changed() {
    let mut page = Page::new();
    page.checkout.set_cart(CART, None, NOW).unwrap();
    let before = page.checkout.snapshot();
    assert_eq!(page.checkout.snapshot(), before);
    page.checkout.set_cart(CART, None, NOW).unwrap();
    assert!(!page.checkout.check_again(NOW));
    assert_eq!(page.checkout.snapshot(), before, "nothing changed");
    assert_eq!(get(&page.host, "built"), 1.0);

    page.checkout.open_sheet(true, NOW);
    let after = page.checkout.snapshot();
    assert_ne!(after, before);
    for part in ["summary", "session", "attempt", "receipt", "notices", "spent"] {
        assert_eq!(page.count(part), 1, "{part} did not change, so it is not said again");
    }
    let sheet = page.id("openSheet");
    page.checkout.sheet_failed(sheet, NOW);
    page.checkout.snapshot();
    assert_eq!((page.count("notices"), page.count("session")), (2, 1));
}

#[wasm_bindgen_test]
fn e1_malformed_input_is_an_error_with_code_and_path_and_changes_nothing() {
    let mut page = Page::new();
    page.checkout.set_cart(CART, None, NOW).unwrap();
    let before = page.checkout.snapshot();

    let wrong = CART.replace("990}]", "9.9}]");
    let error = page.checkout.set_cart(&wrong, None, NOW).unwrap_err();
    assert_eq!(code_and_path(&error).1, "lines[0].unitAmount");
    let error = page.checkout.set_cart(CART, Some("not a reference".into()), NOW).unwrap_err();
    assert_eq!(code_and_path(&error), ("provider_ref_invalid".into(), "providerRef".into()));
    let error = page.checkout.outcome_reported("no key", "{}", NOW).unwrap_err();
    assert_eq!(code_and_path(&error), ("key_invalid".into(), "key".into()));
    assert_eq!(page.checkout.snapshot(), before);

    page.checkout.open_sheet(true, NOW);
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
    assert_eq!(make(r#"{"profile":"bank"}"#, None), ("profile_unknown".into(), "profile".into()));
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
        assert_eq!(send.get(5).as_string().as_deref(), header, "{profile}");
        let body = JSON::parse(&send.get(7).as_string().unwrap()).unwrap();
        assert_eq!(get(&body, "idempotency_key") == send.get(1), header.is_none(), "{profile}");
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
    assert!(page.checkout.send_replied(page.id("sendAttempt"), 402, None, None, declined, NOW));
    assert_eq!(page.state(), 2, "the sheet is asked for another card");
    assert!(!memory_holds(&memory, &token), "a decline wipes it");

    let token = secret_token();
    page.deliver(&token);
    let approved = r#"{"outcome":"approved"}"#;
    assert!(page.checkout.send_replied(page.id("sendAttempt"), 200, None, None, approved, NOW));
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
            page.checkout.snapshot();
        }
    };
    round();
    let pages = pages_of(&memory);
    for _ in 0..10 {
        round();
    }
    assert!((pages_of(&memory) - pages).abs() < f64::EPSILON, "{pages} pages grew to {}", pages_of(&memory));
}
