//! The journal's record: what is written reads back, nothing else is half-read (D5), and tabs that share it take
//! nothing from each other (D6).
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

use payonce::attempt::{Attempt, BoundCart, Receipt, Session};
use payonce::cart::Cart;
use payonce::journal::{Discard, JournalErrorCode, MAX_LEN, Paid, Record, VERSION};
use payonce::key::{IdempotencyKey, SessionId};
use payonce::outcome::Text;
use payonce::token::{Fingerprint, Salt, SpentLedger};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::Value;

/// The largest integer that is read: 2^53 - 1.
const MAX: u64 = (1 << 53) - 1;

fn any_cart() -> impl Strategy<Value = Cart> {
    ("[!-~]{1,128}", prop::sample::select(vec!["USD", "JPY", "BHD"]), 0..=MAX).prop_map(
        |(hash, currency, total)| {
            let hash = serde_json::to_string(&hash).unwrap();
            Cart::from_json(&format!(r#"{{"hash":{hash},"currency":"{currency}","total":{total}}}"#)).unwrap()
        },
    )
}

fn any_bound() -> impl Strategy<Value = BoundCart> {
    (any_cart(), of(any_cart())).prop_map(|(cart, on_page)| BoundCart { cart, on_page })
}

fn any_text() -> impl Strategy<Value = Text> {
    "[!-~]{1,128}".prop_map(|text| Text::new(&text))
}

fn any_fingerprint() -> impl Strategy<Value = Fingerprint> {
    any::<u128>().prop_map(|bits| Fingerprint::parse(&format!("{bits:032x}")).unwrap())
}

fn any_key() -> impl Strategy<Value = IdempotencyKey> {
    any::<u128>().prop_map(IdempotencyKey::from_entropy)
}

fn any_session_id() -> impl Strategy<Value = SessionId> {
    any::<u128>().prop_map(SessionId::from_entropy)
}

fn any_session() -> impl Strategy<Value = Session> {
    (any_session_id(), any_bound(), of(any_text()), 0..=MAX)
        .prop_map(|(id, bound, provider_ref, created_at)| Session { id, bound, provider_ref, created_at })
}

fn any_attempt() -> impl Strategy<Value = Attempt> {
    (any_key(), any_session_id(), of(any_text()), any_bound(), any_fingerprint(), of(0..=MAX)).prop_map(
        |(key, session, provider_ref, bound, fingerprint, first_send)| Attempt {
            key,
            session,
            provider_ref,
            bound,
            fingerprint,
            first_send,
        },
    )
}

fn any_paid() -> impl Strategy<Value = Paid> {
    (any_key(), any_session_id(), of(any_text()), any_bound(), 0..=MAX, any::<bool>()).prop_map(
        |(key, session, reference, paid, at, acknowledged)| Paid {
            receipt: Receipt { key, session, reference, paid, at },
            acknowledged,
        },
    )
}

fn any_ledger() -> impl Strategy<Value = SpentLedger> {
    let spent = prop::collection::vec((any_fingerprint(), 0..=MAX), 0..6);
    (any::<u128>(), spent).prop_map(|(salt, spent)| {
        let mut ledger = SpentLedger::new(Salt::from_entropy(salt));
        spent.into_iter().for_each(|(fingerprint, at)| ledger.spend(fingerprint, at));
        ledger
    })
}

fn any_record() -> impl Strategy<Value = Record> {
    let discard = (any_session_id(), of(any_text()))
        .prop_map(|(session, provider_ref)| Discard { session, provider_ref });
    (any_ledger(), of(any_session()), of(any_attempt()), of(any_paid()), prop::collection::vec(discard, 0..4))
        .prop_map(|(ledger, session, open, paid, discards)| Record { ledger, session, open, paid, discards })
}

/// Every path to a member of `value`, and to an item of a list.
fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut go = |name: String, value: &Value| {
        let path = format!("{at}/{name}");
        paths(value, &path, found);
        found.push(path);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| go(name.clone(), value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(n, value)| go(n.to_string(), value)),
        _ => {}
    }
}

fn full() -> Record {
    let cart =
        |hash| Cart::from_json(&format!(r#"{{"hash":"{hash}","currency":"USD","total":1000}}"#)).unwrap();
    let bound = BoundCart { cart: cart("a1"), on_page: Some(cart("b2")) };
    let (session, provider_ref) = (SessionId::from_entropy(3), Some(Text::new("pi_1")));
    let mut ledger = SpentLedger::new(Salt::from_entropy(9));
    ledger.spend(Fingerprint::parse(&"0123456789abcdef".repeat(2)).unwrap(), 1_767_225_600_000);
    Record {
        session: Some(Session {
            id: session,
            bound: bound.clone(),
            provider_ref: provider_ref.clone(),
            created_at: 1_767_225_600_000,
        }),
        open: Some(Attempt {
            key: IdempotencyKey::from_entropy(1),
            session,
            provider_ref: provider_ref.clone(),
            bound: bound.clone(),
            fingerprint: ledger.entries()[0].fingerprint,
            first_send: Some(1_767_225_600_001),
        }),
        paid: Some(Paid {
            receipt: Receipt {
                key: IdempotencyKey::from_entropy(2),
                session,
                reference: Some(Text::new("ch_1")),
                paid: bound,
                at: 1_767_225_600_002,
            },
            acknowledged: false,
        }),
        discards: vec![Discard { session: SessionId::from_entropy(4), provider_ref }],
        ledger,
    }
}

/// A record that knows of nothing but the open attempt of `stored`.
fn known(stored: &Record) -> Record {
    let ledger = SpentLedger::new(stored.ledger.salt());
    Record { ledger, session: None, open: stored.open.clone(), paid: None, discards: vec![] }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn d5_what_was_written_reads_back(record in any_record()) {
        prop_assert_eq!(Record::decode(&record.encode()).unwrap(), record);
    }

    #[test]
    fn d5_no_text_makes_it_panic(text in ".{0,200}") {
        prop_assert!(Record::decode(&text).is_err());
    }

    #[test]
    fn d5_a_cut_off_record_is_an_error(record in any_record(), at in any::<prop::sample::Index>()) {
        let text = record.encode();
        prop_assert!(Record::decode(&text[..at.index(text.len())]).is_err());
    }

    #[test]
    fn d6_a_tab_without_the_lock_changes_no_open_attempt(
        ours in any_record(),
        stored in any_record(),
        base in of(any_record()),
        knows in any::<bool>(),
    ) {
        let base = if knows { Some(stored.clone()) } else { base };
        let merged = ours.merged(base.as_ref(), Some(stored.clone()), false).unwrap();
        prop_assert_eq!(&merged.open, &stored.open);
        if stored.open.is_some() {
            prop_assert_eq!(merged.session, stored.session);
        }
    }

    #[test]
    fn d6_nobody_forgets_what_another_tab_spent(
        mut ours in any_record(),
        stored in any_record(),
        holds_lock in any::<bool>(),
    ) {
        ours.ledger.set_salt(stored.ledger.salt());
        let mine = ours.ledger.clone();
        let base = known(&stored);
        let merged = ours.merged(Some(&base), Some(stored.clone()), holds_lock).unwrap();
        for spent in mine.entries().iter().chain(stored.ledger.entries()) {
            prop_assert!(merged.ledger.contains(spent.fingerprint));
        }
    }

    #[test]
    fn d6_nobody_forgets_what_another_tab_has_to_discard(
        ours in any_record(),
        stored in any_record(),
        holds_lock in any::<bool>(),
    ) {
        let mine = ours.discards.clone();
        let base = known(&stored);
        let merged = ours.merged(Some(&base), Some(stored.clone()), holds_lock).unwrap();
        for discard in mine.iter().chain(&stored.discards) {
            prop_assert!(merged.discards.contains(discard));
        }
    }

    #[test]
    fn d6_nobody_forgets_a_later_charge(
        ours in any_record(),
        stored in any_record(),
        holds_lock in any::<bool>(),
    ) {
        let latest = [&ours, &stored].into_iter().filter_map(|record| record.paid.as_ref());
        let latest = latest.map(|paid| paid.receipt.at).max();
        let base = known(&stored);
        let merged = ours.clone().merged(Some(&base), Some(stored.clone()), holds_lock).unwrap();
        prop_assert_eq!(merged.paid.map(|paid| paid.receipt.at), latest);
    }

    #[test]
    fn d6_the_holder_writes_its_own_attempt(ours in any_record(), stored in any_record(), base in of(any_record())) {
        let known = |record: &Record| record.open.as_ref().map(|attempt| attempt.key);
        let theirs = known(&stored);
        match ours.clone().merged(base.as_ref(), Some(stored), true) {
            Ok(merged) => {
                prop_assert_eq!(merged.open, ours.open);
                prop_assert_eq!(merged.session, ours.session);
            }
            // An attempt that the holder never heard of is not written over.
            Err(error) => {
                prop_assert_eq!(error.code.as_str(), "journal_conflict");
                prop_assert!(theirs.is_some() && theirs != known(&ours));
                prop_assert!(base.is_none_or(|base| known(&base) != theirs));
            }
        }
    }

    #[test]
    fn d6_nothing_stored_or_nothing_new_changes_nothing(ours in any_record(), stored in any_record()) {
        prop_assert_eq!(&ours.clone().merged(None, None, true).unwrap(), &ours);
        prop_assert_eq!(&ours.clone().merged(Some(&stored), Some(stored.clone()), true).unwrap(), &ours);
    }
}

#[test]
fn d6_an_attempt_of_which_the_holder_never_heard_is_not_written_over() {
    let keyed = |key| {
        let mut record = full();
        record.open.as_mut().unwrap().key = IdempotencyKey::from_entropy(key);
        record
    };
    let (ours, theirs) = (keyed(1), keyed(7));
    for (stored, base, written) in [
        (&theirs, None, false),
        (&theirs, Some(&ours), false),
        (&theirs, Some(&theirs), true),
        (&ours, None, true),
        (&ours, Some(&theirs), true),
    ] {
        // The record differs from what the holder knows, whichever attempt it names.
        let mut stored = stored.clone();
        stored.discards.clear();
        let merged = ours.clone().merged(base, Some(stored), true);
        assert_eq!(merged.map(|merged| merged.open).ok(), written.then_some(ours.open.clone()));
    }
}

#[test]
fn d6_of_two_ledgers_with_their_own_salts_the_holders_stands() {
    let (ours, mut stored) = (full(), full());
    stored.ledger.set_salt(Salt::from_entropy(8));
    for (holds_lock, salt) in [(true, ours.ledger.salt()), (false, stored.ledger.salt())] {
        let merged = ours.clone().merged(None, Some(Record { open: None, ..stored.clone() }), holds_lock);
        assert_eq!(merged.unwrap().ledger.salt(), salt);
    }
}

#[test]
fn d6_what_this_tab_took_back_or_finished_stays_so() {
    let mut ours = full();
    let base = full();
    let spent = base.ledger.entries()[0];
    ours.ledger.release(spent.fingerprint, Some(spent.at));
    ours.discards.clear();
    ours.paid = None;
    // Another tab wrote something else meanwhile.
    let mut stored = full();
    let news = Fingerprint::parse(&"fedcba9876543210".repeat(2)).unwrap();
    stored.ledger.spend(news, 5);
    let merged = ours.merged(Some(&base), Some(stored), true).unwrap();
    assert_eq!(merged.ledger.entries().iter().map(|spent| spent.fingerprint).collect::<Vec<_>>(), [news]);
    assert!(merged.discards.is_empty());
    assert_eq!(merged.paid, None);
}

#[test]
fn t3_what_this_tab_took_back_and_another_one_spent_again_is_spent() {
    let (mut ours, base, mut stored) = (full(), full(), full());
    let spent = base.ledger.entries()[0];
    for record in [&mut ours, &mut stored] {
        record.ledger.release(spent.fingerprint, Some(spent.at));
    }
    stored.ledger.spend(spent.fingerprint, spent.at + 1);
    for holds_lock in [true, false] {
        let merged = ours.clone().merged(Some(&base), Some(stored.clone()), holds_lock).unwrap();
        assert_eq!(merged.ledger.entries(), stored.ledger.entries());
    }
}

#[test]
fn d6_a_receipt_that_one_tab_has_shown_is_seen() {
    let (ours, mut stored) = (full(), full());
    stored.paid.as_mut().unwrap().acknowledged = true;
    assert!(ours.merged(None, Some(stored), false).unwrap().paid.unwrap().acknowledged);
}

#[test]
fn d6_of_two_charges_in_one_millisecond_the_one_that_this_tab_shows_stays() {
    let (ours, mut stored) = (full(), full());
    let other = IdempotencyKey::from_entropy(77);
    stored.paid.as_mut().unwrap().receipt.key = other;
    let key = |merged: Record| merged.paid.unwrap().receipt.key;
    assert_ne!(key(ours.clone().merged(None, Some(stored.clone()), false).unwrap()), other);
    stored.paid.as_mut().unwrap().receipt.at += 1;
    assert_eq!(key(ours.merged(None, Some(stored), false).unwrap()), other);
}

#[test]
fn d5_a_member_that_is_missing_or_of_another_kind_is_an_error() {
    let whole: Value = serde_json::from_str(&full().encode()).unwrap();
    let mut all = Vec::new();
    paths(&whole, "", &mut all);
    assert!(all.len() > 40, "{all:?}");
    for path in &all {
        let (parent, name) = path.rsplit_once('/').unwrap();
        let with = |change: &dyn Fn(&mut Value)| {
            let mut changed = whole.clone();
            change(&mut changed);
            (Record::decode(&changed.to_string()), changed)
        };
        let (dropped, _) = with(&|value| {
            let parent = if parent.is_empty() { value } else { value.pointer_mut(parent).unwrap() };
            match parent {
                Value::Object(members) => _ = members.remove(name),
                Value::Array(items) => _ = items.remove(name.parse().unwrap()),
                _ => panic!("{path}"),
            }
        });
        let item_of_a_list = matches!(path.as_str(), "/spent/0" | "/discards/0");
        assert_eq!(dropped.is_err(), !item_of_a_list, "{path} dropped: {dropped:?}");
        for other in [Value::from(1.5), Value::from(-1), Value::from("?\u{0}"), Value::from(Vec::<u8>::new())]
        {
            let (read, changed) = with(&|value| *value.pointer_mut(path).unwrap() = other.clone());
            let fits = match changed.pointer(path).unwrap() {
                Value::Array(_) => matches!(path.as_str(), "/spent" | "/discards"),
                // Text from outside that may not be shown is `unknown`, as everywhere.
                Value::String(_) => path.ends_with("/providerRef") || path.ends_with("/reference"),
                _ => false,
            };
            assert_eq!(read.is_ok(), fits, "{path} = {other}: {read:?}");
        }
    }
}

#[test]
fn d5_a_byte_more_or_less_is_an_error_or_makes_another_whole_record() {
    let text = full().encode();
    let judge = |bytes: Vec<u8>| {
        // What is read is whole: it says of itself exactly what it was read from.
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(read) = Record::decode(&text)
        {
            assert_eq!(Record::decode(&read.encode()).unwrap(), read, "{text}");
            assert!(read.open.is_some(), "an open attempt was lost: {text}");
        }
    };
    for at in 0..text.len() {
        let mut deleted = text.clone().into_bytes();
        deleted.remove(at);
        judge(deleted);
        for bit in 0..8 {
            let mut flipped = text.clone().into_bytes();
            flipped[at] ^= 1 << bit;
            judge(flipped);
        }
    }
}

#[test]
fn d5_errors_say_where() {
    let text = full().encode();
    let path = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let error = Record::decode(&changed).unwrap_err();
        assert_eq!(error.code, JournalErrorCode::Corrupt);
        (error.path.clone(), error.to_string())
    };
    assert_eq!(path("\"firstSend\":1767225600001", "\"firstSend\":true").0, "open.firstSend");
    assert_eq!(path("0123456789abcdef", "0123456789abcdeg").0, "spent[0]");
    assert_eq!(path("\"salt\":\"", "\"salt\":\"x").1, "journal_corrupt at `salt`");
    assert_eq!(path("{\"version\":1,", "{").0, "version");
}

#[test]
fn d5_a_newer_version_is_told_from_a_corrupt_one() {
    let newer = full().encode().replacen(&format!("\"version\":{VERSION}"), "\"version\":2", 1);
    let error = Record::decode(&newer).unwrap_err();
    assert_eq!((error.code, error.code.as_str()), (JournalErrorCode::Newer, "journal_newer"));
    // Whatever else a newer version may hold.
    assert_eq!(Record::decode(r#"{"version":7}"#).unwrap_err().code, JournalErrorCode::Newer);
    assert_eq!(Record::decode(r#"{"version":0}"#).unwrap_err().code.as_str(), "journal_corrupt");
    assert_eq!(Record::decode("").unwrap_err().code.as_str(), "journal_corrupt");
}

#[test]
fn d5_the_largest_record_reads_back() {
    let mut record = full();
    for at in 0..u128::try_from(SpentLedger::CAPACITY).unwrap() {
        record.ledger.spend(Fingerprint::parse(&format!("{at:032x}")).unwrap(), u64::MAX >> 11);
    }
    let text = record.encode();
    assert_eq!(Record::decode(&text).unwrap(), record);
    // Up to a length, whatever it is.
    assert!(Record::decode(&format!("{text}{}", " ".repeat(MAX_LEN - text.len()))).is_ok());
}

#[test]
fn e1_an_endless_record_is_refused() {
    let padded = format!("{}{}", full().encode(), " ".repeat(MAX_LEN));
    assert!(Record::decode(&padded).is_err());
}

#[test]
fn t6_a_record_holds_no_line_of_the_cart() {
    let text = r#"{"currency":"USD","lines":[{"id":"ring","quantity":1,"unitAmount":1,"options":{"engraving":"Ada"}}],"total":1}"#;
    let mut record = full();
    record.session.as_mut().unwrap().bound = BoundCart::new(Cart::from_json(text).unwrap());
    let kept = record.encode();
    assert!(!kept.contains("Ada") && !kept.contains("ring"));
    // And reads back as a cart that is the same to pay.
    let read = Record::decode(&kept).unwrap();
    assert!(read.session.unwrap().bound.covers(&Cart::from_json(text).unwrap()));
}
