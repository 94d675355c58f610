//! What can be wrong around the core, or in how it is driven. Each must be found: a checker that finds nothing may just
//! not be looking.
#![forbid(unsafe_code)]

/// One thing that is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    // The merchant
    /// It says `voided` and writes no tombstone.
    FenceIsAWord,
    /// It looks for the key first and writes it down afterwards, so two copies of a request are charged.
    KeyIsNotUnique,
    /// Once it has forgotten a key it does not look among its charges when asked for the truth.
    ChargesNotLookedAt,
    // The journal
    /// A write is reported as done before it is.
    SentBeforeWritten,
    /// What is spent is not read again after a reload.
    LedgerLost,
    /// The salt is not stored, so after a reload no fingerprint fits.
    SaltLost,
    /// A tab writes over what another one wrote.
    JournalNotMerged,
    /// A tab that gives its token back takes along the mark that another tab made of the same one.
    EverybodysMarkReleased,
    /// The page stores what the sheet returned along with the record.
    TokenInJournal,
    // The lock
    /// Whoever asks for it gets it.
    NoLock,
    /// The journal is not read once the lock is held.
    JournalNotReread,
    // The driver
    /// A timeout is taken for a refusal, so the next click makes a new key.
    TimeoutIsRefusal,
    /// A refusal of a resend is believed, whatever became of the sends before.
    RefusalOfResendBelieved,
    /// `pending` is taken for `voided`.
    PendingIsVoided,
    /// Answers go to whatever is under way, and not to what they answer.
    AnswersMixedUp,
    /// A cart that changes while an attempt is open is not handed over.
    CartChangeIgnored,
    /// A closed sheet is taken for a payment that was not made.
    CancelIsRefusal,
    /// Each request goes out under a key of its own.
    KeyPerRequest,
    /// The clock stands still, so no key ever grows too old to be sent again.
    ClockStandsStill,
    /// Every draw of randomness is the same, so every attempt has the same key.
    NoRandomness,
    /// The sheet goes on showing the cart as it was when it opened.
    SheetNotUpdated,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::FenceIsAWord,
        Self::KeyIsNotUnique,
        Self::ChargesNotLookedAt,
        Self::SentBeforeWritten,
        Self::LedgerLost,
        Self::SaltLost,
        Self::JournalNotMerged,
        Self::EverybodysMarkReleased,
        Self::TokenInJournal,
        Self::NoLock,
        Self::JournalNotReread,
        Self::TimeoutIsRefusal,
        Self::RefusalOfResendBelieved,
        Self::PendingIsVoided,
        Self::AnswersMixedUp,
        Self::CartChangeIgnored,
        Self::CancelIsRefusal,
        Self::KeyPerRequest,
        Self::ClockStandsStill,
        Self::NoRandomness,
        Self::SheetNotUpdated,
    ];
}
