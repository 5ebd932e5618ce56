//! Secrets, tokens and what customers say of themselves are in no log, at any level.

use std::{fs, time::Duration};

use mongodb::bson::doc;
use reqwest::Method;
use seat_testbed::{
    Client, Events, Mongo, Redis, Server, Stores, confirm_body, eventually, new_event,
    shared_mongo, small_layout, token,
};
use serde_json::json;

const SOON: Duration = Duration::from_secs(15);
const REDIS_PASSWORD: &str = "redis-hunter2";
const MONGODB_PASSWORD: &str = "mongodb-hunter2";

/// Everything that nobody may read in a log, as far as it is the same each time.
const WORDS: &[&str] = &[
    REDIS_PASSWORD,
    MONGODB_PASSWORD,
    "Discreet Customer",
    "discreet@example.com",
    "+49 30 1234567",
    "a note about allergies",
    "a reason of mine",
    "order-of-mine",
    "transaction-of-mine",
    "Bearer ",
];

/// Does everything that a customer and the house do, well and badly; the tokens that were shown.
async fn everything(server: &Server) -> Vec<String> {
    let event = new_event(server, small_layout()).await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    let mut stream = Events::open(server, &event, None).await;
    let mut confirm = confirm_body(&event, &["seat_A1"], &[]);
    confirm["contactInfo"] = json!({ "name": WORDS[2], "email": WORDS[3], "phone": WORDS[4] });
    confirm["notes"] = WORDS[5].into();
    confirm["paymentInfo"] = json!({ "method": "card", "transactionId": WORDS[8] });
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let booked = ada.confirm_with(confirm.clone(), Some(WORDS[7])).await.expect(201);
    ada.confirm_with(confirm.clone(), Some(WORDS[7])).await.expect(201);
    stream.until("seat_A1", "booked", SOON).await;
    let path = format!("/seat-booking/bookings/{}", booked.text("bookingId"));
    let paid = json!({ "status": "paid", "transactionId": WORDS[8] });
    admin.post(&format!("{path}/payment"), paid.clone()).await.expect(200);
    ada.get("/seat-booking/my-bookings").await.expect(200);
    let reason = json!({ "reason": WORDS[6] });
    ada.post(&format!("{path}/cancel"), reason.clone()).await.expect(200);

    // Badly: each of them refused, with what it says.
    ada.post(&format!("{path}/cancel"), reason).await.expect(409);
    ada.post(&format!("{path}/payment"), paid).await.expect(403);
    ada.confirm_with(confirm.clone(), Some("another-key")).await.expect(409);
    let mut wrong = confirm.clone();
    wrong["contactInfo"]["email"] = "discreet@example.com, and more".into();
    wrong["seatIds"] = WORDS[5].into();
    ada.confirm_with(wrong, Some(WORDS[7])).await.expect(400);
    let broken = ada.request(Method::POST, "/seat-booking/confirm").body(confirm.to_string() + "}");
    ada.send(broken).await.expect(400);
    let forged = token("another secret of more than sixteen", &json!({ "sub": "ada", "exp": 1 }));
    let stranger = Client::with_token(server, &forged);
    stranger.confirm_with(confirm, Some(WORDS[7])).await.expect(401);
    let token = ada.token().unwrap().to_owned();
    ada.get(&format!("/seat-booking/my-bookings?token={token}")).await.expect(200);
    ada.get("/metrics").await.expect(200);
    vec![token, admin.token().unwrap().to_owned(), forged]
}

/// That a server's whole log was kept, at the level of all details, and has none of these words.
#[track_caller]
fn assert_says_nothing(log: &str, words: &[String]) {
    assert!(log.contains(r#""message":"listening""#), "its beginning was not kept");
    assert!(log.contains(r#""level":"TRACE""#), "it has no details");
    for word in words {
        if let Some(at) = log.find(word.as_str()) {
            let line = log[..at].rfind('\n').map_or(0, |end| end + 1);
            let line = log[line..].lines().next().unwrap_or_default();
            panic!("{word} is in the log: {}", line.chars().take(1_000).collect::<String>());
        }
    }
}

/// The words, the server's secret, and the signature of each token, without which it is none.
fn words(server: &Server, tokens: &[String]) -> Vec<String> {
    let signatures = tokens.iter().map(|token| token.rsplit('.').next().unwrap().to_owned());
    let fixed = WORDS.iter().map(|&word| word.to_owned());
    fixed.chain([server.secret().to_owned()]).chain(signatures).collect()
}

/// Has a server tell all details when it is started the next time.
fn tell_details(server: &Server) {
    fs::write(server.data_dir().join(".env"), "RUST_LOG=trace\n").unwrap();
}

#[tokio::test]
async fn the_log_of_the_embedded_stores_has_no_secret() {
    let mut server = Server::start(&[]).await;
    server.stop().await;
    tell_details(&server);
    server.start_again().await;
    let tokens = everything(&server).await;
    server.stop().await;
    assert_says_nothing(&server.log(), &words(&server, &tokens));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_stores_with_passwords_has_none_nor_when_they_fail() {
    let mut redis = Redis::start_with(&["--requirepass", REDIS_PASSWORD]).await;
    let mut mongo = Mongo::start().await;
    let create =
        doc! { "createUser": "seats", "pwd": MONGODB_PASSWORD, "roles": ["readWrite", "dbAdmin"] };
    mongo.database("seats").await.run_command(create).await.unwrap();
    let credentials = format!("mongodb://seats:{MONGODB_PASSWORD}@");
    let stores = Stores {
        redis_url: format!("redis://default:{REDIS_PASSWORD}@{}", redis.address()),
        mongodb_uri: mongo.uri("seats").replacen("mongodb://", &credentials, 1),
    };
    let mut server = Server::start_on(&[stores], &["--answer-within-ms", "1500"]).await;
    server.stop().await;
    tell_details(&server);
    server.start_again().await;
    let mut tokens = everything(&server).await;
    let event = new_event(&server, small_layout()).await;
    let ada = Client::user(&server, "ada");
    ada.hold(&event, &["seat_A1"]).await.expect(201);

    let mut confirm = confirm_body(&event, &["seat_A1"], &[]);
    confirm["contactInfo"] = json!({ "name": WORDS[2], "email": WORDS[3], "phone": WORDS[4] });
    mongo.kill_primary().await;
    let unknown = ada.confirm_with(confirm.clone(), Some(WORDS[7])).await.expect(503);
    assert_eq!(unknown.code(), "unavailable");
    redis.kill();
    ada.hold(&event, &["seat_A2"]).await.expect(503);
    let refused = Client::anyone(&server).get("/readyz").await.expect(503);
    redis.start_again().await;
    mongo.start_again().await;
    eventually("it goes on", Duration::from_secs(60), async || {
        ada.hold(&event, &["seat_A3"]).await.status == 201
    })
    .await;
    tokens.push(ada.token().unwrap().to_owned());
    server.stop().await;
    let words = words(&server, &tokens);
    assert_says_nothing(&server.log(), &words);
    for word in words {
        for answer in [&unknown, &refused] {
            assert!(!answer.body.to_string().contains(&word), "{}", answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_can_not_write_a_line_of_the_log() {
    const FORGED: &str = "an-admin-logged-in";
    let mut redis = Redis::start().await;
    let stores = Stores::new(redis.url(), shared_mongo().await);
    let mut server = Server::start_on(&[stores], &["--answer-within-ms", "1500"]).await;
    let event = new_event(&server, small_layout()).await;
    let ada = Client::user(&server, "ada");
    // A request is named in the log when it could not be answered.
    redis.kill();
    for id in [
        format!(r#"x","message":"{FORGED}","y":""#),
        format!(r#"x" message="{FORGED}" {{}}"#),
        format!(r#"\n{FORGED}\"#),
        format!("x\t{FORGED}"),
        format!("{FORGED}{}", "x".repeat(10_000)),
    ] {
        let body = json!({ "eventId": event, "seatIds": ["seat_A1"] });
        let request = ada.request(Method::POST, "/seat-booking/hold-seats").json(&body);
        ada.send(request.header("X-Request-Id", id)).await.expect(503);
    }
    // The end of a path is an id, and one that is none is not asked for.
    let line = format!("%0d%0a{{%22message%22:%22{FORGED}%22}}%0d%0a%1b[2J");
    ada.get(&format!("/seat-booking/my-holds/{line}")).await.expect(400);
    ada.get(&format!("/seat-booking/{line}")).await.expect(404);
    server.stop().await;
    let log = server.log();
    let named = log.lines().filter(|line| line.contains(FORGED)).count();
    assert!(named >= 3, "{named} requests of 3 are named, so nothing was shown");
    assert!(!log.contains(&"x".repeat(200)), "an id without a bound is in the log");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("every line is whole");
        assert_ne!(line["message"], FORGED);
        assert_ne!(line["fields"]["message"], FORGED);
    }
}
