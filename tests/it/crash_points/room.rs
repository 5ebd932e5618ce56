//! The event of one case, the people in it, and what they ask for.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use seat_testbed::{
    Answer, Client, Node, Server, confirm_body, eventually, new_event, small_layout,
};
use serde_json::json;
use tokio::task::JoinHandle;

use super::cases::Operation;

/// What Ada wants.
pub(super) const SEATS: &[&str] = &["seat_A1", "seat_A2"];
pub(super) const TABLE: &str = "table_1";
pub(super) const TABLE_SEATS: &[&str] = &["table_1_s1", "table_1_s2"];
/// What Bob holds in an event in which Ada has a booking, and what the house blocks.
pub(super) const OTHER_SEATS: &[&str] = &["seat_B1", "seat_B2"];

/// A hold that outlasts every test.
const LONG_MINUTES: f64 = 30.0;
/// A hold that is over soon, and lasts for as long as two requests take on a busy machine.
const SHORT_MINUTES: f64 = 3.0 / 60.0;
/// A request to a server that is asleep lasts as long as its sleep.
const ANSWERED_WITHIN: Duration = Duration::from_secs(120);

pub(super) struct Room {
    pub(super) operation: Operation,
    pub(super) event: String,
    /// How long after a hold everything must be as it should be.
    pub(super) settled_within: Duration,
    pub(super) ada: Client,
    pub(super) bob: Client,
    pub(super) carol: Client,
    pub(super) desk: Client,
    /// Ada's booking, where she has one before anything fails.
    booking: Option<String>,
}

impl Room {
    /// An event that is loaded, of which nothing is sold.
    pub(super) async fn new(
        server: &Server,
        operation: Operation,
        settled_within: Duration,
    ) -> Self {
        let anyone = Client::anyone(server);
        let room = Self {
            operation,
            event: new_event(server, small_layout()).await,
            settled_within,
            ada: anyone.and_user(server, "ada"),
            bob: anyone.and_user(server, "bob"),
            carol: anyone.and_user(server, "carol"),
            desk: Client::admin(server),
            booking: None,
        };
        room.desk.get(&format!("/seat-booking/states/{}", room.event)).await.expect(200);
        room
    }

    /// From here on everybody calls this process.
    pub(super) fn call(&mut self, node: &Node) {
        for client in [&mut self.ada, &mut self.bob, &mut self.carol, &mut self.desk] {
            *client = client.at(node);
        }
    }

    /// What is so before the operation.
    pub(super) async fn prepare(&mut self) {
        match self.operation {
            Operation::Hold | Operation::Table | Operation::Refuse | Operation::Block => {}
            Operation::Extend => {
                self.ada.hold_for(&self.event, SEATS, SHORT_MINUTES).await.expect(201);
            }
            Operation::Release | Operation::Confirm | Operation::Wait => {
                self.ada_holds(LONG_MINUTES).await;
            }
            Operation::Leave => self.ada_holds(SHORT_MINUTES).await,
            Operation::Cancel | Operation::Payment | Operation::Load => {
                self.ada_holds(LONG_MINUTES).await;
                let booked = self.ada.send(self.confirm(&self.ada)).await.expect(201);
                self.booking = Some(booked.text("bookingId").to_owned());
            }
            Operation::Undo => self.ada_holds(SHORT_MINUTES).await,
            Operation::Complete => self.ada_holds(LONG_MINUTES).await,
        }
    }

    async fn ada_holds(&self, minutes: f64) {
        self.ada.hold_for(&self.event, SEATS, minutes).await.expect(201);
        self.ada.send(self.hold_table(&self.ada, minutes)).await.expect(201);
    }

    /// Who does it.
    pub(super) fn asker(&self) -> &Client {
        match self.operation {
            Operation::Hold
            | Operation::Table
            | Operation::Extend
            | Operation::Release
            | Operation::Confirm
            | Operation::Wait
            | Operation::Leave
            | Operation::Refuse
            | Operation::Cancel
            | Operation::Undo
            | Operation::Complete => &self.ada,
            Operation::Load => &self.bob,
            Operation::Payment | Operation::Block => &self.desk,
        }
    }

    /// The request that does it; where a round does it, the one of Ada that has no answer yet.
    pub(super) fn request(&self, by: &Client) -> RequestBuilder {
        let event = &self.event;
        let post = |path: &str, body| by.request(Method::POST, path).json(&body);
        let booking = || self.booking.as_deref().expect("Ada has a booking");
        let request = match self.operation {
            Operation::Hold => self.hold(by, SEATS),
            Operation::Load => self.hold(by, OTHER_SEATS),
            Operation::Table => self.hold_table(by, SHORT_MINUTES),
            Operation::Extend => {
                let minutes = 2.0 * SHORT_MINUTES;
                let body = json!({
                    "eventId": event, "seatIds": SEATS, "holdDurationMinutes": minutes
                });
                post("/seat-booking/extend", body)
            }
            Operation::Release => {
                by.request(Method::DELETE, &format!("/seat-booking/release-seats/{event}"))
            }
            Operation::Confirm
            | Operation::Wait
            | Operation::Leave
            | Operation::Refuse
            | Operation::Undo
            | Operation::Complete => self.confirm(by),
            Operation::Cancel => {
                post(&format!("/seat-booking/bookings/{}/cancel", booking()), json!({}))
            }
            Operation::Payment => {
                let body = json!({ "status": "paid", "transactionId": "transaction-1" });
                post(&format!("/seat-booking/bookings/{}/payment", booking()), body)
            }
            Operation::Block => post(
                &format!("/seat-booking/events/{event}/block"),
                json!({ "seatIds": OTHER_SEATS }),
            ),
        };
        request.timeout(ANSWERED_WITHIN)
    }

    fn hold(&self, by: &Client, seats: &[&str]) -> RequestBuilder {
        let body = json!({
            "eventId": self.event, "seatIds": seats, "holdDurationMinutes": SHORT_MINUTES
        });
        by.request(Method::POST, "/seat-booking/hold-seats").json(&body)
    }

    fn hold_table(&self, by: &Client, minutes: f64) -> RequestBuilder {
        let body = json!({
            "eventId": self.event, "tableId": TABLE, "holdDurationMinutes": minutes
        });
        by.request(Method::POST, "/seat-booking/hold-table").json(&body)
    }

    fn confirm(&self, by: &Client) -> RequestBuilder {
        let body = confirm_body(&self.event, SEATS, &[TABLE]);
        let request = by.request(Method::POST, "/seat-booking/confirm").json(&body);
        request.header("Idempotency-Key", "order")
    }

    /// The request, repeated at the server that lives on until the outcome is known.
    pub(super) async fn repeat(&self) -> Answer {
        let mut last = None;
        eventually("the outcome is known", self.settled_within, async || {
            let answer = self.asker().send(self.request(self.asker())).await;
            // Whoever blocks seats while they are in a transfer is told that they are not free.
            let is_known = if self.operation == Operation::Block {
                answer.status == 200
            } else {
                answer.status != 503
            };
            last = Some(answer);
            is_known
        })
        .await;
        last.expect("it was asked once")
    }

    /// The request, sent to a server that fails over it; none where that gives no answer.
    pub(super) fn ask_at(&self, node: &Node) -> JoinHandle<Option<Answer>> {
        let asker = self.asker().at(node);
        let request = self.request(&asker);
        tokio::spawn(async move { asker.try_send(request).await.ok() })
    }

    /// How many seats Ada holds.
    pub(super) async fn held_by_ada(&self) -> usize {
        let path = format!("/seat-booking/my-holds/{}", self.event);
        let holds = self.ada.get(&path).await.expect(200);
        holds.field("holds").as_array().expect("a list").len()
    }

    /// Bob takes what Ada wants, if it is to be had.
    pub(super) async fn bob_books(&self) -> bool {
        let seats = [SEATS, TABLE_SEATS].concat();
        let held = self.bob.hold(&self.event, &seats).await;
        if held.status == 201 {
            self.bob.confirm(&self.event, &seats, None).await.expect(201);
        }
        held.status == 201
    }
}
