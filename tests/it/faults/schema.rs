//! Somebody takes away what keeps the promise, under running servers.

use std::time::Duration;

use mongodb::{
    Database,
    bson::{Document, doc},
};
use seat_testbed::{
    Answer, Client, Redis, Server, Stores, eventually, new_event, shared_mongo, small_layout,
};

/// A server compares once a minute; those of these tests do so all the time.
const COMPARE: [&str; 2] = ["--schema-check-every-ms", "200"];
const NOTICED_WITHIN: Duration = Duration::from_secs(10);
const INDEX: &str = "one_active_owner";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_unique_index_nothing_is_sold_until_somebody_makes_it_again() {
    let shop = Shop::open().await;
    shop.drop_index().await;
    shop.is_closed().await;
    shop.create_index(unique_index()).await;
    shop.is_open_again().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_not_unique_sells_nothing() {
    let shop = Shop::open().await;
    shop.drop_index().await;
    let mut index = unique_index();
    index.remove("unique");
    shop.create_index(index).await;
    shop.is_closed().await;
    shop.drop_index().await;
    shop.create_index(unique_index()).await;
    shop.is_open_again().await;
}

/// As docs/OPERATIONS.md and the log have it.
fn unique_index() -> Document {
    doc! {
        "key": { "eventId": 1, "activeSeatIds": 1 },
        "name": INDEX,
        "unique": true,
        "partialFilterExpression": { "activeSeatIds": { "$gt": "" } },
    }
}

/// Two servers, and a user who holds a seat for each of them.
struct Shop {
    _redis: Redis,
    server: Server,
    database: Database,
    event: String,
    ada: Client,
}

impl Shop {
    async fn open() -> Self {
        let redis = Redis::start().await;
        let stores = Stores::new(redis.url(), shared_mongo().await);
        let server = Server::start_on(&[stores.clone(), stores.clone()], &COMPARE).await;
        let event = new_event(&server, small_layout()).await;
        let ada = Client::user(&server, "ada");
        ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
        Self { _redis: redis, server, database: stores.database().await, event, ada }
    }

    async fn drop_index(&self) {
        let command = doc! { "dropIndexes": "seatBookings", "index": INDEX };
        self.database.run_command(command).await.unwrap();
    }

    async fn create_index(&self, index: Document) {
        let command = doc! { "createIndexes": "seatBookings", "indexes": [index] };
        self.database.run_command(command).await.unwrap();
    }

    async fn is_closed(&self) {
        for (node, seat) in self.server.nodes().iter().zip(["seat_A1", "seat_A2"]) {
            let ada = self.ada.at(node);
            eventually("the server is not ready", NOTICED_WITHIN, async || {
                ada.get("/readyz").await.status == 503
            })
            .await;
            let refused = self.confirm(&ada, seat).await.expect(503);
            assert_eq!(refused.code(), "unavailable");
            assert!(refused.header("Retry-After").is_some());
            let log = node.log();
            let reason = log.lines().find(|line| line.contains("nothing is sold"));
            let reason = reason.unwrap_or_else(|| panic!("no line says why:\n{log}"));
            assert!(reason.contains("createIndex") && reason.contains(INDEX), "{reason}");
        }
        let bookings = self.database.collection::<Document>("seatBookings");
        let sold = doc! { "activeSeatIds": { "$exists": true } };
        assert_eq!(bookings.count_documents(sold).await.unwrap(), 0);
    }

    async fn is_open_again(&self) {
        for (node, seat) in self.server.nodes().iter().zip(["seat_A1", "seat_A2"]) {
            let ada = self.ada.at(node);
            eventually("the server is ready", NOTICED_WITHIN, async || {
                ada.get("/readyz").await.status == 200
            })
            .await;
            self.confirm(&ada, seat).await.expect(201);
        }
    }

    /// The same request each time.
    async fn confirm(&self, ada: &Client, seat: &str) -> Answer {
        ada.confirm(&self.event, &[seat], Some(seat)).await
    }
}
