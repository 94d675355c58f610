//! The reference merchant: what a backend owes to a storefront that pays with payonce.
//!
//! It is a small but real server: a charge endpoint that obeys `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header-07), a settle endpoint that either tells the outcome of a key or fences
//! it off for good, and one SQLite file in which the key, the token's consumption and the charge are one transaction.
//! The money is not real: [`cards`] decides by the token's text. With `faults` switched on, [`faults`] breaks chosen
//! requests in the ways in which networks and servers break them.
//!
//! | room | what it knows |
//! |---|---|
//! | [`http`] | routes, headers, status codes |
//! | [`serve`] | connections, including how to cut one |
//! | [`attempt`] | reading one attempt from a request |
//! | [`ledger`] | the durable truth, and every rule about it |
//! | [`answer`] | what the ledger says, as JSON |
//! | [`cards`] | the test cards |
//! | [`faults`] | failures on demand |
//! | [`files`] | the static page |
//! | [`connect`] | what another service answers |
//!
//! A real merchant would add what this one leaves out: who may call it, and a payment provider.
#![forbid(unsafe_code)]

pub mod answer;
pub mod attempt;
pub mod cards;
pub mod connect;
pub mod faults;
pub mod files;
pub mod http;
pub mod ledger;
pub mod serve;
