//! The merchant, as docs/merchant.md asks for it: one row for a key, one for a token, charges, discarded sessions. Its
//! answers are HTTP, and the core's own provider profile reads them.
#![forbid(unsafe_code)]

use crate::faults::Fault;
use crate::setting::Setting;
use payonce::cart::CartHash;
use payonce::key::{IdempotencyKey, SessionId};
use std::collections::{BTreeMap, BTreeSet};

/// What is asked for: everything that a request's body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Charge {
    pub key: IdempotencyKey,
    pub session: SessionId,
    pub hash: CartHash,
    pub token: u8,
}

/// What the bank makes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Verdict {
    Approve,
    Decline,
    /// A challenge that the shopper has to pass.
    Challenge,
    /// A refusal before the bank saw the token.
    Refuse,
    /// It takes its time; whoever asks meanwhile is told so.
    Ponder,
}

/// Where a key stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    InFlight(Charge),
    Challenged(Charge),
    Approved,
    Declined,
    Refused { code: &'static str, may_retry: bool },
    Voided,
}

/// A status and a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply(pub u16, pub &'static str);

pub(crate) const UNAUTHORIZED: Reply =
    Reply(401, r#"{"outcome":"rejected","code":"unauthorized","tokenConsumed":false,"mayRetry":true}"#);
pub(crate) const DECLINED: Reply = Reply(402, r#"{"outcome":"declined","code":"insufficient_funds"}"#);
const PENDING: Reply = Reply(200, r#"{"outcome":"pending"}"#);
const VOIDED: Reply = Reply(410, r#"{"outcome":"voided"}"#);
const IN_FLIGHT: Reply = Reply(409, r#"{"code":"idempotency_key_in_flight"}"#);
const TOKEN_USED: Reply = Reply(409, r#"{"code":"token_already_used"}"#);

impl Fate {
    fn reply(&self) -> Reply {
        match self {
            Self::InFlight(_) => IN_FLIGHT,
            Self::Challenged(_) => {
                Reply(200, r#"{"outcome":"action_required","action":{"kind":"challenge"}}"#)
            }
            Self::Approved => Reply(200, r#"{"outcome":"approved","reference":"ch_1"}"#),
            Self::Declined => DECLINED,
            Self::Refused { may_retry: true, .. } => Reply(
                400,
                r#"{"outcome":"rejected","code":"postcode","tokenConsumed":false,"mayRetry":true}"#,
            ),
            Self::Refused { may_retry: false, .. } => Reply(
                400,
                r#"{"outcome":"rejected","code":"session_discarded","tokenConsumed":false,"mayRetry":false}"#,
            ),
            Self::Voided => VOIDED,
        }
    }

    const fn is_open(&self) -> bool {
        matches!(self, Self::InFlight(_) | Self::Challenged(_))
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Merchant {
    pub keys: BTreeMap<IdempotencyKey, Fate>,
    tokens: BTreeMap<u8, IdempotencyKey>,
    pub charges: Vec<Charge>,
    discarded: BTreeSet<SessionId>,
}

impl Merchant {
    /// Whether `charge`, should it arrive, would be decided now.
    pub fn is_new(&self, charge: &Charge, setting: &Setting) -> bool {
        let known = self.keys.contains_key(&charge.key) && !self.charges_copies(charge, setting);
        let taken =
            setting.token_table && self.tokens.get(&charge.token).is_some_and(|key| *key != charge.key);
        !known && !taken && !self.discarded.contains(&charge.session)
    }

    /// A merchant that looks for the key first and writes it down afterwards: both copies find none.
    fn charges_copies(&self, charge: &Charge, setting: &Setting) -> bool {
        setting.has(Fault::KeyIsNotUnique) && self.keys.get(&charge.key) == Some(&Fate::Approved)
    }

    pub fn attempt(&mut self, charge: &Charge, verdict: Verdict, setting: &Setting) -> Reply {
        let Charge { key, session, token, .. } = *charge;
        if let Some(fate) = self.keys.get(&key)
            && !self.charges_copies(charge, setting)
        {
            return fate.reply();
        }
        if setting.token_table && *self.tokens.entry(token).or_insert(key) != key {
            return TOKEN_USED;
        }
        let fate = if self.discarded.contains(&session) {
            Fate::Refused { code: "session_discarded", may_retry: false }
        } else {
            match verdict {
                Verdict::Approve => self.charge(charge),
                Verdict::Decline => Fate::Declined,
                Verdict::Challenge => Fate::Challenged(charge.clone()),
                Verdict::Refuse => Fate::Refused { code: "postcode", may_retry: true },
                Verdict::Ponder => Fate::InFlight(charge.clone()),
            }
        };
        if matches!(fate, Fate::Refused { .. }) {
            self.tokens.remove(&token);
        }
        let reply = fate.reply();
        self.keys.insert(key, fate);
        reply
    }

    fn charge(&mut self, charge: &Charge) -> Fate {
        self.charges.push(charge.clone());
        Fate::Approved
    }

    /// The bank, or the shopper who was challenged, makes up its mind.
    pub fn conclude(&mut self, key: IdempotencyKey, approve: bool) {
        if let Some(Fate::InFlight(charge) | Fate::Challenged(charge)) = self.keys.get(&key).cloned() {
            let discarded = self.discarded.contains(&charge.session);
            let fate = if approve && !discarded { self.charge(&charge) } else { Fate::Declined };
            self.keys.insert(key, fate);
        }
    }

    /// The truth about a key, or a fence.
    pub fn settle(&mut self, key: IdempotencyKey, setting: &Setting) -> Reply {
        let charged = self.is_charged(key) && !setting.has(Fault::ChargesNotLookedAt);
        match self.keys.get(&key) {
            Some(Fate::InFlight(_)) => PENDING,
            None if charged => Fate::Approved.reply(),
            None | Some(Fate::Challenged(_)) if !setting.fences => PENDING,
            None | Some(Fate::Challenged(_)) => {
                if !setting.has(Fault::FenceIsAWord) {
                    self.keys.insert(key, Fate::Voided);
                }
                Reply(200, VOIDED.1)
            }
            Some(fate) => fate.reply(),
        }
    }

    pub fn discard(&mut self, session: SessionId) {
        if !self.charges.iter().any(|charge| charge.session == session) {
            self.discarded.insert(session);
        }
    }

    /// The answers are forgotten. Charges, tokens and fences are not.
    pub fn forget(&mut self) {
        self.keys.retain(|_, fate| matches!(fate, Fate::Voided | Fate::InFlight(_)));
    }

    pub fn is_charged(&self, key: IdempotencyKey) -> bool {
        self.charges.iter().any(|charge| charge.key == key)
    }

    pub fn has_discarded(&self, session: SessionId) -> bool {
        self.discarded.contains(&session)
    }

    pub fn has_refused(&self, key: IdempotencyKey) -> bool {
        matches!(self.keys.get(&key), Some(Fate::Refused { .. }))
    }

    /// Whether a question for the truth may still make a difference.
    pub fn may_fence(&self, key: IdempotencyKey) -> bool {
        match self.keys.get(&key) {
            None => !self.is_charged(key),
            Some(fate) => fate.is_open(),
        }
    }

    pub fn knows(&self, key: IdempotencyKey) -> bool {
        self.keys.contains_key(&key) || self.is_charged(key)
    }

    /// The outcome of a key, where there is one.
    pub fn outcome(&self, key: IdempotencyKey) -> Option<Reply> {
        let fate = self.keys.get(&key)?;
        (!fate.is_open() && *fate != Fate::Voided).then(|| fate.reply())
    }

    pub fn is_open(&self, key: IdempotencyKey) -> bool {
        self.keys.get(&key).is_some_and(Fate::is_open)
    }
}
