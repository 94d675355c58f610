//! What happened, bounded and redacted (rule E2): neither codes nor verifiers nor the names of flows are in it.
//!
//! None of these decides anything once the record has spoken, so a log replays to the same state without them.
#![forbid(unsafe_code)]

use super::table::Rejection;
use super::{Event, StateKind};
use crate::json;
use alloc::collections::VecDeque;
use alloc::string::String;
use serde::Serialize;

/// How many entries are kept; beyond that the oldest is dropped, and the log says so.
pub const CAPACITY: usize = 128;

/// What happened so far.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(serde::Deserialize))]
pub struct Log {
    dropped: u64,
    entries: VecDeque<Entry>,
}

/// One event and what became of it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(serde::Deserialize))]
pub struct Entry {
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// What happened.
    pub event: Event,
    /// The state after.
    pub to: StateKind,
    /// Why it was rejected, if it was.
    pub rejected: Option<Rejection>,
}

impl Log {
    pub(super) fn push(&mut self, entry: Entry) {
        if self.entries.len() >= CAPACITY {
            self.entries.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.entries.push_back(entry);
    }

    /// The entries that are still there, oldest first.
    #[must_use]
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// How many are not.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The log as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::to_string(self)
    }
}
