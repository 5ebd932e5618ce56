//! What an operator asks Redis and MongoDB by hand, as docs/OPERATIONS.md has it, is answered as the
//! API answers.

use std::{collections::BTreeSet, fs, path::Path};

use futures_util::TryStreamExt;
use mongodb::{
    Database,
    bson::{Bson, Document, doc, oid::ObjectId},
};
use seat_state::Timestamp;
use seat_testbed::{
    Client, Redis, Server, Stores, confirm_body, new_event, shared_mongo, small_layout,
};
use serde_json::Value;

/// A server whose event has seats in every state: `ada` holds `seat_A1`, and `table_1` as a table;
/// `bob` has booked `seat_B1` and a table of four.
struct House {
    redis: Redis,
    database: Database,
    server: Server,
    event: String,
}

impl House {
    async fn open() -> Self {
        let redis = Redis::start().await;
        let stores = Stores::new(redis.url(), shared_mongo().await);
        let database = stores.database().await;
        let server = Server::start_on(&[stores], &[]).await;
        let event = new_event(&server, small_layout()).await;
        let (ada, bob) = (Client::user(&server, "ada"), Client::user(&server, "bob"));
        bob.hold(&event, &["seat_B1"]).await.expect(201);
        bob.hold_table(&event, "table_VIP_001").await.expect(201);
        let body = confirm_body(&event, &["seat_B1"], &["table_VIP_001"]);
        bob.confirm_with(body, None).await.expect(201);
        ada.hold(&event, &["seat_A1"]).await.expect(201);
        ada.hold_table(&event, "table_1").await.expect(201);
        Self { redis, database, server, event }
    }

    /// What the page's line of this beginning prints.
    fn redis_cli(&self, line: &str) -> String {
        self.redis.shell(&format!("E={}\n{line}", self.event))
    }

    async fn aggregate(&self, collection: &str, stages: Vec<Document>) -> Vec<Document> {
        let found = self.database.collection::<Document>(collection).aggregate(stages).await;
        found.unwrap().try_collect().await.unwrap()
    }

    fn event_id(&self) -> ObjectId {
        ObjectId::parse_str(&self.event).unwrap()
    }
}

/// The lines of the page's section about redis-cli.
fn lines_of_the_page() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/OPERATIONS.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("\n### redis-cli\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().filter(|line| line.starts_with("redis-cli")).map(str::to_owned).collect()
}

#[tokio::test]
async fn redis_cli_tells_what_the_page_says_it_does() {
    let house = House::open().await;
    let holds = Client::user(&house.server, "ada");
    let holds = holds.get(&format!("/seat-booking/my-holds/{}", house.event)).await.expect(200);
    let hold = |seat| holds.field("holds").as_array().unwrap().iter().find(|h| h["seatId"] == seat);
    let at = |moment: &Value| moment.as_str().unwrap().parse::<Timestamp>().unwrap();
    let lines = lines_of_the_page();
    let line = |start| lines.iter().find(|line| line.starts_with(start)).unwrap().as_str();

    let single = hold("seat_A1").unwrap();
    let held_at = at(&single["heldAt"]).ms();
    assert_eq!(house.redis_cli(line("redis-cli get")).trim(), format!("ada:{held_at}"));
    let left: u64 = house.redis_cli(line("redis-cli ttl")).trim().parse().unwrap();
    let shown = at(&single["expiresAt"]).since(at(holds.field("serverTime"))).as_secs();
    assert!(left <= shown + 1 && left + 60 > shown, "{left} of {shown} seconds are left");
    let held_at = at(&hold("table_1_s1").unwrap()["heldAt"]).ms();
    let of_table = house.redis_cli("redis-cli get \"seat_lock:{$E}:table_1_s1\"");
    assert_eq!(of_table.trim(), format!("ada:{held_at}:table:table_1"));
    let table = house.redis_cli("redis-cli get \"table_lock:{$E}:table_1\"");
    assert_eq!(table, of_table);

    let held = house.redis_cli(line("redis-cli zrange \"seat_holds"));
    let held: BTreeSet<&str> = held.lines().step_by(2).collect();
    assert_eq!(held, BTreeSet::from(["seat_A1", "table_1_s1", "table_1_s2"]));
    let marks = house.redis_cli(line("redis-cli hgetall"));
    let marks: Vec<&str> = marks.lines().collect();
    let booked: Vec<&str> =
        marks.chunks(2).filter(|mark| mark[1].starts_with("b:")).map(|mark| mark[0]).collect();
    // A seat, and a table with its four.
    assert_eq!(booked.len(), 6, "{booked:?}");
    assert!(booked.contains(&"seat_B1") && booked.contains(&"table:table_VIP_001"));
    assert_eq!(house.redis_cli(line("redis-cli zrange \"seat_transfers")).trim(), "");
    let changes = house.redis_cli(line("redis-cli xrange"));
    assert!(changes.contains("seat_B1:b") && changes.contains("seat_A1:h:"), "{changes}");
    assert!(house.redis_cli(line("redis-cli info")).starts_with("used_memory_human:"));
    assert_eq!(lines.len(), 7, "the page has a line more, which nobody has tried");
}

#[tokio::test]
async fn the_viewport_query_of_the_specification_finds_the_seats_that_the_api_shows() {
    let house = House::open().await;
    let anyone = Client::anyone(&house.server);
    let event = anyone.get(&format!("/seat-booking/events/{}", house.event)).await.expect(200);
    let layout = ObjectId::parse_str(event.text("layoutId")).unwrap();
    let mut sizes = BTreeSet::new();
    for (x, y, width, height) in [(0, 0, 800, 600), (40, 100, 120, 40), (500, 150, 90, 90)] {
        let within = doc! { "$and": [
            { "$gte": ["$$this.pos.x", x] },
            { "$lte": ["$$this.pos.x", x + width] },
            { "$gte": ["$$this.pos.y", y] },
            { "$lte": ["$$this.pos.y", y + height] },
        ] };
        let filter = doc! { "$filter": { "input": "$seats", "cond": within } };
        let stages =
            vec![doc! { "$match": { "_id": layout } }, doc! { "$project": { "seats": filter } }];
        let found = house.aggregate("seatLayouts", stages).await;
        let found = found[0].get_array("seats").unwrap().iter();
        let found: BTreeSet<&str> =
            found.map(|seat| seat.as_document().unwrap().get_str("id").unwrap()).collect();

        let viewport = format!(r#"{{"x":{x},"y":{y},"width":{width},"height":{height}}}"#);
        let path = format!("/seat-booking/layout/{}?viewport={viewport}", house.event);
        let view = anyone.get(&path).await.expect(200);
        let shown = view.field("seats").as_array().unwrap().iter();
        assert_eq!(found, shown.map(|seat| seat["id"].as_str().unwrap()).collect());
        sizes.insert(found.len());
    }
    assert_eq!(sizes.len(), 3, "the viewports are too much alike: {sizes:?}");
}

#[tokio::test]
async fn the_query_for_what_was_sold_finds_what_the_api_counts() {
    let house = House::open().await;
    let sold = house
        .aggregate(
            "seatBookings",
            vec![
                doc! { "$match": {
                    "eventId": house.event_id(), "status": { "$in": ["confirmed", "paid"] }
                } },
                doc! { "$group": {
                    "_id": "$status",
                    "bookings": { "$sum": 1 },
                    "seats": { "$sum": { "$size": "$allSeatIds" } },
                    "amount": { "$sum": "$totalAmount" },
                } },
            ],
        )
        .await;
    let [sold] = &sold[..] else { panic!("{sold:?}") };
    let path = format!("/seat-booking/stats/{}", house.event);
    let stats = Client::admin(&house.server).get(&path).await.expect(200);
    let number = |field: &str| sold.get(field).and_then(as_f64).unwrap();
    assert_eq!(number("bookings"), 1.0);
    assert_eq!(Some(number("seats")), stats.field("bookedSeats").as_f64());
    assert_eq!(Some(number("amount")), stats.field("revenue").as_f64());
}

/// Of whatever width.
fn as_f64(value: &Bson) -> Option<f64> {
    let narrow = value.as_i32().map(f64::from);
    narrow.or(value.as_i64().map(|number| number as f64)).or(value.as_f64())
}
