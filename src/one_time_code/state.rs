//! The states, with what belongs to each inside of it.
#![forbid(unsafe_code)]

use super::Reason;
use super::flow::{Flow, FlowState};
use crate::checkout::EffectId;
use crate::outcome::Opaque;

/// Where a page is with its flow.
#[derive(Debug)]
pub(super) enum State {
    /// No flow.
    Idle,
    /// The flow is being written down: nobody leaves before.
    Beginning { flow: Flow, change: EffectId },
    /// The shopper is being sent to the provider, or is there.
    Away { state: FlowState },
    /// The page was loaded and looks what became of the flow.
    Looking { state: Option<FlowState> },
    /// The shopper is back; whose code it is to send is being decided, since then.
    Claiming { state: FlowState, code: Option<Opaque>, change: EffectId, since: u64 },
    /// The code was sent.
    Exchanging { state: FlowState, since: u64, request: EffectId, timer: EffectId },
    /// Nobody knows, so the backend is asked.
    Asking(Asking),
    /// The backend did not say. It may be asked again.
    Unresolved { question: Question },
    /// The backend is connected.
    Connected { state: FlowState },
    /// It is not.
    Failed { state: Option<FlowState>, reason: Reason },
}

/// What the backend is asked, and what its "no" means.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub state: FlowState,
    /// Why the flow failed, should the backend not be connected.
    pub otherwise: Reason,
    /// A "no" to a question put before that says little: the exchange may have been under way still. In milliseconds since
    /// the Unix epoch; none where nobody is known to have claimed the code, and somebody may yet.
    pub no_counts_from: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Asking {
    pub question: Question,
    /// Answers so far that settled nothing.
    pub asked: u32,
    /// Of these the last ones that were no answers at all.
    pub unanswered: u32,
    /// The delay before the last question, in milliseconds.
    pub delay: u64,
    pub step: Step,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// The question is out, since then.
    Request { request: EffectId, timer: EffectId, at: u64 },
    /// It is put again when the timer fires.
    Pause { timer: EffectId },
}

crate::kinds::state_kinds! {
    /// No flow.
    Idle = "idle",
    /// The flow is being written down.
    Beginning = "beginning",
    /// The shopper is being sent to the provider, or is there.
    Away = "away",
    /// The page looks what became of the flow.
    Looking = "looking",
    /// The shopper is back, the code is being claimed.
    Claiming = "claiming",
    /// The code was sent.
    Exchanging = "exchanging",
    /// The outcome is unknown, the backend is asked.
    Asking = "asking",
    /// The backend did not say.
    Unresolved = "unresolved",
    /// Connected.
    Connected = "connected",
    /// Not connected.
    Failed = "failed",
}

impl State {
    /// The flow at hand.
    pub fn flow(&self) -> Option<&FlowState> {
        match self {
            Self::Idle => None,
            Self::Beginning { flow, .. } => Some(&flow.state),
            Self::Looking { state } | Self::Failed { state, .. } => state.as_ref(),
            Self::Away { state }
            | Self::Claiming { state, .. }
            | Self::Exchanging { state, .. }
            | Self::Connected { state } => Some(state),
            Self::Asking(Asking { question, .. }) | Self::Unresolved { question } => Some(&question.state),
        }
    }
}
