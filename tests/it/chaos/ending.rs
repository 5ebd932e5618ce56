//! What is there when all is over, as the stores and every server have it.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};
use mongodb::bson::{Bson, Document, doc, oid::ObjectId};
use seat_history::{BookingStatus, FinalBooking, FinalEnd, FinalSeat, History, SeatStatus};
use seat_testbed::{Client, Server, Stores, eventually};
use serde_json::Value;

use super::{
    hall::{Hall, minor_units},
    site::Site,
    venue::Venue,
};

/// One hold time and a minute after the last fault nothing sticks; the intervals that the minute
/// stands for are shortened by the servers' flags, and this is what is left of it.
const QUIET_WITHIN: Duration = Duration::from_secs(12 + 30);
/// How many requests are open at once.
const OPEN: usize = 16;
/// The most that one user may hold, and one request.
const SEATS_OF_USER: usize = 50;

/// Waits until nothing is under way any more, and notes the final state.
pub(super) async fn history(site: &Site, hall: &Hall, users: &[String]) -> History {
    let admin = Client::admin(&site.server);
    eventually("no seat is held any more", QUIET_WITHIN, async || {
        for door in 0..hall.doors.len() {
            for venue in &hall.venues {
                let shown = states(hall, door, &admin, venue).await;
                if shown.is_none_or(|shown| shown.contains('h')) {
                    return false;
                }
            }
        }
        true
    })
    .await;

    let at_us = Some(hall.ledger.now_us());
    let bookings = match site.stores() {
        Some(stores) => stored_bookings(stores, &hall.venues).await,
        None => listed_bookings(&site.server, hall, users).await,
    };
    let mut seats = Vec::new();
    for door in 0..hall.doors.len() {
        for venue in &hall.venues {
            let shown = states(hall, door, &admin, venue).await.expect("all is well by now");
            assert_eq!(shown.len(), venue.seats.len(), "a seat is missing");
            seats.extend(venue.seats.iter().zip(shown.chars()).map(|(seat, state)| FinalSeat {
                event: venue.event.clone(),
                seat: seat.clone(),
                status: status_of(state),
            }));
        }
    }
    History {
        operations: hall.ledger.operations(),
        faults: hall.ledger.faults(),
        bookings,
        seats,
        complete: true,
        end: FinalEnd { at_us, quiet: true },
        lines: Vec::new(),
    }
}

/// Every seat that is in no active booking and not kept back is held by somebody new; how many.
pub(super) async fn hold_the_rest(site: &Site, hall: &Hall, history: &History) -> usize {
    let mut rest: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let of_one_server = history.seats.iter().take(history.seats.len() / hall.doors.len());
    for seat in of_one_server.filter(|seat| seat.status == SeatStatus::Available) {
        rest.entry(&seat.event).or_default().push(&seat.seat);
    }
    let desk = Client::anyone(&site.server);
    let chunks = rest
        .iter()
        .flat_map(|(event, seats)| seats.chunks(SEATS_OF_USER).map(move |chunk| (*event, chunk)));
    stream::iter(chunks.enumerate())
        .for_each_concurrent(OPEN, |(number, (event, seats))| {
            let user = desk.and_user(&site.server, &format!("late-{number}"));
            async move {
                user.hold_for(event, seats, 0.1).await.expect(201);
            }
        })
        .await;
    rest.values().map(Vec::len).sum()
}

async fn states(hall: &Hall, door: usize, client: &Client, venue: &Venue) -> Option<String> {
    let path = format!("/seat-booking/states/{}", venue.event);
    let answer = hall.look(door, client, &path).await?;
    Some(answer.text("states").to_owned())
}

fn status_of(state: char) -> SeatStatus {
    match state {
        'a' => SeatStatus::Available,
        'h' => SeatStatus::Held,
        'b' => SeatStatus::Booked,
        'x' => SeatStatus::Blocked,
        other => panic!("{other} is no state"),
    }
}

/// From MongoDB itself.
async fn stored_bookings(stores: &Stores, venues: &[Venue]) -> Vec<FinalBooking> {
    let bookings = stores.database().await.collection::<Document>("seatBookings");
    let mut found = Vec::new();
    for venue in venues {
        let event = ObjectId::parse_str(&venue.event).unwrap();
        let filter = doc! {
            "eventId": event,
            "status": { "$in": ["pending", "confirmed", "paid", "cancelled"] },
        };
        let mut documents = bookings.find(filter).await.unwrap();
        while let Some(document) = documents.try_next().await.unwrap() {
            found.push(stored_booking(&document, &venue.event));
        }
    }
    found
}

fn stored_booking(document: &Document, event: &str) -> FinalBooking {
    let text = |value: &Bson| value.as_str().expect("it is a text").to_owned();
    let tables = document.get_array("bookedTables").map(Vec::as_slice).unwrap_or_default();
    let tables = tables.iter().filter_map(|table| table.as_document()?.get("tableId"));
    FinalBooking {
        booking: document.get_object_id("_id").unwrap().to_hex(),
        event: event.to_owned(),
        user: document.get_str("userId").unwrap().to_owned(),
        seats: document.get_array("allSeatIds").unwrap().iter().map(text).collect(),
        tables: tables.map(text).collect(),
        status: booking_status(document.get_str("status").unwrap()),
        total: minor_units_of(document.get("totalAmount").expect("it has a price")),
        key: document.get_str("idempotencyKey").ok().map(str::to_owned),
    }
}

/// However the price is stored.
fn minor_units_of(money: &Bson) -> Option<u64> {
    let whole = || money.as_i64().or_else(|| money.as_i32().map(i64::from));
    let money = money.as_f64().or_else(|| whole().map(|money| money as f64))?;
    Some((money * 100.0).round() as u64)
}

/// From the lists of all users, where there is no other way past the server.
async fn listed_bookings(server: &Server, hall: &Hall, users: &[String]) -> Vec<FinalBooking> {
    let mut found = Vec::new();
    for name in users {
        let user = Client::user(server, name).at_url(&hall.doors[0].url());
        let mut path = "/seat-booking/my-bookings?limit=100".to_owned();
        loop {
            let page = user.get(&path).await.expect(200);
            let bookings = page.field("bookings").as_array().expect("it is a list");
            found.extend(bookings.iter().map(|booking| listed_booking(booking, name)));
            let Some(cursor) = page.body["nextCursor"].as_str() else { break };
            path = format!("/seat-booking/my-bookings?limit=100&cursor={cursor}");
        }
    }
    let ours = |booking: &FinalBooking| hall.venues.iter().any(|v| v.event == booking.event);
    assert!(found.iter().all(ours), "a booking is of another event");
    found
}

fn listed_booking(booking: &Value, user: &str) -> FinalBooking {
    let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
    let list = |value: &Value| value.as_array().expect("it is a list").clone();
    FinalBooking {
        booking: text(&booking["bookingId"]),
        event: text(&booking["eventId"]),
        user: user.to_owned(),
        seats: list(&booking["allSeatIds"]).iter().map(text).collect(),
        tables: list(&booking["bookedTables"]).iter().map(|t| text(&t["tableId"])).collect(),
        status: booking_status(&text(&booking["status"])),
        total: Some(minor_units(&booking["totalAmount"])),
        key: None,
    }
}

fn booking_status(status: &str) -> BookingStatus {
    match status {
        "confirmed" => BookingStatus::Confirmed,
        "paid" => BookingStatus::Paid,
        "cancelled" => BookingStatus::Cancelled,
        other => panic!("{other} is no status of a booking"),
    }
}
