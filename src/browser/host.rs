//! What the driver gives the shell: an object that takes note of effects and snapshots.
#![deny(unsafe_code)]

use super::convert::double;
use crate::checkout::snapshot::{AttemptView, ReceiptView, SessionView};
use crate::checkout::{Effect, EffectId, Snapshot};
use crate::json;
use crate::key::{IdempotencyKey, SessionId};
use crate::outcome::{Opaque, Text};
use alloc::string::String;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The driver's side: it queues what is called here and runs it once the machine is not borrowed any more.
    pub type Host;

    /// Says one thing. Every import weighs as much as a rule, so there is one for all [`Saying`]s.
    #[wasm_bindgen(method)]
    fn say(this: &Host, what: u32, id: u32, number: f64, words: Option<&str>, text: Option<&str>);
}

/// What is said: parts of the snapshot, where they changed, and effects. `Host` in `pkg/src/core.ts` has a method for
/// each, in this order, and says what comes with it.
#[derive(Clone, Copy)]
enum What {
    Summary,
    Session,
    Attempt,
    Sends,
    Receipt,
    Notices,
    Spent,
    Snapshot,
    OpenSheet,
    RetrySheet,
    UpdateSheet,
    CompleteSheet,
    CloseSheet,
    AcquireLock,
    ReleaseLock,
    WriteJournal,
    SendAttempt,
    SettleAttempt,
    AbortRequest,
    DiscardSession,
    StartTimer,
    CancelTimer,
    PerformAction,
}

/// What comes with it: one text for all ids, hashes and references, each with a space behind it, because each text that
/// crosses costs as much as a whole rule; and one for what may hold spaces, or is secret.
struct Saying<'a> {
    id: u32,
    number: f64,
    words: String,
    text: Option<&'a str>,
}

/// Nothing at all.
const NOTHING: Saying<'_> = Saying { id: 0, number: 0.0, words: String::new(), text: None };

impl<'a> Saying<'a> {
    fn id(EffectId(id): EffectId) -> Self {
        Self { id, ..NOTHING }
    }

    fn text(text: &'a str) -> Self {
        Self { text: Some(text), ..NOTHING }
    }

    /// Adds a word, which holds no space: an id, a hash, or a `Text`.
    fn word(mut self, word: &str) -> Self {
        self.words.push_str(word);
        self.words.push(' ');
        self
    }

    fn key(self, key: IdempotencyKey) -> Self {
        self.word(&key.hyphenated())
    }

    fn session(self, session: SessionId) -> Self {
        self.word(&session.hyphenated())
    }

    /// No reference is blank, so a blank one is none.
    fn reference(self, reference: Option<&Text>) -> Self {
        self.word(reference.map_or("", Text::as_str))
    }
}

impl Host {
    fn tell(&self, what: What, saying: &Saying<'_>) {
        let Saying { id, number, words, text } = saying;
        let words = Some(words.as_str()).filter(|words| !words.is_empty());
        self.say(what as u32, *id, *number, words, *text);
    }

    /// Hands over an effect. The host only queues it.
    pub fn queue(&self, effect: &Effect) {
        let why;
        let (what, saying) = match effect {
            Effect::OpenSheet { sheet } => (What::OpenSheet, Saying::id(*sheet)),
            Effect::RetrySheet { sheet, why: notice } => {
                why = json::to_string(notice);
                (What::RetrySheet, Saying { text: Some(&why), ..Saying::id(*sheet) })
            }
            Effect::UpdateSheet { sheet } => (What::UpdateSheet, Saying::id(*sheet)),
            Effect::CompleteSheet { sheet, success } => {
                (What::CompleteSheet, Saying { number: f64::from(*success), ..Saying::id(*sheet) })
            }
            Effect::CloseSheet { sheet } => (What::CloseSheet, Saying::id(*sheet)),
            Effect::AcquireLock { effect } => (What::AcquireLock, Saying::id(*effect)),
            Effect::ReleaseLock => (What::ReleaseLock, NOTHING),
            Effect::WriteJournal { effect, record, holds_lock } => {
                let number = f64::from(*holds_lock);
                (What::WriteJournal, Saying { number, text: Some(record), ..Saying::id(*effect) })
            }
            Effect::SendAttempt { effect, request } => {
                let header = request.header.as_ref();
                let saying =
                    Saying { number: request.send.into(), text: Some(&request.body), ..Saying::id(*effect) };
                let saying = saying
                    .key(request.key)
                    .session(request.session)
                    .word(request.cart_hash.as_str())
                    .reference(request.provider_ref.as_ref())
                    .word(header.map_or("", |header| &header.name))
                    .word(header.map_or("", |header| &header.value));
                (What::SendAttempt, saying)
            }
            Effect::SettleAttempt { effect, key, session, provider_ref } => (
                What::SettleAttempt,
                Saying::id(*effect).key(*key).session(*session).reference(provider_ref.as_ref()),
            ),
            Effect::AbortRequest { effect } => (What::AbortRequest, Saying::id(*effect)),
            Effect::DiscardSession { effect, session, provider_ref } => {
                (What::DiscardSession, Saying::id(*effect).session(*session).reference(provider_ref.as_ref()))
            }
            Effect::StartTimer { effect, delay } => {
                (What::StartTimer, Saying { number: double(*delay), ..Saying::id(*effect) })
            }
            Effect::CancelTimer { effect } => (What::CancelTimer, Saying::id(*effect)),
            Effect::PerformAction { effect, key, kind, payload } => {
                let text = payload.as_ref().map(Opaque::expose);
                let saying = Saying { text, ..Saying::id(*effect) };
                (What::PerformAction, saying.key(*key).word(kind.as_str()))
            }
        };
        self.tell(what, &saying);
    }
}

/// The snapshot as JavaScript knows it.
#[derive(Default)]
pub(super) struct View(Option<Snapshot>);

impl View {
    /// Says what is new in `snapshot`: each part that changed, and then, where anything did, what the whole is built of.
    pub fn show(&mut self, snapshot: Snapshot, host: &Host) {
        let before = self.0.as_ref();
        let whole = (snapshot.state, flags(&snapshot));
        let mut changed = before.is_none_or(|before| (before.state, flags(before)) != whole);
        if before.is_none_or(|before| before.cart != snapshot.cart) {
            let json = snapshot.cart.as_ref().map(json::to_string);
            host.tell(What::Summary, &Saying { text: json.as_deref(), ..NOTHING });
            changed = true;
        }
        if before.is_none_or(|before| before.session != snapshot.session) {
            host.show_session(snapshot.session.as_ref());
            changed = true;
        }
        let shown = before.and_then(|before| before.attempt.as_ref());
        if before.is_none() || shown != snapshot.attempt.as_ref() {
            host.show_attempt(snapshot.attempt.as_ref(), shown);
            changed = true;
        }
        if before.is_none_or(|before| before.receipt != snapshot.receipt) {
            host.show_receipt(snapshot.receipt.as_ref());
            changed = true;
        }
        if before.is_none_or(|before| before.notices != snapshot.notices) {
            host.tell(What::Notices, &Saying::text(&json::to_string(&snapshot.notices)));
            changed = true;
        }
        if before.is_none_or(|before| before.spent != snapshot.spent) {
            host.tell(What::Spent, &Saying::text(&json::to_string(&snapshot.spent)));
            changed = true;
        }
        if changed {
            let (state, flags) = whole;
            host.tell(What::Snapshot, &Saying { id: state as u32, number: flags.into(), ..NOTHING });
            self.0 = Some(snapshot);
        }
    }
}

impl Host {
    fn show_session(&self, session: Option<&SessionView>) {
        let saying = session.map_or(NOTHING, |SessionView { id, cart_hash, provider_ref, created_at }| {
            Saying { number: double(*created_at), ..NOTHING }
                .session(*id)
                .word(cart_hash.as_str())
                .reference(provider_ref.as_ref())
        });
        self.tell(What::Session, &saying);
    }

    fn show_attempt(&self, attempt: Option<&AttemptView>, shown: Option<&AttemptView>) {
        let Some(AttemptView { key, cart_hash, fingerprint, sends, first_send_at }) = attempt else {
            return self.tell(What::Attempt, &NOTHING);
        };
        // With the first lock the ledger's salt may be another tab's, and the fingerprint another one.
        if shown.is_none_or(|shown| shown.key != *key || shown.fingerprint != *fingerprint) {
            let saying = NOTHING.key(*key).word(cart_hash.as_str()).word(&fingerprint.hex());
            self.tell(What::Attempt, &saying);
        }
        let number = first_send_at.map_or(-1.0, double);
        self.tell(What::Sends, &Saying { id: *sends, number, ..NOTHING });
    }

    fn show_receipt(&self, receipt: Option<&ReceiptView>) {
        let Some(ReceiptView { key, session, reference, paid, at }) = receipt else {
            return self.tell(What::Receipt, &NOTHING);
        };
        let paid = json::to_string(paid);
        let saying = Saying { number: double(*at), ..Saying::text(&paid) };
        self.tell(What::Receipt, &saying.key(*key).session(*session).reference(reference.as_ref()));
    }
}

fn flags(snapshot: &Snapshot) -> u32 {
    [snapshot.can_pay, snapshot.can_check, snapshot.durable, snapshot.online, snapshot.cart_waiting]
        .into_iter()
        .rev()
        .fold(0, |flags, flag| flags << 1 | u32::from(flag))
}
