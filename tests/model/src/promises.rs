//! What must hold in every state, whatever happens.
#![forbid(unsafe_code)]

use core::fmt;

/// One thing that payonce promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Promise {
    /// A session is charged once at the most.
    OneChargePerSession,
    /// Nobody is charged who was not shown every earlier charge before: before the first send, and where it is for the
    /// same cart before the shopper agreed to it.
    NoUnseenCharge,
    /// What is sent is for the cart that the sheet showed when the shopper agreed, and that the page still shows.
    AgreedCart,
    /// A token goes out under one key, unless the merchant said that it never saw it.
    TokenUnderOneKey,
    /// Nothing is sent under a new key while an earlier attempt may still be charged.
    OneAttemptAtATime,
    /// All sends of a key are the same bytes.
    SameBytes,
    /// The journal names an attempt before it is sent.
    JournalFirst,
    /// Nobody is told that an attempt failed, or offered to pay again after it, when it was charged or may be.
    FailureIsTrue,
    /// Nobody is told of a success without a charge.
    SuccessIsTrue,
    /// No token is in the journal.
    NoSecretInJournal,
    /// Once network and merchant are back the shopper gets to pay, and to see the receipt.
    NeverStuck,
}

impl fmt::Display for Promise {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OneChargePerSession => "one charge per session",
            Self::NoUnseenCharge => "no charge before the shopper was shown every earlier one",
            Self::AgreedCart => "nothing is sent but the cart that the shopper agreed to",
            Self::TokenUnderOneKey => "a token goes out under one key",
            Self::OneAttemptAtATime => "no new key while an earlier attempt may still be charged",
            Self::SameBytes => "all sends of a key are the same",
            Self::JournalFirst => "the journal names an attempt before it is sent",
            Self::FailureIsTrue => "no failure is shown for what is charged or may be",
            Self::SuccessIsTrue => "no success is shown without a charge",
            Self::NoSecretInJournal => "no token is in the journal",
            Self::NeverStuck => "the shopper gets to pay once everything works again",
        })
    }
}

/// A promise that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub promise: Promise,
    /// What was seen.
    pub what: String,
}

impl Broken {
    pub(crate) fn check(holds: bool, promise: Promise, what: impl FnOnce() -> String) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self { promise, what: what() }) }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "broken: {}: {}", self.promise, self.what)
    }
}
