//! What can happen next.
#![forbid(unsafe_code)]

use crate::merchant::Verdict;
use core::fmt;

/// One thing that happens, somewhere in the world. Tabs, packets and keys are counted from 0, in the order in which they
/// came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each shows what it is")]
pub enum Step {
    ShowCart { tab: u8 },
    EditCart { tab: u8 },
    ClickPay { tab: u8 },
    EditCartInSheet { tab: u8 },
    HandOver { tab: u8, token: u8 },
    CancelSheet { tab: u8 },
    CheckAgain { tab: u8 },
    Acknowledge { tab: u8 },
    EndChallenge { tab: u8, completed: bool },
    Store { tab: u8 },
    FailToStore { tab: u8 },
    HearOfJournal { tab: u8 },
    GetLock { tab: u8 },
    MissLock { tab: u8 },
    HearOfLock { tab: u8 },
    Fire { tab: u8, timer: u8 },
    Crash { tab: u8, stored: u8 },
    Leave { tab: u8 },
    Return { tab: u8 },
    LoseNetwork { tab: u8 },
    FindNetwork { tab: u8 },
    Report { tab: u8, key: u8 },
    Arrive { packet: u8, verdict: Verdict },
    TurnAway { packet: u8, declined: bool },
    Reply { packet: u8 },
    Decide { key: u8, approve: bool },
    Delay,
    Night,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ShowCart { tab } => write!(formatter, "tab {tab}: the page shows the cart"),
            Self::EditCart { tab } => write!(formatter, "tab {tab}: the shopper changes the cart"),
            Self::ClickPay { tab } => write!(formatter, "tab {tab}: the shopper clicks on pay"),
            Self::EditCartInSheet { tab } => write!(formatter, "tab {tab}: the cart changes in the sheet"),
            Self::HandOver { tab, token } => write!(formatter, "tab {tab}: the sheet returns token {token}"),
            Self::CancelSheet { tab } => write!(formatter, "tab {tab}: the shopper closes the sheet"),
            Self::CheckAgain { tab } => write!(formatter, "tab {tab}: the shopper asks to check again"),
            Self::Acknowledge { tab } => write!(formatter, "tab {tab}: the shopper has seen the receipt"),
            Self::EndChallenge { tab, completed: true } => {
                write!(formatter, "tab {tab}: the challenge is finished")
            }
            Self::EndChallenge { tab, completed: false } => {
                write!(formatter, "tab {tab}: the challenge is given up")
            }
            Self::Store { tab } => write!(formatter, "tab {tab}: a journal write is done"),
            Self::FailToStore { tab } => write!(formatter, "tab {tab}: a journal write fails"),
            Self::HearOfJournal { tab } => write!(formatter, "tab {tab}: hears that the journal was written"),
            Self::GetLock { tab } => write!(formatter, "tab {tab}: gets the lock"),
            Self::MissLock { tab } => write!(formatter, "tab {tab}: does not get the lock"),
            Self::HearOfLock { tab } => write!(formatter, "tab {tab}: hears that the lock is free"),
            Self::Fire { tab, timer } => write!(formatter, "tab {tab}: timer {timer} runs out"),
            Self::Crash { tab, stored: 0 } => write!(formatter, "tab {tab}: dies and is loaded anew"),
            Self::Crash { tab, stored } => {
                write!(
                    formatter,
                    "tab {tab}: dies once {stored} more journal writes are done, and is loaded anew"
                )
            }
            Self::Leave { tab } => write!(formatter, "tab {tab}: goes into the back/forward cache"),
            Self::Return { tab } => write!(formatter, "tab {tab}: comes back out of the back/forward cache"),
            Self::LoseNetwork { tab } => write!(formatter, "tab {tab}: goes offline"),
            Self::FindNetwork { tab } => write!(formatter, "tab {tab}: comes online"),
            Self::Report { tab, key } => write!(formatter, "tab {tab}: the outcome of key {key} is reported"),
            Self::Arrive { packet, verdict } => {
                write!(
                    formatter,
                    "merchant: request {packet} arrives; where it is to be decided: {verdict:?}"
                )
            }
            Self::TurnAway { packet, declined: false } => {
                write!(formatter, "network: request {packet} is refused on its way")
            }
            Self::TurnAway { packet, declined: true } => {
                write!(formatter, "network: request {packet} is declined as a duplicate")
            }
            Self::Reply { packet } => {
                write!(formatter, "network: the reply to request {packet} comes through")
            }
            Self::Decide { key, approve: true } => write!(formatter, "merchant: key {key} is charged"),
            Self::Decide { key, approve: false } => write!(formatter, "merchant: key {key} is declined"),
            Self::Delay => write!(formatter, "30 s pass"),
            Self::Night => write!(formatter, "25 h pass"),
        }
    }
}
