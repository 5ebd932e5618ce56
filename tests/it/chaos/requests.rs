//! Each request beside what it asks for, as a history has it.

use reqwest::Method;
use seat_history::{Operation, OperationKind};
use seat_testbed::confirm_body;
use serde_json::json;

use super::{hall::Request, venue::Venue};

/// Seats, or a table with its seats.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// All of them, those of the table too.
    pub(super) seats: Vec<String>,
    pub(super) table: Option<String>,
}

impl Choice {
    fn single_seats(&self) -> &[String] {
        if self.table.is_some() { &[] } else { &self.seats }
    }
}

pub(super) type Asked = (Request, Operation);

pub(super) fn hold(venue: &Venue, user: &str, choice: &Choice, seconds: f64) -> Asked {
    let mut body = json!({ "eventId": venue.event, "holdDurationMinutes": seconds / 60.0 });
    let path = match &choice.table {
        Some(table) => {
            body["tableId"] = table.as_str().into();
            "/seat-booking/hold-table"
        }
        None => {
            body["seatIds"] = choice.seats.clone().into();
            "/seat-booking/hold-seats"
        }
    };
    (Request::post(path, body), operation(OperationKind::Hold, venue, user, choice))
}

pub(super) fn extend(venue: &Venue, user: &str, choice: &Choice, seconds: f64) -> Asked {
    let body = json!({
        "eventId": venue.event,
        "seatIds": choice.single_seats(),
        "tableIds": choice.table.iter().collect::<Vec<_>>(),
        "holdDurationMinutes": seconds / 60.0,
    });
    let operation = operation(OperationKind::Extend, venue, user, choice);
    (Request::post("/seat-booking/extend", body), operation)
}

/// Of what was chosen, or of all that the user holds.
pub(super) fn release(venue: &Venue, user: &str, choice: Option<&Choice>) -> Asked {
    let mut path = format!("/seat-booking/release-seats/{}", venue.event);
    let everything = Choice { seats: Vec::new(), table: None };
    let choice = match choice {
        Some(choice) => {
            let (name, ids) = match &choice.table {
                Some(table) => ("tableIds", table.clone()),
                None => ("seatIds", choice.seats.join(",")),
            };
            path.push_str(&format!("?{name}={ids}"));
            choice
        }
        None => &everything,
    };
    let request = Request { method: Method::DELETE, path, body: None, key: None };
    (request, operation(OperationKind::Release, venue, user, choice))
}

pub(super) fn confirm(venue: &Venue, user: &str, choice: &Choice, key: Option<&str>) -> Asked {
    let seats: Vec<&str> = choice.single_seats().iter().map(String::as_str).collect();
    let tables: Vec<&str> = choice.table.iter().map(String::as_str).collect();
    let body = confirm_body(&venue.event, &seats, &tables);
    let mut request = Request::post("/seat-booking/confirm", body);
    request.key = key.map(str::to_owned);
    let mut operation = operation(OperationKind::Confirm, venue, user, choice);
    operation.key = key.map(str::to_owned);
    (request, operation)
}

pub(super) fn cancel(venue: &Venue, user: &str, booking: &str) -> Asked {
    let path = format!("/seat-booking/bookings/{booking}/cancel");
    let operation = of_booking(OperationKind::Cancel, venue, user, booking);
    (Request::post(path, json!({})), operation)
}

/// By an administrator.
pub(super) fn payment(venue: &Venue, booking: &str) -> Asked {
    let path = format!("/seat-booking/bookings/{booking}/payment");
    let body = json!({ "status": "paid", "transactionId": format!("paid-{booking}") });
    (Request::post(path, body), of_booking(OperationKind::Payment, venue, "", booking))
}

/// By an administrator.
pub(super) fn block(venue: &Venue, seats: &[String]) -> Asked {
    of_house(OperationKind::Block, "block", venue, seats)
}

/// By an administrator.
pub(super) fn unblock(venue: &Venue, seats: &[String]) -> Asked {
    of_house(OperationKind::Unblock, "unblock", venue, seats)
}

fn of_house(kind: OperationKind, what: &str, venue: &Venue, seats: &[String]) -> Asked {
    let path = format!("/seat-booking/events/{}/{what}", venue.event);
    let choice = Choice { seats: seats.to_vec(), table: None };
    (Request::post(path, json!({ "seatIds": seats })), operation(kind, venue, "", &choice))
}

fn operation(kind: OperationKind, venue: &Venue, user: &str, choice: &Choice) -> Operation {
    Operation {
        kind,
        event: venue.event.clone(),
        user: user.to_owned(),
        seats: choice.seats.clone(),
        tables: choice.table.iter().cloned().collect(),
        ..Operation::default()
    }
}

fn of_booking(kind: OperationKind, venue: &Venue, user: &str, booking: &str) -> Operation {
    Operation {
        kind,
        event: venue.event.clone(),
        user: user.to_owned(),
        booking: Some(booking.to_owned()),
        ..Operation::default()
    }
}
