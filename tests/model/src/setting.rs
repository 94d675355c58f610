//! What is checked: how many tabs, what the shopper may do, how the merchant works, and what is broken on purpose.
#![forbid(unsafe_code)]

use crate::faults::Fault;
use crate::merchant::Verdict;

/// A world to explore, and how far. Whatever is not bounded here is explored in every order.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// What it is about.
    pub name: &'static str,
    /// Tabs of one shopper, 1 or 2.
    pub tabs: u8,
    /// Wallet tokens. Each may be handed over any number of times. Refusals that leave a token usable are as many, too.
    pub tokens: u8,
    /// Changes of the cart, which goes back and forth between two.
    pub edits: u8,
    /// Whether carts may be changed inside the sheet as well.
    pub edits_in_sheet: bool,
    /// Pages that die and are loaded anew.
    pub crashes: u8,
    /// Times that a page goes into the back/forward cache.
    pub visits: u8,
    /// Times that a device loses its network.
    pub outages: u8,
    /// Times that an outcome is reported from outside.
    pub reports: u8,
    /// How often one request may arrive: browsers resend a POST by themselves.
    pub copies: u8,
    /// Times that the clock jumps past the time in which an attempt is resent (30 s).
    pub delays: u8,
    /// Times that the clock jumps past the window in which the merchant remembers a key (25 h).
    pub nights: u8,
    /// Resends that are refused in front of the merchant by a login that ran out, or declined by a provider for which the
    /// first send has spent the token.
    pub refusals: u8,
    /// Journal writes that fail.
    pub failed_writes: u8,
    /// Times that the lock, or the journal before a first send, does not answer in time.
    pub silences: u8,
    /// Whether journal writes take time, in which anything may happen. Otherwise each is done at once.
    pub slow_disk: bool,
    /// Whether the merchant hears of a discarded session late or never. Otherwise it does at once.
    pub slow_discards: bool,
    /// Whether it begins with pages that are there already and show the cart.
    pub loaded: bool,
    /// Sends of an attempt after its first one.
    pub resends: u32,
    /// Questions for the truth before an attempt is unresolved.
    pub questions: u32,
    /// Whether the wallet's sheet can ask for another card after a decline.
    pub retries_in_place: bool,
    /// What the merchant may make of an attempt.
    pub verdicts: &'static [Verdict],
    /// Whether the merchant can fence.
    pub fences: bool,
    /// Whether the merchant keeps a table of used tokens.
    pub token_table: bool,
    /// What is broken.
    pub fault: Option<Fault>,
}

impl Setting {
    /// One tab, one token, and a network that duplicates, delays and loses.
    pub const BASE: Self = Self {
        name: "one tab",
        tabs: 1,
        tokens: 1,
        edits: 0,
        edits_in_sheet: false,
        crashes: 0,
        visits: 0,
        outages: 0,
        reports: 0,
        copies: 2,
        delays: 0,
        nights: 0,
        refusals: 0,
        failed_writes: 0,
        silences: 0,
        slow_disk: true,
        slow_discards: true,
        loaded: false,
        resends: 1,
        questions: 2,
        retries_in_place: true,
        verdicts: &[Verdict::Approve, Verdict::Decline],
        fences: true,
        token_table: true,
        fault: None,
    };

    /// Two tabs, opened before and showing the same cart.
    pub const TABS: Self = Self {
        name: "two tabs",
        tabs: 2,
        copies: 1,
        slow_disk: false,
        slow_discards: false,
        loaded: true,
        verdicts: &[Verdict::Approve],
        ..Self::BASE
    };

    /// The same world with something broken in it.
    #[must_use]
    pub const fn broken(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}
