//! The program itself: its switches, how it stops, and what outlives it.

use crate::support::{Purchase, Reply, Scratch, exchange, get, post};
use payonce_merchant::ledger::Ledger;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_payonce-merchant");

struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(scratch: &Scratch) -> Self {
        let mut child = command(scratch).arg("--faults").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().parse().unwrap();
        Self { child, address }
    }

    async fn send(&self, purchase: &Purchase) -> Reply {
        exchange(self.address, purchase.request()).await.unwrap()
    }

    async fn ledger(&self) -> Value {
        get(self.address, "/ledger").await.unwrap().json()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(scratch: &Scratch) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["--listen", "127.0.0.1:0", "--database"]).arg(scratch.database());
    command.arg("--static").arg(scratch.page());
    command
}

/// What a program that must not start says.
fn refused(mut command: Command) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if !line.is_empty() {
        child.kill().unwrap();
        panic!("it is {line}");
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn everything_outlives_a_kill() {
    let scratch = Scratch::new();
    let (paid, declined, waiting, fenced) = (
        Purchase::new("approved"),
        Purchase::new("lost_card"),
        Purchase::new("challenge"),
        Purchase::new("approved"),
    );
    let program = Program::start(&scratch);
    let first = program.send(&paid).await;
    program.send(&declined).await;
    program.send(&waiting).await;
    post(program.address, &format!("/attempts/{}/settle", fenced.key), "").await.unwrap();
    let discard = format!("/sessions/{}/discard", declined.session);
    assert_eq!(post(program.address, &discard, "").await.unwrap().status, 204);
    let before = program.ledger().await;
    program.kill();

    let program = Program::start(&scratch);
    assert_eq!(program.ledger().await, before);
    let second = program.send(&paid).await;
    assert_eq!((second.replayed(), &second.text), (true, &first.text));
    assert_eq!(program.send(&fenced).await.status, 410);
    assert_eq!(program.send(&paid.again()).await.json(), json!({ "code": "token_already_used" }));
    let pass =
        post(program.address, &format!("/challenges/{}", waiting.key), r#"{"result":"pass"}"#).await.unwrap();
    assert_eq!(pass.json()["outcome"], "approved");
}

#[tokio::test]
async fn an_attempt_in_flight_at_a_kill_can_be_sent_again() {
    let scratch = Scratch::new();
    let (resent, fenced) = (Purchase::new("approved"), Purchase::new("approved"));
    let program = Program::start(&scratch);
    let order = r#"{"faults":[{"kind":"delay","ms":60000,"times":2}]}"#;
    assert_eq!(post(program.address, "/faults", order).await.unwrap().status, 204);
    for purchase in [&resent, &fenced] {
        tokio::spawn(exchange(program.address, purchase.request()));
    }
    while program.ledger().await["attempts"].as_array().unwrap().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    program.kill();

    let program = Program::start(&scratch);
    let reply = program.send(&resent).await;
    assert_eq!((reply.json()["outcome"].as_str(), reply.replayed()), (Some("approved"), false));
    let settled = post(program.address, &format!("/attempts/{}/settle", fenced.key), "").await.unwrap();
    assert_eq!(settled.json(), json!({ "outcome": "voided" }));
    // Neither attempt has left its token behind as taken.
    assert_eq!(program.send(&fenced.again()).await.json()["outcome"], "approved");
}

#[tokio::test]
async fn a_stop_is_clean_even_with_a_connection_open() {
    for signal in ["-TERM", "-INT"] {
        let scratch = Scratch::new();
        let mut program = Program::start(&scratch);
        let mut connection = crate::support::connect(program.address).await;
        crate::support::exchange_on(&mut connection, Purchase::new("approved").request()).await.unwrap();
        let pid = program.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let mut status = None;
        for _ in 0..500 {
            status = program.child.try_wait().unwrap();
            if status.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(status.expect("it must stop").code(), Some(0), "{signal}");
        let page = Ledger::open(&scratch.database()).unwrap().page().unwrap();
        assert_eq!(page["charges"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn two_processes_cannot_share_a_ledger() {
    let scratch = Scratch::new();
    let _first = Program::start(&scratch);
    let (code, complaint) = refused(command(&scratch));
    assert_eq!(code, Some(1));
    assert!(complaint.contains("ledger.sqlite: database is locked"), "{complaint}");
}

#[test]
fn a_ledger_of_another_version_is_left_alone() {
    let scratch = Scratch::new();
    let other = rusqlite::Connection::open(scratch.database()).unwrap();
    other.pragma_update(None, "user_version", 99).unwrap();
    drop(other);
    let (code, complaint) = refused(command(&scratch));
    assert_eq!(code, Some(1));
    assert!(complaint.contains("version 99"), "{complaint}");
}

#[test]
fn wrong_switches_give_the_usage() {
    for arguments in [
        &[][..],
        &["--listen", "127.0.0.1:0"],
        &["--listen", "localhost", "--database", "d", "--static", "."],
        &["--listen", "127.0.0.1:0", "--database", "d", "--static", ".", "--verbose"],
        &["--listen", "127.0.0.1:0", "--database", "d", "--static", ".", "more"],
        &["--listen", "0.0.0.0:0", "--database", "d", "--static", ".", "--faults"],
    ] {
        let mut command = Command::new(PROGRAM);
        command.args(arguments);
        let (code, complaint) = refused(command);
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(complaint.contains("usage: payonce-merchant"), "{complaint}");
    }
}

#[test]
fn a_page_that_is_missing_is_named() {
    let scratch = Scratch::new();
    fs::remove_dir_all(scratch.page()).unwrap();
    let (code, complaint) = refused(command(&scratch));
    assert_eq!(code, Some(1));
    assert!(complaint.contains(scratch.page().to_str().unwrap()), "{complaint}");
}
