//! What the page may know: everything it needs to show, nothing secret (rule T6).
#![forbid(unsafe_code)]

use super::state::{Open, PageCart, State, StateKind};
use super::table::{Cell, cell};
use super::{Checkout, EventKind};
use crate::attempt::{BoundCart, Receipt, Session};
use crate::cart::{Adjustment, Cart, CartHash, Line};
use crate::key::{IdempotencyKey, SessionId};
use crate::money::{Amount, Currency};
use crate::notice::Notice;
use crate::outcome::Text;
use crate::token::Fingerprint;
use alloc::vec::Vec;
use serde::{Serialize, Serializer};

/// What the page may show and do now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct Snapshot {
    /// Where the checkout stands.
    pub state: StateKind,
    /// Whether a click on the pay button would open the sheet.
    pub can_pay: bool,
    /// Whether the merchant would be asked again.
    pub can_check: bool,
    /// Whether the journal's last write survives a crash of the browser.
    pub durable: bool,
    /// Whether the device has a network.
    pub online: bool,
    /// Whether a changed cart waits for the open attempt to end.
    pub cart_waiting: bool,
    /// Exactly the cart that the next send would pay for (rule C8).
    pub cart: Option<Cart>,
    /// The session.
    pub session: Option<SessionView>,
    /// The open attempt.
    pub attempt: Option<AttemptView>,
    /// The last charge.
    pub receipt: Option<ReceiptView>,
    /// What the shopper should be told.
    pub notices: Vec<Notice>,
    /// The fingerprints of spent tokens, oldest first.
    pub spent: Vec<Fingerprint>,
}

/// A cart's summary as the page gets it: with the hash, and with how many decimals the minor unit of its currency stands
/// for (see [`Currency::decimals`]), because a sheet is given major units.
///
/// [`Currency::decimals`]: crate::money::Currency::decimals
impl Serialize for Cart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Shown<'a> {
            cart_hash: &'a CartHash,
            decimals: u8,
            currency: Currency,
            lines: &'a [Line],
            adjustments: &'a [Adjustment],
            total: Amount,
        }
        let (cart_hash, currency) = (self.hash(), self.currency());
        let decimals = currency.decimals();
        let (lines, adjustments, total) = (self.lines(), self.adjustments(), self.total());
        Shown { cart_hash, decimals, currency, lines, adjustments, total }.serialize(serializer)
    }
}

/// A session, for the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// The hash that it is bound to.
    pub cart_hash: CartHash,
    /// The provider's object.
    pub provider_ref: Option<Text>,
    /// Milliseconds since the Unix epoch.
    pub created_at: u64,
}

/// An open attempt, for the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptView {
    /// Its key.
    pub key: IdempotencyKey,
    /// What it pays for.
    pub cart_hash: CartHash,
    /// Which token it spends.
    pub fingerprint: Fingerprint,
    /// How many sends this page has made for it.
    pub sends: u32,
    /// When its first send was written down, in milliseconds since the Unix epoch.
    pub first_send_at: Option<u64>,
}

/// A charge, for the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptView {
    /// The key of the attempt that was charged.
    pub key: IdempotencyKey,
    /// Its session.
    pub session: SessionId,
    /// The merchant's or provider's reference.
    pub reference: Option<Text>,
    /// What was paid.
    pub paid: Cart,
    /// When the page learned of it, in milliseconds since the Unix epoch.
    pub at: u64,
}

impl From<&Session> for SessionView {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id,
            cart_hash: session.bound.cart.hash().clone(),
            provider_ref: session.provider_ref.clone(),
            created_at: session.created_at,
        }
    }
}

impl From<&Open> for AttemptView {
    fn from(Open { attempt, sends, .. }: &Open) -> Self {
        Self {
            key: attempt.key,
            cart_hash: attempt.cart_hash().clone(),
            fingerprint: attempt.fingerprint,
            sends: *sends,
            first_send_at: attempt.first_send,
        }
    }
}

impl From<&Receipt> for ReceiptView {
    fn from(receipt: &Receipt) -> Self {
        Self {
            key: receipt.key,
            session: receipt.session,
            reference: receipt.reference.clone(),
            paid: receipt.paid.cart.clone(),
            at: receipt.at,
        }
    }
}

impl Checkout {
    /// What the page may know now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let state = self.state.kind();
        let offers = |event, to| matches!(cell(state, event), Cell::To(states) if states.contains(&to));
        let (session, open, receipt) = match &self.state {
            State::Empty { .. } => (None, None, None),
            State::Ready { session } | State::SheetOpen { session, .. } | State::Failed { session } => {
                (Some(session), None, None)
            }
            State::Sending { open, .. }
            | State::Waiting { open, .. }
            | State::ActionRequired { open, .. }
            | State::Settling { open, .. }
            | State::Unresolved { open } => (Some(&open.session), Some(open), None),
            State::Succeeded { receipt, .. } => (None, None, Some(receipt)),
            State::Blocked { session } => (session.as_ref(), None, None),
        };
        Snapshot {
            state,
            can_pay: offers(EventKind::SheetRequested, StateKind::SheetOpen),
            can_check: offers(EventKind::CheckRequested, StateKind::Settling),
            durable: self.durable,
            online: self.online,
            cart_waiting: open
                .is_some_and(|open| matches!(open.page, PageCart::Changed(_) | PageCart::Emptied)),
            cart: self.cart_of_next_send().cloned(),
            session: session.map(SessionView::from),
            attempt: open.map(AttemptView::from),
            receipt: receipt.map(ReceiptView::from),
            notices: self.notices.clone(),
            spent: self.ledger.entries().iter().map(|spent| spent.fingerprint).collect(),
        }
    }

    fn cart_of_next_send(&self) -> Option<&Cart> {
        fn on_page<'a>(page: &'a PageCart, bound: &'a BoundCart) -> Option<&'a Cart> {
            match page {
                PageCart::Unseen | PageCart::Bound => Some(&bound.cart),
                PageCart::Changed(new) => Some(&new.cart),
                PageCart::Emptied => None,
            }
        }
        match &self.state {
            State::Empty { .. } => None,
            State::Ready { session } | State::SheetOpen { session, .. } | State::Failed { session } => {
                Some(&session.bound.cart)
            }
            State::Sending { open, .. }
            | State::Waiting { open, .. }
            | State::ActionRequired { open, .. }
            | State::Settling { open, .. }
            | State::Unresolved { open } => {
                let Open { page, attempt, .. } = open;
                on_page(page, &attempt.bound)
            }
            State::Succeeded { receipt, page } => on_page(page, &receipt.paid),
            State::Blocked { session } => session.as_ref().map(|session| &session.bound.cart),
        }
    }
}
