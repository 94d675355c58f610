//! Which steps can be taken from a state, and what each does.
#![forbid(unsafe_code)]

use crate::faults::Fault;
use crate::merchant::{DECLINED, UNAUTHORIZED, Verdict};
use crate::promises::{Broken, Promise};
use crate::step::Step;
use crate::tab::{cart, other_cart};
use crate::world::{Ask, Packet, World, http};
use payonce::checkout::table::{Cell, cell};
use payonce::checkout::{Event, EventKind, StateKind};
use payonce::outcome::{Outcome, SettleAnswer};
use payonce::token::WalletToken;

/// Longer than an attempt is resent for.
const DELAY: u64 = 30_000;
/// Longer than the merchant remembers a key.
const NIGHT: u64 = 25 * 3_600_000;

impl World {
    /// All that can happen next.
    pub fn steps(&self, steps: &mut Vec<Step>) {
        for tab in 0..self.setting.tabs {
            self.steps_of(tab, steps);
        }
        self.steps_of_network(steps);
        for (key, sent) in (0..).zip(&self.sent) {
            if self.merchant.is_open(sent.charge.key) {
                steps.extend([true, false].map(|approve| Step::Decide { key, approve }));
            }
        }
        if self.spent.delays < self.setting.delays {
            steps.push(Step::Delay);
        }
        if self.spent.nights < self.setting.nights {
            steps.push(Step::Night);
        }
    }

    fn steps_of(&self, tab: u8, steps: &mut Vec<Step>) {
        let (setting, spent) = (&self.setting, &self.spent);
        let this = self.tab(tab);
        let writing = !this.writes.is_empty();
        if writing {
            steps.push(Step::Store { tab });
        }
        if spent.crashes < setting.crashes {
            let writes = u8::try_from(this.writes.len()).unwrap_or(u8::MAX);
            steps.extend((0..=writes).map(|stored| Step::Crash { tab, stored }));
        }
        if this.frozen {
            steps.push(Step::Return { tab });
            return;
        }
        let state = this.checkout.state();
        let takes = |event| matches!(cell(state, event), Cell::To(_));
        let mut push = |may: bool, step| {
            if may {
                steps.push(step);
            }
        };
        // A page renders its cart again whenever it likes; where nothing has changed that means nothing (rule C1).
        let stale = this.page.as_ref() != Some(cart(self.cart).hash()) || state == StateKind::Empty;
        push(stale, Step::ShowCart { tab });
        push(this.page.is_some() && spent.edits < setting.edits, Step::EditCart { tab });
        push(takes(EventKind::SheetRequested), Step::ClickPay { tab });
        push(takes(EventKind::CheckRequested), Step::CheckAgain { tab });
        push(takes(EventKind::Acknowledged), Step::Acknowledge { tab });
        if this.sheet.is_some() {
            let in_sheet = setting.edits_in_sheet && spent.edits < setting.edits;
            push(in_sheet && takes(EventKind::SheetCartChanged), Step::EditCartInSheet { tab });
            push(takes(EventKind::SheetCancelled), Step::CancelSheet { tab });
            if takes(EventKind::TokenReceived) {
                let fresh = u8::from(spent.tokens < setting.tokens);
                (spent.stale_tokens..spent.tokens + fresh)
                    .for_each(|token| push(true, Step::HandOver { tab, token }));
            }
        }
        if this.action.is_some() {
            [true, false].into_iter().for_each(|completed| push(true, Step::EndChallenge { tab, completed }));
        }
        push(writing && spent.failed_writes < setting.failed_writes, Step::FailToStore { tab });
        push(this.news, Step::HearOfJournal { tab });
        if this.lock_asked.is_some() && !this.releasing && !writing {
            let held = self.lock.is_some_and(|holder| holder != tab);
            push(!held || setting.has(Fault::NoLock), Step::GetLock { tab });
            push(held, Step::MissLock { tab });
        }
        push(this.watching && self.lock.is_none(), Step::HearOfLock { tab });
        let in_time = self.waits_for_a_port(tab) && spent.silences >= setting.silences;
        (0..).zip(&this.timers).for_each(|(timer, _)| push(!in_time, Step::Fire { tab, timer }));
        push(spent.visits < setting.visits && !writing, Step::Leave { tab });
        push(this.online && spent.outages < setting.outages, Step::LoseNetwork { tab });
        push(!this.online, Step::FindNetwork { tab });
        if spent.reports < setting.reports {
            for (key, sent) in (0..).zip(&self.sent) {
                push(self.merchant.outcome(sent.charge.key).is_some(), Step::Report { tab, key });
            }
        }
    }

    /// Whether nothing goes on before the lock or the journal has answered.
    fn waits_for_a_port(&self, t: u8) -> bool {
        let tab = self.tab(t);
        let unsent = || self.snapshot(t).attempt.is_some_and(|attempt| attempt.sends == 0);
        tab.lock_asked.is_some() || tab.checkout.state() == StateKind::Sending && unsent()
    }

    fn steps_of_network(&self, steps: &mut Vec<Step>) {
        let mixed_up = self.setting.has(Fault::AnswersMixedUp);
        for (n, packet) in (0..).zip(&self.packets) {
            if packet.copies > 0 {
                let decided = match &packet.ask {
                    Ask::Charge(charge) => !self.merchant.is_new(charge, &self.setting),
                    Ask::Settle(_) | Ask::Discard(_) => true,
                };
                let verdicts = if decided { &[Verdict::Approve] } else { self.setting.verdicts };
                // A token that was refused may be sent again, and again.
                let enough = self.sent.len() > usize::from(self.setting.tokens);
                let verdicts = verdicts.iter().filter(|verdict| !(enough && **verdict == Verdict::Refuse));
                steps.extend(verdicts.map(|&verdict| Step::Arrive { packet: n, verdict }));
                if packet.resent && packet.effect.is_some() && self.spent.refusals < self.setting.refusals {
                    steps.extend([true, false].map(|declined| Step::TurnAway { packet: n, declined }));
                }
            }
            if packet.reply.is_some() && (packet.effect.is_some() || mixed_up) && !self.tab(packet.tab).frozen
            {
                steps.push(Step::Reply { packet: n });
            }
        }
    }

    /// Takes a step. Tells whether anything came of it.
    pub fn take(&mut self, step: Step) -> Result<bool, Broken> {
        match step {
            Step::ShowCart { tab } => self.show(tab, self.cart),
            Step::EditCart { tab } => {
                self.spent.edits += 1;
                self.cart = 1 - self.cart;
                self.show(tab, self.cart)
            }
            Step::ClickPay { tab } => {
                self.event(tab, Event::SheetRequested { retries_in_place: self.setting.retries_in_place })
            }
            Step::EditCartInSheet { tab } => {
                self.spent.edits += 1;
                let Some(sheet) = self.tab(tab).sheet else { return Ok(false) };
                let cart = other_cart(self.tab(tab).shows.as_ref());
                self.event(tab, Event::SheetCartChanged { sheet, cart })
            }
            Step::HandOver { tab, token } => self.hand_over(tab, token),
            Step::CancelSheet { tab } => {
                let Some(sheet) = self.tab(tab).sheet else { return Ok(false) };
                let open = self.snapshot(tab).attempt;
                if let (Some(attempt), true) = (open, self.setting.has(Fault::CancelIsRefusal)) {
                    return self.believe(tab, attempt.key, Self::refusal());
                }
                self.event(tab, Event::SheetCancelled { sheet })
            }
            Step::CheckAgain { tab } => self.event(tab, Event::CheckRequested),
            Step::Acknowledge { tab } => {
                self.now += 1;
                self.event(tab, Event::Acknowledged)
            }
            Step::EndChallenge { tab, completed } => {
                let Some(effect) = self.tab_mut(tab).action.take() else { return Ok(false) };
                self.event(tab, Event::ActionEnded { effect, completed })
            }
            Step::Store { tab } => self.write(tab),
            Step::FailToStore { tab } => {
                self.spent.failed_writes += 1;
                let Some(write) = self.tab_mut(tab).writes.pop_front() else { return Ok(false) };
                self.free_lock(tab);
                self.event(tab, Event::JournalFailed { effect: write.effect })?;
                Ok(true)
            }
            Step::HearOfJournal { tab } => {
                self.tab_mut(tab).news = false;
                let record = self.record();
                self.event(tab, Event::JournalChanged { record }).map(|_| true)
            }
            Step::GetLock { tab } => {
                let Some(effect) = self.tab_mut(tab).lock_asked.take() else { return Ok(false) };
                self.lock = Some(tab);
                let record = if self.setting.has(Fault::JournalNotReread) {
                    self.tab(tab).base.as_deref().cloned().map(Box::new)
                } else {
                    self.record()
                };
                self.event(tab, Event::LockGranted { effect, record })
            }
            Step::MissLock { tab } => {
                let this = self.tab_mut(tab);
                let Some(effect) = this.lock_asked.take() else { return Ok(false) };
                this.watching = true;
                self.event(tab, Event::LockRefused { effect })
            }
            Step::HearOfLock { tab } => {
                self.tab_mut(tab).watching = false;
                let record = self.record();
                self.event(tab, Event::LockFreed { record }).map(|_| true)
            }
            Step::Fire { tab, timer } => self.fire(tab, timer),
            Step::Crash { tab, stored } => {
                self.now += 1;
                for _ in 0..stored {
                    self.store(tab);
                }
                self.reload(tab)
            }
            Step::Leave { tab } => {
                self.spent.visits += 1;
                let this = self.tab_mut(tab);
                this.frozen = true;
                this.lock_asked = None;
                if self.lock == Some(tab) {
                    self.lock = None;
                }
                Ok(true)
            }
            Step::Return { tab } => {
                let this = self.tab_mut(tab);
                this.frozen = false;
                this.news = true;
                self.event(tab, Event::PageRestored { cart_follows: false })
            }
            Step::LoseNetwork { tab } => {
                self.spent.outages += 1;
                self.tab_mut(tab).online = false;
                self.event(tab, Event::WentOffline)
            }
            Step::FindNetwork { tab } => {
                self.tab_mut(tab).online = true;
                self.event(tab, Event::CameOnline)
            }
            Step::Report { tab, key } => {
                self.spent.reports += 1;
                let Some(sent) = self.sent.get(usize::from(key)) else { return Ok(false) };
                let key = sent.charge.key;
                let Some(reply) = self.merchant.outcome(key) else { return Ok(false) };
                self.believe(tab, key, Self::outcome_of(reply))
            }
            Step::Arrive { packet, verdict } => self.arrive(packet, verdict),
            Step::TurnAway { packet, declined } => {
                self.spent.refusals += 1;
                let Some(packet) = self.packets.get_mut(usize::from(packet)) else { return Ok(false) };
                packet.copies -= 1;
                packet.reply = Some(if declined { DECLINED } else { UNAUTHORIZED });
                Ok(true)
            }
            Step::Reply { packet } => self.reply(packet),
            Step::Decide { key, approve } => {
                let Some(sent) = self.sent.get(usize::from(key)) else { return Ok(false) };
                self.merchant.conclude(sent.charge.key, approve);
                self.check_charges()?;
                Ok(true)
            }
            Step::Delay => {
                self.spent.delays += 1;
                self.now += DELAY;
                Ok(true)
            }
            Step::Night => {
                self.spent.nights += 1;
                self.now += NIGHT;
                // Wallet tokens live for minutes, and no request is on its way for so long.
                self.spent.stale_tokens = self.spent.tokens;
                self.packets.iter_mut().for_each(|packet| packet.copies = 0);
                self.sweep();
                self.merchant.forget();
                Ok(true)
            }
        }
    }

    fn show(&mut self, t: u8, n: u8) -> Result<bool, Broken> {
        self.now += 1;
        let cart = cart(n);
        self.tab_mut(t).page = Some(cart.hash().clone());
        let paying = !matches!(self.tab(t).checkout.state(), StateKind::Empty | StateKind::Ready);
        if paying && self.setting.has(Fault::CartChangeIgnored) {
            return Ok(true);
        }
        self.event(t, Event::CartSet { cart, provider_ref: None }).map(|_| true)
    }

    fn hand_over(&mut self, t: u8, n: u8) -> Result<bool, Broken> {
        let Some(sheet) = self.tab(t).sheet else { return Ok(false) };
        self.spent.tokens = self.spent.tokens.max(n + 1);
        let token = WalletToken::new(format!("tok_{n}"))
            .map_err(|error| Broken { promise: Promise::NeverStuck, what: error.to_string() })?;
        self.event(t, Event::TokenReceived { sheet, token, expires_at: None, cart_hash: None, details: None })
    }

    /// A write is done, or stands in the way of another tab's attempt.
    pub fn write(&mut self, t: u8) -> Result<bool, Broken> {
        let Some((write, done)) = self.store(t) else { return Ok(false) };
        self.free_lock(t);
        let effect = write.effect;
        if done {
            if !write.answered {
                // Once it is given up this comes too late; the journal holds it all the same.
                self.event(t, Event::JournalWritten { effect, durable: true })?;
            }
            return Ok(true);
        }
        let record = self.record();
        self.event(t, Event::JournalChanged { record })?;
        self.event(t, Event::JournalFailed { effect })?;
        Ok(true)
    }

    fn fire(&mut self, t: u8, timer: u8) -> Result<bool, Broken> {
        let before = self.snapshot(t);
        self.spent.silences += u8::from(self.waits_for_a_port(t));
        let effect = self.tab_mut(t).timers.remove(usize::from(timer));
        let taken = self.event(t, Event::TimerFired { effect })?;
        if let (StateKind::Sending, Some(attempt)) = (before.state, before.attempt)
            && self.setting.has(Fault::TimeoutIsRefusal)
        {
            return self.believe(t, attempt.key, Self::refusal());
        }
        Ok(taken)
    }

    fn arrive(&mut self, n: u8, verdict: Verdict) -> Result<bool, Broken> {
        let Some(packet) = self.packets.get_mut(usize::from(n)) else { return Ok(false) };
        packet.copies -= 1;
        let ask = packet.ask.clone();
        // A token that was not used may be spent again, but not in the same moment, by which its mark is known.
        self.now += u64::from(verdict == Verdict::Refuse);
        let reply = match ask {
            Ask::Charge(charge) => Some(self.merchant.attempt(&charge, verdict, &self.setting)),
            Ask::Settle(key) => Some(self.merchant.settle(key, &self.setting)),
            Ask::Discard(session) => {
                self.merchant.discard(session);
                None
            }
        };
        if let Some(packet) = self.packets.get_mut(usize::from(n)) {
            packet.reply = reply;
            // What the reply to a discard says decides nothing, so it comes with it.
            if let (None, Some(effect)) = (reply, packet.effect) {
                let Packet { tab, .. } = self.packets.remove(usize::from(n));
                self.event(tab, Event::DiscardAnswered { effect, done: true })?;
            }
        }
        self.sweep();
        self.check_charges()?;
        Ok(true)
    }

    fn reply(&mut self, n: u8) -> Result<bool, Broken> {
        let mut packet = self.packets.remove(usize::from(n));
        let t = packet.tab;
        let (Some(reply), effect) = (packet.reply.take(), packet.effect.take()) else { return Ok(false) };
        let effect = effect.or_else(|| self.under_way(&packet));
        if packet.copies > 0 {
            self.packets.insert(usize::from(n), packet.clone());
            self.sweep();
        }
        let Some(effect) = effect else { return Ok(true) };
        match packet.ask {
            Ask::Charge(charge) => {
                let outcome = Self::outcome_of(reply);
                let no = matches!(outcome, Outcome::Rejected(_) | Outcome::Declined(_));
                if no && self.setting.has(Fault::RefusalOfResendBelieved) {
                    return self.believe(t, charge.key, outcome);
                }
                self.event(t, Event::SendAnswered { effect, outcome })
            }
            Ask::Settle(_) => {
                let answer = match crate::tab::PROFILE.classify_settle(&http(&reply)) {
                    SettleAnswer::Pending { .. } if self.setting.has(Fault::PendingIsVoided) => {
                        SettleAnswer::Voided
                    }
                    answer => answer,
                };
                self.event(t, Event::SettleAnswered { effect, answer })
            }
            Ask::Discard(_) => Ok(false),
        }
    }

    /// What a driver that does not look takes for the answered request.
    fn under_way(&self, late: &Packet) -> Option<payonce::checkout::EffectId> {
        let kind = core::mem::discriminant(&late.ask);
        let fits = |packet: &&Packet| packet.tab == late.tab && core::mem::discriminant(&packet.ask) == kind;
        self.packets.iter().filter(fits).find_map(|packet| packet.effect)
    }

    /// Everything works again: whoever is asked answers, what was sent arrives, what runs out does. The shopper does what
    /// the page asks for, and pays in the first tab. Tells what was done where that did not help.
    pub fn resume(&self) -> Result<(), (Vec<Step>, Broken)> {
        const PATIENCE: usize = 300;
        let mut world = self.clone();
        world.setting.tokens = world.spent.tokens + 2;
        world.setting.verdicts = &[Verdict::Approve];
        let mut steps = Vec::new();
        while steps.len() < PATIENCE
            && let Some(step) = world.next_of_a_good_day()
        {
            steps.push(step);
            if let Err(broken) = world.take(step) {
                return Err((steps, broken));
            }
        }
        let stuck = world.tabs.iter().any(|tab| {
            use StateKind::{Empty, Failed, Ready, SheetOpen, Succeeded};
            !matches!(tab.checkout.state(), Empty | Ready | SheetOpen | Succeeded | Failed)
        });
        // A merchant that cannot fence never knows of an attempt that did not arrive. The shopper is told not to pay again
        // and may ask again, and that is all (rule U4).
        let excused = !self.setting.fences
            && (0..world.setting.tabs)
                .filter_map(|t| world.snapshot(t).attempt)
                .any(|attempt| !world.merchant.knows(attempt.key));
        Broken::check(excused || world.is_paid() && !stuck, Promise::NeverStuck, || {
            let states: Vec<_> = world.tabs.iter().map(|tab| tab.checkout.state().as_str()).collect();
            format!("the tabs end up in {states:?}")
        })
        .map_err(|broken| (steps, broken))
    }

    fn next_of_a_good_day(&self) -> Option<Step> {
        let mut steps = Vec::new();
        self.steps(&mut steps);
        let rank = |step: &Step| match *step {
            Step::FindNetwork { .. } | Step::Return { .. } => Some(0),
            Step::Store { .. } => Some(1),
            Step::HearOfJournal { .. } => Some(2),
            Step::GetLock { .. } | Step::MissLock { .. } => Some(3),
            Step::Reply { .. } => Some(4),
            Step::Arrive { verdict: Verdict::Approve, .. } | Step::Decide { approve: true, .. } => Some(5),
            Step::EndChallenge { completed: true, .. } => Some(6),
            Step::Fire { .. } => Some(7),
            Step::HearOfLock { .. } => Some(8),
            Step::CheckAgain { .. } => Some(9),
            Step::ShowCart { .. } => Some(10),
            _ if self.is_paid() => None,
            Step::HandOver { tab: 0, token } if token >= self.spent.tokens => Some(11),
            Step::ClickPay { tab: 0 } => Some(12),
            _ => None,
        };
        let ranked = steps.into_iter().filter_map(|step| rank(&step).map(|rank| (rank, step)));
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, step)| step)
    }
}
