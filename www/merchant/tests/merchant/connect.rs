//! `/connect/...` is answered by another service, and by nobody else in its name.

use crate::support::{get, post};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get as on_get, post as on_post};
use payonce_merchant::connect;
use payonce_merchant::serve::serve;
use std::net::SocketAddr;
use tokio::net::TcpListener;

async fn start(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, std::future::pending()));
    address
}

#[tokio::test]
async fn requests_and_answers_are_passed_on_as_they_are() {
    let service = Router::new()
        .route("/connect/status", on_get(async || (StatusCode::ACCEPTED, [("x-from", "service")], "status")))
        .route("/connect/exchange", on_post(async |body: String| format!("got {body}")));
    let shop = start(connect::routes(start(service).await)).await;
    let reply = get(shop, "/connect/status?state=a%20b").await.unwrap();
    assert_eq!(
        (reply.status.as_u16(), reply.header("x-from"), &*reply.text),
        (202, Some("service"), "status")
    );
    assert_eq!(post(shop, "/connect/exchange", "a code").await.unwrap().text, "got a code");
    assert_eq!(get(shop, "/other").await.unwrap().status.as_u16(), 404);
}

#[tokio::test]
async fn where_the_service_is_gone_nobody_answers() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let shop = start(connect::routes(gone)).await;
    assert!(get(shop, "/connect/status").await.is_err());
}
