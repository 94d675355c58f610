//! Failures on demand: what networks, proxies and tired servers do to a request, for tests and for the demo.
//!
//! `POST /faults` fills a queue; each arrival takes the first fault that is meant for its endpoint. What a fault does
//! to the *reply* is one thing, whether the request was *processed* is another, and the names say which is which.
#![forbid(unsafe_code)]

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Interval, interval, sleep};

use crate::http;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Not processed; the reply breaks off after its first byte.
    ///
    /// Head and first byte do arrive: a browser that loses a kept-alive connection before them sends the request
    /// again by itself, even a POST (RFC 9110 section 9.2.2 notwithstanding).
    DropRequest,
    /// Processed; the reply breaks off after its first byte.
    DropReply,
    /// Processed; the connection is closed without a byte, and a browser may send again by itself.
    CloseSocket,
    /// Not processed; the connection is closed without a byte.
    CloseSocketBefore,
    /// Not processed; 500 with a page of HTML.
    ErrorBefore,
    /// Processed; 500 with a page of HTML.
    ErrorAfter,
    /// Not processed; 429 with `Retry-After: retryAfter`.
    RateLimited,
    /// The bank takes `ms`: an attempt's key is in flight for so long.
    Delay,
    /// The network takes `ms`: the reply breaks off at once and the request is processed only after that.
    LateCharge,
    /// Processed; 200 with a page of HTML.
    Html,
    /// Processed; 200 with nothing.
    Empty,
    /// Processed; 302 to `/`.
    Redirect,
    /// Processed; 200 with one blank a second for two minutes, then broken off.
    Drip,
}

/// The endpoint that a fault is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `POST /attempts`
    #[default]
    Attempt,
    /// `POST /attempts/{key}/settle`
    Settle,
    /// `POST /sessions/{id}/discard`
    Discard,
}

/// One failure, as ordered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// How many arrivals it hits.
    #[serde(default = "once")]
    pub times: u32,
    /// Whose arrivals.
    #[serde(default)]
    pub on: Endpoint,
    /// For `delay` and `late_charge`: milliseconds.
    #[serde(default)]
    pub ms: u64,
    /// For `rate_limited`: seconds.
    #[serde(default)]
    pub retry_after: u64,
}

const fn once() -> u32 {
    1
}

/// The queue, as it is posted and shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// In the order in which they strike.
    pub faults: Vec<Fault>,
}

/// The faults in store.
#[derive(Default)]
pub struct Faults {
    queue: Mutex<Queue>,
    epoch: AtomicU64,
}

impl Faults {
    /// What is in store.
    #[must_use]
    pub fn queue(&self) -> Queue {
        self.lock().clone()
    }

    /// Puts `queue` in the place of what was in store.
    pub fn replace(&self, queue: Queue) {
        *self.lock() = queue;
    }

    /// Recalls the requests that a `late_charge` still holds back, so that nothing leaks from one test to the next.
    pub fn recall(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// Takes the fault that an arrival at `endpoint` meets.
    fn take(&self, endpoint: Endpoint) -> Option<Fault> {
        let mut queue = self.lock();
        queue.faults.retain(|fault| fault.times > 0);
        let fault = queue.faults.iter_mut().find(|fault| fault.on == endpoint)?;
        fault.times -= 1;
        let taken = fault.clone();
        queue.faults.retain(|fault| fault.times > 0);
        Some(taken)
    }

    /// Does `work`, or whatever the next fault for `endpoint` makes of it. `work` is told how long the bank takes.
    ///
    /// What is begun is done to its end even if the client goes away meanwhile.
    pub async fn strike<W, F>(self: &Arc<Self>, endpoint: Endpoint, work: W) -> Response
    where
        W: FnOnce(Duration) -> F + Send + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let Some(fault) = self.take(endpoint) else {
            return finish(work(Duration::ZERO)).await;
        };
        match fault.kind {
            Kind::Delay => return finish(work(Duration::from_millis(fault.ms))).await,
            Kind::LateCharge => self.hold_back(Duration::from_millis(fault.ms), work),
            Kind::DropRequest | Kind::CloseSocketBefore | Kind::ErrorBefore | Kind::RateLimited => {}
            Kind::DropReply
            | Kind::CloseSocket
            | Kind::ErrorAfter
            | Kind::Html
            | Kind::Empty
            | Kind::Redirect
            | Kind::Drip => drop(finish(work(Duration::ZERO)).await),
        }
        fault.reply()
    }

    /// Does `work` after `time`, unless it is recalled before.
    fn hold_back<W, F>(self: &Arc<Self>, time: Duration, work: W)
    where
        W: FnOnce(Duration) -> F + Send + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let faults = Arc::clone(self);
        let epoch = faults.epoch.load(Ordering::SeqCst);
        tokio::spawn(async move {
            sleep(time).await;
            if faults.epoch.load(Ordering::SeqCst) == epoch {
                drop(work(Duration::ZERO).await);
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `work` to its end, whether or not somebody still waits for it.
async fn finish(work: impl Future<Output = Response> + Send + 'static) -> Response {
    tokio::spawn(work).await.unwrap_or_else(|_| http::internal_error())
}

impl Fault {
    /// What is sent in the place of the genuine reply.
    fn reply(&self) -> Response {
        const PAGE: &str = "<!doctype html><title>Something went wrong</title><h1>Something went wrong</h1>";
        const HTML: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "text/html; charset=utf-8")];
        match self.kind {
            Kind::DropRequest | Kind::DropReply | Kind::LateCharge => {
                let length = [(CONTENT_LENGTH, "2"), (CONTENT_TYPE, "application/json")];
                (length, Body::new(BrokenOff::Begin)).into_response()
            }
            Kind::CloseSocket | Kind::CloseSocketBefore => (Extension(HangUp), ()).into_response(),
            // `strike` gives the genuine reply of a delayed request and does not ask for another.
            Kind::Delay | Kind::ErrorBefore | Kind::ErrorAfter => {
                (StatusCode::INTERNAL_SERVER_ERROR, HTML, PAGE).into_response()
            }
            Kind::RateLimited => {
                let mut reply = http::json(StatusCode::TOO_MANY_REQUESTS, &json!({ "code": "rate_limited" }));
                reply.headers_mut().insert(RETRY_AFTER, self.retry_after.into());
                reply
            }
            Kind::Html => (HTML, PAGE).into_response(),
            Kind::Empty => ().into_response(),
            Kind::Redirect => (StatusCode::FOUND, [(LOCATION, "/")]).into_response(),
            Kind::Drip => {
                let drip = Drip { tick: interval(Duration::from_secs(1)), left: 120 };
                ([(CONTENT_TYPE, "application/json")], Body::new(drip)).into_response()
            }
        }
    }
}

/// Marks a response that must never be sent: the connection is closed in its place.
#[derive(Debug, Clone, Copy)]
pub struct HangUp;

/// A body of two bytes of which only the first comes.
enum BrokenOff {
    Begin,
    Flush,
    Break,
}

impl hyper::body::Body for BrokenOff {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match *self {
            Self::Begin => {
                *self = Self::Flush;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"{")))))
            }
            // hyper writes its buffer out when a body has nothing to give. Without this pause the client would not
            // see a byte.
            Self::Flush => {
                *self = Self::Break;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Break => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
        }
    }
}

/// A body of blanks, which JSON allows in front of a value, that never comes to one.
struct Drip {
    tick: Interval,
    left: u32,
}

impl hyper::body::Body for Drip {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        ready!(self.tick.poll_tick(cx));
        if self.left == 0 {
            return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b" ")))))
    }
}
