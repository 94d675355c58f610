//! The rules of the design, one by one, against the machine itself: no browser, no clock, no network. A rule's number
//! is in the name of each of its tests.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "../coverage/mod.rs"]
mod coverage;

mod attempt;
mod cart;
mod cells;
mod durability;
mod everything;
mod late_answers;
mod one_time_code;
mod retry;
mod scenario;
mod scenarios;
mod sheet;
mod tabs;
mod token;
mod truth;
