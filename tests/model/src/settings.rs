//! What is checked: each of these worlds is explored from end to end.
#![forbid(unsafe_code)]

use crate::merchant::Verdict;
use crate::setting::Setting;

use Verdict::{Approve, Challenge, Decline, Ponder, Refuse};

const ONE: Setting = Setting::BASE;
const TWO: Setting = Setting::TABS;

const EVERY: &[Verdict] = &[Approve, Decline, Challenge, Refuse, Ponder];
/// Two tabs that send once and ask once before they say that they do not know.
const SHORT: Setting = Setting { resends: 0, questions: 1, ..TWO };
/// Two tabs that are handed the same token. One is away when the merchant says that it was not used, and hears of it late.
pub const SAME_TOKEN: Setting = Setting { visits: 1, reports: 1, verdicts: &[Decline, Refuse], ..SHORT };

/// Explored by every `cargo test`.
pub const SMALL: &[Setting] = &[
    Setting { name: "every verdict", verdicts: EVERY, ..ONE },
    Setting { name: "a page that dies", crashes: 1, ..ONE },
    Setting { name: "another card in the same sheet", tokens: 2, ..ONE },
    Setting {
        name: "another card, and a sheet that has to close",
        tokens: 2,
        retries_in_place: false,
        ..ONE
    },
    Setting { name: "a cart that changes", edits: 1, ..ONE },
    Setting { name: "a cart that changes in the sheet", edits: 1, edits_in_sheet: true, copies: 1, ..ONE },
    Setting { name: "a merchant without a fence", fences: false, crashes: 1, copies: 1, ..ONE },
    Setting { name: "a merchant without a table of tokens", token_table: false, nights: 1, ..ONE },
    Setting { name: "a login that runs out", refusals: 1, ..ONE },
    Setting { name: "a journal that cannot be written", failed_writes: 1, ..ONE },
    Setting { name: "a lock and a journal that do not answer", silences: 1, crashes: 1, ..ONE },
    Setting { name: "the back/forward cache", visits: 1, ..ONE },
    Setting { name: "a network that goes away", outages: 1, delays: 1, copies: 1, ..ONE },
    Setting { name: "a webhook", reports: 1, copies: 1, ..ONE },
    Setting { name: "two tabs", ..TWO },
];

/// Explored by `make model`.
pub const LARGE: &[Setting] = &[
    Setting { name: "another card and a changed cart", tokens: 2, edits: 1, ..ONE },
    Setting { name: "another card after a crash", tokens: 2, crashes: 1, ..ONE },
    Setting { name: "two crashes", crashes: 2, ..ONE },
    Setting {
        name: "a crash, a night and a changed cart",
        crashes: 1,
        nights: 1,
        edits: 1,
        copies: 1,
        ..ONE
    },
    Setting { name: "every verdict and a crash", crashes: 1, verdicts: EVERY, ..ONE },
    Setting { name: "every verdict and two tokens", tokens: 2, copies: 1, verdicts: EVERY, ..ONE },
    Setting { name: "two tabs and declines", verdicts: &[Approve, Decline], ..TWO },
    Setting { name: "two tabs and a lock that does not answer", silences: 1, ..TWO },
    Setting { name: "two tabs and a crash", crashes: 1, ..TWO },
    Setting { name: "two tabs and the back/forward cache", visits: 1, ..TWO },
    Setting { name: "two tabs and a cart that changes", edits: 1, ..SHORT },
    Setting { name: "two tabs and two tokens", tokens: 2, ..SHORT },
    Setting { name: "two tabs and one token", ..SAME_TOKEN },
];
