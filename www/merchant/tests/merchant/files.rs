//! The page is served as browsers want it, and nothing but the page.

use crate::support::{Purchase, Server, call, get};
use hyper::Method;
use std::fs;

#[tokio::test]
async fn every_file_has_its_media_type() {
    let server = Server::start().await;
    let page = server.scratch.page();
    fs::create_dir(page.join("a b")).unwrap();
    for (file, media_type) in [
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("app.css", "text/css; charset=utf-8"),
        ("core.wasm", "application/wasm"),
        ("icon.svg", "image/svg+xml"),
        ("data.json", "application/json"),
        ("app.js.map", "application/json"),
        ("a b/index.html", "text/html; charset=utf-8"),
        ("unknown.xyz", "application/octet-stream"),
    ] {
        fs::write(page.join(file), file).unwrap();
        let reply = get(server.address, &format!("/{}", file.replace(' ', "%20"))).await.unwrap();
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, Some(media_type)), "{file}");
        assert_eq!(reply.text, file);
        assert_eq!(reply.header("cache-control"), Some("no-cache"));
    }
    for directory in ["/", "/a%20b/", "/?query=1"] {
        let reply = get(server.address, directory).await.unwrap();
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{directory}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = Server::start().await;
    for path in ["/", "/ledger", "/missing"] {
        let got = get(server.address, path).await.unwrap();
        let head = call(server.address, Method::HEAD, path, "").await.unwrap();
        assert_eq!((head.status, head.text.as_str()), (got.status, ""), "{path}");
        for name in ["content-type", "content-length"] {
            assert_eq!(head.header(name), got.header(name), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn a_directory_with_a_payment_manifest_is_a_payment_method() {
    let server = Server::start().await;
    let wallet = server.scratch.page().join("wallet");
    fs::create_dir(&wallet).unwrap();
    fs::write(wallet.join("index.html"), "").unwrap();
    assert_eq!(get(server.address, "/wallet/").await.unwrap().header("link"), None);
    fs::write(wallet.join("payment-manifest.json"), "{}").unwrap();
    let link = Some(r#"<payment-manifest.json>; rel="payment-method-manifest""#);
    assert_eq!(get(server.address, "/wallet/").await.unwrap().header("link"), link);
    // Browsers ask like this first.
    assert_eq!(call(server.address, Method::HEAD, "/wallet/", "").await.unwrap().header("link"), link);
    for other in ["/", "/wallet/index.html", "/wallet/payment-manifest.json"] {
        assert_eq!(get(server.address, other).await.unwrap().header("link"), None, "{other}");
    }
}

#[tokio::test]
async fn nothing_outside_the_page_is_served() {
    let server = Server::start().await;
    let page = server.scratch.page();
    let secret = server.scratch.database();
    assert!(secret.is_file());
    fs::create_dir(page.join("empty")).unwrap();
    std::os::unix::fs::symlink(&secret, page.join("link.html")).unwrap();
    for path in [
        "/../ledger.sqlite",
        "/%2e%2e/ledger.sqlite",
        "/..%2fledger.sqlite",
        "/empty/../../ledger.sqlite",
        "/%2e%2e%2f%2e%2e%2f/ledger.sqlite",
        &format!("/{}", secret.display()),
        "/link.html",
        "/index.html%00",
        "/%ff",
        "/empty",
        "/empty/",
        "/missing.html",
    ] {
        let reply = get(server.address, path).await.unwrap();
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (404, ""), "{path}");
    }
}

#[tokio::test]
async fn a_file_can_only_be_read() {
    let server = Server::start().await;
    let reply = call(server.address, Method::POST, "/index.html", "").await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(call(server.address, Method::POST, "/missing", "").await.unwrap().status, 404);
}

#[tokio::test]
async fn every_answer_is_guarded() {
    let server = Server::start().await;
    for reply in [
        get(server.address, "/").await.unwrap(),
        get(server.address, "/missing").await.unwrap(),
        get(server.address, "/attempts").await.unwrap(),
        get(server.address, "/ledger").await.unwrap(),
        server.send(&Purchase::new("approved")).await,
        server.send(&Purchase::new("lost_card")).await,
        server.discard("nonsense").await,
    ] {
        assert_eq!(
            reply.header("content-security-policy"),
            Some("default-src 'self'; script-src 'self' 'wasm-unsafe-eval'")
        );
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    }
}
