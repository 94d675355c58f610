//! Carts, sessions and the sheet (rules C and S).
#![forbid(unsafe_code)]

use super::effect::{Effect, EffectId};
use super::state::{NewCart, Open, PageCart, Sheet, Stage, State};
use super::{Checkout, Rejection, Step};
use crate::attempt::{BoundCart, Receipt, Session};
use crate::cart::Cart;
use crate::key::SessionId;
use crate::notice::Notice;
use crate::outcome::Text;

/// How an attempt came to its end without a charge.
pub(super) enum Ending {
    /// The shopper may try again, in the open sheet where `in_sheet` says so and the wallet can.
    Again { why: Option<Notice>, in_sheet: bool },
    /// The merchant refused the session.
    Refused { why: Notice },
}

impl Checkout {
    pub(super) fn cart_set(
        &mut self,
        state: State,
        cart: Cart,
        provider_ref: Option<Text>,
        now: u64,
    ) -> Step {
        let new = NewCart { cart, provider_ref };
        Step::to(match state {
            State::Empty { previous } => {
                if !self.started {
                    return Step::reject(State::Empty { previous }, Rejection::NotStarted);
                }
                match previous {
                    Some(session) if session.bound.covers(&new.cart) => {
                        State::Ready { session: self.same_cart(session, new, now) }
                    }
                    Some(session) => self.supersede(&session, new, now),
                    None => State::Ready { session: self.new_session(new, now) },
                }
            }
            State::Ready { session } if session.bound.cart.same_as(&new.cart) => {
                State::Ready { session: self.same_cart(session, new, now) }
            }
            State::SheetOpen { session, sheet } if session.bound.covers(&new.cart) => {
                State::SheetOpen { session: taken_up(session, new), sheet }
            }
            State::SheetOpen { session, sheet } => {
                self.emit(Effect::CloseSheet { sheet: sheet.id });
                self.supersede(&session, new, now)
            }
            State::Failed { session } if session.bound.covers(&new.cart) => {
                State::Failed { session: self.same_cart(session, new, now) }
            }
            State::Ready { session } | State::Failed { session } => self.supersede(&session, new, now),
            State::Blocked { session: Some(session) } if session.bound.covers(&new.cart) => {
                State::Blocked { session: Some(self.same_cart(session, new, now)) }
            }
            State::Blocked { session } => {
                if let Some(session) = &session {
                    self.discard(session);
                }
                State::Blocked { session: Some(self.new_session(new, now)) }
            }
            State::Succeeded { receipt, page } => self.cart_after_success(receipt, &page, new, now),
            paying => self.cart_while_paying(paying, PageCart::Changed(new), now),
        })
    }

    pub(super) fn cart_cleared(&mut self, state: State, now: u64) -> Step {
        Step::to(match state {
            State::Empty { previous } => {
                if !self.started {
                    return Step::reject(State::Empty { previous }, Rejection::NotStarted);
                }
                self.end_session(previous.as_ref())
            }
            State::Ready { session } | State::Failed { session } => self.end_session(Some(&session)),
            State::SheetOpen { session, sheet } => {
                self.emit(Effect::CloseSheet { sheet: sheet.id });
                self.end_session(Some(&session))
            }
            State::Blocked { session } => {
                if let Some(session) = &session {
                    self.discard(session);
                }
                State::Blocked { session: None }
            }
            State::Succeeded { receipt, page: _ } => State::Succeeded { receipt, page: PageCart::Emptied },
            paying => self.cart_while_paying(paying, PageCart::Emptied, now),
        })
    }

    /// A changed cart while an attempt is open waits for the attempt to end, and the attempt is brought to its end
    /// (rule C3): nothing is sent for it any more.
    fn cart_while_paying(&mut self, state: State, page: PageCart, now: u64) -> State {
        match state {
            State::Sending { mut open, payload, stage } => {
                open.see(page);
                match stage {
                    // Nothing has been sent: there is nothing to find out.
                    Stage::Locking(_) | Stage::Recording(_) if !open.may_send() => {
                        self.abandon(open, None, now)
                    }
                    stage => State::Sending { open, payload, stage },
                }
            }
            State::Waiting { mut open, payload, until } => {
                open.see(page);
                if open.may_send() {
                    return State::Waiting { open, payload, until };
                }
                self.cancel_timer(until.timer());
                if open.sends == 0 { self.abandon(open, None, now) } else { self.settle(open, None) }
            }
            State::ActionRequired { mut open, action } => {
                open.see(page);
                if open.may_send() {
                    return State::ActionRequired { open, action };
                }
                self.emit(Effect::AbortRequest { effect: action });
                self.settle(open, None)
            }
            State::Settling { mut open, ask, asked } => {
                open.see(page);
                State::Settling { open, ask, asked }
            }
            State::Unresolved { mut open } => {
                open.see(page);
                State::Unresolved { open }
            }
            other => other,
        }
    }

    /// The cart on the page once something was paid. The receipt stays until it is acknowledged, so that nobody pays
    /// for a second cart believing that the first was not paid; a cart that comes after the page was emptied, or after
    /// a later visit, is another purchase.
    fn cart_after_success(&mut self, receipt: Receipt, page: &PageCart, new: NewCart, now: u64) -> State {
        let same = receipt.paid.covers(&new.cart);
        match page {
            // A page that fetches its cart again may show none for a moment.
            _ if same => {
                self.tell(Notice::PaymentReceived);
                State::Succeeded { receipt, page: PageCart::Bound }
            }
            PageCart::Emptied => {
                self.past = Some(receipt);
                self.notices.clear();
                State::Ready { session: self.new_session(new, now) }
            }
            PageCart::Unseen => {
                self.past = Some(receipt);
                self.tell(Notice::EarlierCartPaid);
                State::Ready { session: self.new_session(new, now) }
            }
            PageCart::Bound | PageCart::Changed(_) => {
                self.tell(Notice::EarlierCartPaid);
                State::Succeeded { receipt, page: PageCart::Changed(new) }
            }
        }
    }

    pub(super) fn acknowledged(&mut self, state: State, now: u64) -> Step {
        match state {
            State::Succeeded { receipt, page } => {
                self.past = Some(receipt);
                self.notices.clear();
                Step::to(match page {
                    PageCart::Changed(new) => State::Ready { session: self.new_session(new, now) },
                    PageCart::Unseen | PageCart::Bound | PageCart::Emptied => State::Empty { previous: None },
                })
            }
            other => Step::reject(other, Rejection::NothingToAcknowledge),
        }
    }

    pub(super) fn sheet_cart_changed(&mut self, state: State, sheet: EffectId, cart: Cart, now: u64) -> Step {
        match state {
            State::SheetOpen { mut session, sheet: open } if open.id == sheet => {
                if !session.bound.cart.same_as(&cart) {
                    session.bound.rebind(cart);
                    self.emit(Effect::UpdateSheet { sheet });
                }
                Step::to(State::SheetOpen { session, sheet: open })
            }
            State::Sending { ref open, .. }
            | State::Waiting { ref open, .. }
            | State::Settling { ref open, .. }
                if open.has_sheet(sheet) =>
            {
                // A token was received: the attempt is bound to what the shopper agreed to.
                // The next session needs a provider object of its own: this one's is discarded.
                let page = PageCart::Changed(NewCart { cart, provider_ref: None });
                Step::to(self.cart_while_paying(state, page, now))
            }
            other => Step::reject(other, Rejection::StaleSheet),
        }
    }

    pub(super) fn sheet_requested(&mut self, state: State, retries_in_place: bool, now: u64) -> Step {
        match state {
            State::Ready { session } => Step::to(self.open_sheet(session, retries_in_place)),
            State::Failed { session } => {
                // The merchant refused that session for good, so the same cart gets another one.
                let session = self.replace(session, now);
                Step::to(self.open_sheet(session, retries_in_place))
            }
            State::Unresolved { open } => Step::to(self.settle(open, None)),
            other => Step::reject(other, Rejection::AttemptOpen),
        }
    }

    fn open_sheet(&mut self, session: Session, retries_in_place: bool) -> State {
        self.notices.clear();
        let id = self.new_id();
        self.emit(Effect::OpenSheet { sheet: id });
        State::SheetOpen { session, sheet: Sheet { id, retries_in_place, useless: 0 } }
    }

    /// The sheet closed, for whatever reason. While an attempt is open that says nothing of the charge (rule S3).
    pub(super) fn sheet_over(&mut self, state: State, sheet: EffectId, why: Option<Notice>) -> Step {
        match state {
            State::SheetOpen { session, sheet: open } if open.id == sheet => {
                if let Some(why) = why {
                    self.tell(why);
                }
                Step::to(State::Ready { session })
            }
            State::Sending { mut open, payload, stage } if open.has_sheet(sheet) => {
                open.sheet = None;
                Step::to(State::Sending { open, payload, stage })
            }
            State::Waiting { mut open, payload, until } if open.has_sheet(sheet) => {
                open.sheet = None;
                Step::to(State::Waiting { open, payload, until })
            }
            State::Settling { mut open, ask, asked } if open.has_sheet(sheet) => {
                open.sheet = None;
                Step::to(State::Settling { open, ask, asked })
            }
            other => Step::reject(other, Rejection::StaleSheet),
        }
    }

    /// The end of an attempt that was not charged: what comes next depends on what the page shows by now.
    pub(super) fn conclude(&mut self, open: Open, ending: Ending, now: u64) -> State {
        self.release_lock = true;
        let Open { attempt, session, sheet, page, earlier_charge, .. } = open;
        if attempt.first_send.is_some() {
            self.remember(attempt);
        }
        if let Some(receipt) = earlier_charge {
            let page = match page {
                PageCart::Bound => self.retire(session, &receipt),
                PageCart::Changed(new) => {
                    self.retire(session, &receipt);
                    PageCart::seen_from(&receipt, new.cart, new.provider_ref)
                }
                page @ (PageCart::Unseen | PageCart::Emptied) => {
                    self.retire(session, &receipt);
                    page
                }
            };
            return self.succeed(receipt, sheet, page);
        }
        let (why, in_sheet, refused) = match ending {
            Ending::Again { why, in_sheet } => (why, in_sheet, false),
            Ending::Refused { why } => (Some(why), false, true),
        };
        self.notices.clear();
        self.notices.extend(why.clone());
        match page {
            PageCart::Bound if refused => {
                self.fail_sheet(sheet);
                State::Failed { session }
            }
            PageCart::Bound => match (sheet, why) {
                (Some(sheet), Some(why)) if in_sheet && sheet.retries_in_place => {
                    self.emit(Effect::RetrySheet { sheet: sheet.id, why });
                    State::SheetOpen { session, sheet }
                }
                _ => {
                    self.fail_sheet(sheet);
                    State::Ready { session }
                }
            },
            PageCart::Unseen if refused => {
                self.discard(&session);
                State::Empty { previous: None }
            }
            // A page that came back, and may show another cart than its sheet.
            PageCart::Unseen => {
                self.close_sheet(sheet);
                State::Empty { previous: Some(session) }
            }
            PageCart::Emptied => {
                self.close_sheet(sheet);
                self.discard(&session);
                State::Empty { previous: None }
            }
            PageCart::Changed(new) => {
                self.close_sheet(sheet);
                self.discard(&session);
                self.tell_too(Notice::CartChanged);
                State::Ready { session: self.new_session(new, now) }
            }
        }
    }

    /// The end of an attempt of which nothing was ever sent: its token is as good as new (rule T4).
    pub(super) fn abandon(&mut self, mut open: Open, why: Option<Notice>, now: u64) -> State {
        self.ledger.release(open.attempt.fingerprint, open.attempt.first_send.take());
        self.conclude(open, Ending::Again { why, in_sheet: true }, now)
    }

    pub(super) fn succeed(&mut self, receipt: Receipt, sheet: Option<Sheet>, page: PageCart) -> State {
        self.release_lock = true;
        if let Some(sheet) = sheet {
            self.emit(Effect::CompleteSheet { sheet: sheet.id, success: true });
        }
        self.tell(match page {
            PageCart::Changed(_) => Notice::EarlierCartPaid,
            PageCart::Unseen | PageCart::Bound | PageCart::Emptied => Notice::PaymentReceived,
        });
        if let Some(past) = &self.past
            && past.session == receipt.session
            && past.key != receipt.key
        {
            self.tell_too(Notice::ChargedTwice { reference: past.reference.clone() });
        }
        State::Succeeded { receipt, page }
    }

    pub(super) fn new_session(&mut self, new: NewCart, now: u64) -> Session {
        let id = SessionId::from_entropy(self.draw());
        Session { id, bound: BoundCart::new(new.cart), provider_ref: new.provider_ref, created_at: now }
    }

    /// Another session for the same cart.
    pub(super) fn replace(&mut self, session: Session, now: u64) -> Session {
        self.discard(&session);
        self.new_session(NewCart { cart: session.bound.cart, provider_ref: None }, now)
    }

    /// The session of a cart that was seen again. An unchanged cart changes nothing (rule C1); but where the page made
    /// another provider object for it, the old one must not be paid any more.
    fn same_cart(&mut self, session: Session, new: NewCart, now: u64) -> Session {
        let other_object = matches!(
            (&session.provider_ref, &new.provider_ref),
            (Some(ours), Some(theirs)) if ours != theirs
        );
        if other_object {
            self.discard(&session);
            return self.new_session(new, now);
        }
        taken_up(session, new)
    }

    /// Another cart: the session of the old one dies, here and at the provider (rule C2).
    fn supersede(&mut self, session: &Session, new: NewCart, now: u64) -> State {
        self.discard(session);
        self.tell(Notice::CartChanged);
        State::Ready { session: self.new_session(new, now) }
    }

    fn end_session(&mut self, session: Option<&Session>) -> State {
        if let Some(session) = session {
            self.discard(session);
        }
        self.notices.clear();
        State::Empty { previous: None }
    }

    pub(super) fn close_sheet(&mut self, sheet: Option<Sheet>) {
        if let Some(sheet) = sheet {
            self.emit(Effect::CloseSheet { sheet: sheet.id });
        }
    }

    fn fail_sheet(&mut self, sheet: Option<Sheet>) {
        if let Some(sheet) = sheet {
            self.emit(Effect::CompleteSheet { sheet: sheet.id, success: false });
        }
    }
}

/// A session whose cart was seen again. An unchanged cart changes nothing (rule C1), but a provider object that was
/// made meanwhile is taken over, and so are the lines, which the journal does not keep.
fn taken_up(mut session: Session, new: NewCart) -> Session {
    if session.bound.cart.same_as(&new.cart) {
        session.bound = BoundCart::new(new.cart);
    }
    session.provider_ref = session.provider_ref.or(new.provider_ref);
    session
}

impl Open {
    /// Takes note of what the page shows. The attempt's own cart is nothing new.
    pub(super) fn see(&mut self, page: PageCart) {
        self.page = match page {
            PageCart::Changed(new) if self.attempt.bound.covers(&new.cart) => {
                if self.attempt.bound.cart.same_as(&new.cart) {
                    self.attempt.bound = BoundCart::new(new.cart);
                    self.session.bound = self.attempt.bound.clone();
                }
                PageCart::Bound
            }
            other => other,
        };
    }
}
