//! A server falls asleep between `begin` and the insert of a booking, and another one decides
//! meanwhile what becomes of it (I1, I6, I7): there is one outcome, the repository's, and whoever
//! wakes up late is told that one.

use std::time::Duration;

use mongodb::bson::{Document, doc, oid::ObjectId};
use seat_testbed::{
    Answer, Client, Node, Redis, Server, Signal, Stores, eventually, new_event, own_executable,
    shared_mongo, small_layout,
};
use tokio::task::JoinHandle;

const SOON: Duration = Duration::from_secs(15);
const SEAT: &[&str] = &["seat_A1"];

/// A server that settles what stands for a second, another one that sleeps before its first
/// booking, and an event.
struct House {
    awake: Server,
    asleep: Node,
    event: String,
    stores: Stores,
    _redis: Redis,
}

impl House {
    async fn new() -> Self {
        let redis = Redis::start().await;
        let stores = Stores::new(redis.url(), shared_mongo().await);
        let flags = ["--reconcile-age-ms", "1000", "--round-every-ms", "200"];
        let awake = Server::start_on(std::slice::from_ref(&stores), &flags).await;
        let event = new_event(&awake, small_layout()).await;
        let arguments = [
            ["--redis-url", &stores.redis_url],
            ["--mongodb-uri", &stores.mongodb_uri],
            ["--jwt-secret", awake.secret()],
            ["--at", "insert.before"],
            ["--do", "stop"],
        ];
        let arguments = arguments.concat();
        let program = own_executable("failing_server");
        let asleep = Node::of_program(&program, &arguments).await;
        Self { awake, asleep, event, stores, _redis: redis }
    }

    /// Ada holds the seat and confirms it at the server that falls asleep over it; her answer when
    /// it comes.
    async fn falls_asleep(&self, minutes: f64) -> JoinHandle<Answer> {
        let ada = Client::user(&self.awake, "ada");
        ada.hold_for(&self.event, SEAT, minutes).await.expect(201);
        let (at_sleeper, event) = (ada.at(&self.asleep), self.event.clone());
        let answer =
            tokio::spawn(async move { at_sleeper.confirm(&event, SEAT, Some("order")).await });
        eventually("it sleeps", SOON, async || self.asleep.is_stopped()).await;
        answer
    }

    /// The bookings of the seat that count, as the database has them.
    async fn active(&self) -> Vec<Document> {
        let event = ObjectId::parse_str(&self.event).unwrap();
        let filter = doc! { "eventId": event, "activeSeatIds": SEAT[0] };
        let bookings = self.stores.database().await.collection::<Document>("seatBookings");
        let mut found = bookings.find(filter).await.unwrap();
        let mut active = Vec::new();
        while found.advance().await.unwrap() {
            active.push(found.deserialize_current().unwrap());
        }
        active
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wakes_up_after_the_seat_was_sold_to_another_is_told_so() {
    let house = House::new().await;
    let ada = house.falls_asleep(0.05).await;
    // Her transfer is given up, her hold runs out, and the seat is free.
    let bob = Client::user(&house.awake, "bob");
    eventually("bob holds the seat", SOON, async || {
        bob.hold(&house.event, SEAT).await.status == 201
    })
    .await;
    let sold = bob.confirm(&house.event, SEAT, None).await.expect(201);
    house.asleep.signal(Signal::CONT);
    let refused = ada.await.unwrap().expect(409);
    assert_eq!(refused.code(), "not_held");
    let active = house.active().await;
    let id = ObjectId::parse_str(sold.text("bookingId")).unwrap();
    assert_eq!(active.len(), 1);
    assert_eq!(active[0].get_object_id("_id").unwrap(), id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wakes_up_while_the_hold_still_lasts_books_after_all() {
    let house = House::new().await;
    let ada = house.falls_asleep(10.0).await;
    let watcher = Client::user(&house.awake, "ada");
    let holds = format!("/seat-booking/my-holds/{}", house.event);
    eventually("her hold is given back", SOON, async || {
        let holds = watcher.get(&holds).await.expect(200);
        holds.field("holds").as_array().is_some_and(|holds| holds.len() == 1)
    })
    .await;
    house.asleep.signal(Signal::CONT);
    let booked = ada.await.unwrap().expect(201);
    let active = house.active().await;
    assert_eq!(active.len(), 1);
    // The first attempt was abandoned, and can never become a booking any more.
    assert_eq!(active[0].get_i32("attempt").unwrap(), 1);
    let id = active[0].get_object_id("_id").unwrap().to_hex();
    assert_eq!(booked.text("bookingId"), id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wakes_up_after_the_same_order_was_sent_elsewhere_gives_the_same_answer() {
    let house = House::new().await;
    let asleep = house.falls_asleep(10.0).await;
    let ada = Client::user(&house.awake, "ada");
    let elsewhere = ada.confirm(&house.event, SEAT, Some("order")).await.expect(201);
    house.asleep.signal(Signal::CONT);
    let late = asleep.await.unwrap().expect(201);
    for same in ["bookingId", "totalAmount", "allSeatIds", "status"] {
        assert_eq!(late.field(same), elsewhere.field(same), "{same}");
    }
    assert_eq!(house.active().await.len(), 1);
}
