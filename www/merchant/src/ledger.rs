//! The ledger: one SQLite file that holds every key, spent token and charge, and the rules about them.
//!
//! An attempt goes through two steps. *Admitting* it writes the key's row and takes the token; *concluding* it writes
//! the charge and the answer. Both are one transaction unless something (a slow bank) lies between them, and whoever
//! asks in between is told `in flight`. A *fence* (tombstone) is a row too, so the primary key decides any race
//! between an attempt and the settle that gives it up.
//!
//! Keys are forgotten after [`KEY_LIFETIME`]. Charges, spent tokens and fences are not: "it can never be charged" has
//! no end.
#![forbid(unsafe_code)]

use crate::answer::{Answer, Verdict};
use crate::attempt::{Attempt, Digest256, IdempotencyKey};
use crate::cards::{self, Decision};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Result, Row, Transaction, TransactionBehavior, ffi, params};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Milliseconds since the Unix epoch.
pub type Millis = i64;

/// How long an answer is kept under its key: 24 h, as Stripe documents for its own
/// (<https://docs.stripe.com/api/idempotent_requests>).
pub const KEY_LIFETIME: Millis = 24 * 60 * 60 * 1000;

const SCHEMA_VERSION: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE attempts (
        key       TEXT PRIMARY KEY,
        state     TEXT NOT NULL,
        at        INTEGER NOT NULL,
        -- Empty in the fence of a key that never came.
        request   BLOB,
        token     BLOB,
        session   TEXT,
        cart_hash TEXT,
        amount    INTEGER,
        currency  TEXT,
        -- The answer, once there is one.
        code      TEXT,
        status    INTEGER,
        body      TEXT
    ) STRICT;
    CREATE INDEX attempts_by_age ON attempts (at);
    CREATE TABLE tokens (fingerprint BLOB PRIMARY KEY, key TEXT NOT NULL) STRICT;
    CREATE TABLE charges (
        reference TEXT PRIMARY KEY,
        key       TEXT NOT NULL,
        session   TEXT NOT NULL,
        cart_hash TEXT NOT NULL,
        amount    INTEGER NOT NULL,
        currency  TEXT NOT NULL,
        at        INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX charges_by_key ON charges (key);
    CREATE INDEX charges_by_session ON charges (session);
    CREATE TABLE discarded (session TEXT PRIMARY KEY, provider_ref TEXT, at INTEGER NOT NULL) STRICT;
    CREATE TABLE arrivals (key TEXT PRIMARY KEY, count INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
    CREATE INDEX arrivals_by_age ON arrivals (at);
    CREATE TABLE counters (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
";

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    InFlight,
    ActionRequired,
    Approved,
    Declined,
    Rejected,
    Voided,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::ActionRequired => "action_required",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Rejected => "rejected",
            Self::Voided => "voided",
        }
    }

    const fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Approved { .. } => Self::Approved,
            Verdict::Declined { .. } => Self::Declined,
            Verdict::ActionRequired { .. } => Self::ActionRequired,
            Verdict::Rejected { .. } => Self::Rejected,
            Verdict::Voided => Self::Voided,
        }
    }
}

impl ToSql for State {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        [Self::InFlight, Self::ActionRequired, Self::Approved, Self::Declined, Self::Rejected, Self::Voided]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(FromSqlError::InvalidType)
    }
}

/// What the ledger holds about a key that it knows.
struct Known {
    state: State,
    request: Option<Digest256>,
    answer: Option<Answer>,
}

impl Known {
    /// What a further send of the same attempt is told.
    fn reply(self) -> Answer {
        match (self.state, self.answer) {
            (State::Voided, _) => Verdict::Voided.answer(),
            (_, Some(answer)) => answer,
            (_, None) => Answer::in_flight(),
        }
    }
}

/// When a transaction is written to disk. All are in the order in which they were made.
#[derive(Clone, Copy)]
enum Sync {
    /// When it is committed.
    Now,
    /// With the next one that is written when it is committed. Until then it outlives the process, but not the machine.
    Later,
}

impl Sync {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Now => "full",
            Self::Later => "normal",
        }
    }
}

/// The durable truth about every attempt.
///
/// One process owns the file: it is locked for as long as the ledger is open, because an attempt found in flight at
/// the start is taken for a leftover of the process before.
pub struct Ledger {
    connection: Mutex<Connection>,
}

impl Ledger {
    /// Opens the file, creating it where it is missing.
    ///
    /// # Errors
    /// SQLite's, in particular `SQLITE_BUSY` while another process has it open.
    pub fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        // A little longer than the process before may take to stop.
        connection.busy_timeout(Duration::from_secs(3))?;
        connection.pragma_update(None, "locking_mode", "exclusive")?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        let ledger = Self { connection: Mutex::new(connection) };
        ledger.write(|tx| {
            match tx.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
                0 => {
                    tx.execute_batch(SCHEMA)?;
                    tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
                }
                SCHEMA_VERSION => {}
                other => {
                    let found = format!("the ledger has version {other}, not {SCHEMA_VERSION}");
                    return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_MISMATCH), Some(found)));
                }
            }
            // The process before died between admitting and concluding these: no bank saw them. Forgotten, they can
            // be sent again or fenced.
            tx.execute_batch(
                "DELETE FROM tokens WHERE fingerprint IN (SELECT token FROM attempts WHERE state = 'in_flight');
                 DELETE FROM attempts WHERE state = 'in_flight';",
            )
        })?;
        Ok(ledger)
    }

    /// Counts one `POST /attempts`, whatever becomes of it. A count is nobody's money: it reaches the disk with the next
    /// transaction that waits for it.
    ///
    /// # Errors
    /// SQLite's.
    pub fn arrived(&self, key: Option<&IdempotencyKey>, now: Millis) -> Result<()> {
        self.transact(Sync::Later, |tx| {
            count(tx, "arrivals")?;
            if let Some(key) = key {
                tx.execute(
                    "INSERT INTO arrivals (key, count, at) VALUES (?1, 1, ?2)
                     ON CONFLICT (key) DO UPDATE SET count = count + 1",
                    params![key.as_str(), now],
                )?;
            }
            Ok(())
        })
    }

    /// Admits and concludes an attempt in one transaction.
    ///
    /// # Errors
    /// SQLite's. Nothing was charged then.
    pub fn process(&self, attempt: &Attempt, now: Millis) -> Result<Answer> {
        self.write(|tx| match admit(tx, attempt, now)? {
            Some(answer) => Ok(answer),
            None => conclude(tx, &attempt.key, State::InFlight, decide(attempt), now),
        })
    }

    /// Only admits an attempt: writes the key's row and takes the token. `None` means that it is for the caller to
    /// [`conclude`](Self::conclude) it; otherwise this is the answer.
    ///
    /// # Errors
    /// SQLite's. The attempt is not admitted then.
    pub fn admit(&self, attempt: &Attempt, now: Millis) -> Result<Option<Answer>> {
        self.write(|tx| admit(tx, attempt, now))
    }

    /// Concludes an attempt that was admitted.
    ///
    /// # Errors
    /// SQLite's. Nothing was charged then.
    pub fn conclude(&self, attempt: &Attempt, now: Millis) -> Result<Answer> {
        self.write(|tx| conclude(tx, &attempt.key, State::InFlight, decide(attempt), now))
    }

    /// Tells the outcome of a key, or makes sure that it can never be charged.
    ///
    /// # Errors
    /// SQLite's. Nothing was fenced then.
    pub fn settle(&self, key: &IdempotencyKey, now: Millis) -> Result<Answer> {
        self.write(|tx| {
            count(tx, "settles")?;
            forget(tx, now)?;
            let answer = match find(tx, key)? {
                Some(Known { state: State::InFlight, .. }) => {
                    Answer::new(200, &json!({ "outcome": "pending" }))
                }
                Some(Known { state: State::ActionRequired, .. }) => fence(tx, key, now)?,
                Some(known) => known.reply(),
                // The answer may be forgotten. The charge is not.
                None => match charged(tx, key)? {
                    Some(approved) => approved.answer(),
                    None => fence(tx, key, now)?,
                },
            };
            // Settling succeeded, whatever it found.
            Ok(Answer { status: 200, replayed: false, ..answer })
        })
    }

    /// Finishes a challenge. `None` where the key waits for none and never did.
    ///
    /// # Errors
    /// SQLite's. The challenge is still open then.
    pub fn challenge(&self, key: &IdempotencyKey, passed: bool, now: Millis) -> Result<Option<Answer>> {
        self.write(|tx| {
            forget(tx, now)?;
            match find(tx, key)? {
                None => Ok(None),
                Some(Known { state: State::ActionRequired, .. }) => {
                    let decision =
                        if passed { Decision::Charge } else { Decision::Decline("authentication_failed") };
                    conclude(tx, key, State::ActionRequired, decision, now).map(Some)
                }
                Some(known) => Ok(Some(known.reply())),
            }
        })
    }

    /// Discards a session, so that nothing is charged for it any more. `false` where it is paid already.
    ///
    /// # Errors
    /// SQLite's. The session is not discarded then.
    pub fn discard(&self, session: Uuid, provider_ref: Option<&str>, now: Millis) -> Result<bool> {
        self.write(|tx| {
            let session = session.to_string();
            if exists(tx, "SELECT 1 FROM charges WHERE session = ?1", &session)? {
                return Ok(false);
            }
            tx.execute(
                "INSERT INTO discarded (session, provider_ref, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                params![session, provider_ref, now],
            )?;
            Ok(true)
        })
    }

    /// Everything, for whoever wants to check. Of a token it shows the first 64 bits of its SHA-256.
    ///
    /// # Errors
    /// SQLite's.
    pub fn page(&self) -> Result<Value> {
        self.write(|tx| {
            Ok(json!({
                "charges": rows(
                    tx,
                    "SELECT key, session, cart_hash, amount, currency, reference, at FROM charges ORDER BY rowid",
                    |row| Ok(json!({
                        "key": row.get::<_, String>(0)?,
                        "session": row.get::<_, String>(1)?,
                        "cartHash": row.get::<_, String>(2)?,
                        "amount": row.get::<_, i64>(3)?,
                        "currency": row.get::<_, String>(4)?,
                        "reference": row.get::<_, String>(5)?,
                        "at": row.get::<_, Millis>(6)?,
                    })),
                )?,
                "attempts": rows(
                    tx,
                    "SELECT key, session, cart_hash, state, coalesce(count, 0), code
                     FROM attempts LEFT JOIN arrivals USING (key) ORDER BY attempts.rowid",
                    |row| Ok(json!({
                        "key": row.get::<_, String>(0)?,
                        "session": row.get::<_, Option<String>>(1)?,
                        "cartHash": row.get::<_, Option<String>>(2)?,
                        "state": row.get::<_, State>(3)?.as_str(),
                        "arrivals": row.get::<_, i64>(4)?,
                        "code": row.get::<_, Option<String>>(5)?,
                    })),
                )?,
                "tokens": rows(
                    tx,
                    "SELECT lower(hex(substr(fingerprint, 1, 8))), key FROM tokens ORDER BY rowid",
                    |row| Ok(json!({
                        "fingerprint": row.get::<_, String>(0)?,
                        "key": row.get::<_, String>(1)?,
                    })),
                )?,
                "discarded": rows(
                    tx,
                    "SELECT session, provider_ref, at FROM discarded ORDER BY rowid",
                    |row| Ok(json!({
                        "session": row.get::<_, String>(0)?,
                        "providerRef": row.get::<_, Option<String>>(1)?,
                        "at": row.get::<_, Millis>(2)?,
                    })),
                )?,
                "arrivals": counted(tx, "arrivals")?,
                "settles": counted(tx, "settles")?,
            }))
        })
    }

    /// Empties everything.
    ///
    /// # Errors
    /// SQLite's. Nothing is gone then.
    pub fn clear(&self) -> Result<()> {
        self.write(|tx| {
            tx.execute_batch(
                "DELETE FROM attempts; DELETE FROM tokens; DELETE FROM charges; DELETE FROM discarded;
                 DELETE FROM arrivals; DELETE FROM counters;",
            )
        })
    }

    /// Runs `work` in one transaction that is on disk when this returns.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.transact(Sync::Now, work)
    }

    /// Runs `work` in one transaction that holds the write lock from its start.
    fn transact<T>(&self, sync: Sync, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        // A panic while the lock was held rolled its transaction back: the connection is sound.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.pragma_update(None, "synchronous", sync.as_str())?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&tx)?;
        tx.commit()?;
        Ok(value)
    }
}

/// What is to become of an attempt that was admitted.
fn decide(attempt: &Attempt) -> Decision {
    if attempt.computed_hash != attempt.cart_hash {
        return Decision::Refuse { code: "cart_hash_mismatch", may_retry: false };
    }
    cards::decide(&attempt.token, attempt.details.as_ref())
}

fn admit(tx: &Transaction<'_>, attempt: &Attempt, now: Millis) -> Result<Option<Answer>> {
    forget(tx, now)?;
    if let Some(known) = find(tx, &attempt.key)? {
        // A fence holds whatever the bytes.
        let same = known.state == State::Voided || known.request == Some(attempt.request);
        return Ok(Some(if same { known.reply() } else { Answer::open(422, "idempotency_key_reused") }));
    }
    let key = attempt.key.as_str();
    let fingerprint = attempt.fingerprint();
    let taken = tx.execute(
        "INSERT INTO tokens (fingerprint, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![fingerprint, key],
    )?;
    if taken == 0 {
        // Perhaps by the very purchase that this one repeats: it is not for this answer to call it failed.
        return Ok(Some(Answer::open(409, "token_already_used")));
    }
    tx.execute(
        "INSERT INTO attempts (key, state, at, request, token, session, cart_hash, amount, currency)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            key,
            State::InFlight,
            now,
            attempt.request,
            fingerprint,
            attempt.session,
            attempt.cart_hash,
            attempt.amount,
            attempt.currency
        ],
    )?;
    Ok(None)
}

/// Writes the outcome of the attempt `key`, which is expected to stand at `from`.
fn conclude(
    tx: &Transaction<'_>,
    key: &IdempotencyKey,
    from: State,
    decision: Decision,
    now: Millis,
) -> Result<Answer> {
    let open = tx
        .query_row(
            "SELECT session, cart_hash, amount, currency FROM attempts WHERE key = ?1 AND state = ?2",
            params![key.as_str(), from],
            |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    let Some((session, cart_hash, amount, currency)) = open else {
        // The ledger was emptied while the bank was thinking. Without its row the attempt must not be charged.
        return Ok(Verdict::Voided.answer());
    };
    // The bank took the token when it asked for the challenge.
    let token_consumed = from == State::ActionRequired;
    let verdict = if exists(tx, "SELECT 1 FROM discarded WHERE session = ?1", &session)? {
        Verdict::Rejected { code: "session_discarded", token_consumed, may_retry: false }
    } else {
        match decision {
            // On purpose a session that is paid already is charged again: that this never comes is what payonce is
            // there for, and a merchant that caught it would hide that from every test.
            Decision::Charge => {
                let reference = format!("ch_{}", Uuid::new_v4().simple());
                tx.execute(
                    "INSERT INTO charges (reference, key, session, cart_hash, amount, currency, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![reference, key.as_str(), session, cart_hash, amount, currency, now],
                )?;
                Verdict::Approved { reference, amount, currency, cart_hash }
            }
            Decision::Decline(code) => Verdict::Declined { code },
            Decision::Challenge => Verdict::ActionRequired { key: key.clone() },
            Decision::Refuse { code, may_retry } => Verdict::Rejected { code, token_consumed, may_retry },
        }
    };
    if let Verdict::Rejected { token_consumed: false, .. } = verdict {
        tx.execute(
            "DELETE FROM tokens WHERE fingerprint = (SELECT token FROM attempts WHERE key = ?1)",
            [key.as_str()],
        )?;
    }
    let answer = verdict.answer();
    tx.execute(
        "UPDATE attempts SET state = ?2, code = ?3, status = ?4, body = ?5 WHERE key = ?1",
        params![key.as_str(), State::of(&verdict), verdict.code(), answer.status, answer.body],
    )?;
    Ok(answer)
}

/// Makes sure that the key can never be charged.
fn fence(tx: &Transaction<'_>, key: &IdempotencyKey, now: Millis) -> Result<Answer> {
    tx.execute(
        "INSERT INTO attempts (key, state, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET state = excluded.state, status = NULL, body = NULL",
        params![key.as_str(), State::Voided, now],
    )?;
    Ok(Verdict::Voided.answer())
}

/// What is known about a key. Its answer, where it has one, was given before.
fn find(tx: &Transaction<'_>, key: &IdempotencyKey) -> Result<Option<Known>> {
    tx.query_row("SELECT state, request, status, body FROM attempts WHERE key = ?1", [key.as_str()], |row| {
        let answer = row.get::<_, Option<u16>>(2)?.zip(row.get::<_, Option<String>>(3)?);
        Ok(Known {
            state: row.get(0)?,
            request: row.get(1)?,
            answer: answer.map(|(status, body)| Answer { status, body, replayed: true, retry_after: None }),
        })
    })
    .optional()
}

/// The charge that a forgotten key has led to.
fn charged(tx: &Transaction<'_>, key: &IdempotencyKey) -> Result<Option<Verdict>> {
    tx.query_row(
        "SELECT reference, amount, currency, cart_hash FROM charges WHERE key = ?1 ORDER BY rowid DESC",
        [key.as_str()],
        |row| {
            Ok(Verdict::Approved {
                reference: row.get(0)?,
                amount: row.get(1)?,
                currency: row.get(2)?,
                cart_hash: row.get(3)?,
            })
        },
    )
    .optional()
}

/// What forgets keys whose time is over. Not fences, and not what is still being processed. Every attempt does it, so
/// there is an index for each.
const FORGET: [&str; 2] = [
    "DELETE FROM attempts WHERE at <= ?1 AND state NOT IN ('voided', 'in_flight')",
    "DELETE FROM arrivals WHERE at <= ?1",
];

fn forget(tx: &Transaction<'_>, now: Millis) -> Result<()> {
    let oldest = now.saturating_sub(KEY_LIFETIME);
    for delete in FORGET {
        tx.execute(delete, [oldest])?;
    }
    Ok(())
}

fn count(tx: &Transaction<'_>, name: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO counters (name, count) VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1",
        [name],
    )?;
    Ok(())
}

fn counted(tx: &Transaction<'_>, name: &str) -> Result<i64> {
    let count =
        tx.query_row("SELECT count FROM counters WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    Ok(count.unwrap_or(0))
}

fn exists(tx: &Transaction<'_>, sql: &str, value: &str) -> Result<bool> {
    tx.query_row(sql, [value], |_| Ok(())).optional().map(|row| row.is_some())
}

fn rows(tx: &Transaction<'_>, sql: &str, read: impl FnMut(&Row<'_>) -> Result<Value>) -> Result<Vec<Value>> {
    tx.prepare(sql)?.query_map([], read)?.collect()
}

#[cfg(test)]
mod tests {
    use super::{FORGET, SCHEMA};
    use rusqlite::Connection;

    #[test]
    fn forgetting_looks_only_at_what_is_old() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        for delete in FORGET {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {delete}")).unwrap();
            let step: String = plan.query_row([0], |row| row.get("detail")).unwrap();
            assert!(step.starts_with("SEARCH"), "{step}: {delete}");
        }
    }
}
