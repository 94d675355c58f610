//! When to send again, and when to stop and ask for the truth.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

/// How the delay before a resend is spread, so that many clients do not come back at the same moment.
///
/// `window` is `min(cap, base * 2^n)` for the `n`-th resend, counted from 0. Full, equal and decorrelated jitter are
/// those of "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// `U(0, window)`: the widest spread for its mean, and no floor after it.
    #[default]
    Full,
    /// `window + U(0, base)`: 1 s, 2 s, 4 s plus jitter, as in Stripe's write-up on idempotency.
    Additive,
    /// `window / 2 + U(0, window / 2)`.
    Equal,
    /// `min(cap, U(base, 3 * previous delay))`, where the first delay comes after one of `base`.
    Decorrelated,
}

impl Jitter {
    /// The jitter of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "full" => Self::Full,
            "additive" => Self::Additive,
            "equal" => Self::Equal,
            "decorrelated" => Self::Decorrelated,
            _ => return None,
        })
    }
}

/// How often, how long and how far apart. All times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryPolicy {
    /// How delays are spread.
    pub jitter: Jitter,
    /// The first window. Its width decides how hard a herd of clients hits a merchant that comes back.
    pub base: u64,
    /// The longest window.
    pub cap: u64,
    /// Sends of an attempt after its first one; 0 means none (rule R3).
    pub max_retries: u32,
    /// How long after its first send an attempt may be resent; afterwards it is settled (rule R4). Apple Pay closes
    /// its sheet after 30 s.
    pub total_time: u64,
    /// How long a request may take before its outcome counts as ambiguous (rule R7), and how long the lock, or the journal
    /// before a first send, before it counts as failed.
    pub send_timeout: u64,
    /// How often the merchant is asked to settle before the attempt is `Unresolved` (rule U2).
    pub max_settles: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            jitter: Jitter::Full,
            base: 2_000,
            cap: 8_000,
            max_retries: 6,
            total_time: 25_000,
            send_timeout: 10_000,
            max_settles: 6,
        }
    }
}

impl RetryPolicy {
    /// The delay before request number `n + 2` of its kind, that is after `n + 1` failures.
    ///
    /// `previous` is the delay before the request that failed, `unit` a random number in `[0, 1)`. The lower bound
    /// that the merchant asked for (`Retry-After`, rule R2) comes on top, so that clients that were all told the same
    /// bound are spread behind it.
    #[must_use]
    pub fn delay(&self, n: u32, previous: u64, unit: f64, lower_bound: Option<u64>) -> u64 {
        let window = self.base.saturating_mul(2_u64.saturating_pow(n)).min(self.cap);
        let spread = match self.jitter {
            Jitter::Full => portion(window, unit),
            Jitter::Additive => window.saturating_add(portion(self.base, unit)),
            Jitter::Equal => (window / 2).saturating_add(portion(window.div_ceil(2), unit)),
            Jitter::Decorrelated => {
                let highest = previous.max(self.base).saturating_mul(3);
                self.base.saturating_add(portion(highest.saturating_sub(self.base), unit)).min(self.cap)
            }
        };
        spread.saturating_add(lower_bound.unwrap_or(0))
    }
}

/// `U(0, whole)` for a `unit` in `[0, 1)`, rounded to the nearest millisecond.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "windows are far below 2^53 ms, and the product is neither negative nor larger than the window"
)]
fn portion(whole: u64, unit: f64) -> u64 {
    // `f64::round` needs the standard library.
    (whole as f64 * unit + 0.5) as u64
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;

    #[test]
    fn r1_jitters_are_found_by_their_names_alone() {
        for jitter in [Jitter::Full, Jitter::Additive, Jitter::Equal, Jitter::Decorrelated] {
            let name = serde_json::to_value(jitter).unwrap();
            assert_eq!(name.as_str().and_then(Jitter::by_name), Some(jitter), "{name}");
        }
        for wrong in ["", "Full", "none"] {
            assert_eq!(Jitter::by_name(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn r1_full_jitter_spans_the_whole_window_without_a_floor() {
        let policy = RetryPolicy::default();
        for (n, window) in [(0, 2_000), (1, 4_000), (2, 8_000), (3, 8_000), (63, 8_000), (64, 8_000)] {
            assert_eq!(policy.delay(n, 0, 0.0, None), 0);
            assert_eq!(policy.delay(n, 0, 0.5, None), window / 2);
            assert_eq!(policy.delay(n, 0, 0.999_999_9, None), window);
        }
    }

    #[test]
    fn r1_additive_is_one_two_four_plus_jitter() {
        let policy = RetryPolicy { jitter: Jitter::Additive, base: 1_000, ..RetryPolicy::default() };
        assert_eq!([0, 1, 2].map(|n| policy.delay(n, 0, 0.0, None)), [1_000, 2_000, 4_000]);
        assert_eq!([0, 1, 2].map(|n| policy.delay(n, 0, 0.5, None)), [1_500, 2_500, 4_500]);
    }

    #[test]
    fn r1_equal_and_decorrelated() {
        let equal = RetryPolicy { jitter: Jitter::Equal, ..RetryPolicy::default() };
        assert_eq!(equal.delay(0, 0, 0.0, None), 1_000);
        assert_eq!(equal.delay(0, 0, 0.999_999_9, None), 2_000);
        let decorrelated = RetryPolicy { jitter: Jitter::Decorrelated, ..RetryPolicy::default() };
        assert_eq!(decorrelated.delay(0, 0, 0.0, None), 2_000);
        assert_eq!(decorrelated.delay(0, 0, 0.999_999_9, None), 6_000);
        assert_eq!(decorrelated.delay(1, 2_000, 0.5, None), 4_000);
        assert_eq!(decorrelated.delay(5, 8_000, 0.9, None), 8_000);
    }

    #[test]
    fn r2_retry_after_is_a_lower_bound_and_still_spread() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(0, 0, 0.0, Some(3_000)), 3_000);
        assert_eq!(policy.delay(0, 0, 0.5, Some(3_000)), 4_000);
    }
}
