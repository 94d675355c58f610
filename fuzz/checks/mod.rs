//! What must hold for any input whatever. cargo-fuzz looks for input for which it does not; `tests/corpus.rs` replays
//! what it kept.

pub mod answers;
pub mod cart;
pub mod events;
pub mod journal;
