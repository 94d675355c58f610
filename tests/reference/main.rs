//! The machine against a tiny reference model: whatever happens, in whatever order, both say the same of what is shown,
//! what may be done, which tokens are spent and how many attempts were sent. proptest shrinks what they disagree on.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "../coverage/mod.rs"]
mod coverage;
mod model;
#[path = "../rules/scenario.rs"]
#[allow(dead_code, reason = "made for the tests of the rules")]
mod scenario;

use model::{Happening, Model, Open, Page, Phase, QUESTIONS, RETRIES, Reply, Stage, Truth};
use payonce::checkout::{Config, Effect, Event, StateKind};
use payonce::key::IdempotencyKey;
use payonce::outcome::{Cause, Outcome, SettleAnswer};
use payonce::retry::RetryPolicy;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use scenario::{CONFIG, Scenario, approved, cart, challenge, declined, doubt, lost, rejected};
use std::collections::HashSet;

struct Reference;

impl ReferenceStateMachine for Reference {
    type State = Model;
    type Transition = Happening;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::new()).boxed()
    }

    /// Anything may happen at any time; what leads on happens more often.
    fn transitions(_: &Model) -> BoxedStrategy<Happening> {
        let refused = || (any::<bool>(), any::<bool>());
        let reply = prop_oneof![
            1 => Just(Reply::Approved),
            1 => Just(Reply::Declined),
            1 => refused().prop_map(|(consumed, for_good)| Reply::Refused { consumed, for_good }),
            1 => Just(Reply::Challenge),
            2 => Just(Reply::Lost),
            1 => Just(Reply::AlreadyUsed),
        ];
        let truth = prop_oneof![
            1 => Just(Truth::Approved),
            1 => Just(Truth::Declined),
            1 => refused().prop_map(|(consumed, for_good)| Truth::Refused { consumed, for_good }),
            1 => Just(Truth::Voided),
            3 => Just(Truth::Pending),
        ];
        prop_oneof![
            4 => (1_u64..4).prop_map(Happening::Show),
            1 => Just(Happening::Clear),
            5 => any::<bool>().prop_map(|in_place| Happening::Click { in_place }),
            6 => (0_u8..6).prop_map(Happening::Token),
            2 => (1_u64..4).prop_map(Happening::ShowInSheet),
            1 => Just(Happening::Cancel),
            6 => reply.prop_map(Happening::Reply),
            5 => truth.prop_map(Happening::Truth),
            2 => any::<bool>().prop_map(|completed| Happening::ChallengeOver { completed }),
            5 => Just(Happening::Timer),
            1 => Just(Happening::Check),
            1 => Just(Happening::Acknowledge),
            1 => Just(Happening::Reload),
        ]
        .boxed()
    }

    fn apply(mut model: Model, happening: &Happening) -> Model {
        model.after(happening);
        model
    }
}

struct Machine {
    s: Scenario,
    /// The keys of all attempts that were sent.
    keys: HashSet<IdempotencyKey>,
}

impl StateMachineTest for Machine {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(_: &Model) -> Self {
        let retry = RetryPolicy {
            max_retries: RETRIES,
            max_settles: QUESTIONS,
            total_time: 24 * 60 * 60 * 1000,
            ..RetryPolicy::default()
        };
        Self { s: Scenario::with(Config { retry, ..CONFIG }), keys: HashSet::new() }
    }

    fn apply(mut machine: Self, model: &Model, happening: Happening) -> Self {
        happen(&mut machine.s, &happening);
        machine.keys.extend(machine.s.sends().iter().map(|sent| sent.key));
        machine.agrees_with(model, &happening);
        machine
    }
}

/// Makes it happen. What is out of place is handed over all the same, where there is somebody to hand it over.
fn happen(s: &mut Scenario, happening: &Happening) {
    let had = |pick: fn(&Effect) -> bool| s.effects.iter().any(pick);
    let sheet = had(|effect| matches!(effect, Effect::OpenSheet { .. })).then(|| s.sheet());
    let send = had(|effect| matches!(effect, Effect::SendAttempt { .. })).then(|| s.send());
    let question = had(|effect| matches!(effect, Effect::SettleAttempt { .. })).then(|| s.question());
    let action = had(|effect| matches!(effect, Effect::PerformAction { .. })).then(|| s.action());
    let event = match happening {
        Happening::Show(n) => Some(Event::CartSet { cart: cart("sku", *n), provider_ref: None }),
        Happening::Clear => Some(Event::CartCleared),
        Happening::Click { in_place } => Some(Event::SheetRequested { retries_in_place: *in_place }),
        Happening::Token(n) => sheet.map(|_| s.token_event(&format!("tok_{n}"))),
        Happening::ShowInSheet(n) => {
            sheet.map(|sheet| Event::SheetCartChanged { sheet, cart: cart("sku", *n) })
        }
        Happening::Cancel => sheet.map(|sheet| Event::SheetCancelled { sheet }),
        Happening::Reply(reply) => {
            send.map(|effect| Event::SendAnswered { effect, outcome: outcome(*reply) })
        }
        Happening::Truth(truth) => {
            question.map(|effect| Event::SettleAnswered { effect, answer: answer(*truth) })
        }
        Happening::ChallengeOver { completed } => {
            action.map(|effect| Event::ActionEnded { effect, completed: *completed })
        }
        Happening::Timer => s.timer().map(|(effect, delay)| {
            s.now += delay;
            Event::TimerFired { effect }
        }),
        Happening::Check => Some(Event::CheckRequested),
        Happening::Acknowledge => Some(Event::Acknowledged),
        Happening::Reload => {
            s.effects.clear(); // their ids mean nothing to the next page
            s.reload();
            None
        }
    };
    if let Some(event) = event {
        let before = s.snapshot();
        if s.try_run(event).is_err() {
            assert_eq!(s.snapshot(), before, "a rejected event changed something");
        }
    }
}

fn outcome(reply: Reply) -> Outcome {
    match reply {
        Reply::Approved => approved(),
        Reply::Declined => declined("card_declined"),
        Reply::Refused { consumed, for_good } => rejected("postcode", consumed, !for_good),
        Reply::Challenge => challenge(),
        Reply::Lost => lost(),
        Reply::AlreadyUsed => doubt(Cause::AlreadyUsed),
    }
}

fn answer(truth: Truth) -> SettleAnswer {
    match truth {
        Truth::Approved => SettleAnswer::Outcome(approved()),
        Truth::Declined => SettleAnswer::Outcome(declined("card_declined")),
        Truth::Refused { consumed, for_good } => {
            SettleAnswer::Outcome(rejected("postcode", consumed, !for_good))
        }
        Truth::Voided => SettleAnswer::Voided,
        Truth::Pending => SettleAnswer::Pending { retry_after: None },
    }
}

impl Machine {
    #[track_caller]
    fn agrees_with(&self, model: &Model, happening: &Happening) {
        let shown = self.s.snapshot();
        let after = format!("after {happening:?}; the model says {model:?}");
        let state = match model.phase {
            Phase::Empty { .. } => StateKind::Empty,
            Phase::Ready(_) => StateKind::Ready,
            Phase::Sheet { .. } => StateKind::SheetOpen,
            Phase::Open(open) => match open.stage {
                Stage::InFlight => StateKind::Sending,
                Stage::Waiting => StateKind::Waiting,
                Stage::Challenge => StateKind::ActionRequired,
                Stage::Asking(_) | Stage::Pausing(_) => StateKind::Settling,
                Stage::Unresolved => StateKind::Unresolved,
            },
            Phase::Paid { .. } => StateKind::Succeeded,
            Phase::Failed(_) => StateKind::Failed,
        };
        assert_eq!(shown.state, state, "state {after}");
        let to_pay = match model.phase {
            Phase::Empty { .. } => None,
            Phase::Ready(bound) | Phase::Sheet { bound, .. } | Phase::Failed(bound) => Some(bound.cart),
            Phase::Open(Open { bound, page, .. }) | Phase::Paid { bound, page } => match page {
                Page::Unseen | Page::Same => Some(bound.cart),
                Page::Other(cart) => Some(cart),
                Page::Emptied => None,
            },
        };
        let hash = |n: u64| cart("sku", n).hash().clone();
        assert_eq!(shown.cart.map(|cart| cart.hash().clone()), to_pay.map(hash), "cart {after}");
        assert_eq!(
            shown.can_pay,
            matches!(model.phase, Phase::Ready(_) | Phase::Failed(_)),
            "button {after}"
        );
        assert_eq!(shown.spent.len(), model.spent.len(), "spent tokens {after}");
        assert_eq!(self.keys.len(), model.keys, "attempts {after}");
        if let Phase::Open(open) = model.phase {
            assert_eq!(shown.attempt.map(|attempt| attempt.sends), Some(open.sends), "sends {after}");
        }
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_machine_and_the_reference_model_agree(sequential 1..120 => Machine);
}
