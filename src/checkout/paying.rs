//! Tokens, attempts, sends and resends (rules T, K and R).
#![forbid(unsafe_code)]

use super::effect::{Effect, EffectId, Request};
use super::event::Event;
use super::session::Ending;
use super::state::{Open, PageCart, Sheet, Stage, State, Until};
use super::{Checkout, Rejection, Step};
use crate::attempt::{Attempt, Payload, Receipt, Session, key_header};
use crate::cart::CartHash;
use crate::key::IdempotencyKey;
use crate::notice::Notice;
use crate::outcome::{Approval, Cause, Decline, Doubt, Opaque, Outcome, Refusal, SettleAnswer, Text};
use crate::token::WalletToken;
use alloc::borrow::ToOwned as _;
use zeroize::Zeroizing;

/// A useless token (spent, expired) is asked for again in the open sheet this often in a row; then the sheet is
/// closed, because its wallet would hand over the same token for ever.
const USELESS_TOKENS: u8 = 1;

/// What the sheet returned.
pub(super) struct Delivery {
    pub token: WalletToken,
    pub expires_at: Option<u64>,
    pub cart_hash: Option<CartHash>,
    pub details: Option<Opaque>,
}

impl Checkout {
    /// A token makes an attempt, under a key of its own, before anything asynchronous can happen (rule K1).
    pub(super) fn token_received(
        &mut self,
        state: State,
        sheet: EffectId,
        delivery: Delivery,
        now: u64,
    ) -> Step {
        let (session, open_sheet) = match state {
            State::SheetOpen { session, sheet: open } if open.id == sheet => (session, open),
            other => return Step::reject(other, Rejection::StaleSheet),
        };
        let Delivery { token, expires_at, cart_hash, details } = delivery;
        let fingerprint = token.fingerprint(self.ledger.salt());
        if cart_hash.is_some_and(|shown| shown != *session.bound.cart.hash()) {
            // The shopper agreed to something else than what would be paid (rule C4).
            return Step::to(self.useless_token(session, open_sheet, Notice::CartChanged));
        }
        let spent = self.ledger.contains(fingerprint);
        let expired = expires_at.is_some_and(|at| now >= at);
        if expired && !spent {
            self.ledger.spend(fingerprint, now);
        }
        if expired || spent {
            return Step::to(self.useless_token(session, open_sheet, Notice::FreshTokenNeeded));
        }
        self.notices.clear();
        let attempt = Attempt {
            key: IdempotencyKey::from_entropy(self.draw()),
            session: session.id,
            provider_ref: session.provider_ref.clone(),
            bound: session.bound.clone(),
            fingerprint,
            first_send: None,
        };
        let details = details.as_ref().map(Opaque::expose);
        let payload = Payload::compose(&attempt, token, details, expires_at, self.config.profile);
        let open = Open::new(attempt, session, Some(Sheet { useless: 0, ..open_sheet }), PageCart::Bound);
        let effect = self.new_id();
        self.emit(Effect::AcquireLock { effect });
        Step::to(State::Sending { open, payload, stage: Stage::Locking(effect) })
    }

    /// A token that must not leave the page (rules C4, T3, T7): the sheet is asked for another one, or closed.
    fn useless_token(&mut self, session: Session, mut sheet: Sheet, why: Notice) -> State {
        self.tell(why.clone());
        sheet.useless = sheet.useless.saturating_add(1);
        if sheet.retries_in_place && sheet.useless <= USELESS_TOKENS {
            self.emit(Effect::RetrySheet { sheet: sheet.id, why });
            State::SheetOpen { session, sheet }
        } else {
            self.close_sheet(Some(sheet));
            State::Ready { session }
        }
    }

    /// Sends the attempt, unless something speaks against it. This is the only place that sends, so every guard that
    /// must hold before every send stands here.
    pub(super) fn send(&mut self, mut open: Open, payload: Payload, delay: u64, now: u64) -> State {
        let first = open.sends == 0;
        if !open.may_send() || payload.is_expired(now) {
            if !first {
                return self.settle(open, None);
            }
            // An expired token stays in the ledger: it is useless from now on.
            return if payload.is_expired(now) {
                let ending = Ending::Again { why: Some(Notice::FreshTokenNeeded), in_sheet: true };
                open.attempt.first_send = None;
                self.conclude(open, ending, now)
            } else {
                self.abandon(open, None, now)
            };
        }
        let age = open.attempt.first_send.map_or(0, |at| now.saturating_sub(at));
        let window = self.config.profile.window_ms().saturating_sub(self.config.profile.margin_ms());
        if !first && (age >= window || age >= self.config.retry.total_time) {
            return self.settle(open, None);
        }
        if !self.online {
            return self.wait_online(open, payload, 0, now);
        }
        // What could not be written is tried again with each send: until it is, no other tab knows of it.
        if self.unwritten {
            self.written = None;
        }
        open.sends = open.sends.saturating_add(1);
        let send = self.new_id();
        self.emit(Effect::SendAttempt {
            effect: send,
            request: Request {
                key: open.attempt.key,
                session: open.attempt.session,
                cart_hash: open.attempt.cart_hash().clone(),
                provider_ref: open.attempt.provider_ref.clone(),
                header: key_header(self.config.profile, open.attempt.key),
                send: open.sends,
                body: Zeroizing::new(payload.body().to_owned()),
            },
        });
        let timer = self.start_timer(self.config.retry.send_timeout);
        State::Sending { open, payload, stage: Stage::InFlight { send, timer, delay } }
    }

    pub(super) fn send_answered(
        &mut self,
        state: State,
        effect: EffectId,
        outcome: Outcome,
        now: u64,
    ) -> Step {
        match state {
            State::Sending { open, payload, stage: Stage::InFlight { send, timer, delay } }
                if send == effect =>
            {
                self.cancel_timer(timer);
                Step::to(self.sent(open, payload, outcome, delay, now))
            }
            other => Step::reject(other, Rejection::LateAnswer),
        }
    }

    pub(super) fn send_timed_out(
        &mut self,
        open: Open,
        payload: Payload,
        stage: Stage,
        effect: EffectId,
        now: u64,
    ) -> Step {
        match stage {
            Stage::InFlight { send, timer, delay } if timer == effect => {
                self.emit(Effect::AbortRequest { effect: send });
                let outcome = Outcome::Ambiguous(Doubt::new(Cause::Timeout));
                Step::to(self.sent(open, payload, outcome, delay, now))
            }
            stage => Step::reject(State::Sending { open, payload, stage }, Rejection::LateAnswer),
        }
    }

    fn sent(&mut self, open: Open, payload: Payload, outcome: Outcome, delay: u64, now: u64) -> State {
        match outcome {
            Outcome::Ambiguous(doubt) => self.resend_or_settle(open, payload, &doubt, delay, now),
            // A refusal is about one request. While an earlier one is unknown it proves nothing: a login that ran
            // out between two sends refuses the second and has charged the first, and so does a provider that
            // declines a token because the first send has spent it.
            Outcome::Rejected(ref refusal) if open.sends > 1 && refusal.code.as_str() != "voided" => {
                self.settle(open, None)
            }
            Outcome::Declined(_) if open.sends > 1 => self.settle(open, None),
            Outcome::ActionRequired(action) => {
                if !open.may_send() {
                    return self.settle(open, None);
                }
                self.require_action(open, action)
            }
            Outcome::Approved(approval) => self.approved(open, approval, now),
            Outcome::Declined(decline) => self.declined(open, decline, now),
            Outcome::Rejected(refusal) => self.rejected(open, refusal, now),
        }
    }

    pub(super) fn approved(&mut self, open: Open, approval: Approval, now: u64) -> State {
        let Open { attempt, sheet, page, earlier_charge, .. } = open;
        let receipt = receipt(&attempt, approval, now);
        let state = self.succeed(receipt, sheet, page);
        if let Some(earlier) = earlier_charge {
            self.tell_too(Notice::ChargedTwice { reference: earlier.reference });
        }
        state
    }

    pub(super) fn declined(&mut self, open: Open, decline: Decline, now: u64) -> State {
        let ending = Ending::Again { why: Some(Notice::declined(decline)), in_sheet: true };
        self.conclude(open, ending, now)
    }

    pub(super) fn rejected(&mut self, open: Open, refusal: Refusal, now: u64) -> State {
        if !refusal.token_consumed {
            self.ledger.release(open.attempt.fingerprint, open.attempt.first_send);
        }
        let why = if refusal.code.as_str() == "voided" {
            Notice::PaymentNotMade
        } else {
            Notice::PaymentRejected { reason: refusal.code }
        };
        let ending = if refusal.may_retry {
            Ending::Again { why: Some(why), in_sheet: true }
        } else {
            Ending::Refused { why }
        };
        self.conclude(open, ending, now)
    }

    /// After a send of which nobody knows the outcome: the same bytes under the same key once more, if that may help
    /// and there is time for it; otherwise the truth.
    fn resend_or_settle(
        &mut self,
        mut open: Open,
        payload: Payload,
        doubt: &Doubt,
        previous: u64,
        now: u64,
    ) -> State {
        let policy = self.config.retry;
        if !doubt.may_resend() || !open.may_send() || open.retries >= policy.max_retries {
            return self.settle(open, doubt.retry_after);
        }
        let not_before = doubt.retry_after.map_or(0, |bound| now.saturating_add(bound));
        if !self.online {
            return self.wait_online(open, payload, not_before, now);
        }
        let delay = policy.delay(open.retries, previous, self.unit(), doubt.retry_after);
        let age = open.attempt.first_send.map_or(0, |at| now.saturating_sub(at));
        if age.saturating_add(delay) >= policy.total_time {
            return self.settle(open, doubt.retry_after);
        }
        open.retries = open.retries.saturating_add(1);
        let timer = self.start_timer(delay);
        State::Waiting { open, payload, until: Until::Retry { timer, delay, not_before } }
    }

    /// Waits for the network, which uses up no try (rule R5), but no longer than the attempt may last (rule R4).
    fn wait_online(&mut self, open: Open, payload: Payload, not_before: u64, now: u64) -> State {
        self.tell_too(Notice::Offline);
        let age = open.attempt.first_send.map_or(0, |at| now.saturating_sub(at));
        let deadline = self.start_timer(self.config.retry.total_time.saturating_sub(age));
        State::Waiting { open, payload, until: Until::Online { deadline, not_before } }
    }

    pub(super) fn wait_over(&mut self, open: Open, payload: Payload, until: Until, now: u64) -> State {
        match until {
            Until::Retry { delay, .. } => self.send(open, payload, delay, now),
            Until::Online { .. } if open.sends == 0 => self.abandon(open, Some(Notice::PaymentNotMade), now),
            Until::Online { .. } => self.settle(open, None),
        }
    }

    pub(super) fn pause_sending(&mut self, open: Open, payload: Payload, until: Until, now: u64) -> State {
        match until {
            Until::Retry { timer, not_before, .. } => {
                self.cancel_timer(timer);
                self.wait_online(open, payload, not_before, now)
            }
            Until::Online { .. } => State::Waiting { open, payload, until },
        }
    }

    /// Back online: the schedule goes on where it was, with a fresh delay, so that a crowd that comes back together
    /// does not arrive together.
    pub(super) fn resume_sending(&mut self, open: Open, payload: Payload, until: Until, now: u64) -> State {
        match until {
            Until::Online { deadline, not_before } => {
                self.cancel_timer(deadline);
                let resend = open.retries.saturating_sub(1);
                let policy = self.config.retry;
                let bound = not_before.saturating_sub(now);
                let delay = policy.delay(resend, 0, self.unit(), Some(bound));
                let age = open.attempt.first_send.map_or(0, |at| now.saturating_sub(at));
                if open.sends > 0 && age.saturating_add(delay) >= policy.total_time {
                    return self.settle(open, Some(bound));
                }
                let timer = self.start_timer(delay);
                State::Waiting { open, payload, until: Until::Retry { timer, delay, not_before } }
            }
            Until::Retry { .. } => State::Waiting { open, payload, until },
        }
    }

    /// The event with everything replaced in it that gives a token away (rule T6): what a merchant echoes gets
    /// neither into a snapshot nor into the log. Tokens that are not in memory any more are known by their
    /// fingerprints.
    pub(super) fn without_tokens(&self, event: Event) -> Event {
        let payload = match &self.state {
            State::Sending { payload, .. } | State::Waiting { payload, .. } => Some(payload),
            _ => None,
        };
        let scrub = |text: Text| {
            let is_token = self.ledger.is_given_away_by(text.as_str())
                || payload.is_some_and(|payload| payload.is_given_away_by(text.as_str()));
            if is_token { Text::new("redacted") } else { text }
        };
        match event {
            Event::SendAnswered { effect, outcome } => {
                Event::SendAnswered { effect, outcome: scrubbed(outcome, scrub) }
            }
            Event::SettleAnswered { effect, answer: SettleAnswer::Outcome(outcome) } => {
                Event::SettleAnswered { effect, answer: SettleAnswer::Outcome(scrubbed(outcome, scrub)) }
            }
            Event::OutcomeReported { key, outcome } => {
                Event::OutcomeReported { key, outcome: scrubbed(outcome, scrub) }
            }
            other => other,
        }
    }

    /// Keeps the key of an attempt that is over without a charge, in case one is reported later (rule U6).
    pub(super) fn remember(&mut self, attempt: Attempt) {
        const CAPACITY: usize = 16;
        if self.ended.len() >= CAPACITY {
            self.ended.remove(0);
        }
        self.ended.push(attempt);
    }
}

pub(super) fn receipt(attempt: &Attempt, approval: Approval, now: u64) -> Receipt {
    Receipt {
        key: attempt.key,
        session: attempt.session,
        reference: approval.reference,
        paid: attempt.bound.clone(),
        at: now,
    }
}

fn scrubbed(outcome: Outcome, scrub: impl Fn(Text) -> Text) -> Outcome {
    match outcome {
        Outcome::Approved(Approval { reference }) => {
            Outcome::Approved(Approval { reference: reference.map(scrub) })
        }
        Outcome::Declined(Decline { code, advice }) => {
            Outcome::Declined(Decline { code: scrub(code), advice })
        }
        Outcome::Rejected(refusal) => Outcome::Rejected(Refusal { code: scrub(refusal.code), ..refusal }),
        Outcome::ActionRequired(mut action) => {
            action.kind = scrub(action.kind);
            Outcome::ActionRequired(action)
        }
        Outcome::Ambiguous(doubt) => Outcome::Ambiguous(doubt),
    }
}
