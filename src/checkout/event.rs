//! What happened: the only way into the machine.
#![forbid(unsafe_code)]

use super::effect::EffectId;
use crate::cart::{Cart, CartHash};
use crate::journal::Record;
use crate::key::IdempotencyKey;
use crate::outcome::{Opaque, Outcome, SettleAnswer, Text};
use crate::token::{Salt, WalletToken};
use alloc::boxed::Box;
use serde::{Deserialize, Serialize};

/// Something that happened. Answers to effects carry the effect's id; each is taken once (see [`super::Rejection`]).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Event {
    /// The journal was read at the start; `None` when there was nothing in it. Nothing else is taken before.
    JournalRead {
        /// What was in it.
        #[serde(with = "kept_record")]
        record: Option<Box<Record>>,
    },
    /// The page shows this cart now.
    CartSet {
        /// The cart.
        #[serde(with = "kept_cart")]
        cart: Cart,
        /// The provider's object for it, where the backend made one.
        provider_ref: Option<Text>,
    },
    /// The page shows no cart any more.
    CartCleared,
    /// The cart changed inside the sheet: address, shipping option, coupon (rule C5).
    SheetCartChanged {
        /// Which sheet.
        sheet: EffectId,
        /// The cart as it is now.
        #[serde(with = "kept_cart")]
        cart: Cart,
    },
    /// The shopper asked to pay.
    SheetRequested {
        /// Whether the wallet that was chosen can keep its sheet open after a decline and ask for another card.
        retries_in_place: bool,
    },
    /// The sheet returned a token.
    TokenReceived {
        /// Which sheet.
        sheet: EffectId,
        /// The token. The log keeps its fingerprint alone.
        token: WalletToken,
        /// Milliseconds since the Unix epoch after which it must not be sent.
        expires_at: Option<u64>,
        /// What the sheet showed when the shopper agreed, where the wallet knows.
        cart_hash: Option<CartHash>,
        /// JSON that the merchant needs beside the token. Sent, never kept.
        #[serde(skip)]
        details: Option<Opaque>,
    },
    /// The shopper closed the sheet.
    SheetCancelled {
        /// Which sheet.
        sheet: EffectId,
    },
    /// The sheet could not be shown, or broke.
    SheetFailed {
        /// Which sheet.
        sheet: EffectId,
    },
    /// Another sheet is showing, in another tab or frame.
    SheetBusy {
        /// Which sheet was refused.
        sheet: EffectId,
    },
    /// The lock is ours.
    LockGranted {
        /// The effect that asked for it.
        effect: EffectId,
        /// The journal as it was found once the lock was held: another tab may have written it since.
        #[serde(with = "kept_record")]
        record: Option<Box<Record>>,
    },
    /// Another tab holds the lock.
    LockRefused {
        /// The effect that asked for it.
        effect: EffectId,
    },
    /// The lock cannot be had, and not because of another tab.
    LockFailed {
        /// The effect that asked for it.
        effect: EffectId,
    },
    /// The tab that held the lock let go of it.
    LockFreed {
        /// The journal as it was found then.
        #[serde(with = "kept_record")]
        record: Option<Box<Record>>,
    },
    /// Another tab wrote the journal.
    JournalChanged {
        /// What is in it now.
        #[serde(with = "kept_record")]
        record: Option<Box<Record>>,
    },
    /// The page came back out of the back/forward cache: whatever it believed is as old as the moment it left. What the
    /// journal holds by now follows, as [`Event::JournalChanged`].
    PageRestored {
        /// Whether the page is going to say what its cart is by now. Nothing can be paid before.
        cart_follows: bool,
    },
    /// A record is in the journal.
    JournalWritten {
        /// The effect that wrote it.
        effect: EffectId,
        /// Whether it survives a crash of the browser.
        durable: bool,
    },
    /// A record could not be written.
    JournalFailed {
        /// The effect that tried.
        effect: EffectId,
    },
    /// A send ended.
    SendAnswered {
        /// The effect that sent.
        effect: EffectId,
        /// How it ended; a reply that never came is ambiguous.
        outcome: Outcome,
    },
    /// A question for the truth ended.
    SettleAnswered {
        /// The effect that asked.
        effect: EffectId,
        /// What the merchant said; a reply that never came is pending.
        answer: SettleAnswer,
    },
    /// The merchant was told of a discarded session.
    DiscardAnswered {
        /// The effect that told it.
        effect: EffectId,
        /// Whether it took note.
        done: bool,
    },
    /// A timer ran out.
    TimerFired {
        /// The effect that started it.
        effect: EffectId,
    },
    /// The challenge or redirect is over.
    ActionEnded {
        /// The effect that began it.
        effect: EffectId,
        /// Whether the shopper went through with it. Even then only the merchant knows the outcome.
        completed: bool,
    },
    /// The device lost its network.
    WentOffline,
    /// The device has a network again.
    CameOnline,
    /// The outcome of a key came from elsewhere: a webhook, a poll (rule U6).
    OutcomeReported {
        /// Whose outcome.
        key: IdempotencyKey,
        /// What it is.
        outcome: Outcome,
    },
    /// The shopper asked to check again.
    CheckRequested,
    /// The shopper has seen the receipt and goes on.
    Acknowledged,
}

crate::kinds::event_kinds! {
    JournalRead, CartSet, CartCleared, SheetCartChanged, SheetRequested, TokenReceived, SheetCancelled, SheetFailed,
    SheetBusy, LockGranted, LockRefused, LockFailed, LockFreed, JournalChanged, PageRestored, JournalWritten, JournalFailed, SendAnswered, SettleAnswered,
    DiscardAnswered, TimerFired, ActionEnded, WentOffline, CameOnline, OutcomeReported, CheckRequested, Acknowledged,
}

impl Event {
    /// What the log keeps of this event: everything but the token and its details (rule T6).
    pub(super) fn redacted(&self, salt: Salt) -> Self {
        match self {
            Self::TokenReceived { sheet, token, expires_at, cart_hash, details: _ } => Self::TokenReceived {
                sheet: *sheet,
                token: token.redacted(salt),
                expires_at: *expires_at,
                cart_hash: cart_hash.clone(),
                details: None,
            },
            Self::CartSet { cart, provider_ref } => {
                Self::CartSet { cart: cart.without_contents(), provider_ref: provider_ref.clone() }
            }
            Self::SheetCartChanged { sheet, cart } => {
                Self::SheetCartChanged { sheet: *sheet, cart: cart.without_contents() }
            }
            Self::SendAnswered { effect, outcome } => {
                Self::SendAnswered { effect: *effect, outcome: outcome.redacted() }
            }
            Self::SettleAnswered { effect, answer: SettleAnswer::Outcome(outcome) } => {
                Self::SettleAnswered { effect: *effect, answer: SettleAnswer::Outcome(outcome.redacted()) }
            }
            Self::OutcomeReported { key, outcome } => {
                Self::OutcomeReported { key: *key, outcome: outcome.redacted() }
            }
            other => other.clone(),
        }
    }
}

/// A cart in the log: its hash and what is to be paid, not what is in it. Hundreds of carts as they were would fill the
/// memory.
mod kept_cart {
    use super::Cart;
    use crate::journal::CartWire;
    use crate::json;
    use alloc::string::String;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(cart: &Cart, serializer: S) -> Result<S::Ok, S::Error> {
        CartWire(cart).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cart, D::Error> {
        #[derive(Deserialize, Serialize)]
        struct Kept {
            hash: String,
            currency: String,
            total: i64,
        }
        let kept = Kept::deserialize(deserializer)?;
        Cart::from_json(&json::to_string(&kept)).map_err(serde::de::Error::custom)
    }
}

/// A journal record in the log: the text that the journal holds, but with an alias for the salt, which would let
/// whoever has the log test guesses of a token.
mod kept_record {
    use super::Record;
    use crate::token::Salt;
    use alloc::boxed::Box;
    use alloc::string::String;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(record: &Option<Box<Record>>, serializer: S) -> Result<S::Ok, S::Error> {
        let kept = record.as_ref().map(|record| {
            let mut kept = Record::clone(record);
            kept.ledger.set_salt(Salt::from_entropy(kept.ledger.salt().alias()));
            kept.encode()
        });
        kept.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<Record>>, D::Error> {
        Option::<String>::deserialize(deserializer)?
            .map(|text| Record::decode(&text).map(Box::new).map_err(serde::de::Error::custom))
            .transpose()
    }
}
