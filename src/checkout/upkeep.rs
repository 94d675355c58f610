//! What must outlive the page or hold across tabs: the journal, the lock, and sessions to discard (rules D).
#![forbid(unsafe_code)]

use super::effect::{Effect, EffectId};
use super::session::Ending;
use super::state::{Ask, NewCart, Open, PageCart, Stage, State};
use super::{Checkout, Durability, Rejection, Step};
use crate::attempt::{Attempt, Payload, Receipt, Session};
use crate::journal::{Discard, Paid, Record};
use crate::notice::Notice;
use crate::token::{Salt, SpentLedger};

/// A session that the merchant is being told of.
#[derive(Debug)]
pub(super) struct Discarding {
    what: Discard,
    tries: u32,
    pending: Pending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    Request(EffectId),
    Timer(EffectId),
    /// Given up until the network changes or the page is loaded again.
    Nothing,
}

impl Checkout {
    /// What the journal should hold now.
    fn record(&self) -> Record {
        let (session, open, paid): (Option<&Session>, Option<&Attempt>, Option<&Receipt>) = match &self.state
        {
            State::Empty { previous } => (previous.as_ref(), None, None),
            State::Ready { session } | State::SheetOpen { session, .. } | State::Failed { session } => {
                (Some(session), None, None)
            }
            State::Sending { open, .. }
            | State::Waiting { open, .. }
            | State::ActionRequired { open, .. }
            | State::Settling { open, .. }
            | State::Unresolved { open } => {
                // An attempt that was not sent yet is none: nothing could be found out about it.
                let attempt = open.attempt.first_send.is_some().then_some(&open.attempt);
                (Some(&open.session), attempt, open.earlier_charge.as_ref())
            }
            State::Succeeded { receipt, .. } => (None, None, Some(receipt)),
            State::Blocked { session } => (session.as_ref(), None, None),
        };
        Record {
            ledger: self.ledger.clone(),
            session: session.cloned(),
            open: open.cloned(),
            paid: match paid {
                Some(receipt) => Some(Paid { receipt: receipt.clone(), acknowledged: false }),
                None => self.past.clone().map(|receipt| Paid { receipt, acknowledged: true }),
            },
            discards: self.discards.iter().map(|discarding| discarding.what.clone()).collect(),
        }
    }

    /// Writes the journal where it is not up to date, and only then lets go of the lock: whoever gets it next must
    /// find the truth.
    pub(super) fn keep_record(&mut self) {
        // While another tab pays, or may be paying, the journal is that tab's.
        let ours = match &self.state {
            State::Blocked { .. }
            | State::Sending { stage: Stage::Locking(_), .. }
            | State::Settling { ask: Ask::Locking(_), .. } => false,
            _ => self.started,
        };
        if ours {
            let record = self.record();
            if self.written.as_ref() != Some(&record) {
                let effect = self.recording.take().unwrap_or_else(|| self.new_id());
                self.writing.push(effect);
                let holds_lock = self.locked;
                self.emit(Effect::WriteJournal { effect, record: record.encode(), holds_lock });
                self.written = Some(record);
            }
        }
        if core::mem::take(&mut self.release_lock) {
            self.locked = false;
            self.emit(Effect::ReleaseLock);
        }
    }

    pub(super) fn journal_read(&mut self, state: State, record: Option<Box<Record>>, now: u64) -> Step {
        if self.started {
            return Step::reject(state, Rejection::AlreadyStarted);
        }
        self.started = true;
        let Some(record) = record else {
            self.ledger = SpentLedger::new(Salt::from_entropy(self.draw()));
            return Step::to(State::Empty { previous: None });
        };
        let record = *record;
        self.written = Some(record.clone());
        self.ledger = record.ledger;
        let window = self.config.profile.window_ms();
        self.ledger.prune(now, window);
        for discard in record.discards {
            self.tell_merchant(discard, 0);
        }
        let paid = record.paid.filter(|paid| now.saturating_sub(paid.receipt.at) < window);
        let unseen = self.unseen(paid);
        Step::to(match (record.open, unseen) {
            (Some(attempt), unseen) => {
                let session = session_of(record.session, &attempt, now);
                let mut open = Open::new(attempt, session, None, PageCart::Unseen);
                open.earlier_charge = unseen;
                self.take_over(open)
            }
            (None, Some(receipt)) => {
                self.tell(Notice::PaymentReceived);
                State::Succeeded { receipt, page: PageCart::Unseen }
            }
            (None, None) => {
                let (young, old): (Option<Session>, Option<Session>) = match record.session {
                    Some(session) if now.saturating_sub(session.created_at) < window => (Some(session), None),
                    other => (None, other),
                };
                if let Some(old) = old {
                    self.discard(&old);
                }
                State::Empty { previous: young }
            }
        })
    }

    /// The receipt that the shopper has not seen yet. One that was seen is kept, so that no other tab pays it again.
    fn unseen(&mut self, paid: Option<Paid>) -> Option<Receipt> {
        match paid {
            Some(Paid { receipt, acknowledged: false }) => Some(receipt),
            Some(Paid { receipt, acknowledged: true }) => {
                self.past = Some(receipt);
                None
            }
            None => None,
        }
    }

    /// An attempt whose sender is gone: whoever holds the lock asks for the truth (rules D3, D6).
    fn take_over(&mut self, open: Open) -> State {
        self.ledger.spend(open.attempt.fingerprint, open.attempt.first_send.unwrap_or(0));
        self.tell(Notice::CheckingPayment);
        let effect = self.new_id();
        self.emit(Effect::AcquireLock { effect });
        State::Settling { open, ask: Ask::Locking(effect), asked: 0 }
    }

    /// `durable` is `None` when the write failed.
    pub(super) fn journal_answered(
        &mut self,
        state: State,
        effect: EffectId,
        durable: Option<bool>,
        now: u64,
    ) -> Step {
        let Some(at) = self.writing.iter().position(|writing| *writing == effect) else {
            return Step::reject(state, Rejection::LateAnswer);
        };
        self.writing.remove(at);
        self.durable = durable.unwrap_or(false);
        match state {
            State::Sending { open, payload, stage: Stage::Recording(writing) } if writing == effect => {
                if durable == Some(true) || self.config.durability == Durability::Preferred {
                    return Step::to(self.send(open, payload, 0, now));
                }
                self.ledger.release(open.attempt.fingerprint);
                let mut open = open;
                open.attempt.first_send = None;
                let ending = Ending::Again { why: Some(Notice::RecordUnavailable), in_sheet: false };
                Step::to(self.conclude(open, ending, now))
            }
            other => Step::to(other),
        }
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
            let token = payload.fingerprint(record.ledger.salt());
            let spent_elsewhere = record.ledger.contains(token);
            self.ledger.release(open.attempt.fingerprint);
            self.take_over_ledger(record.ledger);
            open.attempt.fingerprint = token;
            if let Some(theirs) = record.open {
                // Another tab died with an attempt open: that one comes first, and this one was never sent.
                self.close_sheet(open.sheet);
                self.ledger.spend(theirs.fingerprint, theirs.first_send.unwrap_or(now));
                let session = session_of(record.session, &theirs, now);
                let mut theirs = seen_from_here(theirs, session, Some(open.session));
                theirs.earlier_charge = self.unseen(record.paid);
                return self.settle(theirs, None);
            }
            if let Some(receipt) = paid_meanwhile(record.paid, &open.session) {
                // Another tab paid this cart meanwhile.
                if open.session.id != receipt.session {
                    self.discard(&open.session);
                }
                return self.succeed(receipt, open.sheet, open.page);
            }
            if spent_elsewhere {
                // Another tab spent this token meanwhile (rule T3).
                let ending = Ending::Again { why: Some(Notice::FreshTokenNeeded), in_sheet: true };
                return self.conclude(open, ending, now);
            }
            self.ledger.spend(token, now);
        }
        let effect = self.new_id();
        self.recording = Some(effect);
        open.attempt.first_send = Some(now);
        State::Sending { open, payload, stage: Stage::Recording(effect) }
    }

    fn lock_granted_for_settling(&mut self, open: Open, record: Option<Box<Record>>, now: u64) -> State {
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
                self.ledger.release(open.attempt.fingerprint);
                self.close_sheet(open.sheet);
                Some(open.session)
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
            (None, paid, Some(session)) => match paid_meanwhile(paid, &session) {
                Some(receipt) => {
                    let page = self.retire(session, &receipt);
                    self.succeed(receipt, None, page)
                }
                None => State::Ready { session },
            },
            (None, _, None) => State::Empty { previous: None },
        })
    }

    /// Tells the merchant that a session must not be paid any more.
    pub(super) fn discard(&mut self, session: &Session) {
        self.tell_merchant(Discard { session: session.id, provider_ref: session.provider_ref.clone() }, 0);
    }

    fn tell_merchant(&mut self, what: Discard, tries: u32) {
        let effect = self.new_id();
        self.emit(Effect::DiscardSession {
            effect,
            session: what.session,
            provider_ref: what.provider_ref.clone(),
        });
        self.discards.push(Discarding { what, tries, pending: Pending::Request(effect) });
    }

    pub(super) fn discard_answered(&mut self, state: State, effect: EffectId, done: bool) -> Step {
        let Some(mut discarding) = self.take_discard(Pending::Request(effect)) else {
            return Step::reject(state, Rejection::LateAnswer);
        };
        if !done {
            discarding.tries = discarding.tries.saturating_add(1);
            let policy = self.config.retry;
            discarding.pending = if discarding.tries < policy.max_settles {
                let delay = policy.delay(discarding.tries - 1, policy.base, self.unit(), None);
                Pending::Timer(self.start_timer(delay))
            } else {
                Pending::Nothing
            };
            self.discards.push(discarding);
        }
        Step::to(state)
    }

    /// Whether that timer was one of a discard; then the merchant is told again.
    pub(super) fn discard_timer_fired(&mut self, effect: EffectId) -> bool {
        let Some(discarding) = self.take_discard(Pending::Timer(effect)) else { return false };
        self.tell_merchant(discarding.what, discarding.tries);
        true
    }

    pub(super) fn resume_discards(&mut self) {
        while let Some(discarding) = self.take_discard(Pending::Nothing) {
            self.tell_merchant(discarding.what, 0);
        }
    }

    fn take_discard(&mut self, pending: Pending) -> Option<Discarding> {
        let at = self.discards.iter().position(|discarding| discarding.pending == pending)?;
        Some(self.discards.remove(at))
    }
}

/// The receipt of a charge for the session's cart that came after the session began: another tab paid it.
fn paid_meanwhile(paid: Option<Paid>, session: &Session) -> Option<Receipt> {
    let receipt = paid?.receipt;
    (receipt.at >= session.created_at && receipt.paid.covers(&session.bound.cart)).then_some(receipt)
}

/// The session of an attempt that another page made.
fn session_of(recorded: Option<Session>, attempt: &Attempt, created_at: u64) -> Session {
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
