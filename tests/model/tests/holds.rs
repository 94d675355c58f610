//! Every promise holds in every state of the small worlds. `make model` explores larger ones.
#![forbid(unsafe_code)]
#![allow(clippy::panic, reason = "a test fails by panicking")]
#![expect(
    clippy::print_stderr,
    reason = "how far it went is worth reading: cargo test -p payonce-model -- --nocapture"
)]

use payonce_model::search::explore;
use payonce_model::settings::SMALL;

/// From one state in so many everything is let go well, to see whether the shopper gets to pay.
const SAMPLE: u128 = 10;

#[test]
fn every_promise_holds_in_every_state() {
    for setting in SMALL {
        match explore(setting, SAMPLE, |_| {}) {
            Ok(figures) => eprintln!("{}: {figures}", setting.name),
            Err(counterexample) => panic!("{}\n{counterexample}", setting.name),
        }
    }
}
