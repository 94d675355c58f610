//! What happened, bounded and redacted, for support and for tests (rule E2).
//!
//! Tokens are in it as fingerprints, carts as hash and total. Every random draw is in it, so a log that is complete
//! replays to the same state.
#![forbid(unsafe_code)]

use crate::checkout::{Config, Durability, Effect, Event, Rejection, StateKind};
use crate::json;
use crate::retry::RetryPolicy;
use crate::text;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Serialize, Serializer};

/// The version of the exported form.
pub const VERSION: u32 = 1;

/// How many entries are kept; beyond that the oldest is dropped, and the log says so.
pub const CAPACITY: usize = 512;

/// What happened so far.
#[derive(Debug, Clone, Serialize)]
pub struct Log {
    version: u32,
    config: LoggedConfig,
    dropped: u64,
    entries: Vec<Entry>,
    #[serde(skip)]
    last: u64,
}

/// One event and what became of it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(serde::Deserialize))]
pub struct Entry {
    /// Counts from 1.
    pub n: u64,
    /// When, by the wall clock, in milliseconds since the Unix epoch.
    pub at: u64,
    /// What happened.
    pub event: Event,
    /// The state before.
    pub from: StateKind,
    /// The state after.
    pub to: StateKind,
    /// What was to be done about it.
    #[cfg_attr(not(target_arch = "wasm32"), serde(skip_deserializing))]
    pub effects: Vec<Effect>,
    /// The random bits that were drawn.
    #[serde(serialize_with = "hex")]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deserialize_with = "replay::from_hex"))]
    pub draws: Vec<u128>,
    /// Why it was rejected, if it was.
    pub rejected: Option<Rejection>,
    /// How often the same event was rejected for the same reason right after this one.
    pub repeated: u32,
}

#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
struct LoggedConfig {
    profile: alloc::borrow::Cow<'static, str>,
    retry: RetryPolicy,
    durability_required: bool,
}

impl Log {
    /// An empty log of a checkout that was set up like this.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            version: VERSION,
            config: LoggedConfig {
                profile: config.profile.name().into(),
                retry: config.retry,
                durability_required: config.durability == Durability::Required,
            },
            dropped: 0,
            entries: Vec::new(),
            last: 0,
        }
    }

    /// Adds an entry and numbers it. Fifty clicks on a button that is not there make one entry.
    pub fn push(&mut self, mut entry: Entry) {
        self.last = self.last.saturating_add(1);
        entry.n = self.last;
        if let (Some(rejected), Some(last)) = (entry.rejected, self.entries.last_mut())
            && last.rejected == Some(rejected)
            && last.event.kind() == entry.event.kind()
        {
            last.repeated = last.repeated.saturating_add(1);
            return;
        }
        if self.entries.len() >= CAPACITY {
            // It moves all others, but so rarely that a ring would only weigh more.
            self.entries.remove(0);
            self.dropped = self.dropped.saturating_add(1);
        }
        self.entries.push(entry);
    }

    /// The entries that are still there, oldest first.
    #[must_use]
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The log as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::to_string(self)
    }
}

fn hex<S: Serializer>(draws: &[u128], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(draws.iter().map(|bits| text::hex(&bits.to_be_bytes(), &[])))
}

#[cfg(not(target_arch = "wasm32"))]
pub use replay::{ReplayError, replay};

#[cfg(not(target_arch = "wasm32"))]
mod replay {
    //! Replays need serde's reading half, which the wasm does not carry.

    use super::{Entry, LoggedConfig};
    use crate::checkout::{Checkout, Config, Durability};
    use crate::key::Entropy;
    use crate::provider::Profile;
    use alloc::boxed::Box;
    use alloc::collections::VecDeque;
    use alloc::rc::Rc;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::cell::RefCell;
    use core::fmt;
    use serde::{Deserialize, Deserializer};

    /// Why a log could not be replayed.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum ReplayError {
        /// Not a log of this version.
        Unreadable,
        /// The oldest entries are gone, so there is nothing to start from.
        Truncated,
        /// The entry with this number led elsewhere than the log says.
        Diverged(u64),
    }

    impl fmt::Display for ReplayError {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self::Unreadable => formatter.write_str("log_unreadable"),
                Self::Truncated => formatter.write_str("log_truncated"),
                Self::Diverged(n) => write!(formatter, "log_diverged at `entries[{n}]`"),
            }
        }
    }

    impl core::error::Error for ReplayError {}

    #[derive(Deserialize)]
    struct Exported {
        version: u32,
        config: LoggedConfig,
        dropped: u64,
        entries: Vec<Entry>,
    }

    #[derive(Clone, Default)]
    struct Drawn(Rc<RefCell<VecDeque<u128>>>);

    impl Entropy for Drawn {
        fn draw(&mut self) -> u128 {
            self.0.borrow_mut().pop_front().unwrap_or_default()
        }
    }

    /// Runs the events of an exported log through a fresh checkout, which then is in the state that the log ends with.
    /// Tokens stay redacted: the replayed checkout can be looked at but not paid with.
    ///
    /// # Errors
    /// [`ReplayError`] when the text is no complete log, or when this version of the machine decides otherwise.
    pub fn replay(text: &str) -> Result<Checkout, ReplayError> {
        let log: Exported = serde_json::from_str(text).map_err(|_| ReplayError::Unreadable)?;
        if log.version != super::VERSION {
            return Err(ReplayError::Unreadable);
        }
        if log.dropped > 0 {
            return Err(ReplayError::Truncated);
        }
        let drawn = Drawn::default();
        let config = Config {
            profile: Profile::by_name(&log.config.profile).ok_or(ReplayError::Unreadable)?,
            retry: log.config.retry,
            durability: if log.config.durability_required {
                Durability::Required
            } else {
                Durability::Preferred
            },
        };
        let mut checkout = Checkout::new(config, Box::new(drawn.clone()));
        for entry in log.entries {
            drawn.0.borrow_mut().extend(&entry.draws);
            let rejected = checkout.handle(entry.event, entry.at).err();
            if rejected != entry.rejected || checkout.snapshot().state != entry.to {
                return Err(ReplayError::Diverged(entry.n));
            }
        }
        Ok(checkout)
    }

    pub(super) fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u128>, D::Error> {
        Vec::<String>::deserialize(deserializer)?
            .iter()
            .map(|digits| u128::from_str_radix(digits, 16).map_err(serde::de::Error::custom))
            .collect()
    }
}
