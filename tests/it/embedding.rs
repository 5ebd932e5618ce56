//! The routes in an app of somebody else: the example `embed` of seat-http.

use std::{io, net::TcpListener, time::Duration};

use actix_web::rt::System;
use reqwest::{Client, RequestBuilder};
use seat_testbed::{small_layout, token};
use serde_json::{Value, json};
use tokio::{
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

#[path = "../../crates/seat-http/examples/embed.rs"]
mod embed;

const SECRET: &str = "a secret that the app around the seats chose";
/// When every token of these tests expires: in the year 2100.
const EXPIRES: u64 = 4_102_444_800;
const STOPPED_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn seats_are_sold_beside_the_pages_of_the_app() {
    let app = Embedded::start();
    assert_eq!(app.get("/hello").await, (200, "Hello from the app around the seats".to_owned()));
    assert_eq!(app.get("/livez").await.0, 200);
    let event = app.new_event().await;
    let (status, hold) = app.hold(&event, "seat_A1").await;
    assert_eq!((status, &hold["heldSeats"]), (201, &json!(["seat_A1"])), "{hold}");
}

#[tokio::test]
async fn only_our_paths_are_answered_with_our_problems() {
    let app = Embedded::start();
    let (status, body) = app.get("/seat-booking/nowhere").await;
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &problem["code"]), (404, &json!("not_found")));
    assert_eq!(app.get("/nowhere").await, (404, String::new()));
}

#[tokio::test]
async fn an_open_stream_does_not_hold_up_the_stop_of_the_app() {
    let app = Embedded::start();
    let event = app.new_event().await;
    let path = format!("/seat-booking/changes/{event}");
    let stream = app.http.get(app.address(&path)).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    app.stop.send(()).unwrap();
    let ended = timeout(STOPPED_WITHIN, app.served).await;
    ended.expect("it stops in time").unwrap().unwrap();
}

/// The example, in a thread of this process.
struct Embedded {
    origin: String,
    http: Client,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

impl Embedded {
    fn start() -> Self {
        // From here on connections wait in its queue, so nobody needs to wait for the app.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let served = spawn_blocking(move || {
            // A test that ends without a stop drops its end, which stops the app too.
            let stop = async { drop(stopped.await) };
            System::new().block_on(embed::run(listener, SECRET.into(), stop))
        });
        Self { origin, http: Client::new(), stop, served }
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The status and the text of a page.
    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(self.address(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn new_event(&self) -> String {
        let layout = self.post_as_admin("/seat-booking/layouts", &small_layout()).await;
        let event = json!({ "layoutId": layout["layoutId"], "name": "A night around" });
        let event = self.post_as_admin("/seat-booking/events", &event).await;
        event["eventId"].as_str().unwrap().to_owned()
    }

    async fn post_as_admin(&self, path: &str, body: &Value) -> Value {
        let claims = json!({ "sub": "host", "exp": EXPIRES, "role": "admin" });
        let (status, answer) = sent(self.post(path, &claims, body)).await;
        assert_eq!(status, 201, "{answer}");
        answer
    }

    async fn hold(&self, event: &str, seat: &str) -> (u16, Value) {
        let claims = json!({ "sub": "guest", "exp": EXPIRES });
        let body = json!({ "eventId": event, "seatIds": [seat] });
        sent(self.post("/seat-booking/hold-seats", &claims, &body)).await
    }

    fn post(&self, path: &str, claims: &Value, body: &Value) -> RequestBuilder {
        self.http.post(self.address(path)).bearer_auth(token(SECRET, claims)).json(body)
    }
}

async fn sent(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}
