use std::{sync::Arc, time::Duration};

use actix_web::http::Method;
use seat_booking::{
    BookingService, Confirm, Contact, MemoryLockStore, MemoryRepository, NewEvent, Ports, Settings,
    Timing,
    ports::{SystemClock, SystemRandomness},
};
use seat_layout::{EventId, Layout, SeatSet};
use seat_state::Timestamp;
use serde_json::{Value, json};

use crate::{Options, Role, State, Tasks, sign_token};

/// A service, the event that it sells, a booking of it, and the token of an admin.
pub(super) struct Room {
    pub(super) state: State,
    event: EventId,
    booking: String,
    pub(super) token: String,
}

impl Room {
    pub(super) async fn open() -> Self {
        let ports = Ports {
            locks: Arc::new(MemoryLockStore::new()),
            repository: Arc::new(MemoryRepository::new()),
            projection: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandomness),
        };
        // An answer that comes late is 503, and so is a version that never comes: neither is meant.
        let timing = Timing {
            answer_within: Duration::from_secs(60),
            at_least_wait: Duration::ZERO,
            ..Timing::default()
        };
        let service = BookingService::with_ports(ports, Settings { timing, ..Settings::default() });
        let user = "ada".parse().unwrap();
        let layout = service.create_layout(Layout::grid(5, 10).unwrap()).await.unwrap();
        let event = service.create_event(NewEvent::of(layout)).await.unwrap();
        let seats = SeatSet::parse("A-1,A-2").unwrap();
        let hold = service.hold(&event, &user, &seats, Duration::from_secs(600)).await.unwrap();
        let contact =
            Contact { name: "Ada".to_owned(), email: "a@b.example".to_owned(), phone: None };
        let confirm = Confirm { contact, ..Confirm::seats(hold.seats()) };
        let booking = service.confirm(&event, &user, confirm).await.unwrap().booking.id.to_string();
        let mut options = Options::new("s3cret".into());
        options.demo = true;
        let token =
            sign_token(&options.jwt_secret, &user, Role::Admin, Timestamp::from_ms(1 << 42));
        let state = State::new(service, Tasks::own().unwrap(), options);
        Self { state, event, booking, token }
    }

    /// Every route that takes a body, with a right one.
    pub(super) fn bodies(&self) -> Vec<(String, Value)> {
        let (event, booking) = (self.event.to_string(), &self.booking);
        let at = json!({ "x": 1.5, "y": 2 });
        let contact = json!({ "name": "Ada", "email": "a@b.example", "phone": "1" });
        let paid = json!({ "method": "card", "transactionId": "t" });
        let layout = json!({
            "name": "Hall",
            "seats": [
                { "id": "T-1", "pos": at, "size": at, "catId": "c", "rl": "A", "sn": 1 },
                { "id": "B", "pos": at, "size": at, "catId": "c", "tableId": "T" },
            ],
            "items": [{ "id": "T", "type": "table", "pos": at, "size": at, "sc": 2 }],
            "categories": [{ "id": "c", "name": "C", "color": "#fff", "price": 12.5 }],
        });
        let seats = json!(["B-1", "B-2"]);
        let listed = [
            ("layouts".to_owned(), layout),
            (
                "events".to_owned(),
                json!({ "layoutId": event, "name": "Fidelio", "currency": "EUR",
                    "startsAt": "2026-11-22T19:30:00Z" }),
            ),
            (format!("events/{event}/block"), json!({ "seatIds": ["E-9"] })),
            (format!("events/{event}/unblock"), json!({ "seatIds": ["E-9"] })),
            (
                "hold-seats".to_owned(),
                json!({ "eventId": event, "seatIds": seats, "holdDurationMinutes": 10 }),
            ),
            (
                "hold-table".to_owned(),
                json!({ "eventId": event, "tableId": "T", "holdDurationMinutes": 2.5 }),
            ),
            (
                "extend".to_owned(),
                json!({ "eventId": event, "seatIds": seats, "tableIds": ["T"],
                    "holdDurationMinutes": 5 }),
            ),
            (
                "confirm".to_owned(),
                json!({ "eventId": event, "seatIds": seats, "tableIds": [],
                    "contactInfo": contact, "paymentInfo": paid, "notes": "n" }),
            ),
            (format!("bookings/{booking}/cancel"), json!({ "reason": "ill" })),
            (
                format!("bookings/{booking}/payment"),
                json!({ "status": "paid", "transactionId": "t", "amount": 100 }),
            ),
            ("demo/token".to_owned(), json!({ "role": "admin" })),
        ];
        listed.into()
    }

    /// Every route that takes a query.
    pub(super) fn queries(&self) -> Vec<(Method, String)> {
        let event = self.event;
        let of = |path: &str| (Method::GET, format!("{path}/{event}"));
        let mut routes: Vec<_> =
            ["layout", "states", "stats", "availability", "changes", "my-holds"].map(of).into();
        routes.extend(["events", "my-bookings"].map(|path| (Method::GET, path.to_owned())));
        routes.push((Method::DELETE, format!("release-seats/{event}")));
        routes
    }
}
