//! What stands in the journal: whatever a disk, another version or a curious shopper left there.

use payonce::journal::{JournalErrorCode, Record};
use payonce::token::Salt;

/// Up to three records, separated by a zero byte: what this tab writes, what is stored by now, what it knew of that.
pub fn check(data: &[u8]) {
    let mut texts = data.split(|&byte| byte == 0).map(String::from_utf8_lossy);
    let mut next = || texts.next().and_then(|text| read(&text));
    let (Some(ours), stored, base) = (next(), next(), next()) else { return };
    for holds_lock in [true, false] {
        merge(&ours, stored.as_ref(), base.as_ref(), holds_lock);
    }
}

/// A record is read as a whole, and reads the same when it is written again; or what is left of it is an open attempt.
fn read(text: &str) -> Option<Record> {
    match Record::decode(text) {
        Ok(record) => {
            assert_eq!(
                Record::decode(&record.encode()).as_ref(),
                Ok(&record),
                "it reads back as another one"
            );
            Some(record)
        }
        Err(_) => {
            let saved = Record::salvage(text, Salt::from_entropy(1)).ok()?;
            if saved.is_none()
                && let Ok(serde_json::Value::Object(members)) = serde_json::from_str(text)
            {
                let named = members.get("open").is_some_and(|open| !open.is_null());
                assert!(!named, "an open attempt was taken for none");
            }
            assert!(saved.as_ref().is_none_or(|record| record.open.is_some()), "saved for nothing");
            saved
        }
    }
}

/// Nothing that one tab knows is forgotten because another one writes.
fn merge(ours: &Record, stored: Option<&Record>, base: Option<&Record>, holds_lock: bool) {
    let merged = match ours.clone().merged(base, stored.cloned(), holds_lock) {
        Ok(merged) => merged,
        Err(error) => {
            assert_eq!(error.code, JournalErrorCode::Conflict);
            let theirs = stored.and_then(|record| record.open.as_ref());
            assert!(holds_lock && theirs.is_some(), "there is nothing to be in conflict with");
            return;
        }
    };
    assert_eq!(
        Record::decode(&merged.encode()).as_ref(),
        Ok(&merged),
        "a merged record reads back as another"
    );
    let Some(stored) = stored else {
        assert_eq!(&merged, ours);
        return;
    };
    assert_eq!(
        merged.open,
        if holds_lock { &ours.open } else { &stored.open }.clone(),
        "whose attempt is it"
    );
    assert!(
        ours.discards.iter().all(|discard| merged.discards.contains(discard)),
        "a discard of ours is lost"
    );
    let known = |fingerprint| base.is_some_and(|base| base.ledger.contains(fingerprint));
    if merged.ledger.salt() == ours.ledger.salt() && ours.ledger.salt() == stored.ledger.salt() {
        let room = ours.ledger.entries().len() + stored.ledger.entries().len() <= 1024;
        let kept = |fingerprint| merged.ledger.contains(fingerprint) || known(fingerprint);
        for spent in stored.ledger.entries() {
            assert!(!room || kept(spent.fingerprint), "a spent token of another tab is forgotten");
        }
    }
    let news = base.is_none_or(|base| base.paid != stored.paid);
    assert!(!news || stored.paid.is_none() || merged.paid.is_some(), "a charge of another tab is forgotten");
}
