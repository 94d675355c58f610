//! Into the machine, and the model of what must hold.

use super::{Footprint, Known, Out, START, TRAIL, Tab, World, is_open};
use payonce::checkout::effect::Request;
use payonce::checkout::table::{Cell, cell};
use payonce::checkout::{Effect, Event, Snapshot, StateKind};
use payonce::journal::Record;
use payonce::key::IdempotencyKey;
use payonce::log;
use payonce::outcome::{Outcome, Refusal, SettleAnswer};

impl World {
    pub(super) fn event(&mut self, t: usize, event: Event) {
        let before = self.tabs[t].checkout.snapshot();
        let kind = event.kind();
        let seen = event.clone();
        let result = self.tabs[t].checkout.handle(event, self.now);
        let after = self.tabs[t].checkout.snapshot();
        if self.trail.len() >= TRAIL {
            self.trail.pop_front();
        }
        let became = result.as_ref().map(|_| after.state).map_err(|rejection| *rejection);
        let at = self.now.wrapping_sub(START).cast_signed();
        self.trail.push_back(Footprint { tab: t, at, event: seen.clone(), from: before.state, became });
        match result {
            Err(_) => self.check(after == before, "a rejected event changed something"),
            Ok(effects) => {
                let allowed = match cell(before.state, kind) {
                    Cell::To(states) => states.contains(&after.state),
                    Cell::Reject(_) => false,
                };
                self.check(allowed, "this transition is not in the table");
                *self.covered.entry((before.state, kind)).or_default() += 1;
                self.observe(t, &seen, &before, &after);
                for effect in effects {
                    self.run(t, effect, &before);
                }
                self.check_state(t, &after);
            }
        }
    }

    /// What an accepted event means for the model.
    fn observe(&mut self, t: usize, event: &Event, before: &Snapshot, after: &Snapshot) {
        let open = before.attempt.as_ref().map(|attempt| attempt.key);
        match event {
            Event::CartSet { cart, .. } => {
                let hash = cart.hash().clone();
                self.tabs[t].see(Some(hash.clone()));
                self.tabs[t].page = Some(hash);
            }
            Event::CartCleared => {
                self.tabs[t].see(None);
                self.tabs[t].page = None;
            }
            Event::SheetCartChanged { cart, .. } if is_open(before.state) => {
                self.tabs[t].see(Some(cart.hash().clone()));
            }
            Event::TokenReceived { token, expires_at, .. } => {
                self.expires_at[t] = *expires_at;
                self.minted.push(token.expose().to_owned());
                let shown = before.cart.as_ref().map(|cart| cart.hash().clone()).unwrap();
                self.tabs[t].agreed = Some((shown, self.tabs[t].page.clone()));
                self.tabs[t].stale = false;
            }
            Event::SendAnswered { outcome, .. } => {
                let sends = before.attempt.as_ref().unwrap().sends;
                let definitive = match outcome {
                    // A refusal of a resend says nothing about the sends before it.
                    Outcome::Rejected(refusal) => sends == 1 || refusal.code.as_str() == "voided",
                    outcome => outcome.is_definitive(),
                };
                if definitive {
                    self.end(open.unwrap(), outcome);
                }
            }
            // The lock has not answered in time, or the journal has not before the first send.
            Event::TimerFired { .. } if self.tabs[t].lock_asked.is_some() => self.tabs[t].unlocked = true,
            Event::TimerFired { .. } if before.state == StateKind::Sending => {
                self.journal_failed |= before.attempt.as_ref().is_some_and(|attempt| attempt.sends == 0);
            }
            Event::SettleAnswered { answer: SettleAnswer::Voided, .. } => self.in_doubt = None,
            Event::SettleAnswered { answer: SettleAnswer::Outcome(outcome), .. }
                if outcome.is_definitive() =>
            {
                self.end(open.unwrap(), outcome);
            }
            Event::OutcomeReported { key, outcome } if open == Some(*key) => self.end(*key, outcome),
            Event::JournalRead { record }
            | Event::LockGranted { record, .. }
            | Event::LockFreed { record }
            | Event::JournalChanged { record } => {
                self.tabs[t].base = record.clone();
                self.tabs[t].salts.extend(record.iter().map(|record| format!("{:?}", record.ledger.salt())));
            }
            _ => {}
        }
        if let Some(receipt) = &after.receipt {
            self.shown.insert(receipt.key);
        }
    }

    fn end(&mut self, key: IdempotencyKey, outcome: &Outcome) {
        if self.in_doubt == Some(key) {
            self.in_doubt = None;
        }
        if let Outcome::Rejected(Refusal { token_consumed: false, .. }) = outcome
            && let Some(known) = self.keys.get(&key)
        {
            self.tokens.remove(&known.token);
        }
    }

    fn run(&mut self, t: usize, effect: Effect, before: &Snapshot) {
        let id = match &effect {
            Effect::OpenSheet { sheet } => Some(*sheet),
            Effect::AcquireLock { effect }
            | Effect::WriteJournal { effect, .. }
            | Effect::SendAttempt { effect, .. }
            | Effect::SettleAttempt { effect, .. }
            | Effect::DiscardSession { effect, .. }
            | Effect::StartTimer { effect, .. }
            | Effect::PerformAction { effect, .. } => Some(*effect),
            _ => None,
        };
        if let Some(id) = id {
            let fresh = self.tabs[t].ids.insert(id);
            self.check(fresh, "an effect's id was used twice");
        }
        let tab = &mut self.tabs[t];
        match effect {
            Effect::OpenSheet { sheet } => tab.sheets.push(sheet),
            Effect::AcquireLock { effect } => {
                tab.lock_asked = Some(effect);
                tab.unlocked = false;
            }
            Effect::ReleaseLock => {
                tab.lock_asked = None;
                tab.releasing = true;
            }
            Effect::WriteJournal { effect, record, holds_lock } => {
                let held = self.lock == Some(t) && !tab.releasing;
                tab.salts.insert(format!("{:?}", Record::decode(&record).unwrap().ledger.salt()));
                tab.writes.push_back((effect, record, holds_lock));
                self.check(!holds_lock || held, "wrote as the holder of a lock that it does not hold");
            }
            Effect::SendAttempt { effect, request } => {
                tab.sends.push(Out { effect, key: request.key });
                self.wire.push(request.key);
                self.check_send(t, &request, before);
            }
            Effect::SettleAttempt { effect, key, .. } => {
                tab.questions.push(Out { effect, key });
                let may = self.lock == Some(t) || self.tabs[t].unlocked || self.forgetful();
                self.check(may, "asks for the truth without the lock");
            }
            Effect::AbortRequest { effect } => {
                tab.sends.retain(|out| out.effect != effect);
                tab.questions.retain(|out| out.effect != effect);
                tab.actions.retain(|out| out.effect != effect);
            }
            Effect::DiscardSession { effect, .. } => tab.discards.push(effect),
            Effect::StartTimer { effect, delay } => tab.timers.push((effect, self.now.saturating_add(delay))),
            Effect::CancelTimer { effect } => tab.timers.retain(|(timer, _)| *timer != effect),
            Effect::PerformAction { effect, key, .. } => tab.actions.push(Out { effect, key }),
            Effect::RetrySheet { .. }
            | Effect::UpdateSheet { .. }
            | Effect::CompleteSheet { .. }
            | Effect::CloseSheet { .. } => {}
        }
    }

    /// Everything that must hold whenever a request for a charge goes out.
    fn check_send(&mut self, t: usize, request: &Request, before: &Snapshot) {
        let key = request.key;
        let after = self.tabs[t].checkout.snapshot();
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        let token = body["token"].as_str().unwrap().to_owned();
        let header = request.header.as_ref().map(|header| header.value.clone());

        self.check(
            matches!(before.state, StateKind::Sending | StateKind::Waiting)
                && after.state == StateKind::Sending,
            "sent in a state that does not send",
        );
        self.check(self.lock == Some(t), "sent without the lock");
        self.check(!self.tabs[t].offline, "sent while offline");
        self.check(self.expires_at[t].is_none_or(|at| self.now < at), "sent after the token expired");
        self.check(!self.tabs[t].stale, "sent although the cart has changed");
        self.check(
            after.session.is_some_and(|session| {
                session.cart_hash == request.cart_hash && session.id == request.session
            }),
            "sent for another session than the one that is there",
        );
        self.check(body["cartHash"] == request.cart_hash.as_str(), "the body names another cart");
        let in_doubt = self.in_doubt.is_some_and(|other| other != key);
        self.check(!in_doubt || self.forgetful(), "sent while another attempt is in doubt");
        self.in_doubt = Some(key);
        let under = *self.tokens.entry(token.clone()).or_insert(key);
        self.check(under == key || self.forgetful(), "a token went out under a second key");
        let named = self.record().and_then(|record| record.open).map(|attempt| attempt.key);
        self.check(named == Some(key) || self.forgetful(), "the journal does not name what is sent");
        let known = self.keys.entry(key).or_insert_with(|| Known {
            token: token.clone(),
            hash: request.cart_hash.clone(),
            session: request.session,
            body: request.body.to_string(),
            header: header.clone(),
            shown_before: self.shown.clone(),
        });
        let same = known.token == token
            && known.hash == request.cart_hash
            && known.session == request.session
            && known.body == *request.body
            && known.header == header;
        self.check(same, "two sends of one key differ");
    }

    fn check_state(&self, t: usize, after: &Snapshot) {
        self.check(
            after.attempt.is_some() == is_open(after.state),
            "an attempt where none is, or none where one is",
        );
        self.check(!(after.can_pay && after.attempt.is_some()), "a second attempt is offered");
        self.check(
            after.receipt.is_some() == (after.state == StateKind::Succeeded),
            "a receipt without success, or success without one",
        );
        if self.honest
            && let Some(receipt) = &after.receipt
        {
            self.check(self.charged.contains(&receipt.key), "success is shown without a charge");
        }
        let sending = self.tabs[t].sends.len();
        self.check(sending <= 1 || after.state == StateKind::Sending, "a request was forgotten");
        self.check(sending <= 1, "two requests for a charge are out at once");
    }

    pub(super) fn check_log(&self, tab: &Tab) {
        let checkout = &tab.checkout;
        let json = checkout.log().to_json();
        for secret in ["tok_secret", "4242424242424242", "ada@example.org", "cs_secret"] {
            self.check(!json.contains(secret), &format!("{secret} is in the log"));
        }
        self.check(checkout.log().entries().len() <= log::CAPACITY, "the log is not bounded");
        if tab.salts.len() > 1 {
            return; // A logged token is known by its fingerprint under one salt.
        }
        match log::replay(&json) {
            Ok(replayed) => {
                let (replayed, original) = (replayed.snapshot(), checkout.snapshot());
                let same = replayed.attempt == original.attempt
                    && replayed.session == original.session
                    && replayed.notices == original.notices
                    && replayed.spent == original.spent
                    && replayed.cart_waiting == original.cart_waiting
                    && replayed.cart.map(|cart| cart.hash().clone())
                        == original.cart.map(|cart| cart.hash().clone());
                self.check(same, "the replay ends elsewhere");
            }
            Err(log::ReplayError::Truncated) => {}
            Err(error) => {
                let until = tab.checkout.log().entries().map(|entry| format!("{} {:?}", entry.n, entry));
                self.check(false, &format!("no replay: {error}\n{}", until.collect::<Vec<_>>().join("\n")));
            }
        }
    }
}
