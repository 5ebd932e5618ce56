use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{EncodingKey, Header};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    Answer, Node, Server,
    addresses::Addresses,
    seen::{Seen, event_of},
};

/// How long a request may take; a server that hangs fails the test and not the run.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// Somebody who calls a server: with a user's token, an admin's, or none. Clones share their
/// connections.
///
/// A client knows the addresses that the server had when the client was made: after
/// [`Server::start_again`] it takes a new one.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    addresses: Arc<Addresses>,
    seen: Option<Arc<Seen>>,
    token: Option<String>,
}

impl Client {
    /// A user of this name.
    pub fn user(server: &Server, sub: &str) -> Self {
        Self::with_token(server, &user_token(server.secret(), sub))
    }

    /// An admin.
    pub fn admin(server: &Server) -> Self {
        let claims = json!({ "sub": "admin", "exp": in_an_hour(), "role": "admin" });
        Self::with_token(server, &token(server.secret(), &claims))
    }

    /// Somebody without a token.
    pub fn anyone(server: &Server) -> Self {
        let http = reqwest::Client::builder()
            .timeout(ANSWERED_WITHIN)
            // What a test asks for is what it gets: it sees the bytes as they are sent.
            .no_gzip()
            .build()
            .expect("a client without TLS can be built");
        Self { http, addresses: server.addresses(), seen: server.seen(), token: None }
    }

    /// Somebody with this token, which need not be valid.
    pub fn with_token(server: &Server, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::anyone(server) }
    }

    /// A user of another name over the same connections.
    pub fn and_user(&self, server: &Server, sub: &str) -> Self {
        Self { token: Some(user_token(server.secret(), sub)), ..self.clone() }
    }

    /// The same one, who calls this process of the server and no other.
    pub fn at(&self, node: &Node) -> Self {
        self.at_url(node.url())
    }

    /// The same one, who calls this address and no other.
    pub fn at_url(&self, url: &str) -> Self {
        Self { addresses: Arc::new(Addresses::new([url].into_iter())), ..self.clone() }
    }

    /// The token, as it stands in the header.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// A request that is not sent yet, with the token; the path begins with a slash and may have a
    /// query.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.addresses.next()));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Sends a request to a server that may be gone.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let (http, request) = request.build_split();
        let mut request = request?;
        let Some(seen) = &self.seen else {
            return Answer::read(http.execute(request).await?).await;
        };
        let event = event_of(&request);
        seen.ask(&mut request);
        let answer = Answer::read(http.execute(request).await?).await?;
        seen.learn(event, &answer);
        Ok(answer)
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a POST of this JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// Sends a DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Holds seats for as long as the server holds them by default.
    pub async fn hold(&self, event: &str, seats: &[&str]) -> Answer {
        let body = json!({ "eventId": event, "seatIds": seats });
        self.post("/seat-booking/hold-seats", body).await
    }

    /// Holds seats for so many minutes.
    pub async fn hold_for(&self, event: &str, seats: &[&str], minutes: f64) -> Answer {
        let body = json!({ "eventId": event, "seatIds": seats, "holdDurationMinutes": minutes });
        self.post("/seat-booking/hold-seats", body).await
    }

    /// Holds a table for as long as the server holds it by default.
    pub async fn hold_table(&self, event: &str, table: &str) -> Answer {
        let body = json!({ "eventId": event, "tableId": table });
        self.post("/seat-booking/hold-table", body).await
    }

    /// Confirms seats, with an Idempotency-Key or without one.
    pub async fn confirm(&self, event: &str, seats: &[&str], key: Option<&str>) -> Answer {
        self.confirm_with(confirm_body(event, seats, &[]), key).await
    }

    /// Confirms what this body says, with an Idempotency-Key or without one.
    pub async fn confirm_with(&self, body: Value, key: Option<&str>) -> Answer {
        let mut request = self.request(Method::POST, "/seat-booking/confirm").json(&body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.send(request).await
    }

    /// The status of one seat.
    ///
    /// # Panics
    /// When the server does not say it.
    pub async fn status_of(&self, event: &str, seat: &str) -> String {
        let path = format!("/seat-booking/availability/{event}?seatIds={seat}");
        let answer = self.get(&path).await.expect(200);
        let status = answer.field("availability")[seat].as_str();
        status.unwrap_or_else(|| panic!("no status of {seat} in {}", answer.body)).to_owned()
    }
}

/// The body of a confirm that is good but for what the test makes wrong.
pub fn confirm_body(event: &str, seats: &[&str], tables: &[&str]) -> Value {
    json!({
        "eventId": event,
        "seatIds": seats,
        "tableIds": tables,
        "contactInfo": { "name": "Ada Lovelace", "email": "ada@example.com" },
    })
}

/// A token with any claims, signed with this secret.
pub fn token(secret: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::default(), claims, &key).expect("claims are JSON")
}

fn user_token(secret: &str, sub: &str) -> String {
    token(secret, &json!({ "sub": sub, "exp": in_an_hour() }))
}

fn in_an_hour() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
    now.as_secs() + 3_600
}
