//! The flows of one shopper, in the journal: who may send a code, and what became of it. Never a code.
//!
//! Tabs share the record, so it only ever changes by a [`Change`] in one transaction of the journal. A flow that is not
//! in it is never sent for: whatever is lost with a record costs the shopper another flow, and nothing else.
#![forbid(unsafe_code)]

use super::flow::{Flow, FlowState};
use super::{Limits, Reason};
use crate::journal::{JournalError, JournalErrorCode, Node, corrupt};
use crate::json::{self, Value};
use crate::outcome::Opaque;
use crate::text;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The version of the record that this crate writes.
pub const VERSION: u64 = 1;

/// How many flows are kept; beyond that the oldest is forgotten.
pub const MAX_FLOWS: usize = 32;

/// How long it is known what became of a flow, in milliseconds: 24 h.
pub const KEPT: u64 = 24 * 60 * 60 * 1000;

/// The longest record that is read, in bytes.
const MAX_LEN: usize = 64 * 1024;

/// How a flow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The backend is connected.
    Connected,
    /// It is not.
    Failed(Reason),
}

/// How far a flow has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The shopper is with the provider. The verifier is kept for the page that comes back, and wiped with the claim.
    Away {
        /// The PKCE verifier.
        verifier: Option<Opaque>,
    },
    /// A page has claimed the code and may have sent it (rule O2).
    Claimed {
        /// Which one: a random number of that claim.
        claimant: u128,
    },
    /// It is over.
    Ended(End),
}

/// A flow in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub state: FlowState,
    /// How far it has come.
    pub stage: Stage,
    /// When it came to that stage, in milliseconds since the Unix epoch.
    pub at: u64,
}

/// All flows that are known, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    flows: Vec<Kept>,
}

#[derive(Serialize)]
struct Wire<'a> {
    version: u64,
    flows: Vec<KeptWire<'a>>,
}

#[derive(Serialize)]
struct KeptWire<'a> {
    state: &'a str,
    stage: &'a str,
    at: u64,
    verifier: Option<&'a str>,
    claimant: Option<String>,
}

impl Record {
    /// The record as JSON text.
    #[must_use]
    pub fn encode(&self) -> String {
        let flows = self.flows.iter().map(|flow| {
            let (stage, verifier, claimant) = match &flow.stage {
                Stage::Away { verifier } => ("away", verifier.as_ref().map(Opaque::expose), None),
                Stage::Claimed { claimant } => {
                    ("claimed", None, Some(text::hex(&claimant.to_be_bytes(), &[])))
                }
                Stage::Ended(End::Connected) => ("connected", None, None),
                Stage::Ended(End::Failed(reason)) => (reason.as_str(), None, None),
            };
            KeptWire { state: flow.state.as_str(), stage, at: flow.at, verifier, claimant }
        });
        // Serialising these types into memory cannot fail: no maps with odd keys, no I/O.
        json::to_string(&Wire { version: VERSION, flows: flows.collect() })
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`JournalError`], and then nothing of the text was used (rule D5).
    pub fn decode(text: &str) -> Result<Self, JournalError> {
        if text.len() > MAX_LEN {
            return Err(corrupt(""));
        }
        let value = json::parse(text).map_err(|_| corrupt(""))?;
        match value.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(VERSION..) => {
                return Err(JournalError { code: JournalErrorCode::Newer, path: "version".into() });
            }
            _ => return Err(corrupt("version")),
        }
        let mut flows = Vec::new();
        Node::top(&value, "").list("flows", &mut |node| {
            flows.push(read(node)?);
            Ok(())
        })?;
        Ok(Self { flows })
    }

    /// The flow of that name; without a name the last one that was claimed and whose end nobody has written down.
    #[must_use]
    pub fn find(&self, state: Option<&FlowState>) -> Option<&Kept> {
        self.flows.iter().rev().find(|flow| match state {
            Some(state) => flow.state == *state,
            None => matches!(flow.stage, Stage::Claimed { .. }),
        })
    }

    fn prune(&mut self, limits: Limits, now: u64) {
        self.flows.retain(|flow| {
            let limit = if matches!(flow.stage, Stage::Away { .. }) { limits.away } else { KEPT };
            now.saturating_sub(flow.at) < limit
        });
        let surplus = self.flows.len().saturating_sub(MAX_FLOWS);
        self.flows.drain(..surplus);
    }
}

fn read(node: &Node<'_>) -> Result<Kept, JournalError> {
    let stage = node.get("stage")?;
    let stage = match stage.value.as_str().unwrap_or_default() {
        "away" => Stage::Away {
            verifier: node
                .optional("verifier")?
                .map(|node| node.value.as_str().map(Opaque::new).ok_or_else(|| node.corrupt()))
                .transpose()?,
        },
        "claimed" => Stage::Claimed { claimant: node.parsed("claimant", text::parse_hex_128)? },
        "connected" => Stage::Ended(End::Connected),
        reason => Stage::Ended(End::Failed(Reason::by_name(reason).ok_or_else(|| stage.corrupt())?)),
    };
    Ok(Kept { state: node.parsed("state", FlowState::parse)?, stage, at: node.number("at")? })
}

/// A change of the record. The journal makes it within one transaction, and may have to make it again where that could
/// not be stored: what counts is the verdict of the last time.
#[derive(Debug)]
pub struct Change {
    what: What,
    limits: Limits,
    verdict: Verdict,
}

/// What is to be changed.
#[derive(Debug, Clone)]
pub enum What {
    /// A flow begins.
    Begin(Flow),
    /// The shopper is back.
    Claim {
        /// In which flow.
        state: FlowState,
        /// A random number that is this claim's alone.
        claimant: u128,
        /// What the shopper brought: a code, or the reason why there is none.
        brought: Result<(), Reason>,
        /// When the browser got it at the earliest; 0 where nobody knows.
        received_at: u64,
    },
    /// It is known how a flow ended.
    End {
        /// Which flow.
        state: FlowState,
        /// How.
        end: End,
    },
}

/// What a change came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It stands in the record.
    Stored,
    /// The code is this page's to send, and nobody else's.
    Won {
        /// The PKCE verifier, which is in the record no more.
        #[serde(skip)]
        verifier: Option<Opaque>,
    },
    /// Another page has claimed the code.
    Lost {
        /// When, in milliseconds since the Unix epoch.
        since: u64,
    },
    /// The flow is over.
    Ended(End),
    /// Nobody here began such a flow, or long ago.
    Unknown,
}

impl Change {
    /// A change that is still to be made.
    #[must_use]
    pub const fn new(what: What, limits: Limits) -> Self {
        Self { what, limits, verdict: Verdict::Unknown }
    }

    /// What the journal must hold in the place of `stored`. A record that cannot be read counts as empty: its flows are
    /// unknown then, and nothing is sent for them (rule D5).
    ///
    /// # Errors
    /// [`JournalError`] where a newer version of this crate wrote the record; it must stay as it is.
    pub fn apply(&mut self, stored: Option<&str>, now: u64) -> Result<String, JournalError> {
        let now = now.min(json::MAX_SAFE_INTEGER.unsigned_abs()); // or nobody could read it any more
        let mut record = match stored.map(Record::decode).transpose() {
            Ok(record) => record.unwrap_or_default(),
            Err(newer) if newer.code == JournalErrorCode::Newer => return Err(newer),
            Err(_unreadable) => Record::default(),
        };
        self.verdict = match &self.what {
            What::Begin(flow) => {
                // Where it was stored the first time, and nobody was told, somebody may have claimed it since.
                if record.find(Some(&flow.state)).is_none() {
                    let stage = Stage::Away { verifier: flow.verifier.clone() };
                    record.flows.push(Kept { state: flow.state.clone(), stage, at: now });
                }
                Verdict::Stored
            }
            What::Claim { state, claimant, brought, received_at } => {
                match record.flows.iter_mut().find(|flow| flow.state == *state) {
                    None => Verdict::Unknown,
                    Some(flow) => match &mut flow.stage {
                        Stage::Away { verifier } => {
                            let age = now.saturating_sub(flow.at.max(*received_at));
                            let late = now.saturating_sub(flow.at) >= self.limits.away;
                            let verdict = match brought {
                                Err(reason) => Verdict::Ended(End::Failed(*reason)),
                                // Rule O4.
                                Ok(()) if late || age >= self.limits.lifetime => {
                                    Verdict::Ended(End::Failed(Reason::Expired))
                                }
                                Ok(()) => Verdict::Won { verifier: verifier.take() },
                            };
                            flow.at = now;
                            flow.stage = match verdict {
                                Verdict::Ended(end) => Stage::Ended(end),
                                _ => Stage::Claimed { claimant: *claimant },
                            };
                            verdict
                        }
                        // The transaction was stored the first time, and nobody was told.
                        Stage::Claimed { claimant: winner } if winner == claimant => self.verdict.clone(),
                        Stage::Claimed { .. } => Verdict::Lost { since: flow.at },
                        Stage::Ended(end) => Verdict::Ended(*end),
                    },
                }
            }
            What::End { state, end } => {
                let known = record.flows.iter_mut().find(|flow| flow.state == *state);
                match known.map(|flow| (flow.stage.clone(), flow)) {
                    // Another page asked before the backend was connected.
                    Some((Stage::Claimed { .. } | Stage::Ended(End::Failed(_)), flow)) => {
                        *flow = Kept { state: state.clone(), stage: Stage::Ended(*end), at: now };
                    }
                    // Once connected, always connected. And whoever has the code of an unclaimed flow may still claim it.
                    Some((Stage::Away { .. } | Stage::Ended(End::Connected), _)) | None => {}
                }
                Verdict::Stored
            }
        };
        record.prune(self.limits, now);
        Ok(record.encode())
    }

    /// What it came to when it was made last.
    #[must_use]
    pub fn into_verdict(self) -> Verdict {
        self.verdict
    }
}
