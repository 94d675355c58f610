//! One shopper, one or two tabs, one journal, one lock, a network and a merchant.
#![forbid(unsafe_code)]

use crate::faults::Fault;
use crate::merchant::{Charge, Merchant, Reply};
use crate::names::{Shape, fingerprint};
use crate::promises::{Broken, Promise};
use crate::setting::Setting;
use crate::step::Step;
use crate::tab::{Agreed, Draws, PROFILE, Tab, Write};
use core::fmt;
use payonce::cart::CartHash;
use payonce::checkout::effect::Request;
use payonce::checkout::{Effect, EffectId, Event, Snapshot, StateKind};
use payonce::journal::Record;
use payonce::key::{IdempotencyKey, SessionId};
use payonce::notice::Notice;
use payonce::outcome::{Outcome, Refusal, Text};
use payonce::provider::HttpReply;
use payonce::token::Salt;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Charge(Charge),
    Settle(IdempotencyKey),
    Discard(SessionId),
}

/// A request on the network.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub ask: Ask,
    pub tab: u8,
    /// Who waits for the reply; nobody does any more once it was broken off.
    pub effect: Option<EffectId>,
    /// How often it may still arrive.
    pub copies: u8,
    /// Whether an earlier send of the same attempt went out before it.
    pub resent: bool,
    pub reply: Option<Reply>,
}

/// An attempt that was sent, for ever.
#[derive(Clone)]
pub(crate) struct Sent {
    pub charge: Charge,
    body: Rc<str>,
    /// The charges that the shopper had been shown when it was sent first, and when the token was given.
    shown: Vec<IdempotencyKey>,
    shown_with_token: Vec<IdempotencyKey>,
}

impl fmt::Debug for Sent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { charge, body: _, shown, shown_with_token } = self;
        write!(formatter, "{charge:?}{shown:?}{shown_with_token:?}")
    }
}

/// How much of what the setting allows has happened.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub tokens: u8,
    /// Those that no wallet hands over any more.
    pub stale_tokens: u8,
    pub edits: u8,
    pub crashes: u8,
    pub visits: u8,
    pub outages: u8,
    pub reports: u8,
    pub delays: u8,
    pub nights: u8,
    pub refusals: u8,
    pub failed_writes: u8,
    pub silences: u8,
}

/// Everything there is.
#[derive(Clone)]
pub(crate) struct World {
    pub setting: Setting,
    pub now: u64,
    pub tabs: Vec<Rc<Tab>>,
    pub stored: Option<Rc<Record>>,
    pub lock: Option<u8>,
    pub packets: Vec<Packet>,
    pub merchant: Merchant,
    /// The cart of the shop.
    pub cart: u8,
    pub spent: Spent,
    pub sent: Vec<Sent>,
    shown: BTreeSet<IdempotencyKey>,
}

impl fmt::Display for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for tab in &self.tabs {
            let state = tab.checkout.state().as_str();
            let frozen = if tab.frozen { ", frozen" } else { "" };
            write!(formatter, "[{state}{frozen}] ")?;
        }
        write!(formatter, "charges: {}", self.merchant.charges.len())
    }
}

const START: u64 = 1_767_225_600_000;

impl World {
    pub fn new(setting: Setting) -> Result<Self, Broken> {
        let tabs =
            (0..setting.tabs).map(|t| Rc::new(Tab::new(Draws::new(t, 0, &setting), &setting))).collect();
        let mut world = Self {
            setting,
            now: START,
            tabs,
            stored: None,
            lock: None,
            packets: Vec::new(),
            merchant: Merchant::default(),
            cart: 0,
            spent: Spent::default(),
            sent: Vec::new(),
            shown: BTreeSet::new(),
        };
        for t in 0..setting.tabs {
            let record = world.record();
            world.tab_mut(t).base = world.stored.clone();
            world.event(t, Event::JournalRead { record })?;
            if setting.loaded {
                world.take(Step::ShowCart { tab: t })?;
            }
        }
        for t in (0..setting.tabs).filter(|_| setting.loaded) {
            while !world.tab(t).writes.is_empty() {
                world.take(Step::Store { tab: t })?;
            }
            world.tab_mut(t).news = false;
        }
        Ok(world)
    }

    pub fn fingerprint(&self) -> u128 {
        let Self { setting: _, now, tabs, stored, lock, packets, merchant, cart, spent, sent, shown } = self;
        let around = format!("{now}{stored:?}{lock:?}{merchant:?}{cart}{spent:?}{sent:?}{shown:?}");
        let packets: Vec<_> = packets.iter().map(|packet| (packet.tab, format!("{packet:?}"))).collect();
        let packets = packets.iter().map(|(tab, text)| (*tab, text.as_str()));
        let around = Shape::of(packets.chain([(0, around.as_str())]));
        fingerprint((0..).zip(tabs).map(|(t, tab)| tab.shape(t)).chain([&around]))
    }

    pub fn tab(&self, t: u8) -> &Tab {
        #[expect(clippy::indexing_slicing, reason = "tabs are never closed")]
        &self.tabs[usize::from(t)]
    }

    pub fn tab_mut(&mut self, t: u8) -> &mut Tab {
        #[expect(clippy::indexing_slicing, reason = "tabs are never closed")]
        let tab = Rc::make_mut(&mut self.tabs[usize::from(t)]);
        tab.touch();
        tab
    }

    pub fn snapshot(&self, t: u8) -> Snapshot {
        self.tab(t).checkout.snapshot()
    }

    pub fn record(&self) -> Option<Box<Record>> {
        let mut record = self.stored.as_deref().cloned().map(Box::new);
        if let Some(record) = &mut record
            && self.setting.has(Fault::SaltLost)
        {
            record.ledger.set_salt(Salt::from_entropy(u128::from(self.spent.crashes)));
        }
        record
    }

    // Into the core and out of it

    /// Hands over an event, runs what comes of it, and checks what must hold. Tells whether it was taken.
    pub fn event(&mut self, t: u8, event: Event) -> Result<bool, Broken> {
        let before = self.snapshot(t);
        let token = matches!(event, Event::TokenReceived { .. });
        let now = if self.setting.has(Fault::ClockStandsStill) { START } else { self.now };
        let Ok(effects) = self.tab_mut(t).checkout.handle(event, now) else { return Ok(false) };
        let after = self.snapshot(t);
        if token {
            self.agree(t, &after);
        }
        let (mut written, mut discarded) = (Vec::new(), Vec::new());
        for effect in effects {
            self.run(t, effect, &after, &mut written, &mut discarded)?;
        }
        self.free_lock(t);
        self.check(t, &before, &after)?;
        for effect in written {
            self.event(t, Event::JournalWritten { effect, durable: true })?;
        }
        for effect in discarded {
            self.event(t, Event::DiscardAnswered { effect, done: true })?;
        }
        while !self.setting.slow_disk && !self.tab(t).writes.is_empty() {
            self.write(t)?;
        }
        Ok(true)
    }

    /// The shopper agreed to what the sheet shows.
    fn agree(&mut self, t: u8, after: &Snapshot) {
        let shown = self.shown.iter().copied().collect();
        let tab = self.tab_mut(t);
        if let (Some(attempt), Some(hash)) = (&after.attempt, tab.shows.clone()) {
            tab.agreed = Some(Agreed { key: attempt.key, hash, page: tab.page.clone(), shown });
        }
    }

    fn run(
        &mut self,
        t: u8,
        effect: Effect,
        after: &Snapshot,
        written: &mut Vec<EffectId>,
        discarded: &mut Vec<EffectId>,
    ) -> Result<(), Broken> {
        let to_pay = || after.cart.as_ref().map(|cart| cart.hash().clone());
        let frozen_sheet = self.setting.has(Fault::SheetNotUpdated);
        match effect {
            Effect::OpenSheet { sheet } => {
                let tab = self.tab_mut(t);
                tab.sheet = Some(sheet);
                tab.shows = to_pay();
            }
            Effect::RetrySheet { .. } | Effect::UpdateSheet { .. } if frozen_sheet => {}
            Effect::RetrySheet { .. } | Effect::UpdateSheet { .. } => self.tab_mut(t).shows = to_pay(),
            // What the wallet says of a sheet that is over is the core's to reject.
            Effect::CompleteSheet { .. } | Effect::CloseSheet { .. } => {}
            Effect::AcquireLock { effect } => self.tab_mut(t).lock_asked = Some(effect),
            Effect::ReleaseLock => {
                self.tab_mut(t).lock_asked = None;
                self.tab_mut(t).releasing = self.lock == Some(t);
            }
            Effect::WriteJournal { effect, record, holds_lock } => {
                let leak = if self.setting.has(Fault::TokenInJournal) { "tok_0" } else { "" };
                let secret = record.contains("tok_") || !leak.is_empty();
                Broken::check(!secret, Promise::NoSecretInJournal, || {
                    format!("tab {t} writes {record}{leak}")
                })?;
                let record = Record::decode(&record).unwrap_or_else(|error| unreachable!("{error}"));
                let answered = self.setting.has(Fault::SentBeforeWritten);
                let write = Write { effect, record: Rc::new(record), holds_lock, answered };
                self.tab_mut(t).writes.push_back(write);
                if answered {
                    written.push(effect);
                }
            }
            Effect::SendAttempt { effect, request } => self.send(t, effect, &request)?,
            Effect::SettleAttempt { effect, key, .. } => self.post(t, effect, Ask::Settle(key), 1, false),
            Effect::DiscardSession { effect, session, .. } if !self.setting.slow_discards => {
                self.merchant.discard(session);
                discarded.push(effect);
            }
            Effect::DiscardSession { effect, session, .. } => {
                self.post(t, effect, Ask::Discard(session), 1, false);
            }
            Effect::AbortRequest { effect } => {
                if self.tab(t).action == Some(effect) {
                    self.tab_mut(t).action = None;
                }
                self.forget_replies(t, |of| of == effect);
            }
            Effect::StartTimer { effect, .. } => self.tab_mut(t).timers.push(effect),
            Effect::CancelTimer { effect } => self.tab_mut(t).timers.retain(|timer| *timer != effect),
            Effect::PerformAction { effect, .. } => self.tab_mut(t).action = Some(effect),
        }
        Ok(())
    }

    fn post(&mut self, tab: u8, effect: EffectId, ask: Ask, copies: u8, resent: bool) {
        self.packets.push(Packet { ask, tab, effect: Some(effect), copies, resent, reply: None });
    }

    /// Nobody waits for these replies any more. The requests may arrive all the same.
    pub fn forget_replies(&mut self, t: u8, which: impl Fn(EffectId) -> bool) {
        for packet in &mut self.packets {
            if packet.tab == t && packet.effect.is_some_and(&which) {
                packet.effect = None;
            }
        }
        self.sweep();
    }

    /// Drops the requests that nobody waits for and that can do nothing any more. Of several alike one is enough: the
    /// first that arrives leaves nothing to do for the others.
    pub fn sweep(&mut self) {
        let (setting, merchant) = (&self.setting, &self.merchant);
        let late_answers_count = setting.has(Fault::AnswersMixedUp);
        let mut lost: Vec<Ask> = Vec::new();
        self.packets.retain_mut(|packet| {
            if packet.effect.is_some() || late_answers_count && packet.reply.is_some() {
                return true;
            }
            let may_do_something = packet.copies > 0
                && match &packet.ask {
                    Ask::Charge(charge) => {
                        merchant.is_new(charge, setting) || setting.has(Fault::KeyIsNotUnique)
                    }
                    Ask::Settle(key) => merchant.may_fence(*key),
                    Ask::Discard(session) => !merchant.has_discarded(*session),
                };
            if !may_do_something || lost.contains(&packet.ask) {
                return false;
            }
            packet.reply = None;
            packet.resent = false;
            packet.copies = 1;
            lost.push(packet.ask.clone());
            true
        });
    }

    /// The lock is let go of once the writes before are done.
    pub fn free_lock(&mut self, t: u8) {
        let tab = self.tab(t);
        if tab.releasing && tab.writes.is_empty() {
            self.tab_mut(t).releasing = false;
            self.lock = None;
        }
    }

    /// The oldest write gets into the journal, merged with what is there. Gives the write back, and whether it was done.
    pub fn store(&mut self, t: u8) -> Option<(Write, bool)> {
        let write = self.tab_mut(t).writes.pop_front()?;
        let ours = write.record.as_ref().clone();
        let base = self.tab(t).base.as_deref();
        let mut stored = self.stored.as_deref().cloned();
        if let (Some(stored), Some(base)) = (&mut stored, base)
            && self.setting.has(Fault::EverybodysMarkReleased)
        {
            let gone = base.ledger.entries().iter().map(|mark| mark.fingerprint);
            for token in gone.filter(|token| !ours.ledger.contains(*token)) {
                for mark in stored.ledger.clone().entries() {
                    stored.ledger.release(token, Some(mark.at));
                }
            }
        }
        let merged = if self.setting.has(Fault::JournalNotMerged) {
            Ok(ours)
        } else {
            ours.merged(base, stored, write.holds_lock)
        };
        let done = merged.is_ok();
        if let Ok(merged) = merged {
            // Other tabs read it as text.
            self.stored = Record::decode(&merged.encode()).ok().map(Rc::new);
            self.tab_mut(t).base = Some(write.record.clone());
            for other in (0..self.setting.tabs).filter(|other| *other != t) {
                self.tab_mut(other).news = true;
            }
        }
        Some((write, done))
    }

    /// A page that dies and is loaded anew. Everything that was under way in it is lost.
    pub fn reload(&mut self, t: u8) -> Result<bool, Broken> {
        self.forget_replies(t, |_| true);
        if self.lock == Some(t) {
            self.lock = None;
        }
        self.spent.crashes += 1;
        *self.tab_mut(t) = Tab::new(Draws::new(t, self.spent.crashes, &self.setting), &self.setting);
        let mut record = self.record();
        self.tab_mut(t).base = self.stored.clone();
        if let Some(record) = &mut record
            && self.setting.has(Fault::LedgerLost)
        {
            record.ledger.prune(u64::MAX, 0);
        }
        self.event(t, Event::JournalRead { record })
    }

    /// What became of the attempt `key`, said by somebody who believes to know.
    pub fn believe(&mut self, t: u8, key: IdempotencyKey, outcome: Outcome) -> Result<bool, Broken> {
        self.event(t, Event::OutcomeReported { key, outcome })
    }

    pub fn refusal() -> Outcome {
        Outcome::Rejected(Refusal { code: Text::new("not_made"), token_consumed: false, may_retry: true })
    }

    pub fn outcome_of(reply: Reply) -> Outcome {
        PROFILE.classify(&http(&reply))
    }

    // What must hold

    fn send(&mut self, t: u8, effect: EffectId, request: &Request) -> Result<(), Broken> {
        let Request { key, session, cart_hash: hash, body, send, .. } = request;
        let (key, session) = (*key, *session);
        let token = token_in(body);
        let charge = Charge { key, session, hash: hash.clone(), token };
        let tab = self.tab(t);

        let agreed = tab.agreed.as_ref().filter(|agreed| agreed.key == key);
        let on_page = |agreed: &Agreed| tab.page.as_ref() == Some(hash) || tab.page == agreed.page;
        let fits = agreed.is_some_and(|agreed| agreed.hash == *hash && on_page(agreed));
        Broken::check(fits && body.contains(&quoted(hash)), Promise::AgreedCart, || {
            format!("{hash} is sent; the shopper agreed to {:?}, the page shows {:?}", tab.agreed, tab.page)
        })?;
        let named = self.stored.as_ref().and_then(|record| record.open.as_ref()).map(|attempt| attempt.key);
        Broken::check(named == Some(key), Promise::JournalFirst, || {
            format!("the journal names {named:?} when {key} is sent")
        })?;
        for earlier in self.sent.iter().filter(|earlier| earlier.charge.key != key) {
            let other = &earlier.charge;
            Broken::check(!self.may_charge(other), Promise::OneAttemptAtATime, || {
                format!("{key} is sent while {} may still be charged", other.key)
            })?;
            let unseen = self.merchant.has_refused(other.key);
            Broken::check(other.token != token || unseen, Promise::TokenUnderOneKey, || {
                format!("token {token} is sent under {} and under {key}", other.key)
            })?;
        }
        match self.sent.iter().find(|sent| sent.charge.key == key) {
            Some(sent) => {
                let same = sent.charge == charge && *sent.body == ***body;
                Broken::check(same, Promise::SameBytes, || format!("two sends of {key} differ"))?;
            }
            None => self.sent.push(Sent {
                charge: charge.clone(),
                body: body.as_str().into(),
                shown: self.shown.iter().copied().collect(),
                shown_with_token: agreed.map(|agreed| agreed.shown.clone()).unwrap_or_default(),
            }),
        }
        let on_the_wire = if self.setting.has(Fault::KeyPerRequest) {
            let bits = u128::from(self.now) << 32 | u128::from(effect.0);
            Charge { key: IdempotencyKey::from_entropy(bits), ..charge }
        } else {
            charge
        };
        self.post(t, effect, Ask::Charge(on_the_wire), self.setting.copies, *send > 1);
        Ok(())
    }

    /// Whether `charge` can still be made of what is on the network and at the merchant.
    fn may_charge(&self, charge: &Charge) -> bool {
        let under_way = self.packets.iter().any(|packet| {
            matches!(&packet.ask, Ask::Charge(sent) if sent.key == charge.key) && packet.copies > 0
        });
        let known = self.merchant.keys.contains_key(&charge.key);
        let dead = self.merchant.has_discarded(charge.session);
        !dead && (self.merchant.is_open(charge.key) || under_way && !known)
    }

    fn check(&mut self, t: u8, before: &Snapshot, after: &Snapshot) -> Result<(), Broken> {
        if let Some(receipt) = &after.receipt {
            let key = receipt.key;
            Broken::check(self.merchant.is_charged(key), Promise::SuccessIsTrue, || {
                format!("tab {t} shows the receipt of {key}")
            })?;
            self.shown.insert(key);
        }
        let Some(attempt) = &before.attempt else { return Ok(()) };
        let key = attempt.key;
        let Some(sent) = self.sent.iter().find(|sent| sent.charge.key == key) else { return Ok(()) };
        let blamed = after.notices != before.notices && after.notices.iter().any(is_failure);
        let over =
            after.attempt.is_none() && !matches!(after.state, StateKind::Succeeded | StateKind::Blocked);
        if blamed || over {
            let charged = self.merchant.is_charged(key) && !self.shown.contains(&key);
            Broken::check(!charged && !self.may_charge(&sent.charge), Promise::FailureIsTrue, || {
                let codes: Vec<_> = after.notices.iter().map(Notice::code).collect();
                let fate = if charged { "was charged" } else { "may still be charged" };
                format!("tab {t} is {} with {codes:?}, and {key} {fate}", after.state.as_str())
            })?;
        }
        Ok(())
    }

    /// Whether there was a charge, and the shopper knows of all.
    pub fn is_paid(&self) -> bool {
        let mut charges = self.merchant.charges.iter().peekable();
        charges.peek().is_some() && charges.all(|charge| self.shown.contains(&charge.key))
    }

    /// After the merchant has done something: the last charge, seen beside those before it.
    pub fn check_charges(&self) -> Result<(), Broken> {
        let Some((last, earlier)) = self.merchant.charges.split_last() else { return Ok(()) };
        let sent = self.sent.iter().find(|sent| sent.charge.key == last.key);
        for charge in earlier {
            Broken::check(charge.session != last.session, Promise::OneChargePerSession, || {
                format!("{} is charged under {} and under {}", last.session, charge.key, last.key)
            })?;
            let known = |shown: &[IdempotencyKey]| shown.contains(&charge.key);
            let told = sent.is_some_and(|sent| {
                known(&sent.shown) && (charge.hash != last.hash || known(&sent.shown_with_token))
            });
            Broken::check(told, Promise::NoUnseenCharge, || {
                format!("{} is charged, and the shopper had not seen the charge of {}", last.key, charge.key)
            })?;
        }
        Ok(())
    }
}

/// Whether the shopper reads that nothing was charged.
fn is_failure(notice: &Notice) -> bool {
    matches!(notice, Notice::PaymentDeclined { .. } | Notice::PaymentRejected { .. } | Notice::PaymentNotMade)
}

pub(crate) fn http(reply: &Reply) -> HttpReply<'static> {
    HttpReply { status: reply.0, retry_after_ms: None, should_retry: None, body: reply.1 }
}

fn quoted(hash: &CartHash) -> String {
    format!("\"cartHash\":\"{hash}\"")
}

/// The number of the token in a request's body.
fn token_in(body: &str) -> u8 {
    let rest = body.split("\"token\":\"tok_").nth(1).unwrap_or_default();
    rest.split('"').next().and_then(|number| number.parse().ok()).unwrap_or(u8::MAX)
}
