//! Each fault does what its name says, to the reply and to the ledger.

use crate::support::{Failure, Purchase, Server, attempt, call, connect, exchange, exchange_on, get, post};
use hyper::Method;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// What comes over the wire, byte by byte, until the server closes.
async fn raw(server: &Server, purchase: &Purchase) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request_text(purchase).as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // Closing may show as a reset: what matters is what came before.
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

fn request_text(purchase: &Purchase) -> String {
    let body = purchase.body();
    format!(
        "POST /attempts HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: \"{}\"\r\nContent-Length: {}\r\n\r\n{body}",
        purchase.key,
        body.len()
    )
}

/// Waits until the ledger holds `count` charges, or long enough to be sure that it never will.
async fn charges_become(server: &Server, count: usize) -> bool {
    for _ in 0..200 {
        if server.charges().await.len() == count {
            return true;
        }
        sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn drop_request_breaks_the_reply_off_and_processes_nothing() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "drop_request" })).await;
    let purchase = Purchase::new("approved");
    assert_eq!(server.try_send(&purchase).await.unwrap_err(), Failure::BrokenOff(200.try_into().unwrap()));
    let ledger = server.ledger().await;
    assert_eq!(
        (&ledger["charges"], &ledger["attempts"], &ledger["tokens"]),
        (&json!([]), &json!([]), &json!([]))
    );
    assert_eq!(ledger["arrivals"], 1);
    let second = server.send(&purchase).await;
    assert_eq!((second.json()["outcome"].as_str(), second.replayed()), (Some("approved"), false));
    assert_eq!(server.ledger().await["attempts"][0]["arrivals"], 2);
}

#[tokio::test]
async fn drop_reply_breaks_the_reply_off_after_the_charge() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "drop_reply" })).await;
    let purchase = Purchase::new("approved");
    assert_eq!(server.try_send(&purchase).await.unwrap_err(), Failure::BrokenOff(200.try_into().unwrap()));
    assert_eq!(server.charges().await.len(), 1);
    assert!(server.send(&purchase).await.replayed());
    assert_eq!(server.charges().await.len(), 1);
}

#[tokio::test]
async fn a_reply_that_is_broken_off_has_a_head_and_one_byte() {
    let server = Server::start().await;
    for kind in ["drop_request", "drop_reply", "late_charge"] {
        server.fault(json!({ "kind": kind, "ms": 60_000 })).await;
        let bytes = String::from_utf8(raw(&server, &Purchase::new("approved")).await).unwrap();
        let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.to_ascii_lowercase().contains("content-length: 2"), "{head}");
        assert_eq!(body, "{");
    }
}

#[tokio::test]
async fn a_closed_socket_gives_no_byte() {
    let server = Server::start().await;
    for (kind, charges) in [("close_socket_before", 0), ("close_socket", 1)] {
        server.fault(json!({ "kind": kind })).await;
        assert_eq!(raw(&server, &Purchase::new("approved")).await, b"");
        assert_eq!(server.charges().await.len(), charges, "{kind}");
    }
}

#[tokio::test]
async fn a_kept_alive_connection_can_be_closed_too() {
    let server = Server::start().await;
    let mut connection = connect(server.address).await;
    exchange_on(&mut connection, Purchase::new("approved").request()).await.unwrap();
    server.fault(json!({ "kind": "close_socket" })).await;
    let purchase = Purchase::new("approved");
    assert_eq!(exchange_on(&mut connection, purchase.request()).await.unwrap_err(), Failure::NoReply);
    // What a browser does by itself now:
    assert!(server.send(&purchase).await.replayed());
    assert_eq!(server.charges().await.len(), 2);
}

#[tokio::test]
async fn an_error_page_may_come_before_or_after_the_charge() {
    let server = Server::start().await;
    for (kind, charges) in [("error_before", 0), ("error_after", 1)] {
        let purchase = Purchase::new("approved");
        server.fault(json!({ "kind": kind })).await;
        let reply = server.send(&purchase).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("content-type")),
            (500, Some("text/html; charset=utf-8"))
        );
        let paid =
            server.charges().await.iter().filter(|charge| charge["key"] == purchase.key.as_str()).count();
        assert_eq!(paid, charges, "{kind}");
        // The error is not kept: the next send is processed, or answered by what was.
        let second = server.send(&purchase).await;
        assert_eq!((second.json()["outcome"].as_str(), second.replayed()), (Some("approved"), charges == 1));
    }
}

#[tokio::test]
async fn rate_limited_says_when_to_come_back() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "rate_limited", "retryAfter": 7 })).await;
    let reply = server.send(&Purchase::new("approved")).await;
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (429, Some("7")));
    assert_eq!(reply.json(), json!({ "code": "rate_limited" }));
    assert!(server.charges().await.is_empty());
}

#[tokio::test]
async fn unreadable_replies_come_after_the_charge() {
    let server = Server::start().await;
    for (kind, status, content_type, empty) in [
        ("html", 200, Some("text/html; charset=utf-8"), false),
        ("empty", 200, None, true),
        ("redirect", 302, None, true),
    ] {
        let purchase = Purchase::new("approved");
        server.fault(json!({ "kind": kind })).await;
        let reply = server.send(&purchase).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (status, content_type), "{kind}");
        assert_eq!(reply.text.is_empty(), empty, "{kind}");
        assert_eq!(reply.header("location"), (kind == "redirect").then_some("/"));
        assert!(server.send(&purchase).await.replayed(), "{kind}");
    }
    assert_eq!(server.charges().await.len(), 3);
}

#[tokio::test]
async fn a_dripping_reply_goes_on_and_on() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "drip" })).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request_text(&Purchase::new("approved")).as_bytes()).await.unwrap();
    let start = Instant::now();
    let mut text = String::new();
    while text.matches("1\r\n \r\n").count() < 3 {
        let mut bytes = [0; 512];
        let count = stream.read(&mut bytes).await.unwrap();
        assert_ne!(count, 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    assert!(start.elapsed() > Duration::from_millis(1900), "three blanks take two seconds");
    assert_eq!(server.charges().await.len(), 1);
}

#[tokio::test]
async fn a_delayed_attempt_is_charged_although_its_client_has_gone() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "delay", "ms": 200 })).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request_text(&Purchase::new("approved")).as_bytes()).await.unwrap();
    while server.ledger().await["attempts"] == json!([]) {
        sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    assert!(server.charges().await.is_empty());
    assert!(charges_become(&server, 1).await);
}

#[tokio::test]
async fn a_late_charge_is_charged_when_nobody_fences_it() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "late_charge", "ms": 200 })).await;
    let purchase = Purchase::new("approved");
    server.try_send(&purchase).await.unwrap_err();
    let ledger = server.ledger().await;
    assert_eq!((&ledger["charges"], &ledger["attempts"]), (&json!([]), &json!([])), "it is still on its way");
    assert!(charges_become(&server, 1).await);
    assert_eq!(server.settle(&purchase.key).await.json()["outcome"], "approved");
}

#[tokio::test]
async fn a_fence_beats_a_late_charge() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "late_charge", "ms": 150 })).await;
    let fenced = Purchase::new("approved");
    server.try_send(&fenced).await.unwrap_err();
    assert_eq!(server.settle(&fenced.key).await.json(), json!({ "outcome": "voided" }));
    // One that leaves after it and is not fenced shows that the first one has arrived by then.
    server.fault(json!({ "kind": "late_charge", "ms": 300 })).await;
    let witness = Purchase::new("approved");
    server.try_send(&witness).await.unwrap_err();
    assert!(charges_become(&server, 1).await);
    let ledger = server.ledger().await;
    assert_eq!(ledger["charges"][0]["key"], witness.key.as_str());
    assert_eq!(ledger["tokens"].as_array().unwrap().len(), 1, "the fenced one's token was not taken");
}

#[tokio::test]
async fn emptying_the_ledger_recalls_what_is_on_its_way() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "late_charge", "ms": 150 })).await;
    server.try_send(&Purchase::new("approved")).await.unwrap_err();
    server.send(&Purchase::new("approved")).await;
    assert_eq!(call(server.address, Method::DELETE, "/ledger", "").await.unwrap().status, 204);
    assert_eq!(
        server.ledger().await,
        json!({
            "charges": [], "attempts": [], "tokens": [], "discarded": [], "arrivals": 0, "settles": 0,
        })
    );
    server.fault(json!({ "kind": "late_charge", "ms": 300 })).await;
    let witness = Purchase::new("approved");
    server.try_send(&witness).await.unwrap_err();
    while server.charges().await.is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    let charges = server.charges().await;
    assert_eq!((charges.len(), &charges[0]["key"]), (1, &json!(witness.key)));
}

#[tokio::test]
async fn an_attempt_whose_row_is_gone_is_not_charged() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "delay", "ms": 200 })).await;
    let purchase = Purchase::new("approved");
    let empty = async {
        while server.ledger().await["attempts"] == json!([]) {
            sleep(Duration::from_millis(5)).await;
        }
        call(server.address, Method::DELETE, "/ledger", "").await.unwrap();
    };
    let (sent, ()) = tokio::join!(server.send(&purchase), empty);
    assert_eq!(sent.status, 410);
    assert!(server.charges().await.is_empty());
}

#[tokio::test]
async fn faults_strike_in_order_as_often_as_told_and_only_where_told() {
    let server = Server::start().await;
    let ordered = json!({ "faults": [
        { "kind": "error_before", "times": 2, "on": "attempt", "ms": 0, "retryAfter": 0 },
        { "kind": "drop_reply", "times": 1, "on": "settle", "ms": 0, "retryAfter": 0 },
        { "kind": "error_before", "times": 1, "on": "discard", "ms": 0, "retryAfter": 0 },
        { "kind": "rate_limited", "times": 1, "on": "attempt", "ms": 0, "retryAfter": 1 },
    ] });
    assert_eq!(post(server.address, "/faults", &ordered.to_string()).await.unwrap().status, 204);
    assert_eq!(get(server.address, "/faults").await.unwrap().json(), ordered);

    let purchase = Purchase::new("approved");
    for status in [500, 500, 429, 200] {
        assert_eq!(server.send(&purchase).await.status, status);
    }
    let settle = format!("/attempts/{}/settle", Purchase::new("approved").key);
    assert!(matches!(post(server.address, &settle, "").await, Err(Failure::BrokenOff(_))));
    assert_eq!(post(server.address, &settle, "").await.unwrap().json(), json!({ "outcome": "voided" }));
    assert_eq!(server.ledger().await["settles"], 2, "the reply was lost, the fence was not");
    let session = Purchase::new("approved").session;
    assert_eq!(server.discard(&session).await.status, 500);
    assert_eq!(server.ledger().await["discarded"], json!([]));
    assert_eq!(server.discard(&session).await.status, 204);
    assert_eq!(get(server.address, "/faults").await.unwrap().json(), json!({ "faults": [] }));
}

#[tokio::test]
async fn a_new_queue_takes_the_place_of_the_old_one() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "error_before", "times": 9 })).await;
    assert_eq!(post(server.address, "/faults", r#"{"faults":[]}"#).await.unwrap().status, 204);
    assert_eq!(server.send(&Purchase::new("approved")).await.status, 200);
}

#[tokio::test]
async fn an_order_with_an_unknown_word_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "error_before" })).await;
    for order in [
        "",
        "[]",
        r#"{"faults":[{"kind":"explode"}]}"#,
        r#"{"faults":[{"kind":"delay","mss":1}]}"#,
        r#"{"faults":[{"kind":"delay","on":"ledger"}]}"#,
        r#"{"faults":[{"kind":"delay","times":-1}]}"#,
    ] {
        assert_eq!(post(server.address, "/faults", order).await.unwrap().status, 400, "{order}");
    }
    assert_eq!(get(server.address, "/faults").await.unwrap().json()["faults"][0]["kind"], "error_before");
}

#[tokio::test]
async fn without_the_switch_there_are_no_faults_to_order() {
    let server = Server::with_faults(false).await;
    let order = r#"{"faults":[{"kind":"error_before"}]}"#;
    for (method, path) in [(Method::POST, "/faults"), (Method::GET, "/faults"), (Method::DELETE, "/ledger")] {
        assert_eq!(
            call(server.address, method.clone(), path, order).await.unwrap().status,
            404,
            "{method} {path}"
        );
    }
    let purchase = Purchase::new("approved");
    let key = format!("\"{}\"", purchase.key);
    let reply = exchange(server.address, attempt(&[&key], &purchase.body())).await.unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(server.charges().await.len(), 1);
}
