//! Replays what the fuzzer kept: input that once took a path of its own through the code, or once broke it. `make fuzz`
//! looks for more.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "../fuzz/checks/mod.rs"]
mod checks;

use std::fs;
use std::path::Path;

/// Checks every file of one corpus; says which one it was where something does not hold.
fn replay(name: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut inputs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(inputs.len() >= 10, "where is the corpus?");
    for input in inputs {
        let data = fs::read(&input).unwrap();
        assert!(std::panic::catch_unwind(|| check(&data)).is_ok(), "see above: {}", input.display());
    }
}

#[test]
fn journal_records() {
    replay("journal", checks::journal::check);
}

#[test]
fn provider_answers() {
    replay("answers", checks::answers::check);
}

#[test]
fn carts() {
    replay("cart", checks::cart::check);
}

#[test]
fn event_sequences() {
    replay("events", checks::events::check);
}
