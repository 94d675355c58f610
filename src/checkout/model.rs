//! What a model checker needs of the machine: copies of it, and whether two of them are in the same state.
//!
//! Only with the feature `model`, which no storefront has any use for.
#![forbid(unsafe_code)]

use super::{Checkout, StateKind};
use crate::key::Entropy;
use crate::log::Log;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

impl Checkout {
    /// A copy that goes on by itself, with randomness of its own and an empty log.
    #[must_use]
    pub fn fork(&self, entropy: Box<dyn Entropy>) -> Self {
        Self {
            config: self.config,
            entropy,
            clock: self.clock,
            state: self.state.clone(),
            started: self.started,
            online: self.online,
            durable: self.durable,
            ledger: self.ledger.clone(),
            notices: self.notices.clone(),
            discards: self.discards.clone(),
            ended: self.ended.clone(),
            written: self.written.clone(),
            unwritten: self.unwritten,
            writing: self.writing.clone(),
            log: Log::new(self.config),
            effects: Vec::new(),
            draws: Vec::new(),
            recording: self.recording,
            patience: self.patience,
            locked: self.locked,
            release_lock: self.release_lock,
            past: self.past.clone(),
            last_id: self.last_id,
        }
    }

    /// Where it stands, without the rest of the snapshot.
    #[must_use]
    pub const fn state(&self) -> StateKind {
        self.state.kind()
    }

    /// Writes all that this checkout will ever act upon. Two of the same config that write the same do the same from
    /// then on, as long as their clocks are never set back.
    ///
    /// The ids in it are names: which ones they are does not matter, only where each comes again. A request's body is
    /// not in it, because all that makes it is: the attempt's cart and session, and the fingerprint of its token, which
    /// must always come with the same expiry and details.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn describe(&self, out: &mut impl fmt::Write) -> fmt::Result {
        // Every field is named, so that whoever adds one has to decide whether it belongs here.
        let Self {
            config: _,
            entropy: _,
            clock: _,
            state,
            started,
            online,
            durable,
            ledger,
            notices,
            discards,
            ended,
            written,
            unwritten,
            writing,
            log: _,
            effects: _, // empty between two events, as are the draws
            draws: _,
            recording,
            patience,
            locked,
            release_lock,
            past,
            last_id: _,
        } = self;
        write!(out, "{state:?}{started}{online}{durable}{ledger:?}{notices:?}{discards:?}")?;
        write!(
            out,
            "{ended:?}{written:?}{unwritten}{writing:?}{recording:?}{patience:?}{locked}{release_lock}{past:?}"
        )
    }
}
