//! Every answer about an attempt, and what the ledger says afterwards.

use crate::support::{Purchase, Server, attempt, exchange, post};
use payonce::cart::Cart;
use payonce_merchant::ledger::KEY_LIFETIME;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

fn state_of(ledger: &Value, key: &str) -> Option<String> {
    let attempts = ledger["attempts"].as_array().unwrap();
    attempts
        .iter()
        .find(|attempt| attempt["key"] == key)
        .map(|found| found["state"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_approval_charges_the_cart_and_is_replayed() {
    let server = Server::start().await;
    let purchase = Purchase::new("approved");

    let first = server.send(&purchase).await;
    assert_eq!(first.status, 200);
    assert!(!first.replayed());
    let answer = first.json();
    assert_eq!(answer["outcome"], "approved");
    assert_eq!(answer["amount"], 3000);
    assert_eq!(answer["currency"], "USD");
    assert_eq!(answer["cartHash"], purchase.cart_hash.as_str());
    assert!(answer["reference"].as_str().unwrap().starts_with("ch_"));

    let second = server.send(&purchase).await;
    assert_eq!((second.status, second.text.as_str()), (first.status, first.text.as_str()));
    assert!(second.replayed());

    let ledger = server.ledger().await;
    assert_eq!(
        ledger["charges"],
        json!([{
            "key": purchase.key, "session": purchase.session, "cartHash": purchase.cart_hash, "amount": 3000,
            "currency": "USD", "reference": answer["reference"], "at": 1_700_000_000_000_i64,
        }])
    );
    assert_eq!(
        ledger["attempts"],
        json!([{
            "key": purchase.key, "session": purchase.session, "cartHash": purchase.cart_hash, "state": "approved",
            "arrivals": 2, "code": null,
        }])
    );
    assert_eq!(ledger["tokens"][0]["key"], purchase.key.as_str());
    assert_eq!(ledger["tokens"][0]["fingerprint"].as_str().unwrap().len(), 16);
    assert_eq!(ledger["arrivals"], 2);
    assert!(!ledger.to_string().contains(&purchase.token), "a token must not be shown");
}

#[tokio::test]
async fn a_decline_spends_the_token_and_is_replayed() {
    let server = Server::start().await;
    for code in [
        "insufficient_funds",
        "expired_card",
        "incorrect_cvc",
        "lost_card",
        "stolen_card",
        "fraudulent",
        "do_not_honor",
        "processing_error",
    ] {
        let purchase = Purchase::new(code);
        let first = server.send(&purchase).await;
        assert_eq!(first.status, 402);
        assert_eq!(first.json(), json!({ "outcome": "declined", "code": code }));
        let second = server.send(&purchase).await;
        assert_eq!((second.status, &second.text, second.replayed()), (first.status, &first.text, true));
        assert_eq!(server.send(&purchase.again()).await.json(), json!({ "code": "token_already_used" }));
    }
    assert!(server.charges().await.is_empty());
}

#[tokio::test]
async fn a_key_is_the_same_quoted_and_raw() {
    let server = Server::start().await;
    let purchase = Purchase::new("approved");
    server.send(&purchase).await;
    let raw = exchange(server.address, attempt(&[&purchase.key], &purchase.body())).await.unwrap();
    assert!(raw.replayed());
}

#[tokio::test]
async fn a_request_without_one_key_is_refused() {
    let server = Server::start().await;
    let body = Purchase::new("approved").body();
    for (keys, code) in [
        (&[][..], "idempotency_key_missing"),
        (&[""], "idempotency_key_invalid"),
        (&["\"open"], "idempotency_key_invalid"),
        (&["two", "keys"], "idempotency_key_invalid"),
    ] {
        let reply = exchange(server.address, attempt(keys, &body)).await.unwrap();
        assert_eq!(reply.status, 400);
        assert_eq!(
            reply.json(),
            json!({ "outcome": "rejected", "code": code, "tokenConsumed": false, "mayRetry": false }),
            "{keys:?}"
        );
    }
    let ledger = server.ledger().await;
    assert_eq!(ledger["arrivals"], 4);
    assert_eq!(ledger["attempts"], json!([]));
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_and_not_repeated() {
    let server = Server::start().await;
    let good: Value = serde_json::from_str(&Purchase::new("approved").body()).unwrap();
    let mut bodies = vec![String::new(), "{".to_owned(), "[]".to_owned()];
    for (member, value) in [
        ("cart", json!({ "currency": "USD", "lines": [{ "id": "tok_secret", "quantity": 0 }], "total": 1 })),
        ("cart", json!("tok_secret")),
        ("session", json!("tok_secret")),
        ("token", json!({ "value": "tok_secret" })),
        ("token", json!(4_242_424_242_u64)),
        ("cartHash", json!(["tok_secret"])),
    ] {
        let mut body = good.clone();
        body[member] = value;
        bodies.push(body.to_string());
    }
    for body in bodies {
        let reply = exchange(server.address, attempt(&["some-key"], &body)).await.unwrap();
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.json()["outcome"], "rejected");
        assert_eq!(reply.json()["code"], "invalid_request");
        assert_eq!(reply.json()["tokenConsumed"], false);
        assert!(!reply.text.contains("tok_secret") && !reply.text.contains("4242"), "{}", reply.text);
    }
    // Nothing was kept, so the key is still free.
    let reply = exchange(server.address, attempt(&["some-key"], &good.to_string())).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.replayed()), (200, false));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = Server::start().await;
    let mut purchase = Purchase::new("approved");
    purchase.details = Some(json!("x".repeat(5 << 20)));
    let reply = server.send(&purchase).await;
    assert_eq!(reply.status, 413);
    assert_eq!(reply.json()["outcome"], "rejected");
    assert_eq!(server.ledger().await["arrivals"], 1);
}

#[tokio::test]
async fn a_cart_hash_that_does_not_fit_the_cart_is_refused() {
    let server = Server::start().await;
    let mut purchase = Purchase::new("approved");
    purchase.cart = purchase.cart.replace("3000", "2999");
    let first = server.send(&purchase).await;
    assert_eq!(first.status, 400);
    assert_eq!(
        first.json(),
        json!({
            "outcome": "rejected", "code": "cart_hash_mismatch", "tokenConsumed": false, "mayRetry": false,
        })
    );
    assert!(server.send(&purchase).await.replayed());
    let ledger = server.ledger().await;
    assert_eq!((&ledger["charges"], &ledger["tokens"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn a_backends_own_cart_hash_is_taken_as_it_is() {
    let server = Server::start().await;
    let own = Cart::from_json(r#"{"hash":"shop-7f","currency":"jpy","total":500}"#).unwrap();
    let purchase = Purchase {
        cart: own.canonical().to_owned(),
        cart_hash: own.hash().to_string(),
        ..Purchase::new("approved")
    };
    let answer = server.send(&purchase).await.json();
    assert_eq!((&answer["amount"], &answer["currency"]), (&json!(500), &json!("JPY")));
    assert_eq!(answer["cartHash"], "shop-7f");
}

#[tokio::test]
async fn a_refused_postcode_leaves_the_token_usable_under_a_new_key() {
    let server = Server::start().await;
    let purchase = Purchase::new("postcode");
    let refused = server.send(&purchase).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.json(),
        json!({ "outcome": "rejected", "code": "postcode_invalid", "tokenConsumed": false, "mayRetry": true })
    );
    let corrected = Purchase { details: Some(json!({ "postcode": "12345" })), ..purchase.clone() };
    // The old key stands for the old bytes.
    assert_eq!(server.send(&corrected).await.status, 422);
    assert!(server.send(&purchase).await.replayed());
    assert_eq!(server.send(&corrected.again()).await.json()["outcome"], "approved");
    assert_eq!(server.charges().await.len(), 1);
}

#[tokio::test]
async fn an_unknown_token_is_refused_unspent() {
    let server = Server::start().await;
    let reply = server.send(&Purchase { token: "tok_secret".to_owned(), ..Purchase::new("approved") }).await;
    assert_eq!(
        reply.json(),
        json!({ "outcome": "rejected", "code": "invalid_token", "tokenConsumed": false, "mayRetry": false })
    );
    assert_eq!(server.ledger().await["tokens"], json!([]));
}

#[tokio::test]
async fn a_token_under_a_second_key_is_not_called_failed() {
    let server = Server::start().await;
    let first = Purchase::new("approved");
    server.send(&first).await;
    let second = first.again();
    let reply = server.send(&second).await;
    assert_eq!(reply.status, 409);
    assert_eq!(reply.json(), json!({ "code": "token_already_used" }));
    assert_eq!(server.settle(&second.key).await.json(), json!({ "outcome": "voided" }));
    assert_eq!(server.charges().await.len(), 1);
}

#[tokio::test]
async fn a_key_with_other_bytes_is_refused_without_an_outcome() {
    let server = Server::start().await;
    let purchase = Purchase::new("approved");
    server.send(&purchase).await;
    let other = Purchase { key: purchase.key.clone(), ..Purchase::new("approved") };
    let reply = server.send(&other).await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.json(), json!({ "code": "idempotency_key_reused" }));
    assert_eq!(server.charges().await.len(), 1);
}

#[tokio::test]
async fn a_challenge_that_is_passed_charges_once() {
    let server = Server::start().await;
    let purchase = Purchase::new("challenge");
    let asked = server.send(&purchase).await;
    assert_eq!(asked.status, 200);
    let url = format!("/challenges/{}", purchase.key);
    assert_eq!(
        asked.json(),
        json!({ "outcome": "action_required", "action": { "kind": "challenge", "url": url } })
    );
    assert!(server.send(&purchase).await.replayed());
    assert!(server.charges().await.is_empty());

    let passed = server.challenge(&purchase.key, "pass").await;
    assert_eq!((passed.status.as_u16(), &passed.json()["outcome"]), (200, &json!("approved")));
    for again in ["pass", "fail"] {
        let reply = server.challenge(&purchase.key, again).await;
        assert_eq!((reply.replayed(), &reply.text), (true, &passed.text));
    }
    let resent = server.send(&purchase).await;
    assert_eq!((resent.replayed(), &resent.text), (true, &passed.text));
    assert_eq!(server.charges().await.len(), 1);
}

#[tokio::test]
async fn a_challenge_that_is_failed_declines_and_the_token_is_spent() {
    let server = Server::start().await;
    let purchase = Purchase::new("challenge");
    server.send(&purchase).await;
    let failed = server.challenge(&purchase.key, "fail").await;
    assert_eq!(failed.status, 402);
    assert_eq!(failed.json(), json!({ "outcome": "declined", "code": "authentication_failed" }));
    assert_eq!(server.challenge(&purchase.key, "pass").await.status, 402);
    assert_eq!(server.send(&purchase.again()).await.json(), json!({ "code": "token_already_used" }));
    assert!(server.charges().await.is_empty());
}

#[tokio::test]
async fn a_challenge_needs_a_key_that_waits_for_one() {
    let server = Server::start().await;
    let unknown = server.challenge("no-such-key", "pass").await;
    assert_eq!((unknown.status.as_u16(), unknown.json()), (404, json!({ "code": "challenge_unknown" })));
    let purchase = Purchase::new("challenge");
    server.send(&purchase).await;
    assert_eq!(server.challenge(&purchase.key, "perhaps").await.status, 400);
    assert_eq!(state_of(&server.ledger().await, &purchase.key).unwrap(), "action_required");
}

#[tokio::test]
async fn settling_tells_the_outcome() {
    let server = Server::start().await;
    for (card, outcome) in
        [("approved", "approved"), ("insufficient_funds", "declined"), ("postcode", "rejected")]
    {
        let purchase = Purchase::new(card);
        let sent = server.send(&purchase).await;
        let settled = server.settle(&purchase.key).await;
        assert_eq!(settled.status, 200);
        assert_eq!(settled.json()["outcome"], outcome);
        assert_eq!(settled.text, sent.text);
        assert!(!settled.replayed());
    }
    assert_eq!(server.ledger().await["settles"], 3);
}

#[tokio::test]
async fn settling_an_unknown_key_fences_it() {
    let server = Server::start().await;
    let purchase = Purchase::new("approved");
    for _ in 0..2 {
        let settled = server.settle(&purchase.key).await;
        assert_eq!((settled.status.as_u16(), settled.json()), (200, json!({ "outcome": "voided" })));
    }
    let other_bytes = Purchase { key: purchase.key.clone(), ..Purchase::new("approved") };
    for late in [&purchase, &other_bytes] {
        let reply = server.send(late).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (410, json!({ "outcome": "voided" })));
        assert!(!reply.replayed());
    }
    let ledger = server.ledger().await;
    assert_eq!(state_of(&ledger, &purchase.key).unwrap(), "voided");
    assert_eq!((&ledger["charges"], &ledger["tokens"]), (&json!([]), &json!([])));
    // The token was never taken, so the shopper may go on with it.
    assert_eq!(server.send(&purchase.again()).await.json()["outcome"], "approved");
}

#[tokio::test]
async fn settling_fences_a_key_that_waits_for_a_challenge() {
    let server = Server::start().await;
    let purchase = Purchase::new("challenge");
    server.send(&purchase).await;
    assert_eq!(server.settle(&purchase.key).await.json(), json!({ "outcome": "voided" }));
    for reply in [server.challenge(&purchase.key, "pass").await, server.send(&purchase).await] {
        assert_eq!((reply.status.as_u16(), reply.json()), (410, json!({ "outcome": "voided" })));
    }
    assert!(server.charges().await.is_empty());
}

#[tokio::test]
async fn settling_needs_a_key() {
    let server = Server::start().await;
    assert_eq!(server.settle("%22quoted%22").await.status, 400);
    assert_eq!(server.ledger().await["attempts"], json!([]));
}

#[tokio::test]
async fn a_key_in_flight_is_pending_and_cannot_be_fenced() {
    let server = Server::start().await;
    server.fault(json!({ "kind": "delay", "ms": 600 })).await;
    let purchase = Purchase::new("approved");
    let first = async { server.send(&purchase).await };
    let meanwhile = async {
        while state_of(&server.ledger().await, &purchase.key).is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let second = server.send(&purchase).await;
        assert_eq!(second.status, 409);
        assert_eq!(second.json(), json!({ "code": "idempotency_key_in_flight" }));
        assert_eq!(second.header("retry-after"), Some("1"));
        assert_eq!(server.settle(&purchase.key).await.json(), json!({ "outcome": "pending" }));
        assert_eq!(server.challenge(&purchase.key, "pass").await.status, 409);
        // Its token is taken already.
        assert_eq!(server.send(&purchase.again()).await.json(), json!({ "code": "token_already_used" }));
    };
    let (first, ()) = tokio::join!(first, meanwhile);
    assert_eq!(first.json()["outcome"], "approved");
    assert_eq!(server.settle(&purchase.key).await.text, first.text);
    assert_eq!(server.charges().await.len(), 1);
}

#[tokio::test]
async fn a_discarded_session_is_never_charged() {
    let server = Server::start().await;
    let purchase = Purchase::new("approved");
    let path = format!("/sessions/{}/discard", purchase.session);
    for _ in 0..2 {
        assert_eq!(post(server.address, &path, r#"{"providerRef":"pi_1"}"#).await.unwrap().status, 204);
    }
    let first = server.send(&purchase).await;
    assert_eq!(first.status, 400);
    assert_eq!(
        first.json(),
        json!({ "outcome": "rejected", "code": "session_discarded", "tokenConsumed": false, "mayRetry": false })
    );
    assert!(server.send(&purchase).await.replayed());
    let ledger = server.ledger().await;
    assert_eq!(
        ledger["discarded"],
        json!([{ "session": purchase.session, "providerRef": "pi_1", "at": 1_700_000_000_000_i64 }])
    );
    assert_eq!((&ledger["charges"], &ledger["tokens"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn a_session_that_is_discarded_while_its_attempt_is_open_is_not_charged() {
    let server = Server::start().await;

    let challenged = Purchase::new("challenge");
    server.send(&challenged).await;
    assert_eq!(server.discard(&challenged.session).await.status, 204);
    let passed = server.challenge(&challenged.key, "pass").await.json();
    assert_eq!((&passed["code"], &passed["tokenConsumed"]), (&json!("session_discarded"), &json!(true)));

    server.fault(json!({ "kind": "delay", "ms": 300 })).await;
    let slow = Purchase::new("approved");
    let discard = async {
        while state_of(&server.ledger().await, &slow.key).is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(server.discard(&slow.session).await.status, 204);
    };
    let (sent, ()) = tokio::join!(server.send(&slow), discard);
    assert_eq!(sent.json()["code"], "session_discarded");

    assert!(server.charges().await.is_empty());
    // The bank never saw the second one's token.
    let next = Purchase { session: Uuid::new_v4().to_string(), ..slow.again() };
    assert_eq!(server.send(&next).await.json()["outcome"], "approved");
}

#[tokio::test]
async fn a_paid_session_cannot_be_discarded() {
    let server = Server::start().await;
    let purchase = Purchase::new("approved");
    server.send(&purchase).await;
    let reply = server.discard(&purchase.session).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (409, json!({ "code": "session_paid" })));
    assert_eq!(server.discard("not-a-session").await.status, 400);
    let path = format!("/sessions/{}/discard", Uuid::new_v4());
    assert_eq!(post(server.address, &path, "{").await.unwrap().status, 400);
    assert_eq!(server.ledger().await["discarded"], json!([]));
}

#[tokio::test]
async fn a_second_charge_for_one_session_is_not_caught_here() {
    let server = Server::start().await;
    let first = Purchase::new("approved");
    let second = Purchase { session: first.session.clone(), ..Purchase::new("approved") };
    server.send(&first).await;
    server.send(&second).await;
    assert_eq!(server.charges().await.len(), 2, "catching it would hide what payonce must prevent");
}

#[tokio::test]
async fn a_key_is_forgotten_after_its_lifetime_but_its_charge_and_token_are_not() {
    let server = Server::start().await;
    let purchase = Purchase::new("approved");
    let paid = server.send(&purchase).await;
    server.pass(KEY_LIFETIME - 1);
    assert!(server.send(&purchase).await.replayed());
    server.pass(1);
    assert_eq!(server.send(&purchase).await.json(), json!({ "code": "token_already_used" }));
    assert_eq!(state_of(&server.ledger().await, &purchase.key), None);
    // Voiding it now would have the shopper pay twice.
    assert_eq!(server.settle(&purchase.key).await.json(), paid.json());
    // This is why a key is never sent again once its window is over.
    let fresh_token = Purchase { key: purchase.key.clone(), ..Purchase::new("approved") };
    assert_eq!(server.send(&fresh_token).await.json()["outcome"], "approved");
    assert_eq!(server.charges().await.len(), 2);
}

#[tokio::test]
async fn a_forgotten_keys_token_stays_spent_when_the_key_is_used_again() {
    let server = Server::start().await;
    let paid = Purchase::new("approved");
    server.send(&paid).await;
    server.pass(KEY_LIFETIME);
    let refused = Purchase { key: paid.key.clone(), ..Purchase::new("postcode") };
    assert_eq!(server.send(&refused).await.json()["code"], "postcode_invalid");
    assert_eq!(server.send(&paid.again()).await.json(), json!({ "code": "token_already_used" }));
    assert_eq!(server.charges().await.len(), 1);
}

#[tokio::test]
async fn a_fence_has_no_end() {
    let server = Server::start().await;
    let purchase = Purchase::new("approved");
    server.settle(&purchase.key).await;
    server.pass(100 * KEY_LIFETIME);
    assert_eq!(server.send(&purchase).await.status, 410);
    assert!(server.charges().await.is_empty());
}
