//! The truth about an attempt whose outcome is unknown (rules U).
#![forbid(unsafe_code)]

use super::effect::{Effect, EffectId};
use super::paying::receipt;
use super::session::Ending;
use super::state::{Ask, Open, PageCart, Stage, State};
use super::{Checkout, Rejection, Step};
use crate::attempt::{Receipt, Session};
use crate::key::IdempotencyKey;
use crate::notice::Notice;
use crate::outcome::{Action, Outcome, SettleAnswer};

/// Providers ask for two challenges at the most (a fingerprint of the device, then the challenge proper). The third
/// allows for one that failed technically; beyond that the merchant is going round in circles.
const MAX_CHALLENGES: u32 = 3;

impl Open {
    /// Whether a merchant that asks for a challenge when asked for the truth gets it. After a reload it does, but not
    /// for a shopper who gave it up or wants something else. Once a challenge is finished, the provider may need a
    /// moment to take note of it: the merchant is asked a second time before it is believed that there is another.
    fn may_challenge(&self, asked: u32) -> bool {
        let first = self.challenges == 0;
        self.may_send() && !self.challenge_refused && self.challenges < MAX_CHALLENGES && (first || asked > 0)
    }
}

impl Checkout {
    /// Stops sending and asks for the truth. The merchant's lower bound for the next request holds here too, but a
    /// shopper who waits is not kept in the dark for longer than an attempt may last.
    pub(super) fn settle(&mut self, open: Open, lower_bound: Option<u64>) -> State {
        self.tell(Notice::CheckingPayment);
        match lower_bound {
            Some(bound) if bound > 0 && self.online => {
                let timer = self.start_timer(bound.min(self.config.retry.total_time));
                State::Settling { open, ask: Ask::Pausing { timer }, asked: 0 }
            }
            _ => self.ask(open, 0),
        }
    }

    pub(super) fn ask(&mut self, open: Open, asked: u32) -> State {
        if !self.online {
            self.tell_too(Notice::Offline);
            return State::Settling { open, ask: Ask::Offline, asked };
        }
        let request = self.new_id();
        self.emit(Effect::SettleAttempt {
            effect: request,
            key: open.attempt.key,
            session: open.attempt.session,
            provider_ref: open.attempt.provider_ref.clone(),
        });
        let timer = self.start_timer(self.config.retry.send_timeout);
        State::Settling { open, ask: Ask::InFlight { request, timer }, asked }
    }

    pub(super) fn settle_answered(
        &mut self,
        state: State,
        effect: EffectId,
        answer: SettleAnswer,
        now: u64,
    ) -> Step {
        let (open, timer, asked) = match state {
            State::Settling { open, ask: Ask::InFlight { request, timer }, asked } if request == effect => {
                (open, timer, asked)
            }
            other => return Step::reject(other, Rejection::LateAnswer),
        };
        self.cancel_timer(timer);
        Step::to(match answer {
            SettleAnswer::Voided => {
                let ending = Ending::Again { why: Some(Notice::PaymentNotMade), in_sheet: true };
                self.conclude(open, ending, now)
            }
            SettleAnswer::Pending { retry_after } => self.ask_later(open, asked, retry_after),
            SettleAnswer::Outcome(outcome) => match outcome {
                Outcome::Ambiguous(doubt) => self.ask_later(open, asked, doubt.retry_after),
                Outcome::ActionRequired(action) if open.may_challenge(asked) => {
                    self.require_action(open, action)
                }
                Outcome::ActionRequired(_) => self.ask_later(open, asked, None),
                definitive => self.end_with(open, definitive, now),
            },
        })
    }

    /// Ends the attempt with a definitive outcome, wherever that came from.
    fn end_with(&mut self, open: Open, outcome: Outcome, now: u64) -> State {
        match outcome {
            Outcome::Approved(approval) => self.approved(open, approval, now),
            Outcome::Declined(decline) => self.declined(open, decline, now),
            Outcome::Rejected(refusal) => self.rejected(open, refusal, now),
            Outcome::ActionRequired(_) | Outcome::Ambiguous(_) => self.settle(open, None),
        }
    }

    fn ask_later(&mut self, mut open: Open, asked: u32, retry_after: Option<u64>) -> State {
        if !self.online {
            self.tell_too(Notice::Offline);
            return State::Settling { open, ask: Ask::Offline, asked };
        }
        let asked = asked.saturating_add(1);
        let policy = self.config.retry;
        if asked >= policy.max_settles {
            self.tell(Notice::DoNotPayAgain);
            let sheet = open.sheet.take();
            self.close_sheet(sheet);
            return State::Unresolved { open };
        }
        let bound = retry_after.map(|bound| bound.min(policy.total_time));
        let delay = policy.delay(asked.saturating_sub(1), policy.base, self.unit(), bound);
        let timer = self.start_timer(delay);
        State::Settling { open, ask: Ask::Pausing { timer }, asked }
    }

    pub(super) fn settle_timer_fired(&mut self, open: Open, ask: Ask, asked: u32, effect: EffectId) -> Step {
        match ask {
            Ask::Pausing { timer } if timer == effect => Step::to(self.ask(open, asked)),
            Ask::InFlight { request, timer } if timer == effect => {
                self.emit(Effect::AbortRequest { effect: request });
                Step::to(self.ask_later(open, asked, None))
            }
            ask => Step::reject(State::Settling { open, ask, asked }, Rejection::LateAnswer),
        }
    }

    pub(super) fn pause_settling(&mut self, open: Open, ask: Ask, asked: u32) -> State {
        match ask {
            Ask::Pausing { timer } => {
                self.cancel_timer(timer);
                self.tell_too(Notice::Offline);
                State::Settling { open, ask: Ask::Offline, asked }
            }
            // The request may still come through; if not, its timeout finds the device offline.
            ask => State::Settling { open, ask, asked },
        }
    }

    pub(super) fn require_action(&mut self, mut open: Open, action: Action) -> State {
        open.challenges = open.challenges.saturating_add(1);
        self.tell(Notice::ActionRequired);
        let sheet = open.sheet.take();
        self.close_sheet(sheet);
        let effect = self.new_id();
        self.emit(Effect::PerformAction {
            effect,
            key: open.attempt.key,
            kind: action.kind,
            payload: action.payload,
        });
        State::ActionRequired { open, action: effect }
    }

    /// Whatever the shopper did, the merchant knows what came of it. A challenge that was given up is fenced.
    pub(super) fn action_ended(&mut self, state: State, effect: EffectId, completed: bool) -> Step {
        match state {
            State::ActionRequired { mut open, action } if action == effect => {
                open.challenge_refused = !completed;
                Step::to(self.settle(open, None))
            }
            other => Step::reject(other, Rejection::LateAnswer),
        }
    }

    pub(super) fn check_requested(&mut self, state: State) -> Step {
        match state {
            State::Unresolved { open } => Step::to(self.settle(open, None)),
            State::ActionRequired { mut open, action } => {
                open.challenge_refused = true;
                self.emit(Effect::AbortRequest { effect: action });
                Step::to(self.settle(open, None))
            }
            other => Step::reject(other, Rejection::NothingToCheck),
        }
    }

    /// An outcome from elsewhere overrides what the page believes (rule U6), but nothing overrides a success (U7): after one,
    /// only another charge is news.
    pub(super) fn outcome_reported(
        &mut self,
        state: State,
        key: IdempotencyKey,
        outcome: Outcome,
        now: u64,
    ) -> Step {
        if let State::Succeeded { receipt, .. } = &state
            && (receipt.key == key || !matches!(outcome, Outcome::Approved(_)))
        {
            return Step::reject(state, Rejection::AlreadyPaid);
        }
        if !outcome.is_definitive() {
            return Step::reject(state, Rejection::NotDefinitive);
        }
        match self.interrupted(state, key) {
            Ok(open) => Step::to(self.end_with(open, outcome, now)),
            Err(state) => self.outcome_of_earlier_attempt(state, key, outcome, now),
        }
    }

    #[expect(clippy::result_large_err, reason = "the state goes on living either way")]
    /// The open attempt of that key, with everything stopped that was under way for it.
    fn interrupted(&mut self, state: State, key: IdempotencyKey) -> Result<Open, State> {
        match state {
            State::Sending { open, stage, .. } if open.attempt.key == key => {
                if let Stage::InFlight { send, timer, .. } = stage {
                    self.emit(Effect::AbortRequest { effect: send });
                    self.cancel_timer(timer);
                }
                Ok(open)
            }
            State::Waiting { open, until, .. } if open.attempt.key == key => {
                self.cancel_timer(until.timer());
                Ok(open)
            }
            State::ActionRequired { open, action } if open.attempt.key == key => {
                self.emit(Effect::AbortRequest { effect: action });
                Ok(open)
            }
            State::Settling { open, ask, .. } if open.attempt.key == key => {
                match ask {
                    Ask::InFlight { request, timer } => {
                        self.emit(Effect::AbortRequest { effect: request });
                        self.cancel_timer(timer);
                    }
                    Ask::Pausing { timer } => self.cancel_timer(timer),
                    Ask::Locking(_) | Ask::Offline => {}
                }
                Ok(open)
            }
            State::Unresolved { open } if open.attempt.key == key => Ok(open),
            other => Err(other),
        }
    }

    /// An attempt that was believed not to be charged was, or was not after all.
    fn outcome_of_earlier_attempt(
        &mut self,
        state: State,
        key: IdempotencyKey,
        outcome: Outcome,
        now: u64,
    ) -> Step {
        let Some(at) = self.ended.iter().position(|attempt| attempt.key == key) else {
            return Step::reject(state, Rejection::UnknownKey);
        };
        let Outcome::Approved(approval) = outcome else {
            // It was not charged, as was believed.
            return Step::to(state);
        };
        let receipt = receipt(&self.ended.remove(at), approval, now);
        Step::to(match state {
            // A page that was just loaded may well show the cart that is paid.
            State::Empty { previous: Some(session) } => {
                self.retire(session, &receipt);
                self.succeed(receipt, None, PageCart::Unseen)
            }
            State::Empty { previous: None } => self.succeed(receipt, None, PageCart::Emptied),
            State::Ready { session } | State::Failed { session } => {
                let page = self.retire(session, &receipt);
                self.succeed(receipt, None, page)
            }
            State::SheetOpen { session, sheet } => {
                self.close_sheet(Some(sheet));
                let page = self.retire(session, &receipt);
                self.succeed(receipt, None, page)
            }
            State::Blocked { session } => {
                let page = session.map_or(PageCart::Emptied, |session| self.retire(session, &receipt));
                self.succeed(receipt, None, page)
            }
            // Another attempt is open: it must not be charged as well.
            State::Sending { mut open, payload, stage } => {
                open.earlier_charge = Some(receipt);
                match stage {
                    Stage::Locking(_) | Stage::Recording(_) => self.abandon(open, None, now),
                    stage @ Stage::InFlight { .. } => State::Sending { open, payload, stage },
                }
            }
            State::Waiting { mut open, payload: _, until } => {
                open.earlier_charge = Some(receipt);
                self.cancel_timer(until.timer());
                if open.sends == 0 { self.abandon(open, None, now) } else { self.settle(open, None) }
            }
            State::ActionRequired { mut open, action } => {
                open.earlier_charge = Some(receipt);
                self.emit(Effect::AbortRequest { effect: action });
                self.settle(open, None)
            }
            State::Settling { mut open, ask, asked } => {
                open.earlier_charge = Some(receipt);
                State::Settling { open, ask, asked }
            }
            State::Unresolved { mut open } => {
                open.earlier_charge = Some(receipt);
                State::Unresolved { open }
            }
            succeeded @ State::Succeeded { .. } => {
                self.tell_too(Notice::ChargedTwice { reference: receipt.reference });
                succeeded
            }
        })
    }

    /// Ends a session that is not the one that was paid, and says what the page shows seen from the receipt. The
    /// session's provider object ends with it.
    pub(super) fn retire(&mut self, session: Session, receipt: &Receipt) -> PageCart {
        if session.id != receipt.session {
            self.discard(&session);
        }
        PageCart::seen_from(receipt, session.bound.cart, None)
    }
}
