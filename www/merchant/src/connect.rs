//! `/connect/...`: another service of the storefront answers that, under the storefront's own address.
#![forbid(unsafe_code)]

use crate::faults::HangUp;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// Passes requests on to `service`. A connection that it cuts is cut here, too: nobody makes an answer up.
pub fn routes(service: SocketAddr) -> Router {
    Router::new().route("/connect/{*path}", any(forward)).with_state(service)
}

async fn forward(State(service): State<SocketAddr>, request: Request) -> Response {
    match pass(service, request).await {
        Ok(response) => response,
        Err(_) => {
            let mut cut = ().into_response();
            cut.extensions_mut().insert(HangUp);
            cut
        }
    }
}

async fn pass(
    service: SocketAddr,
    request: Request,
) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(service).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender.send_request(request).await?.map(Body::new))
}
