//! The reference merchant under load: how many requests a second, how long they take, and whether the ledger is right.
//!
//! `cargo bench --package payonce-merchant --bench load` starts the program as a process of its own, on loopback, once
//! with its ledger on disk and once in memory, and sends it 20,000 attempts over 16 connections that are kept alive. Of
//! those 30 % are duplicates: half of them at the same moment on another connection, half of them later. Some cards
//! are declined; some keys are settled, before, after and while they are sent. The speeds are only reported. The truth
//! is checked: whoever asks about a key is told the same, each key that is approved was charged once, and nothing else
//! was charged.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "what panics here has found something"
)]

#[path = "../tests/merchant/support.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod support;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::{Purchase, Scratch, attempt, connect, exchange_on, get};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Connections come in pairs, which meet to send two requests at the same moment.
const PAIRS: usize = 8;

/// In each round a pair pays once for each plan: 14 keys, 20 sends, 3 settles.
const ROUNDS: usize = 125;

const PLANS: [Plan; 14] = [
    Plan::Twins,
    Plan::Once,
    Plan::Later,
    Plan::SettledBefore,
    Plan::Once,
    Plan::Twins,
    Plan::Once,
    Plan::Later,
    Plan::SettledMeanwhile,
    Plan::Once,
    Plan::Twins,
    Plan::Once,
    Plan::Later,
    Plan::SettledAfter,
];

/// No round begins after that.
const LIMIT: Duration = Duration::from_secs(60);

/// One card in so many is declined.
const DECLINED: usize = 9;

/// What becomes of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Sent once.
    Once,
    /// Sent on both connections at the same moment.
    Twins,
    /// Sent, and sent again by the other connection in the next round.
    Later,
    /// Sent, then settled.
    SettledAfter,
    /// Sent on one connection and settled on the other at the same moment.
    SettledMeanwhile,
    /// Settled, then sent.
    SettledBefore,
}

/// One key, ready to be sent.
struct Key {
    name: String,
    quoted: String,
    body: String,
    plan: Plan,
    declined: bool,
}

impl Key {
    fn new(place: usize) -> Self {
        let declined = place.is_multiple_of(DECLINED);
        let purchase = Purchase::new(if declined { "insufficient_funds" } else { "approved" });
        Self {
            quoted: format!("\"{}\"", purchase.key),
            body: purchase.body(),
            plan: PLANS[place % PLANS.len()],
            name: purchase.key,
            declined,
        }
    }

    fn request(&self, settle: bool) -> Request<Full<Bytes>> {
        if settle {
            Request::post(format!("/attempts/{}/settle", self.name)).body(Full::default()).unwrap()
        } else {
            attempt(&[&self.quoted], &self.body)
        }
    }
}

/// One request of a connection.
struct Step {
    /// The place of its key.
    key: usize,
    settle: bool,
    /// Whether the other connection does its next step at the same moment.
    meet: bool,
}

/// What both connections of a pair do in a round. The last one has only what comes later.
fn steps(round: usize) -> [Vec<Step>; 2] {
    let mut steps = [Vec::new(), Vec::new()];
    for (place, plan) in PLANS.into_iter().enumerate() {
        let (one, other) = (place % 2, 1 - place % 2);
        let mut add = |connection: usize, round: usize, settle, meet| {
            steps[connection].push(Step { key: round * PLANS.len() + place, settle, meet });
        };
        if plan == Plan::Later && round > 0 {
            add(other, round - 1, false, false);
        }
        if round == ROUNDS {
            continue;
        }
        match plan {
            Plan::Once | Plan::Later => add(one, round, false, false),
            Plan::Twins => {
                add(one, round, false, true);
                add(other, round, false, true);
            }
            Plan::SettledAfter => {
                add(one, round, false, false);
                add(one, round, true, false);
            }
            Plan::SettledMeanwhile => {
                add(one, round, false, true);
                add(other, round, true, true);
            }
            Plan::SettledBefore => {
                add(one, round, true, false);
                add(one, round, false, false);
            }
        }
    }
    steps
}

/// What two connections share.
struct Pair {
    keys: Vec<Key>,
    meeting: Barrier,
    over: AtomicBool,
}

/// One reply.
struct Told {
    key: String,
    plan: Plan,
    declined: bool,
    kind: Kind,
    body: String,
    took: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Send,
    /// The answer was given before.
    Replay,
    Settle,
}

/// Does one connection's part of the work of a pair.
async fn work(address: SocketAddr, pair: Arc<Pair>, connection: usize, until: Instant) -> Vec<Told> {
    let mut sender = connect(address).await;
    let mut told = Vec::new();
    for round in 0..=ROUNDS {
        // Both or neither: one alone would wait for the other for ever.
        if Instant::now() > until {
            pair.over.store(true, Ordering::SeqCst);
        }
        pair.meeting.wait().await;
        if pair.over.load(Ordering::SeqCst) {
            break;
        }
        let [one, other] = steps(round);
        for Step { key, settle, meet } in if connection == 0 { one } else { other } {
            let key = &pair.keys[key];
            let request = key.request(settle);
            if meet {
                pair.meeting.wait().await;
            }
            let begin = Instant::now();
            let reply = exchange_on(&mut sender, request).await.expect("the merchant answers");
            let took = begin.elapsed();
            told.push(Told {
                key: key.name.clone(),
                plan: key.plan,
                declined: key.declined,
                kind: match (settle, reply.replayed()) {
                    (true, _) => Kind::Settle,
                    (false, true) => Kind::Replay,
                    (false, false) => Kind::Send,
                },
                body: reply.text,
                took,
            });
        }
    }
    told
}

/// The program, with a ledger of its own.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(database: &Path, page: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_payonce-merchant"));
        command.args(["--listen", "127.0.0.1:0", "--database"]).arg(database).arg("--static").arg(page);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().parse().unwrap();
        Self { child, address }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts load on a merchant, prints how it did, and checks what it says.
async fn load(name: &str, database: &Path, page: &Path) {
    let program = Program::start(database, page);
    let pairs: Vec<_> = (0..PAIRS)
        .map(|_| {
            let keys = (0..ROUNDS * PLANS.len()).map(Key::new).collect();
            Arc::new(Pair { keys, meeting: Barrier::new(2), over: AtomicBool::new(false) })
        })
        .collect();
    let begin = Instant::now();
    let mut workers = JoinSet::new();
    for pair in pairs {
        for connection in 0..2 {
            workers.spawn(work(program.address, Arc::clone(&pair), connection, begin + LIMIT));
        }
    }
    let mut told = Vec::new();
    while let Some(worker) = workers.join_next().await {
        told.extend(worker.unwrap());
    }
    let elapsed = begin.elapsed();
    report(name, &told, elapsed);
    check(&told, &get(program.address, "/ledger").await.unwrap().json());
}

fn report(name: &str, told: &[Told], elapsed: Duration) {
    println!("| ledger {name} | number | per second | p50, ms | p99, ms | longest, ms |");
    println!("|---|---:|---:|---:|---:|---:|");
    let row = |kind: &str, mut took: Vec<Duration>| {
        took.sort();
        let rate = took.len() as f64 / elapsed.as_secs_f64();
        let [median, high, longest] =
            [50, 99, 100].map(|part| took[(took.len() - 1) * part / 100].as_secs_f64() * 1000.0);
        println!("| {kind} | {} | {rate:.0} | {median:.1} | {high:.1} | {longest:.1} |", took.len());
    };
    for (name, kind) in [("sends", Kind::Send), ("replays", Kind::Replay), ("settles", Kind::Settle)] {
        row(name, told.iter().filter(|told| told.kind == kind).map(|told| told.took).collect());
    }
    row("all", told.iter().map(|told| told.took).collect());
}

/// Holds what the merchant told against its ledger.
fn check(told: &[Told], ledger: &serde_json::Value) {
    let mut outcomes = BTreeMap::new();
    let mut bodies = BTreeMap::new();
    for Told { key, plan, declined, body, .. } in told {
        assert_eq!(*bodies.entry(key).or_insert(body), body, "one key, two answers");
        let answer: serde_json::Value = serde_json::from_str(body).unwrap();
        let outcome = answer["outcome"].as_str().unwrap_or_else(|| panic!("no outcome: {body}")).to_owned();
        let bank = if *declined { "declined" } else { "approved" };
        let possible = match plan {
            Plan::SettledBefore => &["voided"][..],
            Plan::SettledMeanwhile => &["voided", bank],
            _ => &[bank],
        };
        assert!(possible.contains(&outcome.as_str()), "{outcome} is none of {possible:?}");
        outcomes.insert(key.as_str(), outcome);
    }
    let approved: BTreeSet<_> =
        outcomes.iter().filter(|(_, outcome)| *outcome == "approved").map(|(key, _)| *key).collect();
    let charges = ledger["charges"].as_array().unwrap();
    let charged: BTreeSet<_> = charges.iter().map(|charge| charge["key"].as_str().unwrap()).collect();
    assert_eq!(charged.len(), charges.len(), "a key was charged twice");
    assert_eq!(charged, approved, "the charges are not those that were approved");
    let sends = told.iter().filter(|told| told.kind != Kind::Settle).count();
    assert_eq!(ledger["arrivals"], sends, "a send was not counted");
    println!(
        "\n{sends} sends of {} keys: {} approved, {} charges\n",
        outcomes.len(),
        approved.len(),
        charges.len()
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let scratch = Scratch::new();
    load("on disk", &scratch.database(), &scratch.page()).await;
    load("in memory", Path::new(":memory:"), &scratch.page()).await;
}
