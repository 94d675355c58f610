//! The shell around the machines in a browser: exports and conversion, no decisions.
//!
//! Values cross the boundary as cheaply as was measured (see docs/architecture.md): numbers and strings in, one export
//! for most events, because each weighs as much as a rule; effects out as calls of a host object that only queues them,
//! because nothing may call back while the machine is borrowed (rule E4); and then the parts of the snapshot that changed.
//!
//! Checkout and one-time codes are modules of their own in the npm package, because few pages need both: each is this
//! crate with the feature of its name, and with the feature `module`.
#![deny(unsafe_code)]
#![allow(
    clippy::missing_errors_doc,
    reason = "every error is a text: a code, then the path of what is wrong"
)]

#[cfg(feature = "checkout")]
mod checkout;
mod convert;
mod entropy;
#[cfg(feature = "checkout")]
mod host;
#[cfg(feature = "module")]
mod module;
#[cfg(feature = "one-time-code")]
mod one_time_code;

#[cfg(feature = "checkout")]
pub use checkout::{WasmCheckout, cart_hash, check_record, merge_records, salvage_record, what};
pub use convert::HostConfig;
#[cfg(feature = "checkout")]
pub use host::Host;
#[cfg(feature = "one-time-code")]
pub use one_time_code::{CodeHost, WasmOneTimeCode, check_flows};

use wasm_bindgen::prelude::*;

/// Asks for a fresh instance of the module, which the next call of an export gets. All objects of this one are
/// worthless then.
///
/// After a panic nobody knows what is in the memory (rule E3). This itself touches none of it.
#[wasm_bindgen]
pub fn reinitialize() {
    wasm_bindgen::handler::schedule_reinit();
}

/// Does nothing, in the fresh instance that was asked for. It must be the first call: a call with a string copies that
/// into the memory before it makes the fresh instance.
#[wasm_bindgen]
pub fn reinitialized() {}
