//! Connections: an accept loop of its own, because a server that can cut a connection without an answer is what some
//! of the worst double charges need (see [`crate::faults::Kind::CloseSocket`]), and `axum::serve` always answers.
#![forbid(unsafe_code)]

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::fmt;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::faults::HangUp;

/// How long open requests may take once the server is told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Serves `router` on `listener` until `stop` resolves, then lets open requests end, for two seconds at most.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(30));
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: wait for some to come back instead of spinning.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        // An answer is one small write: held back for more to come, it would only be late.
        let _ = stream.set_nodelay(true);
        let inner = TowerToHyperService::new(router.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let reply = inner.call(request);
            async move {
                let Ok(reply) = reply.await;
                // hyper closes the connection of a service that fails, and writes nothing.
                if reply.extensions().get::<HangUp>().is_some() { Err(HungUp) } else { Ok(reply) }
            }
        });
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        // Clients that break off and connections cut on purpose are both daily business.
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    let _ = timeout(GRACE, connections.shutdown()).await;
}

/// What hyper is told in the place of an answer.
#[derive(Debug)]
struct HungUp;

impl fmt::Display for HungUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed on purpose")
    }
}

impl std::error::Error for HungUp {}
