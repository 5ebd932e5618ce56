use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use mongodb::{
    Database,
    bson::{Document, doc, oid::ObjectId},
};
use seat_testbed::{Client, Server, eventually};

/// Within this after the last request nothing is in between any more: what a lost hold leaves behind
/// is reconciled, and both servers have followed.
const QUIET_WITHIN: Duration = Duration::from_secs(30);
/// How many requests a check has open at once.
const CHECKS_OPEN: usize = 16;

/// A confirm that was sent, and repeated until its outcome was known.
pub(super) struct Order {
    pub(super) user: String,
    pub(super) seats: Vec<String>,
    /// Whether the outcome was not known at first.
    pub(super) repeated: bool,
    /// The booking; none when the confirm was refused.
    pub(super) booking: Option<String>,
}

/// Everything that must be so after a sale whose orders are these.
pub(super) async fn check(
    server: &Server,
    event: &str,
    seats: &[String],
    orders: &[Order],
    database: &Database,
) {
    let stored = stored_bookings(database, event).await;
    no_seat_is_sold_twice(&stored);
    let booked: Vec<&Order> = orders.iter().filter(|order| order.booking.is_some()).collect();
    for order in &booked {
        let id = order.booking.as_deref().expect("it is booked");
        let stored = stored.get(id).unwrap_or_else(|| panic!("{id} was answered and is not there"));
        assert_eq!(stored, &order.seats.iter().cloned().collect(), "{id}");
    }
    let shoppers = booked.iter().filter_map(|order| order.booking.as_ref());
    let shoppers: BTreeSet<&String> = shoppers.collect();
    assert_eq!(shoppers.len(), booked.len(), "two orders have one booking");

    let desk = Client::anyone(server);
    stream::iter(booked)
        .for_each_concurrent(CHECKS_OPEN, |order| async {
            let path = format!("/seat-booking/bookings/{}", order.booking.as_deref().unwrap());
            let user = desk.and_user(server, &order.user);
            assert_eq!(user.get(&path).await.expect(200).text("status"), "confirmed");
        })
        .await;

    let sold: BTreeSet<&String> = stored.values().flatten().collect();
    let right: String =
        seats.iter().map(|seat| if sold.contains(seat) { 'b' } else { 'a' }).collect();
    for node in server.nodes() {
        eventually("the states are those of the bookings", QUIET_WITHIN, async || {
            let states = desk.at(node).get(&format!("/seat-booking/states/{event}")).await;
            states.status == 200 && states.text("states") == right
        })
        .await;
    }
}

/// The seats of every booking that has some, by its id.
async fn stored_bookings(database: &Database, event: &str) -> BTreeMap<String, BTreeSet<String>> {
    let bookings = database.collection::<Document>("seatBookings");
    let event = ObjectId::parse_str(event).unwrap();
    let found = bookings.find(doc! { "eventId": event, "status": "confirmed" }).await.unwrap();
    let found: Vec<Document> = found.try_collect().await.unwrap();
    let seats = |booking: &Document| {
        let seats = booking.get_array("allSeatIds").unwrap().iter();
        seats.map(|seat| seat.as_str().unwrap().to_owned()).collect()
    };
    found.iter().map(|b| (b.get_object_id("_id").unwrap().to_hex(), seats(b))).collect()
}

fn no_seat_is_sold_twice(stored: &BTreeMap<String, BTreeSet<String>>) {
    let mut owners = BTreeMap::new();
    for (booking, seats) in stored {
        for seat in seats {
            let other = owners.insert(seat, booking);
            assert!(other.is_none(), "{seat} is in {booking} and in {other:?}");
        }
    }
}
