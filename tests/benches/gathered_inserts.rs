//! Bookings a second through the repository on MongoDB, which gathers inserts, against one insert
//! command each, with 256 in flight: `cargo bench -p seat-tests --bench gathered_inserts`.
//!
//! Both write the same documents, durably at the majority of a private replica set of one, into
//! collections with the same indexes and validator; rounds take turns, and medians are printed.

#![allow(clippy::print_stdout, reason = "the figures are for people")]
#![allow(clippy::disallowed_methods, reason = "real time is what is measured")]
#![allow(clippy::unwrap_used, reason = "a measurement that can't go on ends")]

use std::{sync::Arc, time::Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use mongodb::{
    Collection,
    bson::{Document, doc, oid::ObjectId},
    options::{Acknowledgment, CollectionOptions, WriteConcern},
};
use seat_booking::{
    BookedSeat, Booking, BookingStatus, Contact, Fingerprint, Payment, PaymentStatus, Record,
    RequestMark,
    contract::SeededRandomness,
    ports::{InsertReply, Randomness, Repository},
};
use seat_layout::{BookingId, Currency, EventId, Money};
use seat_mongo::MongoRepository;
use seat_state::Timestamp;
use seat_testbed::Mongo;

const ROUNDS: usize = 7;
const BOOKINGS: usize = 5_000;
const IN_FLIGHT: usize = 256;

#[tokio::main]
async fn main() {
    let mongo = Mongo::start().await;
    let repository = Arc::new(MongoRepository::connect(&mongo.uri("gathered")).await.unwrap());
    // Makes the collection with its indexes and its validator.
    MongoRepository::connect(&mongo.uri("single")).await.unwrap();
    let gathered = mongo.database("gathered").await.collection::<Document>("seatBookings");
    let durable = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build();
    let options = CollectionOptions::builder().write_concern(durable).build();
    let single: Collection<Document> =
        mongo.database("single").await.collection_with_options("seatBookings", options);

    let random = SeededRandomness::new(1);
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let event = EventId::from_bytes(random.bytes());
        let bookings: Vec<Record> =
            (0..BOOKINGS).map(|number| booking(event, number, &random)).collect();
        let start = Instant::now();
        stream::iter(bookings)
            .for_each_concurrent(IN_FLIGHT, |booking| async {
                assert_eq!(repository.insert(booking).await.unwrap(), InsertReply::Inserted);
            })
            .await;
        fast.push(BOOKINGS as f64 / start.elapsed().as_secs_f64());

        let of_event = doc! { "eventId": ObjectId::from_bytes(*event.as_bytes()) };
        let same: Vec<Document> =
            gathered.find(of_event).await.unwrap().try_collect().await.unwrap();
        assert_eq!(same.len(), BOOKINGS);
        let start = Instant::now();
        stream::iter(same)
            .for_each_concurrent(IN_FLIGHT, |booking| async {
                single.insert_one(booking).await.unwrap();
            })
            .await;
        slow.push(BOOKINGS as f64 / start.elapsed().as_secs_f64());
        println!(
            "round {round}: gathered {:.0}/s, single {:.0}/s",
            fast[round - 1],
            slow[round - 1]
        );
    }
    let (fast, slow) = (median(fast), median(slow));
    println!("median: gathered {fast:.0}/s, single {slow:.0}/s, {:.1} to 1", fast / slow);
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Two seats, as a confirm makes it.
fn booking(event: EventId, number: usize, random: &SeededRandomness) -> Record {
    let price = Money::from_minor(75_00);
    let seat = |side: &str| BookedSeat {
        seat_id: format!("seat_{side}{number}").parse().unwrap(),
        category_id: "standard".parse().unwrap(),
        price,
        row_label: Some(side.to_owned()),
        seat_number: u32::try_from(number).ok(),
    };
    Record::Booking(Box::new(Booking {
        id: BookingId::from_bytes(random.bytes()),
        event_id: event,
        user_id: format!("user-{number}").parse().unwrap(),
        booked_seats: vec![seat("A"), seat("B")],
        booked_tables: Vec::new(),
        total_amount: price.times(2),
        currency: Currency::USD,
        status: BookingStatus::Confirmed,
        payment: Payment {
            status: PaymentStatus::Pending,
            amount: price.times(2),
            method: None,
            transaction_id: None,
            recorded_transaction_id: None,
        },
        contact: Contact {
            name: "Ada Lovelace".to_owned(),
            email: "ada@example.com".to_owned(),
            phone: None,
        },
        notes: None,
        created_at: Timestamp::from_ms(1_795_375_800_000),
        cancel_reason: None,
        request: RequestMark {
            key: None,
            attempt: 0,
            fingerprint: Fingerprint::from_bytes([7; 16]),
        },
        rev: 0,
        change_id: None,
    }))
}
