//! What happened, and what to do: the only ways into and out of the machine.
#![forbid(unsafe_code)]

use super::Reason;
use super::flow::FlowState;
use super::record::{Kept, Stage, Verdict, What};
use crate::checkout::EffectId;
use crate::outcome::Opaque;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// Something that happened. Answers to effects carry the effect's id; each is taken once.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(Deserialize))]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Event {
    /// The shopper wants to go to the provider.
    BeginRequested,
    /// The shopper came back from the provider.
    Returned {
        /// The parameter `state`, where it can be one of ours.
        state: Option<FlowState>,
        /// What the provider gave.
        brought: Brought,
        /// When the browser got it at the earliest, in milliseconds since the Unix epoch; 0 where nobody knows.
        received_at: u64,
    },
    /// The page was loaded, and nobody came back with it.
    Resumed {
        /// The flow that this page's address was about before.
        state: Option<FlowState>,
    },
    /// The record was changed and stored.
    RecordStored {
        /// By which effect.
        effect: EffectId,
        /// What it came to.
        verdict: Verdict,
    },
    /// The record could not be changed.
    RecordFailed {
        /// By which effect.
        effect: EffectId,
    },
    /// The record was read, because the machine asked or because another tab may have written.
    RecordRead {
        /// The flow at hand; where there is none, the last one that was claimed and has no end.
        found: Option<Found>,
    },
    /// The record could not be read.
    RecordUnreadable,
    /// The backend answered to the exchange, or nobody knows (the reply was lost).
    ExchangeAnswered {
        /// Which exchange.
        effect: EffectId,
        /// Its answer.
        answer: ExchangeAnswer,
    },
    /// The backend said whether it is connected; `None` where it did not.
    StatusAnswered {
        /// To which question.
        effect: EffectId,
        /// Its answer.
        connected: Option<bool>,
    },
    /// A timer ran out.
    TimerFired {
        /// Which one.
        effect: EffectId,
    },
    /// The shopper wants to know what became of it.
    CheckRequested,
    /// The device has a network again.
    CameOnline,
    /// The page came out of the back/forward cache: its requests are dead.
    PageRestored,
}

/// What the provider gave the shopper.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum Brought {
    /// A code.
    Code(#[serde(skip)] Secret),
    /// No code, and why.
    Nothing(Reason),
}

/// A code: shown nowhere, wiped when dropped.
#[derive(Debug, Clone)]
pub struct Secret(pub Opaque);

impl Default for Secret {
    /// What a replay knows of a code.
    fn default() -> Self {
        Self(Opaque::new(String::new()))
    }
}

/// How the backend answered to the exchange of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExchangeAnswer {
    /// It exchanged the code and is connected.
    Connected,
    /// The code was used before: perhaps by this very flow (rule O3).
    AlreadyUsed,
    /// It is definitely not connected by this flow, and never will be.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl ExchangeAnswer {
    /// The answer of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "connected" => Self::Connected,
            "already_used" => Self::AlreadyUsed,
            "refused" => Self::Refused,
            "unknown" => Self::Unknown,
            _ => return None,
        })
    }
}

/// A flow as the record has it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(Deserialize))]
pub struct Found {
    /// Its name.
    pub state: FlowState,
    /// How far it has come.
    pub standing: Standing,
}

/// How far a flow has come, without its secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The shopper is with the provider.
    Away,
    /// A page has claimed the code.
    Claimed {
        /// When, in milliseconds since the Unix epoch.
        since: u64,
    },
    /// It is over.
    Ended(super::record::End),
}

impl From<&Kept> for Found {
    fn from(kept: &Kept) -> Self {
        let standing = match kept.stage {
            Stage::Away { .. } => Standing::Away,
            Stage::Claimed { .. } => Standing::Claimed { since: kept.at },
            Stage::Ended(end) => Standing::Ended(end),
        };
        Self { state: kept.state.clone(), standing }
    }
}

/// Something to do now, in the order given. A port runs it and answers with an event.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Make a [`super::Change`] of the record. Answer: `RecordStored` or `RecordFailed`.
    ChangeRecord {
        /// This effect.
        effect: EffectId,
        /// What to change.
        what: What,
    },
    /// Read the record. Answer: `RecordRead` or `RecordUnreadable`.
    ReadRecord,
    /// Go to the provider. No answer.
    Leave {
        /// The parameter `state`.
        state: FlowState,
        /// The parameter `code_challenge`, of the method `S256`.
        challenge: Option<String>,
    },
    /// Hand the code to the backend, once. Answer: `ExchangeAnswered`.
    Exchange {
        /// This effect.
        effect: EffectId,
        /// The flow.
        state: FlowState,
        /// The code.
        code: Opaque,
        /// The PKCE verifier.
        verifier: Option<Opaque>,
    },
    /// Ask the backend whether it is connected by this flow. Answer: `StatusAnswered`.
    AskStatus {
        /// This effect.
        effect: EffectId,
        /// The flow.
        state: FlowState,
    },
    /// Nobody waits for the answer any more.
    AbortRequest {
        /// Which effect.
        effect: EffectId,
    },
    /// Answer: `TimerFired`.
    StartTimer {
        /// This effect.
        effect: EffectId,
        /// In how many milliseconds.
        delay: u64,
    },
    /// Nobody waits for the timer any more.
    CancelTimer {
        /// Which effect.
        effect: EffectId,
    },
}

impl Event {
    /// What the log keeps of this event: everything but codes and verifiers (rule T6).
    pub(super) fn redacted(&self) -> Self {
        match self {
            Self::Returned { state, brought: Brought::Code(_), received_at } => Self::Returned {
                state: state.clone(),
                brought: Brought::Code(Secret::default()),
                received_at: *received_at,
            },
            Self::RecordStored { effect, verdict: Verdict::Won { left, .. } } => {
                let verdict = Verdict::Won { verifier: None, left: *left };
                Self::RecordStored { effect: *effect, verdict }
            }
            other => other.clone(),
        }
    }
}

crate::kinds::event_kinds! {
    BeginRequested, Returned, Resumed, RecordStored, RecordFailed, RecordRead, RecordUnreadable, ExchangeAnswered,
    StatusAnswered, TimerFired, CheckRequested, CameOnline, PageRestored,
}
