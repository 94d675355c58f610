//! What to do: the only way out of the machine. A port runs each effect and answers with an event.
#![forbid(unsafe_code)]

use crate::attempt::KeyHeader;
use crate::cart::CartHash;
use crate::key::{IdempotencyKey, SessionId};
use crate::notice::Notice;
use crate::outcome::{Opaque, Text};
use alloc::string::String;
use core::fmt;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The id of an effect, by which its answer is recognised. Never reused within an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectId(pub u32);

/// Something to do now, in the order given.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Effect {
    /// Open the sheet for the cart of the snapshot. Its id is what the sheet's events carry.
    OpenSheet {
        /// The sheet.
        sheet: EffectId,
    },
    /// Ask for a fresh token in the open sheet, and say why.
    RetrySheet {
        /// The sheet.
        sheet: EffectId,
        /// Why.
        why: Notice,
    },
    /// Show the cart of the snapshot in the open sheet.
    UpdateSheet {
        /// The sheet.
        sheet: EffectId,
    },
    /// Show the result in the sheet and close it.
    CompleteSheet {
        /// The sheet.
        sheet: EffectId,
        /// Whether the shopper has paid.
        success: bool,
    },
    /// Close the sheet without a result.
    CloseSheet {
        /// The sheet.
        sheet: EffectId,
    },
    /// Ask for the lock. Answer: `LockGranted`, `LockRefused` or `LockFailed`.
    AcquireLock {
        /// This effect.
        effect: EffectId,
    },
    /// Let go of the lock, or of asking for it, once all writes before are done. No answer.
    ReleaseLock,
    /// Replace the journal's record. Answer: `JournalWritten` or `JournalFailed`.
    WriteJournal {
        /// This effect.
        effect: EffectId,
        /// The record; holds no secret, but is not worth showing.
        #[serde(skip)]
        record: String,
        /// Whether this checkout holds the lock: what another tab wrote meanwhile is merged accordingly (see
        /// [`Record::merged`](crate::journal::Record::merged)).
        holds_lock: bool,
    },
    /// Send the attempt. Answer: `SendAnswered`.
    SendAttempt {
        /// This effect.
        effect: EffectId,
        /// What to send.
        request: Request,
    },
    /// Ask the merchant for the truth. Answer: `SettleAnswered`.
    SettleAttempt {
        /// This effect.
        effect: EffectId,
        /// About which key.
        key: IdempotencyKey,
        /// The attempt's session.
        session: SessionId,
        /// Its provider object.
        provider_ref: Option<Text>,
    },
    /// Break off the request that this effect began: its answer is not waited for any more.
    AbortRequest {
        /// The effect that began the request.
        effect: EffectId,
    },
    /// Tell the merchant that a session must not be paid any more. Answer: `DiscardAnswered`.
    DiscardSession {
        /// This effect.
        effect: EffectId,
        /// Which session.
        session: SessionId,
        /// Its provider object.
        provider_ref: Option<Text>,
    },
    /// Start a timer. Answer: `TimerFired`.
    StartTimer {
        /// This effect.
        effect: EffectId,
        /// Milliseconds from now.
        delay: u64,
    },
    /// Stop a timer.
    CancelTimer {
        /// The effect that started it.
        effect: EffectId,
    },
    /// Let the shopper do what the provider asks for. Answer: `ActionEnded`.
    PerformAction {
        /// This effect.
        effect: EffectId,
        /// The attempt's key.
        key: IdempotencyKey,
        /// What kind of action, in the merchant's words.
        kind: Text,
        /// What the merchant port needs for it: JSON text.
        #[serde(skip)]
        payload: Option<Opaque>,
    },
}

impl Effect {
    /// What the log keeps of this effect: everything but bodies and records (rule T6).
    pub(super) fn redacted(&self) -> Self {
        match self {
            Self::WriteJournal { effect, record: _, holds_lock } => {
                Self::WriteJournal { effect: *effect, record: String::new(), holds_lock: *holds_lock }
            }
            Self::SendAttempt { effect, request } => Self::SendAttempt {
                effect: *effect,
                request: Request {
                    key: request.key,
                    session: request.session,
                    cart_hash: request.cart_hash.clone(),
                    provider_ref: request.provider_ref.clone(),
                    header: request.header.clone(),
                    send: request.send,
                    body: Zeroizing::default(),
                },
            },
            Self::PerformAction { effect, key, kind, payload: _ } => {
                Self::PerformAction { effect: *effect, key: *key, kind: kind.clone(), payload: None }
            }
            other => other.clone(),
        }
    }
}

/// One send of an attempt.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The attempt's key.
    pub key: IdempotencyKey,
    /// Its session.
    pub session: SessionId,
    /// The hash of the cart that it pays for.
    pub cart_hash: CartHash,
    /// The session's provider object.
    pub provider_ref: Option<Text>,
    /// The header that carries the key, where the body does not.
    pub header: Option<KeyHeader>,
    /// 1 for the attempt's first send.
    pub send: u32,
    /// The body: the same bytes on every send of the attempt. Secret, and wiped when dropped.
    #[serde(skip)]
    pub body: Zeroizing<String>,
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("key", &self.key)
            .field("send", &self.send)
            .finish_non_exhaustive()
    }
}
