//! The reference merchant over real sockets: what it promises to a storefront, and that its faults are faults.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has found something"
)]

mod attempts;
mod connect;
mod faults;
mod files;
mod process;
mod races;
mod support;
