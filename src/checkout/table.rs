//! Which event does what in which state: the machine's table.
//!
//! The machine asks this table before it does anything; an event that the table rejects never reaches a handler.
//! There is no wildcard arm: a new state or event does not compile until every cell is decided. The diagram is drawn
//! from the same data.
#![doc = include_str!("../../docs/state-diagram.md")]
#![forbid(unsafe_code)]

use super::event::EventKind;
use super::state::StateKind;
use crate::kinds;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// What the table says of an event in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// The event is taken and leads to one of these states. A handler may still reject it when its ids do not fit
    /// (a late answer, a sheet that is over).
    To(&'static [StateKind]),
    /// The event has no meaning in this state and changes nothing.
    Reject(Rejection),
}

/// Why an event was not taken. Harmless: the state is unchanged, and the log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// The journal has not been read yet.
    NotStarted,
    /// The journal has been read already.
    AlreadyStarted,
    /// There is no cart to pay.
    NoCart,
    /// The sheet is open already (rule S2).
    AlreadyOpen,
    /// An attempt is open; it comes to its end first (rules K1, K3).
    AttemptOpen,
    /// The cart is paid already.
    AlreadyPaid,
    /// Another tab is paying (rule D6).
    AnotherTabPays,
    /// No outcome is unknown.
    NothingToCheck,
    /// There is no receipt to acknowledge.
    NothingToAcknowledge,
    /// The effect is over or was answered before.
    LateAnswer,
    /// The sheet is over.
    StaleSheet,
    /// No attempt has this key.
    UnknownKey,
    /// Only a definitive outcome can be reported from outside.
    NotDefinitive,
}

impl Rejection {
    /// The stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::AlreadyStarted => "already_started",
            Self::NoCart => "no_cart",
            Self::AlreadyOpen => "already_open",
            Self::AttemptOpen => "attempt_open",
            Self::AlreadyPaid => "already_paid",
            Self::AnotherTabPays => "another_tab_pays",
            Self::NothingToCheck => "nothing_to_check",
            Self::NothingToAcknowledge => "nothing_to_acknowledge",
            Self::LateAnswer => "late_answer",
            Self::StaleSheet => "stale_sheet",
            Self::UnknownKey => "unknown_key",
            Self::NotDefinitive => "not_definitive",
        }
    }
}

impl core::fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl core::error::Error for Rejection {}

/// What the table says of `event` in `state`.
#[must_use]
#[expect(
    clippy::too_many_lines,
    clippy::match_same_arms,
    reason = "a table has as many lines as it has cells"
)]
pub const fn cell(state: StateKind, event: EventKind) -> Cell {
    use Cell::{Reject, To};
    use EventKind as E;
    use Rejection as R;
    use StateKind::{
        ActionRequired, Blocked, Empty, Failed, Ready, Sending, Settling, SheetOpen, Succeeded, Unresolved,
        Waiting,
    };
    match state {
        Empty => match event {
            E::JournalChanged => To(&[Empty, Settling, Succeeded]),
            E::PageRestored => To(&[Empty]),
            E::JournalRead => To(&[Empty, Settling, Succeeded]),
            E::CartSet => To(&[Ready]),
            E::CartCleared
            | E::JournalWritten
            | E::JournalFailed
            | E::DiscardAnswered
            | E::TimerFired
            | E::WentOffline
            | E::CameOnline
            | E::LockFreed => To(&[Empty]),
            E::OutcomeReported => To(&[Empty, Succeeded]),
            E::SheetRequested => Reject(R::NoCart),
            E::SheetCartChanged | E::TokenReceived | E::SheetCancelled | E::SheetFailed | E::SheetBusy => {
                Reject(R::StaleSheet)
            }
            E::LockGranted
            | E::LockRefused
            | E::LockFailed
            | E::SendAnswered
            | E::SettleAnswered
            | E::ActionEnded => Reject(R::LateAnswer),
            E::CheckRequested => Reject(R::NothingToCheck),
            E::Acknowledged => Reject(R::NothingToAcknowledge),
        },
        Ready => match event {
            E::JournalChanged => To(&[Ready, Settling, Succeeded]),
            E::PageRestored => To(&[Ready, Empty]),
            E::CartCleared => To(&[Empty]),
            E::SheetRequested => To(&[SheetOpen]),
            E::CartSet
            | E::JournalWritten
            | E::JournalFailed
            | E::DiscardAnswered
            | E::TimerFired
            | E::WentOffline
            | E::CameOnline
            | E::LockFreed => To(&[Ready]),
            E::OutcomeReported => To(&[Ready, Succeeded]),
            E::JournalRead => Reject(R::AlreadyStarted),
            E::SheetCartChanged | E::TokenReceived | E::SheetCancelled | E::SheetFailed | E::SheetBusy => {
                Reject(R::StaleSheet)
            }
            E::LockGranted
            | E::LockRefused
            | E::LockFailed
            | E::SendAnswered
            | E::SettleAnswered
            | E::ActionEnded => Reject(R::LateAnswer),
            E::CheckRequested => Reject(R::NothingToCheck),
            E::Acknowledged => Reject(R::NothingToAcknowledge),
        },
        SheetOpen => match event {
            E::JournalChanged => To(&[SheetOpen, Ready, Settling, Succeeded]),
            E::PageRestored => To(&[Ready, Empty]),
            E::CartSet => To(&[SheetOpen, Ready]),
            E::CartCleared => To(&[Empty]),
            E::TokenReceived => To(&[Sending, SheetOpen, Ready]),
            E::SheetCancelled | E::SheetFailed | E::SheetBusy => To(&[Ready]),
            E::SheetCartChanged
            | E::JournalWritten
            | E::JournalFailed
            | E::DiscardAnswered
            | E::TimerFired
            | E::WentOffline
            | E::CameOnline
            | E::LockFreed => To(&[SheetOpen]),
            E::OutcomeReported => To(&[SheetOpen, Succeeded]),
            E::JournalRead => Reject(R::AlreadyStarted),
            E::SheetRequested => Reject(R::AlreadyOpen),
            E::LockGranted
            | E::LockRefused
            | E::LockFailed
            | E::SendAnswered
            | E::SettleAnswered
            | E::ActionEnded => Reject(R::LateAnswer),
            E::CheckRequested => Reject(R::NothingToCheck),
            E::Acknowledged => Reject(R::NothingToAcknowledge),
        },
        Sending => match event {
            E::JournalChanged => To(&[Sending, Settling]),
            E::PageRestored => To(&[Settling, Ready, Empty]),
            E::CartSet | E::SheetCartChanged => To(&[Sending, Ready]),
            E::CartCleared => To(&[Sending, Empty]),
            E::LockGranted => To(&[Sending, Settling, Succeeded, SheetOpen, Ready]),
            E::LockRefused => To(&[Blocked]),
            E::LockFailed => To(&[SheetOpen, Ready]),
            E::JournalWritten | E::JournalFailed => To(&[Sending, Waiting, SheetOpen, Ready]),
            E::SendAnswered => {
                To(&[Waiting, ActionRequired, Settling, Succeeded, SheetOpen, Ready, Empty, Failed])
            }
            E::TimerFired => To(&[Sending, Waiting, Settling, SheetOpen, Ready]),
            E::OutcomeReported => To(&[Sending, Succeeded, SheetOpen, Ready, Empty, Failed]),
            E::SheetCancelled
            | E::SheetFailed
            | E::SheetBusy
            | E::DiscardAnswered
            | E::WentOffline
            | E::CameOnline
            | E::LockFreed => To(&[Sending]),
            E::JournalRead => Reject(R::AlreadyStarted),
            E::SheetRequested | E::TokenReceived | E::CheckRequested => Reject(R::AttemptOpen),
            E::SettleAnswered | E::ActionEnded => Reject(R::LateAnswer),
            E::Acknowledged => Reject(R::NothingToAcknowledge),
        },
        Waiting => match event {
            E::JournalChanged => To(&[Waiting]),
            E::PageRestored => To(&[Settling, Ready, Empty]),
            E::CartSet | E::SheetCartChanged => To(&[Waiting, Settling, Ready]),
            E::CartCleared => To(&[Settling, Empty]),
            E::CameOnline => To(&[Waiting, Settling]),
            E::TimerFired => To(&[Waiting, Sending, Settling, SheetOpen, Ready]),
            E::OutcomeReported => To(&[Waiting, Settling, Succeeded, SheetOpen, Ready, Empty, Failed]),
            E::SheetCancelled
            | E::SheetFailed
            | E::SheetBusy
            | E::JournalWritten
            | E::JournalFailed
            | E::DiscardAnswered
            | E::WentOffline
            | E::LockFreed => To(&[Waiting]),
            E::JournalRead => Reject(R::AlreadyStarted),
            E::SheetRequested | E::TokenReceived | E::CheckRequested => Reject(R::AttemptOpen),
            E::LockGranted
            | E::LockRefused
            | E::LockFailed
            | E::SendAnswered
            | E::SettleAnswered
            | E::ActionEnded => Reject(R::LateAnswer),
            E::Acknowledged => Reject(R::NothingToAcknowledge),
        },
        ActionRequired => match event {
            E::JournalChanged => To(&[ActionRequired]),
            E::PageRestored => To(&[Settling]),
            E::CartSet => To(&[ActionRequired, Settling]),
            E::CartCleared | E::ActionEnded | E::CheckRequested => To(&[Settling]),
            E::OutcomeReported => To(&[ActionRequired, Settling, Succeeded, Ready, Empty, Failed]),
            E::JournalWritten
            | E::JournalFailed
            | E::DiscardAnswered
            | E::TimerFired
            | E::WentOffline
            | E::CameOnline
            | E::LockFreed => To(&[ActionRequired]),
            E::JournalRead => Reject(R::AlreadyStarted),
            E::SheetRequested | E::TokenReceived => Reject(R::AttemptOpen),
            // The sheet is closed before the challenge begins.
            E::SheetCartChanged | E::SheetCancelled | E::SheetFailed | E::SheetBusy => Reject(R::StaleSheet),
            E::LockGranted | E::LockRefused | E::LockFailed | E::SendAnswered | E::SettleAnswered => {
                Reject(R::LateAnswer)
            }
            E::Acknowledged => Reject(R::NothingToAcknowledge),
        },
        Settling => match event {
            E::JournalChanged | E::PageRestored => To(&[Settling]),
            E::LockGranted => To(&[Settling, Succeeded, Ready, Empty]),
            E::LockRefused => To(&[Blocked, Settling]),
            E::LockFailed => To(&[Settling]),
            E::SettleAnswered => {
                To(&[Settling, Unresolved, ActionRequired, Succeeded, SheetOpen, Ready, Empty, Failed])
            }
            E::TimerFired => To(&[Settling, Unresolved]),
            E::OutcomeReported => To(&[Settling, Succeeded, SheetOpen, Ready, Empty, Failed]),
            E::CartSet
            | E::CartCleared
            | E::SheetCartChanged
            | E::SheetCancelled
            | E::SheetFailed
            | E::SheetBusy
            | E::JournalWritten
            | E::JournalFailed
            | E::DiscardAnswered
            | E::WentOffline
            | E::CameOnline
            | E::LockFreed => To(&[Settling]),
            E::JournalRead => Reject(R::AlreadyStarted),
            E::SheetRequested | E::TokenReceived | E::CheckRequested => Reject(R::AttemptOpen),
            E::SendAnswered | E::ActionEnded => Reject(R::LateAnswer),
            E::Acknowledged => Reject(R::NothingToAcknowledge),
        },
        Unresolved => match event {
            E::JournalChanged => To(&[Unresolved]),
            E::PageRestored => To(&[Settling]),
            // A click resumes the attempt that is there; it never starts another one (rule K3).
            E::SheetRequested | E::CheckRequested | E::CameOnline => To(&[Settling]),
            E::OutcomeReported => To(&[Unresolved, Succeeded, Ready, Empty, Failed]),
            E::CartSet
            | E::CartCleared
            | E::JournalWritten
            | E::JournalFailed
            | E::DiscardAnswered
            | E::TimerFired
            | E::WentOffline
            | E::LockFreed => To(&[Unresolved]),
            E::JournalRead => Reject(R::AlreadyStarted),
            E::TokenReceived => Reject(R::AttemptOpen),
            // The sheet is closed before anybody is told not to pay again.
            E::SheetCartChanged | E::SheetCancelled | E::SheetFailed | E::SheetBusy => Reject(R::StaleSheet),
            E::LockGranted
            | E::LockRefused
            | E::LockFailed
            | E::SendAnswered
            | E::SettleAnswered
            | E::ActionEnded => Reject(R::LateAnswer),
            E::Acknowledged => Reject(R::NothingToAcknowledge),
        },
        Succeeded => match event {
            E::JournalChanged | E::PageRestored => To(&[Succeeded]),
            E::CartSet => To(&[Succeeded, Ready]),
            E::Acknowledged => To(&[Ready, Empty]),
            E::CartCleared
            | E::JournalWritten
            | E::JournalFailed
            | E::DiscardAnswered
            | E::TimerFired
            | E::WentOffline
            | E::CameOnline
            | E::LockFreed
            | E::OutcomeReported => To(&[Succeeded]),
            E::JournalRead => Reject(R::AlreadyStarted),
            E::SheetRequested | E::TokenReceived => Reject(R::AlreadyPaid),
            E::SheetCartChanged | E::SheetCancelled | E::SheetFailed | E::SheetBusy => Reject(R::StaleSheet),
            E::LockGranted
            | E::LockRefused
            | E::LockFailed
            | E::SendAnswered
            | E::SettleAnswered
            | E::ActionEnded => Reject(R::LateAnswer),
            E::CheckRequested => Reject(R::NothingToCheck),
        },
        Blocked => match event {
            E::JournalChanged | E::PageRestored => To(&[Blocked]),
            E::LockFreed => To(&[Ready, Empty, Succeeded, Settling]),
            E::OutcomeReported => To(&[Blocked, Succeeded]),
            E::CartSet
            | E::CartCleared
            | E::JournalWritten
            | E::JournalFailed
            | E::DiscardAnswered
            | E::TimerFired
            | E::WentOffline
            | E::CameOnline => To(&[Blocked]),
            E::JournalRead => Reject(R::AlreadyStarted),
            E::SheetRequested | E::TokenReceived | E::CheckRequested => Reject(R::AnotherTabPays),
            E::SheetCartChanged | E::SheetCancelled | E::SheetFailed | E::SheetBusy => Reject(R::StaleSheet),
            E::LockGranted
            | E::LockRefused
            | E::LockFailed
            | E::SendAnswered
            | E::SettleAnswered
            | E::ActionEnded => Reject(R::LateAnswer),
            E::Acknowledged => Reject(R::NothingToAcknowledge),
        },
        Failed => match event {
            E::JournalChanged => To(&[Failed, Settling, Succeeded]),
            E::PageRestored => To(&[Failed, Empty]),
            E::CartSet => To(&[Failed, Ready]),
            E::CartCleared => To(&[Empty]),
            E::SheetRequested => To(&[SheetOpen]),
            E::OutcomeReported => To(&[Failed, Succeeded]),
            E::JournalWritten
            | E::JournalFailed
            | E::DiscardAnswered
            | E::TimerFired
            | E::WentOffline
            | E::CameOnline
            | E::LockFreed => To(&[Failed]),
            E::JournalRead => Reject(R::AlreadyStarted),
            E::SheetCartChanged | E::TokenReceived | E::SheetCancelled | E::SheetFailed | E::SheetBusy => {
                Reject(R::StaleSheet)
            }
            E::LockGranted
            | E::LockRefused
            | E::LockFailed
            | E::SendAnswered
            | E::SettleAnswered
            | E::ActionEnded => Reject(R::LateAnswer),
            E::CheckRequested => Reject(R::NothingToCheck),
            E::Acknowledged => Reject(R::NothingToAcknowledge),
        },
    }
}

/// The table as a Mermaid state diagram.
#[must_use]
pub fn mermaid() -> String {
    kinds::mermaid(StateKind::ALL, StateKind::name, |from, to| {
        let leads = |event| matches!(cell(from, event), Cell::To(states) if states.contains(&to));
        EventKind::ALL.iter().filter(|&&event| leads(event)).map(|event| event.name()).collect()
    })
}
