//! Which event is taken in which state. There is no wildcard arm: a new state or event does not compile until every cell
//! is decided. The diagram is drawn from the same data.
#![doc = include_str!("../../docs/one-time-code-diagram.md")]
#![forbid(unsafe_code)]

use super::{EventKind, StateKind};
use crate::kinds;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// Why an event was not taken. Harmless: the state is unchanged, and the log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// A flow is under way; it comes to its end first.
    UnderWay,
    /// The machine knows more by now than the page's address.
    AlreadyStarted,
    /// Nothing is unknown.
    NothingToCheck,
    /// The effect is over or was answered before.
    LateAnswer,
}

/// Where `event` leads from `state`.
///
/// # Errors
/// The [`Rejection`] where it has no meaning there. A handler may still reject an event whose id does not fit.
#[expect(clippy::too_many_lines, reason = "a table has as many lines as it has cells")]
pub const fn cell(state: StateKind, event: EventKind) -> Result<&'static [StateKind], Rejection> {
    use EventKind as E;
    use Rejection as R;
    use StateKind::{
        Asking, Away, Beginning, Claiming, Connected, Exchanging, Failed, Idle, Looking, Unresolved,
    };
    // What the last flow's end has still to write down is answered in whatever state.
    Ok(match state {
        Idle => match event {
            E::BeginRequested => &[Beginning],
            E::Returned => &[Claiming, Failed],
            E::Resumed => &[Looking],
            E::RecordStored
            | E::RecordFailed
            | E::RecordRead
            | E::RecordUnreadable
            | E::CameOnline
            | E::PageRestored => &[Idle],
            E::ExchangeAnswered | E::StatusAnswered | E::TimerFired => return Err(R::LateAnswer),
            E::CheckRequested => return Err(R::NothingToCheck),
        },
        Beginning => match event {
            E::RecordStored => &[Beginning, Away],
            E::RecordFailed => &[Beginning, Failed],
            E::RecordRead | E::RecordUnreadable | E::CameOnline | E::PageRestored => &[Beginning],
            E::BeginRequested | E::Returned => return Err(R::UnderWay),
            E::Resumed => return Err(R::AlreadyStarted),
            E::ExchangeAnswered | E::StatusAnswered | E::TimerFired => return Err(R::LateAnswer),
            E::CheckRequested => return Err(R::NothingToCheck),
        },
        Away => match event {
            E::BeginRequested => &[Beginning],
            E::Returned => &[Claiming, Failed],
            // The shopper is back without an answer, perhaps to try again.
            E::PageRestored => &[Idle],
            // The shopper came back in another tab.
            E::RecordRead => &[Away, Connected, Failed],
            E::RecordStored | E::RecordFailed | E::RecordUnreadable | E::CameOnline => &[Away],
            E::Resumed => return Err(R::AlreadyStarted),
            E::ExchangeAnswered | E::StatusAnswered | E::TimerFired => return Err(R::LateAnswer),
            E::CheckRequested => return Err(R::NothingToCheck),
        },
        Looking => match event {
            E::RecordRead => &[Idle, Asking, Connected, Failed],
            E::RecordUnreadable => &[Idle, Asking],
            E::Returned => &[Claiming, Failed],
            E::RecordStored | E::RecordFailed | E::CameOnline | E::PageRestored => &[Looking],
            E::BeginRequested => return Err(R::UnderWay),
            E::Resumed => return Err(R::AlreadyStarted),
            E::ExchangeAnswered | E::StatusAnswered | E::TimerFired => return Err(R::LateAnswer),
            E::CheckRequested => return Err(R::NothingToCheck),
        },
        Claiming => match event {
            E::RecordStored => &[Claiming, Exchanging, Asking, Connected, Failed],
            E::RecordFailed => &[Claiming, Asking],
            E::RecordRead | E::RecordUnreadable | E::CameOnline | E::PageRestored => &[Claiming],
            E::BeginRequested | E::Returned => return Err(R::UnderWay),
            E::Resumed => return Err(R::AlreadyStarted),
            E::ExchangeAnswered | E::StatusAnswered | E::TimerFired => return Err(R::LateAnswer),
            E::CheckRequested => return Err(R::NothingToCheck),
        },
        Exchanging => match event {
            E::ExchangeAnswered => &[Connected, Failed, Asking],
            E::TimerFired | E::PageRestored => &[Asking],
            E::RecordStored | E::RecordFailed | E::RecordRead | E::RecordUnreadable | E::CameOnline => {
                &[Exchanging]
            }
            E::BeginRequested | E::Returned => return Err(R::UnderWay),
            E::Resumed => return Err(R::AlreadyStarted),
            E::StatusAnswered => return Err(R::LateAnswer),
            E::CheckRequested => return Err(R::NothingToCheck),
        },
        Asking => match event {
            E::StatusAnswered | E::TimerFired => &[Asking, Connected, Failed, Unresolved],
            E::RecordRead => &[Asking, Connected, Failed],
            E::Returned => &[Claiming, Failed],
            E::RecordStored | E::RecordFailed | E::RecordUnreadable | E::CameOnline | E::PageRestored => {
                &[Asking]
            }
            E::BeginRequested => return Err(R::UnderWay),
            E::Resumed => return Err(R::AlreadyStarted),
            E::ExchangeAnswered => return Err(R::LateAnswer),
            E::CheckRequested => return Err(R::NothingToCheck),
        },
        Unresolved => match event {
            E::CheckRequested | E::CameOnline | E::PageRestored => &[Asking],
            E::RecordRead => &[Unresolved, Connected, Failed],
            E::Returned => &[Claiming, Failed],
            E::RecordStored | E::RecordFailed | E::RecordUnreadable => &[Unresolved],
            E::BeginRequested => return Err(R::UnderWay),
            E::Resumed => return Err(R::AlreadyStarted),
            E::ExchangeAnswered | E::StatusAnswered | E::TimerFired => return Err(R::LateAnswer),
        },
        Connected => match event {
            E::BeginRequested => &[Beginning],
            E::Returned => &[Claiming, Failed],
            E::RecordStored
            | E::RecordFailed
            | E::RecordRead
            | E::RecordUnreadable
            | E::CameOnline
            | E::PageRestored => &[Connected],
            E::Resumed => return Err(R::AlreadyStarted),
            E::ExchangeAnswered | E::StatusAnswered | E::TimerFired => return Err(R::LateAnswer),
            E::CheckRequested => return Err(R::NothingToCheck),
        },
        Failed => match event {
            E::BeginRequested => &[Beginning],
            E::Returned => &[Claiming, Failed],
            // Another page sent the code, or heard from the backend, after this one had asked.
            E::RecordRead => &[Failed, Connected, Asking],
            E::RecordStored | E::RecordFailed | E::RecordUnreadable | E::CameOnline | E::PageRestored => {
                &[Failed]
            }
            E::Resumed => return Err(R::AlreadyStarted),
            E::ExchangeAnswered | E::StatusAnswered | E::TimerFired => return Err(R::LateAnswer),
            E::CheckRequested => return Err(R::NothingToCheck),
        },
    })
}

/// The table as a Mermaid state diagram.
#[must_use]
pub fn mermaid() -> String {
    kinds::mermaid(StateKind::ALL, StateKind::name, |from, to| {
        let leads = |event| cell(from, event).is_ok_and(|states| states.contains(&to));
        EventKind::ALL.iter().filter(|&&event| leads(event)).map(|event| event.name()).collect()
    })
}
