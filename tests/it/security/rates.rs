//! The limits of users and addresses, when somebody tries to get around them or to use up another's.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use seat_testbed::{Answer, Client, Server, eventually, token};
use serde_json::json;

const MINE: &str = "/seat-booking/my-bookings";
const LATE: u64 = 4_000_000_000;
const SOON: Duration = Duration::from_secs(15);

/// That at most a burst of these was let through, and what the rate allows for the time they took.
#[track_caller]
fn assert_limited(answers: &[Answer], rate: usize, since: Instant) {
    let let_through = answers.iter().filter(|answer| answer.status != 429).count();
    let seconds = usize::try_from(since.elapsed().as_secs()).unwrap() + 1;
    let allowed = rate * (2 + seconds);
    assert!(let_through <= allowed, "{let_through} of {} and not {allowed}", answers.len());
    assert!(allowed < answers.len(), "they took too long to show anything");
    for answer in answers.iter().filter(|answer| answer.status == 429) {
        assert_eq!(answer.code(), "rate_limited");
        assert!(answer.header("Retry-After").is_some());
    }
}

#[tokio::test]
async fn a_user_has_one_share_however_many_tokens() {
    let server = Server::start(&["--rate-per-user", "2"]).await;
    let tokens = (0..100).map(|nth| {
        let claims = json!({ "sub": "ada", "exp": LATE + nth, "jti": nth.to_string() });
        Client::with_token(&server, &token(server.secret(), &claims))
    });
    let clients: Vec<Client> = tokens.collect();
    let start = Instant::now();
    let answers = join_all(clients.iter().map(|client| client.get(MINE))).await;
    assert_limited(&answers, 2, start);
    Client::user(&server, "bob").get(MINE).await.expect(200);
}

#[tokio::test]
async fn who_forges_a_users_tokens_uses_up_nothing_of_that_users() {
    let server = Server::start(&["--rate-per-user", "1"]).await;
    let forged = token("another secret that is long", &json!({ "sub": "ada", "exp": LATE }));
    let eve = Client::with_token(&server, &forged);
    for answer in join_all((0..100).map(|_| eve.get(MINE))).await {
        assert_eq!(answer.expect(401).code(), "unauthorized");
    }
    Client::user(&server, "ada").get(MINE).await.expect(200);
}

#[tokio::test]
async fn an_address_has_one_share_whoever_it_says_it_is() {
    let server = Server::start(&["--rate-per-address", "5"]).await;
    let anyone = Client::anyone(&server);
    let users: Vec<Client> =
        (0..200).map(|nth| anyone.and_user(&server, &format!("user-{nth}"))).collect();
    let start = Instant::now();
    let answers = join_all(users.iter().enumerate().map(|(nth, user)| {
        let forwarded = format!("198.51.100.{nth}");
        let request = user.request(Method::GET, MINE).header("X-Forwarded-For", &forwarded);
        let request = request.header("X-Real-IP", &forwarded);
        user.send(request.header("Forwarded", format!("for={forwarded}")))
    }));
    assert_limited(&answers.await, 5, start);
    // Who is not known has none beside it, and whether the server lives is still told.
    let start = Instant::now();
    let paths = ["/seat-booking/events", "/nothing", MINE].into_iter().cycle().take(200);
    assert_limited(&join_all(paths.map(|path| anyone.get(path))).await, 5, start);
    anyone.get("/livez").await.expect(200);
    eventually("the address may ask again", SOON, async || {
        anyone.get("/seat-booking/events").await.status == 200
    })
    .await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_customer_has_a_share_and_can_not_invent_another() {
    let flags = ["--rate-per-address", "1", "--trusted-proxies", "127.0.0.1"];
    let server = Server::start(&flags).await;
    let anyone = Client::anyone(&server);
    let from = async |forwarded: String| {
        let request = anyone.request(Method::GET, "/seat-booking/events");
        anyone.send(request.header("X-Forwarded-For", forwarded)).await
    };
    let start = Instant::now();
    // What stands before the address that the proxy saw is the customer's own word.
    let answers = join_all((0..100).map(|nth| from(format!("198.51.100.{nth}, 192.0.2.1"))));
    assert_limited(&answers.await, 1, start);
    from("192.0.2.2".to_owned()).await.expect(200);
}
