//! JavaScript values to Rust values and back.
#![forbid(unsafe_code)]

use super::host::HostConfig;
use crate::cart::CartError;
use crate::checkout::{Config, Durability};
use crate::journal::JournalError;
use crate::outcome::Text;
use crate::provider::Profile;
use crate::retry::{Jitter, RetryPolicy};
use crate::token::TokenError;
use wasm_bindgen::JsValue;

/// Malformed input: a stable code, and the path of what is wrong (rule E1).
#[derive(Debug)]
pub(super) struct InputError {
    code: &'static str,
    path: String,
}

impl InputError {
    pub fn new(code: &'static str, path: &str) -> Self {
        Self { code, path: path.into() }
    }
}

impl From<CartError> for InputError {
    fn from(error: CartError) -> Self {
        Self { code: error.code.as_str(), path: error.path }
    }
}

impl From<TokenError> for InputError {
    fn from(error: TokenError) -> Self {
        Self::new(error.code(), "token")
    }
}

impl From<JournalError> for InputError {
    fn from(error: JournalError) -> Self {
        Self { code: error.code.as_str(), path: error.path }
    }
}

/// What JavaScript catches: an object with `code` and `path`, which the driver turns into its error classes.
impl From<InputError> for JsValue {
    fn from(error: InputError) -> Self {
        let object = js_sys::Object::new();
        for (name, value) in [("code", error.code), ("path", &error.path)] {
            // Setting a member of an object that was made a line before cannot fail.
            let _ = js_sys::Reflect::set(&object, &name.into(), &value.into());
        }
        object.into()
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

pub(super) fn provider_ref(text: &str) -> Result<Text, InputError> {
    let kept = Text::new(text);
    if kept.as_str() == text { Ok(kept) } else { Err(InputError::new("provider_ref_invalid", "providerRef")) }
}

pub(super) fn config(config: &HostConfig) -> Result<Config, InputError> {
    let profile = Profile::by_name(&config.profile()).ok_or(InputError::new("profile_unknown", "profile"))?;
    let durability =
        if config.durability_required() == Some(true) { Durability::Required } else { Durability::Preferred };
    Ok(Config { profile, retry: retry(config)?, durability })
}

pub(super) fn retry(config: &HostConfig) -> Result<RetryPolicy, InputError> {
    let default = RetryPolicy::default();
    let jitter = match config.jitter() {
        Some(name) => Jitter::by_name(&name).ok_or(InputError::new("jitter_unknown", "retry.jitter"))?,
        None => default.jitter,
    };
    Ok(RetryPolicy {
        jitter,
        base: number(config.base(), default.base, "retry.base")?,
        cap: number(config.cap(), default.cap, "retry.cap")?,
        max_retries: count(config.max_retries(), default.max_retries, "retry.maxRetries")?,
        total_time: number(config.total_time(), default.total_time, "retry.totalTime")?,
        send_timeout: number(config.send_timeout(), default.send_timeout, "retry.sendTimeout")?,
        max_settles: count(config.max_settles(), default.max_settles, "retry.maxSettles")?,
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

fn count(value: Option<f64>, default: u32, path: &str) -> Result<u32, InputError> {
    if value.is_some_and(|value| value.fract() != 0.0) {
        return Err(InputError::new("number_invalid", path));
    }
    let value = number(value, default.into(), path)?;
    u32::try_from(value).ok().filter(|count| *count <= 1000).ok_or(InputError::new("number_invalid", path))
}

/// Milliseconds, as JavaScript counts.
#[expect(clippy::cast_precision_loss, reason = "delays are far below 2^53 ms")]
pub(super) fn double(value: u64) -> f64 {
    value as f64
}
