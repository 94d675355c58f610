//! The static page: files below one directory, and nothing outside of it.
#![forbid(unsafe_code)]

use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LINK};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use std::io;
use std::path::{Path, PathBuf};

/// The file that makes a directory's address a payment method, of which the browser learns by a header
/// (<https://www.w3.org/TR/payment-method-manifest/>).
const PAYMENT_MANIFEST: &str = "payment-manifest.json";
const PAYMENT_METHOD: HeaderValue =
    HeaderValue::from_static(r#"<payment-manifest.json>; rel="payment-method-manifest""#);

/// The directory that is served.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
}

impl Files {
    /// Serves what is below `root`.
    ///
    /// # Errors
    /// When `root` is not a directory that can be read.
    pub fn new(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        if root.is_dir() { Ok(Self { root }) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    /// The answer to a request for a file. The body goes out with `HEAD` too: hyper does not send it.
    pub async fn answer(&self, method: &Method, uri: &Uri) -> Response {
        let Some(path) = self.locate(uri.path()).await else {
            return StatusCode::NOT_FOUND.into_response();
        };
        if !matches!(*method, Method::GET | Method::HEAD) {
            return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
        }
        match tokio::fs::read(&path).await {
            Ok(bytes) => {
                let headers = [(CONTENT_TYPE, media_type(&path)), (CACHE_CONTROL, "no-cache")];
                let mut response = (headers, bytes).into_response();
                if uri.path().ends_with('/') && path.with_file_name(PAYMENT_MANIFEST).is_file() {
                    response.headers_mut().insert(LINK, PAYMENT_METHOD);
                }
                response
            }
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        }
    }

    /// The file that a URL's path names, where there is one below the root.
    async fn locate(&self, path: &str) -> Option<PathBuf> {
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let mut file = self.root.join(path.strip_prefix('/')?);
        if path.ends_with('/') {
            file.push("index.html");
        }
        // Whatever dots, slashes and symbolic links led to it, the file itself must be below the root.
        let file = tokio::fs::canonicalize(file).await.ok()?;
        let below = file.starts_with(&self.root) && tokio::fs::metadata(&file).await.ok()?.is_file();
        below.then_some(file)
    }
}

/// What a browser must be told, above all for WebAssembly (it compiles while streaming only with this type) and for
/// modules. Anything else is just bytes, given `nosniff`.
fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("ico") => "image/x-icon",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
