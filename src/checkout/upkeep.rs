//! What must outlive the page: the journal, and sessions to discard (rules D).
#![forbid(unsafe_code)]

use super::effect::{Effect, EffectId};
use super::session::Ending;
use super::state::{Ask, Open, PageCart, Stage, State};
use super::tabs::session_of;
use super::{Checkout, Durability, Rejection, Step};
use crate::attempt::{Attempt, Receipt, Session};
use crate::journal::{Discard, Paid, Record};
use crate::notice::Notice;
use crate::token::{Salt, SpentLedger};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// How many sessions are kept for a merchant that takes no note of them: more than a shopper changes the cart while the
/// network is away, and few enough for the record to stay small.
const MAX_DISCARDS: usize = 32;

/// A session that the merchant is being told of.
#[derive(Debug)]
#[cfg_attr(feature = "model", derive(Clone))]
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

impl Discard {
    fn of(session: &Session) -> Self {
        Self { session: session.id, provider_ref: session.provider_ref.clone() }
    }
}

impl Checkout {
    /// What the journal should hold now.
    fn record(&self) -> Record {
        let (session, open, paid): (Option<&Session>, Option<&Attempt>, Option<&Receipt>) = match &self.state
        {
            State::Empty { previous } => (previous.as_ref(), None, None),
            State::Ready { session } | State::SheetOpen { session, .. } => (Some(session), None, None),
            // It was refused for good: no other page may take it up.
            State::Failed { .. } => (None, None, None),
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
        let mut discards: Vec<Discard> =
            self.discards.iter().map(|discarding| discarding.what.clone()).collect();
        if let State::Failed { session } = &self.state {
            discards.push(Discard::of(session));
        }
        Record {
            ledger: self.ledger.clone(),
            session: session.cloned(),
            open: open.cloned(),
            paid: match paid {
                Some(receipt) => Some(Paid { receipt: receipt.clone(), acknowledged: false }),
                None => self.past.clone().map(|receipt| Paid { receipt, acknowledged: true }),
            },
            discards,
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
            // Not a draw for the log: whoever has the log must not be able to test guesses of a token.
            let salt = Salt::from_entropy(self.entropy.draw());
            self.draws.push(salt.alias());
            self.ledger = SpentLedger::new(salt);
            return Step::to(State::Empty { previous: None });
        };
        let record = *record;
        self.written = Some(record.clone());
        self.ledger = record.ledger;
        let window = self.config.profile.window_ms();
        self.ledger.prune(now, window);
        for what in record.discards {
            self.keep_discard(Discarding { what, tries: 0, pending: Pending::Nothing });
        }
        self.resume_discards();
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
        self.unwritten = durable.is_none();
        match state {
            State::Sending { mut open, payload, stage: Stage::Recording(writing) } if writing == effect => {
                open.recorded = durable.is_some();
                if durable == Some(true) || self.config.durability == Durability::Preferred {
                    return Step::to(self.send(open, payload, 0, now));
                }
                self.ledger.release(open.attempt.fingerprint, open.attempt.first_send.take());
                let ending = Ending::Again { why: Some(Notice::RecordUnavailable), in_sheet: false };
                Step::to(self.conclude(open, ending, now))
            }
            other => Step::to(other),
        }
    }

    /// Tells the merchant that a session must not be paid any more.
    pub(super) fn discard(&mut self, session: &Session) {
        self.tell_merchant(Discard::of(session), 0);
    }

    fn tell_merchant(&mut self, what: Discard, tries: u32) {
        let effect = self.new_id();
        self.emit(Effect::DiscardSession {
            effect,
            session: what.session,
            provider_ref: what.provider_ref.clone(),
        });
        self.keep_discard(Discarding { what, tries, pending: Pending::Request(effect) });
    }

    /// Where there are too many, one without a provider object goes first: at the provider there is nothing to end. Of
    /// those alike it is the newest: the others have been waiting for longer.
    fn keep_discard(&mut self, discarding: Discarding) {
        self.discards.push(discarding);
        if self.discards.len() > MAX_DISCARDS {
            let bare = |discarding: &Discarding| discarding.what.provider_ref.is_none();
            let least = self.discards.iter().rposition(bare).unwrap_or(MAX_DISCARDS);
            if let Pending::Timer(timer) = self.discards.remove(least).pending {
                self.cancel_timer(timer);
            }
        }
    }

    pub(super) fn discard_answered(&mut self, state: State, effect: EffectId, done: bool) -> Step {
        let Some(mut discarding) = self.take_discard(Pending::Request(effect)) else {
            return Step::reject(state, Rejection::LateAnswer);
        };
        if done {
            self.resume_discards();
        } else {
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

    /// Takes up the oldest that was given up; the next one follows once the merchant has taken note of it. While another
    /// one is under way there is nothing to take up: a network that comes and goes must not send them all at once.
    pub(super) fn resume_discards(&mut self) {
        if self.discards.iter().any(|discarding| discarding.pending != Pending::Nothing) {
            return;
        }
        if let Some(discarding) = self.take_discard(Pending::Nothing) {
            self.tell_merchant(discarding.what, 0);
        }
    }

    fn take_discard(&mut self, pending: Pending) -> Option<Discarding> {
        let at = self.discards.iter().position(|discarding| discarding.pending == pending)?;
        Some(self.discards.remove(at))
    }
}
