//! Requests that meet: one charge, or one fence, never both.

use crate::support::{Purchase, Reply, Server, exchange, post};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Sends all of them as nearly at once as connections of their own allow.
async fn send_all(server: &Server, purchases: impl IntoIterator<Item = Purchase>) -> Vec<Reply> {
    let purchases: Vec<_> = purchases.into_iter().collect();
    let barrier = Arc::new(Barrier::new(purchases.len()));
    let mut sends = JoinSet::new();
    for purchase in purchases {
        let (address, barrier) = (server.address, Arc::clone(&barrier));
        sends.spawn(async move {
            barrier.wait().await;
            exchange(address, purchase.request()).await.unwrap()
        });
    }
    sends.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_sends_of_one_attempt_are_one_charge() {
    let server = Server::start().await;
    let purchase = Purchase::new("approved");
    let replies = send_all(&server, std::iter::repeat_n(purchase, 50)).await;
    assert_eq!(replies.iter().filter(|reply| !reply.replayed()).count(), 1);
    for reply in &replies {
        assert_eq!((reply.status.as_u16(), &reply.text), (200, &replies[0].text));
    }
    let ledger = server.ledger().await;
    assert_eq!(ledger["charges"].as_array().unwrap().len(), 1);
    assert_eq!((&ledger["arrivals"], &ledger["attempts"][0]["arrivals"]), (&json!(50), &json!(50)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_sends_to_a_slow_bank_are_one_charge() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "delay", "times": 50, "ms": 300 })).await;
    let purchase = Purchase::new("approved");
    let replies = send_all(&server, std::iter::repeat_n(purchase, 50)).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200 && !reply.replayed()).count(), 1);
    assert!(replies.iter().all(|reply| reply.status == 409 || reply.json()["outcome"] == "approved"));
    assert_eq!(server.charges().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_keys_for_one_token_are_one_charge() {
    let server = Server::start().await;
    let purchase = Purchase::new("approved");
    let replies = send_all(&server, (0..20).map(|_| purchase.again())).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.json()["code"] == "token_already_used").count(), 19);
    assert_eq!(server.charges().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_attempt_and_the_settle_that_gives_it_up_agree() {
    let server = Server::start().await;
    let mut charged = 0;
    for _ in 0..100 {
        let purchase = Purchase::new("approved");
        let barrier = Arc::new(Barrier::new(2));
        let settle = tokio::spawn({
            let (address, barrier, key) = (server.address, Arc::clone(&barrier), purchase.key.clone());
            async move {
                barrier.wait().await;
                post(address, &format!("/attempts/{key}/settle"), "").await.unwrap()
            }
        });
        barrier.wait().await;
        let sent = server.send(&purchase).await;
        let settled = settle.await.unwrap();
        match sent.status.as_u16() {
            200 => charged += 1,
            410 => {}
            other => panic!("unexpected status {other}"),
        }
        assert_eq!(settled.json(), sent.json(), "both must be told the same");
        assert_eq!(server.settle(&purchase.key).await.json(), sent.json(), "and it must stay so");
    }
    assert_eq!(server.charges().await.len(), charged);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_challenge_and_the_settle_that_gives_it_up_agree() {
    let server = Server::start().await;
    let mut charged = 0;
    for _ in 0..50 {
        let purchase = Purchase::new("challenge");
        server.send(&purchase).await;
        let (passed, settled) =
            tokio::join!(server.challenge(&purchase.key, "pass"), server.settle(&purchase.key));
        assert_eq!(settled.json(), passed.json());
        charged += usize::from(passed.status == 200);
    }
    assert_eq!(server.charges().await.len(), charged);
}
