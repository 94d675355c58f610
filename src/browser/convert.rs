//! JavaScript values to Rust values and back.
#![deny(unsafe_code)]

use crate::journal::JournalError;
use crate::retry::{Jitter, RetryPolicy};
use alloc::string::String;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// How a checkout is set up; missing members mean the default.
    pub type HostConfig;

    // One import for all members of a type, because each import weighs as much as a rule.
    #[wasm_bindgen(method, structural, indexing_getter)]
    pub(super) fn text(this: &HostConfig, name: &str) -> Option<String>;
    #[wasm_bindgen(method, structural, indexing_getter)]
    pub(super) fn number(this: &HostConfig, name: &str) -> Option<f64>;
}

/// Malformed input: a stable code, and the path of what is wrong (rule E1).
#[derive(Debug)]
pub(super) struct InputError {
    pub code: &'static str,
    pub path: String,
}

impl InputError {
    pub fn new(code: &'static str, path: &str) -> Self {
        Self { code, path: path.into() }
    }
}

impl From<JournalError> for InputError {
    fn from(error: JournalError) -> Self {
        Self { code: error.code.as_str(), path: error.path }
    }
}

/// What JavaScript catches: a text, which the driver turns into its error classes. Paths have no spaces.
impl From<InputError> for JsValue {
    fn from(error: InputError) -> Self {
        Self::from_str(&String::from_iter([error.code, " ", &error.path]))
    }
}

/// Milliseconds. What is no time, or lies before 1970, is 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates; NaN becomes 0"
)]
pub(super) fn millis(value: f64) -> u64 {
    value as u64
}

/// A moment that was given from outside.
pub(super) fn moment(value: f64, path: &str) -> Result<u64, InputError> {
    if value.is_finite() && value >= 0.0 {
        Ok(millis(value))
    } else {
        Err(InputError::new("number_invalid", path))
    }
}

pub(super) fn retry(config: &HostConfig) -> Result<RetryPolicy, InputError> {
    let default = RetryPolicy::default();
    let jitter = match config.text("jitter") {
        Some(name) => Jitter::by_name(&name).ok_or(InputError::new("jitter_unknown", "retry.jitter"))?,
        None => default.jitter,
    };
    Ok(RetryPolicy {
        jitter,
        base: number(config.number("base"), default.base, "retry.base")?,
        cap: number(config.number("cap"), default.cap, "retry.cap")?,
        max_retries: count(config.number("maxRetries"), default.max_retries, "retry.maxRetries")?,
        total_time: number(config.number("totalTime"), default.total_time, "retry.totalTime")?,
        send_timeout: number(config.number("sendTimeout"), default.send_timeout, "retry.sendTimeout")?,
        max_settles: count(config.number("maxSettles"), default.max_settles, "retry.maxSettles")?,
    })
}

/// Milliseconds up to a day.
pub(super) fn number(value: Option<f64>, default: u64, path: &str) -> Result<u64, InputError> {
    const DAY: f64 = 86_400_000.0;
    match value {
        None => Ok(default),
        Some(value) if (0.0..=DAY).contains(&value) => Ok(millis(value)),
        Some(_) => Err(InputError::new("number_invalid", path)),
    }
}

/// A whole number up to 1000.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "the cast saturates, and what it changed is refused"
)]
fn count(value: Option<f64>, default: u32, path: &str) -> Result<u32, InputError> {
    match value {
        None => Ok(default),
        Some(value) if value <= 1000.0 && f64::from(value as u32) == value => Ok(value as u32),
        Some(_) => Err(InputError::new("number_invalid", path)),
    }
}

/// Milliseconds, as JavaScript counts.
#[expect(clippy::cast_precision_loss, reason = "delays are far below 2^53 ms")]
pub(super) fn double(value: u64) -> f64 {
    value as f64
}
