//! Randomness from the platform's cryptographic source.
#![forbid(unsafe_code)]

use super::convert::InputError;
use crate::key::Entropy;

/// Draws from `crypto.getRandomValues`, many bytes at a time: a call across the boundary costs more than the bytes.
pub(super) struct BrowserEntropy {
    pool: [u8; Self::POOL],
    used: usize,
}

impl BrowserEntropy {
    const POOL: usize = 256;

    /// # Errors
    /// `no_entropy` where the platform has no cryptographic source; without one there are no safe keys.
    pub fn new() -> Result<Self, InputError> {
        let mut pool = [0; Self::POOL];
        refill(&mut pool).map_err(|_| InputError::new("no_entropy", ""))?;
        Ok(Self { pool, used: 0 })
    }
}

impl Entropy for BrowserEntropy {
    fn draw(&mut self) -> u128 {
        const SIZE: usize = 16;
        if self.used + SIZE > Self::POOL {
            // It worked before; should it fail now, no weaker key may be made in its place.
            if refill(&mut self.pool).is_err() {
                wasm_bindgen::throw_str("no_entropy");
            }
            self.used = 0;
        }
        let bits =
            self.pool.iter().skip(self.used).take(SIZE).fold(0, |bits, byte| bits << 8 | u128::from(*byte));
        self.used += SIZE;
        bits
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the port")]
fn refill(pool: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(pool)
}
