//! One-time codes: what a provider hands the shopper on a redirect back (OAuth connect, redirect returns), to be
//! exchanged once.
//!
//! A code that is sent twice is worse than one that is not sent: the provider should revoke what the first one got (RFC
//! 6749 section 4.1.2), and the page shows an error for an account that is connected. So a page must *claim* the code in
//! the [record], which all tabs share, before it sends it; whoever finds it claimed, and whoever does not know what
//! became of it, asks the backend, and shows no error before (rules O1 to O4).
//!
//! [`OneTimeCode`] is sans-IO like [`Checkout`](crate::checkout::Checkout): an [`Event`] goes in, [`Effect`]s come out;
//! time is an argument, randomness is injected.
//!
//! | file | what is decided there |
//! |---|---|
//! | `flow` | `state` and the PKCE verifier |
//! | `record` | who may send a code |
//! | `answer` | what the provider's answer means, and the backend's reply to an exchange |
//! | `table` | which event is taken in which state |
//! | `mod` | what happens then |
#![forbid(unsafe_code)]

mod answer;
mod event;
mod flow;
pub mod log;
pub mod record;
mod state;
pub mod table;

pub use answer::{Parameters, classify};
pub use event::{Brought, Effect, Event, EventKind, ExchangeAnswer, Found, Secret, Standing};
pub use flow::{Flow, FlowState, challenge};
pub use record::{Change, End, Verdict, What};
pub use state::StateKind;

use crate::checkout::EffectId;
use crate::key::{self, Entropy};
use crate::retry::RetryPolicy;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use log::{Entry, Log};
use serde::{Deserialize, Serialize};
use state::{Asking, Question, State, Step};
use table::Rejection;

/// How long things may take, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How old a code may be when it is sent (rule O4). RFC 6749 section 4.1.2 recommends at most 10 minutes.
    pub lifetime: u64,
    /// How long the shopper may be with the provider.
    pub away: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lifetime: 10 * 60 * 1000, away: 60 * 60 * 1000 }
    }
}

/// What the machine is set up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How often and how far apart the backend is asked (`max_settles`), how long an answer may take (`send_timeout`), and
    /// for how long after its claim an exchange of which nothing is known may be under way (`total_time`).
    pub retry: RetryPolicy,
    /// How long things may take.
    pub limits: Limits,
    /// Whether flows have a PKCE verifier.
    pub pkce: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { retry: RetryPolicy::default(), limits: Limits::default(), pkce: true }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident => $code:literal),+ $(,)?) => {
        /// Why nothing is connected.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $($(#[$doc])* $name),+ }

        impl Reason {
            /// All of them, in the order in which the browser's shell counts them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// The reason of that code.
            #[must_use]
            pub fn by_name(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.as_str() == code)
            }
        }
    };
}

reasons! {
    /// The shopper, or the provider on the shopper's behalf, said no (`access_denied`).
    Denied => "denied",
    /// The provider reported another error.
    ProviderError => "provider_error",
    /// Nobody here began a flow of that `state`, or too long ago: forged, or forgotten.
    StateUnknown => "state_unknown",
    /// Another issuer answered than was asked (RFC 9207).
    IssuerMismatch => "issuer_mismatch",
    /// The answer is none: a parameter is missing, repeated or too long.
    Malformed => "malformed",
    /// The code was too old to be sent (rule O4).
    Expired => "expired",
    /// The backend refused the code.
    Refused => "refused",
    /// The backend was asked, and is not connected.
    NotConnected => "not_connected",
    /// The record could not be written, so nothing was sent.
    RecordUnavailable => "record_unavailable",
}

/// What the page may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Where it is.
    pub state: StateKind,
    /// Why it failed, where it did.
    pub reason: Option<Reason>,
}

impl Snapshot {
    /// Whether a flow may begin.
    #[must_use]
    pub const fn can_begin(&self) -> bool {
        table::cell(self.state, EventKind::BeginRequested).is_ok()
    }

    /// Whether the shopper may ask what became of it.
    #[must_use]
    pub const fn can_check(&self) -> bool {
        table::cell(self.state, EventKind::CheckRequested).is_ok()
    }
}

/// One page's part in its flows.
pub struct OneTimeCode {
    config: Config,
    entropy: Box<dyn Entropy>,
    state: State,
    log: Log,
    /// What the event at hand has led to so far.
    effects: Vec<Effect>,
    last_id: u32,
    /// The latest time that an event brought: clocks go back.
    now: u64,
}

/// The next state, or the one from before and why nothing happened.
type Next = Result<State, (State, Rejection)>;

impl OneTimeCode {
    /// A page that was just loaded.
    #[must_use]
    pub fn new(config: Config, entropy: Box<dyn Entropy>) -> Self {
        Self {
            config,
            entropy,
            state: State::Idle,
            log: Log::default(),
            effects: Vec::new(),
            last_id: 0,
            now: 0,
        }
    }

    /// Handles an event. `now` is milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`Rejection`] where the event has no meaning now; nothing has changed then.
    pub fn handle(&mut self, event: Event, now: u64) -> Result<Vec<Effect>, Rejection> {
        self.now = self.now.max(now);
        let redacted = event.redacted();
        let handled = match table::cell(self.state.kind(), event.kind()) {
            Ok(_) => {
                let before = mem::replace(&mut self.state, State::Idle);
                let (state, result) = match self.step(before, event) {
                    Ok(state) => (state, Ok(mem::take(&mut self.effects))),
                    Err((state, rejection)) => (state, Err(rejection)),
                };
                self.state = state;
                result
            }
            Err(rejection) => Err(rejection),
        };
        let rejected = handled.as_ref().err().copied();
        self.log.push(Entry { at: now, event: redacted, to: self.state.kind(), rejected });
        handled
    }

    /// What the page may know.
    #[must_use]
    pub const fn snapshot(&self) -> Snapshot {
        let reason = if let State::Failed { reason, .. } = self.state { Some(reason) } else { None };
        Snapshot { state: self.state.kind(), reason }
    }

    /// The flow at hand, by which the record is to be read.
    #[must_use]
    pub fn flow(&self) -> Option<&FlowState> {
        self.state.flow()
    }

    /// What the machine was set up with.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// What happened so far.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    fn step(&mut self, state: State, event: Event) -> Next {
        match event {
            Event::BeginRequested => Ok(self.begin()),
            Event::Returned { state: flow, brought, received_at } => {
                // What this page did not know of an older flow matters less than a code that is getting old.
                if let State::Asking(Asking { step, .. }) = state {
                    self.drop_question(step);
                }
                Ok(self.returned(flow, brought, received_at))
            }
            Event::Resumed { state } => {
                self.effects.push(Effect::ReadRecord);
                Ok(State::Looking { state })
            }
            Event::RecordStored { effect, verdict } => Ok(self.stored(state, effect, verdict)),
            Event::RecordFailed { effect } => Ok(self.not_stored(state, effect)),
            Event::RecordRead { found } => Ok(self.found(state, found)),
            Event::RecordUnreadable => Ok(match state {
                State::Looking { state: Some(flow) } => self.ask_about(flow, Reason::RecordUnavailable, None),
                State::Looking { state: None } => State::Idle,
                other => other,
            }),
            Event::ExchangeAnswered { effect, answer } => self.exchanged(state, effect, answer),
            Event::StatusAnswered { effect, connected } => self.told(state, effect, connected),
            Event::TimerFired { effect } => self.fired(state, effect),
            Event::CheckRequested | Event::CameOnline => Ok(self.ask_now(state)),
            Event::PageRestored => Ok(match state {
                State::Away { .. } => State::Idle,
                State::Exchanging { state: flow, since, request, timer } => {
                    self.drop_request(request, timer);
                    self.ask_about_claim(flow, since)
                }
                State::Asking(asking) => {
                    self.drop_question(asking.step);
                    self.ask(asking.question, 0, 0, 0)
                }
                State::Failed { .. } => {
                    self.effects.push(Effect::ReadRecord);
                    state
                }
                other => self.ask_now(other),
            }),
        }
    }

    // ------------------------------------------------------------------------------------------------ there and back

    fn begin(&mut self) -> State {
        let flow = Flow::draw(self.entropy.as_mut(), self.config.pkce);
        let change = self.change(What::Begin(flow.clone()));
        State::Beginning { flow, change }
    }

    fn returned(&mut self, flow: Option<FlowState>, brought: Brought, received_at: u64) -> State {
        let Some(state) = flow else {
            return State::Failed { state: None, reason: Reason::StateUnknown };
        };
        let (code, brought) = match brought {
            Brought::Code(Secret(code)) => (Some(code), Ok(())),
            // It ends no flow: whoever gets no proper answer may still get one.
            Brought::Nothing(reason @ Reason::Malformed) => {
                return State::Failed { state: Some(state), reason };
            }
            Brought::Nothing(reason) => (None, Err(reason)),
        };
        let claimant = self.entropy.draw();
        let change = self.change(What::Claim { state: state.clone(), claimant, brought, received_at });
        State::Claiming { state, code, change, since: self.now }
    }

    fn stored(&mut self, before: State, effect: EffectId, verdict: Verdict) -> State {
        match before {
            State::Beginning { flow, change } if change == effect => {
                let challenge = flow.challenge();
                self.effects.push(Effect::Leave { state: flow.state.clone(), challenge });
                State::Away { state: flow.state }
            }
            State::Claiming { state, code, change, since } if change == effect => match (verdict, code) {
                (Verdict::Won { left, .. }, Some(_)) if self.now.saturating_sub(since) >= left => {
                    self.end(state, End::Failed(Reason::Expired))
                }
                // The only place where a code is sent (rule O2).
                (Verdict::Won { verifier, .. }, Some(code)) => {
                    let request = self.id();
                    self.effects.push(Effect::Exchange {
                        effect: request,
                        state: state.clone(),
                        code,
                        verifier,
                    });
                    let timer = self.timer(self.config.retry.send_timeout);
                    State::Exchanging { state, since: self.now, request, timer }
                }
                (Verdict::Ended(end), _) => ended(state, end),
                (Verdict::Lost { since }, _) => self.ask_about_claim(state, since),
                (Verdict::Unknown | Verdict::Stored | Verdict::Won { .. }, _) => {
                    self.ask_about(state, Reason::StateUnknown, None)
                }
            },
            other => other,
        }
    }

    fn not_stored(&mut self, before: State, effect: EffectId) -> State {
        match before {
            State::Beginning { change, .. } if change == effect => {
                State::Failed { state: None, reason: Reason::RecordUnavailable }
            }
            // Not claimed, so not sent.
            State::Claiming { state, change, .. } if change == effect => {
                self.ask_about(state, Reason::RecordUnavailable, None)
            }
            other => other,
        }
    }

    /// What the record says of the flow at hand; where there is none, of the last one whose end is not known.
    fn found(&mut self, before: State, found: Option<Found>) -> State {
        match (before, found) {
            (State::Looking { state: None }, None) => State::Idle,
            (State::Looking { state: Some(flow) }, None) => self.ask_about(flow, Reason::NotConnected, None),
            (State::Looking { state }, Some(found)) => {
                let flow = state.unwrap_or(found.state);
                match found.standing {
                    Standing::Ended(end) => ended(flow, end),
                    Standing::Claimed { since } => self.ask_about_claim(flow, since),
                    // The code was stripped from the address by a page that died before it could claim it.
                    Standing::Away => self.ask_about(flow, Reason::NotConnected, None),
                }
            }
            (State::Away { state }, Some(Found { standing: Standing::Ended(end), .. })) => ended(state, end),
            (State::Unresolved { question }, Some(Found { standing: Standing::Ended(end), .. })) => {
                ended(question.state, end)
            }
            (State::Asking(asking), Some(Found { standing: Standing::Ended(end), .. })) => {
                self.drop_question(asking.step);
                ended(asking.question.state, end)
            }
            (
                State::Failed { state: Some(state), .. },
                Some(Found { standing: Standing::Ended(End::Connected), .. }),
            ) => State::Connected { state },
            // Another page had the code, and has claimed it since.
            (
                State::Failed { state: Some(state), .. },
                Some(Found { standing: Standing::Claimed { since }, .. }),
            ) => self.ask_about_claim(state, since),
            (other, _) => other,
        }
    }

    // ------------------------------------------------------------------------------------------------ the truth

    fn exchanged(&mut self, before: State, effect: EffectId, answer: ExchangeAnswer) -> Next {
        let (state, since, timer) = match before {
            State::Exchanging { state, since, request, timer } if request == effect => (state, since, timer),
            other => return Err((other, Rejection::LateAnswer)),
        };
        self.effects.push(Effect::CancelTimer { effect: timer });
        Ok(match answer {
            ExchangeAnswer::Connected => self.end(state, End::Connected),
            ExchangeAnswer::Refused => self.end(state, End::Failed(Reason::Refused)),
            // Nothing is under way any more.
            ExchangeAnswer::AlreadyUsed => self.ask_about(state, Reason::NotConnected, Some(since)),
            ExchangeAnswer::Unknown => self.ask_about_claim(state, since),
        })
    }

    fn told(&mut self, before: State, effect: EffectId, connected: Option<bool>) -> Next {
        match before {
            State::Asking(Asking {
                question,
                asked,
                unanswered,
                delay,
                step: Step::Request { request, timer, at },
            }) if request == effect => {
                self.effects.push(Effect::CancelTimer { effect: timer });
                Ok(match connected {
                    Some(true) => self.end(question.state, End::Connected),
                    Some(false) => match question.no_counts_from {
                        None => ended(question.state, End::Failed(question.otherwise)),
                        Some(from) if at < from => self.pause(question, asked, 0, delay),
                        Some(_) => self.end(question.state, End::Failed(question.otherwise)),
                    },
                    None => self.pause(question, asked, unanswered.saturating_add(1), delay),
                })
            }
            other => Err((other, Rejection::LateAnswer)),
        }
    }

    fn fired(&mut self, before: State, effect: EffectId) -> Next {
        match before {
            State::Exchanging { state, since, request, timer } if timer == effect => {
                self.effects.push(Effect::AbortRequest { effect: request });
                Ok(self.ask_about_claim(state, since))
            }
            State::Asking(Asking { question, asked, unanswered, delay, step }) => match step {
                Step::Request { request, timer, .. } if timer == effect => {
                    self.effects.push(Effect::AbortRequest { effect: request });
                    Ok(self.pause(question, asked, unanswered.saturating_add(1), delay))
                }
                Step::Pause { timer } if timer == effect => Ok(self.ask(question, asked, unanswered, delay)),
                _ => Err((
                    State::Asking(Asking { question, asked, unanswered, delay, step }),
                    Rejection::LateAnswer,
                )),
            },
            other => Err((other, Rejection::LateAnswer)),
        }
    }

    /// Asks at once, where it is time to ask at all.
    fn ask_now(&mut self, before: State) -> State {
        match before {
            State::Unresolved { question } => self.ask(question, 0, 0, 0),
            State::Asking(Asking { question, asked, unanswered, delay, step: Step::Pause { timer } }) => {
                self.effects.push(Effect::CancelTimer { effect: timer });
                self.ask(question, asked, unanswered, delay)
            }
            other => other,
        }
    }

    /// Asks about a code that was claimed, and perhaps sent.
    fn ask_about_claim(&mut self, state: FlowState, since: u64) -> State {
        // A claim from the future was made by a clock that was set back since.
        let over = since.min(self.now).saturating_add(self.config.retry.total_time);
        self.ask_about(state, Reason::NotConnected, Some(over))
    }

    fn ask_about(&mut self, state: FlowState, otherwise: Reason, no_counts_from: Option<u64>) -> State {
        self.ask(Question { state, otherwise, no_counts_from }, 0, 0, 0)
    }

    fn ask(&mut self, question: Question, asked: u32, unanswered: u32, delay: u64) -> State {
        let request = self.id();
        self.effects.push(Effect::AskStatus { effect: request, state: question.state.clone() });
        let timer = self.timer(self.config.retry.send_timeout);
        let step = Step::Request { request, timer, at: self.now };
        State::Asking(Asking { question, asked, unanswered, delay, step })
    }

    /// After an answer that settled nothing. A backend that does not answer is asked a bounded number of times.
    fn pause(&mut self, question: Question, asked: u32, unanswered: u32, delay: u64) -> State {
        let RetryPolicy { max_settles, .. } = self.config.retry;
        if unanswered > 0 && unanswered >= max_settles {
            return State::Unresolved { question };
        }
        let unit = key::unit(self.entropy.draw());
        let delay = self.config.retry.delay(asked, delay, unit, None);
        let timer = self.timer(delay);
        let step = Step::Pause { timer };
        State::Asking(Asking { question, asked: asked.saturating_add(1), unanswered, delay, step })
    }

    /// It is known what became of the flow: for the other tabs and the next page, too.
    fn end(&mut self, state: FlowState, end: End) -> State {
        let _answered_in_any_state = self.change(What::End { state: state.clone(), end });
        ended(state, end)
    }

    // ------------------------------------------------------------------------------------------------ effects

    fn id(&mut self) -> EffectId {
        self.last_id = self.last_id.wrapping_add(1);
        EffectId(self.last_id)
    }

    fn change(&mut self, what: What) -> EffectId {
        let effect = self.id();
        self.effects.push(Effect::ChangeRecord { effect, what });
        effect
    }

    fn timer(&mut self, delay: u64) -> EffectId {
        let effect = self.id();
        self.effects.push(Effect::StartTimer { effect, delay });
        effect
    }

    fn drop_request(&mut self, request: EffectId, timer: EffectId) {
        self.effects.push(Effect::AbortRequest { effect: request });
        self.effects.push(Effect::CancelTimer { effect: timer });
    }

    fn drop_question(&mut self, step: Step) {
        match step {
            Step::Request { request, timer, .. } => self.drop_request(request, timer),
            Step::Pause { timer } => self.effects.push(Effect::CancelTimer { effect: timer }),
        }
    }
}

fn ended(state: FlowState, end: End) -> State {
    match end {
        End::Connected => State::Connected { state },
        End::Failed(reason) => State::Failed { state: Some(state), reason },
    }
}
