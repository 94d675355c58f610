//! The HTTP surface: routes, headers, status codes. What an answer *means* is decided in [`crate::ledger`].
#![forbid(unsafe_code)]

use crate::answer::Answer;
use crate::attempt::{self, Attempt, IdempotencyKey, KeyError};
use crate::faults::{Endpoint, Faults, Queue};
use crate::files::Files;
use crate::ledger::{Ledger, Millis};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use uuid::Uuid;

/// The largest body of an attempt: payonce's limit for a cart, 4 MiB, and room for the rest.
const ATTEMPT_LIMIT: usize = 5 << 20;

/// The largest body of anything else.
const SMALL_LIMIT: usize = 64 << 10;

/// What tells the time.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// The time of the system's clock.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    })
}

/// What the server works with.
#[derive(Clone)]
struct Merchant {
    ledger: Arc<Ledger>,
    files: Arc<Files>,
    clock: Clock,
    faults: Arc<Faults>,
}

/// The merchant, ready to be [served](crate::serve::serve). With `faults` it can be told to fail.
pub fn app(ledger: Ledger, files: Files, clock: Clock, faults: bool) -> Router {
    let merchant = Merchant {
        ledger: Arc::new(ledger),
        files: Arc::new(files),
        clock,
        faults: Arc::new(Faults::default()),
    };
    let router = Router::new()
        .route("/attempts", post(send))
        .route("/attempts/{key}/settle", post(settle))
        .route("/challenges/{key}", post(finish_challenge))
        .route("/sessions/{id}/discard", post(discard))
        .route("/ledger", get(show_ledger));
    let router = if faults {
        router.route("/faults", get(show_faults).post(order_faults)).route("/ledger", delete(clear_ledger))
    } else {
        router.route("/ledger", delete(async || StatusCode::NOT_FOUND))
    };
    router.fallback(serve_file).layer(map_response(secure)).with_state(merchant)
}

impl Merchant {
    /// Does `work` on the ledger, away from the threads that serve connections.
    async fn ledger<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ledger, Millis) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Internal> {
        let ledger = Arc::clone(&self.ledger);
        let now = (self.clock)();
        spawn_blocking(move || work(&ledger, now)).await.map_err(|_| Internal)?.map_err(|_| Internal)
    }

    /// Processes one send of an attempt with a bank that takes `pause`.
    async fn process(self, key: IdempotencyKey, body: Vec<u8>, pause: Duration) -> Result<Answer, Internal> {
        let read = spawn_blocking(move || Attempt::read(key, &body)).await.map_err(|_| Internal)?;
        let attempt = match read {
            Ok(attempt) => attempt,
            Err(refusal) => return Ok(refusal),
        };
        if pause.is_zero() {
            return self.ledger(move |ledger, now| ledger.process(&attempt, now)).await;
        }
        let attempt = Arc::new(attempt);
        let admitted = Arc::clone(&attempt);
        if let Some(answer) = self.ledger(move |ledger, now| ledger.admit(&admitted, now)).await? {
            return Ok(answer);
        }
        sleep(pause).await;
        self.ledger(move |ledger, now| ledger.conclude(&attempt, now)).await
    }
}

async fn send(State(merchant): State<Merchant>, request: Request) -> Result<Response, Internal> {
    let (head, body) = request.into_parts();
    let key = IdempotencyKey::of(&head.headers);
    let arrived = key.clone().ok();
    merchant.ledger(move |ledger, now| ledger.arrived(arrived.as_ref(), now)).await?;
    let Ok(body) = to_bytes(body, ATTEMPT_LIMIT).await else {
        return Ok(attempt::refusal(413, "body_too_large", None).into_response());
    };
    let faults = Arc::clone(&merchant.faults);
    let work = async move |pause| match key {
        Ok(key) => merchant.process(key, body.into(), pause).await.into_response(),
        Err(KeyError::Missing) => attempt::refusal(400, "idempotency_key_missing", None).into_response(),
        Err(KeyError::Invalid) => attempt::refusal(400, "idempotency_key_invalid", None).into_response(),
    };
    Ok(faults.strike(Endpoint::Attempt, work).await)
}

async fn settle(State(merchant): State<Merchant>, Path(key): Path<String>) -> Response {
    let Some(key) = IdempotencyKey::new(&key) else {
        return Answer::open(400, "idempotency_key_invalid").into_response();
    };
    let faults = Arc::clone(&merchant.faults);
    let work = async move |pause| {
        sleep(pause).await;
        merchant.ledger(move |ledger, now| ledger.settle(&key, now)).await.into_response()
    };
    faults.strike(Endpoint::Settle, work).await
}

#[derive(Deserialize)]
struct Challenge {
    result: ChallengeResult,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum ChallengeResult {
    Pass,
    Fail,
}

async fn finish_challenge(
    State(merchant): State<Merchant>,
    Path(key): Path<String>,
    body: Body,
) -> Result<Response, Internal> {
    let Some(key) = IdempotencyKey::new(&key) else {
        return Ok(Answer::open(400, "idempotency_key_invalid").into_response());
    };
    let Some(Challenge { result }) = read(body).await else {
        return Ok(Answer::open(400, "invalid_request").into_response());
    };
    let passed = result == ChallengeResult::Pass;
    let answer = merchant.ledger(move |ledger, now| ledger.challenge(&key, passed, now)).await?;
    Ok(answer.unwrap_or_else(|| Answer::open(404, "challenge_unknown")).into_response())
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Discard {
    provider_ref: Option<String>,
}

async fn discard(State(merchant): State<Merchant>, Path(id): Path<String>, body: Body) -> Response {
    let Ok(session) = Uuid::try_parse(&id) else {
        return Answer::open(400, "session_invalid").into_response();
    };
    let Ok(body) = to_bytes(body, SMALL_LIMIT).await else {
        return Answer::open(400, "invalid_request").into_response();
    };
    let told = if body.is_empty() { Ok(Discard::default()) } else { serde_json::from_slice(&body) };
    let Ok(Discard { provider_ref }) = told else {
        return Answer::open(400, "invalid_request").into_response();
    };
    let faults = Arc::clone(&merchant.faults);
    let work = async move |pause| {
        sleep(pause).await;
        let discarded =
            merchant.ledger(move |ledger, now| ledger.discard(session, provider_ref.as_deref(), now)).await;
        match discarded {
            Ok(true) => StatusCode::NO_CONTENT.into_response(),
            Ok(false) => Answer::open(409, "session_paid").into_response(),
            Err(error) => error.into_response(),
        }
    };
    faults.strike(Endpoint::Discard, work).await
}

async fn show_ledger(State(merchant): State<Merchant>) -> Result<Response, Internal> {
    let page = merchant.ledger(|ledger, _| ledger.page()).await?;
    Ok(json(StatusCode::OK, &page))
}

async fn clear_ledger(State(merchant): State<Merchant>) -> Result<StatusCode, Internal> {
    merchant.faults.recall();
    merchant.ledger(|ledger, _| ledger.clear()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn show_faults(State(merchant): State<Merchant>) -> Response {
    json(StatusCode::OK, &json!(merchant.faults.queue()))
}

async fn order_faults(State(merchant): State<Merchant>, body: Body) -> Response {
    let Ok(body) = to_bytes(body, SMALL_LIMIT).await else {
        return Answer::open(400, "invalid_request").into_response();
    };
    match serde_json::from_slice::<Queue>(&body) {
        Ok(queue) => {
            merchant.faults.replace(queue);
            StatusCode::NO_CONTENT.into_response()
        }
        // Whoever orders a fault is a developer at work, and wants to read which word is wrong.
        Err(error) => {
            json(StatusCode::BAD_REQUEST, &json!({ "code": "invalid_request", "detail": error.to_string() }))
        }
    }
}

async fn serve_file(State(merchant): State<Merchant>, method: Method, uri: Uri) -> Response {
    merchant.files.answer(&method, &uri).await
}

/// The body of a request that is small, where it can be read.
async fn read<T: DeserializeOwned>(body: Body) -> Option<T> {
    serde_json::from_slice(&to_bytes(body, SMALL_LIMIT).await.ok()?).ok()
}

/// What every answer carries: the page may run WebAssembly and talk to this server, and nothing else.
async fn secure(mut response: Response) -> Response {
    const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A JSON response.
pub fn json(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// What the client is told when the fault is here: no outcome, for nobody knows it.
pub fn internal_error() -> Response {
    Answer::open(500, "internal_error").into_response()
}

/// The ledger failed, or the task that worked on it.
struct Internal;

impl IntoResponse for Internal {
    fn into_response(self) -> Response {
        internal_error()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(CONTENT_TYPE, "application/json")], self.body).into_response();
        if self.replayed {
            const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
