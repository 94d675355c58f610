//! What payonce does, said once more and in as few words as possible: one tab, a journal and a lock that always answer,
//! small numbers for carts and tokens. Nothing here is taken from the machine.

use std::collections::BTreeSet;

/// Sends after the first one.
pub const RETRIES: u32 = 1;
/// Questions before settling gives up.
pub const QUESTIONS: u32 = 3;

/// Something that happens, sensible or not.
#[derive(Debug, Clone)]
pub enum Happening {
    Show(u64),
    Clear,
    Click { in_place: bool },
    Token(u8),
    ShowInSheet(u64),
    Cancel,
    Reply(Reply),
    Truth(Truth),
    ChallengeOver { completed: bool },
    Timer,
    Check,
    Acknowledge,
    Reload,
}

/// How a send ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Approved,
    Declined,
    Refused {
        consumed: bool,
        for_good: bool,
    },
    Challenge,
    /// Nobody knows; the same may be sent again.
    Lost,
    /// Nobody knows, and sending it again cannot help.
    AlreadyUsed,
}

/// What the merchant says when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    Approved,
    Declined,
    Refused { consumed: bool, for_good: bool },
    Voided,
    Pending,
}

/// A cart, and what the page said before the sheet changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    pub cart: u64,
    pub page: u64,
}

impl Bound {
    const fn to(cart: u64) -> Self {
        Self { cart, page: cart }
    }

    const fn covers(self, cart: u64) -> bool {
        self.cart == cart || self.page == cart
    }

    /// After the page has shown `cart`, which is nothing new.
    const fn seen(self, cart: u64) -> Self {
        if self.cart == cart { Self::to(cart) } else { self }
    }
}

/// What the page shows while something is paid or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    Unseen,
    Same,
    Emptied,
    Other(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    InFlight,
    Waiting,
    Challenge,
    Asking(u32),
    Pausing(u32),
    Unresolved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    pub bound: Bound,
    pub page: Page,
    pub token: u8,
    /// Whether the sheet is still there, and can ask again.
    pub sheet: Option<bool>,
    pub sends: u32,
    pub stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Empty { before: Option<Bound> },
    Ready(Bound),
    Sheet { bound: Bound, in_place: bool, useless: u8 },
    Open(Open),
    Paid { bound: Bound, page: Page },
    Failed(Bound),
}

#[derive(Debug, Clone)]
pub struct Model {
    pub phase: Phase,
    pub spent: BTreeSet<u8>,
    /// How many attempts were sent.
    pub keys: usize,
}

impl Model {
    pub const fn new() -> Self {
        Self { phase: Phase::Empty { before: None }, spent: BTreeSet::new(), keys: 0 }
    }

    /// What comes of it. What makes no sense changes nothing.
    pub fn after(&mut self, happening: &Happening) {
        self.phase = match (self.phase, happening) {
            (Phase::Open(open), happening) => self.while_open(open, happening),
            (phase, happening) => self.otherwise(phase, happening),
        };
    }

    fn otherwise(&mut self, phase: Phase, happening: &Happening) -> Phase {
        match (phase, happening) {
            (Phase::Empty { before: Some(bound) }, Happening::Show(cart)) if bound.covers(*cart) => {
                Phase::Ready(bound.seen(*cart))
            }
            (Phase::Ready(bound), Happening::Show(cart)) if bound.cart == *cart => {
                Phase::Ready(bound.seen(*cart))
            }
            (Phase::Sheet { bound, in_place, useless }, Happening::Show(cart)) if bound.covers(*cart) => {
                Phase::Sheet { bound: bound.seen(*cart), in_place, useless }
            }
            (Phase::Failed(bound), Happening::Show(cart)) if bound.covers(*cart) => {
                Phase::Failed(bound.seen(*cart))
            }
            (Phase::Paid { bound, .. }, Happening::Show(cart)) if bound.covers(*cart) => {
                Phase::Paid { bound, page: Page::Same }
            }
            (Phase::Paid { bound, page: Page::Same | Page::Other(_) }, Happening::Show(cart)) => {
                Phase::Paid { bound, page: Page::Other(*cart) }
            }
            (_, Happening::Show(cart)) => Phase::Ready(Bound::to(*cart)),
            (Phase::Paid { bound, .. }, Happening::Clear) => Phase::Paid { bound, page: Page::Emptied },
            (_, Happening::Clear) => Phase::Empty { before: None },

            (Phase::Ready(bound), Happening::Click { in_place }) => {
                Phase::Sheet { bound, in_place: *in_place, useless: 0 }
            }
            (Phase::Failed(bound), Happening::Click { in_place }) => {
                Phase::Sheet { bound: Bound::to(bound.cart), in_place: *in_place, useless: 0 }
            }
            (Phase::Sheet { bound, in_place, useless }, Happening::Token(token)) => {
                if self.spent.insert(*token) {
                    self.keys += 1;
                    let (page, stage) = (Page::Same, Stage::InFlight);
                    return Phase::Open(Open {
                        bound,
                        page,
                        token: *token,
                        sheet: Some(in_place),
                        sends: 1,
                        stage,
                    });
                }
                // Asked for another one, once.
                if in_place && useless == 0 {
                    Phase::Sheet { bound, in_place, useless: 1 }
                } else {
                    Phase::Ready(bound)
                }
            }
            (Phase::Sheet { bound, in_place, useless }, Happening::ShowInSheet(cart)) => {
                Phase::Sheet { bound: Bound { cart: *cart, page: bound.page }, in_place, useless }
            }
            (Phase::Sheet { bound, .. }, Happening::Cancel) => Phase::Ready(bound),

            (Phase::Paid { page: Page::Other(cart), .. }, Happening::Acknowledge) => {
                Phase::Ready(Bound::to(cart))
            }
            (Phase::Paid { .. }, Happening::Acknowledge) => Phase::Empty { before: None },

            (Phase::Paid { bound, .. }, Happening::Reload) => Phase::Paid { bound, page: Page::Unseen },
            (Phase::Ready(bound) | Phase::Sheet { bound, .. }, Happening::Reload) => {
                Phase::Empty { before: Some(bound) }
            }
            // It was refused for good: no other page takes it up.
            (Phase::Failed(_), Happening::Reload) => Phase::Empty { before: None },
            (unchanged, _) => unchanged,
        }
    }

    fn while_open(&mut self, open: Open, happening: &Happening) -> Phase {
        let stage = |stage| Phase::Open(Open { stage, ..open });
        match (open.stage, happening) {
            (_, Happening::Show(cart)) => {
                let page = if open.bound.covers(*cart) { Page::Same } else { Page::Other(*cart) };
                Self::seen(Open { bound: open.bound.seen(*cart), page, ..open })
            }
            (_, Happening::Clear) => Self::seen(Open { page: Page::Emptied, ..open }),
            (Stage::InFlight | Stage::Waiting | Stage::Asking(_) | Stage::Pausing(_), happening)
                if open.sheet.is_some()
                    && matches!(happening, Happening::ShowInSheet(_) | Happening::Cancel) =>
            {
                match happening {
                    Happening::ShowInSheet(cart) if !open.bound.covers(*cart) => {
                        Self::seen(Open { page: Page::Other(*cart), ..open })
                    }
                    Happening::ShowInSheet(cart) => {
                        Self::seen(Open { bound: open.bound.seen(*cart), page: Page::Same, ..open })
                    }
                    _ => Phase::Open(Open { sheet: None, ..open }),
                }
            }

            (Stage::InFlight, Happening::Timer) => Self::unknown(open),
            (Stage::InFlight, Happening::Reply(reply)) => match reply {
                Reply::Approved => Phase::Paid { bound: open.bound, page: open.page },
                Reply::Lost => Self::unknown(open),
                Reply::Challenge if open.page == Page::Same => {
                    Phase::Open(Open { sheet: None, stage: Stage::Challenge, ..open })
                }
                // Of a second request a refusal says nothing: the first one may have been charged.
                Reply::Challenge | Reply::AlreadyUsed => stage(Stage::Asking(0)),
                Reply::Declined | Reply::Refused { .. } if open.sends > 1 => stage(Stage::Asking(0)),
                Reply::Declined => Self::over(open, false),
                Reply::Refused { consumed, for_good } => self.refused(open, *consumed, *for_good),
            },
            (Stage::Waiting, Happening::Timer) => {
                Phase::Open(Open { sends: open.sends + 1, stage: Stage::InFlight, ..open })
            }

            (Stage::Challenge, Happening::ChallengeOver { .. } | Happening::Check)
            | (Stage::Unresolved, Happening::Click { .. } | Happening::Check) => stage(Stage::Asking(0)),

            (Stage::Asking(asked), Happening::Timer | Happening::Truth(Truth::Pending)) => {
                if asked + 1 == QUESTIONS {
                    Phase::Open(Open { sheet: None, stage: Stage::Unresolved, ..open })
                } else {
                    stage(Stage::Pausing(asked + 1))
                }
            }
            (Stage::Pausing(asked), Happening::Timer) => stage(Stage::Asking(asked)),
            (Stage::Asking(_), Happening::Truth(truth)) => match truth {
                Truth::Approved => Phase::Paid { bound: open.bound, page: open.page },
                Truth::Declined | Truth::Voided | Truth::Pending => Self::over(open, false),
                Truth::Refused { consumed, for_good } => self.refused(open, *consumed, *for_good),
            },

            (_, Happening::Reload) => Phase::Open(Open {
                page: Page::Unseen,
                sheet: None,
                sends: 0,
                stage: Stage::Asking(0),
                ..open
            }),
            (_, _) => Phase::Open(open),
        }
    }

    /// Nothing is sent, or asked of the shopper, for a cart that is not on the page any more.
    const fn seen(open: Open) -> Phase {
        let stage = match (open.stage, open.page) {
            (stage, Page::Same) => stage,
            (Stage::Waiting | Stage::Challenge, _) => Stage::Asking(0),
            (stage, _) => stage,
        };
        Phase::Open(Open { stage, ..open })
    }

    /// After a send of which nobody knows what became.
    fn unknown(open: Open) -> Phase {
        let again = open.page == Page::Same && open.sends <= RETRIES;
        Phase::Open(Open { stage: if again { Stage::Waiting } else { Stage::Asking(0) }, ..open })
    }

    fn refused(&mut self, open: Open, consumed: bool, for_good: bool) -> Phase {
        if !consumed {
            self.spent.remove(&open.token);
        }
        Self::over(open, for_good)
    }

    /// Not charged, and never will be.
    const fn over(open: Open, for_good: bool) -> Phase {
        let bound = open.bound;
        match (open.page, open.sheet) {
            (Page::Same, _) if for_good => Phase::Failed(bound),
            (Page::Same, Some(true)) => Phase::Sheet { bound, in_place: true, useless: 0 },
            (Page::Same, _) => Phase::Ready(bound),
            (Page::Unseen, _) if for_good => Phase::Empty { before: None },
            (Page::Unseen, _) => Phase::Empty { before: Some(bound) },
            (Page::Emptied, _) => Phase::Empty { before: None },
            (Page::Other(cart), _) => Phase::Ready(Bound::to(cart)),
        }
    }
}
