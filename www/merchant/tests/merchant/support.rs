//! A server, a client that never sends twice, and a purchase to send.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HeaderMap;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use payonce::cart::Cart;
use payonce_merchant::files::Files;
use payonce_merchant::http::app;
use payonce_merchant::ledger::Ledger;
use payonce_merchant::serve::serve;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

/// A directory of its own that goes with its test.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(Uuid::new_v4().to_string());
        std::fs::create_dir_all(path.join("page")).unwrap();
        std::fs::write(path.join("page/index.html"), "<!doctype html><title>Shop</title>").unwrap();
        Self(path)
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("ledger.sqlite")
    }

    pub fn page(&self) -> PathBuf {
        self.0.join("page")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A merchant within the test's process, with a clock that the test turns.
pub struct Server {
    pub address: SocketAddr,
    pub scratch: Scratch,
    now: Arc<AtomicI64>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with_faults(true).await
    }

    pub async fn with_faults(faults: bool) -> Self {
        let scratch = Scratch::new();
        let now = Arc::new(AtomicI64::new(1_700_000_000_000));
        let clock = Arc::clone(&now);
        let router = app(
            Ledger::open(&scratch.database()).unwrap(),
            Files::new(&scratch.page()).unwrap(),
            Arc::new(move || clock.load(Ordering::SeqCst)),
            faults,
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // The test's runtime ends it.
        tokio::spawn(serve(listener, router, std::future::pending()));
        Self { address, scratch, now }
    }

    pub fn pass(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    pub async fn fault(&self, fault: Value) {
        let reply = post(self.address, "/faults", &json!({ "faults": [fault] }).to_string()).await.unwrap();
        assert_eq!(reply.status, 204, "{}", reply.text);
    }

    pub async fn send(&self, purchase: &Purchase) -> Reply {
        self.try_send(purchase).await.unwrap()
    }

    pub async fn try_send(&self, purchase: &Purchase) -> Result<Reply, Failure> {
        exchange(self.address, purchase.request()).await
    }

    pub async fn settle(&self, key: &str) -> Reply {
        post(self.address, &format!("/attempts/{key}/settle"), "").await.unwrap()
    }

    pub async fn challenge(&self, key: &str, result: &str) -> Reply {
        post(self.address, &format!("/challenges/{key}"), &json!({ "result": result }).to_string())
            .await
            .unwrap()
    }

    pub async fn discard(&self, session: &str) -> Reply {
        post(self.address, &format!("/sessions/{session}/discard"), "").await.unwrap()
    }

    pub async fn ledger(&self) -> Value {
        get(self.address, "/ledger").await.unwrap().json()
    }

    pub async fn charges(&self) -> Vec<Value> {
        self.ledger().await["charges"].as_array().unwrap().clone()
    }
}

/// One attempt, as payonce would send it.
#[derive(Clone)]
pub struct Purchase {
    pub key: String,
    pub session: String,
    pub token: String,
    pub cart: String,
    pub cart_hash: String,
    pub details: Option<Value>,
}

impl Purchase {
    pub fn new(card: &str) -> Self {
        let text = json!({
            "currency": "usd",
            "lines": [{ "id": "tea", "quantity": 2, "unitAmount": 1250 }],
            "adjustments": [{ "kind": "shipping", "amount": 500 }],
            "total": 3000,
        });
        let cart = Cart::from_json(&text.to_string()).unwrap();
        Self {
            key: Uuid::new_v4().to_string(),
            session: Uuid::new_v4().to_string(),
            token: format!("tok_{card}_{}", Uuid::new_v4().simple()),
            cart: cart.canonical().to_owned(),
            cart_hash: cart.hash().to_string(),
            details: None,
        }
    }

    /// The same purchase, tried again with another key.
    pub fn again(&self) -> Self {
        Self { key: Uuid::new_v4().to_string(), ..self.clone() }
    }

    pub fn body(&self) -> String {
        let mut body = json!({
            "cart": serde_json::from_str::<Value>(&self.cart).unwrap(),
            "cartHash": self.cart_hash,
            "session": self.session,
            "token": self.token,
        });
        if let Some(details) = &self.details {
            body["details"] = details.clone();
        }
        body.to_string()
    }

    pub fn request(&self) -> Request<Full<Bytes>> {
        attempt(&[&format!("\"{}\"", self.key)], &self.body())
    }
}

/// `POST /attempts` with any number of keys.
pub fn attempt(keys: &[&str], body: &str) -> Request<Full<Bytes>> {
    let mut request = Request::post("/attempts").header("content-type", "application/json");
    for key in keys {
        request = request.header("idempotency-key", *key);
    }
    request.body(Full::from(body.to_owned())).unwrap()
}

#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }
}

/// How an exchange fails.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing came.
    NoReply,
    /// The head came, the body did not.
    BrokenOff(StatusCode),
}

/// A connection, so that a test can keep it.
pub async fn connect(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

pub async fn exchange_on(
    connection: &mut SendRequest<Full<Bytes>>,
    mut request: Request<Full<Bytes>>,
) -> Result<Reply, Failure> {
    request.headers_mut().insert("host", "localhost".parse().unwrap());
    let response = connection.send_request(request).await.map_err(|_| Failure::NoReply)?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| Failure::BrokenOff(head.status))?.to_bytes();
    Ok(Reply { status: head.status, headers: head.headers, text: String::from_utf8(body.into()).unwrap() })
}

pub async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
    exchange_on(&mut connect(address).await, request).await
}

pub async fn post(address: SocketAddr, path: &str, body: &str) -> Result<Reply, Failure> {
    call(address, Method::POST, path, body).await
}

pub async fn get(address: SocketAddr, path: &str) -> Result<Reply, Failure> {
    call(address, Method::GET, path, "").await
}

pub async fn call(address: SocketAddr, method: Method, path: &str, body: &str) -> Result<Reply, Failure> {
    let request = Request::builder().method(method).uri(path).body(Full::from(body.to_owned())).unwrap();
    exchange(address, request).await
}
