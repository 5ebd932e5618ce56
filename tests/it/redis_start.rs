//! What a start says about a Redis that will not do.

#![allow(clippy::disallowed_methods, reason = "a bound of the promise is measured in real time")]

use std::time::{Duration, Instant};

use seat_redis::{ConnectError, RedisLockStore};
use seat_testbed::{Authority, Redis, RedisTls};

/// A start does not hang.
const REFUSED_WITHIN: Duration = Duration::from_secs(3);

async fn refusal(url: &str) -> ConnectError {
    let start = Instant::now();
    let Err(error) = RedisLockStore::connect(url).await else { panic!("{url} should be refused") };
    assert!(start.elapsed() < REFUSED_WITHIN, "{:?}", start.elapsed());
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_may_evict_is_refused_and_the_setting_named() {
    let server = Redis::start_with(&["--maxmemory-policy", "volatile-ttl"]).await;
    let error = refusal(&server.url()).await;
    assert!(matches!(error, ConnectError::Evicts { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("maxmemory-policy") && text.contains("volatile-ttl"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_refused_and_not_repeated_in_the_message() {
    let server = Redis::start_with(&["--requirepass", "right"]).await;
    for wrong in ["redis://", "redis://:wrong@"] {
        let error = refusal(&format!("{wrong}{}", server.address())).await;
        assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("wrong@"), "{error:?}");
    }
    let right = format!("redis://:right@{}", server.address());
    assert!(RedisLockStore::connect(&right).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_takes_no_script_is_refused_and_the_script_named() {
    let server = Redis::start_with(&["--rename-command", "SCRIPT", "NOTHING"]).await;
    let error = refusal(&server.url()).await;
    assert!(matches!(error, ConnectError::Script { .. }), "{error:?}");
    assert!(error.to_string().contains("lua/"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_not_there_is_named() {
    let server = Redis::start().await;
    let (url, address) = (server.url(), server.address());
    drop(server);
    let error = refusal(&url).await;
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&address), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_of_something_else_is_refused() {
    for url in ["", "localhost", "http://localhost", "mongodb://localhost"] {
        let error = refusal(url).await;
        assert!(matches!(error, ConnectError::Url(_)), "{url}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_with_a_certificate_of_an_unknown_authority_is_refused() {
    let server = RedisTls::start(&Authority::new()).await;
    let error = refusal(&server.url()).await;
    assert!(matches!(error, ConnectError::Untrusted { .. }), "{error:?}");
    assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_without_tls_is_not_reached_over_it() {
    let server = Redis::start().await;
    let error = refusal(&server.url().replace("redis://", "rediss://")).await;
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
}
