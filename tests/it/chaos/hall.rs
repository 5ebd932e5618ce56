use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::{Method, RequestBuilder};
use seat_history::{Operation, OperationKind, Outcome};
use seat_testbed::{Answer, Client, Server};
use serde_json::Value;
use tokio::time::sleep;

use super::{door::Door, ledger::Ledger, venue::Venue};

/// A server answers within two seconds whatever its stores do; the third is for a machine that runs
/// other tests as well.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);
/// When a client hangs up. A server that was stopped answers nobody.
const GIVES_UP_AFTER: Duration = Duration::from_secs(5);
/// When a client asks again whose connection was refused.
const ASKS_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Why somebody who knows the way may be refused.
const REFUSALS: &[&str] =
    &["seats_unavailable", "not_held", "invalid_state", "idempotency_mismatch", "hold_limit"];

/// What the people of a sale share.
pub(super) struct Hall {
    pub(super) venues: Vec<Venue>,
    /// One for each server process.
    pub(super) doors: Vec<Door>,
    pub(super) ledger: Ledger,
    /// Whether an expiry that is answered can be believed: not while the clock of the lock store
    /// itself is moved.
    clock_is_right: AtomicBool,
    /// Whether MongoDB's set may be electing: a majority read of one that does not know yet that it
    /// is the primary no more may miss the newest booking, so "no such booking" is no lie then.
    electing: AtomicBool,
    closing: AtomicBool,
}

/// A request that changes something.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) key: Option<String>,
}

/// How a request ended.
pub(super) struct Told {
    pub(super) outcome: Outcome,
    pub(super) answer: Option<Answer>,
}

impl Hall {
    pub(super) fn new(server: &Server, venues: Vec<Venue>) -> Self {
        Self {
            venues,
            doors: server.nodes().iter().map(|node| Door::new(node.url())).collect(),
            ledger: Ledger::new(),
            clock_is_right: AtomicBool::new(true),
            electing: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        }
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Says whether an expiry that is answered from now on can be believed.
    pub(super) fn set_clock_is_right(&self, right: bool) {
        self.clock_is_right.store(right, Ordering::SeqCst);
    }

    /// Says whether MongoDB's set may be electing from now on.
    pub(super) fn set_electing(&self, electing: bool) {
        self.electing.store(electing, Ordering::SeqCst);
    }

    /// Sends a request and notes what became of it; `operation` says what it asks for.
    pub(super) async fn ask(
        &self,
        door: usize,
        client: &Client,
        request: &Request,
        mut operation: Operation,
    ) -> Told {
        // Before the address is asked for: what is sent to one that is no more is no complaint.
        operation.start_us = self.ledger.now_us();
        let client = client.at_url(&self.doors[door].url());
        let mut builder = client.request(request.method.clone(), &request.path);
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        if let Some(key) = &request.key {
            builder = builder.header("Idempotency-Key", key);
        }
        let clock_was_right = self.clock_is_right.load(Ordering::SeqCst);
        let what = format!("{} {}", request.method, request.path);
        let answer = self.send(door, &client, builder, &what, operation.start_us).await;
        operation.end_us = Some(self.ledger.now_us());
        operation.outcome = outcome(answer.as_ref());
        if let Some(answer) = &answer {
            let clock = clock_was_right && self.clock_is_right.load(Ordering::SeqCst);
            self.learn(&mut operation, answer, clock);
        }
        let told = Told { outcome: operation.outcome, answer };
        self.ledger.note(operation);
        told
    }

    /// Looks at something; none when nobody could say.
    pub(super) async fn look(&self, door: usize, client: &Client, path: &str) -> Option<Answer> {
        let start_us = self.ledger.now_us();
        let client = client.at_url(&self.doors[door].url());
        let request = client.request(Method::GET, path);
        let answer = self.send(door, &client, request, path, start_us).await;
        self.ledger.note_read();
        answer.filter(|answer| answer.status == 200)
    }

    async fn send(
        &self,
        door: usize,
        client: &Client,
        request: RequestBuilder,
        what: &str,
        start_us: u64,
    ) -> Option<Answer> {
        let result = client.try_send(request.timeout(GIVES_UP_AFTER)).await;
        let end_us = self.ledger.now_us();
        let took = Duration::from_micros(end_us - start_us);
        let excused = self.doors[door].was_troubled(start_us, end_us);
        match &result {
            _ if excused => {}
            Ok(answer) if took > ANSWERED_WITHIN => {
                let status = answer.status;
                self.ledger.complain(format!("{status} after {took:?} at {end_us} µs: {what}"));
            }
            Ok(_) => {}
            Err(error) => {
                self.ledger.complain(format!("no answer at {end_us} µs: {what}: {error:?}"));
            }
        }
        match result {
            Ok(answer) => {
                self.judge(&answer, what);
                Some(answer)
            }
            Err(_) => {
                sleep(ASKS_AGAIN_AFTER).await;
                None
            }
        }
    }

    /// Whether it is one of the answers that a client of a sale may get.
    fn judge(&self, answer: &Answer, what: &str) {
        let fits = match answer.status {
            200 | 201 => true,
            503 => answer.code() == "unavailable" && answer.header("Retry-After").is_some(),
            404 => self.electing.load(Ordering::SeqCst) && answer.code() == "booking_not_found",
            409 | 422 => REFUSALS.contains(&answer.code()),
            _ => false,
        };
        if !fits {
            self.ledger.complain(format!("{what} was answered {answer:?}"));
        }
    }

    /// Notes what an answer says.
    fn learn(&self, operation: &mut Operation, answer: &Answer, clock_is_right: bool) {
        match operation.outcome {
            Outcome::Yes => {}
            Outcome::No => {
                operation.code = answer.body["code"].as_str().map(str::to_owned);
                return;
            }
            Outcome::Unknown => return,
        }
        match operation.kind {
            OperationKind::Hold | OperationKind::Extend if clock_is_right => {
                let expires = answer.text("expiresAt").parse().expect("it is a time");
                operation.expires_us = Some(self.ledger.us_of(expires));
            }
            OperationKind::Confirm => {
                operation.booking = Some(answer.text("bookingId").to_owned());
                operation.total = Some(minor_units(answer.field("totalAmount")));
            }
            OperationKind::Hold
            | OperationKind::Extend
            | OperationKind::Release
            | OperationKind::Cancel
            | OperationKind::Payment
            | OperationKind::Block
            | OperationKind::Unblock => {}
        }
    }
}

fn outcome(answer: Option<&Answer>) -> Outcome {
    match answer.map(|answer| answer.status) {
        Some(200 | 201) => Outcome::Yes,
        Some(400..=499) => Outcome::No,
        Some(_) | None => Outcome::Unknown,
    }
}

/// Money of an answer, which has two decimals at the most.
pub(super) fn minor_units(money: &Value) -> u64 {
    (money.as_f64().expect("money is a number") * 100.0).round() as u64
}

impl Request {
    pub(super) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, path: path.into(), body: Some(body), key: None }
    }
}

/// A mutex whose holder panicked has failed the test already.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
