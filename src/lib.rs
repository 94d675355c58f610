//! One cart, one charge.
#![warn(clippy::pedantic)]
#![allow(clippy::similar_names, reason = "a stage of a state is called stage")]
#![allow(clippy::ref_option, reason = "`with` functions of serde take what serde gives")]

pub mod attempt;
#[cfg(target_arch = "wasm32")]
mod browser;
pub mod cart;
pub mod checkout;
pub mod journal;
mod json;
pub mod key;
pub mod log;
pub mod money;
pub mod notice;
pub mod outcome;
pub mod provider;
pub mod retry;
pub mod token;
