//! Several tabs, and pages that come back: who pays, who waits, and what is still true (rules D).
#![forbid(unsafe_code)]

use super::effect::{Effect, EffectId};
use super::session::Ending;
use super::state::{Ask, NewCart, Open, PageCart, Stage, State};
use super::{Checkout, Rejection, Step};
use crate::attempt::{Attempt, Payload, Receipt, Session};
use crate::journal::{Paid, Record};
use crate::notice::Notice;
use crate::token::SpentLedger;
use alloc::boxed::Box;

impl Checkout {
    /// An attempt whose sender is gone: whoever holds the lock asks for the truth (rules D3, D6).
    pub(super) fn take_over(&mut self, open: Open) -> State {
        self.ledger.spend(open.attempt.fingerprint, open.attempt.first_send.unwrap_or(0));
        self.tell(Notice::CheckingPayment);
        let effect = self.new_id();
        self.emit(Effect::AcquireLock { effect });
        State::Settling { open, ask: Ask::Locking(effect), asked: 0 }
    }

    pub(super) fn lock_granted(
        &mut self,
        state: State,
        effect: EffectId,
        record: Option<Box<Record>>,
        now: u64,
    ) -> Step {
        match state {
            State::Sending { open, payload, stage: Stage::Locking(asked) } if asked == effect => {
                self.locked = true;
                Step::to(self.lock_granted_for_sending(open, payload, record, now))
            }
            State::Settling { open, ask: Ask::Locking(asked), .. } if asked == effect => {
                self.locked = true;
                Step::to(self.lock_granted_for_settling(open, record, now))
            }
            other => Step::reject(other, Rejection::LateAnswer),
        }
    }

    fn lock_granted_for_sending(
        &mut self,
        mut open: Open,
        payload: Payload,
        record: Option<Box<Record>>,
        now: u64,
    ) -> State {
        if let Some(record) = record {
            let record = *record;
            self.take_over_ledger(record.ledger);
            open.attempt.fingerprint = payload.fingerprint(self.ledger.salt());
            if let Some(theirs) = record.open {
                // Another tab died with an attempt open: that one comes first, and this one was never sent.
                self.close_sheet(open.sheet);
                self.ledger.spend(theirs.fingerprint, theirs.first_send.unwrap_or(now));
                let session = session_of(record.session, &theirs, now);
                let mut theirs = seen_from_here(theirs, session, Some(open.session));
                theirs.earlier_charge = self.unseen(record.paid);
                return self.settle(theirs, None);
            }
            if let Some(receipt) = self.paid_meanwhile(record.paid, &open.session) {
                // Another tab paid this cart, or in this session, meanwhile.
                let page = self.retire(open.session, &receipt);
                return self.succeed(receipt, open.sheet, page);
            }
            if is_stale(&open.session, record.session.as_ref()) {
                // The cart is another one in a newer tab: the shopper agreed to an old total.
                self.close_sheet(open.sheet);
                self.release_lock = true;
                return self.renew(open.session, now);
            }
        }
        if self.ledger.contains(open.attempt.fingerprint) {
            // Another tab spent this token meanwhile (rule T3).
            let ending = Ending::Again { why: Some(Notice::FreshTokenNeeded), in_sheet: true };
            return self.conclude(open, ending, now);
        }
        // Not before: a mark that is made without the lock could be another tab's, too.
        self.ledger.spend(open.attempt.fingerprint, now);
        let effect = self.new_id();
        self.recording = Some(effect);
        open.attempt.first_send = Some(now);
        State::Sending { open, payload, stage: Stage::Recording(effect) }
    }

    fn lock_granted_for_settling(&mut self, mut open: Open, record: Option<Box<Record>>, now: u64) -> State {
        let Some(record) = record else { return self.ask(open, 0) };
        let record = *record;
        self.take_over_ledger(record.ledger);
        match (record.open, record.paid) {
            (Some(theirs), _) if theirs.key == open.attempt.key => self.ask(open, 0),
            (Some(theirs), paid) => {
                let session = session_of(record.session, &theirs, now);
                let mut theirs = match open.page {
                    PageCart::Bound => seen_from_here(theirs, session, Some(open.session)),
                    page => {
                        let mut theirs = seen_from_here(theirs, session, None);
                        theirs.see(page);
                        theirs
                    }
                };
                theirs.earlier_charge = self.unseen(paid);
                self.ask(theirs, 0)
            }
            // It could not be written down: that the journal does not name it says nothing.
            (None, paid)
                if !open.recorded
                    && paid.as_ref().is_none_or(|paid| paid.receipt.key != open.attempt.key) =>
            {
                let unseen = self.unseen(paid);
                open.earlier_charge = open.earlier_charge.or(unseen);
                self.ask(open, 0)
            }
            // Whoever held the lock before came to the end of it.
            (None, Some(paid)) if !paid.acknowledged || paid.receipt.key == open.attempt.key => {
                self.succeed(paid.receipt, None, open.page)
            }
            (None, _) => {
                let ending = Ending::Again { why: None, in_sheet: false };
                self.conclude(open, ending, now)
            }
        }
    }

    /// What is spent according to the journal. A salt that another tab wrote first is taken over: nothing was spent
    /// under ours before the first lock.
    fn take_over_ledger(&mut self, stored: SpentLedger) {
        if self.ledger.salt() == stored.salt() {
            self.ledger.merge(&stored);
        } else {
            self.ledger = stored;
        }
    }

    pub(super) fn lock_refused(&mut self, state: State, effect: EffectId) -> Step {
        let session = match state {
            State::Sending { open, stage: Stage::Locking(asked), .. } if asked == effect => {
                self.close_sheet(open.sheet);
                Some(open.session)
            }
            // Nobody but this page knows of it, so nobody else can settle it.
            State::Settling { open, ask: Ask::Locking(asked), .. } if asked == effect && !open.recorded => {
                return Step::to(self.ask(open, 0));
            }
            State::Settling { open, ask: Ask::Locking(asked), .. } if asked == effect => match open.page {
                PageCart::Unseen | PageCart::Emptied => None,
                PageCart::Bound => Some(open.session),
                PageCart::Changed(new) => Some(self.new_session(new, open.session.created_at)),
            },
            other => return Step::reject(other, Rejection::LateAnswer),
        };
        self.tell(Notice::AnotherTabPays);
        Step::to(State::Blocked { session })
    }

    /// Without a lock nothing is sent, because another tab may be sending. But the truth may always be asked for: that
    /// charges nobody.
    pub(super) fn lock_failed(&mut self, state: State, effect: EffectId, now: u64) -> Step {
        Step::to(match state {
            State::Sending { open, stage: Stage::Locking(asked), .. } if asked == effect => {
                self.abandon(open, Some(Notice::RecordUnavailable), now)
            }
            State::Settling { open, ask: Ask::Locking(asked), .. } if asked == effect => {
                // It may still be granted, and is let go of then.
                self.release_lock = true;
                self.ask(open, 0)
            }
            other => return Step::reject(other, Rejection::LateAnswer),
        })
    }

    pub(super) fn lock_freed(&mut self, state: State, record: Option<Box<Record>>) -> Step {
        if let Some(record) = &record {
            self.ledger.merge(&record.ledger);
        }
        let session = match state {
            State::Blocked { session } => session,
            other => return Step::to(other),
        };
        self.notices.clear();
        let (open, paid, theirs) = match record {
            Some(record) => (record.open, record.paid, record.session),
            None => (None, None, None),
        };
        Step::to(match (open, paid, session) {
            (Some(attempt), paid, session) => {
                let created_at = attempt.first_send.unwrap_or(0);
                let theirs = session_of(theirs, &attempt, created_at);
                let mut open = seen_from_here(attempt, theirs, session);
                open.earlier_charge = self.unseen(paid);
                self.take_over(open)
            }
            (None, Some(Paid { receipt, acknowledged: false }), session) => {
                let page = session.map_or(PageCart::Unseen, |session| self.retire(session, &receipt));
                self.succeed(receipt, None, page)
            }
            (None, paid, Some(session)) => match self.paid_meanwhile(paid, &session) {
                Some(receipt) => {
                    let page = self.retire(session, &receipt);
                    self.succeed(receipt, None, page)
                }
                None => State::Ready { session },
            },
            (None, _, None) => State::Empty { previous: None },
        })
    }

    /// Another tab wrote the journal. While this tab pays, that cannot have been about paying.
    pub(super) fn journal_changed(&mut self, state: State, record: Option<Box<Record>>, now: u64) -> Step {
        let Some(record) = record else { return Step::to(state) };
        let record = *record;
        self.ledger.merge(&record.ledger);
        Step::to(match state {
            // What the page may take up again was paid in another tab, where the shopper has seen it.
            State::Empty { previous: Some(session) }
                if record
                    .paid
                    .as_ref()
                    .is_some_and(|paid| paid.acknowledged && paid.receipt.session == session.id) =>
            {
                State::Empty { previous: None }
            }
            State::Empty { previous: Some(session) } => {
                let next =
                    self.seen_elsewhere(session, record, |session| State::Empty { previous: Some(session) });
                // The page has yet to say what its cart is.
                match next {
                    State::Settling { mut open, ask, asked } => {
                        open.page = PageCart::Unseen;
                        State::Settling { open, ask, asked }
                    }
                    State::Succeeded { receipt, .. } => State::Succeeded { receipt, page: PageCart::Unseen },
                    other => other,
                }
            }
            State::Ready { session } => {
                self.seen_elsewhere(session, record, |session| State::Ready { session })
            }
            State::Failed { session } => {
                self.seen_elsewhere(session, record, |session| State::Failed { session })
            }
            State::SheetOpen { session, sheet } => {
                let stale = is_stale(&session, record.session.as_ref());
                let next =
                    self.seen_elsewhere(session, record, |session| State::SheetOpen { session, sheet });
                match next {
                    State::SheetOpen { session, sheet } if stale => {
                        // The cart is another one in the newer tab: nobody must agree to the old total.
                        self.close_sheet(Some(sheet));
                        self.renew(session, now)
                    }
                    State::SheetOpen { session, sheet } => State::SheetOpen { session, sheet },
                    other => {
                        self.close_sheet(Some(sheet));
                        other
                    }
                }
            }
            // The lock is ours but the journal holds an attempt that nobody settled: it was not readable before. Ours is
            // not sent yet, so that one comes first.
            State::Sending { open, stage: Stage::Recording(_), .. }
                if record.open.as_ref().is_some_and(|theirs| theirs.key != open.attempt.key) =>
            {
                let Some(theirs) = record.open else {
                    return Step::to(State::Ready { session: open.session });
                };
                self.ledger.release(open.attempt.fingerprint, open.attempt.first_send);
                self.close_sheet(open.sheet);
                self.ledger.spend(theirs.fingerprint, theirs.first_send.unwrap_or(0));
                let session = session_of(record.session, &theirs, open.session.created_at);
                let mut theirs = seen_from_here(theirs, session, Some(open.session));
                theirs.earlier_charge = self.unseen(record.paid);
                self.settle(theirs, None)
            }
            other => other,
        })
    }

    /// A cart that another tab has replaced is paid only if the shopper asks for it once more, here and now: in a
    /// session of its own, which is then the newest.
    fn renew(&mut self, session: Session, now: u64) -> State {
        self.tell(Notice::CartChanged);
        State::Ready { session: self.replace(session, now) }
    }

    /// What another tab did to a cart that this tab has not begun to pay: it may be paying it, or have paid it.
    fn seen_elsewhere(
        &mut self,
        session: Session,
        record: Record,
        unchanged: impl FnOnce(Session) -> State,
    ) -> State {
        if let Some(attempt) = record.open {
            let theirs = session_of(record.session, &attempt, session.created_at);
            let mut open = seen_from_here(attempt, theirs, Some(session));
            open.earlier_charge = self.unseen(record.paid);
            return self.take_over(open);
        }
        match self.paid_meanwhile(record.paid, &session) {
            Some(receipt) => {
                let page = self.retire(session, &receipt);
                self.succeed(receipt, None, page)
            }
            None => unchanged(session),
        }
    }

    /// The page came back out of the back/forward cache (rule D4). Its requests are dead, its lock was let go of, its
    /// sheet is gone, and other tabs may have paid meanwhile: an open attempt is settled by whoever gets the lock.
    pub(super) fn page_restored(&mut self, state: State, cart_follows: bool, now: u64) -> State {
        self.locked = false;
        let waiting =
            |open: Open| Open { page: if cart_follows { PageCart::Unseen } else { open.page }, ..open };
        let next = match state {
            State::Sending { open, stage: Stage::InFlight { send, timer, .. }, .. } => {
                self.emit(Effect::AbortRequest { effect: send });
                self.cancel_timer(timer);
                self.settle_again(waiting(open))
            }
            State::Sending { open, stage: Stage::Locking(_) | Stage::Recording(_), .. } => {
                self.abandon(waiting(open), None, now)
            }
            State::Waiting { open, until, .. } => {
                self.cancel_timer(until.timer());
                if open.sends == 0 {
                    self.abandon(waiting(open), None, now)
                } else {
                    self.settle_again(waiting(open))
                }
            }
            State::ActionRequired { open, action } => {
                self.emit(Effect::AbortRequest { effect: action });
                self.settle_again(waiting(open))
            }
            State::Settling { open, ask, .. } => {
                match ask {
                    Ask::InFlight { request, timer } => {
                        self.emit(Effect::AbortRequest { effect: request });
                        self.cancel_timer(timer);
                    }
                    Ask::Pausing { timer } => self.cancel_timer(timer),
                    Ask::Locking(_) | Ask::Offline => {}
                }
                self.settle_again(waiting(open))
            }
            State::Unresolved { open } => self.settle_again(waiting(open)),
            State::SheetOpen { session, sheet } => {
                self.close_sheet(Some(sheet));
                State::Ready { session }
            }
            other => other,
        };
        // The lock of an attempt that was given up just now went with the page.
        self.release_lock = false;
        match next {
            State::Ready { session } if cart_follows => State::Empty { previous: Some(session) },
            State::Failed { session } if cart_follows => {
                State::Empty { previous: Some(self.replace(session, now)) }
            }
            other => other,
        }
    }

    fn settle_again(&mut self, mut open: Open) -> State {
        let sheet = open.sheet.take();
        self.close_sheet(sheet);
        self.take_over(open)
    }

    /// The receipt that the shopper has not seen yet. One that was seen is kept, so that no other tab pays it again.
    pub(super) fn unseen(&mut self, paid: Option<Paid>) -> Option<Receipt> {
        match paid {
            Some(Paid { receipt, acknowledged: false }) => Some(receipt),
            Some(Paid { receipt, acknowledged: true }) => {
                self.past = Some(receipt);
                None
            }
            None => None,
        }
    }

    /// The receipt of a charge for the session's cart, if another tab paid that: after the session began, or before and
    /// the shopper has not seen the receipt yet. One that was acknowledged here is nothing new, however young the
    /// session is: the shopper buys the same once more. But a session that was charged is over, whatever is in its cart.
    fn paid_meanwhile(&self, paid: Option<Paid>, session: &Session) -> Option<Receipt> {
        let Paid { receipt, acknowledged } = paid?;
        let past = self.past.as_ref().is_some_and(|past| past.key == receipt.key);
        let news = !acknowledged || (receipt.at >= session.created_at && !past);
        let same_cart = receipt.paid.covers(&session.bound.cart);
        (receipt.session == session.id || news && same_cart).then_some(receipt)
    }
}

/// Whether another tab has a newer session for another cart.
fn is_stale(session: &Session, theirs: Option<&Session>) -> bool {
    theirs.is_some_and(|theirs| {
        theirs.created_at > session.created_at && !theirs.bound.covers(&session.bound.cart)
    })
}

/// The session of an attempt that another page made.
pub(super) fn session_of(recorded: Option<Session>, attempt: &Attempt, created_at: u64) -> Session {
    recorded.filter(|session| session.id == attempt.session).unwrap_or_else(|| Session {
        id: attempt.session,
        bound: attempt.bound.clone(),
        provider_ref: attempt.provider_ref.clone(),
        created_at,
    })
}

/// Another page's attempt, seen from what this page shows.
fn seen_from_here(attempt: Attempt, session: Session, ours: Option<Session>) -> Open {
    let mut open = Open::new(attempt, session, None, PageCart::Unseen);
    if let Some(ours) = ours {
        open.see(PageCart::Changed(NewCart { cart: ours.bound.cart, provider_ref: ours.provider_ref }));
    }
    open
}
