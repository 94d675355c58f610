//! A model checker around payonce's own state machine.
//!
//! The tabs of this world run the real [`Checkout`](payonce::checkout::Checkout), not a copy of its rules. Around them
//! are the driver's habits, a journal, a lock, a network that loses, delays, reorders and duplicates, a merchant as the
//! backend contract asks for it, and a shopper who may do anything at any time. Every order in which that can happen is
//! tried, up to the bounds of a [`Setting`](setting::Setting), and the [`Promise`](promises::Promise)s are checked in
//! every state.
//!
//! | file | what is in it |
//! |---|---|
//! | `setting`, `settings` | what is checked, and how far |
//! | `step`, `moves` | what can happen |
//! | `world`, `tab`, `merchant` | what is there |
//! | `promises` | what must hold |
//! | `search`, `names` | breadth-first search over states in which ids are only names |
//! | `faults` | what is broken on purpose, to see that it is found |
//!
//! A checker of its own, and not `stateright`: what must be shown of liveness is that the shopper *can* get on from
//! every state, which its `eventually` does not say, and its states must be shared between threads, which a core with
//! injected randomness is not. What is left of it is `search`.
#![forbid(unsafe_code)]

pub mod faults;
mod merchant;
mod moves;
mod names;
pub mod promises;
pub mod search;
pub mod setting;
pub mod settings;
pub mod step;
mod tab;
mod world;

pub use merchant::Verdict;
