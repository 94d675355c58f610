//! Every fault is found: the world is broken in one place, and the search must come back with the shortest story of how
//! that costs somebody something.
#![forbid(unsafe_code)]
#![allow(clippy::panic, reason = "a test fails by panicking")]
#![expect(
    clippy::print_stderr,
    reason = "the stories are worth reading: cargo test -p payonce-model -- --nocapture"
)]

use payonce_model::Verdict;
use payonce_model::faults::Fault;
use payonce_model::promises::Promise;
use payonce_model::search::explore;
use payonce_model::setting::Setting;
use payonce_model::settings::SAME_TOKEN;

/// Searches the broken world, and the same world unbroken, in which nothing may be found up to there.
fn finds(fault: Fault, world: Setting, promises: &[Promise]) {
    // The shortest way to something wrong; where nothing is, perhaps the shopper is stuck.
    let world = world.broken(fault);
    let found = explore(&world, 0, |_| {}).and_then(|_| explore(&world, 1, |_| {}));
    let Err(counterexample) = found else { panic!("{fault:?} was not found: {found:?}") };
    eprintln!("{fault:?}\n{counterexample}\n");
    assert!(promises.contains(&counterexample.broken.promise), "{fault:?}: {}", counterexample.broken);
}

const WORLD: Setting = Setting::BASE;

#[test]
fn a_fence_that_is_only_a_word() {
    finds(Fault::FenceIsAWord, WORLD, &[Promise::FailureIsTrue]);
}

#[test]
fn a_key_that_is_not_unique() {
    finds(Fault::KeyIsNotUnique, WORLD, &[Promise::OneChargePerSession]);
}

#[test]
fn charges_that_are_not_looked_at() {
    finds(Fault::ChargesNotLookedAt, Setting { nights: 1, ..WORLD }, &[Promise::FailureIsTrue]);
}

#[test]
fn an_attempt_that_is_sent_before_it_is_written() {
    finds(Fault::SentBeforeWritten, Setting { crashes: 1, ..WORLD }, &[Promise::JournalFirst]);
}

#[test]
fn a_ledger_that_a_reload_forgets() {
    let world = Setting { crashes: 1, ..WORLD };
    finds(Fault::LedgerLost, world, &[Promise::TokenUnderOneKey]);
}

#[test]
fn a_salt_that_a_reload_forgets() {
    finds(Fault::SaltLost, Setting { crashes: 1, ..WORLD }, &[Promise::TokenUnderOneKey]);
}

#[test]
fn a_journal_that_is_written_over() {
    let world = Setting { tokens: 2, ..Setting::TABS };
    finds(
        Fault::JournalNotMerged,
        world,
        &[Promise::TokenUnderOneKey, Promise::NoUnseenCharge, Promise::JournalFirst],
    );
}

#[test]
fn a_release_that_takes_everybodys_mark() {
    finds(Fault::EverybodysMarkReleased, SAME_TOKEN, &[Promise::TokenUnderOneKey]);
}

#[test]
fn a_token_in_the_journal() {
    finds(Fault::TokenInJournal, WORLD, &[Promise::NoSecretInJournal]);
}

#[test]
fn a_lock_that_everybody_gets() {
    let world = Setting { tokens: 2, ..Setting::TABS };
    finds(
        Fault::NoLock,
        world,
        &[Promise::OneAttemptAtATime, Promise::NoUnseenCharge, Promise::JournalFirst],
    );
}

#[test]
fn a_journal_that_is_not_read_under_the_lock() {
    finds(Fault::JournalNotReread, Setting { tokens: 2, ..Setting::TABS }, &[Promise::TokenUnderOneKey]);
}

#[test]
fn a_timeout_that_is_taken_for_a_refusal() {
    finds(Fault::TimeoutIsRefusal, WORLD, &[Promise::FailureIsTrue]);
}

#[test]
fn a_refusal_of_a_resend_that_is_believed() {
    finds(Fault::RefusalOfResendBelieved, Setting { refusals: 1, ..WORLD }, &[Promise::FailureIsTrue]);
}

#[test]
fn a_pending_that_is_taken_for_voided() {
    let world = Setting { verdicts: &[Verdict::Approve, Verdict::Ponder], ..WORLD };
    finds(Fault::PendingIsVoided, world, &[Promise::FailureIsTrue]);
}

#[test]
fn answers_that_are_mixed_up() {
    let world = Setting { tokens: 2, ..WORLD };
    finds(Fault::AnswersMixedUp, world, &[Promise::FailureIsTrue, Promise::SuccessIsTrue]);
}

#[test]
fn a_changed_cart_that_is_not_handed_over() {
    finds(Fault::CartChangeIgnored, Setting { edits: 1, ..WORLD }, &[Promise::AgreedCart]);
}

#[test]
fn a_closed_sheet_that_is_taken_for_a_refusal() {
    finds(Fault::CancelIsRefusal, WORLD, &[Promise::FailureIsTrue]);
}

#[test]
fn a_key_for_each_request() {
    finds(Fault::KeyPerRequest, WORLD, &[Promise::FailureIsTrue, Promise::SuccessIsTrue]);
}

#[test]
fn a_clock_that_stands_still() {
    let world = Setting { nights: 1, token_table: false, ..WORLD };
    finds(Fault::ClockStandsStill, world, &[Promise::OneChargePerSession]);
}

#[test]
fn randomness_that_is_none() {
    let world = Setting { tokens: 2, ..WORLD };
    finds(Fault::NoRandomness, world, &[Promise::SameBytes, Promise::NeverStuck]);
}

#[test]
fn a_sheet_that_shows_an_old_cart() {
    let world = Setting { edits: 1, edits_in_sheet: true, ..WORLD };
    finds(Fault::SheetNotUpdated, world, &[Promise::AgreedCart]);
}
