//! The collection `seatStates`, as a report reads it, against what the API says.

use std::{
    collections::BTreeMap,
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use futures_util::{TryStreamExt, future::join_all};
use mongodb::{
    Collection, Database,
    bson::{Bson, DateTime, Document, doc, oid::ObjectId},
};
use seat_testbed::small_layout;
use seat_testbed::{Client, Redis, Server, eventually, executable, new_event, shared_mongo};
use serde_json::json;

/// How far the documents may be behind.
const BEHIND: Duration = Duration::from_secs(2);
/// For what takes a round of all events, or a server's start.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(10);
/// The name of a user whose id is an ObjectId.
const ADA: &str = "64f123456789abcd12345678";

/// Servers on one Redis and one database.
struct House {
    redis: Redis,
    uri: String,
    database: Database,
    servers: Vec<Server>,
    event: String,
}

impl House {
    /// An event of the small room, on servers with these flags.
    async fn with_servers(flags: &[&[&str]]) -> Self {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let name = format!("seat_states_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let (mongo, redis) = (shared_mongo().await, Redis::start().await);
        let (uri, url) = (mongo.uri(&name), redis.url());
        let mut servers = Vec::new();
        for flags in flags {
            let stores = ["--redis-url", &url, "--mongodb-uri", &uri];
            servers.push(Server::start(&[&stores, *flags].concat()).await);
        }
        let event = new_event(&servers[0], small_layout()).await;
        Self { database: mongo.database(&name).await, redis, uri, servers, event }
    }

    fn user(&self, name: &str) -> Client {
        Client::user(&self.servers[0], name)
    }

    fn documents(&self) -> Collection<Document> {
        self.database.collection("seatStates")
    }

    fn event_id(&self) -> ObjectId {
        ObjectId::parse_str(&self.event).unwrap()
    }

    /// The specification's report: how many seats there are of each status.
    async fn distribution(&self) -> BTreeMap<String, i32> {
        let group = doc! { "$group": { "_id": "$status", "count": { "$sum": 1 } } };
        let found = self.documents().aggregate([group]).await.unwrap();
        let found: Vec<Document> = found.try_collect().await.unwrap();
        let of = |group: &Document| {
            (group.get_str("_id").unwrap().to_owned(), group.get_i32("count").unwrap())
        };
        found.iter().map(of).collect()
    }

    /// The same, by the seat map.
    async fn shown(&self) -> BTreeMap<String, i32> {
        let path = format!("/seat-booking/states/{}", self.event);
        let answer = Client::anyone(&self.servers[0]).get(&path).await.expect(200);
        let mut shown = BTreeMap::new();
        for letter in answer.text("states").chars() {
            let status = match letter {
                'a' => "available",
                'h' => "held",
                'b' => "booked",
                'x' => "blocked",
                other => panic!("no status has the letter {other}"),
            };
            *shown.entry(status.to_owned()).or_default() += 1;
        }
        shown
    }

    async fn agrees(&self, within: Duration) {
        let agree = async || self.distribution().await == self.shown().await;
        eventually("the report shows what the API shows", within, agree).await;
    }

    async fn document(&self, seat: &str) -> Document {
        let of_seat = doc! { "eventId": self.event_id(), "seatId": seat };
        self.documents().find_one(of_seat).await.unwrap().unwrap()
    }

    async fn has(&self, seat: &str, status: &str, within: Duration) {
        let what = format!("{seat} is {status}");
        let is_so = async || {
            let filter = doc! { "eventId": self.event_id(), "seatId": seat, "status": status };
            self.documents().find_one(filter).await.unwrap().is_some()
        };
        eventually(&what, within, is_so).await;
    }

    fn rebuild(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(executable("seat-server", "SEAT_SERVER"));
        command.current_dir(self.servers[0].data_dir()).env_clear();
        let url = self.redis.url();
        command.args(["rebuild-seat-states", "--redis-url", &url, "--mongodb-uri", &self.uri]);
        let Output { status, stdout, stderr } = command.args(arguments).output().unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }
}

fn counts(counts: &[(&str, i32)]) -> BTreeMap<String, i32> {
    counts.iter().map(|&(status, count)| (status.to_owned(), count)).collect()
}

fn fields(document: &Document) -> Vec<&str> {
    let mut fields: Vec<&str> = document.keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}

const FIELDS: [&str; 8] =
    ["_id", "epoch", "eventId", "layoutId", "seatId", "seq", "status", "version"];

fn with<'f>(more: &[&'f str]) -> Vec<&'f str> {
    let mut fields = [&FIELDS, more].concat();
    fields.sort_unstable();
    fields
}

#[tokio::test]
async fn the_report_shows_what_the_api_shows_two_seconds_later() {
    let house = House::with_servers(&[&[]]).await;
    let all = async || house.distribution().await == counts(&[("available", 28)]);
    eventually("every seat of a new event has a document", BEHIND, all).await;

    let (ada, bob, admin) = (house.user(ADA), house.user("bob"), Client::admin(&house.servers[0]));
    let event = house.event.as_str();
    ada.hold(event, &["seat_A1", "seat_A2"]).await.expect(201);
    ada.confirm(event, &["seat_A1"], None).await.expect(201);
    bob.hold_table(event, "table_VIP_001").await.expect(201);
    bob.hold(event, &["seat_B2"]).await.expect(201);
    let cancelled = bob.confirm(event, &["seat_B2"], None).await.expect(201);
    let path = format!("/seat-booking/bookings/{}/cancel", cancelled.text("bookingId"));
    bob.post(&path, json!({})).await.expect(200);
    let path = format!("/seat-booking/events/{event}/block");
    admin.post(&path, json!({ "seatIds": ["seat_B1"] })).await.expect(200);
    house.agrees(BEHIND).await;
    let expected = [("available", 21), ("blocked", 1), ("booked", 1), ("held", 5)];
    assert_eq!(house.distribution().await, counts(&expected));

    let held_for = Duration::from_secs(3);
    bob.hold_for(event, &["seat_A3"], held_for.as_secs_f64() / 60.0).await.expect(201);
    house.has("seat_A3", "held", BEHIND).await;
    house.has("seat_A3", "available", held_for + BEHIND).await;
    house.agrees(BEHIND).await;
}

#[tokio::test]
async fn a_document_has_the_fields_of_its_status() {
    let house = House::with_servers(&[&[]]).await;
    let (ada, bob) = (house.user(ADA), house.user("bob"));
    let event = house.event.as_str();
    ada.hold(event, &["seat_A1"]).await.expect(201);
    ada.confirm(event, &["seat_A1"], None).await.expect(201);
    let held = bob.hold_table(event, "table_VIP_001").await.expect(201);
    ada.hold(event, &["seat_A2"]).await.expect(201);
    house.has("seat_A2", "held", CAUGHT_UP_WITHIN).await;
    let ada = ObjectId::parse_str(ADA).unwrap();

    let booked = house.document("seat_A1").await;
    assert_eq!(fields(&booked), with(&["bookedBy", "bookedPrice"]));
    assert_eq!(booked.get_object_id("bookedBy").unwrap(), ada);
    assert_eq!(booked.get("bookedPrice"), Some(&Bson::Int64(75)));
    assert_eq!(booked.get("version"), booked.get("seq"));

    let layout = house.database.collection::<Document>("seatLayouts");
    let layout = layout.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(booked.get("layoutId"), layout.get("_id"));

    let at_table = house.document("table_VIP_001_s3").await;
    assert_eq!(fields(&at_table), with(&["heldBy", "holdExpiresAt"]));
    assert_eq!(at_table.get_str("heldBy").unwrap(), "bob");
    let until = DateTime::parse_rfc3339_str(held.text("expiresAt")).unwrap();
    assert_eq!(at_table.get_datetime("holdExpiresAt").unwrap(), &until);
    assert_eq!(house.document("seat_A2").await.get_object_id("heldBy").unwrap(), ada);
    assert_eq!(fields(&house.document("seat_B10").await), with(&[]));
}

#[tokio::test]
async fn two_servers_that_sell_the_same_event_make_one_report() {
    let house = House::with_servers(&[&[], &[]]).await;
    let event = house.event.as_str();
    let sell = async |number: usize| {
        let server = &house.servers[number % 2];
        let user = Client::user(server, &format!("user-{number}"));
        let seat = format!("seat_{}{}", ["A", "B"][number / 10], number % 10 + 1);
        user.hold(event, &[&seat]).await.expect(201);
        if !number.is_multiple_of(3) {
            user.confirm(event, &[&seat], None).await.expect(201);
        }
    };
    join_all((0..20).map(sell)).await;
    let sold = counts(&[("available", 8), ("booked", 13), ("held", 7)]);
    let all = async || house.distribution().await == sold;
    eventually("what both sold is reported", CAUGHT_UP_WITHIN, all).await;
    let documents = house.documents().count_documents(doc! {}).await.unwrap();
    assert_eq!(documents, 28, "a seat has one document");
}

#[tokio::test]
async fn what_a_server_left_behind_is_caught_up_by_another() {
    let never = ["--project-every-ms", "86400000", "--round-every-ms", "86400000"];
    let house = House::with_servers(&[&never, &["--round-every-ms", "300"]]).await;
    house.user("bob").hold(&house.event, &["seat_A1"]).await.expect(201);
    house.has("seat_A1", "held", CAUGHT_UP_WITHIN).await;
}

#[tokio::test]
async fn a_redis_that_lost_everything_is_followed() {
    let house = House::with_servers(&[&["--round-every-ms", "500"]]).await;
    let (bob, event) = (house.user("bob"), house.event.as_str());
    bob.hold(event, &["seat_A1", "seat_A2"]).await.expect(201);
    bob.confirm(event, &["seat_A2"], None).await.expect(201);
    house.has("seat_A1", "held", CAUGHT_UP_WITHIN).await;
    let epoch = house.document("seat_A1").await.get_i64("epoch").unwrap();

    house.redis.forget().await;
    house.has("seat_A1", "available", CAUGHT_UP_WITHIN).await;
    house.agrees(CAUGHT_UP_WITHIN).await;
    assert!(house.document("seat_A1").await.get_i64("epoch").unwrap() > epoch);
    assert_eq!(house.document("seat_A2").await.get_str("bookedBy").unwrap(), "bob");
}

#[tokio::test]
async fn documents_that_were_damaged_are_rebuilt_by_the_command() {
    let house = House::with_servers(&[&[]]).await;
    let (bob, event) = (house.user("bob"), house.event.as_str());
    bob.hold(event, &["seat_A1", "seat_A2"]).await.expect(201);
    bob.confirm(event, &["seat_A2"], None).await.expect(201);
    let sold = counts(&[("available", 26), ("booked", 1), ("held", 1)]);
    let all = async || house.distribution().await == sold;
    eventually("the sale is reported", CAUGHT_UP_WITHIN, all).await;

    let documents = house.documents();
    let of = |seat: &str| doc! { "eventId": house.event_id(), "seatId": seat };
    documents.delete_many(doc! { "seatId": { "$regex": "^seat_B" } }).await.unwrap();
    let wrong = doc! { "$set": { "status": "booked", "epoch": i64::MAX } };
    documents.update_one(of("seat_A1"), wrong).await.unwrap();
    let strange = doc! { "$set": { "status": "lost" }, "$unset": { "epoch": "", "seq": "" } };
    documents.update_one(of("seat_A2"), strange).await.unwrap();
    let of_no_seat = doc! { "eventId": house.event_id(), "seatId": "Z-1", "status": "booked" };
    let of_no_event = doc! { "eventId": ObjectId::new(), "seatId": "A-1", "status": "booked" };
    documents.insert_many([of_no_seat, of_no_event]).await.unwrap();
    assert_ne!(house.distribution().await, sold);

    let said = house.rebuild(&[]);
    assert_eq!(house.distribution().await, sold, "{said}");
    for line in ["events             1", "documents written  28", "documents removed  2"] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(house.document("seat_A1").await.get("heldBy"), Some(&Bson::from("bob")));
    assert_eq!(house.document("seat_A2").await.get("bookedBy"), Some(&Bson::from("bob")));

    // The servers go on from there.
    bob.hold(event, &["seat_B1"]).await.expect(201);
    house.has("seat_B1", "held", CAUGHT_UP_WITHIN).await;
    assert!(house.rebuild(&["--event", event]).contains("documents written  28"));
}
