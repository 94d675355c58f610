//! The merchant: what becomes of a request that arrives, and what it says of it.

use super::World;
use payonce::key::IdempotencyKey;
use payonce::outcome::{
    Action, Advice, Approval, Cause, Decline, Doubt, Opaque, Outcome, Refusal, SettleAnswer, Text,
};

/// What the merchant knows of a key.
#[derive(Clone, PartialEq)]
pub(super) enum Fate {
    Challenged,
    Decided(Outcome),
    Voided,
}

impl World {
    /// A request arrives: the first one with its key decides.
    pub(super) fn arrive(&mut self, key: IdempotencyKey) {
        if self.fates.contains_key(&key) {
            return;
        }
        let fate = match self.dice.roll(10) {
            0..=4 => Fate::Decided(self.charge(key)),
            5..=6 => Fate::Decided(self.decline()),
            7..=8 => Fate::Challenged,
            _ => Fate::Decided(self.refusal()),
        };
        self.fates.insert(key, fate);
    }

    fn charge(&mut self, key: IdempotencyKey) -> Outcome {
        let shown = &self.keys[&key].shown_before;
        let unseen = self.honest && self.charged.iter().any(|earlier| !shown.contains(earlier));
        self.check(
            !unseen,
            "charged although an earlier charge was not shown to the shopper when this one was made",
        );
        self.charged.push(key);
        Outcome::Approved(Approval { reference: Some(Text::new("ch_1")) })
    }

    fn decline(&self) -> Outcome {
        let advice = self.dice.pick(&[Advice::TryAgainLater, Advice::OtherCard, Advice::DoNotRetry]).unwrap();
        Outcome::Declined(Decline { code: Text::new("card_declined"), advice })
    }

    fn refusal(&self) -> Outcome {
        let (token_consumed, may_retry) = (self.dice.once_in(2), self.dice.once_in(2));
        Outcome::Rejected(Refusal { code: Text::new("postcode"), token_consumed, may_retry })
    }

    fn challenge() -> Outcome {
        let payload = Some(Opaque::new(r#"{"secret":"cs_secret"}"#));
        Outcome::ActionRequired(Action { kind: Text::new("challenge"), payload })
    }

    fn doubt(&self) -> Outcome {
        let causes = [
            Cause::Network,
            Cause::Timeout,
            Cause::InFlight,
            Cause::RateLimited,
            Cause::ServerError,
            Cause::Processing,
            Cause::AlreadyUsed,
            Cause::UnexpectedState,
            Cause::KeyMismatch,
            Cause::Unreadable,
        ];
        Outcome::Ambiguous(Doubt {
            cause: self.dice.pick(&causes).unwrap(),
            retry_after: self.dice.once_in(4).then(|| self.dice.roll(30_000)),
            should_retry: self.dice.once_in(4).then(|| self.dice.once_in(2)),
        })
    }

    pub(super) fn anything(&self) -> Outcome {
        match self.dice.roll(5) {
            0 => Outcome::Approved(Approval { reference: None }),
            1 => self.decline(),
            2 => self.refusal(),
            3 => Self::challenge(),
            _ => self.doubt(),
        }
    }

    pub(super) fn reply_to_send(&mut self, key: IdempotencyKey, resent: bool) -> Outcome {
        if !self.honest {
            return self.anything();
        }
        if self.dice.once_in(4) {
            return self.doubt();
        }
        if resent && self.dice.once_in(8) {
            // Refused in front of the merchant: a login that ran out between two sends.
            return Outcome::Rejected(Refusal {
                code: Text::new("unauthorized"),
                token_consumed: false,
                may_retry: true,
            });
        }
        self.arrive(key);
        match self.fates[&key].clone() {
            Fate::Decided(outcome) => outcome,
            Fate::Challenged => Self::challenge(),
            Fate::Voided => Outcome::Rejected(Refusal {
                code: Text::new("voided"),
                token_consumed: true,
                may_retry: true,
            }),
        }
    }

    pub(super) fn reply_to_question(&mut self, key: IdempotencyKey) -> SettleAnswer {
        let pending = SettleAnswer::Pending { retry_after: None };
        if !self.honest {
            return match self.dice.roll(3) {
                0 => SettleAnswer::Voided,
                1 => pending,
                _ => SettleAnswer::Outcome(self.anything()),
            };
        }
        if self.dice.once_in(3) {
            return pending;
        }
        match self.fates.get(&key).cloned() {
            Some(Fate::Decided(outcome)) => SettleAnswer::Outcome(outcome),
            Some(Fate::Challenged) if self.dice.once_in(3) => SettleAnswer::Outcome(Self::challenge()),
            Some(Fate::Challenged) if self.dice.once_in(3) => {
                let outcome = self.charge(key);
                self.fates.insert(key, Fate::Decided(outcome.clone()));
                SettleAnswer::Outcome(outcome)
            }
            Some(Fate::Challenged | Fate::Voided) | None => {
                self.fates.insert(key, Fate::Voided);
                SettleAnswer::Voided
            }
        }
    }
}
