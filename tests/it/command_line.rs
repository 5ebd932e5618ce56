//! The server's own commands, and what it says when it can't start.

use std::process::{Command, Output};

use seat_testbed::{Authority, Client, Mongo, Redis, RedisTls, Server, executable, shared_mongo};
use tempfile::TempDir;

const SECRET: &str = "a secret of more than sixteen characters";

/// Runs the server in an empty folder and with an empty environment.
fn seat_server(arguments: &[&str], environment: &[(&str, &str)]) -> (Output, TempDir) {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(executable("seat-server", "SEAT_SERVER"));
    command.current_dir(folder.path()).env_clear().envs(environment.iter().copied());
    (command.args(arguments).output().unwrap(), folder)
}

fn refusal(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let (Output { status, stdout, stderr }, _folder) = seat_server(arguments, environment);
    assert_eq!(status.code(), Some(1), "{}", String::from_utf8_lossy(&stdout));
    String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn a_printed_token_opens_the_server_that_has_the_secret() {
    let server = Server::start(&["--jwt-secret", SECRET]).await;
    let environment = [("JWT_SECRET", SECRET)];
    for (role, status) in [("admin", 404), ("user", 403)] {
        let arguments = ["token", "--sub", "box-office", "--role", role];
        let (output, _folder) = seat_server(&arguments, &environment);
        assert!(output.status.success());
        let token = String::from_utf8(output.stdout).unwrap();
        let client = Client::with_token(&server, token.trim());
        let event = serde_json::json!({ "layoutId": "0".repeat(24), "name": "none" });
        client.post("/seat-booking/events", event).await.expect(status);
    }
}

#[test]
fn a_check_says_what_it_found_and_leaves_the_holds_alone() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let holds = data.join("holds.json");
    std::fs::write(&holds, r#"{"holds":[]}"#).unwrap();
    let arguments = ["--check", "--data-dir", data.to_str().unwrap()];
    let (output, _folder) = seat_server(&arguments, &[("JWT_SECRET", SECRET)]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("embedded, ready"), "{said}");
    assert!(!said.contains(SECRET), "{said}");
    assert!(holds.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_reaches_both_stores_and_warns_of_a_mongodb_that_is_alone() {
    let (redis, alone) = (Redis::start().await, Mongo::standalone().await);
    let (redis_url, set, alone) =
        (redis.url(), shared_mongo().await.uri("check"), alone.uri("check"));
    for (mongodb_uri, warned) in [(&set, false), (&alone, true)] {
        let environment =
            [("JWT_SECRET", SECRET), ("REDIS_URL", &redis_url), ("MONGODB_URI", mongodb_uri)];
        let (output, folder) = seat_server(&["--check"], &environment);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && said.contains("Redis and MongoDB, ready"), "{said}");
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(log.contains("rs.initiate()"), warned, "{log}");
        assert!(!folder.path().join("data").exists(), "it made a folder that it does not need");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_over_tls_is_reached_by_who_knows_its_authority() {
    let authority = Authority::new();
    let redis = RedisTls::start(&authority).await;
    let (redis_url, mongodb_uri) = (redis.url(), shared_mongo().await.uri("check"));
    let stores =
        [("JWT_SECRET", SECRET), ("REDIS_URL", &*redis_url), ("MONGODB_URI", &*mongodb_uri)];
    let said = refusal(&["--check"], &stores);
    assert!(said.contains("REDIS_URL") && said.contains("SSL_CERT_FILE"), "{said}");
    let certificate = authority.certificate();
    let known = ("SSL_CERT_FILE", certificate.to_str().unwrap());
    let (output, _folder) = seat_server(&["--check"], &[&stores[..], &[known]].concat());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("Redis and MongoDB, ready"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_will_not_do_is_named_by_its_setting() {
    let redis = Redis::start_with(&["--maxmemory-policy", "allkeys-lru"]).await;
    let (evicting, mongodb) = (redis.url(), shared_mongo().await.uri("check"));
    let secret = ("JWT_SECRET", SECRET);
    let said = refusal(&[], &[secret, ("REDIS_URL", &evicting), ("MONGODB_URI", &mongodb)]);
    assert!(said.contains("REDIS_URL") && said.contains("maxmemory-policy"), "{said}");
    let redis = Redis::start().await;
    let said = refusal(&[], &[secret, ("REDIS_URL", &redis.url()), ("MONGODB_URI", "localhost")]);
    assert!(said.contains("MONGODB_URI can't be used"), "{said}");
}

#[test]
fn a_start_that_can_not_be_says_what_to_change() {
    assert!(refusal(&[], &[]).contains("JWT_SECRET is not set"));
    assert!(refusal(&[], &[("JWT_SECRET", "hunter2")]).contains("use 16 or more"));
    let secret = ("JWT_SECRET", SECRET);
    let one_store = refusal(&[], &[secret, ("REDIS_URL", "redis://localhost")]);
    assert!(one_store.contains("REDIS_URL is set and MONGODB_URI is not"), "{one_store}");
    let hold = refusal(&[], &[secret, ("SEAT_HOLD_MIN_SECONDS", "9999")]);
    assert!(hold.contains("SEAT_HOLD_MIN_SECONDS"), "{hold}");
    let origin = refusal(&[], &[secret, ("SEAT_CORS_ORIGINS", "https://a.example/")]);
    assert!(origin.contains("SEAT_CORS_ORIGINS"), "{origin}");
    let data = refusal(&["--data-dir", "/dev/null/data"], &[secret]);
    assert!(data.contains("SEAT_DATA_DIR"), "{data}");
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap().to_string();
    let port = refusal(&["--bind", &address], &[secret]);
    assert!(port.contains(&address) && port.contains("SEAT_BIND"), "{port}");
}
