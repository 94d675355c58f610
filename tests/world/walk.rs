//! What happens in the world, one step after another.

use super::merchant::Fate;
use super::{MINUTE, Tab, World, cart};
use payonce::checkout::{EffectId, Event, StateKind};
use payonce::journal::Record;
use payonce::key::IdempotencyKey;
use payonce::outcome::{Opaque, SettleAnswer, Text};
use payonce::token::WalletToken;

impl World {
    pub(super) fn step(&mut self) {
        self.now += self.dice.roll(400);
        if self.dice.once_in(200) {
            self.now += self.dice.roll(60) * MINUTE;
        }
        if self.dice.once_in(200) {
            self.now -= self.dice.roll(30) * MINUTE;
        }
        let t = usize::try_from(self.dice.roll(2)).unwrap();
        match self.dice.roll(100) {
            0..=54 => self.answer(t),
            55..=84 => self.shopper(t),
            85..=87 => self.network(t),
            88..=89 => {
                if let Some(key) = self.dice.take(&mut self.wire) {
                    self.arrive(key);
                }
            }
            90 => self.report(t),
            91 => self.kill(t),
            92..=94 => self.page_life(t),
            _ => self.nonsense(t),
        }
        self.lock_goes_round();
    }

    /// Answers something that is under way.
    fn answer(&mut self, t: usize) {
        let dice = self.dice.clone();
        let tab = &self.tabs[t];
        let waiting = [
            tab.writes.is_empty(),
            tab.sends.is_empty(),
            tab.questions.is_empty(),
            tab.actions.is_empty(),
            tab.timers.is_empty(),
            tab.discards.is_empty(),
        ];
        let waiting: Vec<_> = (0..6).filter(|&n| !waiting[n]).collect();
        match dice.pick(&waiting) {
            None => {}
            Some(0) => self.answer_write(t),
            Some(1) => {
                if let Some(out) = dice.take(&mut self.tabs[t].sends) {
                    let attempt = self.tabs[t].checkout.snapshot().attempt;
                    let resent = attempt.is_some_and(|attempt| attempt.sends > 1);
                    let outcome = self.reply_to_send(out.key, resent);
                    self.event(t, Event::SendAnswered { effect: out.effect, outcome });
                }
            }
            Some(2) => {
                if let Some(out) = dice.take(&mut self.tabs[t].questions) {
                    let answer = self.reply_to_question(out.key);
                    self.event(t, Event::SettleAnswered { effect: out.effect, answer });
                }
            }
            Some(3) => {
                if let Some(out) = dice.take(&mut self.tabs[t].actions) {
                    self.event(t, Event::ActionEnded { effect: out.effect, completed: dice.once_in(2) });
                }
            }
            Some(4) => {
                // Lock and journal are mostly faster than that.
                let asked = tab.lock_asked.is_some() || !tab.writes.is_empty();
                if asked && !dice.once_in(10) {
                    return;
                }
                if let Some((effect, due)) = dice.take(&mut self.tabs[t].timers) {
                    self.now = self.now.max(due);
                    self.event(t, Event::TimerFired { effect });
                }
            }
            Some(_) => {
                if let Some(effect) = dice.take(&mut self.tabs[t].discards) {
                    self.event(t, Event::DiscardAnswered { effect, done: dice.once_in(2) });
                }
            }
        }
    }

    fn answer_write(&mut self, t: usize) {
        let Some((effect, text, holds_lock)) = self.tabs[t].writes.pop_front() else { return };
        if !self.honest && self.dice.once_in(10) {
            self.journal_failed = true;
            self.event(t, Event::JournalFailed { effect });
            return;
        }
        let ours = Record::decode(&text).unwrap();
        let stored = self.record().map(|stored| *stored);
        let Ok(merged) = ours.clone().merged(self.tabs[t].base.as_deref(), stored, holds_lock) else {
            // As the driver does: the core is shown what stands in the way, then told that nothing was written.
            let record = self.record();
            self.event(t, Event::JournalChanged { record });
            self.event(t, Event::JournalFailed { effect });
            return;
        };
        self.stored = Some(merged.encode());
        self.tabs[t].base = Some(Box::new(ours));
        let durable = self.honest || !self.dice.once_in(10);
        self.event(t, Event::JournalWritten { effect, durable });
    }

    fn shopper(&mut self, t: usize) {
        let sheet = self.tabs[t].sheets.last().copied().unwrap_or(EffectId(0));
        // Mostly what makes sense, so that the walk gets somewhere.
        let sensible = match self.tabs[t].checkout.snapshot().state {
            StateKind::Empty => 0,
            StateKind::Ready | StateKind::Failed => 6,
            StateKind::SheetOpen => 10,
            StateKind::Unresolved => 18,
            StateKind::Succeeded => 19,
            _ => 20,
        };
        match if self.dice.once_in(2) { self.dice.roll(20) } else { sensible } {
            0..=3 => {
                let n = if self.dice.once_in(4) { self.dice.roll(4) } else { 0 };
                let provider_ref = self.dice.once_in(2).then(|| Text::new("pi_1"));
                self.event(t, Event::CartSet { cart: cart(n), provider_ref });
            }
            4 if self.dice.once_in(6) => self.event(t, Event::CartCleared),
            5 => self.event(t, Event::SheetCartChanged { sheet, cart: cart(self.dice.roll(3)) }),
            6..=9 => self.click(t),
            10..=15 => {
                let event = self.token(t, sheet);
                self.event(t, event);
            }
            16 => self.event(t, Event::SheetCancelled { sheet }),
            17 if self.dice.once_in(2) => self.event(t, Event::SheetFailed { sheet }),
            17 => self.event(t, Event::SheetBusy { sheet }),
            18 => self.event(t, Event::CheckRequested),
            19 => self.event(t, Event::Acknowledged),
            _ => {}
        }
    }

    fn click(&mut self, t: usize) {
        let before = self.tabs[t].checkout.snapshot();
        let sheets = self.tabs[t].sheets.len();
        let retries_in_place = self.dice.once_in(2);
        self.event(t, Event::SheetRequested { retries_in_place });
        let opened = self.tabs[t].sheets.len() > sheets;
        self.check(opened == before.can_pay, "the snapshot promised something else of a click");
    }

    /// Mostly a new token; sometimes one that was handed over before.
    fn token(&self, _tab: usize, sheet: EffectId) -> Event {
        let again = self.dice.once_in(3).then(|| self.dice.pick(&self.minted)).flatten();
        let text = again.unwrap_or_else(|| format!("tok_secret_{}_4242424242424242", self.minted.len()));
        let expires_at = match self.dice.roll(6) {
            0 => Some(self.now + self.dice.roll(20_000)),
            1 => Some(self.now.saturating_sub(1)),
            _ => None,
        };
        let cart_hash = self.dice.once_in(6).then(|| cart(self.dice.roll(3)).hash().clone());
        let details = self.dice.once_in(2).then(|| Opaque::new(r#"{"email":"ada@example.org"}"#));
        let token = WalletToken::new(text).unwrap();
        Event::TokenReceived { sheet, token, expires_at, cart_hash, details }
    }

    fn network(&mut self, t: usize) {
        self.tabs[t].offline = !self.tabs[t].offline;
        self.event(t, if self.tabs[t].offline { Event::WentOffline } else { Event::CameOnline });
    }

    fn report(&mut self, t: usize) {
        let keys: Vec<_> = self.keys.keys().copied().collect();
        let Some(key) = self.dice.pick(&sorted(keys)) else { return };
        let outcome = if self.honest {
            let Some(Fate::Decided(outcome)) = self.fates.get(&key).cloned() else { return };
            outcome
        } else {
            self.anything()
        };
        self.event(t, Event::OutcomeReported { key, outcome });
    }

    fn page_life(&mut self, t: usize) {
        let record = self.record();
        match self.dice.roll(8) {
            0 => self.event(t, Event::LockFreed { record }),
            1 => self.event(t, Event::JournalRead { record }),
            2..=5 => self.event(t, Event::JournalChanged { record }),
            _ => {
                let cart_follows = self.dice.once_in(2);
                self.event(t, Event::PageRestored { cart_follows });
                self.event(t, Event::JournalChanged { record });
            }
        }
    }

    /// The tab is killed, with everything that was under way in it, and opened again.
    fn kill(&mut self, t: usize) {
        let old = std::mem::replace(&mut self.tabs[t], Tab::new(self.config, &self.dice));
        if self.dice.once_in(10) {
            self.check_log(&old);
        }
        // What was on its way to the journal may or may not have got there.
        let stored = usize::try_from(self.dice.roll(3)).unwrap();
        let mut base = old.base;
        for (_, text, holds_lock) in old.writes.into_iter().take(stored) {
            let ours = Record::decode(&text).unwrap();
            let stored = self.record().map(|record| *record);
            let Ok(merged) = ours.clone().merged(base.as_deref(), stored, holds_lock) else { continue };
            self.stored = Some(merged.encode());
            base = Some(Box::new(ours));
        }
        if self.lock == Some(t) {
            self.lock = None;
        }
        let record = self.record();
        if self.forgetful() {
            self.tokens.clear();
        }
        self.event(t, Event::JournalRead { record });
    }

    fn nonsense(&mut self, t: usize) {
        let dice = self.dice.clone();
        let effect = EffectId(u32::try_from(dice.roll(60)).unwrap());
        // An id that is really under way is not nonsense.
        let tab = &self.tabs[t];
        let live = tab.sends.iter().chain(&tab.questions).chain(&tab.actions).any(|out| out.effect == effect)
            || tab.timers.iter().any(|(timer, _)| *timer == effect)
            || tab.discards.contains(&effect)
            || tab.writes.iter().any(|(write, ..)| *write == effect)
            || tab.lock_asked == Some(effect)
            || tab.sheets.last() == Some(&effect);
        if live {
            return;
        }
        let key = IdempotencyKey::from_entropy(u128::from(dice.roll(9)));
        let event = match dice.roll(13) {
            0 => Event::SendAnswered { effect, outcome: self.anything() },
            1 => Event::SettleAnswered { effect, answer: SettleAnswer::Voided },
            2 => Event::TimerFired { effect },
            3 => Event::ActionEnded { effect, completed: true },
            4 => Event::LockGranted { effect, record: self.record() },
            5 => Event::LockRefused { effect },
            6 => Event::JournalWritten { effect, durable: true },
            7 => Event::JournalFailed { effect },
            8 => Event::DiscardAnswered { effect, done: true },
            9 => Event::OutcomeReported { key, outcome: self.anything() },
            10 => Event::SheetCancelled { sheet: effect },
            11 => Event::SheetCartChanged { sheet: effect, cart: cart(2) },
            _ => self.token(t, effect),
        };
        let kind = event.kind();
        let before = self.tabs[t].checkout.snapshot();
        self.event(t, event);
        self.check(self.tabs[t].checkout.snapshot() == before, &format!("nonsense was taken: {kind:?}"));
    }

    /// Grants and releases the lock as the browser would.
    fn lock_goes_round(&mut self) {
        for t in 0..2 {
            // The lock is let go of once the writes before are done.
            if self.tabs[t].releasing && self.tabs[t].writes.is_empty() {
                self.tabs[t].releasing = false;
                if self.lock == Some(t) {
                    self.lock = None;
                }
            }
        }
        for t in 0..2 {
            if self.tabs[t].releasing || self.dice.once_in(3) {
                continue;
            }
            let Some(effect) = self.tabs[t].lock_asked else { continue };
            self.tabs[t].lock_asked = None;
            let record = self.record();
            if self.lock.is_some_and(|holder| holder != t) {
                self.event(t, Event::LockRefused { effect });
            } else {
                self.lock = Some(t);
                self.event(t, Event::LockGranted { effect, record });
            }
        }
        for t in 0..2 {
            let blocked = self.tabs[t].checkout.snapshot().state == StateKind::Blocked;
            if blocked && self.lock.is_none() {
                let record = self.record();
                self.event(t, Event::LockFreed { record });
            }
        }
    }
}
fn sorted(mut keys: Vec<IdempotencyKey>) -> Vec<IdempotencyKey> {
    keys.sort_unstable();
    keys
}
