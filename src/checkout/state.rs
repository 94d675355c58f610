//! The states, with what each of them knows inside.
#![forbid(unsafe_code)]

use super::effect::EffectId;
use crate::attempt::{Attempt, Payload, Receipt, Session};
use crate::cart::Cart;
use crate::outcome::Text;

/// Where a checkout stands.
#[derive(Debug)]
#[cfg_attr(feature = "model", derive(Clone))]
pub(super) enum State {
    /// There is no cart. `previous` is the session of an earlier page, to be taken up if its cart comes back.
    Empty { previous: Option<Session> },
    /// There is a cart to pay.
    Ready { session: Session },
    /// The shopper is in the sheet.
    SheetOpen { session: Session, sheet: Sheet },
    /// An attempt is on its way to the merchant.
    Sending { open: Open, payload: Payload, stage: Stage },
    /// An attempt will be sent again.
    Waiting { open: Open, payload: Payload, until: Until },
    /// The shopper must confirm the attempt elsewhere. The sheet is closed and the token dropped.
    ActionRequired { open: Open, action: EffectId },
    /// The outcome is unknown; the merchant is asked. The token is dropped: nothing can be resent from here.
    Settling { open: Open, ask: Ask, asked: u32 },
    /// Settling gave up until somebody asks again. The sheet is closed.
    Unresolved { open: Open },
    /// The cart is paid. The page may show another one by now, which is not charged by itself (rule C3).
    Succeeded { receipt: Receipt, page: PageCart },
    /// Another tab is paying. The session is what this tab will go on with.
    Blocked { session: Option<Session> },
    /// The merchant refused the session. Nothing was charged; another try needs another session.
    Failed { session: Session },
}

impl Default for State {
    fn default() -> Self {
        Self::Empty { previous: None }
    }
}

impl State {
    /// The answer without which nothing goes on, and which is not asked for again: the lock, or that the attempt is
    /// written down.
    pub const fn awaited(&self) -> Option<EffectId> {
        match self {
            Self::Sending { stage: Stage::Locking(effect) | Stage::Recording(effect), .. }
            | Self::Settling { ask: Ask::Locking(effect), .. } => Some(*effect),
            _ => None,
        }
    }
}

/// An open sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sheet {
    pub id: EffectId,
    /// Whether it can stay open after a decline and ask for another card.
    pub retries_in_place: bool,
    /// How many useless tokens in a row it returned. A wallet that keeps handing over the same one is closed.
    pub useless: u8,
}

/// An open attempt and what hangs on it.
#[derive(Debug)]
#[cfg_attr(feature = "model", derive(Clone))]
pub(super) struct Open {
    pub attempt: Attempt,
    pub session: Session,
    pub sheet: Option<Sheet>,
    pub page: PageCart,
    /// Sends that this page has made.
    pub sends: u32,
    /// Resends that were scheduled so far.
    pub retries: u32,
    /// An earlier attempt that turned out to be charged meanwhile: nothing is left to pay (rule U6).
    pub earlier_charge: Option<Receipt>,
    /// How many challenges were shown.
    pub challenges: u32,
    /// Whether the shopper gave up the challenge: it is not offered again.
    pub challenge_refused: bool,
    /// Whether the journal was known to name the attempt. Only then does a journal without it mean that another tab
    /// came to its end.
    pub recorded: bool,
}

impl Open {
    pub const fn new(attempt: Attempt, session: Session, sheet: Option<Sheet>, page: PageCart) -> Self {
        // A new attempt is written down later; one that was sent already comes from the journal.
        let recorded = attempt.first_send.is_some();
        Self {
            attempt,
            session,
            sheet,
            page,
            sends: 0,
            retries: 0,
            earlier_charge: None,
            challenges: 0,
            challenge_refused: false,
            recorded,
        }
    }

    /// Whether `id` is this attempt's sheet.
    pub fn has_sheet(&self, id: EffectId) -> bool {
        self.sheet.is_some_and(|sheet| sheet.id == id)
    }

    /// Whether anything may be sent for this attempt: nothing else is paid meanwhile, its cart is the one on the page
    /// (rule C3), and its hash is the one that the session was bound to (rule C4).
    pub fn may_send(&self) -> bool {
        self.earlier_charge.is_none()
            && self.page == PageCart::Bound
            && self.attempt.bound.cart.same_as(&self.session.bound.cart)
    }
}

/// What the page shows, seen from a session or a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PageCart {
    /// Nothing yet: the page was just loaded.
    Unseen,
    /// The cart in question.
    Bound,
    /// No cart any more.
    Emptied,
    /// Another cart, which has no session yet.
    Changed(NewCart),
}

impl PageCart {
    /// What a page that shows `cart` shows, seen from a receipt.
    pub fn seen_from(receipt: &Receipt, cart: Cart, provider_ref: Option<Text>) -> Self {
        if receipt.paid.covers(&cart) { Self::Bound } else { Self::Changed(NewCart { cart, provider_ref }) }
    }
}

/// A cart on the page that has no session yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewCart {
    pub cart: Cart,
    pub provider_ref: Option<Text>,
}

/// How far a send has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Asking for the lock.
    Locking(EffectId),
    /// Writing the attempt into the journal (rule D1).
    Recording(EffectId),
    /// On the network. `delay` is how long was waited before it.
    InFlight { send: EffectId, timer: EffectId, delay: u64 },
}

/// What a resend waits for. `not_before` is the moment that the merchant asked to wait for (rule R2), 0 without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// The backoff to pass.
    Retry { timer: EffectId, delay: u64, not_before: u64 },
    /// The network to come back, but not longer than the attempt may last (rules R4, R5).
    Online { deadline: EffectId, not_before: u64 },
}

impl Until {
    pub const fn timer(self) -> EffectId {
        match self {
            Self::Retry { timer, .. } => timer,
            Self::Online { deadline, .. } => deadline,
        }
    }
}

/// How far a question for the truth has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// Asking for the lock: only its holder settles.
    Locking(EffectId),
    /// On the network.
    InFlight { request: EffectId, timer: EffectId },
    /// Waiting before the next question.
    Pausing { timer: EffectId },
    /// Waiting for the network.
    Offline,
}

crate::kinds::state_kinds! {
    /// There is no cart.
    Empty = "empty",
    /// There is a cart to pay.
    Ready = "ready",
    /// The shopper is in the sheet.
    SheetOpen = "sheet_open",
    /// An attempt is on its way to the merchant.
    Sending = "sending",
    /// An attempt will be sent again.
    Waiting = "waiting",
    /// The shopper must confirm the attempt elsewhere.
    ActionRequired = "action_required",
    /// The outcome is unknown; the merchant is asked.
    Settling = "settling",
    /// Settling gave up until somebody asks again.
    Unresolved = "unresolved",
    /// The cart is paid.
    Succeeded = "succeeded",
    /// Another tab is paying.
    Blocked = "blocked",
    /// The merchant refused the session.
    Failed = "failed",
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;
    use crate::attempt::BoundCart;
    use crate::key::{IdempotencyKey, SessionId};
    use crate::token::Fingerprint;

    fn cart(hash: &str) -> Cart {
        Cart::from_json(&format!(r#"{{"hash":"{hash}","currency":"EUR","total":100}}"#)).unwrap()
    }

    /// The machine binds both to the same cart, so only a mistake could part them, and then nothing may be sent.
    #[test]
    fn c4_nothing_is_sent_for_another_hash_than_the_sessions() {
        for (bound, sent) in [("a1", true), ("b2", false)] {
            let id = SessionId::from_entropy(1);
            let session =
                Session { id, bound: BoundCart::new(cart("a1")), provider_ref: None, created_at: 0 };
            let attempt = Attempt {
                key: IdempotencyKey::from_entropy(2),
                session: id,
                provider_ref: None,
                bound: BoundCart::new(cart(bound)),
                fingerprint: Fingerprint::parse(&"0".repeat(32)).unwrap(),
                first_send: None,
            };
            assert_eq!(Open::new(attempt, session, None, PageCart::Bound).may_send(), sent, "{bound}");
        }
    }
}
